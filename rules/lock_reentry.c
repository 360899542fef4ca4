// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock-reentry: a callback runs with a lock held, and what it calls comes to take that lock
 * again. Neither end sees the other: between them lie an ops table and an iteration.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_LOCK_REENTRY)
		rule_report(self, fact, out,
			    "Do not look for the object among all others from here: hand down the one whose lock is held; "
			    "or take no lock of the elements.",
			    "%s() runs with '%s' held and comes to %s(), which takes the %s of every element of %s: when it "
			    "is that object's turn, it waits for itself",
			    fact->fn->name, fact->object, fact->function, fact->class, fact->say);
}

const struct rule rule_lock_reentry = {
	.id = "lock-reentry",
	.name = "LockReentry",
	.level = LEVEL_ERROR,
	.summary = "A callback takes a lock that is held whenever it is called.",
	.help =
		"The driver core calls `probe`, `remove` and `shutdown` with the device's lock held, and other ops "
		"tables have locks of their own. What such a callback calls must not take that lock. It is easy to "
		"miss when the lock is taken of many objects in turn, as by a walk over all devices of a bus: one of "
		"them is the device that is being probed. Lockdep does not see it: it leaves the locks of devices out.\n"
		"\n"
		"**To mend it**, pass the object down whose lock is held, in place of a search for it; or have the walk "
		"take references only, and nothing that needs the lock.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"static int sum_one(struct device *dev, void *data)\n"
		"{\n"
		"	device_lock(dev);	/* of the device being probed, too */\n"
		"	...\n"
		"}\n"
		"\n"
		"static int foo_probe(struct platform_device *pdev)\n"
		"{\n"
		"	return bus_for_each_dev(&platform_bus_type, NULL, &sum, sum_one);\n"
		"}\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"static int foo_probe(struct platform_device *pdev)\n"
		"{\n"
		"	return sum_of(&pdev->dev, &sum);	/* its lock is held already */\n"
		"}\n"
		"```\n",
	.check = check,
};
