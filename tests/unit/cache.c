// SPDX-License-Identifier: GPL-2.0-only
/* What is kept between runs: nothing is simulated twice, a change goes up only as far as it shows, results are equal. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "flow/flow.h"
#include "flow/flow_text.h"
#include "infer/infer.h"
#include "infer/model.h"
#include "infer/pack.h"
#include "infer/result.h"
#include "infer/sym.h"

static struct arena arena;

static struct entry {
	uint64_t key;
	void *head, *rest;
	size_t nhead, nrest;
	bool is_bad;		/* forgotten */
} entries[100];
static int nentry, nread, nwanted;	/* entries; rests read: in all, and before summaries were printed */

static struct entry *entry_of(uint64_t key)
{
	for (int i = 0; i < nentry; i++)
		if (entries[i].key == key)
			return &entries[i];
	return NULL;
}

static const void *find(void *cookie, uint64_t key, size_t *size)
{
	const struct entry *e = entry_of(key);

	(void)cookie;
	*size = e ? e->nhead : 0;
	return e && !e->is_bad ? e->head : NULL;
}

static const void *find_rest(void *cookie, uint64_t key, size_t *size)
{
	const struct entry *e = entry_of(key);

	(void)cookie;
	if (!e)
		return NULL;
	nread++;
	*size = e->nrest;
	return e->rest;
}

static void forget_one(void *cookie, uint64_t key)
{
	(void)cookie;
	entry_of(key)->is_bad = true;
}

static void *copy_of(const void *p, size_t n)
{
	return memcpy(malloc(n + 1), p, n);
}

static void keep(void *cookie, uint64_t key, const void *head, size_t nhead, const void *rest, size_t nrest)
{
	struct entry *e = entry_of(key);

	(void)cookie;
	if (e) {
		free(e->head);
		free(e->rest);
	} else {
		e = &entries[nentry++];
	}
	*e = (struct entry){key, copy_of(head, nhead), copy_of(rest, nrest), nhead, nrest, false};
}

static const struct infer_cache cache = {find, find_rest, forget_one, keep, NULL};

static int forget(void **state)
{
	(void)state;
	while (nentry) {
		free(entries[--nentry].head);
		free(entries[nentry].rest);
	}
	nread = 0;
	return 0;
}

static struct unit *unit_of(const char *s)
{
	struct text error;
	struct unit *u;

	text_init(&error);
	u = flow_parse_unit(&arena, s, &error);
	if (!u)
		fail_msg("%s", text_str(&error));
	text_release(&error);
	return u;
}

#define FUNC(name, params, body) "\nfunc " name "(" params ") at a.c:1-9\nb0:\n" body "\treturn _\nend\n"
#define LOCKED(name) FUNC(name, "p: *foo", "\t%0 = call &mutex_lock(p0)\n")
#define UNLOCKED(name) FUNC(name, "p: *foo", "\t%0 = call &mutex_unlock(p0)\n")
#define TOP FUNC("above", "p: *foo", "\t%0 = call &leaf(p0)\n\t%1 = call &leaf(p0)\n")			\
	FUNC("each", "fn: *", "\t%0 = call p0(@big)\n")							\
	FUNC("beside", "p: *foo", "\t%0 = call &each(&turn)\n\t%1 = call &each(&turn)\n")

static void print_result(struct text *out, const struct infer_result *r)
{
	for (size_t i = 0; i < r->nfact; i++) {
		const struct fact *f = r->facts[i];

		text_printf(out, "%d %s %s %s %d %d\n", f->kind, f->fn->name, f->unit->file, f->object, f->at.line,
			    f->origin.line);
		for (int k = 0; k < f->nstep; k++)
			text_printf(out, "  %d %s %s %d\n", f->steps[k].depth, f->steps[k].func, f->steps[k].text,
				    f->steps[k].at.line);
	}
	for (int k = 0; k < UNSURE_KINDS; k++)
		text_printf(out, "%lu\n", r->unsure[k]);
}

/* The program, as text: all summaries, all facts with their steps, all counts. Returns how many were simulated. */
static size_t run(const char *top, const char *leaf, bool cached, struct text *out)
{
	struct unit *units[] = {unit_of(top), unit_of(leaf)};
	struct infer_options how = {.model = model_load(&arena, NULL, NULL, 0)};
	struct infer_result r;
	size_t n;

	if (cached)
		how.cache = &cache;
	infer_run(&arena, units, 2, &how, &r);
	nwanted = nread;
	for (int i = 0; i < 2; i++)
		infer_print_summaries(out, units[i]);
	print_result(out, &r);
	n = r.nsimulated;
	infer_result_release(&r);
	return n;
}

