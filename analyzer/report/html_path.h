/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_HTML_PATH_H
#define REPORT_HTML_PATH_H

/* The steps of a finding in the code they are in, as HTML. */

#include "base/arena.h"
#include "base/map.h"
#include "report/source.h"

struct fact;
struct text;
struct view;

/* The code that paths are shown in: each file's lines, and what each begins in. */
struct code {
	struct source source;
	struct arena arena;
	struct map files;	/* name -> struct code_file */
};

/* Start; view is borrowed and may be NULL: steps without code. */
void code_init(struct code *c, const struct view *view);
void code_release(struct code *c);
/*
 * Append the steps, numbered from 1, each below its line. Steps that follow each other in one function share
 * an excerpt; those of callees and callbacks are nested in it.
 */
void html_add_path(struct text *out, struct code *c, const struct fact *fact);

#endif
