// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was learnt of functions, by key. Entry points: store_find_summary() and store_keep_summary(), which infer
 * calls for each function, and store_save_summaries() after it. New entries wait in memory, compressed, so
 * that the file is locked for one short transaction only. What no run has used for long goes. Each entry begins with a
 * hash of its key and its bytes: one that was damaged, or is another's, counts as not there and is made again.
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/message.h"
#include "db/store_own.h"

#define MARK_RUNS 10		/* a row is marked as used again only when the mark is that old */
#define KEEP_RUNS 100		/* rows not used by so many runs are forgotten */
#define KEEP_TIMES "4"		/* ... and the oldest, when there are so many times as many as functions */
#define FORGET_AFTER 100	/* new rows: not for each unit that a build checks by itself */
#define LEVEL 3
#define MAX_SIZE (64 << 20)	/* bytes of an entry; real ones have some thousands */

enum { CHECK = sizeof(uint64_t) };	/* bytes of the hash */

struct kept {
	int64_t key;
	void *bytes;		/* compressed; NULL: only to be marked as used */
	size_t packed, size;
};

struct summaries {
	int64_t run;		/* the newest */
	struct kept *items;
	size_t n, cap;
	char *buf;		/* the entry found last */
	size_t buf_size;
};

static struct summaries *summaries_of(struct store *s)
{
	if (s->summaries)
		return s->summaries;
	s->summaries = calloc(1, sizeof(*s->summaries));
	if (!s->summaries)
		die("out of memory");
	s->summaries->run = db_int(s->db, "SELECT coalesce(max(id), 0) FROM run");
	return s->summaries;
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

/* buf is room for the hash and then size bytes. Its first bytes are lost. */
static uint64_t check_of(char *buf, uint64_t key, size_t size)
{
	memcpy(buf, &key, CHECK);
	return map_hash(buf, CHECK + size);
}

/* The entry in k->buf, its size without the hash; NULL if it is damaged. */
static const char *unpack(struct store *s, struct summaries *k, uint64_t key, const void *packed, size_t n,
			  int64_t said, size_t *size)
{
	unsigned long long whole = ZSTD_getFrameContentSize(packed, n);
	uint64_t check;
	char *buf;

	if (whole < CHECK || whole > MAX_SIZE || said != (int64_t)whole)	/* unknown and error are above any size */
		return NULL;
	buf = room_for(k, (size_t)whole);
	if (ZSTD_decompressDCtx(s->decompress, buf, (size_t)whole, packed, n) != whole)
		return NULL;
	*size = (size_t)whole - CHECK;
	memcpy(&check, buf, CHECK);
	return check_of(buf, key, *size) == check ? buf + CHECK : NULL;
}

const void *store_find_summary(void *store, uint64_t key, size_t *size)
{
	struct store *s = store;
	struct summaries *k = summaries_of(s);
	struct stmt *st = db_prepare(s->db, "SELECT used, size, bytes FROM summary WHERE key = ?1");
	const void *found = NULL, *packed;
	int64_t used = 0;
	size_t n;

	db_bind_int(st, 1, (int64_t)key);
	while (db_step(st)) {
		used = db_col_int(st, 0);
		packed = db_col_blob(st, 2, &n);
		found = unpack(s, k, key, packed, n, db_col_int(st, 1), size);
	}
	if (found && used + MARK_RUNS <= k->run)
		add(k, key);
	return found;
}

void store_keep_summary(void *store, uint64_t key, const void *bytes, size_t size)
{
	struct store *s = store;
	struct summaries *k = summaries_of(s);
	size_t whole = CHECK + size, bound = ZSTD_compressBound(whole), n;
	char *buf, *packed;
	uint64_t check;
	struct kept *e;

	if (whole > MAX_SIZE)
		return;
	buf = room_for(k, whole + bound);
	packed = buf + whole;
	memcpy(buf + CHECK, bytes, size);
	check = check_of(buf, key, size);
	memcpy(buf, &check, CHECK);
	n = ZSTD_compressCCtx(s->compress, packed, bound, buf, whole, LEVEL);
	if (ZSTD_isError(n))
		die("a summary cannot be compressed: %s", ZSTD_getErrorName(n));
	e = add(k, key);
	e->size = whole;
	e->packed = n;
	e->bytes = malloc(n);
	if (!e->bytes)
		die("out of memory (%zu bytes asked for)", n);
	memcpy(e->bytes, packed, n);
}

static void save(struct store *s, int64_t run, const struct kept *e)
{
	struct stmt *st;

	if (!e->bytes) {
		st = db_prepare(s->db, "UPDATE summary SET used = ?2 WHERE key = ?1");
	} else {
		st = db_prepare(s->db, "INSERT OR REPLACE INTO summary (key, used, size, bytes) VALUES (?1, ?2, ?3, ?4)");
		db_bind_int(st, 3, (int64_t)e->size);
		db_bind_blob(st, 4, e->bytes, e->packed);
	}
	db_bind_int(st, 1, e->key);
	db_bind_int(st, 2, run);
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

	if (!k || !k->n)
		return;
	db_begin(s->db);
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
	for (size_t i = 0; i < k->n; i++)
		free(k->items[i].bytes);
	free(k->items);
	free(k->buf);
	free(k);
	s->summaries = NULL;
}
