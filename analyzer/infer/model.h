/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_MODEL_H
#define INFER_MODEL_H

/*
 * Models: what is known of the kernel that its code does not say. They are data, in
 * YAML files under rules/models/ and in files given by --models; the engine names no
 * kernel function. What can be understood from a body (wrappers, guard classes) has
 * no model.
 *
 * A model of a function replaces what its body does to locks and references. Its
 * return value and memory effects still come from the body when there is one, unless
 * the model says opaque.
 */

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define MODEL_RET (-1)	/* in place of an argument number: the return value */
#define MODEL_NONE (-2)	/* no argument: one global lock of that kind (RCU) */

enum effect_kind {
	EFFECT_TAKE,	/* takes a lock */
	EFFECT_RELEASE,	/* releases a lock */
	EFFECT_DOWNGRADE, /* exclusive becomes shared */
	EFFECT_ASSERT,	/* the lock must be held by the caller (lockdep_assert_held and friends) */
	EFFECT_GET,	/* adds a counted reference to the object */
	EFFECT_PUT,	/* gives one back; NULL is allowed if null_ok */
	EFFECT_FIND,	/* returns an object with a counted reference (or NULL, or an error pointer), or puts it in *arg */
	EFFECT_ITERATE,	/* calls a callback for each of many objects */
	EFFECT_MATCH,	/* calls a callback for each until it returns non-zero; a FIND usually goes with it */
	EFFECT_CALL,	/* calls a callback once, now, with the given argument */
	EFFECT_ERROR,	/* returns its argument, known to be an error number or 0 (ERR_PTR) */
	EFFECT_OWN,	/* takes over the caller's reference to the object (released later by someone else) */
	EFFECT_LEAVE,	/* leaves the caller with a reference that nobody else will give back (initialised, not registered) */
	EFFECT_FREE,	/* frees the memory of its argument: what is stored there is gone */
	EFFECT_NONE,	/* known to do nothing to locks or references */
	EFFECT_NORETURN,/* does not return */
	EFFECT_ALLOC,	/* returns a new object that nobody else knows, or NULL */
	EFFECT_ALLOC_MANAGED, /* the same, freed by itself when the probe of its device fails */
	EFFECT_STORE,	/* keeps its argument beyond the call (work that runs later) */
	EFFECT_MANAGE,	/* gives back later what its argument leads to (device resources, work) */
	EFFECT_WARN,	/* says that something impossible has happened: its path is spoken of more quietly */
	EFFECT_NOT_NULL,/* never returns NULL (an error pointer, perhaps) */
	EFFECT_SLEEP,	/* may sleep, if its argument (when there is one) has one of bits; does nothing to locks or references */
	EFFECT_LAST,	/* counts down; with that result the count was at its end, and the caller is the last to have it */
	EFFECT_KEEP,	/* counts its argument's object in a way that is not followed: it stays */
	EFFECT_TAKE_OUT,/* takes something out of where it can be looked up, under the lock of those who do */
	EFFECT_LEND_LIKELY,	/* LEND, as a rule: what is in a table may be freed in other ways */
	EFFECT_LEND,	/* returns what a read section keeps, if one is all that its caller has */
	/* These are in model.hints, not among the effects: they change nothing of what is held. */
	EFFECT_INIT,	/* initialises a lock */
	EFFECT_ASK,	/* tells whether a lock is held */
	EFFECT_COMPLAIN,/* says that a lock which was asked for just before is not held */
	EFFECT_ASSERTED,	/* asserts that its caller holds a lock: told of those only whose body was not read */
	EFFECT_ENLIST,	/* puts something on the list whose head is its argument */
	EFFECT_DELIST,	/* takes its argument off the list that it is on */
	EFFECT_WAIT,	/* waits until what its argument was set up for has run: the function in field what of it */
	EFFECT_SETUP,	/* sets up its argument: the function in argument callback goes into field what of it */
	EFFECT_BALANCED,/* leaves what its caller has as it was; which locks it takes meanwhile its body tells */
};

enum lock_mode { LOCK_EXCLUSIVE, LOCK_SHARED };

/* When a TAKE or GET happened, by the return value of the function. */
enum effect_when {
	WHEN_ALWAYS, WHEN_ZERO, WHEN_NONZERO, WHEN_NONNEGATIVE, WHEN_NEGATIVE,
	WHEN_VALID,		/* not NULL, no error pointer */
};

