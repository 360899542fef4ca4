/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_GITHUB_H
#define REPORT_GITHUB_H

struct finding_list;
struct text;

/*
 * Append the findings as workflow commands of GitHub Actions: annotations in the files. GitHub shows ten of a
 * kind a step and drops the rest without a word, so the rest is said in one line.
 */
void github_report_print(struct text *out, const struct finding_list *l);

#endif
