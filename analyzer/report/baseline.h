/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_BASELINE_H
#define REPORT_BASELINE_H

/*
 * Baselines: the findings that were there before, as a text file that lives in git. A line a finding:
 * fingerprint, rule, path, function; sorted, so that it merges.
 */

#include <stddef.h>

struct arena;
struct finding_list;
struct text;

struct baseline;

/* Read a file. die() with line and column on a mistake, or if there is none. Everything lives in a. */
struct baseline *baseline_read(struct arena *a, const char *path);
/* Take out of the list what the baseline knows. How many. */
size_t baseline_filter(struct baseline *b, struct finding_list *l);
/* How many entries of the baseline no finding was found for, since it was read. */
size_t baseline_gone(const struct baseline *b);
/* Append the findings as a baseline. */
void baseline_print(struct text *out, const struct finding_list *l);

#endif
