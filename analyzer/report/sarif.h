/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_SARIF_H
#define REPORT_SARIF_H

struct finding_list;
struct json;
struct run_info;
struct view;

/*
 * The run as SARIF 2.1.0, for json_write_file() and json_free(). No time, no absolute path: same input,
 * same bytes. Snippets are read through view; NULL for none.
 */
struct json *sarif_make(const struct finding_list *l, const struct run_info *run, const struct view *view);

#endif
