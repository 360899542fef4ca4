// SPDX-License-Identifier: GPL-2.0-only
/* Commands of a build: from the records of one that ran and from make's dry run, on a toy of kbuild. */
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
#include "capture/capture.h"
#include "capture/kbuild.h"

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

static const struct command *command_for(const struct kbuild *k, const char *file)
{
	return map_get(&k->commands, in_folder(file));
}

/* Write what kbuild records of these tools, and open the build. */
static void open_build(struct kbuild *k, const char *arch, const char *cc, const char *ld)
{
	write_file("include/config/auto.conf.cmd",
		   arena_printf(&arena,
				"ifneq \"$(ARCH)\" \"%s\"\n\nifneq \"$(CC)\" \"%s\"\n\nifneq \"$(LD)\" "
				"\"%s\"\n",
				arch, cc, ld));
	kbuild_open(k, &arena, folder);
}

/* The settings make gets, joined. */
static const char *settings_for(const char *arch, const char *cc, const char *ld)
{
	struct kbuild k;
	const char *s = "";

	open_build(&k, arch, cc, ld);
	for (size_t i = 0; k.settings[i]; i++)
		s = arena_printf(&arena, "%s%s%s", s, i ? " " : "", k.settings[i]);
	kbuild_close(&k);
	return s;
}

static void settings_are_those_of_the_build(void **state)
{
	(void)state;
	assert_string_equal(settings_for("x86_64", "clang-19", "ld.lld-19"), "ARCH=x86_64 LLVM=-19");
	assert_string_equal(settings_for("arm64", "clang", "ld.lld"), "ARCH=arm64 LLVM=1");
	assert_string_equal(settings_for("arm", "/opt/bin/clang", "/opt/bin/ld.lld"),
			    "ARCH=arm LLVM=/opt/bin/");
	assert_string_equal(settings_for("x86", "gcc", "ld"), "ARCH=x86 CC=gcc LD=ld");
	assert_string_equal(settings_for("arm64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-ld"),
			    "ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc "
			    "LD=aarch64-linux-gnu-ld");
	assert_string_equal(settings_for("x86", "ccache gcc", "ld"), "ARCH=x86 CC=ccache gcc LD=ld");
	assert_string_equal(settings_for("$(shell id)", "gcc", "ld"), "CC=gcc LD=ld");
}

static void targets_are_folders_and_objects(void **state)
{
	struct kbuild k;

	(void)state;
	open_build(&k, "x86", "gcc", "ld");
	assert_string_equal(kbuild_target(&k, "drivers/x"), "drivers/x/");
	assert_string_equal(kbuild_target(&k, "drivers/x/"), "drivers/x/");
	assert_string_equal(kbuild_target(&k, "drivers/x/new.o"), "drivers/x/new.o");
	assert_string_equal(kbuild_target(&k, "vmlinux"), "vmlinux");
	kbuild_close(&k);
}

static void records_and_dry_run_are_joined(void **state)
{
	char targets[] = "drivers/x/";
	struct kbuild k;

	(void)state;
	open_build(&k, "x86", "gcc", "ld");
	kbuild_read_built(&k, targets);
	assert_int_equal(k.commands.n, 2);
	assert_string_equal(command_for(&k, "drivers/x/built.c")->argv[2], "-DKBUILD_STR(s)=#s");
	assert_string_equal(command_for(&k, "drivers/x/built.c")->argv[3], "-DCOST=$1");
	kbuild_read_dry_run(&k, (char *[]){ targets, NULL });
	kbuild_keep(&k, (char *[]){ targets, NULL });
	assert_int_equal(k.commands.n, 3);
	assert_int_equal(kbuild_count(&k, "drivers/x/"), 3);
	assert_int_equal(kbuild_count(&k, "drivers/x/new.o"), 1);
	assert_string_equal(command_for(&k, "drivers/x/new.c")->argv[2], "-DARCH=x86");
	assert_string_equal(command_for(&k, "drivers/x/old.c")->argv[2], "-DNEWER");
	assert_string_equal(command_for(&k, "drivers/x/new.c")->directory, folder);
	assert_false(path_is_file(in_folder("drivers/x/new.o")));
	kbuild_close(&k);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	mkdir(in_folder("include"), 0700);
	mkdir(in_folder("include/config"), 0700);
	mkdir(in_folder("drivers"), 0700);
	mkdir(in_folder("drivers/x"), 0700);
	write_file(".config", "");
	write_file("drivers/x/.built.o.cmd",
		   "savedcmd_drivers/x/built.o := gcc -D__KERNEL__ -D\"KBUILD_STR(s)=$(pound)s\" "
		   "'-DCOST=$$1' -c -o drivers/x/built.o drivers/x/built.c ; ./tools/objtool/objtool "
		   "drivers/x/built.o\n\nsource_x := y\n");
	write_file("drivers/x/.old.o.cmd",
		   "cmd_drivers/x/old.o := gcc -D__KERNEL__ -DOLDER -c -o drivers/x/old.o drivers/x/old.c\n");
	write_file("drivers/x/.host.o.cmd", "cmd_drivers/x/host.o := gcc -c -o drivers/x/host.o "
					    "drivers/x/host.c\n");
	write_file("drivers/x/.m.mod.o.cmd",
		   "cmd_drivers/x/m.mod.o := gcc -D__KERNEL__ -c -o drivers/x/m.mod.o drivers/x/m.mod.c\n");
	write_file("Makefile",
		   ".PHONY: drivers/x/\n"
		   "drivers/x/:\n"
		   "\t@set -e; echo '  CC  -D__KERNEL__ -c x.c'; trap 'rm -f x' HUP; gcc -D__KERNEL__ "
		   "-DARCH=$(ARCH) \\\n"
		   "\t-c -o drivers/x/new.o drivers/x/new.c; fixdep x 'gcc -D__KERNEL__ -c x.c' > .x.cmd\n"
		   "\tgcc -D__KERNEL__ -DNEWER -c -o drivers/x/old.o drivers/x/old.c\n"
		   "\tgcc -D__KERNEL__ -DSTUB -c -o boot/stub-new.o drivers/x/new.c\n"
		   "\tgcc -D__KERNEL__ -c -o scripts/empty.o scripts/empty.c\n");
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
		cmocka_unit_test(settings_are_those_of_the_build),
		cmocka_unit_test(targets_are_folders_and_objects),
		cmocka_unit_test(records_and_dry_run_are_joined),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
