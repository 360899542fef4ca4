/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_PACK_H
#define INFER_PACK_H

/*
 * Bytes for what is kept between runs: numbers, names and symbols. A name or symbol is
 * written out once; after that its number stands for it. What is read back is checked: a
 * reader that meets nonsense is marked as failed and gives zeros from then on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "flow/flow.h"

struct program;
struct sym;
struct sym_table;

/* Numbers of pointers, in order of appearance. */
struct numbers {
	const void **keys;
	uint32_t *values;
	uint32_t size, n;
};

struct packer {
	const struct program *program;
	struct text out;
	struct numbers names, syms;
};

struct unpacker {
	struct program *program;
	struct sym_table *table;	/* where symbols go */
	const unsigned char *at, *end;
	const char **names;
	const struct sym **syms;
	uint32_t nname, name_cap, nsym, sym_cap;
	int depth;			/* symbols within symbols being read */
	bool failed;
};

/* Without a program (NULL) no symbols can be packed. */
void packer_init(struct packer *p, const struct program *program);
void packer_release(struct packer *p);
void pack_int(struct packer *p, int64_t v);
void pack_hash(struct packer *p, uint64_t v);
void pack_name(struct packer *p, const char *s);		/* or NULL */
void pack_sym(struct packer *p, const struct sym *s);		/* or NULL */
void pack_place(struct packer *p, struct place at);
void pack_bytes(struct packer *p, const void *bytes, size_t n);	/* with their number */

void unpacker_init(struct unpacker *u, struct program *program, struct sym_table *table, const void *bytes, size_t n);
void unpacker_release(struct unpacker *u);
int64_t unpack_int(struct unpacker *u);
/* A count of things, each of which takes a byte or more. */
int unpack_count(struct unpacker *u);
uint64_t unpack_hash(struct unpacker *u);
const char *unpack_name(struct unpacker *u);			/* interned */
const struct sym *unpack_sym(struct unpacker *u);
struct place unpack_place(struct unpacker *u);
const void *unpack_bytes(struct unpacker *u, size_t *n);	/* borrowed */

#endif
