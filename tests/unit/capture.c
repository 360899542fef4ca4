// SPDX-License-Identifier: GPL-2.0-only
/* The pool of children: what comes back of good, broken and hanging units, and that nothing stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/path.h"
#include "capture/capture.h"
#include "capture/child.h"

#ifndef DEVSCOPE_CLANG
#define DEVSCOPE_CLANG "clang-19"
#endif

static struct arena arena;
static char folder[] = "/tmp/devscope-test-XXXXXX";

static const char *in_folder(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *content, mode_t mode)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
	chmod(in_folder(name), mode);
}

/* A result, kept for looking at. */
struct kept {
	struct captured unit;
	const char *file;
};

struct results {
	const struct command_list *list;
	struct kept units[8];
	size_t n;
};

static const char *copy(const char *s)
{
	return s ? arena_strdup(&arena, s) : NULL;
}

static void keep_one(struct results *r, const struct captured *unit)
{
	struct kept *k = &r->units[r->n++];

	k->unit = *unit;
	k->file = path_base(r->list->items[unit->index].file);
	k->unit.error = copy(unit->error);
	k->unit.note = copy(unit->note);
	k->unit.flow = copy(unit->flow);
	k->unit.deps = arena_copy(&arena, unit->deps, unit->ndep * sizeof(*unit->deps));
	for (size_t i = 0; i < unit->ndep; i++)
		k->unit.deps[i].path = copy(unit->deps[i].path);
}

static void keep(void *cookie, const struct captured *units, size_t n)
{
	for (size_t i = 0; i < n; i++)
		keep_one(cookie, &units[i]);
}

static const struct captured *result(const struct results *r, const char *file)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->units[i].file, file))
			return &r->units[i].unit;
	fail_msg("no result for %s", file);
	return NULL;
}

/* Read all units of the test's database with this clang. */
static bool run(const char *clang, int timeout, struct command_list *list, struct results *r)
{
	struct capture_options o = {
		.clang = clang, .jobs = 2, .timeout = timeout, .marker_dir = in_folder("markers")
	};
	size_t want[8];

	commands_find(&arena, folder, list);
	commands_read(&arena, list);
	assert_true(list->n <= 8);
	for (size_t i = 0; i < list->n; i++)
		want[i] = i;
	r->list = list;
	r->n = 0;
	return capture_run(list, want, list->n, &o, keep, r);
}

