/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H

struct text;

/*
 * Append as HTML Markdown of the kind that rules' help is written in: paragraphs, **strong**, `code` and
 * blocks fenced by ```, which are shown as C.
 */
void markdown_add_html(struct text *out, const char *s);

#endif
