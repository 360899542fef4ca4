/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_FACT_H
#define INFER_FACT_H

/*
 * Facts: what the simulation of a function saw and a rule may want to report. infer
 * makes them, rules/ reads them. A fact stands for a feasible path and carries it as
 * steps, each with the locks, borrows and references held there.
 */

#include <stdbool.h>
#include "flow/flow.h"

enum fact_kind {
	FACT_LOCK_LEFT,		/* a path returns with a lock held that other paths release */
	FACT_LOCK_LEFT_BY_TURN,	/* a callback leaves a lock of its element held and the iteration goes on */
	FACT_LOCK_TAKEN_AGAIN,	/* takes a lock it holds: the same instance */
	FACT_LOCK_TAKEN_AGAIN_BY_TURN, /* the next turn of an iteration takes a lock of the class the last one left held */
	FACT_UNLOCK_UNHELD,	/* releases a lock that this path has already released */
	FACT_USE_AFTER_TURN,	/* a borrow kept by an iteration only, used after the callback returned */
	FACT_KEPT_AFTER_TURN,	/* ... or left in memory that lives on */
	FACT_USE_AFTER_UNLOCK,	/* a borrow kept by a lock only, used after the unlock */
	FACT_USE_AFTER_SECTION,	/* a borrow kept by a read section (RCU) only, used after the section ended */
	FACT_USE_STALE,		/* found in one critical section of a lock, used in a later one of the same lock */
	FACT_FIRST_UNCHECKED,	/* the first entry of a list taken, with no look whether there is one */
	FACT_MAKERS_MIXED,	/* what was made for one object is used with another, and nobody compared what made them */
	FACT_USE_UNKEPT,	/* a field used while what it needs is not kept (only memory is) */
	FACT_REF_LEFT,		/* a path ends with a reference nobody gives back */
	FACT_REF_LEFT_BY_TURN,	/* the same, per element of an iteration */
	FACT_LOCK_REENTRY,	/* a callback comes to take a lock that its context holds */
	FACT_REF_PUT_AGAIN,	/* a reference is given back that was given back before, by function; or that a caller
				   will give back, who cannot tell */
	FACT_USE_AFTER_PUT,	/* an object used after its only known reference was given back */
	FACT_SLEEP_IN_ATOMIC,	/* may sleep with a lock held under which nobody may */
	FACT_REF_PUT_OTHERS,	/* a reference is given back that belongs to whoever keeps it in that object */
	FACT_REF_KEPT,		/* a driver is unbound, and a reference it has in a member (field) is never given back */
	FACT_LOCK_MISSING,	/* something is done that needs a lock, which is not held */
	FACT_LOCK_UNSAID,	/* all callers hold a lock that is needed, and nothing says that they must */
	FACT_LOCK_ORDER,	/* locks of some classes are taken in orders that contradict each other */
	FACT_WAIT_DEADLOCK,	/* waits, with a lock held, for somebody who takes such a lock */
	/* handed.c: evidence, for no rule */
	FACT_LOCK_HANDED_ON,	/* returns with a lock of that class, told apart by its result; is_inferred: perhaps */
	FACT_LOCK_TAKEN_OVER,	/* releases one that it did not take: from function, or its callers' */
	FACT_LOCK_KEPT_ON,	/* returns with one that function left it */
	FACT_LOCK_LEAK_MET,	/* calls function where it leaves one, which a finding says */
	/* leftover.c: the same */
	FACT_REF_LEFT_OVER,	/* fails, and leaves its caller's object with the reference of what could not be registered */
	/* stored.c: the same */
	FACT_REF_STORED,	/* leaves a reference in a member, which class names */
	FACT_REF_RETRIEVED,	/* gives back what is in that member */
	FACT_KINDS
};

enum step_kind {
	STEP_ENTER,	/* function entered (first step of a callee's or callback's part) */
	STEP_BRANCH,	/* a condition was taken one way */
	STEP_LOCK, STEP_UNLOCK, STEP_GET, STEP_PUT, STEP_FIND,
	STEP_CALL,	/* calls a function whose own steps follow, one level deeper; or its return */
	STEP_ITERATE,	/* an iteration starts; callback's steps follow, one level deeper */
	STEP_NEXT,	/* the next turn of an iteration */
	STEP_ITERATED,	/* the iteration has ended: what it kept is no longer kept */
	STEP_STORE,	/* a pointer was stored where it may outlive its keeper */
	STEP_RETURN,
	STEP_SLEEP,	/* the last step in a callee that sleeps */
	STEP_USE,	/* the last step of an escape: the use */
	STEP_FAULT,	/* the last step of other findings */
};

struct step {
	enum step_kind kind;
	int depth;		/* 0 in the finding's function, +1 in each callee or callback */
	struct place at;
	const char *func;	/* the function the step is in */
	const char *text;	/* "mutex_lock(&group->mutex) takes group->mutex" */
	/* Held after the step; before it, if its callee's own steps follow. */
	const char *locks;	/* in order of taking: "group->mutex, RCU"; "" for none */
	const char *borrows;	/* kept then: "dev: by the iteration of bus_for_each_dev()" */
	const char *refs;	/* counted references held then: "group (iommu_group)" */
};

struct fact {
	enum fact_kind kind;
	const struct func *fn;	/* the function the finding is in */
	const struct unit *unit;
	struct place at;	/* where it goes wrong: the last step, or what a callback stored */
	const char *object;	/* for people: "group->mutex", "dev" */
	const char *class;	/* lock class "iommu_group.mutex" or reference kind "device"; never NULL */
	const char *kind_name;	/* lock kind "mutex", reference kind, or what was needed ("group member") */
	const char *function;	/* the function that took, iterated or looked up: "bus_for_each_dev"; or NULL */
	const char *field;	/* FACT_USE_UNKEPT: "device.iommu"; FACT_LOCK_REENTRY: the callback's slot;
				 * FACT_LOCK_MISSING, FACT_LOCK_UNSAID: what is touched, or NULL; else NULL */
	const char *say;	/* a clause of the model for people; FACT_LOCK_REENTRY: what is iterated over;
				 * FACT_USE_AFTER_SECTION: why it is in doubt; or NULL */
	struct place origin;	/* where the lock was taken, the reference got, the borrow began */
	struct place cause;	/* of a lock that should not be held: where a finding says that it was left; or no file */
	bool is_inferred;	/* who keeps it was concluded from the code: no model and no annotation says so */
	bool is_warned;		/* the kernel itself warns on this path: it is held to be impossible; or there is less than proof */
	int nstep;
	const struct step *steps;
};

#endif
