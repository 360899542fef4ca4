// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes of functions between runs. Entry points: notes_pack(), notes_keep(), notes_read_all().
 */
#include "infer/notes.h"

#include "base/map.h"
#include "infer/cache.h"
#include "infer/pack.h"
#include "infer/simulate.h"

/* Of a function with assertions the passes look at the blocks as well. */
static bool has_assertions(const struct node *n)
{
	for (int i = 0; n->evidence && i < n->evidence->n; i++)
		if (n->evidence->items[i].kind == EVIDENCE_ASSERT)
			return true;
	return false;
}

void notes_pack(struct packer *p, struct node *n)
{
	struct packer own;

	packer_init(&own, p->program);
	pack_hash(&own, has_assertions(n) ? n->fn->hash[0] : 0);
	pack_int(&own, n->evidence != NULL);
	if (n->evidence)
		evidence_pack(&own, n->evidence);
	held_pack(&own, n->held, n->nheld);
	n->notes_hash = map_hash(own.out.s, own.out.len);
	pack_bytes(p, own.out.s, own.out.len);
	packer_release(&own);
}

void notes_keep(struct node *n, const void *bytes, size_t size)
{
	n->notes = bytes;
	n->nnotes = size;
	n->notes_hash = map_hash(bytes, size);
}

static bool notes_read(struct analysis *an, struct node *n)
{
	struct unpacker u;
	bool is_good;

	unpacker_init(&u, &an->program, &an->syms, n->notes, n->nnotes);
	unpack_hash(&u);
	if (unpack_int(&u))
		n->evidence = evidence_unpack(&u, an->arena);
	n->held = held_unpack(&u, an->arena, &n->nheld);
	is_good = !u.failed;
	unpacker_release(&u);
	n->notes = NULL;
	return is_good;
}

bool notes_read_all(struct analysis *an)
{
	bool is_good = true;

	for (size_t i = 0; i < an->program.nnode; i++) {
		struct node *n = an->program.nodes[i];

		if (n->notes && !notes_read(an, n)) {
			cache_forget(an, n);
			is_good = false;
		}
	}
	return is_good;
}