/* Simulates so many with what is known from before, and comes to the same as without. */
static void expect(const char *top, const char *leaf, size_t simulated)
{
	struct text fresh, kept;

	text_init(&fresh);
	text_init(&kept);
	run(top, leaf, false, &fresh);
	assert_int_equal(run(top, leaf, true, &kept), simulated);
	assert_string_equal(text_str(&fresh), text_str(&kept));
	text_release(&fresh);
	text_release(&kept);
}

static const char top[] = "unit a.c\n" TOP, leaf[] = "unit b.c\n" LOCKED("leaf") LOCKED("turn");

static void nothing_changed_nothing_simulated(void **state)
{
	(void)state;
	expect(top, leaf, 7);		/* each() for its callback, and again to confirm what beside() did twice */
	expect(top, leaf, 0);
}

/* The unused load changes the text of leaf() and nothing that callers see. */
static void change_stops_where_it_does_not_show(void **state)
{
	(void)state;
	expect(top, leaf, 7);
	expect(top, "unit b.c\n" FUNC("leaf", "p: *foo", "\t%0 = call &mutex_lock(p0)\n\t%1 = load int4 @other\n")
	       LOCKED("turn"), 1);
}

static void change_goes_up_where_it_shows(void **state)
{
	(void)state;
	expect(top, leaf, 7);
	expect(top, "unit b.c\n" UNLOCKED("leaf") LOCKED("turn"), 2);
	/* turn(), beside(), each() for turn(); not each() itself */
	expect(top, "unit b.c\n" UNLOCKED("leaf") UNLOCKED("turn"), 4);
}

#define NUMBER(n) "unit b.c\n\nfunc number() -> value at b.c:1-2\nb0:\n\treturn #" n "\nend\n"

/* Without any step to show: the answers alone tell. */
static void change_of_a_result_goes_up(void **state)
{
	static const char gives[] = "unit a.c\n\nfunc gives() -> value at a.c:1-2\nb0:\n\t%0 = call int4 &number()\n"
		"\treturn %0\nend\n";

	(void)state;
	expect(gives, NUMBER("1"), 2);
	expect(gives, NUMBER("2"), 2);
	expect(gives, NUMBER("2"), 0);
}

/* A function that was not there, and one that no longer is. */
static void sees_what_comes_and_goes(void **state)
{
	(void)state;
	expect(top, "unit b.c\n" LOCKED("turn"), 6);
	expect(top, leaf, 2);
	expect(top, "unit b.c\n" LOCKED("turn"), 0);
}

/* Which function an address means: here that of b.c, there the file's own; both are there. */
static void address_means_another_function(void **state)
{
	static const char go[] = "unit a.c\n" FUNC("set", "o: *ops", "\tstore ptr p0, &leaf ops.f\n")
		FUNC("go", "p: *foo", "\t%0 = alloca ptr 8\n\t%1 = call &set(%0)\n\t%2 = load ptr %0 ops.f\n"
		     "\t%3 = call &mutex_lock(p0)\n\t%4 = call %2(p0)\n\t%5 = call &mutex_unlock(p0)\n");
	static const char own[] = FUNC("leaf", "p: *foo", "\t%0 = load int4 p0\n");
	char both[1024];

	(void)state;
	strcpy(both, go);
	strcat(both, own);
	expect(go, "unit b.c\n" UNLOCKED("leaf"), 3);
	expect(both, "unit b.c\n" UNLOCKED("leaf"), 3);	/* all but that of b.c */
	expect(go, "unit b.c\n" UNLOCKED("leaf"), 2);
}

/* leaf() and what calls it at those lines; the second lock, told through leaf(), is in the second column. */
#define AT(line, second, end, name, body) "\nfunc " name "(p: *foo) at a.c:" line "-" end "\nb0:\n\t%0 = call " body " @" \
	second ":2\n\treturn _ @" end ":1\nend\n"
#define TWICE(line, second, end) "\nfunc twice(p: *foo) at a.c:" line "-" end "\nb0:\n\t%0 = call &mutex_lock(p0) @" second \
	":3\n\t%1 = call &leaf(p0) @" second ":9\n\treturn _ @" end ":1\nend\n"

