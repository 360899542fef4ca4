// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of a compile command's flags, and what a unit's key depends on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "capture/capture.h"
#include "capture/flags.h"
#include "capture/words.h"

static struct arena arena;

static struct command command_of(const char *directory, const char *file, const char *text)
{
	struct words w;

	assert_true(words_split(&arena, text, &w));
	return (struct command){ directory, file, w.argv, w.argc };
}

static struct flags flags_of(const char *text)
{
	struct command c = command_of("/b", "/s/a.c", text);
	struct command_list l = { .items = &c, .n = 1, .source_root = "/s", .build = "/b" };
	struct capture_options o = { .clang = "clang-19", .marker_dir = "/" };
	struct flags f;

	flags_make(&arena, &l, &c, &o, &f);
	return f;
}

/* What is kept of a command: its flags between our first two words and our own, joined. */
static const char *kept(const char *text)
{
	struct flags f = flags_of(text);
	const char *s = "";

	assert_string_equal(f.argv[0], "clang-19");
	assert_string_equal(f.argv[1], "--no-default-config");
	for (int i = 2; i < f.argc && strcmp(f.argv[i], "-c"); i++)
		s = arena_printf(&arena, "%s%s%s", s, i > 2 ? " " : "", f.argv[i]);
	return s;
}

static void what_the_parser_needs_is_kept(void **state)
{
	static const char all[] = "-nostdinc -I/s/include -I ./include -include /s/k.h -imacros m.h "
				  "-D__KERNEL__ -D X=1 -UY -isystem /inc -idirafter /d -iquote q "
				  "-std=gnu11 -O2 -fshort-wchar -funsigned-char -m64 -mcmodel=kernel "
				  "-mno-sse --target=x86_64-linux-gnu";

	(void)state;
	assert_string_equal(kept(arena_printf(&arena, "clang %s -c a.c", all)), all);
}

static void the_rest_is_left_out(void **state)
{
	(void)state;
	assert_string_equal(kept("gcc -c -S -E -o a.o -oa.o -MD -MMD -MF a.d -MT t -MP -Wp,-MMD,a.d "
				 "-Wall -Werror=x -w -g -gdwarf-5 -pipe -pg -save-temps -flto=thin "
				 "-fsanitize=kernel-address -fno-lto a.c"),
			    "");
	assert_string_equal(kept("gcc -mllvm -x -mllvm -load=y -x c -T s.lds -Wl,-z -Wa,-W -lx -L/y "
				 "--param a=b a.c"),
			    "");
	assert_string_equal(kept("gcc -Wp,-D_FORTIFY_SOURCE=2 -Wp,-MD,x a.c"), "-D_FORTIFY_SOURCE=2");
	assert_string_equal(kept("gcc -meabi gnu -marm -serialize-diagnostics /etc/x -index-store-path y "
				 "a.c"),
			    "-marm");
	/* An argument that is missing takes nothing of ours along. */
	assert_string_equal(kept("gcc -DA -include"), "-DA");
}

static void gcc_s_own_flags_are_left_out(void **state)
{
	(void)state;
	assert_string_equal(kept("gcc -mpreferred-stack-boundary=3 -mindirect-branch=thunk-extern "
				 "-mindirect-branch-register -fno-allow-store-data-races "
				 "-fconserve-stack -falign-jumps=1 -falign-loops=1 -mrecord-mcount "
				 "-fno-var-tracking -fno-var-tracking-assignments "
				 "-mfunction-return=thunk-extern -mharden-sls=all "
				 "-fmin-function-alignment=16 -fno-ipa-sra -mno-fp-ret-in-387 "
				 "-mskip-rax-setup -mstack-protector-guard=global a.c"),
			    "");
}

static void code_is_left_out_with_a_note(void **state)
{
	struct flags f = flags_of("gcc -fplugin=./x.so -fplugin-arg-x-y=z -B/evil -B /evil "
				  "-fuse-ld=/evil @resp -wrapper sh,-c -specs=s --config x.cfg -Xclang "
				  "-load -Xclang /x.so -load y.so --driver-mode=cl -cc1 a.c");

	(void)state;
	for (int i = 1; i < f.argc; i++) {
		assert_null(strstr(f.argv[i], "evil"));
		assert_null(strstr(f.argv[i], ".so"));
		assert_string_not_equal(f.argv[i], "-cc1");
		assert_int_not_equal(f.argv[i][0], '@');
	}
	assert_string_equal(f.note, "left out flags that load or run code: -fplugin, -B, -fuse-ld, @, "
				    "-wrapper, -specs, --config, -load, --driver-mode, -cc1");
	assert_null(flags_of("gcc -O2 -Xclang -foo a.c").note);
}

