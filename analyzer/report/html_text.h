/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_HTML_TEXT_H
#define REPORT_HTML_TEXT_H

/*
 * Text as HTML. Whatever comes from the tree goes through html_add(): it is shown, and never is markup.
 */

#include <stddef.h>

struct text;

/*
 * Append n bytes as text, fit for elements and double-quoted attributes. What could not be seen, or would
 * make a line look other than a compiler reads it, is spelled out: control characters but tab as \x1b, bytes
 * that are no UTF-8 as \xff, invisible characters and those that turn the direction of writing as \u202e.
 */
void html_add_n(struct text *out, const char *s, size_t n);
/* The same for a string; NULL adds nothing. */
void html_add(struct text *out, const char *s);
#endif
