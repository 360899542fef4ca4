/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_SIMULATE_H
#define INFER_SIMULATE_H

/*
 * Simulation of one function: all its paths, with states merged where paths meet
 * with the same locks, references and borrows. What goes wrong on a path is noted as a
 * candidate; the exits become the summary.
 *
 *   simulate.c   the blocks, the branches, the exits
 *   execute.c    the instructions
 *   join.c       states that meet at a block
 *   live.c       values that need not be told apart there
 *   apply.c      calls: bodies, their summaries, functions not read
 *   ask.c        calls that tell whether a lock is held
 *   fill.c       one case of a summary (fill.h)
 *   iterate.c    callbacks: iterations, lookups
 *   primitive.c  what a model says a call does: locks and references
 *   guide.c      one path again, alone
 *   loop.c       locks that loops take of many objects
 *   doubt.c      locks of which a path does not know enough
 *   borrow.c     uses of pointers, borrows that end
 *   sleep.c      calls that sleep: where that must not be, or for callers to know
 *   mixed.c      what one driver has made, used with what may be another's
 *   section.c    what read sections (RCU) keep
 *   reference.c  counted references on a path: gets, puts, who takes one over
 *   leak.c       locks still held at the exits
 *   leak_sure.c  ... of which more is known than what other exits do
 *   leak_ref.c   references still held at the exits, or given back too often
 *   evidence.c   what is done where, with which locks held
 *   handed.c     locks handed on: does anybody take them over?
 *   stored.c     references stored in members: does anybody give them back?
 *   held.c       what is held at calls and where locks are taken, for the whole program
 *   explain.c    candidates to facts, with their steps (explain.h: in words)
 */

#include "base/arena.h"
#include "infer/cache.h"
#include "infer/callgraph.h"
#include "infer/evidence.h"
#include "infer/handed.h"
#include "infer/held.h"
#include "infer/infer.h"
#include "infer/live.h"
#include "infer/state.h"
#include "infer/summary.h"

#define MAX_SIMS 12		/* arenas kept for the next simulations */

/* Functions in order of coming. */
struct node_set {
	const struct node **items;
	size_t n, cap;
	bool *has;			/* per node; or NULL */
};

/* The whole analysis: shared by all simulations. */
struct analysis {
	struct arena *arena;		/* of the result */
	struct sym_table syms;		/* of the summaries */
	struct program program;
	const struct infer_options *options;
	struct infer_result *result;
	int depth;			/* simulations within simulations (functions given callbacks) */
	int muted;			/* while a function is simulated again: counts nothing */
	struct proof *proof;		/* for verify (prove.h); or NULL */
	const char *insists;		/* locks of this class are not handed on: nobody takes them over; or NULL */
	bool insists_on_all;		/* ... else only those that look like mistakes */
	struct record *record;		/* of the simulation at work */
	uint32_t serial;		/* of the last record */
	bool is_damaged;		/* a kept summary turned out so when it was asked for: all is to be done again */
	size_t fact_cap, over_cap;
	struct arena idle[MAX_SIMS];	/* arenas of simulations that are over */
	int nidle;
	struct node_set read, asked;	/* whole.c: whose instructions, and whose summaries, the passes over the whole looked at */
};

/* Something a rule may report, in the simulation's own terms. */
struct candidate {
	enum fact_kind kind;
	struct place at;
	const struct sym *object;
	const char *class_name;		/* lock class, reference kind, struct */
	const char *kind_name;
	const char *function;
	const struct model_need *need;
	const char *say;		/* a clause of the model; or NULL */
	struct place origin;
	const struct trace *began;	/* the step at the origin, if it is known; or NULL */
	const struct trace *trace;	/* last step: the fault */
	bool is_inferred;		/* the keeper was concluded */
	bool is_warned;			/* the kernel warns on the path */
	bool is_inner;			/* seen inside a callback's turn: a later one of the same origin is better */
	bool is_confirmed;		/* seen again with paths kept apart */
};

enum { SIM_CLOSED = 128, SIM_SLEEPS = 4 };

