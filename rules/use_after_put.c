// SPDX-License-Identifier: GPL-2.0-only
/*
 * use-after-put: an object that a lookup gave, used after the reference that came with it
 * was given back, with nothing else that is known to keep it.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_USE_AFTER_PUT)
		return;
	rule_report(self, fact, out, "Give the reference back after the last use.",
		    "uses '%s' after %s() gave back its counted reference (%s), the only one known to keep it",
		    fact->object, fact->function ? fact->function : "the put", fact->class);
}

const struct rule rule_use_after_put = {
	.id = "use-after-put",
	.name = "UseAfterPut",
	.level = LEVEL_ERROR,
	.summary = "An object is used after the only reference known to keep it was given back.",
	.help =
		"A lookup returns an object with a counted reference, since nothing else keeps it for the caller: "
		"whoever registered it may remove it at any time. Giving the reference back ends that. If it was "
		"the last, the object is freed there and then, and what follows reads freed memory.\n"
		"\n"
		"Not reported: what a lock keeps that is held all the while, what is stored where others look, and "
		"reading a device's driver data, which whoever bound the driver keeps.\n"
		"\n"
		"**To mend it**, move the put behind the last use, or copy what is needed before it.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"node = of_parse_phandle(dev->of_node, \"memory-region\", 0);\n"
		"of_node_put(node);\n"
		"ret = of_address_to_resource(node, 0, &res);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"node = of_parse_phandle(dev->of_node, \"memory-region\", 0);\n"
		"ret = of_address_to_resource(node, 0, &res);\n"
		"of_node_put(node);\n"
		"```\n",
	.check = check,
};
