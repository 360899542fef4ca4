/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_FINDING_H
#define REPORT_FINDING_H

/*
 * Findings: what rules report and reports print. finding_list sorts them, drops
 * doubles and gives each its fingerprint, so that no printer depends on the order in
 * which anything was analysed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "infer/fact.h"

struct arena;
struct rule;
struct view;

enum level { LEVEL_ADVICE, LEVEL_WARNING, LEVEL_ERROR };

struct finding {
	const struct rule *rule;
	enum level level;
	const char *message;	/* one sentence: what goes wrong */
	const char *fix;	/* one sentence: what would mend it */
	const struct fact *fact;	/* place, function, steps */
	char fingerprint[33];	/* 32 hex digits, see finding_list_finish() */
};

struct finding_list {
	struct arena *arena;	/* owns all strings and steps of the findings */
	struct finding *items;
	size_t n, cap;
};

/* "error", "warning", "advice". */
const char *level_name(enum level level);
/* Start a list that allocates from a. */
void finding_list_init(struct finding_list *l, struct arena *a);
/* Add one; message and fix are copied, the fact is borrowed. */
void finding_list_add(struct finding_list *l, const struct rule *rule, enum level level,
		      const struct fact *fact, const char *message, const char *fix);
/*
 * Sort by file, line, column, rule, message; drop doubles (same rule, place, class and object); set
 * fingerprints: XXH3-128 of rule id, function, normalised text of the source line (blanks removed), class
 * and an occurrence number among equals; no line numbers, no path. Source is read
 * through view (NULL: place texts are taken as empty).
 */
void finding_list_finish(struct finding_list *l, const struct view *view);
/* Free the array (the strings are the arena's). */
void finding_list_release(struct finding_list *l);

#endif
