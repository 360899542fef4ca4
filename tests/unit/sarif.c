// SPDX-License-Identifier: GPL-2.0-only
/*
 * SARIF: what viewers and GitHub rely on is there, hostile names survive, and the same input gives the same
 * bytes. With an argument: write the document of the hostile case to that file, for a validator.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "base/view.h"
#include "infer/infer.h"
#include "report/finding.h"
#include "report/sarif.h"
#include "report/source.h"
#include "report/summary_report.h"
#include "rules/rule.h"

static const struct func fn = {.name = "probe\"{0}\"", .file = "drivers/a b/%c.c", .line = 1};
static const struct step steps[] = {
	{.kind = STEP_LOCK, .at = {"drivers/a b/%c.c", 2, 3, NULL}, .func = "probe\"{0}\"",
	 .text = "takes {x}->lock \xff\x01", .locks = "x->lock", .borrows = "dev: by [it](1)", .refs = ""},
	{.kind = STEP_CALL, .depth = 1, .func = "callee", .text = "somewhere", .locks = "x->lock"},
	{.kind = STEP_FAULT, .at = {"/usr/lib/secret/x.h", 7, 0, NULL}, .func = "inner", .text = "returns"},
};
static const struct fact fact = {
	.fn = &fn, .at = {"drivers/a b/%c.c", 2, 5, NULL}, .object = "x->lock", .class = "x.lock",
	.origin = {"drivers/a b/%c.c", 1, 0, NULL}, .nstep = 3, .steps = steps,
};
static const struct fact nowhere = {.fn = &fn, .class = "y"};

static struct json *make(struct arena *a, const char *root)
{
	static const char *const over[] = {"huge (a.c)"};
	struct infer_result infer = {.over_budget = 1, .over_budget_names = (const char **)over};
	struct unit_note failed[] = {{"drivers/bad.c", "'x.h' file not found"}};
	struct run_info run = {.failed = failed, .nfailed = 1, .infer = &infer};
	struct finding_list l;
	struct json *log;
	struct view view;

	infer.unsure[UNSURE_INDIRECT_CALL] = 3;
	finding_list_init(&l, a);
	finding_list_add(&l, rules[0], LEVEL_ERROR, &fact, "x->lock is held \x80 \"so\"", "unlock {it}");
	finding_list_add(&l, rules[1], LEVEL_ADVICE, &nowhere, "no place at all", NULL);
	view_init(&view, root);
	finding_list_finish(&l, &view);
	log = sarif_make(&l, &run, &view);
	view_release(&view);
	finding_list_release(&l);
	return log;
}

static const struct json *member(const struct json *j, const char *path)
{
	char key[64];

	while (j && *path) {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		j = json_is_array(j) ? json_at(j, (size_t)atoi(key)) : json_member(j, key);
		path += n + (path[n] == '.');
	}
	return j;
}

static void assert_member(const struct json *j, const char *path, const char *want)
{
	const char *s = json_text(member(j, path));

	assert_non_null(s);
	assert_string_equal(s, want);
}

static void test_result(void **state)
{
	struct arena a;
	struct json *log;
	const struct json *r, *flow;

	(void)state;
	arena_init(&a);
	log = make(&a, NULL);
	assert_member(log, "version", "2.1.0");
	assert_int_equal(json_count(member(log, "runs.0.results")), 2);
	r = member(log, "runs.0.results.1");
	assert_member(r, "ruleId", rules[0]->id);
	assert_member(r, "level", "error");
	assert_member(r, "message.text", "x->lock is held \xef\xbf\xbd \"so\". Fix: unlock {{it}}.");
	assert_member(r, "locations.0.physicalLocation.artifactLocation.uri", "drivers/a%20b/%25c.c");
	assert_member(r, "locations.0.logicalLocations.0.name", "probe\"{0}\"");
	assert_int_equal(strlen(json_text(member(r, "partialFingerprints.devscope/v1"))), 32);
	flow = member(r, "codeFlows.0.threadFlows.0.locations");
	assert_member(flow, "0.location.message.text",
		      "takes {{x}}->lock \xef\xbf\xbd\x01 [holds x->lock; keeps dev: by [it](1)]");
	assert_member(flow, "0.state.locks.text", "x->lock");
	assert_member(flow, "1.location.logicalLocations.0.name", "callee");
	assert_member(flow, "1.location.physicalLocation.artifactLocation.uri",
		      "drivers/a%20b/%25c.c");
	assert_member(flow, "2.location.physicalLocation.artifactLocation.uri", "x.h");
	r = member(log, "runs.0.results.0");
	assert_member(r, "level", "note");
	assert_member(r, "locations.0.physicalLocation.artifactLocation.uri", "drivers/a%20b/%25c.c");
	json_free(log);
	arena_release(&a);
}

static void test_run(void **state)
{
	struct arena a;
	struct json *log;
	const struct json *notices;

	(void)state;
	arena_init(&a);
	log = make(&a, NULL);
	notices = member(log, "runs.0.invocations.0.toolExecutionNotifications");
	assert_int_equal(json_count(notices), 3);
	assert_member(notices, "0.descriptor.id", "unit-failed");
	assert_member(notices, "0.locations.0.physicalLocation.artifactLocation.uri", "drivers/bad.c");
	assert_member(notices, "1.descriptor.id", "over-budget");
	for (size_t i = 0; rules[i]; i++) {
		char path[64];

		snprintf(path, sizeof(path), "runs.0.tool.driver.rules.%zu.id", i);
		assert_member(log, path, rules[i]->id);
	}
	json_free(log);
	arena_release(&a);
}

static void write_document(const char *path, const char *root)
{
	struct arena a;
	struct json *log;

	arena_init(&a);
	log = make(&a, root);
	assert_int_equal(json_write_file(log, path), 0);
	json_free(log);
	arena_release(&a);
}

static void test_same_bytes(void **state)
{
	char path[] = "/tmp/devscope-sarif-XXXXXX";
	struct text one, two;

	(void)state;
	close(mkstemp(path));
	text_init(&one);
	text_init(&two);
	write_document(path, NULL);
	assert_int_equal(text_read_file(&one, path), 0);
	write_document(path, NULL);
	assert_int_equal(text_read_file(&two, path), 0);
	assert_string_equal(text_str(&one), text_str(&two));
	unlink(path);
	text_release(&one);
	text_release(&two);
}

/* The values are those of the algorithm that GitHub's upload action publishes, for the same files. */
static void test_line_hash(void **state)
{
	char dir[] = "/tmp/devscope-hash-XXXXXX", path[64];
	struct source s;
	struct view view;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.c", dir);
	f = fopen(path, "w");
	fputs("x\n \t x\ny\r\nx\xc3\xa4", f);
	fclose(f);
	view_init(&view, dir);
	source_init(&s, &view);
	assert_string_equal(source_line_hash(&s, "a.c", 1), "c73df42cca98fcd2:1");
	assert_string_equal(source_line_hash(&s, "a.c", 2), "2a6cab1af0817cc0:1");
	assert_string_equal(source_line_hash(&s, "a.c", 3), "8f3ceaa3a8d59c7e:1");
	assert_string_equal(source_line_hash(&s, "a.c", 4), "7d36867bff87a437:1");
	assert_null(source_line_hash(&s, "a.c", 5));
	assert_int_equal(source_column(&s, "a.c", 4, 4), 3);
	source_release(&s);
	view_release(&view);
	unlink(path);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_line_hash),
	};

	if (argc > 1) {
		write_document(argv[1], argc > 2 ? argv[2] : NULL);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
