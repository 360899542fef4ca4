// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was learnt of functions, by key. Entry points: store_cache(), through which infer asks and tells, and
 * store_save_summaries() after it. Heads are small and most of them are wanted: they are read all at once, when the
 * first is asked for. Rests are large, compressed, and few are wanted. New entries wait in memory, so that the file is
 * locked for one short transaction only. What no run has used for long goes. Head and rest each have a hash of
 * the key and their bytes: one that was damaged, or is another's, counts as not there and is made again.
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "db/store_own.h"
#include "infer/infer.h"

#define MARK_RUNS 30		/* a row is marked as used again only when the mark is that old */
#define KEEP_RUNS 100		/* rows not used by so many runs are forgotten */
#define KEEP_TIMES "4"		/* ... and the oldest, when there are so many times as many as functions */
#define FORGET_AFTER 100	/* new rows: not for each unit that a build checks by itself */
#define LEVEL 3
#define MAX_SIZE (64 << 20)	/* bytes of a rest; real ones have some thousands */

enum { CHECK = sizeof(uint64_t) };	/* bytes of the hash */

struct kept {
	int64_t key;
	void *head, *rest;	/* with their hashes, the rest compressed; NULL: only to be marked as used */
	size_t nhead, nrest, size;	/* size: of the rest as it was */
};

/* A head as it is in the file. */
struct known {
	uint64_t key;
	const char *head;	/* with its hash; NULL: a free place, or an entry that is no good */
	size_t n;
	int64_t used;
	bool is_taken;
};

struct summaries {
	int64_t run;		/* the newest */
	struct kept *items;
	size_t n, cap;
	struct arena arena;	/* of heads */
	struct known *known;
	size_t nknown;		/* places: a power of two */
	char *buf;		/* the rest found last */
	size_t buf_size;
};

/* The place of that key, or where it would be. */
static struct known *place_of(const struct summaries *k, uint64_t key)
{
	size_t at = key & (k->nknown - 1);

	while (k->known[at].is_taken && k->known[at].key != key)
		at = (at + 1) & (k->nknown - 1);
	return &k->known[at];
}

static void read_heads(struct store *s, struct summaries *k)
{
	size_t room = store_count(s, "SELECT count(*) FROM summary WHERE ?1", 1), n = 0;
	struct stmt *st = db_prepare(s->db, "SELECT key, used, head FROM summary");

	k->nknown = 16;
	while (k->nknown < room * 2)
		k->nknown *= 2;
	k->known = calloc(k->nknown, sizeof(*k->known));
	if (!k->known)
		die("out of memory (%zu summaries)", k->nknown);
	while (db_step(st)) {
		struct known new = {.key = (uint64_t)db_col_int(st, 0), .used = db_col_int(st, 1), .is_taken = true};
		const void *head = db_col_blob(st, 2, &new.n);

		if (n++ == room)	/* another devscope adds some at this moment */
			break;
		new.head = new.n > CHECK ? arena_copy(&k->arena, head, new.n) : NULL;
		*place_of(k, new.key) = new;
	}
}

static struct summaries *summaries_of(struct store *s)
{
	struct summaries *k = s->summaries;

	if (k)
		return k;
	s->summaries = k = calloc(1, sizeof(*k));
	if (!k)
		die("out of memory");
	arena_init(&k->arena);
	k->run = db_int(s->db, "SELECT coalesce(max(id), 0) FROM run");
	return k;
}

/* The place of that key among the heads, which are read now if they were not before. */
static struct known *head_of(struct store *s, uint64_t key)
{
	struct summaries *k = summaries_of(s);

	if (!k->known)
		read_heads(s, k);
	return place_of(k, key);
}

static struct kept *add(struct summaries *k, uint64_t key)
{
	if (k->n == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 256;
		k->items = realloc(k->items, k->cap * sizeof(*k->items));
		if (!k->items)
			die("out of memory (%zu summaries)", k->cap);
	}
	k->items[k->n] = (struct kept){.key = (int64_t)key};
	return &k->items[k->n++];
}

static char *room_for(struct summaries *k, size_t size)
{
	if (k->buf_size < size) {
		free(k->buf);
		k->buf_size = size * 2;
		k->buf = malloc(k->buf_size);
		if (!k->buf)
			die("out of memory (%zu bytes asked for)", k->buf_size);
	}
	return k->buf;
}

/* ------------------------------------------------------------------ finding */

static uint64_t check_of(const void *bytes, size_t n, uint64_t key)
{
	return map_hash(bytes, n) ^ key * 0x9e3779b97f4a7c15ULL;
}

/* Are the bytes those of that key? They begin with their hash. */
static bool is_whole(const char *bytes, size_t n, uint64_t key)
{
	uint64_t check;

	if (n < CHECK)
		return false;
	memcpy(&check, bytes, CHECK);
	return check_of(bytes + CHECK, n - CHECK, key) == check;
}

static const void *find_head(void *store, uint64_t key, size_t *size)
{
	struct known *at = head_of(store, key);
	struct summaries *k = summaries_of(store);

	if (!at->head || !is_whole(at->head, at->n, key))
		return NULL;
	if (at->used + MARK_RUNS <= k->run) {
		add(k, key);
		at->used = k->run;
	}
	*size = at->n - CHECK;
	return at->head + CHECK;
}

