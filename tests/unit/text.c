// SPDX-License-Identifier: GPL-2.0-only
/* Texts that grow, files read whole, and interned names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static void grows(void **state)
{
	struct text t;

	(void)state;
	text_init(&t);
	assert_string_equal(text_str(&t), "");
	text_puts(&t, "one");
	text_putc(&t, ' ');
	text_add(&t, "twofold", 3);
	text_printf(&t, " %d", 3);
	assert_string_equal(text_str(&t), "one two 3");
	assert_int_equal(t.len, 9);
	text_clear(&t);
	assert_string_equal(text_str(&t), "");
	for (int i = 0; i < 5000; i++)
		text_printf(&t, "%04d", i);
	assert_int_equal(t.len, 20000);
	assert_string_equal(text_str(&t) + 19996, "4999");
	text_release(&t);
}

static void prints_what_is_long(void **state)
{
	char *long_word = malloc(9001);
	struct text t;

	(void)state;
	memset(long_word, 'w', 9000);
	long_word[9000] = '\0';
	text_init(&t);
	text_printf(&t, "<%s>", long_word);
	assert_int_equal(t.len, 9002);
	text_release(&t);
	free(long_word);
}

static void reads_files_with_zero_bytes(void **state)
{
	char path[] = "/tmp/devscope-text-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct text t;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fwrite("a\0b", 1, 3, f), 3);
	assert_int_equal(fclose(f), 0);
	text_init(&t);
	assert_int_equal(text_read_file(&t, path), 0);
	assert_int_equal(t.len, 3);
	assert_memory_equal(t.s, "a\0b", 4);
	unlink(path);
	text_clear(&t);
	assert_int_equal(text_read_file(&t, path), -ENOENT);
	text_release(&t);
}

static void interns_equal_names_once(void **state)
{
	char buffer[] = "mutex";

	(void)state;
	assert_ptr_equal(intern("mutex"), intern(buffer));
	assert_ptr_equal(intern_n("mutex_lock", 5), intern("mutex"));
	assert_ptr_not_equal(intern("mutex"), intern("Mutex"));
	assert_null(intern(NULL));
	for (int i = 0; i < 20000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "name%d", i);
		assert_string_equal(intern(name), name);
	}
	assert_ptr_equal(intern("name77"), intern("name77"));
	intern_release();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(prints_what_is_long),
		cmocka_unit_test(reads_files_with_zero_bytes),
		cmocka_unit_test(interns_equal_names_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
