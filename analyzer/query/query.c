// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of queries, and the frame around each. Entries: query_find(), query_answer(). The help
 * texts are here, so that they can be read, and kept alike, in one place.
 */
#include "query/query.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "base/process.h"

const struct query queries[] = {
	{
		.name = "callers", .usage = "FUNCTION...", .names_least = 1, .names_most = -1,
		.summary = "who calls a function: directly, through ops tables, as a callback",
		.help =
			"Each place that calls one of the functions, or hands it to a function that does. --depth N goes on to "
			"callers of callers, each function once.\n"
			"\n"
			"  devscope query callers iommu_domain_alloc\n"
			"  devscope query callers --depth 3 --format dot drivers/base/dd.c:really_probe | dot -Tsvg\n",
		.options = QUERY_DEPTH, .formats = QUERY_TEXT | QUERY_JSON | QUERY_DOT, .answer = query_answer_callers,
	},
	{
		.name = "callees", .usage = "FUNCTION...", .names_least = 1, .names_most = -1,
		.summary = "what a function calls, with all that a call through an ops table may come to",
		.help =
			"Each call in the functions, in their order. A call through a field of an ops table comes once for each "
			"function that the program puts there. --depth N goes on to callees of callees, each function once.\n"
			"\n"
			"  devscope query callees iommu_probe_device\n",
		.options = QUERY_DEPTH, .formats = QUERY_TEXT | QUERY_JSON | QUERY_DOT, .answer = query_answer_callees,
	},
	{
		.name = "callers-with-device", .usage = "FUNCTION", .names_least = 1, .names_most = 1,
		.summary = "each caller of a function, and which devices it could have passed",
		.help =
			"Each caller, and the pointers to a struct device within its reach, the likeliest first:\n"
			"\n"
			"  argument   an argument of the call is taken from this device (its bus, say)\n"
			"  used       the caller has the pointer in hand: a parameter, or it uses it\n"
			"  reach      a member of something the caller has, which functions near it use as a device\n"
			"\n"
			"Where the caller has none, its own callers are asked, and so on for a few calls; they follow it, indented. "
			"Which members are devices is learnt from the code in the same units.\n"
			"\n"
			"  devscope query callers-with-device iommu_domain_alloc\n",
		.options = QUERY_DEPTH | QUERY_LIMIT, .formats = QUERY_TEXT | QUERY_JSON,
		.answer = query_answer_callers_with_device,
	},
	{
		.name = "alloc-depends", .usage = "[--field STRUCT.FIELD]...", .names_least = 0, .names_most = 0,
		.summary = "what each driver's domain allocation reads of the device and of globals",
		.help =
			"For each function that the program puts into one of the fields: what it, and what it calls directly, reads "
			"through its pointer to a device, and which globals. Two devices for which all of that is equal get the "
			"same answer. What the device is passed to and was not read is listed too. STRUCT and FIELD may hold * and ?; "
			"without --field: the fields that the models name (section asks in rules/models/).\n"
			"\n"
			"  devscope query alloc-depends\n"
			"  devscope query alloc-depends --field iommu_ops.def_domain_type\n",
		.options = QUERY_FIELD, .formats = QUERY_TEXT | QUERY_JSON, .answer = query_answer_depends,
	},
	{
		.name = "paths", .usage = "[--from-field STRUCT.FIELD]... [--from FUNCTION]... --to FUNCTION...",
		.names_least = 0, .names_most = 0,
		.summary = "how one function comes to call another, with the locks held on the way",
		.help =
			"For each start a shortest chain of calls, through ops tables and callbacks too, and what is held at each "
			"call: what the kernel holds around the start (contexts in rules/models/), then what is taken on the way. "
			"A lock in brackets is held on some ways through the function only. STRUCT and FIELD may hold * and ?. "
			"--limit N shows the N shortest chains only.\n"
			"\n"
			"  devscope query paths --from-field '*_driver.probe' --to iommu_domain_alloc\n"
			"  devscope query paths --from of_iommu_configure --to iommu_probe_device --format dot\n",
		.options = QUERY_FROM_FIELD | QUERY_FROM | QUERY_TO | QUERY_LIMIT,
		.formats = QUERY_TEXT | QUERY_JSON | QUERY_DOT, .answer = query_answer_paths,
	},
	{
		.name = "iterators", .usage = "[PATH...]", .names_least = 0, .names_most = -1,
		.summary = "what was concluded of each call of an iterator: does its object escape?",
		.help =
			"A line for each call of a function that the models call an iterator, in PATHs if any are given, and "
			"callback:\n"
			"\n"
			"  escapes    the rule iterator-escape has a finding there\n"
			"  kept       the object, or something of it, is stored or returned, and this keeps it\n"
			"  nothing    nothing of the object is stored that outlives the callback\n"
			"  unknown    devscope cannot tell, and why\n"
			"\n"
			"  devscope query iterators drivers/iommu\n"
			"  devscope query iterators --format json | jq '.rows[] | select(.verdict == \"unknown\")'\n",
		.formats = QUERY_TEXT | QUERY_JSON, .answer = query_answer_iterators,
	},
	{
		.name = "locks", .usage = "FUNCTION...", .names_least = 1, .names_most = -1,
		.summary = "which locks a function takes, releases and needs",
		.help =
			"By case, as its callers see it: what it returns, which locks it then has taken or released, and which it "
			"takes for granted. Then the classes of all locks that a call of it may wait for, through ops tables too, each with "
			"the call that leads there.\n"
			"\n"
			"  devscope query locks iommu_group_get_for_dev\n",
		.formats = QUERY_TEXT | QUERY_JSON, .answer = query_answer_locks,
	},
	{
		.name = "lock-order", .usage = "[CLASS]", .names_least = 0, .names_most = 1,
		.summary = "which locks are taken with which held, and one way for each",
		.help =
			"Each pair of lock classes of which one is taken while the other is held: how many functions that hold the first "
			"come to the second, and the plainest way. With CLASS (a field, as \"iommu_group.mutex\", or a variable) only "
			"pairs that it is part of; without, all (thousands in a whole kernel). What may be waited for (a work item, "
			"a timer) is a class as well: its functions hold it.\n"
			"\n"
			"A pair is \"contradicted\" when lock-order or wait-deadlock has a finding with it, and \"doubtful\" when only "
			"--doubtful shows that. --limit N shows the first N.\n"
			"\n"
			"  devscope query lock-order iommu_group.mutex\n"
			"  devscope query lock-order --format dot cpu_hotplug | dot -Tsvg >order.svg\n",
		.options = QUERY_LIMIT, .formats = QUERY_TEXT | QUERY_JSON | QUERY_DOT, .answer = query_answer_order,
	},
	{0},
};

