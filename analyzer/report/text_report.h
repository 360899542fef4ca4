/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_TEXT_REPORT_H
#define REPORT_TEXT_REPORT_H

#include <stdbool.h>

struct finding_list;
struct step;
struct text;

/*
 * Append findings as compilers print them: a line "path:line:col: level: message [rule]", a note for each
 * step, and what would mend it. Control characters of hostile names are made visible. color: for a
 * terminal.
 */
void text_report_print(struct text *out, const struct finding_list *l, bool color);
/*
 * Append s with control characters as \xHH, so that no name can command a terminal; and so with what begins a
 * command to GitHub's runner, which reads all that a step prints: "::" first in a line, "##[" anywhere.
 */
void text_report_add_safe(struct text *out, const char *s);
/* Append " [holds A; keeps B; references C]" for what is held after the step; nothing if nothing is. */
void text_report_add_held(struct text *out, const struct step *step);

#endif
