// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compile databases (clang's "JSON Compilation Database"), as CMake, Bear, the kernel's
 * gen_compile_commands.py and devscope compdb write them.
 *
 * commands_read() takes each entry apart, leaves out what is no C unit of the kernel,
 * sorts, keeps one entry per file and looks for the top of the source tree. A database is foreign data:
 * an entry that makes no sense is counted and left out, and nothing in it is ever run as it stands.
 */
#include "capture/capture.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "capture/flags.h"
#include "capture/words.h"

/* What was left out, and why, for one line at the end. */
struct reading {
	struct arena *arena;
	struct command_list *list;
	size_t shell, odd;		/* entries that need a shell; entries that are no command */
	const char *first_shell;	/* the file of the first of them */
};

/* The words of an entry: "arguments", or "command" split. NULL if it has neither, or needs a shell. */
static char **entry_words(struct reading *r, const struct json *entry, const char *file, int *argc)
{
	const struct json *arguments = json_member(entry, "arguments");
	const char *command = json_text(json_member(entry, "command"));
	size_t n = json_count(arguments);
	struct words words;
	char **argv;

	if (!n && command) {
		if (words_split(r->arena, command, &words)) {
			*argc = words.argc;
			return words.argv;
		}
		if (!r->shell++)
			r->first_shell = file;
		return NULL;
	}
	argv = ARENA_ARRAY(r->arena, char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *word = json_text(json_at(arguments, i));

		if (!word)
			n = 0;
		else
			argv[i] = arena_strdup(r->arena, word);
	}
	r->odd += !n;
	*argc = (int)n;
	return n ? argv : NULL;
}

/* Is it said to be another language, or only to be preprocessed? */
static bool is_other_language(const struct command *c)
{
	for (int i = 0; i < c->argc; i++) {
		const char *language = NULL;

		if (!strcmp(c->argv[i], "-E"))
			return true;
		if (!strcmp(c->argv[i], "-x"))
			language = i + 1 < c->argc ? c->argv[i + 1] : "";
		else if (!strncmp(c->argv[i], "-x", 2))
			language = c->argv[i] + 2;
		if (language && strcmp(language, "c") && strcmp(language, "none"))
			return true;
	}
	return false;
}

static bool is_kernel(const struct command *c)
{
	return flags_has(c->argv, c->argc, "-D__KERNEL__");
}

/* Read one entry. False if it is left out. */
static bool read_entry(struct reading *r, const struct json *entry, struct command *c)
{
	const char *file = json_text(json_member(entry, "file"));
	const char *directory = json_text(json_member(entry, "directory"));

	if (!file || !*file) {
		r->odd++;
		return false;
	}
	c->directory = path_absolute(r->arena, r->list->build, directory ? directory : ".");
	c->file = path_absolute(r->arena, c->directory, file);
	if (!path_ends(c->file, ".c"))
		return false;
	c->argv = entry_words(r, entry, c->file, &c->argc);
	if (!c->argv)
		return false;
	if (flags_compiler(c->argv, c->argc) == c->argc) {
		r->odd++;
		return false;
	}
	return !is_other_language(c);
}

static int command_compare(const void *pa, const void *pb)
{
	const struct command *a = pa, *b = pb;
	int order = strcmp(a->file, b->file);

	for (int i = 0; !order && i < a->argc && i < b->argc; i++)
		order = strcmp(a->argv[i], b->argv[i]);
	if (!order)
		order = a->argc != b->argc ? a->argc - b->argc : strcmp(a->directory, b->directory);
	return order;
}

/* In a kernel's database what is not for the kernel is a host tool. A database without any has none. */
static void drop_host_tools(struct command_list *l)
{
	bool kernel = false;
	size_t kept = 0;

	for (size_t i = 0; i < l->n && !kernel; i++)
		kernel = is_kernel(&l->items[i]);
	for (size_t i = 0; i < l->n; i++) {
		if (kernel && !is_kernel(&l->items[i]))
			l->skipped++;
		else
			l->items[kept++] = l->items[i];
	}
	l->n = kept;
}

static void drop_doubles(struct command_list *l)
{
	size_t kept = 0;

	qsort(l->items, l->n, sizeof(*l->items), command_compare);
	for (size_t i = 0; i < l->n; i++)
		if (!kept || strcmp(l->items[kept - 1].file, l->items[i].file))
			l->items[kept++] = l->items[i];
	l->n = kept;
}

/* The kernel's top folder holds these three, and no folder below it does. */
static bool is_kernel_top(struct arena *a, const char *dir)
{
	return path_is_file(arena_printf(a, "%s/Kconfig", dir)) &&
	       path_is_file(arena_printf(a, "%s/MAINTAINERS", dir)) &&
	       path_is_folder(arena_printf(a, "%s/include/linux", dir));
}

