// SPDX-License-Identifier: GPL-2.0-only
/* Models: the ones that come with the program are complete; mistakes are told by file, line and column. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/model.h"

static struct arena arena;
static char folder[] = "/tmp/devscope-model-XXXXXX";

/* Write a file into the test's folder and return its path, which lives until the next one. */
static const char *file_with(const char *name, const char *content)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
	return path;
}

static const struct model *load(const char *content)
{
	const char *extra = file_with("given.yml", content);

	return model_load(&arena, folder, &extra, 1);
}

static const struct effect *effect_of(const struct model *m, const char *name, int n)
{
	const struct model_func *f = model_find(m, intern(name));

	assert_non_null(f);
	assert_in_range(n, 0, f->neffect - 1);
	return &f->effects[n];
}

/* Does any function have an effect of that kind on such a lock or reference? */
static bool any_effect(const struct model *m, enum effect_kind kind, const char *what, enum lock_mode mode)
{
	for (int i = 0; i < m->nfunc; i++)
		for (int j = 0; j < m->funcs[i]->neffect; j++) {
			const struct effect *e = &m->funcs[i]->effects[j];

			if (e->kind == kind && !strcmp(e->what, what) && e->mode == mode)
				return true;
		}
	return false;
}

static void finds_every_function_by_name(void **state)
{
	const struct model *m = model_load(&arena, NULL, NULL, 0);

	(void)state;
	assert_true(m->nfunc > 300);
	for (int i = 0; i < m->nfunc; i++) {
		assert_ptr_equal(model_find(m, m->funcs[i]->name), m->funcs[i]);
		if (i)
			assert_true(strcmp(m->funcs[i - 1]->name, m->funcs[i]->name) < 0);
	}
	assert_null(model_find(m, intern("no_such_function")));
	assert_null(model_find(m, intern("")));
}

static void releases_whatever_is_taken(void **state)
{
	const struct model *m = model_load(&arena, NULL, NULL, 0);

	(void)state;
	for (int i = 0; i < m->nfunc; i++)
		for (int j = 0; j < m->funcs[i]->neffect; j++) {
			const struct effect *e = &m->funcs[i]->effects[j];
			bool paired = true;

			if (e->kind == EFFECT_TAKE)
				paired = any_effect(m, EFFECT_RELEASE, e->what, e->mode);
			if (e->kind == EFFECT_RELEASE)
				paired = any_effect(m, EFFECT_TAKE, e->what, e->mode);
			if (e->kind == EFFECT_DOWNGRADE)
				paired = any_effect(m, EFFECT_RELEASE, e->what, LOCK_SHARED);
			if (e->kind == EFFECT_GET || e->kind == EFFECT_FIND || e->kind == EFFECT_LEAVE || e->kind == EFFECT_OWN)
				paired = any_effect(m, EFFECT_PUT, e->what, LOCK_EXCLUSIVE);
			if (e->kind == EFFECT_PUT)
				paired = any_effect(m, EFFECT_GET, e->what, LOCK_EXCLUSIVE) ||
					 any_effect(m, EFFECT_FIND, e->what, LOCK_EXCLUSIVE);
			if (!paired && !e->counting)	/* nothing is said of a count that stays */
				fail_msg("%s: %s has no counterpart", m->funcs[i]->name, e->what);
		}
}

