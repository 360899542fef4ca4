/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

/*
 * Queries: questions that people ask of a program that was analysed. A query is one file
 * that looks at the call graph, the summaries and the facts, and prints; the table in
 * query.c has them all. To add one: the file, its name in the table and in CMakeLists.txt,
 * and a transcript in tests/goldens/. Answers are sorted, and the same for the same program.
 */

#include "base/text.h"
#include "infer/chain.h"
#include "infer/context.h"
#include "infer/infer.h"
#include "infer/reach_graph.h"
#include "infer/simulate.h"
#include "infer/value.h"

struct json;

enum query_format { QUERY_TEXT = 1, QUERY_JSON = 2, QUERY_DOT = 4 };

/* What the command line says besides the names. */
enum query_option {
	QUERY_FIELD = 1,	/* --field */
	QUERY_FROM_FIELD = 2,	/* --from-field */
	QUERY_FROM = 4,		/* --from */
	QUERY_TO = 8,		/* --to */
	QUERY_DEPTH = 16,	/* --depth */
	QUERY_LIMIT = 32,	/* --limit */
};

struct query_args {
	const char *const *names;	/* functions, or paths */
	size_t nname;
	const char *const *fields, *const *from_fields, *const *froms, *const *tos;	/* each may be repeated */
	size_t nfield, nfrom_field, nfrom, nto;
	int depth, limit;		/* 0: not given */
	enum query_format format;
	bool (*in_scope)(void *cookie, const char *file);	/* is the file among the paths? */
	void *cookie;
};

/* A query being answered. */
struct question {
	struct arena *arena;		/* of the answer */
	const struct query_args *args;
	struct analysis *an;		/* after infer_run() */
	const struct model *model;
	struct unit *const *units;
	size_t nunit;
	struct reach_graph graph;
	struct graph callers;		/* graph.graph turned round */
	struct reader reader;
	struct contexts contexts;
	struct text out;		/* the answer as text, or dot */
	struct json *json;		/* as JSON: an object; NULL for other formats */
	struct map edges;		/* dot: those printed */
};

struct query {
	const char *name;		/* "callers" */
	const char *usage;		/* its arguments: "FUNCTION..." */
	const char *summary;		/* half a sentence, for the list */
	const char *help;		/* paragraphs: what the answer means, an example */
	int names_least, names_most;	/* how many names it takes; -1: any number */
	unsigned options;		/* of enum query_option */
	unsigned formats;		/* of enum query_format */
	void (*answer)(struct question *q);
};

/* All queries, ended by one without a name; and the one of that name, or NULL. */
extern const struct query queries[];
const struct query *query_find(const char *name);
/* Answer it about the program that infer_run() analysed last; the answer is appended to out. */
void query_answer(const struct query *query, struct arena *a, const struct query_args *args, struct text *out);

/* --- for queries ----------------------------------------------------------------- */

/* A list of nodes. */
struct nodes {
	const struct node **items;
	size_t n;
};

/*
 * All functions of that name, static ones too ("file.c:name": the one in that file). None: die(), with the names that are
 * nearest; but if only calls of it were read, and may_be_unread, the list is empty.
 */
struct nodes query_functions(struct question *q, const char *name, bool may_be_unread);
/* The functions in that field: "struct.field", both may hold * and ?. None: die(), with the fields that are nearest. */
struct nodes query_field(struct question *q, const char *pattern);

/* There is no lock class of that name: die(), with those of the n that are nearest. */
_Noreturn void query_unknown_class(const char *wanted, const char *const *classes, size_t n);

/* A place that calls a function, or hands it on. */
struct call_site {
	const struct node *n;		/* the function it is in */
	const struct insn *in;
	const char *slot;		/* called through this field; or NULL */
	const char *passed_to;		/* it is passed to that function (NULL: it is called); "" through a pointer */
	const struct node *target;	/* what is called; NULL: it was not read */
};
struct call_sites {
	struct call_site *items;
	size_t n, cap;
};

/* All places that call one of the functions (of that name, if there are none), sorted by file and line. */
struct call_sites query_callers(struct question *q, const struct nodes *targets, const char *name);
/* All that n calls, in its own order; a call through a field for each function that is in there. */
struct call_sites query_callees(struct question *q, const struct node *n);
/* Is it called, or handed to something that calls it? */
bool query_is_call(const struct question *q, const struct call_site *s);

/* An expression as C would write it. In the arena. */
const char *query_print(struct question *q, const struct sym *s);
/* "drivers/base/core.c:12:3" */
const char *query_place(struct question *q, struct place at);
/* "file", "line", "column" of a row. */
void query_json_place(struct json *row, struct place at);
int query_compare_place(struct place a, struct place b);
/* dot: the head of a graph, an edge (once each), the end. */
void query_dot_begin(struct question *q);
void query_dot_edge(struct question *q, const char *from, const char *to, const char *label);
void query_dot_end(struct question *q);

void query_answer_callees(struct question *q);
void query_answer_callers(struct question *q);
void query_answer_callers_with_device(struct question *q);
void query_answer_depends(struct question *q);
void query_answer_iterators(struct question *q);
void query_answer_locks(struct question *q);
void query_answer_order(struct question *q);
void query_answer_paths(struct question *q);

#endif
