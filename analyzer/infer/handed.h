/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_HANDED_H
#define INFER_HANDED_H

/* Locks that functions may hand on to their callers: who takes them over is seen when all is known. */

#include "infer/fact.h"

struct analysis;
struct held;
struct lock_event;
struct sim;

/* Something seen in a simulation: a lock class handed on, or taken over (from function, or from callers). */
struct handed_item {
	enum fact_kind kind;
	struct place at;
	const char *class_name, *kind_name, *function;
	bool is_doubtful;
};

struct handed {
	struct handed_item *items;	/* no doubles; in the simulation's arena */
	int n, cap;
};

/* Note something seen, once. */
void handed_evidence(struct sim *sim, enum fact_kind kind, struct place at, const char *class_name, const char *kind_name);
/* At an exit the lock is held, and that may be meant. is_doubtful: only a caller that releases it makes it right. */
void handed_on(struct sim *sim, const struct held *h, struct place at, bool is_doubtful);
/* It is held at an exit: if a call has left it, that is not settled here. */
void handed_kept(struct sim *sim, const struct held *h, struct place at);
/* The lock of e is released; old is what was known of it, or NULL. */
void handed_released(struct sim *sim, const struct held *old, const struct lock_event *e);
/* A call of function may leave the lock h behind, which is a finding there. */
void handed_met(struct sim *sim, const struct held *h, struct place at, const char *function);
/* What was seen becomes facts, which the summary's cache keeps. */
void handed_note(struct sim *sim);
/* All was simulated: take those facts out again, and make findings of locks that nobody takes over. */
void handed_settle(struct analysis *an);

#endif
