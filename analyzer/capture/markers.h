/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DEVSCOPE_MARKERS_H
#define DEVSCOPE_MARKERS_H

/*
 * For the kernel's compiler, not for ours: included into every unit behind the kernel's own forced headers.
 * Macros that leave no trace in the code, depending on the configuration, become calls of functions that
 * nobody defines: __devscope_*. With and without lockdep (CONFIG_DEBUG_LOCK_ALLOC) the same calls come out:
 * mutex_lock() is mutex_lock() and mutex_lock_nested() is mutex_lock_nested().
 *
 * Nothing here may keep a unit from compiling. Few headers are included, and each only right before its
 * macros are replaced, so that inline functions of other headers already use the replacements. A unit that
 * cannot take it (boot code, vDSO) is read without.
 */

#if defined(__KERNEL__) && !defined(__ASSEMBLY__) && !defined(__DEVSCOPE_NO_MARKERS) && \
	!defined(BUILD_VDSO) && !defined(__DISABLE_EXPORTS) && !defined(__GENERATING_BOUNDS_H)

#include <linux/types.h>

/* --- annotations of functions (linux/compiler_types.h, linux/compiler-context-analysis.h) --- */

#define __devscope_note(kind, ...) __attribute__((annotate(kind ":" #__VA_ARGS__)))

#undef __must_hold
#undef __must_hold_shared
#undef __acquires
#undef __acquires_shared
#undef __releases
#undef __releases_shared
#define __must_hold(...) __devscope_note("must_hold", __VA_ARGS__)
#define __must_hold_shared(...) __devscope_note("must_hold_shared", __VA_ARGS__)
#define __acquires(...) __devscope_note("acquires", __VA_ARGS__)
#define __acquires_shared(...) __devscope_note("acquires_shared", __VA_ARGS__)
#define __releases(...) __devscope_note("releases", __VA_ARGS__)
#define __releases_shared(...) __devscope_note("releases_shared", __VA_ARGS__)

/* --- assertions (linux/lockdep.h) --- */

#include <linux/lockdep.h>

extern void __devscope_lockdep_assert_held(const void *lock);
extern void __devscope_lockdep_assert_held_write(const void *lock);
extern void __devscope_lockdep_assert_held_read(const void *lock);
extern void __devscope_lockdep_assert_not_held(const void *lock);
extern void __devscope_lockdep_assert_none_held(void);
extern void __devscope_lockdep_assert_irqs_enabled(void);
extern void __devscope_lockdep_assert_irqs_disabled(void);
extern void __devscope_lockdep_assert_in_irq(void);
extern void __devscope_lockdep_assert_in_softirq(void);
extern void __devscope_lockdep_assert_no_hardirq(void);
extern void __devscope_lockdep_assert_preemption_enabled(void);
extern void __devscope_lockdep_assert_preemption_disabled(void);
extern void __devscope_might_lock(const void *lock);

#undef lockdep_assert_held
#undef lockdep_assert_held_once
#undef lockdep_assert_held_write
#undef lockdep_assert_held_read
#undef lockdep_assert_not_held
#undef lockdep_assert_none_held_once
#define lockdep_assert_held(l) __devscope_lockdep_assert_held((const void *)(l))
#define lockdep_assert_held_once(l) __devscope_lockdep_assert_held((const void *)(l))
#define lockdep_assert_held_write(l) __devscope_lockdep_assert_held_write((const void *)(l))
#define lockdep_assert_held_read(l) __devscope_lockdep_assert_held_read((const void *)(l))
#define lockdep_assert_not_held(l) __devscope_lockdep_assert_not_held((const void *)(l))
#define lockdep_assert_none_held_once() __devscope_lockdep_assert_none_held()

/* Conditions of any kind: they say nothing that could be used, and need not compile without lockdep. */
#undef lockdep_assert
#undef lockdep_assert_once
#define lockdep_assert(c) do { } while (0)
#define lockdep_assert_once(c) do { } while (0)

#undef lockdep_assert_irqs_enabled
#undef lockdep_assert_irqs_disabled
#undef lockdep_assert_in_irq
#undef lockdep_assert_in_softirq
#undef lockdep_assert_no_hardirq
#undef lockdep_assert_preemption_enabled
#undef lockdep_assert_preemption_disabled
#undef lockdep_assert_RT_in_threaded_ctx
#define lockdep_assert_irqs_enabled() __devscope_lockdep_assert_irqs_enabled()
#define lockdep_assert_irqs_disabled() __devscope_lockdep_assert_irqs_disabled()
#define lockdep_assert_in_irq() __devscope_lockdep_assert_in_irq()
#define lockdep_assert_in_softirq() __devscope_lockdep_assert_in_softirq()
#define lockdep_assert_no_hardirq() __devscope_lockdep_assert_no_hardirq()
#define lockdep_assert_preemption_enabled() __devscope_lockdep_assert_preemption_enabled()
#define lockdep_assert_preemption_disabled() __devscope_lockdep_assert_preemption_disabled()
#define lockdep_assert_RT_in_threaded_ctx() do { } while (0)

#undef might_lock
#undef might_lock_read
#undef might_lock_nested
#define might_lock(l) __devscope_might_lock((const void *)(l))
#define might_lock_read(l) __devscope_might_lock((const void *)(l))
#define might_lock_nested(l, subclass) __devscope_might_lock((const void *)(l))

