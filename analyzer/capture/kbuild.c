// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kbuild knows of a build. Two sources, and neither is enough: a build that has run left each command
 * in a .NAME.o.cmd file (if_changed in scripts/Kbuild.include); for what was not built, or is out of date,
 * make -n prints the command. Both are shell lines that hold more than the compiler's run (traps, fixdep,
 * objtool): the simple command that compiles a C file of the kernel is picked out.
 *
 * make must be told what the build was configured with: with another compiler kbuild would run its
 * configuration again and change the build. include/config/auto.conf.cmd records these values, as
 * conditions on $(ARCH), $(CC), $(LD) and others.
 */
#include "capture/kbuild.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "capture/capture.h"
#include "capture/flags.h"
#include "capture/words.h"

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-,";

/* The value the build had for a variable; "" if it is not recorded, or make would expand it. */
static const char *recorded(struct arena *a, const char *auto_conf, const char *variable)
{
	const char *head = arena_printf(a, "ifneq \"$(%s)\" \"", variable);
	const char *p = strstr(auto_conf, head), *value;

	if (!p)
		return "";
	p += strlen(head);
	value = arena_strndup(a, p, strcspn(p, "\"\n"));
	for (p = value; *p; p++)
		if (*p != ' ' && !strchr(name_chars, *p))
			return "";
	return value;
}

/* What LLVM= must be for these names of clang and ld.lld: "1", "-19", "/opt/llvm/bin/"; NULL for others. */
static const char *llvm_setting(struct arena *a, const char *cc, const char *ld)
{
	const char *clang = strstr(cc, "clang"), *lld = strstr(ld, "ld.lld");
	size_t before;

	if (!clang || !lld || strchr(cc, ' '))
		return NULL;
	before = (size_t)(clang - cc);
	if (before != (size_t)(lld - ld) || strncmp(cc, ld, before) || strcmp(clang + 5, lld + 6))
		return NULL;
	if (before)
		return cc[before - 1] == '/' && !clang[5] ? arena_strndup(a, cc, before) : NULL;
	return clang[5] ? clang + 5 : "1";
}

/* The tools as single variables, where LLVM= does not stand for all of them. */
static void set_tools(struct kbuild *k, const char *auto_conf, size_t *n)
{
	static const char *const tools[] = { "CC", "LD", "AR", "NM", "OBJCOPY" };
	const char *ld = recorded(k->arena, auto_conf, "LD");
	size_t len = strlen(ld);

	if (len > 3 && path_ends(ld, "-ld"))
		k->settings[(*n)++] = arena_printf(k->arena, "CROSS_COMPILE=%.*s", (int)len - 2, ld);
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		const char *value = recorded(k->arena, auto_conf, tools[i]);

		if (*value)
			k->settings[(*n)++] = arena_printf(k->arena, "%s=%s", tools[i], value);
	}
}

static void read_settings(struct kbuild *k, const char *auto_conf)
{
	const char *arch = recorded(k->arena, auto_conf, "ARCH");
	const char *llvm = llvm_setting(k->arena, recorded(k->arena, auto_conf, "CC"),
					recorded(k->arena, auto_conf, "LD"));
	const char *source = recorded(k->arena, auto_conf, "srctree");
	size_t n = 0;

	k->settings = ARENA_ARRAY(k->arena, char *, 16);
	if (*arch)
		k->settings[n++] = arena_printf(k->arena, "ARCH=%s", arch);
	if (llvm)
		k->settings[n++] = arena_printf(k->arena, "LLVM=%s", llvm);
	else
		set_tools(k, auto_conf, &n);
	if (!*source)
		source = path_is_folder(arena_printf(k->arena, "%s/source", k->build)) ? "source" : ".";
	k->source = path_absolute(k->arena, k->build, source);
}

void kbuild_open(struct kbuild *k, struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	struct text auto_conf;

	memset(k, 0, sizeof(*k));
	map_init(&k->commands);
	k->arena = a;
	if (!real)
		die("%s: %s", path, strerror(errno));
	k->build = arena_strdup(a, real);
	free(real);
	if (!path_is_file(arena_printf(a, "%s/Makefile", k->build)))
		die("%s is not a kernel build: it has no Makefile (name the folder given to make as O=)",
		    path);
	if (!path_is_file(arena_printf(a, "%s/.config", k->build)))
		die("%s is not configured: run `make O=%s defconfig prepare` in the kernel's source first",
		    path, path);
	text_init(&auto_conf);
	if (text_read_file(&auto_conf, arena_printf(a, "%s/include/config/auto.conf.cmd", k->build)))
		die("%s is configured but not prepared: run `make -C %s prepare` first", path, path);
	read_settings(k, text_str(&auto_conf));
	text_release(&auto_conf);
}

void kbuild_close(struct kbuild *k)
{
	map_release(&k->commands);
}

