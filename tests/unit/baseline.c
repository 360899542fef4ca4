// SPDX-License-Identifier: GPL-2.0-only
/* Baselines: what is written is read back, what is not asked about stays, mistakes are told by their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "report/baseline.h"
#include "report/finding.h"
#include "rules/rule.h"

#define FP_A "0123456789abcdef0123456789abcdea"
#define FP_B "0123456789abcdef0123456789abcdeb"
#define FP_C "0123456789abcdef0123456789abcdec"
#define HEAD "# devscope baseline 1\n"

static const struct rule leak = {.id = "lock-leak"};
static struct arena arena;
static char given[] = "given.baseline.XXXXXX";

/* A finding of that fingerprint. */
static void add(struct finding_list *l, const char *fingerprint, const char *file, const char *function)
{
	struct func *fn = ARENA_NEW(&arena, struct func);
	struct fact *fact = ARENA_NEW(&arena, struct fact);

	fn->name = function;
	fact->at = (struct place){file, 3, 1, NULL};
	fact->fn = function ? fn : NULL;
	finding_list_add(l, &leak, LEVEL_ERROR, fact, "held", NULL);
	strcpy(l->items[l->n - 1].fingerprint, fingerprint);
}

static struct baseline *read_given(const char *content, size_t n)
{
	FILE *f = fopen(given, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, n, f), n);
	fclose(f);
	return baseline_read(&arena, given, true);
}

static struct baseline *read_text(const char *content)
{
	return read_given(content, strlen(content));
}

/* Only what lies in a/. */
static bool in_a(void *cookie, const char *file)
{
	(void)cookie;
	return !strncmp(file, "a/", 2);
}

static const struct baseline_scope all_of_a = {in_a, NULL};

/* The lines of a baseline that are entries. */
static const char *entries(const struct baseline *old, const struct finding_list *l)
{
	const char *s;
	struct text t;

	text_init(&t);
	baseline_print(&t, old, l, &all_of_a);
	assert_memory_equal(text_str(&t), HEAD, strlen(HEAD));
	s = strstr(text_str(&t), "#\n0");
	s = arena_strdup(&arena, s ? s + 2 : "");
	text_release(&t);
	return s;
}

static void knows_by_fingerprint(void **state)
{
	struct baseline *b = read_text(HEAD "\n# said\n" FP_B " lock-leak a/old.c f\n"
				       FP_A " lock-leak a/x.c g\n" FP_B " lock-leak a/old.c f\n" FP_C " lock-leak b/x.c g");
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	add(&l, FP_B, "a/new.c", "f");
	add(&l, "ffffffffffffffffffffffffffffffff", "a/x.c", "g");
	assert_int_equal(baseline_filter(b, &l), 1);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.items[0].fact->at.file, "a/x.c");
	assert_int_equal(baseline_gone(b, &all_of_a), 1);	/* FP_A; FP_C was not asked about */
	finding_list_release(&l);
}

static void keeps_what_is_elsewhere(void **state)
{
	struct baseline *b = read_text(HEAD FP_C " lock-leak b/x.c g\n" FP_A " lock-leak a/x.c g\n"
				       FP_B " double-lock b/gone.c f\n");
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	add(&l, FP_B, "a/came.c", "f");
	assert_string_equal(entries(b, &l), FP_B " lock-leak a/came.c f\n" FP_C " lock-leak b/x.c g\n");
	finding_list_release(&l);
}

static void odd_names_survive(void **state)
{
	const char *path = "a/b \\ c\n#\xc3\xa4\x7f::.c", *line;
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	add(&l, FP_B, path, "-");
	add(&l, FP_C, NULL, NULL);
	add(&l, FP_A, "a/x.c", "f");
	add(&l, FP_A, "a/x.c", "f");
	line = entries(read_text(""), &l);
	assert_string_equal(line, FP_A " lock-leak a/x.c f\n" FP_B " lock-leak "
			    "a/b\\x20\\x5c\\x20c\\x0a#\\xc3\\xa4\\x7f::.c \\x2d\n" FP_C " lock-leak - -\n");
	finding_list_release(&l);
	/* what is kept is read and written: the same bytes */
	line = FP_B " lock-leak b/\\x20\\xff\\x5c.c \\x2d\n" FP_C " ref-leak b/x.c -\n";
	finding_list_init(&l, &arena);
	assert_string_equal(entries(read_text(arena_printf(&arena, HEAD "%s", line)), &l), line);
}

