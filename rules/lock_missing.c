// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock-missing: something that needs a lock is done without it. That it is needed says an assertion, an annotation, a
 * comment, a model, or what nearly all others do. An error only where the function itself has released the lock.
 */

#include "rules/rule.h"

static void check(const struct rule *self, const struct fact *fact, struct finding_list *out)
{
	if (fact->kind != FACT_LOCK_MISSING)
		return;
	if (fact->function)
		rule_report(self, fact, out,
			    "Take the lock around the call, as others do, or call what does without.",
			    "calls %s() without '%s': %s", fact->function, fact->object, fact->say);
	else if (fact->field)
		rule_report(self, fact, out,
			    "Take the lock before, and keep it while what was found under it is used.",
			    "%s without '%s': %s", fact->field, fact->object, fact->say);
	else
		rule_report(self, fact, out, "Take the lock, or keep it for longer.", "'%s' is not held here, but this %s",
			    fact->object, fact->say);
}

const struct rule rule_lock_missing = {
	.id = "lock-missing",
	.name = "LockMissing",
	.level = LEVEL_ERROR,
	.summary = "Something that needs a lock is done without it.",
	.help =
		"A list is changed while somebody else walks it, a check is out of date before it is acted upon. The "
		"path shown comes from a function of which it is known who calls it, and nobody on the way takes the "
		"lock. That the lock is needed is said at the end of the path: by `lockdep_assert_held()`, by an "
		"annotation such as `__must_hold()`, by a model of the field, by the comment above a function (\"must be called "
		"with chip->lock held\") if all but one of its callers do hold it, by a comment in a struct (\"protects queue\") if "
		"most of what is done with the member is done so, or by what the other functions do. The last "
		"is inferred: the message says so, with the numbers. Of a list that few functions touch it is enough that one puts "
		"something on it and another looks at it under its object's lock, and a third changes it under no lock that the "
		"second has. It is an error where the function itself has released the "
		"lock before, and a warning elsewhere: then it is told by what callers do. Shown with `--doubtful` only is a need "
		"that does not arise on every path of the function called, what rests on a look at an inferred field, and a way that "
		"begins at a function of which it is known no more than that it is passed to another.\n"
		"\n"
		"**To mend it**, take the lock where the path begins to need it. If the code runs before anybody else can "
		"see the object, say so in a comment, and make the object known later.\n"
		"\n"
		"Bad:\n"
		"\n"
		"```c\n"
		"mutex_unlock(&group->mutex);\n"
		"list_for_each_entry(gdev, &group->devices, list)	/* changes under our feet */\n"
		"	finish(gdev);\n"
		"```\n"
		"\n"
		"Good:\n"
		"\n"
		"```c\n"
		"list_for_each_entry(gdev, &group->devices, list)\n"
		"	finish(gdev);\n"
		"mutex_unlock(&group->mutex);\n"
		"```\n",
	.check = check,
};
