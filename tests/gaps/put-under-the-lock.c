// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reference that was tried for is put under a lock that the release takes. That it could be tried for says that
 * nobody else need have one, so that this put can be the last. Missed: what is done with the last reference is held
 * to be met by nobody who has another.
 */

#include "kernel.h"

struct port {
	spinlock_t lock;
	struct list_head users;
};

struct user {
	refcount_t refs;
	struct list_head node;
	struct port *port;
	int id;
};

static void user_free(struct user *user)
{
	spin_lock(&user->port->lock);
	list_del(&user->node);
	spin_unlock(&user->port->lock);
	kfree(user);
}

static void user_put(struct user *user)
{
	if (refcount_dec_and_test(&user->refs))
		user_free(user);
}

int puts_under_the_lock(struct user *user)
{
	int id = 0;

	spin_lock(&user->port->lock);
	if (refcount_inc_not_zero(&user->refs)) {
		id = user->id;
		user_put(user);	/* want: double-lock: which it holds already */
	}
	spin_unlock(&user->port->lock);
	return id;
}
