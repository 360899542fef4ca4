// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock-leak: a path leaves a function, or a turn of an iteration, with a lock held that
 * nobody will release. Held at some exits and told apart by what is returned is fine:
 * those facts are not made.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_LOCK_LEFT)
		rule_report(self, fact, out,
			    fact->say ? "Release it on this path too: nobody else will."
				      : "Release it on this path too, as the other paths do.",
			    "returns with '%s' held, %s", fact->object, fact->say ? fact->say : "which other paths release");
	if (fact->kind == FACT_LOCK_LEFT_BY_TURN)
		rule_report(self, fact, out,
			    "Release it before the callback returns, or stop the iteration and let the "
			    "caller release it.",
			    "%s() goes on to the next element with '%s' of this one held: only one of "
			    "them can be released later",
			    fact->function ? fact->function : "the iterator", fact->object);
}

const struct rule rule_lock_leak = {
	.id = "lock-leak",
	.name = "LockLeak",
	.level = LEVEL_ERROR,
	.summary = "A function returns, or an iteration goes on, with a lock held that nobody will release.",
	.help =
		"Whoever asks for the lock next waits for ever, and with a spinlock a processor spins. "
		"Most of these hide on error paths: a `return` between lock and unlock, or a `goto` to a "
		"label behind the unlock. In a callback of an iteration each element leaves one more lock "
		"behind, and the caller can name only one of them.\n"
		"\n"
		"**To mend it**, release the lock on the path that is shown; one exit behind a label, or "
		"`guard()`, keeps it mended. If the function is meant to return with the lock held, let "
		"the return value tell.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"if (!chip->ready)\n"
		"	return -EBUSY;	/* still locked */\n"
		"mutex_unlock(&chip->lock);\n"
		"return 0;\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"guard(mutex)(&chip->lock);\n"
		"if (!chip->ready)\n"
		"	return -EBUSY;\n"
		"return 0;\n"
		"```\n",
	.check = check,
};
