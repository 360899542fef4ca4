// SPDX-License-Identifier: GPL-2.0-only
/* JSON: what is written is read back, kinds are told apart, mistakes are told with line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

static char path[] = "/tmp/devscope-json-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_text(const char *s)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(s, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void reads_what_it_wrote(void **state)
{
	struct json *j = json_object(), *read;
	struct text error, bytes;

	(void)state;
	json_add_text(j, "zebra", "quote \" tab \t");
	json_add_text(j, "none", NULL);
	json_add_int(j, "int", -3);
	json_add_bool(j, "bool", true);
	json_push_text(json_add_array(j, "list"), "first");
	assert_int_equal(json_write_file(j, path), 0);
	json_free(j);
	text_init(&error);
	text_init(&bytes);
	assert_int_equal(text_read_file(&bytes, path), 0);
	assert_true(strstr(text_str(&bytes), "zebra") < strstr(text_str(&bytes), "list"));
	read = json_read_file(path, &error);
	assert_non_null(read);
	assert_true(json_is_object(read));
	assert_string_equal(json_text(json_member(read, "zebra")), "quote \" tab \t");
	assert_null(json_member(read, "none"));
	assert_int_equal(json_count(json_member(read, "list")), 1);
	assert_string_equal(json_text(json_at(json_member(read, "list"), 0)), "first");
	json_free(read);
	text_release(&error);
	text_release(&bytes);
}

static void gives_nothing_for_another_kind(void **state)
{
	struct json *j = json_object();

	(void)state;
	json_add_int(j, "n", 1);
	assert_null(json_text(json_member(j, "n")));
	assert_int_equal(json_count(j), 0);
	assert_null(json_at(j, 0));
	assert_null(json_member(NULL, "n"));
	assert_null(json_text(NULL));
	assert_false(json_is_array(j));
	json_free(j);
}

static void replaces_what_is_no_utf8(void **state)
{
	struct json *j = json_object();

	(void)state;
	json_add_text(j, "s", "a\xff" "b");
	assert_string_equal(json_text(json_member(j, "s")), "a\xef\xbf\xbd" "b");
	json_free(j);
}

static void tells_where_a_mistake_is(void **state)
{
	struct text error;

	(void)state;
	text_init(&error);
	write_text("[\n  1,\n  oops\n]\n");
	assert_null(json_read_file(path, &error));
	assert_non_null(strstr(text_str(&error), "line 3"));
	text_release(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(gives_nothing_for_another_kind),
		cmocka_unit_test(replaces_what_is_no_utf8),
		cmocka_unit_test(tells_where_a_mistake_is),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
