// SPDX-License-Identifier: GPL-2.0-only
/*
 * iterator-escape: while a callback runs, the iteration keeps its object; once it has
 * returned, nothing does unless a reference was taken. A pointer that got out and is
 * used, or is left where others will use it, may point to freed memory.
 */

#include "rules/rule.h"

static const char *iteration(const struct fact *fact)
{
	return fact->function ? fact->function : "the iterator";
}

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_USE_AFTER_TURN)
		rule_report(self, fact, out,
			    "Take a counted reference before the callback returns, and give it back after "
			    "the last use; or do the work in the callback.",
			    "'%s' is used after %s() has returned: only the iteration kept it, and "
			    "nothing holds a reference%s%s",
			    fact->object, iteration(fact), fact->say ? "; as a rule " : "", fact->say ? fact->say : "");
	if (fact->kind == FACT_KEPT_AFTER_TURN)
		rule_report(self, fact, out,
			    "Take a counted reference before the pointer is stored, and give it back when "
			    "it is taken out again.",
			    "'%s' is stored in memory that outlives %s(): only the iteration keeps it, "
			    "and nothing holds a reference%s%s",
			    fact->object, iteration(fact), fact->say ? "; as a rule " : "", fact->say ? fact->say : "");
}

const struct rule rule_iterator_escape = {
	.id = "iterator-escape",
	.name = "IteratorEscape",
	.level = LEVEL_ERROR,
	.summary = "A pointer that only an iteration keeps is used or kept after the iteration.",
	.help =
		"An iterator such as `bus_for_each_dev()` holds on to each object while the callback runs "
		"for it, and lets go of it before it takes the next one. A pointer that the callback "
		"stores for its caller is not kept by anything once the iterator has returned: the device "
		"can be removed and its memory freed at any time.\n"
		"\n"
		"**To mend it**, take a counted reference in the callback, hand that out, and give it back "
		"after the last use; or use a function that looks the object up and returns it with a "
		"reference; or do the work inside the callback. A reference keeps the memory only: what "
		"else the code relies on (that a driver is bound, say) needs its own protection.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"static int pick(struct device *dev, void *data)\n"
		"{\n"
		"	*(struct device **)data = dev;\n"
		"	return 1;\n"
		"}\n"
		"\n"
		"bus_for_each_dev(bus, NULL, &dev, pick);\n"
		"use(dev);	/* may be freed by now */\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"static int pick(struct device *dev, void *data)\n"
		"{\n"
		"	*(struct device **)data = get_device(dev);\n"
		"	return 1;\n"
		"}\n"
		"\n"
		"bus_for_each_dev(bus, NULL, &dev, pick);\n"
		"use(dev);\n"
		"put_device(dev);\n"
		"```\n",
	.check = check,
};