const char *kbuild_target(struct kbuild *k, const char *target)
{
	size_t n = strlen(target);

	if (!n || target[0] == '-' || target[0] == '/' || strspn(target, name_chars) != n ||
	    strstr(target, ".."))
		die("%s: not a target of kbuild (a folder like drivers/iommu/, an object, or vmlinux)",
		    target);
	if (path_is_folder(path_absolute(k->arena, k->source, target)))
		return target[n - 1] == '/' ? target : arena_printf(k->arena, "%s/", target);
	if (strchr(target, '/') && !path_ends(target, ".o"))
		die("%s: the kernel's source (%s) has no such folder", target, k->source);
	return target;
}

/* The C file that a command of the kernel compiles, or NULL if it does something else. */
static const char *compiled_file(const struct words *w)
{
	if (flags_compiler(w->argv, w->argc) == w->argc || !flags_has(w->argv, w->argc, "-D__KERNEL__") ||
	    !flags_has(w->argv, w->argc, "-c"))
		return NULL;
	for (int i = w->argc - 1; i > 0; i--)
		if (w->argv[i][0] != '-' && path_ends(w->argv[i], ".c"))
			return w->argv[i];
	return NULL;
}

/* The file's name below the source or the build. */
static const char *name_of(const struct kbuild *k, const char *file)
{
	const char *name = path_inside(file, k->source);

	if (!name)
		name = path_inside(file, k->build);
	return name ? name : file;
}

static bool is_below(const struct kbuild *k, const struct command *c, const char *target)
{
	const char *name = name_of(k, c->file);
	size_t n = strlen(target);

	if (path_ends(target, "/"))
		return !strncmp(name, target, n);
	if (path_ends(target, ".o"))
		return flags_has(c->argv, c->argc, target) ||
		       (!strncmp(name, target, n - 1) && !strcmp(name + n - 1, "c"));
	return true;
}

size_t kbuild_count(const struct kbuild *k, const char *target)
{
	size_t count = 0;

	for (size_t i = 0; i < k->commands.n; i++)
		count += is_below(k, k->commands.entries[i].value, target);
	return count;
}

void kbuild_keep(struct kbuild *k, char *const *targets)
{
	struct map kept;

	map_init(&kept);
	for (size_t i = 0; i < k->commands.n; i++)
		for (size_t t = 0; targets[t]; t++)
			if (is_below(k, k->commands.entries[i].value, targets[t]))
				map_set(&kept, k->commands.entries[i].key, k->commands.entries[i].value);
	map_release(&k->commands);
	k->commands = kept;
}

/* Does it make the object named like the file? One file can make several (boot code, EFI stub). */
static bool makes_own_object(const struct kbuild *k, const struct command *c)
{
	const char *file = name_of(k, c->file);

	for (int i = 0; i + 1 < c->argc; i++)
		if (!strcmp(c->argv[i], "-o"))
			return path_ends(c->argv[i + 1], ".o") &&
			       !strncmp(c->argv[i + 1], file, strlen(file) - 1);
	return false;
}

static void add_command(struct kbuild *k, const struct words *w, const char *file)
{
	struct command *c = ARENA_NEW(k->arena, struct command);
	const struct command *older;

	c->directory = k->build;
	c->file = path_absolute(k->arena, k->build, file);
	c->argc = w->argc;
	c->argv = ARENA_ARRAY(k->arena, char *, w->argc + 1);
	for (int i = 0; i < w->argc; i++)
		c->argv[i] = arena_strdup(k->arena, w->argv[i]);
	if (path_ends(c->file, ".mod.c"))	/* made by modpost: holds no code */
		return;
	older = map_get(&k->commands, c->file);
	if (!older || makes_own_object(k, c) || !makes_own_object(k, older))
		map_set(&k->commands, c->file, c);
}

/* Pick the compiler's run out of a shell line. scratch is cleared. */
static void read_line(struct kbuild *k, struct arena *scratch, const char *line)
{
	struct words w;

	arena_clear(scratch);
	if (!strstr(line, "-D__KERNEL__") || !strstr(line, " -c "))
		return;
	while (words_next(scratch, &line, &w)) {
		const char *file = compiled_file(&w);

		if (!file)
			continue;
		if (w.expands || w.open)
			k->unclear++;
		else
			add_command(k, &w, file);
		return;
	}
}

/* The command of a .cmd file: "savedcmd_NAME := ..." (cmd_NAME before 6.3), with what make would undo. */
static void read_cmd_file(struct kbuild *k, struct arena *scratch, const char *path)
{
	struct text file, line;
	const char *p;

	text_init(&file);
	text_init(&line);
	if (!text_read_file(&file, path)) {
		p = strstr(text_str(&file), ":= ");
		for (p = p ? p + 3 : ""; *p && *p != '\n'; p++) {
			if (!strncmp(p, "$(pound)", 8)) {
				text_putc(&line, '#');
				p += 7;
			} else {
				p += (*p == '$' && p[1] == '$') || (*p == '\\' && p[1] == '#');
				text_putc(&line, *p);
			}
		}
		read_line(k, scratch, text_str(&line));
	}
	text_release(&line);
	text_release(&file);
}

