/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_GITHUB_H
#define REPORT_GITHUB_H

#include <stdbool.h>

struct finding_list;
struct text;

/*
 * Append the findings for the log of GitHub Actions: as text, folded, for who reads the log; then as workflow
 * commands, which make annotations in the files. GitHub shows ten of a kind a step and drops the rest without a
 * word, so how many are left out is the last of them. color: of the text.
 */
void github_report_print(struct text *out, const struct finding_list *l, bool color);

#endif
