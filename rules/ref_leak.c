// SPDX-License-Identifier: GPL-2.0-only
/*
 * ref-leak: a counted reference was taken or came with a lookup, and a path ends that
 * neither gives it back nor stores, returns or hands it on.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	const char *from = fact->function ? fact->function : "", *say = fact->say ? fact->say : "";

	if (fact->kind == FACT_REF_LEFT)
		rule_report(self, fact, out,
			    "Give the reference back on this path, after the last use of the object.",
			    "ends with a counted reference to '%s' (%s)%s%s%s that nothing gives back or "
			    "hands on%s%s",
			    fact->object, fact->class, *from ? " from " : "", from, *from ? "()" : "", *say ? ", " : "", say);
	if (fact->kind == FACT_REF_KEPT)
		rule_report(self, fact, out,
			    "Give it back when the driver is unbound, or have devm do so; where the driver must stay, "
			    "forbid to unbind it.",
			    "leaves a counted reference to '%s' (%s)%s%s%s in %s, from which nothing gives it back",
			    fact->object, fact->class, *from ? " from " : "", from, *from ? "()" : "", fact->field);
	if (fact->kind == FACT_REF_LEFT_BY_TURN)
		rule_report(self, fact, out,
			    "Give it back before the callback returns, or stop the iteration and let the "
			    "caller give it back.",
			    "%s() goes on to the next element with a counted reference to '%s' (%s) of "
			    "this one that nothing gives back or hands on",
			    *from ? from : "the iterator", fact->object, fact->class);
}

const struct rule rule_ref_leak = {
	.id = "ref-leak",
	.name = "RefLeak",
	.level = LEVEL_ERROR,
	.summary = "A counted reference is neither given back nor handed on.",
	.help =
		"An object whose count never drops to zero is never freed: its memory stays, a device or "
		"module cannot be removed. Many functions that find something return it with a reference "
		"that the caller must give back: `bus_find_device()`, `of_get_child_by_name()`, "
		"`iommu_group_get()`. Loops over child nodes hold a reference to the current one, which a "
		"`break` or `return` out of the loop keeps.\n"
		"\n"
		"**To mend it**, give the reference back on every path, errors too. `__free()` does it for "
		"all of them.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"node = of_get_child_by_name(parent, \"ports\");\n"
		"if (of_property_read_u32(node, \"reg\", &value))\n"
		"	return -EINVAL;	/* the node stays */\n"
		"of_node_put(node);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"struct device_node *node __free(device_node) = of_get_child_by_name(parent, \"ports\");\n"
		"\n"
		"if (of_property_read_u32(node, \"reg\", &value))\n"
		"	return -EINVAL;\n"
		"```\n",
	.check = check,
};
