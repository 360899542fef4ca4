/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RULES_RULE_H
#define RULES_RULE_H

/*
 * A rule is one file that reads facts and reports findings. It keeps no state, and
 * the order of rules never matters. To add one: the file, its name in rules.inc and
 * in CMakeLists.txt, and a fixture tests/fixtures/<id>.c.
 */

#include "report/finding.h"

struct rule {
	const char *id;		/* stable: "iterator-escape" */
	const char *name;	/* PascalCase, for SARIF */
	enum level level;
	const char *summary;	/* one sentence */
	const char *help;	/* why it matters, how to mend it, a bad and a good example; Markdown */
	/* Look at one fact; report through rule_report() if it is this rule's. */
	void (*check)(const struct rule *self, const struct fact *fact, struct finding_list *out);
};

/* All rules, ended by NULL. */
extern const struct rule *const rules[];
/* The rule of that id, or NULL. */
const struct rule *rule_find(const char *id);
/* Let every rule see every fact. */
void rules_run(const struct fact *const *facts, size_t nfact, struct finding_list *out);
/* Report: fix is one sentence on its own, format makes the message. */
void rule_report(const struct rule *self, const struct fact *fact, struct finding_list *out,
		 const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
