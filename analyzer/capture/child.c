// SPDX-License-Identifier: GPL-2.0-only
/*
 * One unit, in a process of its own: a fork of devscope that runs clang, lowers the bitcode and leaves the
 * unit's flow in a file. Whatever happens here (clang or LLVM crash, memory runs out, an invariant breaks)
 * costs this unit only.
 *
 * clang is tried with a precompiled header, if the unit may use one, then as the tree's command says, then
 * without the flags it refuses, then without markers.h. The files are N.bc, N.d (dependencies), N.err
 * (clang's messages), N.msg (ours) and N.out: a line "ok NOTE" ("pch NOTE" with a precompiled header) and
 * the flow, or "failed NOTE" and the error.
 *
 * When the source is to blame the word is "lasting" in place of "failed". clang removes N.d if a header is missing, so
 * it is then asked for the files again, with the missing ones left out: N.d and, of the attempt without markers, N.d2;
 * N.missing has the name that was not found and the folders in which clang looks, a line each.
 */
#include "capture/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "capture/bitcode.h"
#include "capture/capture.h"
#include "capture/failure.h"
#include "capture/flags.h"
#include "capture/pch.h"
#include "flow/flow_text.h"

enum {
	REFUSALS = 16,		/* clang runs that may end in a refusal before we give up */
	CHILD_DONE = 0,
	CHILD_TROUBLE = 2,	/* die() in the child, or the result cannot be written */
};

static const char *const kinds[] = { "bc", "d", "d2", "err", "missing", "msg", "out" };

/* The state of one child. */
struct attempt {
	const struct child *c;
	struct arena arena;
	struct flags flags;	/* the unit's, without the names of files */
	struct text messages;	/* clang's, of its last run */
	int status;		/* its wait status; -1: it did not run */
	const char *note;
	const char *error;
	const char *pch;	/* the precompiled header that was used, or NULL */
	bool plain;		/* it was tried without markers */
};

/* What clang reads before the unit. */
enum before { NOTHING, MARKERS, PCH };

char *child_file(struct arena *a, const struct child *c, const char *kind)
{
	return arena_printf(a, "%s/%zu.%s", c->folder, c->number, kind);
}

void child_clean(struct arena *a, const struct child *c)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		unlink(child_file(a, c, kinds[i]));
}

static void note_add(struct attempt *t, const char *what)
{
	t->note = t->note ? arena_printf(&t->arena, "%s; %s", t->note, what) : what;
}

/* clang's arguments, behind the launcher if there is one. */
static char **launched(struct attempt *t, const struct flags *f)
{
	char **argv;

	if (!t->c->opt->launcher)
		return f->argv;
	argv = ARENA_ARRAY(&t->arena, char *, f->argc + 2);
	argv[0] = (char *)t->c->opt->launcher;
	memcpy(argv + 1, f->argv, sizeof(*argv) * (size_t)f->argc);
	return argv;
}

/* Start clang with no input and its messages in a file, and wait. Its wait status, or -1 with error set. */
static int run_clang(struct attempt *t, char **argv)
{
	const char *messages = child_file(&t->arena, t->c, "err");
	posix_spawn_file_actions_t files;
	int err, status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	err = posix_spawn(&pid, argv[0], &files, NULL, argv, t->c->env);
	posix_spawn_file_actions_destroy(&files);
	text_clear(&t->messages);
	if (err) {
		t->error = arena_printf(&t->arena, "cannot run %s: %s", path_base(argv[0]), strerror(err));
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	text_read_file(&t->messages, messages);
	return status;
}

/* clang's whole command line, with the files of this run: to compile, or to list the files that are read. */
static void add_files(struct attempt *t, enum before before, const char *list, struct flags *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < t->flags.argc; i++)
		flags_add(&t->arena, out, t->flags.argv[i]);
	if (!t->c->cmd)	/* a job: its flags are all */
		return;
	if (before == PCH) {
		flags_add(&t->arena, out, "-include-pch");
		flags_add(&t->arena, out, t->pch);
	}
	if (before == MARKERS) {
		flags_add(&t->arena, out, "-include");
		flags_add(&t->arena, out, path_absolute(&t->arena, t->c->opt->marker_dir, "markers.h"));
	}
	if (t->c->overlay) {
		flags_add(&t->arena, out, "-ivfsoverlay");
		flags_add(&t->arena, out, t->c->overlay);
	}
	flags_add(&t->arena, out, list ? "-M" : "-MD");
	flags_add(&t->arena, out, "-MF");
	flags_add(&t->arena, out, child_file(&t->arena, t->c, list ? list : "d"));
	flags_add(&t->arena, out, list ? "-MG" : "-o");
	flags_add(&t->arena, out, list ? "-v" : child_file(&t->arena, t->c, "bc"));
	flags_add(&t->arena, out, t->c->cmd->file);
}