enum {
	SITE_RELEASED = 1,	/* what was taken or got at the site is given back on some path */
	SITE_KEPT = 2,		/* what was taken at the site was released after a call through a pointer was given its object */
	SITE_ROUND = 4,		/* a turn of a loop ended with what was taken at the site in it */
	SITE_IN_TURN = 8,	/* it is released in that loop */
	SITE_TOLD = 16,		/* doubt.c: a flag that callees set says that it is to be taken */
	SITE_UNTOLD = 32,	/* no flag does */
	SITE_TOLD_HERE = 64,	/* ... and the function sets that flag first */
	SITE_UNASKED = 128,	/* what was taken at the site is released where no such flag says so */
	SITE_REF_ROUND = 256,	/* a turn of a loop ended with a reference that was got at the site */
	SITE_UNWOUND = 512,	/* another loop gives it back */
};

struct sim {
	struct analysis *an;
	struct node *node;
	const struct func *fn;
	const struct sym *const *bound;	/* per parameter: the function or number given, or NULL for all */
	struct arena arena;		/* of the simulation */
	struct sym_table syms;
	struct state_pool pool;
	const struct liveness *live;	/* or NULL: all values are */
	const struct rereads *rereads;	/* or NULL: no load is one */
	struct state **pending;		/* per block */
	int lowest;			/* no pending state below this block */
	struct state *exits;		/* newest first */
	int nexit;
	struct state *work;		/* states of the block being run */
	int visits, budget;		/* blocks run */
	size_t room;			/* bytes that its states may take of arena */
	int runs;			/* straight runs in the block being run */
	bool is_split;			/* never merge: to confirm candidates */
	const struct sim *doubted;	/* the simulation whose candidates are to be confirmed; or NULL */
	const int *guide;		/* guide.c: the blocks that paths are to enter, none other; or NULL */
	int nguide;
	bool has_merged;		/* is_split: paths were merged all the same, there were too many */
	bool is_over;			/* budget spent: stopped before the end */
	bool is_partial;		/* paths were left out: what was seen is true, but not all there is */
	uint16_t *site_flags;		/* per instruction: SITE_* */
	int *loop_end;			/* loop.c: per block, the last of the loop that begins there; or NULL */
	struct candidate *found;
	int nfound, found_cap;
	struct handed handed;
	struct held_list held;
	struct sim_proof *proof;	/* for verify; or NULL */
	struct { const struct model_guard *guard; const struct sym *addr; } guarded[32];
	int nguarded;			/* cells seen that a model says a lock guards */
	struct { const struct sym *lock; const char *class_name, *kind; } callers[8]; /* locks of callers' that it releases on some path; lock: or NULL */
	int ncallers;
	struct { int site; int64_t number; } numbers[8];	/* doubt.c: what was taken at site a callee releases, and returns that */
	int nnumber;
	uint32_t calls_params;
	struct seen **seen;		/* evidence.c: per instruction; or NULL */
	bool in_turn;			/* a callback is being applied */
	struct sleep sleeps[SIM_SLEEPS];	/* in the simulation's symbols */
	int nsleep;
	bool has_puts;			/* gives a reference back on some path */
	struct { const struct sym *of, *value; } closed[SIM_CLOSED];	/* fill.c: the program's symbols, in syms */
	const char *callee;		/* the function that the call being applied names */
	int *phis, nphi;		/* the phis whose values keep paths apart */
	unsigned char *is_tail;		/* per block: nothing but phis and a way to the return */
};

/* Simulate the node; its facts go to the result, its summary into the node. */
void simulate_node(struct analysis *an, struct node *n);
/* Simulate it once more, for the facts it then makes; its summary stays. */
void simulate_again(struct analysis *an, struct node *n);
/* The node's summary, maybe not read, when those functions are given for its parameters; NULL when too deep. name: as in record_body(). */
struct summary *simulate_special(struct analysis *an, struct node *n, const char *name,
				 const struct sym *const bound[8]);

/* Count a decision to stay quiet. */
void unsure(struct analysis *an, enum unsure_kind kind, struct place at);

