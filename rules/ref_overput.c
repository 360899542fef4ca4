// SPDX-License-Identifier: GPL-2.0-only
/*
 * ref-overput: a reference is given back more often than it was got.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind == FACT_REF_PUT_OTHERS)
		rule_report(self, fact, out,
			    "Take a reference before the call, or use a lookup that gives none back.",
			    "%s() gives back a counted reference to '%s' (%s), which it starts from, and this function "
			    "has not got one", fact->function, fact->object, fact->class);
	if (fact->kind != FACT_REF_PUT_AGAIN)
		return;
	if (fact->function)
		rule_report(self, fact, out, "Give it back once on each path: leave one of the two out.",
			    "gives back a counted reference to '%s' (%s) that was given back before by %s()",
			    fact->object, fact->class, fact->function);
	else
		rule_report(self, fact, out,
			    "Give it back on all paths that fail, or leave it to the caller on all.",
			    "gives back a counted reference to '%s' (%s), which other failures of %s() leave to the "
			    "caller, who cannot tell them apart", fact->object, fact->class, fact->fn->name);
}

const struct rule rule_ref_overput = {
	.id = "ref-overput",
	.name = "RefOverput",
	.level = LEVEL_ERROR,
	.summary = "A counted reference is given back more often than it was got.",
	.help =
		"A put too many takes away a reference that belongs to somebody else: the object is freed while it "
		"is still in use, and the kernel reports a reference count that underflows long after the fault. It "
		"happens on error paths, where a label gives back what the code that jumps there, or a function that "
		"failed, has given back already.\n"
		"\n"
		"**To mend it**, let one place alone give the reference back on each path.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"	ret = setup(dev);\n"
		"	if (ret) {\n"
		"		put_device(dev);\n"
		"		goto out;\n"
		"	}\n"
		"	use(dev);\n"
		"out:\n"
		"	put_device(dev);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"	ret = setup(dev);\n"
		"	if (ret)\n"
		"		goto out;\n"
		"	use(dev);\n"
		"out:\n"
		"	put_device(dev);\n"
		"```\n",
	.check = check,
};
