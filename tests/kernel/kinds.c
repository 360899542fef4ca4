// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each way that Linux has to take a lock, compiled with the kernel's own headers: left behind on one path, and kept
 * right. What is wanted stands on its line, as in fixtures.
 */

#include <linux/bit_spinlock.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/local_lock.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rtnetlink.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/ww_mutex.h>
#include <net/sock.h>

struct kinds {
	struct mutex mutex;
	spinlock_t spin;
	raw_spinlock_t raw;
	rwlock_t rw;
	struct rw_semaphore rwsem;
	struct percpu_rw_semaphore percpu;
	struct semaphore semaphore;
	seqlock_t seq;
	struct srcu_struct srcu;
	struct ww_mutex ww;
	unsigned long word;
	struct inode *inode;
	struct sock *sock;
	atomic_t count;
	refcount_t refs;
	bool stop;
	int value;
};

struct per_cpu_kinds {
	local_lock_t lock;
	int value;
};

static DEFINE_PER_CPU(struct per_cpu_kinds, per_cpu_kinds) = { .lock = INIT_LOCAL_LOCK(lock) };

int mutex_left(struct kinds *k)
{
	mutex_lock(&k->mutex);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_kept_right(struct kinds *k)
{
	mutex_lock(&k->mutex);
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_nested_left(struct kinds *k)
{
	mutex_lock_nested(&k->mutex, SINGLE_DEPTH_NESTING);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_nested_kept_right(struct kinds *k)
{
	mutex_lock_nested(&k->mutex, SINGLE_DEPTH_NESTING);
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_io_left(struct kinds *k)
{
	mutex_lock_io(&k->mutex);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_io_kept_right(struct kinds *k)
{
	mutex_lock_io(&k->mutex);
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_interruptible_left(struct kinds *k)
{
	if (mutex_lock_interruptible(&k->mutex))
		return -ERESTARTSYS;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_interruptible_kept_right(struct kinds *k)
{
	if (mutex_lock_interruptible(&k->mutex))
		return -ERESTARTSYS;
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_killable_left(struct kinds *k)
{
	if (mutex_lock_killable(&k->mutex))
		return -EINTR;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_killable_kept_right(struct kinds *k)
{
	if (mutex_lock_killable(&k->mutex))
		return -EINTR;
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_trylock_left(struct kinds *k)
{
	if (!mutex_trylock(&k->mutex))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int mutex_trylock_kept_right(struct kinds *k)
{
	if (!mutex_trylock(&k->mutex))
		return -EAGAIN;
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int dec_and_mutex_left(struct kinds *k)
{
	if (!atomic_dec_and_mutex_lock(&k->count, &k->mutex))
		return 0;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int dec_and_mutex_kept_right(struct kinds *k)
{
	if (!atomic_dec_and_mutex_lock(&k->count, &k->mutex))
		return 0;
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int refcount_and_mutex_left(struct kinds *k)
{
	if (!refcount_dec_and_mutex_lock(&k->refs, &k->mutex))
		return 0;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int refcount_and_mutex_kept_right(struct kinds *k)
{
	if (!refcount_dec_and_mutex_lock(&k->refs, &k->mutex))
		return 0;
	if (k->stop) {
		mutex_unlock(&k->mutex);
		return -EBUSY;
	}
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}

int spin_left(struct kinds *k)
{
	spin_lock(&k->spin);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int spin_kept_right(struct kinds *k)
{
	spin_lock(&k->spin);
	if (k->stop) {
		spin_unlock(&k->spin);
		return -EBUSY;
	}
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int spin_irq_left(struct kinds *k)
{
	spin_lock_irq(&k->spin);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock_irq(&k->spin);
	return 0;
}

int spin_irq_kept_right(struct kinds *k)
{
	spin_lock_irq(&k->spin);
	if (k->stop) {
		spin_unlock_irq(&k->spin);
		return -EBUSY;
	}
	k->value++;
	spin_unlock_irq(&k->spin);
	return 0;
}

int spin_irqsave_left(struct kinds *k)
{
	unsigned long flags;

	spin_lock_irqsave(&k->spin, flags);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock_irqrestore(&k->spin, flags);
	return 0;
}

int spin_irqsave_kept_right(struct kinds *k)
{
	unsigned long flags;

	spin_lock_irqsave(&k->spin, flags);
	if (k->stop) {
		spin_unlock_irqrestore(&k->spin, flags);
		return -EBUSY;
	}
	k->value++;
	spin_unlock_irqrestore(&k->spin, flags);
	return 0;
}

int spin_bh_left(struct kinds *k)
{
	spin_lock_bh(&k->spin);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock_bh(&k->spin);
	return 0;
}

int spin_bh_kept_right(struct kinds *k)
{
	spin_lock_bh(&k->spin);
	if (k->stop) {
		spin_unlock_bh(&k->spin);
		return -EBUSY;
	}
	k->value++;
	spin_unlock_bh(&k->spin);
	return 0;
}

int spin_nested_left(struct kinds *k)
{
	spin_lock_nested(&k->spin, SINGLE_DEPTH_NESTING);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int spin_nested_kept_right(struct kinds *k)
{
	spin_lock_nested(&k->spin, SINGLE_DEPTH_NESTING);
	if (k->stop) {
		spin_unlock(&k->spin);
		return -EBUSY;
	}
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int spin_trylock_left(struct kinds *k)
{
	if (!spin_trylock(&k->spin))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int spin_trylock_kept_right(struct kinds *k)
{
	if (!spin_trylock(&k->spin))
		return -EAGAIN;
	if (k->stop) {
		spin_unlock(&k->spin);
		return -EBUSY;
	}
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int spin_trylock_irqsave_left(struct kinds *k)
{
	unsigned long flags;

	if (!spin_trylock_irqsave(&k->spin, flags))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock_irqrestore(&k->spin, flags);
	return 0;
}

int spin_trylock_irqsave_kept_right(struct kinds *k)
{
	unsigned long flags;

	if (!spin_trylock_irqsave(&k->spin, flags))
		return -EAGAIN;
	if (k->stop) {
		spin_unlock_irqrestore(&k->spin, flags);
		return -EBUSY;
	}
	k->value++;
	spin_unlock_irqrestore(&k->spin, flags);
	return 0;
}

int dec_and_spin_left(struct kinds *k)
{
	if (!atomic_dec_and_lock(&k->count, &k->spin))
		return 0;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int dec_and_spin_kept_right(struct kinds *k)
{
	if (!atomic_dec_and_lock(&k->count, &k->spin))
		return 0;
	if (k->stop) {
		spin_unlock(&k->spin);
		return -EBUSY;
	}
	k->value++;
	spin_unlock(&k->spin);
	return 0;
}

int raw_spin_left(struct kinds *k)
{
	raw_spin_lock(&k->raw);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	raw_spin_unlock(&k->raw);
	return 0;
}

int raw_spin_kept_right(struct kinds *k)
{
	raw_spin_lock(&k->raw);
	if (k->stop) {
		raw_spin_unlock(&k->raw);
		return -EBUSY;
	}
	k->value++;
	raw_spin_unlock(&k->raw);
	return 0;
}

int raw_spin_irqsave_left(struct kinds *k)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&k->raw, flags);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	raw_spin_unlock_irqrestore(&k->raw, flags);
	return 0;
}

int raw_spin_irqsave_kept_right(struct kinds *k)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&k->raw, flags);
	if (k->stop) {
		raw_spin_unlock_irqrestore(&k->raw, flags);
		return -EBUSY;
	}
	k->value++;
	raw_spin_unlock_irqrestore(&k->raw, flags);
	return 0;
}

int raw_spin_trylock_left(struct kinds *k)
{
	if (!raw_spin_trylock(&k->raw))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	raw_spin_unlock(&k->raw);
	return 0;
}

int raw_spin_trylock_kept_right(struct kinds *k)
{
	if (!raw_spin_trylock(&k->raw))
		return -EAGAIN;
	if (k->stop) {
		raw_spin_unlock(&k->raw);
		return -EBUSY;
	}
	k->value++;
	raw_spin_unlock(&k->raw);
	return 0;
}

int read_left(struct kinds *k)
{
	read_lock(&k->rw);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	read_unlock(&k->rw);
	return 0;
}

int read_kept_right(struct kinds *k)
{
	read_lock(&k->rw);
	if (k->stop) {
		read_unlock(&k->rw);
		return -EBUSY;
	}
	k->value++;
	read_unlock(&k->rw);
	return 0;
}

int read_irqsave_left(struct kinds *k)
{
	unsigned long flags;

	read_lock_irqsave(&k->rw, flags);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	read_unlock_irqrestore(&k->rw, flags);
	return 0;
}

int read_irqsave_kept_right(struct kinds *k)
{
	unsigned long flags;

	read_lock_irqsave(&k->rw, flags);
	if (k->stop) {
		read_unlock_irqrestore(&k->rw, flags);
		return -EBUSY;
	}
	k->value++;
	read_unlock_irqrestore(&k->rw, flags);
	return 0;
}

int write_left(struct kinds *k)
{
	write_lock(&k->rw);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	write_unlock(&k->rw);
	return 0;
}

int write_kept_right(struct kinds *k)
{
	write_lock(&k->rw);
	if (k->stop) {
		write_unlock(&k->rw);
		return -EBUSY;
	}
	k->value++;
	write_unlock(&k->rw);
	return 0;
}

int write_bh_left(struct kinds *k)
{
	write_lock_bh(&k->rw);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	write_unlock_bh(&k->rw);
	return 0;
}

int write_bh_kept_right(struct kinds *k)
{
	write_lock_bh(&k->rw);
	if (k->stop) {
		write_unlock_bh(&k->rw);
		return -EBUSY;
	}
	k->value++;
	write_unlock_bh(&k->rw);
	return 0;
}

int write_trylock_left(struct kinds *k)
{
	if (!write_trylock(&k->rw))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	write_unlock(&k->rw);
	return 0;
}

int write_trylock_kept_right(struct kinds *k)
{
	if (!write_trylock(&k->rw))
		return -EAGAIN;
	if (k->stop) {
		write_unlock(&k->rw);
		return -EBUSY;
	}
	k->value++;
	write_unlock(&k->rw);
	return 0;
}

int down_read_left(struct kinds *k)
{
	down_read(&k->rwsem);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int down_read_kept_right(struct kinds *k)
{
	down_read(&k->rwsem);
	if (k->stop) {
		up_read(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int down_read_killable_left(struct kinds *k)
{
	if (down_read_killable(&k->rwsem))
		return -EINTR;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int down_read_killable_kept_right(struct kinds *k)
{
	if (down_read_killable(&k->rwsem))
		return -EINTR;
	if (k->stop) {
		up_read(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int down_read_trylock_left(struct kinds *k)
{
	if (!down_read_trylock(&k->rwsem))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int down_read_trylock_kept_right(struct kinds *k)
{
	if (!down_read_trylock(&k->rwsem))
		return -EAGAIN;
	if (k->stop) {
		up_read(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int down_write_left(struct kinds *k)
{
	down_write(&k->rwsem);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_write(&k->rwsem);
	return 0;
}

int down_write_kept_right(struct kinds *k)
{
	down_write(&k->rwsem);
	if (k->stop) {
		up_write(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_write(&k->rwsem);
	return 0;
}

int down_write_killable_left(struct kinds *k)
{
	if (down_write_killable(&k->rwsem))
		return -EINTR;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_write(&k->rwsem);
	return 0;
}

int down_write_killable_kept_right(struct kinds *k)
{
	if (down_write_killable(&k->rwsem))
		return -EINTR;
	if (k->stop) {
		up_write(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_write(&k->rwsem);
	return 0;
}

int down_write_trylock_left(struct kinds *k)
{
	if (!down_write_trylock(&k->rwsem))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_write(&k->rwsem);
	return 0;
}

int down_write_trylock_kept_right(struct kinds *k)
{
	if (!down_write_trylock(&k->rwsem))
		return -EAGAIN;
	if (k->stop) {
		up_write(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_write(&k->rwsem);
	return 0;
}

int downgrade_left(struct kinds *k)
{
	down_write(&k->rwsem);
	downgrade_write(&k->rwsem);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int downgrade_kept_right(struct kinds *k)
{
	down_write(&k->rwsem);
	downgrade_write(&k->rwsem);
	if (k->stop) {
		up_read(&k->rwsem);
		return -EBUSY;
	}
	k->value++;
	up_read(&k->rwsem);
	return 0;
}

int percpu_read_left(struct kinds *k)
{
	percpu_down_read(&k->percpu);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	percpu_up_read(&k->percpu);
	return 0;
}

int percpu_read_kept_right(struct kinds *k)
{
	percpu_down_read(&k->percpu);
	if (k->stop) {
		percpu_up_read(&k->percpu);
		return -EBUSY;
	}
	k->value++;
	percpu_up_read(&k->percpu);
	return 0;
}

int percpu_read_trylock_left(struct kinds *k)
{
	if (!percpu_down_read_trylock(&k->percpu))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	percpu_up_read(&k->percpu);
	return 0;
}

int percpu_read_trylock_kept_right(struct kinds *k)
{
	if (!percpu_down_read_trylock(&k->percpu))
		return -EAGAIN;
	if (k->stop) {
		percpu_up_read(&k->percpu);
		return -EBUSY;
	}
	k->value++;
	percpu_up_read(&k->percpu);
	return 0;
}

int percpu_write_left(struct kinds *k)
{
	percpu_down_write(&k->percpu);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	percpu_up_write(&k->percpu);
	return 0;
}

int percpu_write_kept_right(struct kinds *k)
{
	percpu_down_write(&k->percpu);
	if (k->stop) {
		percpu_up_write(&k->percpu);
		return -EBUSY;
	}
	k->value++;
	percpu_up_write(&k->percpu);
	return 0;
}

int seq_writer_left(struct kinds *k)
{
	write_seqlock(&k->seq);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	write_sequnlock(&k->seq);
	return 0;
}

int seq_writer_kept_right(struct kinds *k)
{
	write_seqlock(&k->seq);
	if (k->stop) {
		write_sequnlock(&k->seq);
		return -EBUSY;
	}
	k->value++;
	write_sequnlock(&k->seq);
	return 0;
}

int seq_writer_irqsave_left(struct kinds *k)
{
	unsigned long flags;

	write_seqlock_irqsave(&k->seq, flags);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	write_sequnlock_irqrestore(&k->seq, flags);
	return 0;
}

int seq_writer_irqsave_kept_right(struct kinds *k)
{
	unsigned long flags;

	write_seqlock_irqsave(&k->seq, flags);
	if (k->stop) {
		write_sequnlock_irqrestore(&k->seq, flags);
		return -EBUSY;
	}
	k->value++;
	write_sequnlock_irqrestore(&k->seq, flags);
	return 0;
}

int seq_reader_excl_left(struct kinds *k)
{
	read_seqlock_excl(&k->seq);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	read_sequnlock_excl(&k->seq);
	return 0;
}

int seq_reader_excl_kept_right(struct kinds *k)
{
	read_seqlock_excl(&k->seq);
	if (k->stop) {
		read_sequnlock_excl(&k->seq);
		return -EBUSY;
	}
	k->value++;
	read_sequnlock_excl(&k->seq);
	return 0;
}

int rcu_left(struct kinds *k)
{
	rcu_read_lock();
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	rcu_read_unlock();
	return 0;
}

int rcu_kept_right(struct kinds *k)
{
	rcu_read_lock();
	if (k->stop) {
		rcu_read_unlock();
		return -EBUSY;
	}
	k->value++;
	rcu_read_unlock();
	return 0;
}

int rcu_bh_left(struct kinds *k)
{
	rcu_read_lock_bh();
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	rcu_read_unlock_bh();
	return 0;
}

int rcu_bh_kept_right(struct kinds *k)
{
	rcu_read_lock_bh();
	if (k->stop) {
		rcu_read_unlock_bh();
		return -EBUSY;
	}
	k->value++;
	rcu_read_unlock_bh();
	return 0;
}

int rcu_sched_left(struct kinds *k)
{
	rcu_read_lock_sched();
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	rcu_read_unlock_sched();
	return 0;
}

int rcu_sched_kept_right(struct kinds *k)
{
	rcu_read_lock_sched();
	if (k->stop) {
		rcu_read_unlock_sched();
		return -EBUSY;
	}
	k->value++;
	rcu_read_unlock_sched();
	return 0;
}

int srcu_left(struct kinds *k)
{
	int idx;

	idx = srcu_read_lock(&k->srcu);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	srcu_read_unlock(&k->srcu, idx);
	return 0;
}

int srcu_kept_right(struct kinds *k)
{
	int idx;

	idx = srcu_read_lock(&k->srcu);
	if (k->stop) {
		srcu_read_unlock(&k->srcu, idx);
		return -EBUSY;
	}
	k->value++;
	srcu_read_unlock(&k->srcu, idx);
	return 0;
}

int ww_mutex_left(struct kinds *k)
{
	int ret;

	ret = ww_mutex_lock(&k->ww, NULL);
	if (ret)
		return ret;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	ww_mutex_unlock(&k->ww);
	return 0;
}

int ww_mutex_kept_right(struct kinds *k)
{
	int ret;

	ret = ww_mutex_lock(&k->ww, NULL);
	if (ret)
		return ret;
	if (k->stop) {
		ww_mutex_unlock(&k->ww);
		return -EBUSY;
	}
	k->value++;
	ww_mutex_unlock(&k->ww);
	return 0;
}

int ww_mutex_trylock_left(struct kinds *k)
{
	if (!ww_mutex_trylock(&k->ww, NULL))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	ww_mutex_unlock(&k->ww);
	return 0;
}

int ww_mutex_trylock_kept_right(struct kinds *k)
{
	if (!ww_mutex_trylock(&k->ww, NULL))
		return -EAGAIN;
	if (k->stop) {
		ww_mutex_unlock(&k->ww);
		return -EBUSY;
	}
	k->value++;
	ww_mutex_unlock(&k->ww);
	return 0;
}

int bit_spin_left(struct kinds *k)
{
	bit_spin_lock(3, &k->word);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	bit_spin_unlock(3, &k->word);
	return 0;
}

int bit_spin_kept_right(struct kinds *k)
{
	bit_spin_lock(3, &k->word);
	if (k->stop) {
		bit_spin_unlock(3, &k->word);
		return -EBUSY;
	}
	k->value++;
	bit_spin_unlock(3, &k->word);
	return 0;
}

int bit_spin_trylock_left(struct kinds *k)
{
	if (!bit_spin_trylock(3, &k->word))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	bit_spin_unlock(3, &k->word);
	return 0;
}

int bit_spin_trylock_kept_right(struct kinds *k)
{
	if (!bit_spin_trylock(3, &k->word))
		return -EAGAIN;
	if (k->stop) {
		bit_spin_unlock(3, &k->word);
		return -EBUSY;
	}
	k->value++;
	bit_spin_unlock(3, &k->word);
	return 0;
}

int local_left(struct kinds *k)
{
	local_lock(&per_cpu_kinds.lock);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	local_unlock(&per_cpu_kinds.lock);
	return 0;
}

int local_kept_right(struct kinds *k)
{
	local_lock(&per_cpu_kinds.lock);
	if (k->stop) {
		local_unlock(&per_cpu_kinds.lock);
		return -EBUSY;
	}
	k->value++;
	local_unlock(&per_cpu_kinds.lock);
	return 0;
}

int local_irqsave_left(struct kinds *k)
{
	unsigned long flags;

	local_lock_irqsave(&per_cpu_kinds.lock, flags);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	local_unlock_irqrestore(&per_cpu_kinds.lock, flags);
	return 0;
}

int local_irqsave_kept_right(struct kinds *k)
{
	unsigned long flags;

	local_lock_irqsave(&per_cpu_kinds.lock, flags);
	if (k->stop) {
		local_unlock_irqrestore(&per_cpu_kinds.lock, flags);
		return -EBUSY;
	}
	k->value++;
	local_unlock_irqrestore(&per_cpu_kinds.lock, flags);
	return 0;
}

int socket_left(struct kinds *k)
{
	lock_sock(k->sock);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	release_sock(k->sock);
	return 0;
}

int socket_kept_right(struct kinds *k)
{
	lock_sock(k->sock);
	if (k->stop) {
		release_sock(k->sock);
		return -EBUSY;
	}
	k->value++;
	release_sock(k->sock);
	return 0;
}

int socket_fast_left(struct kinds *k)
{
	bool slow;

	slow = lock_sock_fast(k->sock);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	unlock_sock_fast(k->sock, slow);
	return 0;
}

int socket_fast_kept_right(struct kinds *k)
{
	bool slow;

	slow = lock_sock_fast(k->sock);
	if (k->stop) {
		unlock_sock_fast(k->sock, slow);
		return -EBUSY;
	}
	k->value++;
	unlock_sock_fast(k->sock, slow);
	return 0;
}

int socket_bh_left(struct kinds *k)
{
	bh_lock_sock(k->sock);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	bh_unlock_sock(k->sock);
	return 0;
}

int socket_bh_kept_right(struct kinds *k)
{
	bh_lock_sock(k->sock);
	if (k->stop) {
		bh_unlock_sock(k->sock);
		return -EBUSY;
	}
	k->value++;
	bh_unlock_sock(k->sock);
	return 0;
}

int inode_left(struct kinds *k)
{
	inode_lock(k->inode);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	inode_unlock(k->inode);
	return 0;
}

int inode_kept_right(struct kinds *k)
{
	inode_lock(k->inode);
	if (k->stop) {
		inode_unlock(k->inode);
		return -EBUSY;
	}
	k->value++;
	inode_unlock(k->inode);
	return 0;
}

int inode_shared_left(struct kinds *k)
{
	inode_lock_shared(k->inode);
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	inode_unlock_shared(k->inode);
	return 0;
}

int inode_shared_kept_right(struct kinds *k)
{
	inode_lock_shared(k->inode);
	if (k->stop) {
		inode_unlock_shared(k->inode);
		return -EBUSY;
	}
	k->value++;
	inode_unlock_shared(k->inode);
	return 0;
}

int inode_trylock_left(struct kinds *k)
{
	if (!inode_trylock(k->inode))
		return -EAGAIN;
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	inode_unlock(k->inode);
	return 0;
}

int inode_trylock_kept_right(struct kinds *k)
{
	if (!inode_trylock(k->inode))
		return -EAGAIN;
	if (k->stop) {
		inode_unlock(k->inode);
		return -EBUSY;
	}
	k->value++;
	inode_unlock(k->inode);
	return 0;
}

int rtnl_left(struct kinds *k)
{
	rtnl_lock();
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	rtnl_unlock();
	return 0;
}

int rtnl_kept_right(struct kinds *k)
{
	rtnl_lock();
	if (k->stop) {
		rtnl_unlock();
		return -EBUSY;
	}
	k->value++;
	rtnl_unlock();
	return 0;
}

int rtnl_trylock_left(struct kinds *k)
{
	if (!rtnl_trylock())
		return restart_syscall();
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	rtnl_unlock();
	return 0;
}

int rtnl_trylock_kept_right(struct kinds *k)
{
	if (!rtnl_trylock())
		return restart_syscall();
	if (k->stop) {
		rtnl_unlock();
		return -EBUSY;
	}
	k->value++;
	rtnl_unlock();
	return 0;
}

int cpus_left(struct kinds *k)
{
	cpus_read_lock();
	if (k->stop)
		return -EBUSY;	/* want: lock-leak: returns with */
	k->value++;
	cpus_read_unlock();
	return 0;
}

int cpus_kept_right(struct kinds *k)
{
	cpus_read_lock();
	if (k->stop) {
		cpus_read_unlock();
		return -EBUSY;
	}
	k->value++;
	cpus_read_unlock();
	return 0;
}

/* A semaphore counts, it is not held: whoever likes may call up(). */
int semaphore_left(struct kinds *k)
{
	down(&k->semaphore);
	if (k->stop)
		return -EBUSY;
	up(&k->semaphore);
	return 0;
}

int guard_gives_back(struct kinds *k)
{
	guard(mutex)(&k->mutex);
	if (k->stop)
		return -EBUSY;
	k->value++;
	return 0;
}

int guard_and_unlock(struct kinds *k)
{
	guard(mutex)(&k->mutex);
	k->value++;
	mutex_unlock(&k->mutex);
	return 0;
}	/* want: unlock-unheld: */

int guard_irqsave_gives_back(struct kinds *k)
{
	guard(spinlock_irqsave)(&k->spin);
	if (k->stop)
		return -EBUSY;
	k->value++;
	return 0;
}

int scoped_guard_gives_back(struct kinds *k)
{
	scoped_guard(spinlock, &k->spin) {
		if (k->stop)
			return -EBUSY;
		k->value++;
	}
	spin_lock(&k->spin);
	k->value--;
	spin_unlock(&k->spin);
	return 0;
}

int scoped_guard_and_again(struct kinds *k)
{
	scoped_guard(mutex, &k->mutex) {
		mutex_lock(&k->mutex);	/* want: double-lock: */
		k->value++;
		mutex_unlock(&k->mutex);
	}
	return 0;
}

int scoped_cond_guard_gives_back(struct kinds *k)
{
	scoped_cond_guard(mutex_intr, return -ERESTARTSYS, &k->mutex) {
		if (k->stop)
			return -EBUSY;
		k->value++;
	}
	return 0;
}

int class_that_tries(struct kinds *k)
{
	CLASS(mutex_try, held)(&k->mutex);

	if (!class_mutex_try_lock_ptr(&held))
		return -EAGAIN;
	k->value++;
	return 0;
}

DEFINE_FREE(unlock_mutex, struct mutex *, if (_T) mutex_unlock(_T))

int freed_lock_gives_back(struct kinds *k)
{
	struct mutex *held __free(unlock_mutex) = &k->mutex;

	mutex_lock(held);
	if (k->stop)
		return -EBUSY;
	k->value++;
	return 0;
}

/* The caller gets the lock with the pointer. */
struct mutex *freed_lock_handed_on(struct kinds *k)
{
	struct mutex *held __free(unlock_mutex) = &k->mutex;

	mutex_lock(held);
	if (k->stop)
		return NULL;
	return no_free_ptr(held);
}

int handed_on_and_left(struct kinds *k)
{
	struct mutex *held = freed_lock_handed_on(k);

	if (!held)
		return -EBUSY;
	if (k->value)
		return -EIO;	/* want: lock-leak: returns with */
	mutex_unlock(held);
	return 0;
}