static void says_what_the_rows_say(void **state)
{
	const struct model *m = model_load(&arena, NULL, NULL, 0);
	const struct effect *e = effect_of(m, "mutex_lock_interruptible", 0);

	(void)state;
	assert_int_equal(e->kind, EFFECT_TAKE);
	assert_int_equal(e->when, WHEN_ZERO);
	assert_int_equal(e->arg, 0);
	assert_int_equal(e->nested_arg, -1);
	assert_ptr_equal(e->what, intern("mutex"));
	assert_int_equal(effect_of(m, "mutex_lock_nested", 0)->nested_arg, 1);
	e = effect_of(m, "down_read_trylock", 0);
	assert_int_equal(e->mode, LOCK_SHARED);
	assert_true(e->try);
	assert_int_equal(effect_of(m, "__rcu_read_lock", 0)->arg, MODEL_NONE);
	assert_int_equal(model_find(m, intern("get_device"))->returns, 0);
	assert_int_equal(model_find(m, intern("put_device"))->returns, MODEL_NONE);
	e = effect_of(m, "of_get_next_child", 0);
	assert_int_equal(e->kind, EFFECT_FIND);
	assert_int_equal(e->arg, MODEL_RET);
	assert_int_equal(e->from_arg, 1);
	assert_int_equal(effect_of(m, "bus_find_device", 0)->kind, EFFECT_MATCH);
	e = effect_of(m, "bus_find_device", 1);
	assert_int_equal(e->kind, EFFECT_FIND);
	assert_int_equal(e->when, WHEN_VALID);
	e = effect_of(m, "bus_for_each_dev", 0);
	assert_int_equal(e->callback, 3);
	assert_true(effect_of(m, "clk_get", 0)->lasting);
	assert_false(effect_of(m, "of_find_device_by_node", 0)->lasting);
	assert_true(model_name_says(m, "get", NAME_GETS));
	assert_true(model_name_says(m, "chip_get_by_node", NAME_GETS));
	assert_true(model_name_says(m, "widgets_grab", NAME_GETS));
	assert_false(model_name_says(m, "widget_find", NAME_GETS));
	assert_false(model_name_says(m, "target_gets", NAME_GETS));
	assert_int_equal(e->data, 2);
	assert_true(e->stops);
	assert_string_equal(e->element, "device");
	assert_string_equal(e->keeps, "memory");
}

static void adds_up_over_files(void **state)
{
	const struct model *m;

	(void)state;
	file_with("a.yaml", "locks:\n  - {function: swap, takes: mutex, arg: 0}\n");
	m = load("locks:\n  - {function: swap, releases: mutex, arg: 1}\n"
		 "guards:\n  - {field: group.list, lock_global: big_lock}\n"
		 "contexts:\n  - {slot: pci_driver.probe, param: 0, in: pci_dev.dev, lock: device.mutex, on: pci_bus_type}\n");
	assert_int_equal(model_find(m, intern("swap"))->neffect, 2);
	assert_int_equal(effect_of(m, "swap", 0)->kind, EFFECT_TAKE);
	assert_int_equal(effect_of(m, "swap", 1)->kind, EFFECT_RELEASE);
	assert_string_equal(m->guards[0].struct_name, "group");
	assert_string_equal(m->guards[0].field, "list");
	assert_string_equal(m->guards[0].lock_global, "big_lock");
	assert_string_equal(m->contexts[0].in_struct, "pci_dev");
	assert_string_equal(m->contexts[0].in_field, "dev");
	assert_string_equal(m->contexts[0].lock_struct, "device");
	assert_string_equal(m->contexts[0].lock_field, "mutex");
	assert_string_equal(m->contexts[0].on, "pci_bus_type");
	assert_string_equal(m->contexts[0].kind, "mutex");
	unlink(file_with("a.yaml", ""));
}

static void hashes_content_and_not_paths(void **state)
{
	const char *text = "locks:\n  - {function: f, takes: m, arg: 0}\n";
	const char *extra = file_with("one", text);
	unsigned long long first = model_load(&arena, folder, &extra, 1)->hash;

	(void)state;
	extra = file_with("two", text);
	assert_true(model_load(&arena, folder, &extra, 1)->hash == first);
	extra = file_with("two", "locks:\n  - {function: f, takes: m, arg: 1}\n");
	assert_true(model_load(&arena, folder, &extra, 1)->hash != first);
}

static void takes_files_that_say_nothing(void **state)
{
	(void)state;
	assert_int_equal(load("")->nfunc, 0);
	assert_int_equal(load("# a comment\n")->nfunc, 0);
	assert_int_equal(load("locks: []\n")->nfunc, 0);
}

