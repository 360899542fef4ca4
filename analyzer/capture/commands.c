// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compile databases (clang's "JSON Compilation Database"), as CMake, Bear, the kernel's
 * gen_compile_commands.py and devscope compdb write them.
 *
 * commands_read() finds the file, takes each entry apart, leaves out what is no C unit of the kernel,
 * sorts, keeps one entry per file and looks for the top of the source tree. A database is foreign data:
 * an entry that makes no sense is counted and left out, and nothing in it is ever run as it stands.
 */
#include "capture/capture.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
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

void commands_read(struct arena *a, const char *path, struct command_list *out)
{
	const char *file = find_database(a, path);
	struct reading r = { .arena = a, .list = out };
	struct json *j = load(file);
	size_t n = json_count(j);

	memset(out, 0, sizeof(*out));
	out->build = path_parent(a, real_path(a, file));
	out->items = ARENA_ARRAY(a, struct command, n);
	for (size_t i = 0; i < n; i++) {
		if (read_entry(&r, json_at(j, i), &out->items[out->n]))
			out->n++;
		else
			out->skipped++;
	}
	json_free(j);
	tell_left_out(&r, file);
	drop_host_tools(out);
	drop_doubles(out);
	if (!out->n)
		die("%s: no entry of it compiles a C file (of %zu): nothing to read", file, n);
	out->source_root = find_source_root(a, out);
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
