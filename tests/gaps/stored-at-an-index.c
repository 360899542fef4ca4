// SPDX-License-Identifier: GPL-2.0-only
/*
 * An element put into an array at a variable index and read back at another: the store and the
 * load are not brought together. Seen in the kernel: add_error_device() without its reference.
 */
#include "kernel.h"

struct found {
	struct device *dev[4];
	int n;
};

static int collects(struct device *dev, void *data)
{
	struct found *found = data;

	if (found->n < 4)
		found->dev[found->n++] = dev;
	return 0;
}

int uses_what_was_collected(const struct bus_type *bus)
{
	struct found found = { .n = 0 };
	int sum = 0;

	bus_for_each_dev(bus, NULL, &found, collects);
	for (int i = 0; i < found.n; i++)
		sum += found.dev[i]->id;	/* want: iterator-escape: is used after bus_for_each_dev() has returned */
	return sum;
}
