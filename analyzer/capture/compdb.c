// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope compdb: the compile database of a kernel build, built or not. kbuild.c finds the commands; here
 * they are joined with those of an earlier run, sorted and written under a new name that then takes the
 * old one's place, so that nobody reads half a file.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "capture/capture.h"
#include "capture/kbuild.h"
#include "capture/words.h"

struct compdb_args {
	struct arena *arena;
	const char *output;
	const char *build;
	char **targets;		/* ended by NULL */
	int ntarget;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct compdb_args *args = state->input;

	switch (key) {
	case 'o':
		args->output = arg;
		return 0;
	case ARGP_KEY_INIT:
		args->targets = ARENA_ARRAY(args->arena, char *, state->argc + 3);
		return 0;
	case ARGP_KEY_ARG:
		if (!args->build)
			args->build = arg;
		else
			args->targets[args->ntarget++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "KERNEL_BUILD is missing: the folder given to the kernel's make as O=");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Write to FILE instead of KERNEL_BUILD/compile_commands.json", 0 },
	{ 0 }
};

static const char help[] =
	"Write the compile database of a kernel build."
	"\v"
	"KERNEL_BUILD is a kernel's build folder, configured and prepared (make O=KERNEL_BUILD defconfig "
	"prepare); nothing need be compiled. A TARGET is a folder (drivers/iommu) or an object; without "
	"one the "
	"database has all of vmlinux and the modules.\n\n"
	"This runs the kernel tree's make: a dry run (make -n), which still runs what the tree's "
	"Makefiles run "
	"while they are read. It is the only part of devscope that runs anything of the tree: do not use "
	"it on "
	"a tree that you do not trust.\n\n"
	"Entries of the file for other sources are kept.";

/* Entries already in the file are kept for sources that exist and have no newer command. */
static void keep_entry(struct kbuild *k, const struct json *entry, size_t *lost)
{
	const char *directory = json_text(json_member(entry, "directory"));
	const char *file = json_text(json_member(entry, "file"));
	const char *command = json_text(json_member(entry, "command"));
	const struct json *arguments = json_member(entry, "arguments");
	struct command *c = ARENA_NEW(k->arena, struct command);
	struct words w = { 0 };

	if (!file || !directory || directory[0] != '/')
		return;
	c->directory = arena_strdup(k->arena, directory);
	c->file = path_absolute(k->arena, directory, file);
	if (!path_is_file(c->file) || map_get(&k->commands, c->file))
		return;
	c->argc = (int)json_count(arguments);
	c->argv = ARENA_ARRAY(k->arena, char *, c->argc + 1);
	for (int i = 0; i < c->argc; i++) {
		const char *word = json_text(json_at(arguments, (size_t)i));

		c->argv[i] = arena_strdup(k->arena, word ? word : "");
	}
	if (!c->argc && command && words_split(k->arena, command, &w)) {
		c->argv = w.argv;
		c->argc = w.argc;
	}
	if (c->argc)
		map_set(&k->commands, c->file, c);
	else
		++*lost;
}

static void keep_older(struct kbuild *k, const char *path)
{
	struct text error;
	struct json *j;
	size_t lost = 0;

	if (access(path, F_OK))
		return;
	text_init(&error);
	j = json_read_file(path, &error);
	if (!j || !json_is_array(j))
		die("%s: this file is no compile database (%s): remove it, or write elsewhere with -o", path,
		    j ? "not an array" : text_str(&error));
	for (size_t i = 0; i < json_count(j); i++)
		keep_entry(k, json_at(j, i), &lost);
	if (lost)
		problem("%s: older entries not kept because they need a shell: %zu", path, lost);
	json_free(j);
	text_release(&error);
}

static void write_database(struct kbuild *k, const char *path)
{
	const char *fresh = arena_printf(k->arena, "%s.%ld.new", path, (long)getpid());
	struct json *j = json_array();
	int err;

	map_sort(&k->commands);
	for (size_t i = 0; i < k->commands.n; i++) {
		const struct command *c = k->commands.entries[i].value;
		struct json *entry = json_push_object(j), *arguments;

		json_add_text(entry, "directory", c->directory);
		json_add_text(entry, "file", c->file);
		arguments = json_add_array(entry, "arguments");
		for (int n = 0; n < c->argc; n++)
			json_push_text(arguments, c->argv[n]);
	}
	err = json_write_file(j, fresh);
	json_free(j);
	if (!err && rename(fresh, path))
		err = -errno;
	if (err) {
		unlink(fresh);
		die("cannot write %s: %s", path, strerror(-err));
	}
}

/* A build that has not run has no generated sources: say so before they turn up as unread. */
static void tell_missing(const struct kbuild *k)
{
	const char *first = NULL;
	size_t missing = 0;

	for (size_t i = 0; i < k->commands.n; i++) {
		const struct command *c = k->commands.entries[i].value;

		if (path_is_file(c->file))
			continue;
		if (!missing++ || strcmp(c->file, first) < 0)
			first = c->file;
	}
	if (missing)
		problem("sources that only a real build makes: %zu (as %s)", missing, path_base(first));
}

static void read_commands(struct kbuild *k, struct compdb_args *args)
{
	if (!args->ntarget) {
		args->targets[args->ntarget++] = arena_strdup(args->arena, "vmlinux");
		args->targets[args->ntarget++] = arena_strdup(args->arena, "modules");
	}
	for (int i = 0; i < args->ntarget; i++) {
		args->targets[i] = arena_strdup(args->arena, kbuild_target(k, args->targets[i]));
		kbuild_read_built(k, args->targets[i]);
	}
	kbuild_read_dry_run(k, args->targets);
	kbuild_keep(k, args->targets);
	for (int i = 0; k->commands.n && i < args->ntarget; i++)
		if (!kbuild_count(k, args->targets[i]))
			problem("%s: this configuration compiles nothing there", args->targets[i]);
	if (k->unclear)
		problem("commands left out because a shell would change them: %zu", k->unclear);
	tell_missing(k);
	if (!k->commands.n)
		die("%s: kbuild compiles nothing for what was asked%s%s", args->build,
		    k->trouble ? "; it says: " : "", k->trouble ? k->trouble : "");
}

int compdb_main(int argc, char **argv)
{
	static const struct argp argp = { .options = options, .parser = parse_option,
					  .args_doc = "KERNEL_BUILD [TARGET...]", .doc = help };
	static char name[] = "devscope compdb";
	struct arena arena = { 0 };
	struct compdb_args args = { .arena = &arena };
	struct kbuild k;
	size_t found;

	argp_err_exit_status = 2;
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	kbuild_open(&k, &arena, args.build);
	if (!args.output)
		args.output = arena_printf(&arena, "%s/compile_commands.json", k.build);
	read_commands(&k, &args);
	found = k.commands.n;
	keep_older(&k, args.output);
	write_database(&k, args.output);
	printf("%s: commands found: %zu, kept from before: %zu\n", args.output, found, k.commands.n - found);
	kbuild_close(&k);
	arena_release(&arena);
	return 0;
}