/*
 * --- who may read what RCU keeps (linux/rcupdate.h, linux/rculist.h) ---
 *
 * As with CONFIG_PROVE_RCU, and where whoever walks a list says what else keeps it, as with CONFIG_PROVE_RCU_LIST. A
 * walk that says nothing may well have a lock: that option is known for complaints that are none. What such a walk
 * says need not compile without lockdep.
 */

#include <linux/rcupdate.h>
#include <linux/rculist.h>

extern void __devscope_complain(void) __attribute__((noreturn));
#undef RCU_LOCKDEP_WARN
#define RCU_LOCKDEP_WARN(c, s) do { if (!__builtin_constant_p(c) && (c)) __devscope_complain(); } while (0)
#ifdef CONFIG_DEBUG_LOCK_ALLOC
#undef __list_check_rcu
#undef __list_check_srcu
#define __list_check_rcu(dummy, cond, extra...) \
	({ if (!__builtin_constant_p(cond) && !(cond) && !rcu_read_lock_any_held()) __devscope_complain(); })
#define __list_check_srcu(cond) ({ if (!__builtin_constant_p(cond) && !(cond)) __devscope_complain(); })
#endif

/* --- mutexes (linux/mutex.h) --- */

#include <linux/mutex.h>

#undef mutex_lock
#undef mutex_lock_interruptible
#undef mutex_lock_killable
#undef mutex_lock_io
#undef mutex_lock_nested
#undef mutex_lock_interruptible_nested
#undef mutex_lock_killable_nested
#undef mutex_lock_io_nested
#undef mutex_lock_nest_lock
extern void mutex_lock(struct mutex *lock);
extern int mutex_lock_interruptible(struct mutex *lock);
extern int mutex_lock_killable(struct mutex *lock);
extern void mutex_lock_io(struct mutex *lock);
extern void mutex_lock_nested(struct mutex *lock, unsigned int subclass);
extern int mutex_lock_interruptible_nested(struct mutex *lock, unsigned int subclass);
extern int mutex_lock_killable_nested(struct mutex *lock, unsigned int subclass);
extern void mutex_lock_io_nested(struct mutex *lock, unsigned int subclass);
extern void _mutex_lock_nest_lock(struct mutex *lock, struct lockdep_map *nest_lock);
#define mutex_lock_nest_lock(lock, nest_lock) _mutex_lock_nest_lock(lock, (void *)(nest_lock))

/* --- spinlocks (linux/spinlock.h); without SMP they are macros down to the ground --- */

#include <linux/spinlock.h>

#if !defined(_raw_spin_lock_nested) && !defined(CONFIG_PREEMPT_RT)
extern void _raw_spin_lock_nest_lock(raw_spinlock_t *lock, struct lockdep_map *map);
extern unsigned long _raw_spin_lock_irqsave_nested(raw_spinlock_t *lock, int subclass);
#undef raw_spin_lock_nested
#undef raw_spin_lock_nest_lock
#undef raw_spin_lock_irqsave_nested
#define raw_spin_lock_nested(lock, subclass) _raw_spin_lock_nested(lock, subclass)
#define raw_spin_lock_nest_lock(lock, nest_lock) _raw_spin_lock_nest_lock(lock, (void *)(nest_lock))
#define raw_spin_lock_irqsave_nested(lock, flags, subclass) \
	do { flags = _raw_spin_lock_irqsave_nested(lock, subclass); } while (0)
#endif
#if !defined(_raw_write_lock_nested) && !defined(CONFIG_PREEMPT_RT)
extern void _raw_write_lock_nested(rwlock_t *lock, int subclass);
#undef write_lock_nested
#define write_lock_nested(lock, subclass) _raw_write_lock_nested(lock, subclass)
#endif

/* --- reader-writer semaphores (linux/rwsem.h) --- */

#include <linux/rwsem.h>

#undef down_read_nested
#undef down_read_killable_nested
#undef down_write_nested
#undef down_write_killable_nested
#undef down_write_nest_lock
extern void down_read_nested(struct rw_semaphore *sem, int subclass);
extern int down_read_killable_nested(struct rw_semaphore *sem, int subclass);
extern void down_write_nested(struct rw_semaphore *sem, int subclass);
extern int down_write_killable_nested(struct rw_semaphore *sem, int subclass);
extern void _down_write_nest_lock(struct rw_semaphore *sem, struct lockdep_map *nest_lock);
#define down_write_nest_lock(sem, nest_lock) _down_write_nest_lock(sem, (void *)(nest_lock))

/* --- priority-inheriting mutexes (linux/rtmutex.h) --- */

#include <linux/rtmutex.h>

#undef rt_mutex_lock
#undef rt_mutex_lock_nested
#undef rt_mutex_lock_nest_lock
extern void rt_mutex_lock(struct rt_mutex *lock);
extern void rt_mutex_lock_nested(struct rt_mutex *lock, unsigned int subclass);
extern void _rt_mutex_lock_nest_lock(struct rt_mutex *lock, struct lockdep_map *nest_lock);
#define rt_mutex_lock_nest_lock(lock, nest_lock) _rt_mutex_lock_nest_lock(lock, (void *)(nest_lock))

/* --- warnings: a path that warns is one that its author holds to be impossible (asm/bug.h) --- */

#include <linux/bug.h>

extern void __devscope_warn(void);
#ifdef __WARN_FLAGS
#undef __WARN_FLAGS
#define __WARN_FLAGS(flags) __devscope_warn()
#endif

/* --- may sleep (linux/kernel.h) --- */

#include <linux/kernel.h>

extern void __devscope_might_sleep(void);
#undef might_sleep
#define might_sleep() __devscope_might_sleep()

#endif

#endif
