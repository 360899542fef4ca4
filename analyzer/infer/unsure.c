// SPDX-License-Identifier: GPL-2.0-only
/* Every decision to stay quiet passes through unsure() and is counted by kind. */
#include "infer/cache.h"
#include "infer/prove.h"

static const char *const names[UNSURE_KINDS] = {
	[UNSURE_INDIRECT_CALL] = "call through a pointer",
	[UNSURE_CALLBACK] = "callback not known",
	[UNSURE_UNKNOWN_CALL] = "call of a function that was not read",
	[UNSURE_BUDGET] = "function over budget",
	[UNSURE_CYCLE] = "call in a cycle of calls",
	[UNSURE_CASES] = "cases of a summary merged",
	[UNSURE_LOCK_SET] = "locks of many objects",
	[UNSURE_LOCK_NAME] = "lock that callers cannot name",
	[UNSURE_LOCK_HANDED_ON] = "lock held on return, told apart by the result",
	[UNSURE_LOCK_SPARED] = "lock that a call has perhaps released",
	[UNSURE_REF_HANDED_ON] = "reference stored or passed on",
	[UNSURE_BORROW_PASSED] = "ended borrow passed to a function that was not read",
	[UNSURE_WARNED] = "path on which the kernel warns",
	[UNSURE_SLEEP] = "sleep that depends on what is not known",
	[UNSURE_LOCK_NEEDED] = "lock that callers may hold",
	[UNSURE_ORDER] = "orders of locks in long or unlikely ways",
	[UNSURE_DOUBTFUL] = "finding that rests on a guess (--doubtful shows it)",
	[UNSURE_INFEASIBLE] = "gone when paths were kept apart",
};

const char *unsure_name(enum unsure_kind kind)
{
	return names[kind];
}

void unsure(struct analysis *an, enum unsure_kind kind, struct place at)
{
	if (an->proof)
		prove_unsure(an, kind, at);
	if (an->muted)
		return;
	if (an->record)
		an->record->unsure[kind]++;
	else
		an->result->unsure[kind]++;	/* when all was simulated */
}
