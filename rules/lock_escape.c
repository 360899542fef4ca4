// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock-escape: what is reached through a guarded field is kept by the lock that guards
 * it, until the unlock.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_USE_AFTER_UNLOCK)
		return;
	rule_report(self, fact, out,
		    "Use it before the unlock, or take a counted reference under the lock and give it "
		    "back after the last use.",
		    "'%s' is used after the unlock of %s: only that lock kept it, and nothing holds a "
		    "reference%s",
		    fact->object, fact->class, fact->is_inferred ? " (inferred: it was looked up under that lock)" : "");
}

const struct rule rule_lock_escape = {
	.id = "lock-escape",
	.name = "LockEscape",
	.level = LEVEL_ERROR,
	.summary = "A pointer that only a lock keeps is used after that lock was released.",
	.help =
		"An object on a list cannot go away while the lock that guards the list is held, because "
		"whoever removes it needs the same lock. After the unlock nobody waits any more: the "
		"object may be taken off the list and freed before the next line runs.\n"
		"\n"
		"**To mend it**, move the use in front of the unlock, or take a counted reference while "
		"the lock is held. If the caller is known to keep the object in another way, let it pass "
		"the object in.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_lock(&group->mutex);\n"
		"dev = first_device(group);\n"
		"mutex_unlock(&group->mutex);\n"
		"use(dev);	/* may have left the group and be freed */\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"mutex_lock(&group->mutex);\n"
		"dev = first_device(group);\n"
		"use(dev);\n"
		"mutex_unlock(&group->mutex);\n"
		"```\n",
	.check = check,
};
