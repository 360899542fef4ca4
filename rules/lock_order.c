// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock-order: locks of some classes are taken in orders that contradict each other. The steps of one way begin with
 * [A], those of the next with [B].
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_LOCK_ORDER)
		rule_report(self, fact, out,
			    "Take them in one order everywhere, or do one of the calls with the lock not held.",
			    "the order of %s contradicts itself: %s; at the same time, they wait for each other",
			    fact->object, fact->say);
}

const struct rule rule_lock_order = {
	.id = "lock-order",
	.name = "LockOrder",
	.level = LEVEL_WARNING,
	.summary = "Locks are taken in orders that contradict each other.",
	.help =
		"One CPU has the first lock and waits for the second, another has the second and waits for the first. It "
		"takes two paths at the same time, so tests seldom meet it, and lockdep only once both paths were run. Both are "
		"shown, each from where its first lock is taken down the calls to where the next one is.\n"
		"\n"
		"Locks count by class, as in lockdep: all locks in one field of one struct are a class. Attempts that do not "
		"wait say nothing of an order, nor do locks taken with declared nesting. Ways that all begin "
		"with another lock held cannot meet. Readers wait for each other only if somebody waits to write in between, who is "
		"named then.\n"
		"\n"
		"Ways whose conditions contradict each other are left out. Others cannot be told from right code, and mostly are: "
		"more than three tasks would have to meet, the callback of one driver is called for another's object, one way runs "
		"into the other and would hang by itself. `--doubtful` shows them.\n"
		"\n"
		"**To mend it**, choose one order and keep it everywhere; often the outer lock can be released "
		"before the call that takes the inner one.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"mutex_lock(&chip->queue_lock);\n"
		"...\n"
		"mutex_lock(&chip->queue_lock);	/* elsewhere */\n"
		"chip_reset(chip);		/* takes chip->lock */\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"mutex_lock(&chip->queue_lock);\n"
		"...\n"
		"chip_reset(chip);		/* takes chip->lock */\n"
		"mutex_lock(&chip->queue_lock);\n"
		"```\n",
	.check = check,
};
