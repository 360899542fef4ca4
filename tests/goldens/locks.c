// SPDX-License-Identifier: GPL-2.0-only
/* Locks in flow and in summaries: branches, a wrapper, a guard, a lock handed on by the result. */

#include "kernel.h"

struct chip {
	struct mutex lock;
	spinlock_t fast;
	int count;
};

int adds_under_the_lock(struct chip *chip, int n)
{
	mutex_lock(&chip->lock);
	if (n < 0) {
		mutex_unlock(&chip->lock);
		return -EINVAL;
	}
	chip->count += n;
	mutex_unlock(&chip->lock);
	return 0;
}

void locks_for_its_caller(struct chip *chip)
{
	mutex_lock(&chip->lock);
}

int locks_if_it_succeeds(struct chip *chip)
{
	if (!mutex_trylock(&chip->lock))
		return -EBUSY;
	return 0;
}

int reads_with_a_guard(struct chip *chip)
{
	guard(mutex)(&chip->lock);
	return chip->count;
}

unsigned long disables_interrupts(struct chip *chip)
{
	unsigned long flags;

	spin_lock_irqsave(&chip->fast, flags);
	chip->count++;
	spin_unlock_irqrestore(&chip->fast, flags);
	return flags;
}