/* simulate.c, for the others */
/* Keep st for the block being run, to go on at its pc. */
void sim_continue(struct sim *sim, struct state *st);
/* Note what went wrong; the last step of st is the fault. Doubles are dropped. */
void sim_candidate(struct sim *sim, const struct candidate *c);
/* The number of an instruction. */
static inline int sim_site(const struct sim *sim, const struct insn *in)
{
	return (int)(in - sim->fn->insns);
}
/* The body of a function symbol, or NULL; it is put down that it was asked for, by_name if only its name is given. */
static inline struct node *sim_body(const struct sim *sim, const struct sym *func, bool by_name)
{
	struct node *n = func->value ? sim->an->program.nodes[func->value - 1] : NULL;

	record_body(sim->an, n, n && !by_name ? NULL : func->name);
	return n;
}
/* What the function that a call names does; NULL if it was not read. It is put down likewise. */
static inline const struct summary *sim_summary_of_call(const struct sim *sim, const struct insn *call)
{
	struct node *n;

	if (call->args[0].kind != ARG_FUNC)
		return NULL;
	n = program_resolve(&sim->an->program, sim->node, call->args[0].name);
	record_body(sim->an, n, call->args[0].name);
	return n ? node_summary(n) : NULL;
}
/* Name a function that is over budget. */
void simulate_over_budget(struct analysis *an, const struct func *fn);

/* execute.c */
/* Run an instruction that is neither call nor terminator. A fork goes on through sim_continue(). */
void execute_insn(struct sim *sim, struct state *st, const struct insn *in);
/* Give the phis of block to their values on the way from block from. */
void execute_phis(struct sim *sim, struct state *st, int from, int to);
/*
 * May the value of the switch be none of its cases? clang leaves a scope with cleanups by a switch over numbers that it
 * has put down itself: paths that were merged have lost which, but it is one of them.
 */
bool execute_has_default(const struct sim *sim, const struct insn *in);
const struct sym *sim_eval(struct sim *sim, const struct state *st, const struct arg *a);
/* The same, or the integer it is known to be. */
const struct sym *sim_eval_resolved(struct sim *sim, const struct state *st, const struct arg *a);
/* The address that a load or a store goes to. */
const struct sym *sim_address(struct sim *sim, struct state *st, const struct insn *in);
/* What is called. Of a function called by its name only what its body does counts, not which one it is. */
const struct sym *sim_eval_callee(struct sim *sim, const struct state *st, const struct insn *call);
const struct sym *sim_load(struct sim *sim, struct state *st, const struct sym *addr, int site);

/* join.c: take the pending states of a block, merged as far as they may be. */
struct state *join_pending(struct sim *sim, int block);
/* The same for a list, newest first, of states that are all at the same place in the block. */
struct state *join_states(struct sim *sim, struct state *list, int block);

/* apply.c: run the call; st goes on (or its forks do) through sim_continue(). */
void apply_call(struct sim *sim, struct state *st, const struct insn *in);
/* The value a body gives the call, where all its cases agree on an expression; else NULL. Changes nothing. */
const struct sym *apply_result_of(struct sim *sim, struct state *st, const struct insn *in, struct node *body);

/* iterate.c */
/* What the model says of a callback, or NULL. */
const struct effect *iterate_effect(const struct model_func *m);
/*
 * Apply that callback as often as e says, then what else m says; all states go on through sim_continue(). False,
 * with nothing changed, when the callback is not known.
 */
bool iterate_call(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m,
		  const struct effect *e);

/* primitive.c */
/* All that a model says; the call's value is set. st goes on or forks through sim_continue(). */
void primitive_apply(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m,
		     struct node *body);
/* The same once the value is set. */
void primitive_effects(struct sim *sim, struct state *st, const struct insn *in, const struct model_func *m);
struct lock_event {
	const struct sym *lock;
	const char *kind;
	enum lock_mode mode;
	bool try, nested, recursive, is_vague;
	int hops;			/* as in struct held */
	bool is_maybe;			/* the callee does it in some cases only */
	bool is_last;			/* taken with the last reference only: who has another never meets it */
	bool is_guess;			/* the callee does it if something that it was given says so, and nobody knows */
	int arg;			/* the operand of the call that it was reached from; 0 unknown */
	const char *callee;		/* the function called */
	struct place at;
	int site;
	const struct trace *inner;	/* a callee's steps, or NULL */
};
void primitive_take(struct sim *sim, struct state *st, const struct lock_event *e);
void primitive_release(struct sim *sim, struct state *st, const struct lock_event *e);

