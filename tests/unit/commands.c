// SPDX-License-Identifier: GPL-2.0-only
/* Shell words without a shell, and compile databases: good, odd, hostile and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/text.h"
#include "capture/capture.h"
#include "capture/words.h"

static struct arena arena;
static char folder[] = "/tmp/devscope-test-XXXXXX";

static const char *in_folder(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *content)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static void make_folder(const char *name)
{
	mkdir(in_folder(name), 0700);
}

/* Words joined with '|'. */
static const char *split(const char *text)
{
	struct words w;
	const char *s = "";

	if (!words_split(&arena, text, &w))
		return "no";
	for (int i = 0; i < w.argc; i++)
		s = arena_printf(&arena, "%s%s%s", s, i ? "|" : "", w.argv[i]);
	assert_null(w.argv[w.argc]);
	return s;
}

static void words_are_split_as_a_shell_does(void **state)
{
	(void)state;
	assert_string_equal(split("gcc  -c\ta.c\n"), "gcc|-c|a.c");
	assert_string_equal(split("x -DKBUILD_MODNAME='\"iommu\"'"), "x|-DKBUILD_MODNAME=\"iommu\"");
	assert_string_equal(split("x -D\"KBUILD_STR(s)=#s\""), "x|-DKBUILD_STR(s)=#s");
	assert_string_equal(split("x -D'KBUILD_STR(s)=#s' '' \"\""), "x|-DKBUILD_STR(s)=#s||");
	assert_string_equal(split("x a\\ b \"c\\\"d\\e\" 'f\\g'"), "x|a b|c\"d\\e|f\\g");
	assert_string_equal(split("x -DMSG='it'\\''s'"), "x|-DMSG=it's");
	assert_string_equal(split("x a\\\nb"), "x|ab");
	assert_string_equal(split("x 'a;b|c&d' \"e>f\" g\\;h"), "x|a;b|c&d|e>f|g;h");
	assert_string_equal(split("x '$(id)' '`id`' \\$HOME cost$"), "x|$(id)|`id`|$HOME|cost$");
}

static void what_needs_a_shell_is_refused(void **state)
{
	static const char *const texts[] = {
		"gcc a.c; id",
		"gcc a.c && id",
		"gcc a.c | id",
		"gcc a.c &",
		"gcc a.c > x",
		"gcc < a.c",
		"gcc `id`",
		"gcc $(id)",
		"gcc \"$(id)\"",
		"gcc \"`id`\"",
		"gcc $HOME",
		"gcc ${HOME}",
		"(gcc a.c)",
		"gcc a.c\nid",
		"gcc 'a.c",
		"gcc \"a.c",
		"",
		"   ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_string_equal(split(texts[i]), "no");
}

static void a_line_is_taken_apart_into_commands(void **state)
{
	const char *line = "set -e; trap 'rm a; x' HUP; cc -c a.c -o a.o ; fixdep 'cc -c a.c' > .a.cmd";
	const char *firsts[] = { "set", "trap", "cc", "fixdep", ".a.cmd" };
	struct words w;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_true(words_next(&arena, &line, &w));
		assert_string_equal(w.argv[0], firsts[i]);
	}
	assert_false(words_next(&arena, &line, &w));
}

static void read_database(const char *content, struct command_list *out)
{
	write_file("compile_commands.json", content);
	commands_find(&arena, folder, out);
	commands_read(&arena, out);
}

/* The entries of a database that names files of the test's folder: %s in format stands for it. */
static const char *database(const char *format)
{
	struct text t;
	const char *s;

	text_init(&t);
	for (; *format; format++) {
		if (format[0] == '%' && format[1] == 's') {
			text_puts(&t, folder);
			format++;
		} else {
			text_putc(&t, *format);
		}
	}
	s = arena_strdup(&arena, text_str(&t));
	text_release(&t);
	return s;
}

