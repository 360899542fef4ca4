// SPDX-License-Identifier: GPL-2.0-only
/*
 * mixed-ops: what one driver has made for its device is given to a device that may be
 * another driver's. Models say which functions make and use.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_MAKERS_MIXED)
		return;
	rule_report(self, fact, out,
		    "Compare what made it with what this device is driven by, and refuse if they differ; or make it for "
		    "the device that it is used with.",
		    "'%s' was made for one device by %s() and is used with another, and nobody has compared %s.%s with what "
		    "drives that one",
		    fact->object, fact->function, fact->class, fact->kind_name);
}

const struct rule rule_mixed_ops = {
	.id = "mixed-ops",
	.name = "MixedOps",
	.level = LEVEL_WARNING,
	.summary = "An object made by one device's driver is used with a device that may have another.",
	.help =
		"Devices of one bus may be driven by different drivers. An IOMMU domain, for one, belongs to the driver "
		"of the IOMMU that has made it: attached to a device behind another IOMMU, its memory is taken for a "
		"structure that it is not.\n"
		"\n"
		"**To mend it**, compare the ops of the two (`domain->owner` with those of the device) before the use, or "
		"make the object for the very device that it is used with.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"domain = iommu_paging_domain_alloc(first_device_of(bus));\n"
		"iommu_attach_device(domain, dev);	/* may be behind another IOMMU */\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"domain = iommu_paging_domain_alloc(dev);\n"
		"iommu_attach_device(domain, dev);\n"
		"```\n",
	.check = check,
};
