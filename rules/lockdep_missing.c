// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockdep-missing: a function relies on its callers to hold a lock, all of them do, and nothing says that they
 * must. Advice: the line to add.
 */

#include "rules/rule.h"

#include <stdio.h>

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	char fix[300];

	if (fact->kind != FACT_LOCK_UNSAID)
		return;
	snprintf(fix, sizeof(fix), "Say it where lockdep sees it, at the top of %s(): lockdep_assert_held(%s);",
		 fact->fn->name, fact->object);
	rule_report(self, fact, out, fix, "%s() goes to %s, which %s guards: all its callers hold it, but nothing says "
		    "that they must", fact->fn->name, fact->field, fact->class);
}

const struct rule rule_lockdep_missing = {
	.id = "lockdep-missing",
	.name = "LockdepMissing",
	.level = LEVEL_ADVICE,
	.summary = "A function relies on a lock of its callers, and no assertion says so.",
	.help =
		"The next caller will not know. `lockdep_assert_held()` costs nothing in a kernel without lockdep, tells "
		"readers what the function relies on, and lets lockdep and devscope find a caller that forgets. It is not "
		"wanted where a function that is called anyway asserts the same lock.\n"
		"\n"
		"**To mend it**, add the line that is shown at the top of the function.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"static struct device *first_dev(struct iommu_group *group)\n"
		"{\n"
		"	return list_first_entry(&group->devices, struct group_device, list)->dev;\n"
		"}\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"static struct device *first_dev(struct iommu_group *group)\n"
		"{\n"
		"	lockdep_assert_held(&group->mutex);\n"
		"	return list_first_entry(&group->devices, struct group_device, list)->dev;\n"
		"}\n"
		"```\n",
	.check = check,
};