static void units_are_sorted_and_single(void **state)
{
	const char *text = database(
		"[{\"directory\":\"%s\",\"file\":\"sub/../sub/b.c\",\"command\":\"gcc -c sub/b.c\"},"
		"{\"directory\":\"%s/sub\",\"file\":\"a.c\",\"arguments\":[\"gcc\",\"-c\",\"a b\"]},"
		"{\"directory\":\"sub\",\"file\":\"./a.c\",\"command\":\"gcc -DB -c a.c\"}]");
	struct command_list l;

	(void)state;
	make_folder("sub");
	write_file("sub/a.c", "");
	write_file("sub/b.c", "");
	read_database(text, &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.items[0].file, in_folder("sub/a.c"));
	assert_string_equal(l.items[0].argv[1], "-DB");
	assert_string_equal(l.items[0].directory, in_folder("sub"));
	assert_string_equal(l.items[1].file, in_folder("sub/b.c"));
	assert_string_equal(l.build, folder);
	assert_string_equal(l.source_root, in_folder("sub"));
	assert_int_equal(l.skipped, 0);
}

static void host_tools_and_other_languages_are_left_out(void **state)
{
	struct command_list l;

	(void)state;
	read_database("[{\"file\":\"k.c\",\"command\":\"gcc -D__KERNEL__ -c k.c\"},"
		      "{\"file\":\"tool.c\",\"command\":\"gcc -c tool.c\"},"
		      "{\"file\":\"entry.S\",\"command\":\"gcc -D__KERNEL__ -c entry.S\"},"
		      "{\"file\":\"x.c\",\"command\":\"gcc -D__KERNEL__ -x assembler-with-cpp -c x.c\"},"
		      "{\"file\":\"e.c\",\"command\":\"gcc -D__KERNEL__ -E e.c\"},"
		      "{\"file\":\"y.cc\",\"command\":\"g++ -c y.cc\"}]", &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.items[0].file, in_folder("k.c"));
	assert_int_equal(l.skipped, 5);
}

static void hostile_entries_cost_only_themselves(void **state)
{
	struct command_list l;

	(void)state;
	read_database("[17, null, {}, {\"file\":7}, {\"file\":\"\"}, {\"file\":\"n.c\"},"
		      "{\"file\":\"a.c\",\"command\":\"gcc -c a.c; touch PWNED\"},"
		      "{\"file\":\"b.c\",\"arguments\":[\"gcc\",3]}, {\"file\":\"c.c\",\"arguments\":[]},"
		      "{\"file\":\"d.c\",\"arguments\":[\"gcc\",\"a\\u0000b\"]},"
		      "{\"file\":\"e.c\",\"command\":\"-c e.c\"}, {\"file\":\"f.c\",\"command\":\"ccache\"},"
		      "{\"file\":\"ok.c\",\"command\":\"gcc -c ok.c\"}]", &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.items[0].file, in_folder("ok.c"));
	assert_int_equal(l.skipped, 12);
	assert_false(path_is_file(in_folder("PWNED")));
}

static void the_kernel_s_top_is_found(void **state)
{
	struct command_list l;

	(void)state;
	make_folder("linux");
	make_folder("linux/include");
	make_folder("linux/include/linux");
	make_folder("linux/drivers");
	write_file("linux/Kconfig", "");
	write_file("linux/MAINTAINERS", "");
	write_file("linux/drivers/a.c", "");
	read_database("[{\"file\":\"generated.c\",\"command\":\"gcc -D__KERNEL__ -c generated.c\"},"
		      "{\"file\":\"linux/drivers/a.c\",\"command\":\"gcc -D__KERNEL__ -c a.c\"}]", &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.source_root, in_folder("linux"));
}

/* Reading path must end the program with status 2 and say so. */
static void expect_end(const char *path, const char *say)
{
	struct text said;
	char buf[512];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct command_list l;

		dup2(ends[1], STDERR_FILENO);
		commands_find(&arena, path, &l);
		commands_read(&arena, &l);
		_exit(0);
	}
	close(ends[1]);
	text_init(&said);
	while ((n = read(ends[0], buf, sizeof(buf))) > 0)
		text_add(&said, buf, (size_t)n);
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	if (!strstr(text_str(&said), say))
		fail_msg("\"%s\" is not in \"%s\"", say, text_str(&said));
	text_release(&said);
}

