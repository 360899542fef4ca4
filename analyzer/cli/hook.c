// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope hook: a pre-commit hook for plain git. It is a small script that runs "devscope check --staged"; which
 * build that means is kept in git's settings of this clone (devscope.build), since it is no one else's business.
 * A hook that somebody else wrote is never overwritten.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/git.h"
#include "cli/output.h"

#define MARK "# Written by \"devscope hook install\"; \"devscope hook remove\" takes it away."

static const char hook_doc[] =
	"Have git check each commit before it is made.\v"
	"  install  write the hook pre-commit of the repository in the current folder. An existing one of "
	"another origin is left alone: add the line it says to yours\n"
	"  remove   take it away again\n"
	"\n"
	"The hook runs \"devscope check --staged\": findings that the staged changes bring refuse the commit. "
	"\"git commit --no-verify\" goes around it.\n"
	"\n"
	"Example, a kernel configured in ../build, in the kernel's source tree:\n"
	"\n"
	"  devscope compdb ../build && devscope check -p ../build drivers/iommu\n"
	"  devscope hook install -p ../build\n"
	"\n"
	"What was checked before is what the hook knows of the rest of the kernel.";

static const struct argp_option hook_options[] = {
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json for the checks (default: what git's setting "
	 "devscope.build says, else the nearest one upward from the source tree)", 0},
	{0},
};

struct hook {
	struct arena arena;
	struct git git;
	const char *what, *build;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct hook *h = state->input;

	switch (key) {
	case 'p': h->build = arg; return 0;
	case ARGP_KEY_ARG:
		if (h->what)
			argp_error(state, "%s: one of install and remove", arg);
		h->what = arg;
		return 0;
	case ARGP_KEY_END:
		if (!h->what || (strcmp(h->what, "install") && strcmp(h->what, "remove")))
			argp_error(state, "say install or remove");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* The script at path is one of ours; *there says whether there is any. */
static bool is_ours(const char *path, bool *there)
{
	struct text t;
	struct stat st;
	bool ours;

	text_init(&t);
	*there = !lstat(path, &st);	/* a link that leads nowhere is somebody's too */
	text_read_file(&t, path);
	ours = strstr(text_str(&t), MARK) != NULL;
	text_release(&t);
	return ours;
}

/* A word for a shell. */
static void quote(struct text *out, const char *s)
{
	text_putc(out, '\'');
	for (; *s; s++)
		if (*s == '\'')
			text_puts(out, "'\\''");
		else
			text_putc(out, *s);
	text_putc(out, '\'');
}

static void add_script(struct text *out)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	text_puts(out, "#!/bin/sh\n" MARK "\n# git commit --no-verify goes around it.\ndevscope=");
	quote(out, self);
	text_puts(out, "\n[ -x \"$devscope\" ] || devscope=devscope\n"
		  "if ! command -v \"$devscope\" >/dev/null; then\n"
		  "\techo \"devscope is not found: this commit is not checked\" >&2\n"
		  "\texit 0\n"
		  "fi\n"
		  "\"$devscope\" check --staged\n"
		  "status=$?\n"
		  "if [ $status -eq 2 ]; then	# it could not begin: it said why\n"
		  "\techo \"devscope: this commit is not checked\" >&2\n"
		  "\texit 0\n"
		  "fi\n"
		  "exit $status\n");
}

/* Keep which build the checks are for. */
static void keep_build(struct hook *h)
{
	char *real = realpath(h->build, NULL);

	if (!real || (!path_is_file(real) && !path_is_file(arena_printf(&h->arena, "%s/compile_commands.json", real))))
		die("-p %s: no compile database there; \"devscope compdb %s\" makes one of a kernel build", h->build,
		    h->build);
	git_set(&h->git, "devscope.build", real);
	free(real);
}

static void install(struct hook *h, const char *path)
{
	struct text script;
	bool there;

	if (!is_ours(path, &there) && there)
		die("%s is there already and is not devscope's: add to it the line\n\n  devscope check --staged || exit 1\n",
		    path);
	if (h->build)
		keep_build(h);
	text_init(&script);
	add_script(&script);
	if (mkdir(path_parent(&h->arena, path), 0777) && errno != EEXIST)
		die("%s cannot be made: %s", path_parent(&h->arena, path), strerror(errno));
	output_text(&h->arena, path, &script);
	text_release(&script);
	if (chmod(path, 0755))
		die("%s cannot be made executable: %s", path, strerror(errno));
	printf("%s: each commit is checked from now on\n", path);
}

static void drop(const char *path)
{
	bool there;

	if (!is_ours(path, &there))
		die(there ? "%s is not devscope's: it is left alone" : "%s: there is no hook", path);
	if (unlink(path))
		die("%s cannot be removed: %s", path, strerror(errno));
	printf("%s: removed\n", path);
}

int hook_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = hook_options, .parser = parse_option, .args_doc = "install|remove", .doc = hook_doc,
	};
	struct hook h = {0};
	const char *path;
	char *cwd = getcwd(NULL, 0);

	arena_init(&h.arena);
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &h);
	if (!cwd)
		die("the current folder is gone: %s", strerror(errno));
	git_open(&h.git, &h.arena, cwd);
	path = arena_printf(&h.arena, "%s/pre-commit", git_path(&h.git, "hooks"));
	if (!strcmp(h.what, "install"))
		install(&h, path);
	else
		drop(path);
	free(cwd);
	arena_release(&h.arena);
	return 0;
}