/* die() ends the program, so it is tried in a child. */
static void says(const char *content, size_t n, const char *expected)
{
	char said[1024] = "";
	int pipes[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child) {
		dup2(pipes[1], STDERR_FILENO);
		if (content)
			read_given(content, n);
		else
			baseline_read(&arena, "no/such/file", true);
		_exit(0);
	}
	close(pipes[1]);
	while ((got = read(pipes[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	close(pipes[0]);
	waitpid(child, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 2 || !strstr(said, expected))
		fail_msg("expected \"%s\", got status %d and \"%s\"", expected, status, said);
}

static void tells_where_a_mistake_is(void **state)
{
	static const struct {
		const char *content, *said;
	} cases[] = {
		{"int main(void)\n", ":1:1: this is no baseline"},
		{"\n" HEAD, ":1:1: this is no baseline"},
		{"# devscope baseline\n", ":1:1: this is no baseline"},
		{"# devscope baseline 2\n", ":1:21: this baseline was made by a newer devscope (version 2, kn"},
		{"# devscope baseline one\n", ":1:21: the version of the baseline"},
		{"# devscope baseline 1 2\n", ":1:21: the version of the baseline"},
		{"# devscope baseline \n1\n", ":1:21: the version of the baseline"},
		{"<<<<<<< HEAD\n" HEAD, ":1:1: a merge left its marks"},
		{HEAD "=======\n", ":2:1: a merge left its marks"},
		{HEAD FP_A " lock-leak a.c f\n>>>>>>> theirs\n", ":3:1: a merge left its marks"},
		{HEAD "lock-leak a.c f\n", ":2:1: a fingerprint is expected"},
		{HEAD FP_A "0 lock-leak a.c f\n", ":2:1: a fingerprint is expected"},
		{HEAD " " FP_A " lock-leak a.c f\n", ":2:1: the fingerprint is missing"},
		{HEAD FP_A "\n", ":2:33: the rule is missing"},
		{HEAD FP_A "  a.c f\n", ":2:34: the rule is missing"},
		{HEAD FP_A " lock-leak\n", ":2:43: the path is missing"},
		{HEAD FP_A " lock-leak a.c\n", ":2:47: the function is missing"},
		{HEAD FP_A " lock-leak a.c \n", ":2:48: the function is missing"},
		{HEAD FP_A " lock-leak a.c f # why\n", ":2:49: the line should end here"},
		{HEAD FP_A " lock-leak a.c f\r\n", ":2:49: byte 0x0d in the function"},
		{HEAD FP_A " lock-leak a\xc3\xa4.c f\n", ":2:45: byte 0xc3 in the path: write it as \\xc3"},
		{HEAD FP_A " lock-leak ab\\n.c f\n", ":2:46: after a backslash"},
		{HEAD FP_A " lock-leak ab\\x2", ":2:46: after a backslash"},
	};
	static const char nul[] = HEAD FP_A " lock-leak a\0.c f\n";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		says(cases[i].content, strlen(cases[i].content), cases[i].said);
	says(nul, sizeof(nul) - 1, ":2:45: byte 0x00 in the path");
	says(NULL, 0, "no/such/file: there is no such file; make it with --update-baseline");
}

static void need_not_be_there(void **state)
{
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	assert_string_equal(entries(baseline_read(&arena, "no/such/file", false), &l), "");
}

static int setup(void **state)
{
	int fd = mkstemp(given);

	(void)state;
	arena_init(&arena);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return unlink(given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_by_fingerprint),
		cmocka_unit_test(keeps_what_is_elsewhere),
		cmocka_unit_test(odd_names_survive),
		cmocka_unit_test(tells_where_a_mistake_is),
		cmocka_unit_test(need_not_be_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
