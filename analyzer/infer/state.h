/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_STATE_H
#define INFER_STATE_H

/*
 * The state of a path through one function: what is known of values, what memory
 * holds, which locks and references are held, which borrows have ended. States are
 * copied when a path forks and merged when two paths meet with the same locks,
 * references and ended borrows (property simulation: Das, Lerner, Seigle, "ESP", PLDI 2002).
 *
 * Locks, references and ended borrows are small immutable arrays, replaced on change,
 * so that a step can keep what was held when it happened.
 */

#include <stdbool.h>

#include "infer/fact.h"
#include "infer/model.h"
#include "infer/sym.h"

struct arena;
struct liveness;

enum lock_state {
	LOCK_HELD,	/* taken on this path */
	LOCK_DROPPED,	/* the caller's, released on this path */
	LOCK_ASSERTED,	/* the caller's, said to be held */
	LOCK_FREE,	/* taken and released on this path: known not to be held */
};

/* One thing that happened on a path. inner: the callee's own steps, in its own names. */
struct trace {
	const struct trace *prev;
	enum step_kind kind;
	struct place at;
	const char *func;		/* the function it happened in */
	const char *callee;		/* STEP_CALL, ITERATE, LOCK...: the function called; or NULL */
	const struct sym *object;	/* lock, object or stored pointer; or NULL */
	const struct sym *target;	/* STEP_STORE: the cell; or NULL */
	const char *what;		/* lock or reference kind; or a ready clause */
	const struct trace *inner;	/* last step of the callee's part; or NULL */
	const struct lock_set *locks;	/* after it */
	const struct ref_set *refs;
	const struct dead_set *dead;
	int length;			/* steps up to and with this one, inner ones not counted */
	const struct course *course;		/* to it; in the simulation that it is of */
};

/* The blocks that a path has entered, newest first. Of merged paths it is that of the first. */
struct course {
	const struct course *prev;
	int block, n;			/* n: how many up to here */
};

struct held {
	const struct sym *lock;
	const char *kind;		/* "mutex" */
	enum lock_mode mode;
	enum lock_state state;
	int count;			/* recursive locks */
	bool is_vague;			/* a callee's finding or one of a set: nothing is said of it any more */
	bool is_reported;		/* left held, and a finding says so */
	bool is_spared;			/* held, but a call that was made would release it in a case of its own */
	bool is_doubted;		/* released, but a function that was not read may have taken it again */
	bool is_recursive;		/* who has it may take it again */
	bool is_met;			/* recursive, and a function that was not read ran since: it may have been taken once more */
	bool is_try;			/* taken by a function that would rather fail than wait */
	int hops;			/* calls that it has come through without a name */
	bool by_turn;			/* left held by a turn of an iteration */
	int site;			/* instruction that took it; -1 unknown */
	int passed;			/* 1 + the call that was given its object since and may release it; or 0 */
	const struct trace *taken;	/* the step; or NULL */
};

struct lock_set {
	int n;
	struct held items[];		/* in order of taking */
};

struct ref {
	const struct sym *object;
	const char *kind;		/* "device" */
	int count;			/* gets less puts on this path */
	bool found;			/* came from a lookup made on this path: nobody else has it */
	bool handed_on;			/* given to somebody in a way that ends our interest */
	bool born;			/* found: by failing to register the object, which is not new to others */
	int site;
	const struct trace *got;
};

struct ref_set {
	int n;
	struct ref items[];
};

/* How it is known that a read section keeps what a pointer leads to: by how it was read; by where it was found; surely. */
enum lent { LENT_NOT, LENT_INFERRED, LENT_LIKELY, LENT_KNOWN };

/* A borrow that has ended: its root, and how. */
struct dead {
	const struct sym *root;
	bool by_unlock;			/* else by the end of a turn */
	bool by_section;		/* by the end of the read section it was read in */
	enum lent lent;			/* by_section: how it is known that the section keeps it */
	bool by_put;			/* by the put of the only reference known; for the function itself only */
	bool is_inherited;		/* ended in a callee */
	bool is_told;			/* ... which has a finding about it: one is enough */
	const char *kind;		/* by_put: of the reference */
	const char *function;		/* the iterator, or the unlock */
	const struct sym *lock;		/* by_unlock, by_section; by_put: the object as it was given back */
	const struct lock_set *spanned;	/* locks held all along: they may keep it */
	struct place began;
};