/* All that is found stands elsewhere, and nothing is simulated for that. */
static void moved_functions_are_known(void **state)
{
	(void)state;
	expect("unit a.c\n" AT("1", "2", "3", "leaf", "&mutex_lock(p0)") TWICE("5", "6", "7"), "unit b.c\n", 2);
	expect("unit a.c\n" AT("101", "102", "103", "leaf", "&mutex_lock(p0)") TWICE("205", "206", "207"), "unit b.c\n", 0);
	expect("unit a.c\n" AT("101", "102", "103", "leaf", "&mutex_lock(p0)") TWICE("2", "3", "4"), "unit b.c\n", 0);
	/* within leaf() it moves, which its caller shows */
	expect("unit a.c\n" AT("101", "103", "104", "leaf", "&mutex_lock(p0)") TWICE("2", "3", "4"), "unit b.c\n", 2);
}

/* A name that the file has twice, for two units: which of them a place is in must not be mixed up. */
static void names_of_several_functions_are_told_apart(void **state)
{
	static const char one[] = "unit a.c\n" AT("1", "2", "3", "leaf", "&mutex_lock(p0)") TWICE("25", "26", "27");
	static const char two[] = "unit b.c\n" AT("11", "13", "14", "leaf", "&spin_lock(p0)");
	static const char before[] = "unit b.c\n" AT("0", "0", "0", "leaf", "&spin_lock(p0)");

	(void)state;
	expect(one, "unit b.c\n", 2);
	expect(one, two, 3);
	expect(one, two, 0);
	expect(one, before, 1);
}

static void damaged_bytes_are_not_used(void **state)
{
	(void)state;
	expect(top, leaf, 7);
	for (int i = 0; i < nentry; i++)
		entries[i].nhead -= 1;
	expect(top, leaf, 7);
	for (int i = 0; i < nentry; i++)
		entries[i].nhead = 0;
	expect(top, leaf, 7);
}

#define CHANGED "unit a.c\n" FUNC("above", "p: *foo", "\t%0 = call &leaf(p0)\n\t%1 = load int4 @other\n"	\
	"\t%2 = call &leaf(p0)\n") FUNC("far", "p: *foo", "\t%0 = call &above(p0)\n")

/* Found out only when a caller that changed wants to know: all is done again without it. */
static void damaged_rest_is_made_again(void **state)
{
	(void)state;
	for (int cut = 1; cut < 30; cut += 7) {
		expect(top, leaf, 7);
		for (int i = 0; i < nentry; i++)
			entries[i].nrest -= entries[i].nrest > (size_t)cut ? (size_t)cut : entries[i].nrest;
		expect(CHANGED, leaf, 4);
		expect(CHANGED, leaf, 0);
		forget(NULL);
	}
}

/* What nobody simulates needs no summaries, but for what is reported. */
static void summaries_are_read_when_wanted(void **state)
{
	static const char plain[] = "unit a.c\n" FUNC("above", "p: *foo", "\t%0 = call &leaf(p0)\n");

	(void)state;
	expect(plain, leaf, 3);
	nread = 0;
	expect(plain, leaf, 0);
	assert_int_equal(nwanted, 1);	/* what the passes over the whole program found */
	assert_int_equal(nread, 1 + 3);
}

static const struct program_id this = {1, 2}, edited = {1, 3}, other = {2, 2};

/* What a run of twice() gave is kept for that program; and printed. */
static void keep_result(struct infer_options *how, struct text *out)
{
	struct unit *units[] = {unit_of("unit a.c\n" TWICE("5", "6", "7")), unit_of(leaf)};
	struct infer_result r;

	*how = (struct infer_options){.model = model_load(&arena, NULL, NULL, 0), .cache = &cache};
	infer_run(&arena, units, 2, how, &r);
	assert_true(r.nfact);
	print_result(out, &r);
	result_keep(&this, how, &r);
	infer_result_release(&r);
}

static void result_is_that_of_the_same_program(void **state)
{
	struct infer_options how;
	struct infer_result r;
	struct text made, kept;

	(void)state;
	text_init(&made);
	text_init(&kept);
	keep_result(&how, &made);
	assert_true(result_find(&arena, &this, &how, &r));
	print_result(&kept, &r);
	assert_string_equal(text_str(&made), text_str(&kept));
	assert_int_equal(r.nsimulated, 0);
	infer_result_release(&r);
	assert_false(result_find(&arena, &edited, &how, &r));
	assert_false(result_find(&arena, &other, &how, &r));
	how.state_budget = 7;
	assert_false(result_find(&arena, &this, &how, &r));
	text_release(&made);
	text_release(&kept);
}