/* ask.c */
/* The result of a call of callee that tells whether a lock is held; false: it is none such. */
bool ask_answer(struct sim *sim, struct state *st, const struct insn *in, const char *callee);

/* sleep.c */
/* The call sleeps, if cond (NULL: always) is true. */
void sleep_call(struct sim *sim, struct state *st, const struct insn *in, const struct sym *cond);
/* The callee's summary says when it sleeps. */
struct fill;
void sleep_inner(struct fill *f, const struct insn *in, const struct summary *s, const char *callee);
/* Put what callers are to know into the summary. */
void sleep_keep(struct sim *sim, struct summary *s);

/* reference.c */
/* count gets (or puts when negative) of r's object. inner: the callee's steps, or NULL. */
void reference_count(struct sim *sim, struct state *st, const struct ref *r, int count, const struct insn *in,
		     const char *callee, const struct trace *inner);
/* A lookup gives back the reference of r's object, which it is given to start from. */
void reference_drop(struct sim *sim, struct state *st, const struct ref *r, const struct insn *in);
/* What case c of a callee's summary s does to r, which is inner_object in the callee's terms. */
void reference_apply(struct sim *sim, struct state *st, const struct ref *r, const struct insn *in,
		     const struct summary *s, const struct scase *c, const struct sym *inner_object, const char *callee);
/* The reference on object, if there is one, is somebody else's business from now on. */
void reference_hand_on(struct sim *sim, struct state *st, const struct sym *object, struct place at);
/* The same of object, all that is stored in it and what was counted of all that it leads to. Callers hear of what is in it. */
void reference_manage(struct sim *sim, struct state *st, const struct sym *object, struct place at);
/* What a call may do to references behind our back. s: of the callee; NULL when it was not read. */
void reference_pass(struct sim *sim, struct state *st, const struct insn *in, const struct summary *s);
/* The path learnt that c is true: an object that is another by another name is not ours to judge. */
void reference_learn(struct sim *sim, struct state *st, const struct sym *c, struct place at);
/* The memory of object is freed, and so are the pointers in it. */
void reference_free(struct sim *sim, struct state *st, const struct sym *object, struct place at);

/* guide.c */
/* st enters the block: remember it. False when the simulation is to go another way. */
bool guide_enter(struct sim *sim, struct state *st, int block);
/* Let the simulation go only the way on which the candidate was found. */
void guide_set(struct sim *sim, const struct candidate *c);
/* Does the path tell by itself? Else it takes the exits of others. */
bool guide_is_enough(const struct candidate *c);
/* It went that way: is the lock that the candidate says was left held at an exit? */
bool guide_holds(const struct sim *sim, const struct candidate *c);

/* loop.c */
/* Going back to a loop's head: false when it has been round often enough. Inner loops start over. */
bool loop_turn_again(struct state *st, int to);
/* st goes back from the end of block from to block to. */
void loop_round(struct sim *sim, const struct state *st, int from, int to);
/* What was taken at instruction taken is released at instruction released. */
void loop_release(struct sim *sim, int taken, int released);
/* A reference that was got at instruction got is given back at instruction put. */
void loop_put(struct sim *sim, int got, int put);
/* Does a loop take at that instruction a lock each turn, all of which are kept until later? */
static inline bool loop_collects(const struct sim *sim, int site)
{
	return (sim->site_flags[site] & (SITE_ROUND | SITE_IN_TURN)) == SITE_ROUND;
}

/* Does a loop get at that instruction a reference each turn, for another loop to give back? */
static inline bool loop_gathers(const struct sim *sim, int site)
{
	return !(~sim->site_flags[site] & (SITE_REF_ROUND | SITE_UNWOUND));
}

/* The block that the instruction is in. */
int loop_block_of(const struct sim *sim, int insn);
/* Does the operand arg of the call at that instruction depend on what a loop that it is in sets each turn? */
bool loop_changes(struct sim *sim, int site, int arg);

