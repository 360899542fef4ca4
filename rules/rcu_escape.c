// SPDX-License-Identifier: GPL-2.0-only
/*
 * rcu-escape: what is read in a read section of RCU or SRCU is kept by that section, until
 * its end. Where no model says so, it was concluded from the way in which the pointer was read.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	const char *guess = fact->is_inferred ? "inferred: it was read there as a pointer that may change" : NULL;
	const char *why = fact->say ? fact->say : guess;

	if (fact->kind != FACT_USE_AFTER_SECTION)
		return;
	rule_report(self, fact, out,
		    "Use it within the read section, or take a counted reference there, if there is one still to be had, "
		    "and give it back after the last use.",
		    "'%s' is used after the %s read section that kept it has ended, and nothing holds a reference%s%s%s",
		    fact->object, fact->class, why ? " (" : "", why ? why : "", why ? ")" : "");
}

const struct rule rule_rcu_escape = {
	.id = "rcu-escape",
	.name = "RcuEscape",
	.level = LEVEL_ERROR,
	.summary = "A pointer read in an RCU read section is used after the section has ended.",
	.help =
		"Whoever removes an object that readers find under RCU waits for a grace period before it is freed: "
		"for all read sections that are going on. A read section that has ended is waited for no more. From "
		"`rcu_read_unlock()` on the object may be freed, whatever was checked before.\n"
		"\n"
		"**To mend it**, move the use into the read section; or take a counted reference there, with a "
		"function that fails if the last one is gone (`kref_get_unless_zero()`, `refcount_inc_not_zero()`); or "
		"hold the lock that writers hold instead.\n"
		"\n"
		"That a pointer is protected by RCU is said by models, or concluded: from a read with `READ_ONCE()`, "
		"which is what `rcu_dereference()` and the walks over RCU lists are made of, in a read section and "
		"without any other lock. What was concluded is a warning.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"rcu_read_lock();\n"
		"item = idr_find(&items, id);\n"
		"rcu_read_unlock();\n"
		"return item ? item->state : -ENOENT;	/* may be freed by now */\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"rcu_read_lock();\n"
		"item = idr_find(&items, id);\n"
		"if (item && !refcount_inc_not_zero(&item->refs))\n"
		"	item = NULL;\n"
		"rcu_read_unlock();\n"
		"```\n",
	.check = check,
};
