// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compile database of a configuration, as it was read last: taking it apart is a good part of a run that finds
 * nothing changed. It is kept by what it held, so that it is never out of date.
 */
#include "db/store.h"

#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "db/store_own.h"

enum { LEVEL = 3 };
#define MOST (1u << 30)

const void *store_find_commands(struct store *s, struct arena *a, const uint64_t hash[2], size_t *n)
{
	struct stmt *st = db_prepare(s->db, "SELECT size, bytes FROM commands WHERE config = ?1 AND hash = ?2");
	char *bytes = NULL;

	db_bind_int(st, 1, s->config);
	store_bind_hash(st, 2, hash);
	while (db_step(st)) {
		size_t size = (size_t)db_col_int(st, 0), packed;
		const void *p = db_col_blob(st, 1, &packed);

		if (size > MOST || ZSTD_getFrameContentSize(p, packed) != size)
			continue;
		bytes = arena_alloc(a, size);
		*n = size;
		if (ZSTD_decompressDCtx(s->decompress, bytes, size, p, packed) != size)	/* sees to the checksum */
			bytes = NULL;
	}
	return bytes;
}

void store_keep_commands(struct store *s, const uint64_t hash[2], const void *bytes, size_t n)
{
	size_t room = ZSTD_compressBound(n), packed;
	struct arena a = { 0 };
	struct stmt *st;
	void *buf;

	if (n > MOST)
		return;
	buf = arena_alloc(&a, room);
	ZSTD_CCtx_setParameter(s->compress, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(s->compress, ZSTD_c_checksumFlag, 1);
	packed = ZSTD_compress2(s->compress, buf, room, bytes, n);
	if (ZSTD_isError(packed))
		bug("zstd: %s", ZSTD_getErrorName(packed));
	store_begin(s);
	st = db_prepare(s->db, "INSERT OR REPLACE INTO commands (config, hash, size, bytes) VALUES (?1, ?2, ?3, ?4)");
	db_bind_int(st, 1, s->config);
	store_bind_hash(st, 2, hash);
	db_bind_int(st, 3, (int64_t)n);
	db_bind_blob(st, 4, buf, packed);
	db_run(st);
	db_commit(s->db);
	arena_release(&a);
}
