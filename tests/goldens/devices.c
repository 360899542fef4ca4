// SPDX-License-Identifier: GPL-2.0-only
/* Devices in flow and in summaries: an ops table, a callback, references, a container. */

#include "kernel.h"

struct chip {
	int id;
	struct device dev;
};

struct chip_ops {
	int (*start)(struct chip *chip);
	void (*stop)(struct chip *chip);
};

#define to_chip(d) container_of(d, struct chip, dev)

static int chip_start(struct chip *chip)
{
	return chip->id > 0 ? 0 : -ENODEV;
}

static void chip_stop(struct chip *chip)
{
	put_device(&chip->dev);
}

const struct chip_ops chip_ops = {
	.start = chip_start,
	.stop = chip_stop,
};

int starts_through_its_ops(const struct chip_ops *ops, struct chip *chip)
{
	return ops->start(chip);
}

static int remembers_the_first(struct device *dev, void *data)
{
	struct chip **found = data;

	get_device(dev);
	*found = to_chip(dev);
	return 1;
}

struct chip *first_chip(const struct bus_type *bus)
{
	struct chip *chip = NULL;

	bus_for_each_dev(bus, NULL, &chip, remembers_the_first);
	return chip;
}

int sums_up(const struct chip *chips, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		switch (chips[i].id) {
		case 0:
			continue;
		case 7:
			return -EINVAL;
		default:
			sum += chips[i].id;
		}
	}
	return sum;
}
