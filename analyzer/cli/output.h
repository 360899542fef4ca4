/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

#include "cli/options.h"

struct arena;
struct finding_list;
struct run_info;
struct text;
struct view;

/* Does what is written there get colors? */
bool output_color(enum color_mode mode, int fd);
/* Print the findings on stdout, and write the files that the options name. die() if one cannot be written. */
void output_findings(struct arena *a, const struct options *opt, const struct finding_list *l,
		     const struct run_info *run, const struct view *view);
/* Print the summary on stderr, unless the user wants quiet. */
void output_summary(const struct options *opt, const struct finding_list *l, const struct run_info *run);
/* Write a text to a file, whole or not at all; "-" is stdout. die() if that fails. */
void output_text(struct arena *a, const char *path, const struct text *content);

#endif
