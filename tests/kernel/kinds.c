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
#include <linux/rcupdate.h>
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
	int __rcu *number;
};

struct per_cpu_kinds {
	local_lock_t lock;
	int value;
};

static DEFINE_PER_CPU(struct per_cpu_kinds, per_cpu_kinds) = { .lock = INIT_LOCAL_LOCK(lock) };

/* One that returns with the lock on an early path, one that does not. DECLARE: a variable both need. */
#define KIND(NAME, DECLARE, TAKE, DROP) \
int NAME##_left(struct kinds *k) \
{ \
	DECLARE; \
	TAKE; \
	if (k->stop) \
		return -EBUSY; \
	k->value++; \
	DROP; \
	return 0; \
} \
int NAME##_kept_right(struct kinds *k) \
{ \
	DECLARE; \
	TAKE; \
	if (k->stop) { \
		DROP; \
		return -EBUSY; \
	} \
	k->value++; \
	DROP; \
	return 0; \
}

KIND(mutex, , mutex_lock(&k->mutex),	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(mutex_nested, , mutex_lock_nested(&k->mutex, SINGLE_DEPTH_NESTING),	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(mutex_io, , mutex_lock_io(&k->mutex),	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(mutex_interruptible, , if (mutex_lock_interruptible(&k->mutex)) return -ERESTARTSYS,	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(mutex_killable, , if (mutex_lock_killable(&k->mutex)) return -EINTR,	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(mutex_trylock, , if (!mutex_trylock(&k->mutex)) return -EAGAIN,	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(dec_and_mutex, , if (!atomic_dec_and_mutex_lock(&k->count, &k->mutex)) return 0,	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(refcount_and_mutex, , if (!refcount_dec_and_mutex_lock(&k->refs, &k->mutex)) return 0,	/* want: lock-leak: returns with */
     mutex_unlock(&k->mutex))
KIND(spin, , spin_lock(&k->spin),	/* want: lock-leak: returns with */
     spin_unlock(&k->spin))
KIND(spin_irq, , spin_lock_irq(&k->spin),	/* want: lock-leak: returns with */
     spin_unlock_irq(&k->spin))
KIND(spin_irqsave, unsigned long flags, spin_lock_irqsave(&k->spin, flags),	/* want: lock-leak: returns with */
     spin_unlock_irqrestore(&k->spin, flags))
KIND(spin_bh, , spin_lock_bh(&k->spin),	/* want: lock-leak: returns with */
     spin_unlock_bh(&k->spin))
KIND(spin_nested, , spin_lock_nested(&k->spin, SINGLE_DEPTH_NESTING),	/* want: lock-leak: returns with */
     spin_unlock(&k->spin))
KIND(spin_trylock, , if (!spin_trylock(&k->spin)) return -EAGAIN,	/* want: lock-leak: returns with */
     spin_unlock(&k->spin))
KIND(spin_trylock_irqsave, unsigned long flags, if (!spin_trylock_irqsave(&k->spin, flags)) return -EAGAIN,	/* want: lock-leak: returns with */
     spin_unlock_irqrestore(&k->spin, flags))
KIND(dec_and_spin, , if (!atomic_dec_and_lock(&k->count, &k->spin)) return 0,	/* want: lock-leak: returns with */
     spin_unlock(&k->spin))
KIND(raw_spin, , raw_spin_lock(&k->raw),	/* want: lock-leak: returns with */
     raw_spin_unlock(&k->raw))
KIND(raw_spin_irqsave, unsigned long flags, raw_spin_lock_irqsave(&k->raw, flags),	/* want: lock-leak: returns with */
     raw_spin_unlock_irqrestore(&k->raw, flags))
KIND(raw_spin_trylock, , if (!raw_spin_trylock(&k->raw)) return -EAGAIN,	/* want: lock-leak: returns with */
     raw_spin_unlock(&k->raw))
KIND(read, , read_lock(&k->rw),	/* want: lock-leak: returns with */
     read_unlock(&k->rw))
KIND(read_irqsave, unsigned long flags, read_lock_irqsave(&k->rw, flags),	/* want: lock-leak: returns with */
     read_unlock_irqrestore(&k->rw, flags))
KIND(write, , write_lock(&k->rw),	/* want: lock-leak: returns with */
     write_unlock(&k->rw))
KIND(write_bh, , write_lock_bh(&k->rw),	/* want: lock-leak: returns with */
     write_unlock_bh(&k->rw))
KIND(write_trylock, , if (!write_trylock(&k->rw)) return -EAGAIN,	/* want: lock-leak: returns with */
     write_unlock(&k->rw))
KIND(down_read, , down_read(&k->rwsem),	/* want: lock-leak: returns with */
     up_read(&k->rwsem))
KIND(down_read_killable, , if (down_read_killable(&k->rwsem)) return -EINTR,	/* want: lock-leak: returns with */
     up_read(&k->rwsem))
KIND(down_read_trylock, , if (!down_read_trylock(&k->rwsem)) return -EAGAIN,	/* want: lock-leak: returns with */
     up_read(&k->rwsem))
KIND(down_write, , down_write(&k->rwsem),	/* want: lock-leak: returns with */
     up_write(&k->rwsem))
KIND(down_write_killable, , if (down_write_killable(&k->rwsem)) return -EINTR,	/* want: lock-leak: returns with */
     up_write(&k->rwsem))
KIND(down_write_trylock, , if (!down_write_trylock(&k->rwsem)) return -EAGAIN,	/* want: lock-leak: returns with */
     up_write(&k->rwsem))
KIND(downgrade, , down_write(&k->rwsem); downgrade_write(&k->rwsem),	/* want: lock-leak: returns with */
     up_read(&k->rwsem))
KIND(percpu_read, , percpu_down_read(&k->percpu),	/* want: lock-leak: returns with */
     percpu_up_read(&k->percpu))
KIND(percpu_read_trylock, , if (!percpu_down_read_trylock(&k->percpu)) return -EAGAIN,	/* want: lock-leak: returns with */
     percpu_up_read(&k->percpu))
KIND(percpu_write, , percpu_down_write(&k->percpu),	/* want: lock-leak: returns with */
     percpu_up_write(&k->percpu))
KIND(seq_writer, , write_seqlock(&k->seq),	/* want: lock-leak: returns with */
     write_sequnlock(&k->seq))
KIND(seq_writer_irqsave, unsigned long flags, write_seqlock_irqsave(&k->seq, flags),	/* want: lock-leak: returns with */
     write_sequnlock_irqrestore(&k->seq, flags))
KIND(seq_reader_excl, , read_seqlock_excl(&k->seq),	/* want: lock-leak: returns with */
     read_sequnlock_excl(&k->seq))
KIND(rcu, , rcu_read_lock(),	/* want: lock-leak: returns with */
     rcu_read_unlock())
KIND(rcu_bh, , rcu_read_lock_bh(),	/* want: lock-leak: returns with */
     rcu_read_unlock_bh())
KIND(rcu_sched, , rcu_read_lock_sched(),	/* want: lock-leak: returns with */
     rcu_read_unlock_sched())
KIND(srcu, int idx, idx = srcu_read_lock(&k->srcu),	/* want: lock-leak: returns with */
     srcu_read_unlock(&k->srcu, idx))
KIND(ww_mutex, int ret, ret = ww_mutex_lock(&k->ww, NULL); if (ret) return ret,	/* want: lock-leak: returns with */
     ww_mutex_unlock(&k->ww))
KIND(ww_mutex_trylock, , if (!ww_mutex_trylock(&k->ww, NULL)) return -EAGAIN,	/* want: lock-leak: returns with */
     ww_mutex_unlock(&k->ww))
KIND(bit_spin, , bit_spin_lock(3, &k->word),	/* want: lock-leak: returns with */
     bit_spin_unlock(3, &k->word))
KIND(bit_spin_trylock, , if (!bit_spin_trylock(3, &k->word)) return -EAGAIN,	/* want: lock-leak: returns with */
     bit_spin_unlock(3, &k->word))
KIND(local, , local_lock(&per_cpu_kinds.lock),	/* want: lock-leak: returns with */
     local_unlock(&per_cpu_kinds.lock))
KIND(local_irqsave, unsigned long flags, local_lock_irqsave(&per_cpu_kinds.lock, flags),	/* want: lock-leak: returns with */
     local_unlock_irqrestore(&per_cpu_kinds.lock, flags))
KIND(socket, , lock_sock(k->sock),	/* want: lock-leak: returns with */
     release_sock(k->sock))
KIND(socket_fast, bool slow, slow = lock_sock_fast(k->sock),	/* want: lock-leak: returns with */
     unlock_sock_fast(k->sock, slow))
KIND(socket_bh, , bh_lock_sock(k->sock),	/* want: lock-leak: returns with */
     bh_unlock_sock(k->sock))
KIND(inode, , inode_lock(k->inode),	/* want: lock-leak: returns with */
     inode_unlock(k->inode))
KIND(inode_shared, , inode_lock_shared(k->inode),	/* want: lock-leak: returns with */
     inode_unlock_shared(k->inode))
KIND(inode_trylock, , if (!inode_trylock(k->inode)) return -EAGAIN,	/* want: lock-leak: returns with */
     inode_unlock(k->inode))
KIND(rtnl, , rtnl_lock(),	/* want: lock-leak: returns with */
     rtnl_unlock())
KIND(rtnl_trylock, , if (!rtnl_trylock()) return restart_syscall(),	/* want: lock-leak: returns with */
     rtnl_unlock())
KIND(cpus, , cpus_read_lock(),	/* want: lock-leak: returns with */
     cpus_read_unlock())

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

/* ---- what RCU's own checks say must be held: told without lockdep, too ---- */

static int number_of(struct kinds *k)
{
	return *rcu_dereference_protected(k->number, lockdep_is_held(&k->mutex));
}

static int number_with_the_lock(struct kinds *k)
{
	int n;

	mutex_lock(&k->mutex);
	n = number_of(k);
	mutex_unlock(&k->mutex);
	return n;
}

static int number_without(struct kinds *k)
{
	return number_of(k);	/* want: lock-missing: without */
}

static int number_read(struct kinds *k)
{
	return *rcu_dereference_check(k->number, lockdep_is_held(&k->mutex));
}

static int number_with_either(struct kinds *k)
{
	int n;

	rcu_read_lock();
	n = number_read(k);
	rcu_read_unlock();
	mutex_lock(&k->mutex);
	n += number_read(k);
	mutex_unlock(&k->mutex);
	return n;
}

static int number_with_neither(struct kinds *k)
{
	return number_read(k);	/* want: lock-missing: without */
}

struct kinds_ops {
	int (*locked)(struct kinds *k);
	int (*unlocked)(struct kinds *k);
	int (*either)(struct kinds *k);
	int (*neither)(struct kinds *k);
};

const struct kinds_ops kinds_ops = {
	.locked = number_with_the_lock,
	.unlocked = number_without,
	.either = number_with_either,
	.neither = number_with_neither,
};
