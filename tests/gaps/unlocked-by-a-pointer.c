// SPDX-License-Identifier: GPL-2.0-only
/*
 * A false double-lock: what is joined to a transaction is unlocked with it, through a pointer. Whoever takes it again knows
 * (xqcheck_commit_dquot()). To doubt all locks that some function releases through a pointer would lose two true findings
 * of arm64.
 */

#include "kernel.h"

struct item;

struct item_ops {
	void (*release)(struct item *item);
};

struct item {
	const struct item_ops *ops;
	struct item *next;
};

struct quota {
	struct item item;
	struct mutex lock;
	int count;
};

struct transaction {
	struct item *items;
	struct mutex mutex;
};

static void quota_release(struct item *item)
{
	mutex_unlock(&container_of(item, struct quota, item)->lock);
}

static const struct item_ops quota_ops = {.release = quota_release};

static void joins(struct transaction *tx, struct quota *quota)
{
	quota->item.ops = &quota_ops;
	quota->item.next = tx->items;
	tx->items = &quota->item;
}

static void cancels(struct transaction *tx)
{
	for (struct item *item = tx->items; item; item = item->next)
		item->ops->release(item);
}

int commits(struct transaction *tx, struct quota *quota)
{
	mutex_lock(&quota->lock);
	joins(tx, quota);
	cancels(tx);
	mutex_lock(&quota->lock);
	quota->count++;
	mutex_unlock(&quota->lock);
	return 0;
}

int takes_its_own_twice(struct transaction *tx)
{
	mutex_lock(&tx->mutex);
	cancels(tx);
	mutex_lock(&tx->mutex);	/* want: double-lock: takes 'tx->mutex', which it holds already */
	mutex_unlock(&tx->mutex);
	return 0;
}