/* Decompressed into k->buf, its hash checked; NULL if it is damaged. */
static const char *unpack(struct store *s, struct summaries *k, uint64_t key, const void *packed, size_t n,
			  int64_t said, size_t *size)
{
	unsigned long long whole = ZSTD_getFrameContentSize(packed, n);
	char *buf;

	if (whole < CHECK || whole > MAX_SIZE || said != (int64_t)whole)	/* unknown and error are above any size */
		return NULL;
	buf = room_for(k, (size_t)whole);
	if (ZSTD_decompressDCtx(s->decompress, buf, (size_t)whole, packed, n) != whole || !is_whole(buf, whole, key))
		return NULL;
	*size = (size_t)whole - CHECK;
	return buf + CHECK;
}

static const void *find_rest(void *store, uint64_t key, size_t *size)
{
	struct store *s = store;
	struct stmt *st = db_prepare(s->db, "SELECT size, bytes FROM summary_rest WHERE key = ?1");
	const void *found = NULL, *packed;
	size_t n;

	db_bind_int(st, 1, (int64_t)key);
	while (db_step(st)) {
		packed = db_col_blob(st, 1, &n);
		found = unpack(s, summaries_of(s), key, packed, n, db_col_int(st, 0), size);
	}
	return found;
}

static void forget(void *store, uint64_t key)
{
	head_of(store, key)->head = NULL;
}

/* ------------------------------------------------------------------ keeping */

/* A copy with its hash before it, to be freed. */
static char *with_check(uint64_t key, const void *bytes, size_t n)
{
	char *copy = malloc(CHECK + n);
	uint64_t check = check_of(bytes, n, key);

	if (!copy)
		die("out of memory (%zu bytes asked for)", n);
	memcpy(copy, &check, CHECK);
	memcpy(copy + CHECK, bytes, n);
	return copy;
}

static void keep(void *store, uint64_t key, const void *head, size_t nhead, const void *rest, size_t nrest)
{
	struct store *s = store;
	struct summaries *k = summaries_of(s);
	size_t whole = CHECK + nrest, n;
	char *plain, *packed;
	struct kept *e;

	if (whole > MAX_SIZE)
		return;
	plain = with_check(key, rest, nrest);
	packed = room_for(k, ZSTD_compressBound(whole));
	n = ZSTD_compressCCtx(s->compress, packed, ZSTD_compressBound(whole), plain, whole, LEVEL);
	if (ZSTD_isError(n))
		die("a summary cannot be compressed: %s", ZSTD_getErrorName(n));
	free(plain);
	e = add(k, key);
	e->head = with_check(key, head, nhead);
	e->nhead = CHECK + nhead;
	e->size = whole;
	e->nrest = n;
	e->rest = malloc(n);
	if (!e->rest)
		die("out of memory (%zu bytes asked for)", n);
	memcpy(e->rest, packed, n);
}

void store_cache(struct store *s, struct infer_cache *out)
{
	*out = (struct infer_cache){find_head, find_rest, forget, keep, s};
}

/* ------------------------------------------------------------------ saving */

static void save(struct store *s, int64_t run, const struct kept *e)
{
	struct stmt *st;

	if (!e->head) {
		st = db_prepare(s->db, "UPDATE summary SET used = ?2 WHERE key = ?1");
	} else {
		st = db_prepare(s->db, "INSERT OR REPLACE INTO summary (key, used, head) VALUES (?1, ?2, ?3)");
		db_bind_blob(st, 3, e->head, e->nhead);
	}
	db_bind_int(st, 1, e->key);
	db_bind_int(st, 2, run);
	db_run(st);
	if (!e->head)
		return;
	st = db_prepare(s->db, "INSERT OR REPLACE INTO summary_rest (key, size, bytes) VALUES (?1, ?2, ?3)");
	db_bind_int(st, 1, e->key);
	db_bind_int(st, 2, (int64_t)e->size);
	db_bind_blob(st, 3, e->rest, e->nrest);
	db_run(st);
}

static void forget_old(struct store *s, int64_t run)
{
	struct stmt *st = db_prepare(s->db, "DELETE FROM summary WHERE used < ?1");

	db_bind_int(st, 1, run - KEEP_RUNS);
	db_run(st);
	db_exec(s->db, "DELETE FROM summary WHERE key IN (SELECT key FROM summary ORDER BY used DESC, key "
		"LIMIT -1 OFFSET (SELECT " KEEP_TIMES " * count(*) + 1000 FROM func))");
}

void store_save_summaries(struct store *s)
{
	struct summaries *k = s->summaries;

	store_end_reading(s);
	if (!k || !k->n)
		return;
	db_keep(s->db, true);
	store_begin(s);
	for (size_t i = 0; i < k->n; i++)
		save(s, k->run, &k->items[i]);
	if (k->n >= FORGET_AFTER)
		forget_old(s, k->run);
	db_commit(s->db);
	store_drop_summaries(s);
}

void store_drop_summaries(struct store *s)
{
	struct summaries *k = s->summaries;

	if (!k)
		return;
	for (size_t i = 0; i < k->n; i++) {
		free(k->items[i].head);
		free(k->items[i].rest);
	}
	free(k->items);
	free(k->known);
	arena_release(&k->arena);
	free(k->buf);
	free(k);
	s->summaries = NULL;
}