static void read_cmd_files(struct kbuild *k, struct arena *scratch, char *folder)
{
	char *const tops[] = { folder, NULL };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *e;

	if (!walk)
		return;
	while ((e = fts_read(walk))) {
		if (e->fts_info == FTS_D && !strcmp(e->fts_name, ".git"))
			fts_set(walk, e, FTS_SKIP);
		else if (e->fts_info != FTS_D && e->fts_info != FTS_DP && e->fts_name[0] == '.' &&
			 path_ends(e->fts_name, ".o.cmd"))
			read_cmd_file(k, scratch, e->fts_path);
	}
	fts_close(walk);
}

void kbuild_read_built(struct kbuild *k, const char *target)
{
	char *path = path_absolute(k->arena, k->build, target);
	struct arena scratch;

	arena_init(&scratch);
	if (path_ends(target, ".o"))
		read_cmd_file(k, &scratch,
			      arena_printf(k->arena, "%s/.%s.cmd", path_parent(k->arena, path),
					   path_base(path)));
	else if (!*target || path_ends(target, "/"))
		read_cmd_files(k, &scratch, path);
	else
		read_cmd_files(k, &scratch, arena_strdup(k->arena, k->build));
	arena_release(&scratch);
}

/* A make around us, and settings for other builds, must not speak to this one. */
static char **make_env(struct arena *a)
{
	static const char *const without[] = {
		"MAKEFLAGS=", "MFLAGS=", "MAKELEVEL=", "MAKEOVERRIDES=", "GNUMAKEFLAGS=",
		"KBUILD_OUTPUT=", "O=", "M=", "ARCH=", "SUBARCH=", "CROSS_COMPILE=", "LLVM=", "V=",
		"C=", "W=", "CHECK=", "CC=", "LD=", "LC_", "LANG", NULL,
	};

	return process_environment(a, without, (const char *const[]){"LC_ALL=C", NULL});
}

static char **make_argv(struct kbuild *k, char *const *targets)
{
	/* -i and -k: files that a real run would have made are missing, which is no reason to stop. */
	static const char *const always[] = { "make", "-n", "-k", "-i", "V=1", "-C" };
	size_t fixed = sizeof(always) / sizeof(always[0]), n = 0, more = 0;
	char **argv;

	while (k->settings[more])
		more++;
	while (targets[n])
		n++;
	argv = ARENA_ARRAY(k->arena, char *, fixed + more + n + 2);
	for (size_t i = 0; i < fixed; i++)
		argv[i] = arena_strdup(k->arena, always[i]);
	argv[fixed] = arena_strdup(k->arena, k->build);
	memcpy(argv + fixed + 1, k->settings, more * sizeof(*argv));
	memcpy(argv + fixed + 1 + more, targets, n * sizeof(*argv));
	return argv;
}

/* Start make: out is what it prints, its complaints go to the file err. */
static pid_t start_make(struct kbuild *k, char *const *targets, int *out, FILE *err)
{
	char **argv = make_argv(k, targets);
	posix_spawn_file_actions_t files;
	int ends[2], why;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		die("cannot make a pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, ends[1], 1);
	posix_spawn_file_actions_adddup2(&files, fileno(err), 2);
	why = posix_spawnp(&pid, argv[0], &files, NULL, argv, make_env(k->arena));
	posix_spawn_file_actions_destroy(&files);
	if (why)
		die("cannot run make: %s", strerror(why));
	close(ends[1]);
	*out = ends[0];
	return pid;
}

/* Read lines, those that go on after a backslash as one, and pick commands out of them. */
static void read_output(struct kbuild *k, FILE *in)
{
	struct arena scratch;
	struct text whole;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	arena_init(&scratch);
	text_init(&whole);
	while ((n = getline(&line, &size, in)) >= 0) {
		bool goes_on = n > 1 && line[n - 1] == '\n' && line[n - 2] == '\\';

		text_add(&whole, line, (size_t)n - (goes_on ? 2 : 0));
		if (goes_on)
			continue;
		read_line(k, &scratch, text_str(&whole));
		text_clear(&whole);
	}
	free(line);
	text_release(&whole);
	arena_release(&scratch);
}

/* make's first complaint ("make: *** No rule to make target 'x'."), for a run that gave nothing. */
static void read_complaint(struct kbuild *k, FILE *err)
{
	char line[1000];

	rewind(err);
	while (!k->trouble && fgets(line, sizeof(line), err)) {
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, "***") || strstr(line, "rror"))
			k->trouble = arena_strdup(k->arena, line);
	}
}

void kbuild_read_dry_run(struct kbuild *k, char *const *targets)
{
	FILE *err = tmpfile(), *in;
	int out;
	pid_t pid;

	if (!err)
		die("cannot make a temporary file: %s", strerror(errno));
	pid = start_make(k, targets, &out, err);
	in = fdopen(out, "r");
	if (!in)
		die("out of memory");
	read_output(k, in);
	fclose(in);
	/* Its status says nothing: a dry run ends with an error for each file that is not there yet. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	read_complaint(k, err);
	fclose(err);
}
