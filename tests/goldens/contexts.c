// SPDX-License-Identifier: GPL-2.0-only
/* What is held on entry to functions of ops tables: what all calls through the field hold, and their callers. */
#include "../fixtures/kernel.h"

struct chip {
	struct mutex lock, other;
	const struct chip_ops *ops;
	int value;
};

struct chip_ops {
	int (*start)(struct chip *chip);
	int (*stop)(struct chip *chip);
	int (*poke)(int how, struct chip *chip);
	int (*free)(struct chip *chip);
};

static int start(struct chip *chip)
{
	return chip->value;
}

static int stop(struct chip *chip)
{
	return chip->value;
}

static int poke(int how, struct chip *chip)
{
	return chip->value + how;
}

static int free_it(struct chip *chip)
{
	return chip->value;
}

const struct chip_ops ops = {.start = start, .stop = stop, .poke = poke, .free = free_it};

/* Called with the lock held by both of its callers. */
static int do_start(struct chip *chip)
{
	return chip->ops->start(chip);
}

int starts(struct chip *chip)
{
	int ret;

	mutex_lock(&chip->lock);
	ret = do_start(chip);
	mutex_unlock(&chip->lock);
	return ret;
}

int starts_again(struct chip *chip)
{
	int ret;

	mutex_lock(&chip->other);
	mutex_lock(&chip->lock);
	ret = do_start(chip);
	mutex_unlock(&chip->lock);
	mutex_unlock(&chip->other);
	return ret;
}

/* Once with the lock held, once without. */
int stops(struct chip *chip)
{
	int ret;

	mutex_lock(&chip->lock);
	ret = chip->ops->stop(chip);
	mutex_unlock(&chip->lock);
	return ret;
}

int stops_without(struct chip *chip)
{
	return chip->ops->stop(chip);
}

/* The chip is another argument there. */
int pokes(struct chip *chip, int how)
{
	int ret;

	mutex_lock(&chip->lock);
	ret = chip->ops->poke(how, chip);
	mutex_unlock(&chip->lock);
	return ret;
}

/* A lock of something else. */
int frees(struct chip *chip, struct chip *parent)
{
	int ret;

	mutex_lock(&parent->other);
	ret = chip->ops->free(chip);
	mutex_unlock(&parent->other);
	return ret;
}
