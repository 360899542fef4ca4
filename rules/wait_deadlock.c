// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait-deadlock: waits until a work item, a timer or the like has run, with a lock held which that takes. The steps of
 * the wait begin with [A], those of what is waited for with [B], or the other way round.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_WAIT_DEADLOCK)
		rule_report(self, fact, out,
			    "Release the lock before the wait, or cancel without waiting and wait later.",
			    "%s: if it runs by then, they wait for each other", fact->say);
}

const struct rule rule_wait_deadlock = {
	.id = "wait-deadlock",
	.name = "WaitDeadlock",
	.level = LEVEL_WARNING,
	.summary = "Waits, with a lock held, for a callback that takes this lock.",
	.help =
		"`cancel_work_sync()`, `flush_work()`, `timer_delete_sync()` and their like return once the work item or the "
		"timer does not run any more. If it does run then, and waits for a lock that its waiter has, neither goes on. Where "
		"the function comes by the same wait itself, something keeps it from waiting: only `--doubtful` shows such.\n"
		"\n"
		"**To mend it**, wait before the lock is taken or after it was released, and see to it that nothing is queued "
		"again meanwhile; or cancel without waiting.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"cancel_work_sync(&chip->work);	/* its function takes chip->lock */\n"
		"mutex_unlock(&chip->lock);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"mutex_lock(&chip->lock);\n"
		"chip->is_going = true;\n"
		"mutex_unlock(&chip->lock);\n"
		"cancel_work_sync(&chip->work);\n"
		"```\n",
	.check = check,
};