struct effect {
	enum effect_kind kind;
	enum effect_when when;
	int arg;		/* argument with the lock or object, from 0; MODEL_RET; MODEL_NONE */
	int owner_arg;		/* TAKE: argument that, if not NULL, owns the lock: gives it back, refuses to take it twice; or -1 */
	int nested_arg;		/* TAKE: argument that declares nesting if not 0 (a lockdep subclass), or -1 */
	const char *what;	/* lock kind ("mutex", "spin", "rwsem", "rcu", ...) or reference kind ("device", "of_node", ...) */
	enum lock_mode mode;	/* TAKE, ASSERT, RELEASE */
	bool try;		/* TAKE: fails rather than waits */
	bool nested;		/* TAKE: always declared nesting (mutex_lock_nest_lock and friends) */
	bool sure_unowned;	/* TAKE: without an owner it does not fail, whatever when says */
	bool recursive;		/* TAKE: may be taken again by the holder (RCU, read side of rwlock); RELEASE: as often */
	bool counting;		/* TAKE, GET: a count that lasts (semaphores, modules): nothing is said of one left taken */
	int bits;		/* SLEEP */
	bool lasting;		/* FIND: kept for good as a rule: one left is a mistake if another path gives it back */
	bool null_ok;		/* PUT, GET: NULL is allowed and does nothing */
	int from_arg;		/* FIND, GET: the argument whose reference is given back as well, NULL allowed; or -1 */
	/* ITERATE, MATCH, CALL */
	int callback;		/* argument that is the function */
	int data;		/* argument handed to it, or -1 */
	int element_param;	/* parameter of the callback that is the object, or -1 */
	int data_param;		/* parameter of the callback that gets data, or -1 */
	bool stops;		/* ITERATE: a non-zero return of the callback ends it and is returned */
	const char *element;	/* struct of the object: "device" */
	const char *keeps;	/* what the iteration keeps: "memory" */
	const char *say;	/* why something else keeps the object too, as a rule; or NULL */
	int set;		/* argument that is the set iterated over, or -1 */
	const char *member_struct, *member_field;	/* the field of the object that names its set; or NULL */
};

/* Everything said of one function, over all files. */
struct model_func {
	const char *name;
	int neffect;
	struct effect *effects;
	bool opaque;		/* do not look into the body at all */
	int returns;		/* argument it returns as it is (or NULL, if its GET is WHEN_VALID); MODEL_NONE */
	const char *file;	/* the model file, and the line of the (last) entry, for messages */
	int line;
};

/* A field whose pointers are kept by a lock of the same object. */
struct model_guard {
	const char *struct_name, *field;	/* "iommu_group", "devices" */
	const char *lock_struct, *lock_field;	/* "iommu_group", "mutex": a lock in the same object if the structs agree */
	const char *lock_global;		/* or a global lock; else NULL */
	bool is_list;				/* the field is a list head: what hangs on it is kept too */
};

/* A field that may be used only while its object has a keeper of that sort. */
struct model_need {
	const char *struct_name, *field;	/* "device", "iommu" */
	const char *keeper;			/* "group member", "bound", "registered" */
	const char *say;			/* one clause for people: what goes wrong */
	bool is_anyone;				/* keeper "anyone": whoever keeps the object will do, known or not */
};

/* What is held while an ops-table callback runs. */
struct model_context {
	const char *struct_name, *field;	/* "device_driver", "probe" */
	int param;				/* the parameter that leads to the lock's object; MODEL_NONE for none */
	const char *in_struct, *in_field;	/* where in what it points to the object is: "pci_dev", "dev"; or NULL */
	const char *lock_struct, *lock_field;	/* "device", "mutex" */
	const char *lock_global;
	const char *kind;			/* of the lock: "mutex" */
	bool is_shared;
	const char *on;				/* the variable that is the set the object is in; or NULL */
	bool unbinds;				/* ends what the driver has begun with the object */
};

/* A field that points to what its object looks after: it goes when the object does. */
struct model_owned {
	const char *struct_name, *field;	/* "device", "of_node" */
};

/* A function that makes an object for another one (a domain for a device), or uses the two together. */
struct model_maker {
	const char *function;
	bool is_use;
	int arg;			/* a use: the argument that is the object made */
	int with;			/* the argument that it is made for, or used with */
	const char *struct_name, *field;	/* what tells that they belong together: "iommu_domain", "owner" */
};

/* A field of which a query speaks, if nobody names one. */
struct model_ask {
	const char *query;			/* "alloc-depends" */
	const char *struct_name, *field;	/* "iommu_ops", "domain_alloc_paging" */
};

/* How who finds a lock taken waits for it. */
enum lock_wait { WAIT_SPINNING, WAIT_ASLEEP, WAIT_NEVER };

struct model_kind {
	const char *name;	/* of a kind of lock: "mutex" */
	enum lock_wait wait;
	bool is_atomic;		/* who holds one must not sleep */
	bool has_contexts;	/* who takes one may hold others of its class, and is told if it has this one */
};

/* What a word in the name of a function promises. */
enum name_sense {
	NAME_GETS,		/* what it returns came with a reference, that is given back by way of it */
	NAME_UNDOES,		/* what it gives back is the reference of whoever registered the object */
	NAME_ALONE,		/* it makes something, or takes it apart: nobody else has it */
};

struct model_name {
	const char *word;
	enum name_sense sense;
};

/* What a function has to do with locks, without changing which are held. */
struct model_hint {
	enum effect_kind kind;
	const char *function;
	int arg;			/* the lock; MODEL_NONE: all of lock_kind; SETUP: a function that runs with it held */
	const char *lock_kind;		/* or NULL */
	const char *lock_class;		/* ASSERTED: which lock; else NULL */
	const struct model_hint *next;	/* of the same function; or NULL */
};

