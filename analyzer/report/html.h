/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

struct finding_list;
struct run_info;
struct text;
struct view;

/*
 * Append the findings as one HTML page that needs nothing else: it opens from the disk, is read without
 * script, and what comes from the tree is shown as text. Source lines are read through view; NULL for none.
 * No time, no absolute path: same input, same bytes.
 */
void html_report_print(struct text *out, const struct finding_list *l, const struct run_info *run,
		       const struct view *view);

#endif