/* The folder that TMPDIR names must be empty after each run. */
static void assert_nothing_stays(void)
{
	assert_int_equal(rmdir(in_folder("tmp")), 0);
	mkdir(in_folder("tmp"), 0700);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void units_come_back_with_their_files(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	assert_false(run(DEVSCOPE_CLANG, 60, &l, &r));
	assert_int_equal(r.n, 6);
	assert_true(result(&r, "good.c")->ok);
	assert_non_null(strstr(result(&r, "good.c")->flow, "good"));
	assert_null(result(&r, "good.c")->note);
	assert_int_equal(result(&r, "good.c")->ndep, 2);
	assert_string_equal(result(&r, "good.c")->deps[0].path, "good.c");
	assert_string_equal(result(&r, "good.c")->deps[1].path, "in c.h");
	assert_int_equal(result(&r, "good.c")->deps[1].size, 7);
	assert_nothing_stays();
}

static void a_failure_shows_clang_s_first_error(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	run(DEVSCOPE_CLANG, 60, &l, &r);
	assert_false(result(&r, "missing.c")->ok);
	assert_string_equal(result(&r, "missing.c")->error,
			    "missing.c:2:10: fatal error: 'nowhere.h' file not found");
	assert_nothing_stays();
}

static const struct dep *dep_of(const struct captured *unit, const char *path)
{
	for (size_t i = 0; i < unit->ndep; i++)
		if (!strcmp(unit->deps[i].path, path))
			return &unit->deps[i];
	fail_msg("%s is not among the files", path);
	return NULL;
}

static void what_fails_for_its_source_has_the_files_that_decide_it(void **state)
{
	const struct captured *unit;
	struct command_list l;
	struct results r;

	(void)state;
	run(DEVSCOPE_CLANG, 60, &l, &r);
	unit = result(&r, "missing.c");
	assert_true(unit->lasting);
	assert_int_equal(dep_of(unit, "missing.c")->size, 40);
	assert_int_equal(dep_of(unit, "sub/h.h")->size, 7);
	assert_int_equal(dep_of(unit, "nowhere.h")->size, DEP_ABSENT);
	assert_int_equal(dep_of(unit, "first/nowhere.h")->size, DEP_ABSENT);
	assert_int_equal(dep_of(unit, "sub/nowhere.h")->size, DEP_ABSENT);
	unit = result(&r, "mistake.c");
	assert_true(unit->lasting);
	assert_int_equal(unit->ndep, 2);
	assert_int_equal(dep_of(unit, "mistake.c")->size, 32);
	assert_int_equal(dep_of(unit, "sub/h.h")->size, 7);
	unit = result(&r, "gone.c");
	assert_true(unit->lasting);
	assert_int_equal(unit->ndep, 1);
	assert_int_equal(dep_of(unit, "gone.c")->size, DEP_ABSENT);
}

/* What is there but was not read may be anything: it may have come meanwhile. */
static void what_may_be_there_by_now_is_not_taken_for_absent(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	write_file("sub/nowhere.h", "\n", 0600);
	run(DEVSCOPE_CLANG, 60, &l, &r);
	unlink(in_folder("sub/nowhere.h"));
	assert_int_equal(dep_of(result(&r, "missing.c"), "sub/nowhere.h")->size, DEP_NEVER);
}

/* A failure of the machine, or one whose cause is not known, is never current. */
static void assert_passing(const struct captured *unit, const char *file)
{
	assert_false(unit->ok);
	assert_false(unit->lasting);
	assert_int_equal(dep_of(unit, file)->size, DEP_NEVER);
}

static void refused_flags_and_markers_are_given_up(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	run(DEVSCOPE_CLANG, 60, &l, &r);
	assert_true(result(&r, "flags.c")->ok);
	assert_string_equal(result(&r, "flags.c")->note,
			    "left out flags that clang does not know: -fno-such-flag");
	assert_true(result(&r, "clash.c")->ok);
	assert_string_equal(result(&r, "clash.c")->note, "read without markers");
	assert_nothing_stays();
}

static void a_hanging_unit_is_killed(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	assert_false(run(in_folder("hang"), 1, &l, &r));
	assert_int_equal(r.n, 6);
	assert_false(result(&r, "good.c")->ok);
	assert_string_equal(result(&r, "good.c")->error, "killed after 1 s");
	assert_passing(result(&r, "good.c"), "good.c");
	assert_nothing_stays();
}

static void a_crash_costs_one_unit(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	assert_false(run(in_folder("crash"), 60, &l, &r));
	assert_int_equal(r.n, 6);
	assert_false(result(&r, "good.c")->ok);
	assert_non_null(strstr(result(&r, "good.c")->error, "clang crashed"));
	assert_passing(result(&r, "good.c"), "good.c");
	assert_nothing_stays();
}

/* What a child of ours printed before it ended is told by the line that says it, not by the stack after it. */
static const char *told_of(const char *printed)
{
	static const struct command none;
	static const struct command_list list;
	struct child c = { .list = &list, .cmd = &none, .folder = folder, .number = 99 };
	struct captured out = { .error = NULL };

	write_file("99.msg", printed, 0600);
	child_result(&arena, &c, 99 << 8, &out);
	unlink(in_folder("99.msg"));
	assert_false(out.ok);
	return out.error;
}

static void a_child_that_breaks_says_of_what(void **state)
{
	(void)state;
	assert_string_equal(told_of("a.c:1:2: runtime error: no\n    #0 0x1 in f\n    #1 0x2 in _start\n\n"),
			    "devscope could not read it: a.c:1:2: runtime error: no (it gave up)");
	assert_string_equal(told_of("=======\n==7==ERROR: AddressSanitizer: no\n    #0 0x1 in f\n==7==ABORTING\n"),
			    "devscope could not read it: 7==ERROR: AddressSanitizer: no (it gave up)");
	assert_string_equal(told_of(""), "devscope could not read it: it gave up");
}

static void trouble_of_the_machine_may_pass(void **state)
{
	struct command_list l;
	struct results r;

	(void)state;
	assert_false(run(in_folder("full"), 60, &l, &r));
	assert_string_equal(result(&r, "good.c")->error, "clang-19: error: unable to make temporary file");
	assert_passing(result(&r, "good.c"), "good.c");
	assert_string_equal(result(&r, "mistake.c")->error, "mistake.c:1:1: fatal error: cannot open file 'x': "
			    "Input/output error");
	assert_passing(result(&r, "mistake.c"), "mistake.c");
	assert_nothing_stays();
}

static void an_interrupt_ends_the_run(void **state)
{
	struct command_list l;
	struct results r;
	pid_t parent = getpid(), pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		usleep(300000);
		kill(parent, SIGINT);
		_exit(0);
	}
	assert_true(run(in_folder("hang"), 60, &l, &r));
	waitpid(pid, NULL, 0);
	assert_nothing_stays();
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGINT, SIG_DFL);
	if (!mkdtemp(folder))
		return -1;
	mkdir(in_folder("tmp"), 0700);
	setenv("TMPDIR", in_folder("tmp"), 1);
	mkdir(in_folder("markers"), 0700);
	write_file("markers/markers.h", "int marker_of_the_test;\n", 0600);
	write_file("in c.h", "int q;\n", 0600);
	write_file("good.c", "#include \"in c.h\"\nint good(int *p) { return *p; }\n", 0600);
	mkdir(in_folder("sub"), 0700);
	write_file("sub/h.h", "int q;\n", 0600);
	write_file("missing.c", "#include \"sub/h.h\"\n#include \"nowhere.h\"\n", 0600);
	write_file("mistake.c", "#include \"h.h\"\nint x = nothing;\n", 0600);
	write_file("flags.c", "int flags;\n", 0600);
	write_file("clash.c", "float marker_of_the_test;\n", 0600);
	write_file("hang", "#!/bin/sh\nsleep 1000 & sleep 1000\n", 0700);
	write_file("crash", "#!/bin/sh\nkill -SEGV $$\n", 0700);
	write_file("full", "#!/bin/sh\ncase \"$*\" in *mistake.c) echo \"mistake.c:1:1: fatal error: cannot open file 'x': "
		   "Input/output error\";; *) echo 'clang-19: error: unable to make temporary file';; esac >&2\nexit 1\n",
		   0700);
	write_file("compile_commands.json",
		   "[{\"file\":\"good.c\",\"command\":\"clang -c good.c\"},"
		   "{\"file\":\"missing.c\",\"command\":\"clang -Ifirst -c missing.c\"},"
		   "{\"file\":\"mistake.c\",\"command\":\"clang -Isub -c mistake.c\"},"
		   "{\"file\":\"gone.c\",\"command\":\"clang -c gone.c\"},"
		   "{\"file\":\"clash.c\",\"command\":\"clang -c clash.c\"},"
		   "{\"file\":\"flags.c\",\"command\":\"clang -fno-such-flag -c flags.c\"}]",
		   0600);
	return 0;
}

static int tear_down(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_come_back_with_their_files),
		cmocka_unit_test(a_failure_shows_clang_s_first_error),
		cmocka_unit_test(what_fails_for_its_source_has_the_files_that_decide_it),
		cmocka_unit_test(what_may_be_there_by_now_is_not_taken_for_absent),
		cmocka_unit_test(trouble_of_the_machine_may_pass),
		cmocka_unit_test(refused_flags_and_markers_are_given_up),
		cmocka_unit_test(a_hanging_unit_is_killed),
		cmocka_unit_test(a_crash_costs_one_unit),
		cmocka_unit_test(a_child_that_breaks_says_of_what),
		cmocka_unit_test(an_interrupt_ends_the_run),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
