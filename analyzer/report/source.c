// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source lines for reports: each file is read once, with an index of its lines and, when asked for, their
 * hashes.
 */
#include "report/source.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "base/view.h"

#define MAX_SIZE (16 << 20)	/* of a file: more is no source a person reads */
#define HASH_WINDOW 100		/* characters in a line's hash */
#define HASH_BASE 37

struct source_file {
	const char *text;
	size_t size;
	int nline;
	size_t *starts;		/* of line i + 1; starts[nline] is size */
	const char **hashes;	/* of line i + 1; NULL until asked for */
};

void source_init(struct source *s, const struct view *view)
{
	char *real = view && view->root ? realpath(view->root, NULL) : NULL;

	arena_init(&s->arena);
	map_init(&s->files);
	s->view = view;
	s->root = real ? arena_strdup(&s->arena, real) : NULL;
	free(real);
}

void source_release(struct source *s)
{
	map_release(&s->files);
	arena_release(&s->arena);
}

/* Open a file below the root, wherever its name or a symbolic link wants to lead. */
static int open_below(struct source *s, const char *file)
{
	const char *name = path_absolute(&s->arena, s->view->root, file);
	const char *content = view_content(s->view, name);
	char *real = content == name ? realpath(name, NULL) : NULL;
	size_t n = strlen(s->root);
	int fd = -1;

	if (content && content != name)
		return open(content, O_RDONLY | O_CLOEXEC);

	if (real && !strncmp(real, s->root, n) && (real[n] == '/' || (n == 1 && *s->root == '/')))
		fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	free(real);
	return fd;
}

static bool read_text(struct source *s, struct source_file *f, int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_SIZE)
		return false;
	text = arena_alloc(&s->arena, (size_t)st.st_size + 1);
	do {
		n = read(fd, text + f->size, (size_t)st.st_size - f->size);
		f->size += n > 0 ? (size_t)n : 0;
	} while (n > 0 && f->size < (size_t)st.st_size);
	f->text = text;
	return true;
}

static void index_lines(struct source *s, struct source_file *f)
{
	int n = 0;

	for (size_t i = 0; i < f->size; i++)
		n += f->text[i] == '\n' || i + 1 == f->size;
	f->starts = ARENA_ARRAY(&s->arena, size_t, n + 1);
	for (size_t i = 0; i < f->size && f->nline < n; i++)
		if (f->text[i] == '\n' || i + 1 == f->size)
			f->starts[++f->nline] = i + 1;
}

/* The file, read now if it was not before; one without lines if it cannot be read. */
static struct source_file *get_file(struct source *s, const char *file)
{
	struct source_file *f;
	int fd;

	if (!file)
		file = "";
	f = map_get(&s->files, file);
	if (f)
		return f;
	f = ARENA_NEW(&s->arena, struct source_file);
	map_set(&s->files, arena_strdup(&s->arena, file), f);
	if (!s->root || !*file || *file == '/')
		return f;
	fd = open_below(s, file);
	if (fd < 0)
		return f;
	if (read_text(s, f, fd))
		index_lines(s, f);
	close(fd);
	return f;
}

const char *source_lines(struct source *s, const char *file, int first, int last)
{
	struct source_file *f = get_file(s, file);
	size_t end;

	if (first < 1 || first > f->nline || last < first)
		return NULL;
	if (last > f->nline)
		last = f->nline;
	end = f->starts[last];
	if (end && f->text[end - 1] == '\n')
		end--;
	return arena_strndup(&s->arena, f->text + f->starts[first - 1], end - f->starts[first - 1]);
}

int source_count(struct source *s, const char *file)
{
	return get_file(s, file)->nline;
}

int source_column(struct source *s, const char *file, int line, int col)
{
	const char *text = source_lines(s, file, line, line);
	int out = 1;

	if (!text || col < 1 || (size_t)col > strlen(text) + 1)
		return col;
	for (int i = 0; i < col - 1; i++)
		out += ((text[i] & 0xc0) != 0x80) + ((text[i] & 0xf8) == 0xf0);
	return out;
}

/* The character at *p as UTF-16 units, *p moved behind it. What is no UTF-8 is U+FFFD. */
static int next_units(const unsigned char **p, const unsigned char *end, uint16_t out[2])
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *s = *p;
	int more = *s < 0x80 ? 0 : *s < 0xc0 ? -1 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : *s < 0xf8 ? 3 : -1;
	uint32_t c = more <= 0 ? *s : *s & (0x3fu >> more);

	*p = s + 1;
	out[0] = 0xfffd;
	if (more < 0 || end - s <= more)
		return 1;
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 1;
	*p = s + more + 1;
	out[0] = (uint16_t)c;
	if (c < 0x10000)
		return 1;
	out[0] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
	out[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
	return 2;
}

/*
 * The text as hashing sees it: no blanks, every line end one LF, U+FFFF behind the last. lines gets where
 * each line starts in it. Returns the number of units.
 */
static size_t squeeze(const struct source_file *f, uint16_t *units, size_t *lines)
{
	const unsigned char *p = (const unsigned char *)f->text, *end = p + f->size;
	bool line_start = true, after_cr = false;
	size_t n = 0, line = 0;

	while (p < end) {
		uint16_t u[2];
		int k = next_units(&p, end, u);

		if (u[0] == ' ' || u[0] == '\t' || (after_cr && u[0] == '\n')) {
			after_cr = false;
			continue;
		}
		after_cr = u[0] == '\r';
		if (after_cr)
			u[0] = '\n';
		if (line_start && line < (size_t)f->nline)
			lines[line++] = n;
		line_start = u[0] == '\n';
		for (int i = 0; i < k; i++)
			units[n++] = u[i];
	}
	units[n++] = 0xffff;
	while (line < (size_t)f->nline)
		lines[line++] = n - 1;
	return n;
}

static void hash_lines(struct source *s, struct source_file *f)
{
	uint16_t *units = calloc(f->size + 1, sizeof(*units));
	size_t *lines = calloc((size_t)f->nline, sizeof(*lines));
	struct map count;
	size_t n;

	f->hashes = ARENA_ARRAY(&s->arena, const char *, f->nline);
	map_init(&count);
	n = units && lines ? squeeze(f, units, lines) : 0;
	for (int i = 0; n && i < f->nline; i++) {
		const char *hex;
		uint64_t h = 0;
		uintptr_t seen;

		for (size_t k = lines[i]; k < lines[i] + HASH_WINDOW; k++)
			h = h * HASH_BASE + (k < n ? units[k] : 0);
		hex = arena_printf(&s->arena, "%" PRIx64, h);
		seen = (uintptr_t)map_get(&count, hex) + 1;
		map_set(&count, hex, (void *)seen);
		f->hashes[i] = arena_printf(&s->arena, "%s:%ju", hex, (uintmax_t)seen);
	}
	map_release(&count);
	free(units);
	free(lines);
}

const char *source_line_hash(struct source *s, const char *file, int line)
{
	struct source_file *f = get_file(s, file);

	if (line < 1 || line > f->nline)
		return NULL;
	if (!f->hashes)
		hash_lines(s, f);
	return f->hashes[line - 1];
}
