// SPDX-License-Identifier: GPL-2.0-only
/* What devscope query lock-order is asked about: pairs in order, pairs that contradict each other, for sure or perhaps, a wait. */

#include "../fixtures/kernel.h"

struct work_struct {
	unsigned long data;
	struct list_head entry;
	void (*func)(struct work_struct *work);
};

bool cancel_work_sync(struct work_struct *work);

struct port {
	struct mutex outer, inner, left, right, one, two;
	struct work_struct work;
	int value;
};

static void count(struct port *port)
{
	mutex_lock(&port->inner);
	port->value++;
	mutex_unlock(&port->inner);
}

void counts(struct port *port)
{
	mutex_lock(&port->outer);
	count(port);
	mutex_unlock(&port->outer);
}

void counts_twice(struct port *port)
{
	mutex_lock(&port->outer);
	count(port);
	mutex_lock(&port->inner);
	port->value++;
	mutex_unlock(&port->inner);
	mutex_unlock(&port->outer);
}

void goes_right(struct port *port)
{
	mutex_lock(&port->left);
	mutex_lock(&port->right);
	mutex_unlock(&port->right);
	mutex_unlock(&port->left);
}

void goes_left(struct port *port)
{
	mutex_lock(&port->right);
	mutex_lock(&port->left);
	mutex_unlock(&port->left);
	mutex_unlock(&port->right);
}

static void takes_two_then_one(struct port *port, struct port *other)
{
	mutex_lock(&port->two);
	mutex_lock(&other->one);
	mutex_unlock(&other->one);
	mutex_unlock(&port->two);
}

void takes_one_then_two(struct port *port, struct port *other)
{
	mutex_lock(&port->one);
	takes_two_then_one(port, other);
	mutex_unlock(&port->one);
}

static void port_work(struct work_struct *work)
{
	count(container_of(work, struct port, work));
}

void stops(struct port *port)
{
	mutex_lock(&port->outer);
	cancel_work_sync(&port->work);
	mutex_unlock(&port->outer);
}

void starts(struct port *port)
{
	port->work.func = port_work;
}
