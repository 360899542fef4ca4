// SPDX-License-Identifier: GPL-2.0-only
/*
 * stale-borrow: what was found under a lock is what was there then. When the same lock is
 * taken again, it may be another that is there.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_USE_STALE)
		return;
	rule_report(self, fact, out,
		    "Look it up again after the lock was taken again, or hold the lock from the lookup to the last use.",
		    "'%s' was found in an earlier critical section of %s: in this one it may be gone, or another may have "
		    "taken its place",
		    fact->object, fact->class);
}

const struct rule rule_stale_borrow = {
	.id = "stale-borrow",
	.name = "StaleBorrow",
	.level = LEVEL_WARNING,
	.summary = "What was found in one critical section of a lock is used in a later one.",
	.help =
		"A lock keeps what it guards as it is for as long as it is held. The first device of a group need "
		"not be the same device each time the group is locked: between the unlock and the next lock it may "
		"have left the group, and been freed. That the lock is held again helps those who look again.\n"
		"\n"
		"**To mend it**, look the object up again in the second critical section, or make one section of the "
		"two. A counted reference keeps the memory, but not the place on the list.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_lock(&group->mutex);\n"
		"dev = first_device(group);\n"
		"mutex_unlock(&group->mutex);\n"
		"prepare();\n"
		"mutex_lock(&group->mutex);\n"
		"attach(dev);	/* may not be in the group any more */\n"
		"mutex_unlock(&group->mutex);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"prepare();\n"
		"mutex_lock(&group->mutex);\n"
		"attach(first_device(group));\n"
		"mutex_unlock(&group->mutex);\n"
		"```\n",
	.check = check,
};
