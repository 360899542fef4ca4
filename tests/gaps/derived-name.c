// SPDX-License-Identifier: GPL-2.0-only
/*
 * The name of a device goes with the device, but dev_name() chooses among two fields: of its
 * result it is not known any more whose it is.
 */
#include "kernel.h"

static int keeps_the_name(struct device *dev, void *data)
{
	*(const char **)data = dev_name(dev);
	return 1;
}

char uses_the_name(const struct bus_type *bus)
{
	const char *name = NULL;

	bus_for_each_dev(bus, NULL, &name, keeps_the_name);
	return name ? name[0] : 0;	/* want: iterator-escape: is used after bus_for_each_dev() has returned */
}
