// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleep-in-atomic: a call that may sleep where nobody may: under a spinlock, in an RCU read section.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_SLEEP_IN_ATOMIC)
		rule_report(self, fact, out,
			    "Call it before the lock is taken or after it was released, or have it not sleep (GFP_ATOMIC).",
			    "%s() may sleep, but '%s' (%s) is held: nothing may sleep under it",
			    fact->function ? fact->function : "the call", fact->object, fact->kind_name);
}

const struct rule rule_sleep_in_atomic = {
	.id = "sleep-in-atomic",
	.name = "SleepInAtomic",
	.level = LEVEL_ERROR,
	.summary = "A call may sleep under a spinlock or in an RCU read section.",
	.help =
		"Whoever holds a spinlock or a rwlock, or is in an RCU read section, must not give the CPU away: others "
		"spin for the lock until it comes back, perhaps on that very CPU, and a grace period does not end. Taking "
		"a mutex, `msleep()`, waiting for a completion and allocating with `GFP_KERNEL` may sleep, even "
		"if they do not each time. It is easy to miss when the call that sleeps is some functions further down.\n"
		"\n"
		"**To mend it**, do before the lock is taken, or after it was released, what may sleep; allocate with "
		"`GFP_ATOMIC` if it must be there; or let a mutex guard what a spinlock did.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"spin_lock(&chip->lock);\n"
		"entry = kmalloc(sizeof(*entry), GFP_KERNEL);\n"
		"list_add(&entry->node, &chip->entries);\n"
		"spin_unlock(&chip->lock);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"entry = kmalloc(sizeof(*entry), GFP_KERNEL);\n"
		"spin_lock(&chip->lock);\n"
		"list_add(&entry->node, &chip->entries);\n"
		"spin_unlock(&chip->lock);\n"
		"```\n",
	.check = check,
};
