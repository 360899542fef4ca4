/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_NOTES_H
#define INFER_NOTES_H

/*
 * The notes of a function, for the passes over the whole program: its evidence (evidence.h) and what it holds where
 * (held.h). They are kept as one piece of bytes that says all and depends on nothing else: programs whose functions
 * have equal notes, calls and ops tables have equal findings of those passes (whole.h), and then nobody reads them.
 */

#include <stdbool.h>
#include <stddef.h>

struct analysis;
struct node;
struct packer;

/* Append the node's notes as bytes; their hash is then the node's. */
void notes_pack(struct packer *p, struct node *n);
/* The node's notes are those bytes, which stay until the run ends. */
void notes_keep(struct node *n, const void *bytes, size_t size);
/* Read the notes of all nodes. False when some are damaged: they are forgotten then. */
bool notes_read_all(struct analysis *an);

#endif
