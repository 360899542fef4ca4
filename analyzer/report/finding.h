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
	const char *configs;	/* of several configurations, those that show it: "x86, arm64"; NULL: all */
	int nconfig;		/* how many those are */
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
/* Sort, as finding_list_finish() does. */
void finding_list_sort(struct finding_list *l);
/*
 * Add what one configuration (its name for people) gave, once finished: known ones, by fingerprint and file, are said to
 * show there too. Nothing of one is borrowed. At the end, finding_list_joined() sorts; nconfig were joined.
 */
void finding_list_join(struct finding_list *all, const struct finding_list *one, const char *config);
void finding_list_joined(struct finding_list *all, int nconfig);
/* Free the array (the strings are the arena's). */
void finding_list_release(struct finding_list *l);

#endif
