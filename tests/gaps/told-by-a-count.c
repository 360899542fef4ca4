// SPDX-License-Identifier: GPL-2.0-only
/*
 * A false leak: a loop is left by a break with the lock held, or because the count is over, without it. The count tells: it
 * is at its end only then, unless it was to begin with, which no caller has (_qed_mcp_cmd_and_union()).
 */

#include "kernel.h"

struct node {
	struct mutex lock;
	int users;
};

bool is_idle(struct node *node);

int waits_for_a_turn(struct node *node, unsigned int turns)
{
	unsigned int n = 0;

	do {
		mutex_lock(&node->lock);
		if (is_idle(node))
			break;
		mutex_unlock(&node->lock);
	} while (++n < turns);
	if (n >= turns)
		return -EBUSY;
	node->users++;
	mutex_unlock(&node->lock);
	return 0;
}
