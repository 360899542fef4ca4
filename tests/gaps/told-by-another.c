// SPDX-License-Identifier: GPL-2.0-only
/*
 * A false leak: a lock is taken if one object is no folder, and released if another is none. Whoever calls has made sure that
 * they are alike (jfs_rename()).
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