struct dead_set {
	int n;
	struct dead items[];
};

/* What read sections keep, our own or our callers': it ends with the outermost of them. */
struct loan {
	const struct sym *root;
	enum lent lent;
	const struct sym *lock;		/* the lock held when it was looked up, which is no read section, and keeps it; or NULL */
};

struct loan_set {
	int n;
	struct loan items[];
};

/* A pointer used through this parameter (or what hangs on it), for callers to check. */
struct use {
	const struct sym *object;	/* a parameter, or memory reached from one */
	const struct model_need *need;	/* or NULL: memory only */
	bool is_light;			/* only pointers are read: to other objects, of which nothing is said */
	bool is_kept;			/* it is counted, or claimed in another way: whatever lent it, it stays */
	bool is_checked;		/* as the first of a list: after a look whether it is empty */
	struct place at;
	const char *func;
	const struct trace *inner;	/* when it is deeper than this function */
};

struct use_set {
	int n;
	struct use items[];
};

struct range {
	const struct sym *s;
	unsigned mask;
	bool is_known;			/* equals value */
	int64_t value;
};

struct cell {
	const struct sym *addr, *value;
	struct place at;		/* of the store */
	const char *func;
};

/* A branch taken on the way here: s is not 0. */
struct cond {
	const struct cond *prev;
	const struct sym *s;
	int n;				/* how many up to here */
};

struct turn_count {
	int block, n;
};

#define KEEPS_PERHAPS 16	/* keeps tells of so many parameters, twice */

struct state {
	struct state *next;		/* in a block's list, or the free list */
	const struct sym **env;		/* per instruction */
	struct range *ranges;		/* sorted by symbol id */
	int nrange, range_cap;
	struct cell *cells;		/* sorted by address id */
	int ncell, cell_cap;
	const struct lock_set *locks, *takes;	/* takes: all taken on the way that callers must not hold */
	const struct ref_set *refs;
	const struct dead_set *dead;
	const struct use_set *uses;
	const struct loan_set *loans;
	const struct owed_set *owed;	/* the books of the path: for verify only (owed.h) */
	const struct trace *trace;
	const struct course *course;
	struct turn_count turns[8];
	int nturn;
	int turn;			/* back edges taken */
	const struct cond *conds;	/* the branches taken, newest first; all there are unless is_inexact */
	bool is_inexact;		/* paths with other conditions were merged into it */
	bool by_result;			/* a call's result that callers do not know decided as well as conds */
	uint32_t keeps;			/* bit n: parameter n is in memory now that callers do not see; KEEPS_PERHAPS + n: on some path */
	bool is_warned;			/* the kernel warns on this path: it is held to be impossible */
	const struct sym *given[4];	/* objects of the caller's that calls through pointers were given; the first few */
	int ngiven;
	bool slept;			/* it has surely slept */
	bool is_last;			/* a count was seen to end: who has a reference of its own never takes this path */
	int pc;				/* next instruction, while its block is run */
	uint64_t key;			/* while states are merged: state_key() */
	const struct sym *ret;		/* at an exit: the value returned; or NULL */
	struct place at;		/* at an exit: of the return */
};

/* Where states live while one function is simulated. */
struct state_pool {
	struct arena *arena;
	struct state *free;
	int ninsn;
	struct range *ranges;		/* merging: what the first state knew before */
	int range_cap;
	bool is_careful;		/* for verify: merging looks at what comparisons come to */
	struct cell *cells;		/* merging: the new memory, exchanged for the old */
	int cell_cap;
};

struct state *state_new(struct state_pool *p);
struct state *state_copy(struct state_pool *p, const struct state *st);
void state_free(struct state_pool *p, struct state *st);

/* The path took a branch: s is not 0 on it. */
void state_push_cond(struct state_pool *p, struct state *st, const struct sym *s);