const struct query *query_find(const char *name)
{
	for (const struct query *q = queries; q->name; q++)
		if (!strcmp(q->name, name))
			return q;
	return NULL;
}

/* Append JSON as text: by way of a file, which is where JSON can be written to. */
static void print_json(const struct json *j, struct text *out)
{
	char name[32];
	int err = process_file("", 0, name);

	err = err ? err : json_write_file(j, name);
	err = err ? err : text_read_file(out, name);
	if (err)
		die("the answer cannot be written: %s", strerror(-err));
}

void query_answer(const struct query *query, struct arena *a, const struct query_args *args, struct text *out)
{
	struct question q = {.arena = a, .args = args};

	q.an = infer_last(&q.units, &q.nunit);
	q.model = q.an->program.model;
	reach_graph_build(&q.graph, a, &q.an->program, q.units, q.nunit);
	q.callers = graph_turn(&q.graph.graph, a);
	reader_init(&q.reader, a, &q.an->syms, &q.an->program);
	contexts_build(&q.contexts, a, q.model);
	text_init(&q.out);
	map_init(&q.edges);
	if (args->format == QUERY_JSON) {
		q.json = json_object();
		json_add_text(q.json, "query", query->name);
	}
	query->answer(&q);
	text_puts(out, text_str(&q.out));
	if (q.json)
		print_json(q.json, out);
	json_free(q.json);
	text_release(&q.out);
	map_release(&q.edges);
	contexts_release(&q.contexts);
}
