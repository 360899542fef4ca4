// SPDX-License-Identifier: GPL-2.0-only
/* What calls may come to: through an ops table, a callback, a wrapper, a cycle of calls. */

#include "kernel.h"

struct chip;

struct chip_ops {
	int (*start)(struct chip *chip);
	void (*stop)(struct chip *chip);
	void (*never)(struct chip *chip);
};

struct chip {
	struct mutex lock;
	spinlock_t fast;
	const struct chip_ops *ops;
	struct chip *next;
	int count;
};

static struct mutex chips_lock;

static int plain_start(struct chip *chip)
{
	_raw_spin_lock(&chip->fast.rlock);
	chip->count++;
	_raw_spin_unlock(&chip->fast.rlock);
	return 0;
}

static int careful_start(struct chip *chip)
{
	mutex_lock(&chips_lock);
	chip->count++;
	mutex_unlock(&chips_lock);
	return 0;
}

static void attempts_only(struct chip *chip)
{
	if (mutex_trylock(&chip->lock))
		mutex_unlock(&chip->lock);
}

const struct chip_ops plain_ops = { .start = plain_start, .stop = attempts_only };
const struct chip_ops careful_ops = { .start = careful_start };

int chip_start(struct chip *chip)
{
	return chip->ops->start(chip);
}

void chip_stop(struct chip *chip)
{
	chip->ops->stop(chip);
}

void nobody_home(struct chip *chip)
{
	chip->ops->never(chip);
}

static void lock_for_caller(struct mutex *lock)
{
	mutex_lock(lock);
}

int uses_the_wrapper(struct chip *chip)
{
	lock_for_caller(&chip->next->lock);
	chip->count++;
	mutex_unlock(&chip->next->lock);
	return chip_start(chip);
}

int each_chip(struct chip *chip, int (*fn)(struct chip *chip))
{
	int err = 0;

	for (; chip && !err; chip = chip->next)
		err = fn(chip);
	return err;
}

int start_all(struct chip *chip)
{
	return each_chip(chip, careful_start);
}

int odd(struct chip *chip);

int even(struct chip *chip)
{
	return chip ? odd(chip->next) : plain_start(chip);
}

int odd(struct chip *chip)
{
	return chip ? even(chip->next) : 1;
}

int reads_only(struct chip *chip)
{
	int count;

	rcu_read_lock();
	count = chip->count;
	rcu_read_unlock();
	return count;
}