/* Replace folders of this machine: what is left is relative to one of them. */
static const char *without_folders(struct attempt *t, const char *line, size_t n)
{
	const struct command *cmd = t->c->cmd;	/* NULL: a precompiled header is made, for no unit */
	const char *folders[] = { t->c->list->source_root, cmd ? cmd->directory : t->c->list->build,
				  t->c->list->build, t->c->folder };
	struct text out;
	const char *copy;

	text_init(&out);
	for (size_t i = 0; i < n;) {
		size_t skip = 0;

		for (size_t k = 0; k < sizeof(folders) / sizeof(folders[0]) && !skip; k++) {
			size_t len = strlen(folders[k]);

			if (len > 1 && i + len < n && !strncmp(line + i, folders[k], len) &&
			    line[i + len] == '/')
				skip = len + 1;
		}
		if (!skip)
			text_putc(&out, line[i++]);
		i += skip;
	}
	copy = arena_strdup(&t->arena, text_str(&out));
	text_release(&out);
	return copy;
}

/* The first line that says "error: "; else what became of clang. */
static const char *clang_error(struct attempt *t, int status)
{
	const char *messages = text_str(&t->messages), *error = strstr(messages, "error: ");

	if (error) {
		while (error > messages && error[-1] != '\n')
			error--;
		return without_folders(t, error, strcspn(error, "\n"));
	}
	if (WIFSIGNALED(status))
		return arena_printf(&t->arena, "clang crashed (%s)", strsignal(WTERMSIG(status)));
	return arena_printf(&t->arena, "clang failed with status %d", WEXITSTATUS(status));
}

/* Run clang until it takes its flags. True if it made bitcode; else error is set. */
static bool compile(struct attempt *t, enum before before)
{
	struct flags f;

	t->error = NULL;
	t->plain = before == NOTHING;
	for (int i = 0; i < REFUSALS; i++) {
		add_files(t, before, NULL, &f);
		t->status = run_clang(t, launched(t, &f));
		if (!t->status)
			return true;
		if (t->status < 0 || !flags_strip_refused(&t->arena, &t->flags, text_str(&t->messages)))
			break;
	}
	if (!t->error)
		t->error = clang_error(t, t->status);
	return false;
}

static const char *unit_name(const struct child *c)
{
	const char *name = path_inside(c->cmd->file, c->list->source_root);

	if (!name)
		name = path_inside(c->cmd->file, c->list->build);
	return name ? name : c->cmd->file;
}

/* Read the bitcode and print its flow. False with error set if that fails. */
static bool lower(struct attempt *t, struct text *flow)
{
	struct text error;
	struct unit *unit;

	text_init(&error);
	unit = bitcode_lower(&t->arena, child_file(&t->arena, t->c, "bc"), unit_name(t->c),
			     t->c->opt->view, t->c->list->source_root, &error);
	if (unit)
		flow_print_sealed(flow, unit);
	else
		t->error = without_folders(t, text_str(&error), error.len);
	text_release(&error);
	return unit;
}

/* List the files the unit reads, whether they are there or not. */
static bool list_files(struct attempt *t, enum before before, const char *list)
{
	const char *error = t->error;
	struct flags f;
	int status;

	add_files(t, before, list, &f);
	status = run_clang(t, f.argv);
	t->error = error;
	return WIFEXITED(status) && WEXITSTATUS(status) <= 1 && path_is_file(child_file(&t->arena, t->c, list));
}

/* Write bytes to one of the child's files. */
static bool leave(struct attempt *t, const char *kind, const char *head, const char *what, size_t n)
{
	FILE *f = fopen(child_file(&t->arena, t->c, kind), "wb");

	if (!f)
		return false;
	fputs(head, f);
	if (fwrite(what, 1, n, f) == n && !fclose(f))
		return true;
	fprintf(stderr, "cannot keep what was read: %s\n", strerror(errno));
	return false;
}

/* It failed. If that is the source's fault, leave which files decide that. False if it may pass. */
static bool leave_files(struct attempt *t)
{
	const char *messages = text_str(&t->messages), *missing = failure_missing(&t->arena, messages);
	bool of_source = failure_is_of_source(messages), left = true;
	struct text folders;

	if (!WIFEXITED(t->status) || WEXITSTATUS(t->status) != 1)
		return false;
	text_init(&folders);
	if (of_source)
		left = list_files(t, MARKERS, "d") && (!t->plain || list_files(t, NOTHING, "d2")) &&
		       failure_folders(text_str(&t->messages), &folders);
	else	/* it does not get as far as a place when the unit's own file is missing */
		left = missing && !strcmp(missing, t->c->cmd->file);
	if (left && missing)
		left = leave(t, "missing", arena_printf(&t->arena, "%s\n", missing), text_str(&folders), folders.len);
	text_release(&folders);
	return left;
}

