// SPDX-License-Identifier: GPL-2.0-only
/*
 * empty-first: the object was looked up, then locked; in between all that was on its list
 * may have gone. The first entry of an empty list is none.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_FIRST_UNCHECKED)
		return;
	rule_report(self, fact, out,
		    "Check with list_empty() after the lock was taken, or use list_first_entry_or_null().",
		    "the first of the %s of '%s' is used, and nobody has looked whether there is one since %s was taken",
		    fact->function, fact->object, fact->class);
}

const struct rule rule_empty_first = {
	.id = "empty-first",
	.name = "EmptyFirst",
	.level = LEVEL_WARNING,
	.summary = "The first entry of a list is used without a look whether the list is empty.",
	.help =
		"An object that was looked up before it was locked may have lost all that hangs on it in between: "
		"a reference keeps the group, and not a single device in it. `list_first_entry()` of an empty list "
		"gives a pointer into the list's head, which is no entry.\n"
		"\n"
		"**To mend it**, check `list_empty()` in the same critical section, or use "
		"`list_first_entry_or_null()`. Who is certain that there is an entry, because it is its own, should go "
		"by that entry and not by the list.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"group = iommu_group_get(dev);\n"
		"mutex_lock(&group->mutex);\n"
		"first = list_first_entry(&group->devices, struct group_device, list);\n"
		"use(first->dev);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"group = iommu_group_get(dev);\n"
		"mutex_lock(&group->mutex);\n"
		"first = list_first_entry_or_null(&group->devices, struct group_device, list);\n"
		"if (first)\n"
		"	use(first->dev);\n"
		"```\n",
	.check = check,
};