static void errors_say_what_to_do(void **state)
{
	(void)state;
	make_folder("none");
	expect_end(in_folder("none"), "devscope compdb");
	expect_end(in_folder("nowhere"), "no such build folder");
	write_file("compile_commands.json", "[\n {\"file\": oops}]");
	expect_end(folder, "line 2, column");
	write_file("compile_commands.json", "");
	expect_end(folder, "line 1, column");
	write_file("compile_commands.json", "[]");
	expect_end(folder, "empty");
	write_file("compile_commands.json", "{\"file\":1}");
	expect_end(in_folder("compile_commands.json"), "array of entries");
	write_file("compile_commands.json", "[{\"file\":\"a.S\",\"command\":\"gcc -c a.S\"}]");
	expect_end(folder, "nothing to read");
}

/* Kept as bytes the list comes back; of bytes that are damaged it does not, or it is another list, but nothing breaks. */
static void a_list_comes_back_from_bytes(void **state)
{
	struct command_list l, again;
	struct text bytes;

	(void)state;
	make_folder("sub");
	read_database(database("[{\"directory\":\"%s\",\"file\":\"b.c\",\"command\":\"gcc -D__KERNEL__ -c b.c\"},"
			       "{\"directory\":\"%s/sub\",\"file\":\"a.c\",\"arguments\":[\"gcc\",\"-D__KERNEL__\",\"\",\"a.c\"]},"
			       "{\"directory\":\"%s\",\"file\":\"tool.c\",\"command\":\"gcc -c tool.c\"}]"), &l);
	text_init(&bytes);
	commands_pack(&l, &bytes);
	commands_find(&arena, folder, &again);
	assert_memory_equal(again.hash, l.hash, sizeof(l.hash));
	assert_true(commands_unpack(&arena, bytes.s, bytes.len, &again));
	assert_int_equal(again.n, 2);
	assert_int_equal(again.skipped, 1);
	assert_string_equal(again.source_root, l.source_root);
	for (size_t i = 0; i < l.n; i++) {
		assert_string_equal(again.items[i].directory, l.items[i].directory);
		assert_string_equal(again.items[i].file, l.items[i].file);
		assert_int_equal(again.items[i].argc, l.items[i].argc);
		for (int k = 0; k < l.items[i].argc; k++)
			assert_string_equal(again.items[i].argv[k], l.items[i].argv[k]);
		assert_null(again.items[i].argv[again.items[i].argc]);
	}
	for (size_t n = 0; n < bytes.len; n++) {
		struct text part;

		text_init(&part);	/* so that whoever reads on is seen to */
		text_add(&part, bytes.s, n);
		assert_false(commands_unpack(&arena, text_str(&part), n, &again));
		text_release(&part);
		bytes.s[n] ^= 0x41;
		commands_unpack(&arena, bytes.s, bytes.len, &again);
		bytes.s[n] ^= 0x41;
	}
	write_file("compile_commands.json", "[]");
	commands_find(&arena, folder, &again);
	assert_memory_not_equal(again.hash, l.hash, sizeof(l.hash));
	text_release(&bytes);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
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
		cmocka_unit_test(words_are_split_as_a_shell_does),
		cmocka_unit_test(what_needs_a_shell_is_refused),
		cmocka_unit_test(a_line_is_taken_apart_into_commands),
		cmocka_unit_test(units_are_sorted_and_single),
		cmocka_unit_test(host_tools_and_other_languages_are_left_out),
		cmocka_unit_test(hostile_entries_cost_only_themselves),
		cmocka_unit_test(the_kernel_s_top_is_found),
		cmocka_unit_test(a_list_comes_back_from_bytes),
		cmocka_unit_test(errors_say_what_to_do),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