/* doubt.c */
/* The path releases a lock of its callers'. */
void doubt_released(struct sim *sim, const struct lock_event *e);
/* What a call returned: a number in a case that has released locks which were held before. */
void doubt_number(struct sim *sim, const struct state *before, const struct state *st, const struct sym *ret);
/* The exit holds h, and returns a number by which a callee would say that it was released: but it is another's. */
bool doubt_is_number(const struct sim *sim, const struct state *st, const struct held *h);
/* A call that only looks at something: of a function that changes nothing. */
bool doubt_is_question(const struct sim *sim, const struct insn *in);
/* The path asked the same twice, before h was taken and after, and got two answers. */
bool doubt_is_asked_again(const struct sim *sim, const struct state *st, const struct held *h);
/* All that releases what was taken at that instruction asks a flag of the function's first, which callees were given. */
bool doubt_is_released_if_told(const struct sim *sim, int site);
/* The lock is released at that instruction, and was taken at taken. */
void doubt_note_release(struct sim *sim, int taken, int site);
/* The path ends where a field of bits had none of the values that the function asks for. */
bool doubt_is_left_over(const struct sim *sim, const struct state *st);
/* Before exits become cases: what callers are told of locks that are theirs on another path. */
void doubt_callers(struct sim *sim);
/* Is what is taken at that instruction taken because a flag which callees set says so? */
bool doubt_is_told(struct sim *sim, int site);
/* The path learns that c is true, or not: a pointer from somebody unknown, if it is no error, is one. */
void doubt_null(struct sim *sim, struct state *st, const struct sym *c, bool truth);
/* Is it not believed that the lock, which is held by old, is taken again? */
bool doubt_again(struct sim *sim, const struct lock_event *e, const struct held *old);

/* doubt_ref.c */
/* A callee that is gone the one way would have given references back on the other case, and nothing tells which it was. */
void doubt_ref_spared(struct fill *f, const struct state *before, const struct scase *other, struct place at);
/* The path takes that branch: is what it learns that an object of ours is somebody's who keeps it? */
void doubt_ref_branch(struct sim *sim, struct state *st, const struct insn *in, bool truth);
/* Has a function that was asked said that objects of that kind are not counted? (model section "uncounted") */
bool doubt_ref_uncounted(const struct sim *sim, const struct state *st, const struct ref *r);
/*
 * Has a callee that was given the object returned a number above 0, where it can return 0 and the function asks for
 * errors only? As a rule that does not happen, and what it has done with the object is what it does with 0.
 */
bool doubt_ref_taken_for_success(struct sim *sim, struct state *st, const struct ref *r);
/* The object is used after a put: is a callee, from here on, to put it once more? */
bool doubt_ref_put_later(const struct sim *sim, const struct state *st, const struct sym *object);
/* value is about to be stored at addr: does it keep a cleanup from giving back what was there? */
void doubt_ref_disarmed(struct sim *sim, struct state *st, const struct insn *in, const struct sym *addr, const struct sym *value);

/* borrow.c */
/* The object of pointer is used: report if its borrow has ended, note it for callers. */
void borrow_use(struct sim *sim, struct state *st, const struct sym *pointer, const char *struct_name,
		const char *field, struct place at);
/* A pointer is read at addr: a use of the object, but one that says little. */
void borrow_read_pointer(struct sim *sim, struct state *st, const struct sym *addr, const struct insn *load);
/* It is counted, here or in a callee. */
void borrow_keep(struct sim *sim, struct state *st, const struct sym *pointer, struct place at);
/* A callee uses it. */
void borrow_use_inner(struct sim *sim, struct state *st, const struct sym *pointer, const struct use *u,
		      struct place at, const char *callee);
