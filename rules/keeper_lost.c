// SPDX-License-Identifier: GPL-2.0-only
/*
 * keeper-lost: some fields need more than that their object's memory stays. Models say
 * which field needs what; a counted reference does not give it.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_USE_UNKEPT)
		return;
	rule_report(self, fact, out,
		    "Hold the lock that keeps it across the check and the use, or let a caller that is "
		    "sure of it pass the object in.",
		    "%s is used while '%s' is not kept as it needs (%s)%s%s",
		    fact->field ? fact->field : fact->class, fact->object, fact->kind_name,
		    fact->say ? ": " : "", fact->say ? fact->say : "");
}

const struct rule rule_keeper_lost = {
	.id = "keeper-lost",
	.name = "KeeperLost",
	.level = LEVEL_WARNING,
	.summary = "A field is used while what it needs is not kept.",
	.help =
		"A counted reference keeps the memory of an object and nothing else. The object can still "
		"be unbound from its driver, leave its group or be unregistered, and what some of its "
		"fields point to goes then. `dev->iommu`, for one, is freed and set to NULL when the "
		"device leaves its bus, whoever holds references to the device.\n"
		"\n"
		"**To mend it**, hold what does keep the field: the lock under which it is set and "
		"cleared, or the device's own span from probe to remove. Often the best cure is to let a "
		"caller that is in such a span pass its own device.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"dev = bus_find_device(bus, NULL, &id, match);\n"
		"ops = dev->iommu->iommu_dev->ops;	/* the reference does not keep dev->iommu */\n"
		"put_device(dev);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"mutex_lock(&group->mutex);	/* its devices cannot be released meanwhile */\n"
		"list_for_each_entry(entry, &group->devices, list)\n"
		"	check_ops(entry->dev->iommu->iommu_dev->ops);\n"
		"mutex_unlock(&group->mutex);\n"
		"```\n",
	.check = check,
};
