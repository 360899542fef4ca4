/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_PROVE_H
#define INFER_PROVE_H

/*
 * Proving: while functions are simulated for verify, each use, call, lock and reference
 * is an obligation. Without verify nothing of this is called, but for looking whether there
 * is a proof.
 *
 *   prove.c        what is asked on the way: uses, references, calls
 *   prove_lock.c   locks taken and required, and their order
 *   prove_exit.c   what is asked at the end: exits, loops
 *   keep.c         what keeps an object, which lock is held, which list something is on
 *   contract.c     what models promise
 *   owed.c         references got and not given back
 */

#include "infer/contract.h"
#include "infer/fill.h"
#include "infer/obligation.h"
#include "infer/owed.h"
#include "infer/simulate.h"

/* What is known of a node beside its summary. */
struct node_proof {
	const struct sym **needs;	/* locks it says must be held; the program's symbols */
	int nneed;
	const char **takes;		/* classes of locks it, or what it calls, takes */
	int ntake;
};

struct order_edge {
	const char *from, *to;		/* classes */
	struct obligation *of;		/* every place that makes it */
	struct order_edge *next;
};

struct proof {
	struct arena *arena;
	const struct model *model;
	struct map slots;		/* function: the contract of the slot that it is in */
	struct map offsets;		/* "struct.field": 1 + its offset */
	struct map obligations;		/* by what tells them apart */
	struct order_edge *edges;
	struct node_proof *nodes;	/* by index */
	const struct model_contract *called;	/* the contract of the call being applied; or NULL */
};

struct arrival {
	struct arrival *next;
	int block;
	const struct state *st;		/* a copy */
};

/* What is known within one simulation. */
struct sim_proof {
	const struct model_contract *own, *slot;	/* of the function; of the slot that it is in */
	struct { const struct sym *from, *to; } same[24];	/* from is to, by a promise */
	int nsame;
	struct { const struct sym *node, *head; } on[4];
	int non;
	const struct sym *unshared[4];
	int nunshared;
	const struct sym *asserted[16];
	int nasserted;
	struct arrival *arrivals;
	unsigned char *is_head;		/* per block: a loop begins there */
};

/* A call, between what is asked before it and after it. */
struct prove_call {
	const struct model_contract *contract;	/* of what is called; or NULL */
	const struct model_func *model;
	const struct sym *args[8];		/* objects that its effects are on */
};

/* infer.c */
void prove_init(struct analysis *an, struct unit *const *units, size_t nunit);
void prove_finish(struct analysis *an);
void prove_release(struct analysis *an);

/* Is this simulation to be written down? */
static inline bool prove_counts(const struct sim *sim)
{
	return sim->proof && !sim->an->muted && !sim->an->insists;
}

/* simulate.c */
void prove_begin(struct sim *sim, struct state *st);
/* st comes to the head of a loop; or would, if it were followed further. */
void prove_arrive(struct sim *sim, struct state *st, int from, int to);
void prove_cut(struct sim *sim, struct state *st, int from, int to);
void prove_exits(struct sim *sim);
void prove_unsure(struct analysis *an, enum unsure_kind kind, struct place at);

/* execute.c */
void prove_use(struct sim *sim, struct state *st, const struct sym *addr, const char *struct_name, const char *field,
	       struct place at);
/* Before it is stored. */
void prove_store(struct sim *sim, struct state *st, const struct sym *addr, const struct sym *value, struct place at);

/* apply.c, primitive.c, iterate.c, fill.c */
void prove_before_call(struct sim *sim, struct state *st, const struct insn *in, struct prove_call *c);
void prove_after_call(struct sim *sim, struct state *st, const struct insn *in, const struct prove_call *c);
void prove_take(struct sim *sim, struct state *st, const struct lock_event *e);
void prove_assert(struct sim *sim, struct state *st, const struct sym *lock, struct place at);
/* A body is called: what it needs must be held, and what it takes comes after what is held. */
void prove_body(struct sim *sim, struct state *st, const struct insn *in, const struct node *callee);
void prove_callback(struct sim *sim, struct state *st, const struct insn *in, const struct node *callback);
/* A callee wrote to addr, which it calls inner: is it a field that owns a reference? */
void prove_cell(struct sim *sim, struct state *st, const struct sym *addr, const struct sym *inner,
		const struct sym *value, const struct insn *in);
/* What a case of a callee gets and gives back. objects: filled in, per item. */
void prove_owed(struct sim *sim, struct state *st, const struct owed_set *s, const struct sym *const *objects,
		const struct insn *in, const char *callee);

/* keep.c */
/* The name by which everything is compared. */
const struct sym *keep_name(struct sim *sim, struct state *st, const struct sym *s);
bool keep_is_held(struct sim *sim, struct state *st, const struct sym *lock);
/* Which list is the node that v points to on? head: the address of its head. False if that is not known. */
bool keep_list(struct sim *sim, struct state *st, const struct sym *v, const struct model_list **list,
	       const struct sym **head);
/* The list that has its head, or nodes, in that field; NULL if there is none. */
const struct model_list *keep_list_at(const struct sim *sim, const struct sym *addr, bool is_node);
/* Has the list a member, for all that is known? */
bool keep_is_nonempty(struct sim *sim, struct state *st, const struct sym *head);
/* Do both states have the same pointers in memory, and know the same of the lists from which something was taken? */
bool keep_agrees(struct sim *sim, struct state *a, struct state *b);
/* Are the fields NULL that must be when the list has no members? */
bool keep_is_cleared(struct sim *sim, struct state *st, const struct model_list *l, const struct sym *head);
/* Is the object (the whole of which a node is a member) on a list? */
bool keep_is_linked(struct sim *sim, struct state *st, const struct sym *object);
/* Does nobody else know the object yet? */
bool keep_is_fresh(struct sim *sim, struct state *st, const struct sym *object);
/* Is the object kept? why says by what, or what is missing. */
bool keep_find(struct sim *sim, struct state *st, const struct sym *object, const char **why);

/* prove_lock.c, for the others */
void prove_slot(struct sim *sim, struct state *st, const struct insn *in, const struct model_contract *c);
void prove_within(struct sim *sim);
void prove_order(struct analysis *an);

/* prove_exit.c: what the clause says of equality, membership and emptiness is so from now on. */
void prove_learn(struct sim *sim, struct binding *b, const struct clause *c);

/* prove.c, for the others */
struct obligation *prove_note(struct sim *sim, enum obligation_kind kind, struct place at, const char *object,
			      bool is_open, const char *why);
struct obligation *prove_note_in(struct analysis *an, const struct func *fn, enum obligation_kind kind, struct place at,
				 const char *object, bool is_open, const char *why);
const char *prove_clause(struct sim *sim, const struct clause *c);
/* Is it as the clause (any but "held") says? */
bool prove_fulfilled(struct binding *b, const struct clause *c);
const char *prove_text(struct sim *sim, const struct sym *s, bool as_target);

#endif