/* The examples of the manual are right. */
static void reads_its_manual(void **state)
{
	struct text manual;
	const char *p;
	int blocks = 0;

	(void)state;
	text_init(&manual);
	assert_int_equal(text_read_file(&manual, DEVSCOPE_SOURCE_DIR "/rules/models/FORMAT.md"), 0);
	for (p = text_str(&manual); (p = strstr(p, "```yaml\n")); blocks++) {
		const char *end = strstr(p += 8, "```");

		assert_non_null(end);
		load(arena_strndup(&arena, p, (size_t)(end - p)));
	}
	assert_true(blocks >= 5);
	text_release(&manual);
}

/* What loading this says before it ends the program with status 2. */
static void expect_refused(const char *content, const char *expected)
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
		load(content);
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
		const char *entry, *said;
	} cases[] = {
		{ "{function: f, takes: m, arg: 0, bogus: 1}",
		  "given.yml:3:37: unknown key 'bogus'; expected one of: function," },
		{ "{takes: m, arg: 0}", "given.yml:3:21: this entry has no 'function'" },
		{ "{function: f, takes: m}", "this entry has no 'arg'" },
		{ "{function: f, takes: m, arg: x}",
		  "given.yml:3:34: wrong value for 'arg'; expected one of: return, none, a number" },
		{ "{function: f, takes: m, arg: 0, when: often}",
		  "wrong value for 'when'; expected one of: always, zero" },
		{ "{function: f, takes: m, arg: 0, try: perhaps}",
		  "wrong value for 'try'; expected one of: true, false" },
		{ "{function: [f], takes: m, arg: 0}", "Expecting STRING" },
		{ "{function: f, function: g}", "given.yml:3:19: key 'function' stands twice" },
		{ "{function: f, takes: m, arg: 77}",
		  "given.yml:3:5: a number of an argument or parameter is out of range" },
		{ "{function: f, arg: 0}",
		  "given.yml:3:5: no verb in this entry; expected exactly one of: takes" },
		{ "{function: f, takes: m, releases: m, arg: 0}", "several verbs" },
		{ "{function: f, releases: m, arg: 0, try: true}", "go with takes only" },
		{ "{function: g, takes: m, arg: 0}", "given.yml:3:5: the same entry was given before" },
		{ "{function: f", "given.yml:4:1: did not find expected ',' or '}'" },
		{ "f", "Expecting MAPPING" },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "locks:\n  - {function: g, takes: m, arg: 0}\n  - %s\n",
			 cases[i].entry);
		expect_refused(text, cases[i].said);
	}
	expect_refused("lock: []\n", "given.yml:1:1: unknown key 'lock'; expected one of: locks, references");
	expect_refused("- a\n", "given.yml:1:1: Expecting MAPPING");
	expect_refused("guards:\n  - {field: list, lock: group.mutex}\n",
		       "given.yml:2:5: 'list' is no field");
	expect_refused("guards:\n  - {field: group.list}\n", "expected exactly one of: lock, lock_global");
	expect_refused("iterators:\n  - {function: f, callback: 1}\n", "given.yml:2:5: missing key element");
	expect_refused("references:\n  - {function: f, gets: r}\n", "given.yml:2:5: missing key arg");
}

static int make_folder(void **state)
{
	(void)state;
	arena_init(&arena);
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file_with("given.yml", ""));
	unlink(file_with("one", ""));
	unlink(file_with("two", ""));
	arena_release(&arena);
	intern_release();
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_function_by_name),
		cmocka_unit_test(releases_whatever_is_taken),
		cmocka_unit_test(says_what_the_rows_say),
		cmocka_unit_test(adds_up_over_files),
		cmocka_unit_test(hashes_content_and_not_paths),
		cmocka_unit_test(takes_files_that_say_nothing),
		cmocka_unit_test(reads_its_manual),
		cmocka_unit_test(tells_where_a_mistake_is),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