/* The element of a turn that is over is still in a global: report it if nothing keeps it. */
void borrow_kept(struct sim *sim, struct state *st, const struct cell *c, const struct dead *d);
/* Is there a finding here about the end of that borrow? Then callers need not hear of it again. */
bool borrow_is_told(const struct sim *sim, const struct dead *d);
/* Is addr that of a field of which a model says that somebody keeps what is stored there? */
bool borrow_is_home(const struct sim *sim, const struct sym *addr);
/* Is it a pointer to root, or to something that root looks after? */
bool borrow_is_owned(const struct sim *sim, const struct sym *pointer, const struct sym *root);
/* Is the pointer in such a field? */
bool borrow_has_home(const struct sim *sim, const struct state *st, const struct sym *pointer);
/* A lock is released: what it guarded is no longer kept. */
void borrow_unlock(struct sim *sim, struct state *st, const struct sym *lock, const struct trace *step);
/* Remember cells a model says are guarded, as symbols that mention them appear. */
void borrow_see(struct sim *sim, const struct sym *addr);
/* The object is given back. */
void borrow_put(struct sim *sim, struct state *st, const struct sym *object, struct place at);
/* Has the borrow of pointer's object ended on this path (not by a put), with nothing else keeping it? Else NULL. */
const struct dead *borrow_ended(const struct sim *sim, const struct state *st, const struct sym *pointer);

/* mixed.c: callee, a function called by its name, may use what was made for another object. */
void mixed_call(struct sim *sim, struct state *st, const struct insn *in, const char *callee);

/* section.c */
/* value, a pointer, was read by load: in a read section that may be all that keeps what it leads to. */
void section_read(struct sim *sim, struct state *st, const struct sym *value, const struct insn *load);
/* The same of what a call gave. */
void section_lend(struct sim *sim, struct state *st, const struct sym *value, enum lent lent);
/* The object is counted: whatever has lent it, it stays. */
void section_keep(struct sim *sim, struct state *st, const struct sym *pointer);
/* Something is taken out of where things are looked up: what was found there under a lock is nobody else's any more. */
void section_take_out(struct sim *sim, struct state *st);
/* A read section, or another lock, ends. */
void section_end(struct sim *sim, struct state *st, const struct sym *lock, const char *kind, const struct trace *step);
/* Is st within a read section? */
bool section_holds(const struct sim *sim, const struct state *st);
/* At the exits: do other paths come by what is returned with no section? */
void section_doubt(struct sim *sim);
/*
 * All was simulated: where many functions use what one lookup gives after its own section, they keep it in another way,
 * and it is in doubt that any is wrong.
 */
void section_settle(struct analysis *an);
/* What keeps value's object, if that is a read section of our callers'. */
enum lent section_lent(const struct state *st, const struct sym *value);

/* leak.c: look at all exits. */
void leak_check(struct sim *sim);
/* The classes that what the exit returns may be in. */
unsigned leak_ret_mask(const struct state *st);
/*
 * The exit keeps what others, which return values within given, gave back. Is that a mistake? Not when the
 * result tells them apart and this one is the success.
 */
bool leak_is_mistake(const struct sim *sim, const struct state *st, unsigned given);

/* leak_sure.c */
/* The lock's release needs a number that its taking gave, and no way leads from there to anybody who looks at it. */
bool leak_is_lost(struct sim *sim, const struct held *h);
/* A lock of the callers' that a note says the function releases, as another exit does, and this one keeps; or NULL. */
const struct held *leak_keeps_noted(const struct sim *sim, const struct state *st);
/* Has the path to the exit touched no lock, changed nothing, and called nobody who might have? */
bool leak_did_nothing(const struct sim *sim, const struct state *st);

/* leak_ref.c */
/* Look at the references of an exit. */
void leak_check_refs(struct sim *sim, struct state *st);
/* Where a counted object is at an exit. */
enum whereabouts {
	WITH_US,	/* nowhere that others look */
	WITH_CALLER,	/* returned, or in an out parameter: the caller has the reference now */
	STORED,		/* in an object or list that somebody else looks after */
};
enum whereabouts leak_whereabouts(const struct sim *sim, const struct state *st, const struct sym *object);

/* explain.c: candidates to facts. */
void explain_add(struct analysis *an, const struct fact *f);
void explain_candidates(struct sim *sim);
/* Is there a step of that kind and place in a callee's part, among the first n steps of f? */
bool explain_goes_by(const struct fact *f, int n, enum step_kind kind, struct place at);
/* Take the evidence out of the facts, into an array to be freed; its number. */
size_t explain_take(struct infer_result *r, bool (*is_evidence)(const struct fact *f), const struct fact ***out);

#endif
