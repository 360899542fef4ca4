/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_HELD_H
#define INFER_HELD_H

/*
 * What is held where: for each lock that a function takes and each call it makes, the locks that it holds there
 * by its own doing, seen on feasible paths. It is noted while a function is simulated, kept with what else is known
 * of it, and read when all is known: an order of locks, and what is held on entry to others, follow from the notes
 * of the whole program. A function that comes to no lock and to no call through a pointer has no notes.
 *
 * Paths are not kept, but for one thing: of the first parameters, which signs of values (MASK_*) were seen there,
 * and which are passed on. That is what tells the callers of "take it if you must" apart.
 */

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

struct arena;
struct fill;
struct insn;
struct lock_event;
struct node;
struct packer;
struct sim;
struct state;
struct summary;
struct sym;
struct unpacker;

enum { HELD_PARAMS = 8 };	/* parameters and arguments looked at */

enum held_note_kind {
	HELD_TAKE,	/* waits for a lock of class name */
	HELD_CALL,	/* calls the function name */
	HELD_FIELD,	/* calls what the field name ("struct.field") has */
	HELD_PARAM,	/* calls its parameter number param */
	HELD_GIVEN,	/* the call noted before this is given the function name as its argument number param */
	HELD_WAIT,	/* waits for what was set up in name ("struct.field", a variable); lock_kind: its field with the function */
	HELD_SETUP,	/* sets the function name up in lock_kind ("struct.field.function"): somebody may wait for it;
			 * param 0: those that the field name has */
	HELD_NOTES
};

/* A lock held, or one of the callers' that is not held any more. */
struct held_lock {
	const char *class_name, *kind;
	bool is_shared, is_try, is_released;
	int8_t arg;		/* of a call: the argument that leads to the object it is in; -1: none does */
	struct place at;	/* where it was taken */
};

struct held_note {
	uint8_t kind;		/* enum held_note_kind */
	bool is_shared, is_warned;
	int8_t param;
	int8_t from[HELD_PARAMS];	/* of a call: the argument is that parameter; -1: it is none */
	uint32_t need, args;	/* four bits for each: values that were seen; of parameters, of arguments */
	const char *name, *lock_kind;
	struct place at;
	int nlock;
	struct held_lock *locks;
};

/* The notes of one simulation, in its arena. */
struct held_list {
	struct held_note *items;
	int n, cap;
};

/* A lock is waited for. */
void held_take(struct sim *sim, struct state *st, const struct lock_event *e);
/* The callee of a case takes a lock that has a name here only. */
void held_take_inner(struct sim *sim, struct state *st, const struct lock_event *e, const struct sym *inner);
/* A function is called by name, or is a callback that is called now: nothing is known of its arguments then. */
void held_call(struct sim *sim, struct state *st, const struct insn *in, const struct node *body, bool is_callback);
/* A call through a pointer. */
void held_indirect(struct sim *sim, struct state *st, const struct insn *in, const struct sym *callee);
/* The call waits for what is behind argument arg, whose function is in that field of it. */
void held_wait(struct sim *sim, struct state *st, const struct insn *in, int arg, const char *field);
/* The call sets up what is behind argument arg: the function in argument callback goes into that field. */
void held_setup(struct sim *sim, struct state *st, const struct insn *in, int arg, int callback, const char *field);
/* The call has the function in argument callback run with the only lock of that kind held. */
void held_setup_under(struct sim *sim, struct state *st, const struct insn *in, int callback, const char *kind);
/* The notes are the node's from now on. */
void held_keep(struct sim *sim);

void held_pack(struct packer *p, const struct held_note *notes, int n);
/* The same notes, in a; sets *n. */
const struct held_note *held_unpack(struct unpacker *u, struct arena *a, int *n);

#endif