static int leave_result(struct attempt *t, const struct text *flow, bool ok)
{
	const char *what = ok ? text_str(flow) : t->error;
	const char *word = ok ? t->pch ? "pch" : "ok" : leave_files(t) ? "lasting" : "failed";
	const char *head = arena_printf(&t->arena, "%s %s\n", word, t->note ? t->note : "");

	return leave(t, "out", head, what, ok ? flow->len : strlen(what)) ? CHILD_DONE : CHILD_TROUBLE;
}

/* die() ends with exit(): what the parent wants done at its end must not run here. */
static void end_now(void)
{
	_exit(CHILD_TROUBLE);
}

static void enter(const struct child *c, struct arena *a)
{
	static const struct rlimit no_core;
	int fd = open(child_file(a, c, "msg"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &no_core);
	atexit(end_now);
	message_before = NULL;
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
	sigprocmask(SIG_SETMASK, &c->mask, NULL);
}

/* A job of the plan for precompiled headers. */
_Noreturn static void run_job(struct attempt *t)
{
	const struct command *cmd = pch_job(t->c->pch, t->c->number, &t->arena, &t->flags);
	bool ok = cmd ? !chdir(cmd->directory) && compile(t, NOTHING) : pch_decide(t->c->pch, t->c->number);

	_exit(ok ? CHILD_DONE : CHILD_TROUBLE);
}

/* With a precompiled header; whatever goes wrong with it is not worth a word. */
static bool compile_with_pch(struct attempt *t)
{
	if (t->c->pch)
		t->pch = pch_for_unit(t->c->pch, t->c->number);
	if (t->pch && compile(t, PCH))
		return true;
	t->pch = NULL;
	return false;
}

/* Did the unit end for want of a file that only a build makes? Then the markers are not to blame. */
static bool misses_a_file(const struct attempt *t)
{
	return t->error && !strstr(t->error, "markers.h:") &&
	       (strstr(t->error, "' file not found") || strstr(t->error, "error: no such file or directory"));
}

void child_run(const struct child *c)
{
	struct attempt t = { .c = c, .status = -1 };
	struct text flow;
	bool ok = false;

	arena_init(&t.arena);
	text_init(&t.messages);
	text_init(&flow);
	enter(c, &t.arena);
	if (!c->cmd)
		run_job(&t);
	flags_make(&t.arena, c->list, c->cmd, c->opt, &t.flags);
	if (chdir(c->cmd->directory)) {
		t.error = arena_printf(&t.arena, "the folder its command runs in: %s", strerror(errno));
	} else if (compile_with_pch(&t) || compile(&t, MARKERS)) {
		ok = lower(&t, &flow);
	} else if (!misses_a_file(&t) && compile(&t, NOTHING)) {
		note_add(&t, "read without markers");
		ok = lower(&t, &flow);
	}
	if (t.flags.note)
		note_add(&t, t.flags.note);
	_exit(leave_result(&t, &flow, ok));
}

/*
 * The child did not come to its end: say how, with the line that it printed of it. After the first one stand a
 * sanitizer's stack or LLVM's. "=====" is no word of it.
 */
static const char *broken_child(struct arena *a, const struct child *c, int status)
{
	const char *how = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it gave up";
	struct text said;
	const char *line;

	text_init(&said);
	text_read_file(&said, child_file(a, c, "msg"));
	line = text_str(&said) + strspn(text_str(&said), "=\n");
	line = arena_strndup(a, line, strcspn(line, "\n"));
	text_release(&said);
	return *line ? arena_printf(a, "devscope could not read it: %s (%s)", line, how) :
		       arena_printf(a, "devscope could not read it: %s", how);
}

static void read_result(struct arena *a, const struct child *c, int status, struct captured *out)
{
	struct text result;
	const char *s, *note;
	size_t n;

	if (status) {
		out->error = broken_child(a, c, status);
		return;
	}
	text_init(&result);
	text_read_file(&result, child_file(a, c, "out"));
	s = text_str(&result);
	n = strcspn(s, "\n");
	out->pch = !strncmp(s, "pch ", 4);
	out->ok = out->pch || !strncmp(s, "ok ", 3);
	out->lasting = !strncmp(s, "lasting ", 8);
	note = s + strcspn(s, " \n");
	note += *note == ' ';
	if (note < s + n)
		out->note = arena_strndup(a, note, (size_t)(s + n - note));
	s += n + (s[n] == '\n');
	n = result.len - (size_t)(s - text_str(&result));
	if (out->ok) {
		out->flow = arena_strndup(a, s, n);
		out->flow_len = n;
	} else {
		out->error = n ? arena_strndup(a, s, n) : "devscope could not read it: its result is missing";
	}
	text_release(&result);
}

void child_result(struct arena *a, const struct child *c, int status, struct captured *out)
{
	read_result(a, c, status, out);
	if (!out->ok && !out->lasting && path_room(c->folder) < CHILD_ROOM)
		out->error = arena_printf(a, "%s; there is hardly any room left in %s: let TMPDIR name another folder",
					  out->error, path_parent(a, c->folder));
}