/* A class of locks that says nothing of an order: many of them are held at once, or it is one for too many things. */
struct model_class {
	const char *name;
};

/*
 * What "devscope verify" takes as promised (rules/models/FORMAT.md, "fields, lists, contracts"). Clauses are kept as they
 * stand in the file: contract.c understands them.
 */
struct model_field {
	const char *struct_name, *field;
	const char *to;			/* the struct that it points to; or NULL */
	const char *lock;		/* path from its struct to the lock that guards it, "bus->lock"; or NULL */
	const char *keeper;		/* "owner": what it points to lives as long as its struct; "forever"; or NULL: the lock */
	const char *counts;		/* it owns a reference of that kind */
	const char *counter;		/* it is the count of references of that kind */
	const char *in;			/* path to the head of the list that what it points to is linked in; or NULL */
	const char *with;		/* the list head of its struct without whose members it is NULL; or NULL */
	const char *gone;		/* why it owns nothing any more when its struct is freed; or NULL */
};

struct model_list {
	const char *head_struct, *head;		/* "bus", "devices" */
	const char *node_struct, *node;		/* "device", "on_bus" */
	const char *back;			/* the field of the linked struct that points to the one with the head */
	const char *lock;			/* path from the struct with the head to the lock */
	const char *counts;			/* the list owns a reference of that kind to what it links */
};

struct model_contract {
	const char *of;				/* "function", "struct.field" of an ops table, "function.parameter" */
	const char *params;			/* "name: struct, name": of what is called through a pointer */
	const char *needs, *ensures, *gives, *consumes, *acquires, *releases, *may_take, *does;
	const char *file;
	int line;
};

/*
 * A kind of reference that not all objects count: those with a table of functions that has none in that field do not, or
 * those of which a function that is asked says so.
 */
struct model_uncounted {
	const char *kind;			/* "node" */
	const char *struct_name, *field;	/* "fwnode_operations", "get"; or NULL */
	const char *asked;			/* "is_acpi_node"; or NULL */
	bool answer;				/* ... and what it says of what is not counted */
};

struct model {
	struct model_func **funcs;	/* sorted by name */
	int nfunc;
	struct model_spot {		/* what is said of functions, by name: for model_find() and model_find_hint() */
		const char *name;	/* interned; NULL: free */
		const struct model_func *func;	/* or NULL */
		const struct model_hint *hint;	/* the first; or NULL */
	} *spots;
	size_t nspot;			/* a power of two; 0: nothing is said of any */
	struct model_guard *guards;
	int nguard;
	struct model_need *needs;
	int nneed;
	struct model_context *contexts;
	int ncontext;
	struct model_kind *kinds;
	int nkind;
	struct model_owned *owned;
	int nowned;
	struct model_name *names;
	int nname;
	struct model_hint *hints;
	int nhint;
	struct model_class *classes;
	int nclass;
	struct model_maker *makers;
	int nmaker;
	struct model_field *fields;
	int nfield;
	struct model_list *lists;
	int nlist;
	struct model_contract *contracts;
	int ncontract;
	struct model_ask *asks;
	int nask;
	struct model_uncounted *uncounted;
	int nuncounted;
	unsigned long long hash;	/* of all file contents: part of cache keys */
};

/*
 * Read every *.yaml file of folder dir (in name order; NULL for the built-in place) and then the
 * files extra[0..nextra-1]. On a mistake: die() with file, line, column and what was expected.
 * The model lives in a.
 */
const struct model *model_load(struct arena *a, const char *dir, const char *const *extra, size_t nextra);
/* What is known of the function, whose name is interned, or NULL. */
const struct model_func *model_find(const struct model *m, const char *name);
/* Is an effect of that kind among what is known of the function? f may be NULL. */
bool model_does(const struct model_func *f, enum effect_kind kind);
/* The next hint of that kind after one (NULL: the first) for the function, whose name is interned; or NULL. */
const struct model_hint *model_find_hint(const struct model *m, enum effect_kind kind, const char *function,
					 const struct model_hint *after);
/* Has the name of a function a word of that sense? */
bool model_name_says(const struct model *m, const char *name, enum name_sense sense);
/* What the field needs (both names interned), or NULL. */
const struct model_need *model_find_need(const struct model *m, const char *struct_name, const char *field);
/* Does what the field points to live no longer than the object that has it? Of a struct in that object the name alone tells. */
bool model_is_owned(const struct model *m, const char *struct_name, const char *field);
/* What the (interned) function makes, or uses with what; or NULL. */
const struct model_maker *model_find_maker(const struct model *m, const char *function);
/* How one waits for a lock of that kind (an interned name); spinning if no model says otherwise. */
enum lock_wait model_wait(const struct model *m, const char *kind);
/* Is there an order between locks of that class (an interned name) and others? */
bool model_has_order(const struct model *m, const char *class_name);
/* Must who holds a lock of that kind not sleep? */
bool model_is_atomic(const struct model *m, const char *kind);
/* May several of a class be held under one acquire context, which refuses what it has? */
bool model_has_contexts(const struct model *m, const char *kind);

#endif