/* What the path learnt of s itself, or NULL. */
const struct range *state_find_range(const struct state *st, const struct sym *s);
/* Classes s may be in on this path. */
unsigned state_mask(const struct state *st, const struct sym *s);
/* 1 true, 0 false, -1 either. */
int state_truth(const struct state *st, const struct sym *s);
/* Is something known not to be true that follows from the rest? */
bool state_contradicts(const struct state *st);
/* Learn that s is (not) 0. False when that cannot be. */
bool state_assume(struct state_pool *p, struct state *st, const struct sym *s, bool truth);
/* Learn that s is within mask. False when that cannot be. */
bool state_restrict(struct state_pool *p, struct state *st, const struct sym *s, unsigned mask);
/* Learn a value. False when that cannot be. */
bool state_set_value(struct state_pool *p, struct state *st, const struct sym *s, int64_t value);
/* s, or the integer it is known to be. */
const struct sym *state_resolve(struct sym_table *t, const struct state *st, const struct sym *s);

/* The cell at addr if this path wrote or forgot it; else NULL. */
const struct cell *state_find_cell(const struct state *st, const struct sym *addr);
void state_store(struct state_pool *p, struct state *st, const struct sym *addr, const struct sym *value,
		 struct place at, const char *func);

/* Index of the entry for that lock, or -1. */
int lock_set_find(const struct lock_set *s, const struct sym *lock, const char *kind);
/* The entry for that lock, or NULL. */
const struct held *state_find_lock(const struct state *st, const struct sym *lock, const char *kind);
/* Replace (or add) the entry of lock. */
void state_put_lock(struct state_pool *p, struct state *st, const struct held *h);
void state_drop_lock(struct state_pool *p, struct state *st, const struct sym *lock, const char *kind);
const struct ref *state_find_ref(const struct state *st, const struct sym *object);
/* The bit of struct state.keeps for that object; 0: it is no parameter, or one of which keeps cannot tell. */
uint32_t state_keeps_bit(const struct sym *object);
/* The same of the object that the cell leads to, unless the cell has a reference of its own to it. */
uint32_t state_uncounted_bit(const struct state *st, const struct cell *c);
/* Has it a reference to give back? Where there is no room for all paths, those are kept longer. */
bool state_owes(const struct state *st);
/* Replace (or add) the entry of its object; one with count 0 says that it was given back. */
void state_put_ref(struct state_pool *p, struct state *st, const struct ref *r);
void state_drop_ref(struct state_pool *p, struct state *st, const struct sym *object);
void state_add_dead(struct state_pool *p, struct state *st, const struct dead *d);
/* What has ended (an item of st->dead) is kept again, as far as is known. */
void state_drop_dead(struct state_pool *p, struct state *st, const struct dead *d);
void state_drop_loan(struct state_pool *p, struct state *st, const struct sym *root);
void state_add_loan(struct state_pool *p, struct state *st, const struct loan *l);
void state_add_use(struct state_pool *p, struct state *st, const struct use *u);
void state_add_take(struct state_pool *p, struct state *st, const struct held *h);
/* Append a step; what is held is filled in. The new step, which may still be completed. */
struct trace *state_step(struct state_pool *p, struct state *st, enum step_kind kind, struct place at, const char *func);

/* merge.c */
/* A hash of what is held and has ended: states with different keys are never the same to state_same_key(). */
uint64_t state_key(const struct state *st);
/*
 * Same locks, references and ended borrows, and the same memory holding borrowed pointers: may the two
 * merge? with_params: parameters count as borrowed (the function is a callback).
 */
bool state_same_key(const struct state *a, const struct state *b, bool with_params);
/* Have both taken the same locks on their way? */
bool state_same_takes(const struct state *a, const struct state *b);
/* merge_conds.c: of the branches that a and b have taken, those of both are a's. */
void state_merge_conds(struct state_pool *p, struct sym_table *t, struct state *a, const struct state *b);
/* Has a, since the paths parted, taken a branch on what is in that object? */
bool state_is_parted_by(const struct state *a, const struct state *b, const struct sym *object);
/* Make a and b the same to state_same_key(): what one holds or has ended and the other has not is nobody's business from then on. */
void state_blur(struct state_pool *p, struct state *a, struct state *b);
/*
 * Merge b into a (b is then free): what both know stays, what differs becomes an unknown of block; if it is live
 * there, and forgotten otherwise. live: or NULL, when all may be.
 */
void state_merge(struct state_pool *p, struct sym_table *t, struct state *a, struct state *b, int block,
		 const struct liveness *live);

#endif