static void the_target_is_known(void **state)
{
	(void)state;
	assert_string_equal(kept("/x/aarch64-linux-gnu-gcc-12 -c a.c"), "--target=aarch64-linux-gnu");
	assert_string_equal(kept("arm-linux-gnueabihf-gcc -c a.c"), "--target=arm-linux-gnueabihf");
	assert_string_equal(kept("ccache distcc arm-linux-gnueabi-gcc a.c"), "--target=arm-linux-gnueabi");
	assert_string_equal(kept("gcc -m64 -I/s/arch/x86/include a.c"),
			    "-m64 -I/s/arch/x86/include --target=x86_64-linux-gnu");
	assert_string_equal(kept("arm-linux-gnueabi-gcc -target foo a.c"), "-target foo");
	assert_string_equal(kept("gcc-12 a.c"), "");
}

static void launchers_are_skipped(void **state)
{
	char *argv[] = { "/usr/bin/ccache", "CCACHE_DIR=/x", "distcc", "clang", "-c" };

	(void)state;
	assert_int_equal(flags_compiler(argv, 5), 3);
	assert_int_equal(flags_compiler(argv, 3), 3);
	assert_int_equal(flags_compiler(argv + 4, 1), 1);
}

static void a_compiler_s_own_headers_are_clang_s(void **state)
{
	(void)state;
	assert_string_equal(kept("gcc -nostdinc -isystem /usr/lib/gcc/x86_64-linux-gnu/12/include a.c"),
			    "-nostdlibinc");
	assert_string_equal(kept("gcc -nostdinc -isystem/usr/lib/llvm-14/lib/clang/14/include a.c"),
			    "-nostdlibinc");
	assert_string_equal(kept("gcc -nostdinc -isystem /usr/include a.c"),
			    "-nostdinc -isystem /usr/include");
}

static void refused_flags_are_taken_out(void **state)
{
	struct flags f = flags_of("gcc -fodd -fkept -mcpu=odd -mval=7 -DX a.c");
	int before = f.argc;

	(void)state;
	assert_int_equal(flags_strip_refused(&arena, &f, "a.c:1:1: error: unsupported thing '-fkept'\n"), 0);
	assert_int_equal(flags_strip_refused(&arena, &f,
					     "/s/a.c:1:1: error: unknown argument '-fkept'\n"),
			 0);
	assert_int_equal(flags_strip_refused(&arena, &f,
					     "clang: error: unknown argument '-fodd'; did you mean "
					     "'-fkept'?\n"
					     "error: unknown target CPU 'odd'\n"
					     "clang: error: unsupported argument '7' to option '-mval='\n"
					     "clang: error: unknown argument: '-DX'"),
			 3);
	assert_int_equal(f.argc, before - 3);
	assert_null(f.argv[f.argc]);
	assert_true(flags_has(f.argv, f.argc, "-fkept"));
	assert_true(flags_has(f.argv, f.argc, "-DX"));
	assert_string_equal(f.note, "left out flags that clang does not know: -fodd, -mcpu, -mval");
	flags_add(&arena, &f, "-last");
	assert_string_equal(f.argv[f.argc - 1], "-last");
}

static void key_of(const char *source, const char *build, const char *text, const char *extra,
		   uint64_t key[2])
{
	struct command c = command_of(build, arena_printf(&arena, "%s/drivers/a.c", source), text);
	struct command_list l = { .items = &c, .n = 1, .source_root = source, .build = build };
	struct capture_options o = {
		.clang = "clang-19", .marker_dir = "/", .extra_args = &extra, .extra_n = extra ? 1 : 0
	};

	capture_key(&l, &c, &o, key);
}

static void the_key_knows_flags_but_no_folders(void **state)
{
	uint64_t one[2], other[2];

	(void)state;
	key_of("/s", "/b", "gcc -I/s/include -include /b/x.h -DA -c /s/drivers/a.c", NULL, one);
	key_of("/home/me/linux", "/home/me/linux/out",
	       "/opt/gcc -Wall -I/home/me/linux/include -include /home/me/linux/out/x.h -DA -c -o x a.c",
	       NULL, other);
	assert_memory_equal(one, other, sizeof(one));
	key_of("/s", "/b", "gcc -I/s/include -include /b/x.h -DB -c /s/drivers/a.c", NULL, other);
	assert_memory_not_equal(one, other, sizeof(one));
	key_of("/s", "/b", "gcc -I/s/include -include /b/x.h -DA -c /s/drivers/a.c", "-DC", other);
	assert_memory_not_equal(one, other, sizeof(one));
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_parser_needs_is_kept),
		cmocka_unit_test(the_rest_is_left_out),
		cmocka_unit_test(gcc_s_own_flags_are_left_out),
		cmocka_unit_test(code_is_left_out_with_a_note),
		cmocka_unit_test(the_target_is_known),
		cmocka_unit_test(launchers_are_skipped),
		cmocka_unit_test(a_compiler_s_own_headers_are_clang_s),
		cmocka_unit_test(refused_flags_are_taken_out),
		cmocka_unit_test(the_key_knows_flags_but_no_folders),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
