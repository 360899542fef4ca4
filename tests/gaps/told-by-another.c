// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two false leaks. A lock is taken if one object is no directory, and released if another is none, and whoever calls
 * has made sure that they are alike (jfs_rename()). A loop is left by a break with the lock held, or because the count
 * is over, without it: the count tells, which is at its end only then, unless it was to begin with (qed_mcp.c).
 */

#include "kernel.h"

struct node {
	struct mutex lock;
	int is_folder, users;
};

int moves(struct node *from, struct node *to)
{
	int ret = -EBUSY;

	if (!from->is_folder)
		mutex_lock(&to->lock);
	if (to->users)
		goto out;
	ret = 0;
out:
	if (!to->is_folder)
		mutex_unlock(&to->lock);
	return ret;
}

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