/* Cut short anywhere. */
static void damaged_result_is_not_used(void **state)
{
	struct infer_options how;
	struct infer_result r;
	struct text made;
	struct entry *e;

	(void)state;
	text_init(&made);
	keep_result(&how, &made);
	text_release(&made);
	e = &entries[nentry - 1];	/* kept last */
	while (e->nrest--)
		assert_false(result_find(&arena, &this, &how, &r));
}

static void put_sym(struct packer *p, int kind, int sub, int64_t value)
{
	const int64_t numbers[] = {1, kind, sub, 0, 0, value};

	for (size_t i = 0; i < 6; i++)
		pack_int(p, numbers[i]);
}

static bool is_read(const struct packer *p)
{
	struct sym_table t;
	struct unpacker u;
	bool is_good;

	sym_table_init(&t, &arena);
	unpacker_init(&u, NULL, &t, p->out.s, p->out.len);
	is_good = unpack_sym(&u) && !u.failed;
	unpacker_release(&u);
	sym_table_release(&t);
	return is_good;
}

/* A symbol of that kind; its operands: numbers, as many as said. */
static bool reads(int kind, int sub, int64_t value, int noperand)
{
	struct packer p;
	bool is_good;

	packer_init(&p, NULL);
	put_sym(&p, kind, sub, value);
	for (int i = 0; i < 2; i++) {
		if (i < noperand)
			put_sym(&p, SYM_INT, 0, i);
		for (int k = 0; k < (i < noperand ? 7 : 1); k++)
			pack_int(&p, 0);
	}
	for (int k = 0; k < 5; k++)
		pack_int(&p, 0);
	is_good = is_read(&p);
	packer_release(&p);
	return is_good;
}

static void odd_symbols_are_refused(void **state)
{
	struct packer p;

	(void)state;
	assert_true(reads(SYM_INT, 0, 7, 0) && reads(SYM_PARAM, 0, 3, 0) && reads(SYM_LOAD, 0, 0, 1));
	assert_true(reads(SYM_CMP, CMP_EQ, 0, 2) && reads(SYM_BIN, BIN_ADD, 0, 2) && reads(SYM_ELEM, 0, 0, 1));
	assert_false(reads(SYM_ALL + 1, 0, 0, 2));
	assert_false(reads(256 + SYM_INT, 0, 0, 0));
	assert_false(reads(SYM_PARAM, 0, -1, 0));
	assert_false(reads(SYM_PARAM, 0, INT64_MAX, 0));
	assert_false(reads(SYM_GLOBAL, 0, 0, 0));
	assert_false(reads(SYM_LOAD, 0, 0, 0));
	assert_false(reads(SYM_INT, 0, 0, 1));
	assert_false(reads(SYM_CMP, BIN_ADD, 0, 2));
	assert_false(reads(SYM_BIN, CMP_EQ, 0, 2));
	assert_false(reads(SYM_CMP, CMP_EQ, 0, 1));
	packer_init(&p, NULL);
	for (int i = 0; i < 1000000; i++)
		put_sym(&p, SYM_LOAD, 0, 0);		/* each within the one before */
	assert_false(is_read(&p));
	packer_release(&p);
}

static int clean_up(void **state)
{
	(void)state;
	arena_release(&arena);
	intern_release();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_changed_nothing_simulated, forget),
		cmocka_unit_test_teardown(change_stops_where_it_does_not_show, forget),
		cmocka_unit_test_teardown(moved_functions_are_known, forget),
		cmocka_unit_test_teardown(names_of_several_functions_are_told_apart, forget),
		cmocka_unit_test_teardown(change_goes_up_where_it_shows, forget),
		cmocka_unit_test_teardown(change_of_a_result_goes_up, forget),
		cmocka_unit_test_teardown(sees_what_comes_and_goes, forget),
		cmocka_unit_test_teardown(address_means_another_function, forget),
		cmocka_unit_test_teardown(damaged_bytes_are_not_used, forget),
		cmocka_unit_test_teardown(damaged_rest_is_made_again, forget),
		cmocka_unit_test_teardown(summaries_are_read_when_wanted, forget),
		cmocka_unit_test_teardown(result_is_that_of_the_same_program, forget),
		cmocka_unit_test_teardown(damaged_result_is_not_used, forget),
		cmocka_unit_test(odd_symbols_are_refused),
	};

	arena_init(&arena);
	return cmocka_run_group_tests(tests, NULL, clean_up);
}
