// SPDX-License-Identifier: GPL-2.0-only
/*
 * unlock-unheld: a lock is released that the same path has released before. A function
 * that releases what its caller took is no finding: that the lock is free must be seen.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_UNLOCK_UNHELD)
		return;
	rule_report(self, fact, out,
		    "Release it once on each path: jump behind this unlock, or leave the earlier one out.",
		    "releases '%s', which this path has already released", fact->object);
}

const struct rule rule_unlock_unheld = {
	.id = "unlock-unheld",
	.name = "UnlockUnheld",
	.level = LEVEL_ERROR,
	.summary = "A lock is released that is not held.",
	.help =
		"The second release gives away a lock that somebody else may hold by then: two threads run "
		"at once in what both think is theirs alone. A mutex reports it only with debugging on, "
		"and a counter goes wrong in silence.\n"
		"\n"
		"**To mend it**, follow the path that is shown: usually an error branch releases the lock "
		"and then jumps to a label in front of the common unlock.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"if (!chip->ready) {\n"
		"	mutex_unlock(&chip->lock);\n"
		"	goto out;\n"
		"}\n"
		"chip->value++;\n"
		"out:\n"
		"mutex_unlock(&chip->lock);	/* the second time */\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"if (!chip->ready)\n"
		"	goto out;\n"
		"chip->value++;\n"
		"out:\n"
		"mutex_unlock(&chip->lock);\n"
		"```\n",
	.check = check,
};