static const char *kernel_top(struct arena *a, const char *file)
{
	const char *dir = path_parent(a, file);

	while (!is_kernel_top(a, dir)) {
		if (!strcmp(dir, "/"))
			return NULL;
		dir = path_parent(a, dir);
	}
	return dir;
}

/* The folder all files are in; files that are not there have no say. */
static const char *common_parent(struct arena *a, const struct command_list *l)
{
	const char *dir = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (!path_is_file(l->items[i].file))
			continue;
		if (!dir)
			dir = path_parent(a, l->items[i].file);
		while (strcmp(dir, "/") && !path_inside(l->items[i].file, dir))
			dir = path_parent(a, dir);
	}
	return dir ? dir : path_parent(a, l->items[0].file);
}

static const char *find_source_root(struct arena *a, const struct command_list *l)
{
	const char *seen = "";

	for (size_t i = 0; i < l->n; i++) {
		const char *dir = path_parent(a, l->items[i].file), *top;

		/* Files are sorted: one question for each folder is enough. */
		if (!strcmp(dir, seen))
			continue;
		seen = dir;
		top = kernel_top(a, l->items[i].file);
		if (top)
			return top;
	}
	return common_parent(a, l);
}

static char *real_path(struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	char *copy;

	if (!real)
		die("%s: %s", path, strerror(errno));
	copy = arena_strdup(a, real);
	free(real);
	return copy;
}

/* The database meant by path; path may be the folder that holds it. */
static const char *find_database(struct arena *a, const char *path)
{
	const char *file = path;

	if (path_is_folder(path))
		file = arena_printf(a, "%s/compile_commands.json", path);
	else if (!path_is_file(path))
		die("%s: no such build folder or compile database", path);
	if (!path_is_file(file))
		die("no compile_commands.json in %s: run `devscope compdb %s` first", path, path);
	return file;
}

static struct json *load(const char *file)
{
	struct text error;
	struct json *j;

	text_init(&error);
	j = json_read_file(file, &error);
	if (!j)
		die("%s: %s (no JSON compile database; `devscope compdb` writes one for a kernel build)",
		    file, text_str(&error));
	text_release(&error);
	if (!json_is_array(j))
		die("%s: not a compile database (it should be an array of entries)", file);
	if (!json_count(j))
		die("%s: the compile database is empty: run `devscope compdb` on the kernel build again",
		    file);
	return j;
}

static void tell_left_out(const struct reading *r, const char *file)
{
	if (r->shell)
		problem("%s: entries left out because they need a shell: %zu (the first is for %s)", file,
			r->shell, path_base(r->first_shell));
	if (r->odd)
		problem("%s: entries left out because they are no compile commands: %zu", file, r->odd);
}

void commands_find(struct arena *a, const char *path, struct command_list *out)
{
	XXH128_hash_t hash;
	struct text content;

	memset(out, 0, sizeof(*out));
	out->database = find_database(a, path);
	out->build = path_parent(a, real_path(a, out->database));
	text_init(&content);
	text_read_file(&content, out->database);	/* commands_read() says what is wrong with it */
	text_puts(&content, out->build);
	hash = XXH3_128bits(text_str(&content), content.len);
	out->hash[0] = hash.low64;
	out->hash[1] = hash.high64;
	text_release(&content);
}

void commands_read(struct arena *a, struct command_list *list)
{
	struct reading r = { .arena = a, .list = list };
	struct json *j = load(list->database);
	size_t n = json_count(j);

	list->items = ARENA_ARRAY(a, struct command, n);
	for (size_t i = 0; i < n; i++) {
		if (read_entry(&r, json_at(j, i), &list->items[list->n]))
			list->n++;
		else
			list->skipped++;
	}
	json_free(j);
	tell_left_out(&r, list->database);
	list->told = r.shell || r.odd;
	drop_host_tools(list);
	drop_doubles(list);
	if (!list->n)
		die("%s: no entry of it compiles a C file (of %zu): nothing to read", list->database, n);
	list->source_root = find_source_root(a, list);
}

/* --- as bytes -------------------------------------------------------------------- */

enum { ORDER = 0x01020304 };	/* of the bytes of a number */

/* Words of the commands, each once; number n is words.entries[n]. */
static uint32_t word_number(struct map *words, const char *word)
{
	uintptr_t n = (uintptr_t)map_get(words, word);

	if (!n) {
		n = words->n + 1;
		map_set(words, word, (void *)n);
	}
	return (uint32_t)n - 1;
}

static void put_number(struct text *out, uint32_t n)
{
	text_add(out, (const char *)&n, sizeof(n));
}

