// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is current. A version of a unit is, when each of the files it was made from still has that content, and when
 * a file that it failed for is still not there. So
 * every content of every file is looked at once, which is a matter of thousands, and only the units made from a
 * content that is gone are found; not every unit with each of its headers, which would be millions.
 */
#include "cli/fresh.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/text.h"
#include "base/view.h"
#include "capture/capture.h"

/* A file as the view has it. */
struct seen_file {
	bool there, replaced, hashed;
	bool hidden;		/* on the disk, and not part of the view */
	const char *content;	/* where it lies */
	int64_t size, mtime_ns;
	uint64_t hash[2];
};

static void see(struct seen_file *f, const struct view *view, const char *path)
{
	struct stat st;

	f->content = view_content(view, path);
	f->hidden |= !f->content && path_is_file(path);
	if (!f->content || stat(f->content, &st) || !S_ISREG(st.st_mode))
		return;
	f->there = true;
	f->replaced = f->content != path;
	f->size = st.st_size;
	f->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static bool same_content(struct seen_file *f, const struct dep *d)
{
	struct text t;

	if (f->size != d->size)
		return false;
	text_init(&t);
	if (!f->hashed && !text_read_file(&t, f->content)) {
		XXH128_hash_t h = XXH3_128bits(text_str(&t), t.len);

		f->hash[0] = h.low64;
		f->hash[1] = h.high64;
		f->hashed = true;
	}
	text_release(&t);
	return f->hashed && f->hash[0] == d->hash[0] && f->hash[1] == d->hash[1];
}

/* Is this the content that the view has of the file? */
static bool is_current(const struct fresh *fr, struct seen_file *f, const struct stored_file *stored)
{
	const struct dep *d = &stored->dep;

	if (d->size == DEP_ABSENT)
		return !f->there && !f->hidden;
	if (!f->there)
		return false;
	if (!f->replaced && d->mtime_ns && f->size == d->size && f->mtime_ns == d->mtime_ns)	/* 0: not known */
		return true;
	if (!same_content(f, d))
		return false;
	if (!f->replaced)
		store_touch_file(fr->store, stored->id, f->size, f->mtime_ns);
	return true;
}

/* The file of a stored name: relative to the source tree, else to the build, else absolute. */
static void find(struct seen_file *f, struct arena *scratch, const struct command_list *commands, const struct view *view,
		 const char *name)
{
	arena_clear(scratch);
	memset(f, 0, sizeof(*f));
	if (name[0] == '/') {
		see(f, view, name);
		return;
	}
	see(f, view, arena_printf(scratch, "%s/%s", commands->source_root, name));
	if (!f->there)
		see(f, view, arena_printf(scratch, "%s/%s", commands->build, name));
}

static void mark_stale(struct fresh *fr, struct arena *scratch, int64_t file)
{
	int64_t *users;
	size_t n;

	arena_clear(scratch);
	n = store_file_units(fr->store, scratch, file, &users);
	for (size_t i = 0; i < n; i++)
		if (users[i] < fr->nid && fr->by_id[users[i]])
			fr->is_stale[fr->by_id[users[i]] - 1] = true;
}

static void index_units(struct fresh *f)
{
	f->n = store_units(f->store, f->arena, &f->units);
	f->is_stale = ARENA_ARRAY(f->arena, bool, f->n);
	for (size_t i = 0; i < f->n; i++) {
		if (f->units[i].id >= f->nid)
			f->nid = f->units[i].id + 1;
		if (!map_get(&f->first, f->units[i].file))
			map_set(&f->first, f->units[i].file, &f->units[i]);
	}
	f->by_id = ARENA_ARRAY(f->arena, size_t, f->nid);
	for (size_t i = 0; i < f->n; i++)
		f->by_id[f->units[i].id] = i + 1;
}

void fresh_look(struct fresh *f, struct arena *a, struct store *store, const struct command_list *commands,
		const struct view *view)
{
	struct arena name_room, scratch;
	struct seen_file seen = {0};

	memset(f, 0, sizeof(*f));
	f->arena = a;
	f->store = store;
	map_init(&f->first);
	arena_init(&name_room);
	arena_init(&scratch);
	index_units(f);
	f->nfile = store_files(store, a, &f->files);
	for (size_t i = 0; i < f->nfile; i++) {
		if (!i || strcmp(f->files[i].dep.path, f->files[i - 1].dep.path))
			find(&seen, &name_room, commands, view, f->files[i].dep.path);
		if (!is_current(f, &seen, &f->files[i]))
			mark_stale(f, &scratch, f->files[i].id);
	}
	arena_release(&name_room);
	arena_release(&scratch);
}

void fresh_release(struct fresh *f)
{
	map_release(&f->first);
}

static const struct stored_unit *find_current(const struct fresh *f, const char *file, const uint64_t key[2], bool ok)
{
	const struct stored_unit *u = map_get(&f->first, file);

	for (; u && u < f->units + f->n && u->file == file; u++)
		if (u->ok == ok && !f->is_stale[u - f->units] &&
		    (!key || (u->key[0] == key[0] && u->key[1] == key[1])))
			return u;
	return NULL;
}

const struct stored_unit *fresh_current(const struct fresh *f, const char *file, const uint64_t key[2])
{
	return find_current(f, file, key, true);
}

const struct stored_unit *fresh_failed(const struct fresh *f, const char *file, const uint64_t key[2])
{
	return find_current(f, file, key, false);
}

const struct stored_unit *fresh_any(const struct fresh *f, const char *file)
{
	const struct stored_unit *u = map_get(&f->first, file);

	for (; u && u < f->units + f->n && u->file == file; u++)
		if (u->ok)
			return u;
	return NULL;
}

void fresh_made_from(const struct fresh *f, const struct map *files, struct map *out)
{
	struct arena scratch;

	arena_init(&scratch);
	for (size_t i = 0; i < f->nfile; i++) {
		int64_t *users;
		size_t n;

		if (!map_get(files, f->files[i].dep.path))
			continue;
		arena_clear(&scratch);
		n = store_file_units(f->store, &scratch, f->files[i].id, &users);
		for (size_t k = 0; k < n; k++)
			if (users[k] < f->nid && f->by_id[users[k]])
				map_set(out, f->units[f->by_id[users[k]] - 1].file, out);
	}
	arena_release(&scratch);
}
