/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_EVIDENCE_H
#define INFER_EVIDENCE_H

/*
 * What a function does where, and with which locks held: its calls, the fields it touches, the locks it says must be
 * held. The simulation gathers it path by path; it is kept with the summary and read when all functions are known, to
 * find what locks guard and who goes without (missing.c). Locks are known by their class.
 */

#include <stdbool.h>

#include "flow/flow.h"
#include "infer/names.h"

struct arena;
struct packer;
struct sim;
struct state;
struct unpacker;

enum evidence_kind {
	EVIDENCE_CALL,		/* name: the function called */
	EVIDENCE_SLOT,		/* a call through a field of an ops table. name: "iommu_ops.attach_dev" */
	EVIDENCE_POINTER,	/* a call through another pointer */
	EVIDENCE_ASSERT,	/* says that one of the locks in want is held */
	EVIDENCE_ACCESS,	/* name: a field, "iommu_group.devices", or a global variable */
	EVIDENCE_INIT,		/* name: the class of a lock that is initialised */
	EVIDENCE_LEFT,		/* a return, with what it took still held */
	EVIDENCE_KINDS
};

/* How a field is touched. TOUCH_LINK: it is the head of a list, and its link is. TOUCH_COMPLAINT: an assertion
 * that stands in a condition. */
enum { TOUCH_WRITE = 1, TOUCH_ADDRESS = 2, TOUCH_LINK = 4, TOUCH_NEW = 8, TOUCH_COMPLAINT = 16 };

struct sighting {
	enum evidence_kind kind;
	int touch;			/* TOUCH_*; TOUCH_NEW: of an object just made here */
	int site;			/* the first instruction of this kind */
	int count;			/* how many there are */
	const char *name;
	const char *from;		/* ACCESS: the function that returned the object; or NULL */
	const struct names *want;
	const struct names *held;	/* on some path there */
	const struct names *sure;	/* on all paths there */
	const struct names *own;	/* of sure: those of the object touched, and global ones */
	const struct names *gone;	/* on all paths: known not to be held, since they were released here */
};

struct evidences {
	int n;
	bool is_cut;			/* not all paths were seen */
	bool is_partial;		/* nor all calls, perhaps: more may be held at any, or it is not made at all */
	bool has_locks;			/* some lock is held somewhere; if not, calls are left out */
	struct sighting *items;
};

/* st is about to run the instruction. */
void evidence_see(struct sim *sim, struct state *st, const struct insn *in);
/* All that was seen, for the node. Lives in a. */
const struct evidences *evidence_make(struct sim *sim, struct arena *a, bool is_partial);

void evidence_pack(struct packer *p, const struct evidences *e);
/* NULL when it makes no sense. */
const struct evidences *evidence_unpack(struct unpacker *u, struct arena *a);

#endif