/* The order of bytes, then how many numbers, commands, words and skipped entries; the numbers; the words. */
void commands_pack(const struct command_list *list, struct text *out)
{
	struct text numbers;
	struct map words;

	text_init(&numbers);
	map_init(&words);
	for (size_t i = 0; i < list->n; i++) {
		const struct command *c = &list->items[i];

		put_number(&numbers, word_number(&words, c->directory));
		put_number(&numbers, word_number(&words, c->file));
		put_number(&numbers, (uint32_t)c->argc);
		for (int k = 0; k < c->argc; k++)
			put_number(&numbers, word_number(&words, c->argv[k]));
	}
	put_number(out, ORDER);
	put_number(out, (uint32_t)(numbers.len / sizeof(uint32_t)));
	put_number(out, (uint32_t)list->n);
	put_number(out, (uint32_t)words.n);
	put_number(out, (uint32_t)list->skipped);
	text_add(out, text_str(&numbers), numbers.len);
	for (size_t i = 0; i < words.n; i++)
		text_add(out, words.entries[i].key, strlen(words.entries[i].key) + 1);
	map_release(&words);
	text_release(&numbers);
}

struct unpacking {
	const char *at, *end;
	const char **words;
	uint32_t nword;
	bool failed;
};

static uint32_t take_number(struct unpacking *u)
{
	uint32_t n = 0;

	u->failed |= (size_t)(u->end - u->at) < sizeof(n);
	if (u->failed)
		return 0;
	memcpy(&n, u->at, sizeof(n));
	u->at += sizeof(n);
	return n;
}

static const char *take_word(struct unpacking *u)
{
	uint32_t n = take_number(u);

	u->failed |= n >= u->nword;
	return u->failed ? NULL : u->words[n];
}

/* The words end the bytes. */
static void take_words(struct arena *a, struct unpacking *u, const char *from)
{
	u->words = ARENA_ARRAY(a, const char *, u->nword);
	for (uint32_t i = 0; i < u->nword && !u->failed; i++) {
		const char *end = memchr(from, '\0', (size_t)(u->end - from));

		u->failed = !end;
		u->words[i] = from;
		from = end ? end + 1 : from;
	}
}

static void take_command(struct arena *a, struct unpacking *u, struct command *c)
{
	c->directory = take_word(u);
	c->file = take_word(u);
	c->argc = (int)take_number(u);
	if (u->failed || c->argc < 1 || (size_t)c->argc > (size_t)(u->end - u->at) / sizeof(uint32_t)) {
		u->failed = true;
		return;
	}
	c->argv = ARENA_ARRAY(a, char *, c->argc + 1);
	for (int i = 0; i < c->argc; i++)
		c->argv[i] = (char *)take_word(u);
}

bool commands_unpack(struct arena *a, const void *bytes, size_t n, struct command_list *list)
{
	struct unpacking u = { .at = bytes, .end = (const char *)bytes + n };
	bool same_order = take_number(&u) == ORDER;
	size_t numbers = take_number(&u) * sizeof(uint32_t);
	uint32_t ncommand = take_number(&u), skipped;

	u.nword = take_number(&u);
	skipped = take_number(&u);
	if (!same_order || u.failed || !ncommand || ncommand > n || u.nword > n || numbers > (size_t)(u.end - u.at))
		return false;
	take_words(a, &u, u.at + numbers);
	u.end = u.at + numbers;
	list->items = ARENA_ARRAY(a, struct command, ncommand);
	for (uint32_t i = 0; i < ncommand && !u.failed; i++)
		take_command(a, &u, &list->items[i]);
	if (u.failed)
		return false;
	list->n = ncommand;
	list->skipped = skipped;
	list->source_root = find_source_root(a, list);
	return true;
}

void commands_of_kbuild(struct arena *a, int argc, char **argv, struct command_list *out)
{
	const char *cc = getenv("CC"), *top = getenv("srctree"), *file = NULL;
	struct command *c = ARENA_NEW(a, struct command);
	struct words compiler = {0};

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < argc; i++)
		if (argv[i][0] != '-' && path_ends(argv[i], ".c"))
			file = argv[i];
	if (!file)
		die("kbuild named no C file to check");
	if (!cc || !words_split(a, cc, &compiler) || !compiler.argc)
		words_split(a, "clang", &compiler);
	out->build = real_path(a, ".");
	out->items = c;
	out->n = 1;
	c->directory = out->build;
	c->file = path_absolute(a, out->build, file);
	c->argv = ARENA_ARRAY(a, char *, compiler.argc + argc + 2);
	for (int i = 0; i < compiler.argc; i++)
		c->argv[c->argc++] = compiler.argv[i];
	for (int i = 0; i < argc; i++)
		c->argv[c->argc++] = argv[i];
	c->argv[c->argc++] = arena_strdup(a, "-c");
	out->source_root = kernel_top(a, c->file);
	if (!out->source_root)
		out->source_root = top && *top ? path_absolute(a, out->build, top) : path_parent(a, c->file);
}
