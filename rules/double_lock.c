// SPDX-License-Identifier: GPL-2.0-only
/*
 * double-lock: a lock that is not recursive is taken by who holds it. Through an
 * iteration it is the class that counts: two elements may share one lock, and lockdep
 * would object to two of a class without nesting anyway.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_LOCK_TAKEN_AGAIN)
		rule_report(self, fact, out,
			    "Release it first, or call a variant that expects the lock to be held.",
			    "takes '%s', which it holds already", fact->object);
	if (fact->kind == FACT_LOCK_TAKEN_AGAIN_BY_TURN)
		rule_report(self, fact, out,
			    "Release it before the callback returns; if several must be held at once, "
			    "take them in one order and declare the nesting.",
			    "the next turn of %s() takes a lock of class %s, which the turn before left "
			    "held: it waits for itself if two elements share one",
			    fact->function ? fact->function : "the iterator", fact->class);
}

const struct rule rule_double_lock = {
	.id = "double-lock",
	.name = "DoubleLock",
	.level = LEVEL_ERROR,
	.summary = "A lock is taken by a path that holds it already.",
	.help =
		"Kernel mutexes, spinlocks, rwsems and the write side of rwlocks are not recursive: the "
		"second attempt waits for the first holder, which is itself. The two attempts are often "
		"far apart, with several calls between.\n"
		"\n"
		"**To mend it**, split the function that is called into one that takes the lock and one "
		"that expects it (`lockdep_assert_held()` says so and checks it), and call the second; or "
		"release the lock before the call if what it guards may change there.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"chip_reset(chip);	/* takes chip->lock */\n"
		"mutex_unlock(&chip->lock);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"__chip_reset(chip);	/* needs chip->lock */\n"
		"mutex_unlock(&chip->lock);\n"
		"```\n",
	.check = check,
};
