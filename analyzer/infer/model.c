// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads models: YAML files become the tables the engine asks.
 *
 * model_load() reads all files, model_find() looks a function up by its name.
 *
 * Each file goes through two readers. libyaml alone comes first: it finds syntax
 * errors and tells the line of every entry. libcyaml then fills the structs from the
 * schema below and refuses unknown keys, missing keys and wrong types; what it logs is
 * turned into one message with file, line and column. What a schema cannot say (one
 * verb to an entry, no entry twice) is checked after that.
 *
 * The format, with an example of each kind of entry, is described in
 * rules/models/FORMAT.md. In short: sections locks, references, iterators, functions,
 * guards, needs and contexts, each a list of one-line mappings.
 *
 * No other file includes cyaml.h or yaml.h.
 */

#include "infer/model.h"

#include <cyaml/cyaml.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/text.h"

#ifndef DEVSCOPE_MODEL_DIR
#define DEVSCOPE_MODEL_DIR "rules/models"
#endif

enum section { LOCKS, REFERENCES, ITERATORS, FUNCTIONS, GUARDS, NEEDS, CONTEXTS, SECTIONS };

/* iterators: how often the callback is called. */
enum how { HOW_EACH, HOW_MATCH, HOW_ONCE };

/*
 * An entry as it stands in the file. One struct serves all sections; the schema of each says which keys it has.
 * Numbers are pointers so that a missing key can be told from 0; libcyaml owns all of it.
 */
struct entry {
	char *function;
	char *takes, *releases, *downgrades, *asserts;
	char *gets, *puts, *finds, *owns;
	char *element, *keeps;
	char *field, *lock, *lock_global, *keeper, *say, *slot;
	int *arg, *nested_arg, *drops, *returns;
	int *callback, *data, *element_param, *data_param, *param;
	int when, mode, how, does;
	int try, nested, recursive, null_ok, stops, opaque, list;	/* 0 or 1 */
};

/* A file as libcyaml gives it: for each section a list of entries. */
struct document {
	struct entry *entries[SECTIONS];
	unsigned count[SECTIONS];
};

/* Where an entry begins. */
struct mark {
	int line, col;
};

/* One file while it is read. */
struct source {
	const char *path;
	const struct text *content;
	struct mark *marks[SECTIONS];	/* of each entry; the arena's */
	unsigned count[SECTIONS];
};

/* What the files read so far add up to. */
struct builder {
	struct arena *arena;
	struct model *model;
	struct map functions;	/* name to struct model_func */
	int guard_cap, need_cap, context_cap;
};

/* ---- The schema ---- */

static const cyaml_strval_t arg_names[] = { { "return", MODEL_RET }, { "none", MODEL_NONE } };
static const cyaml_strval_t param_names[] = { { "none", MODEL_NONE } };
static const cyaml_strval_t bool_names[] = { { "true", 1 }, { "false", 0 } };
static const cyaml_strval_t mode_names[] = { { "exclusive", LOCK_EXCLUSIVE }, { "shared", LOCK_SHARED } };
static const cyaml_strval_t when_names[] = {
	{ "always", WHEN_ALWAYS }, { "zero", WHEN_ZERO }, { "nonzero", WHEN_NONZERO },
	{ "nonnegative", WHEN_NONNEGATIVE }, { "valid", WHEN_VALID },
};
static const cyaml_strval_t how_names[] = { { "each", HOW_EACH }, { "match", HOW_MATCH }, { "once", HOW_ONCE } };
static const cyaml_strval_t does_names[] = {
	{ "nothing", EFFECT_NONE }, { "not-return", EFFECT_NORETURN },
	{ "alloc", EFFECT_ALLOC }, { "error", EFFECT_ERROR },
};

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define REQUIRED CYAML_FLAG_DEFAULT
#define WORD(key, flags) CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | (flags), struct entry, key, 1, CYAML_UNLIMITED)
#define NUMBER(key, flags, names) CYAML_FIELD_ENUM_PTR(#key, flags, struct entry, key, names, CYAML_ARRAY_LEN(names))
#define CHOICE(key, flags, names) \
	CYAML_FIELD_ENUM(#key, CYAML_FLAG_STRICT | (flags), struct entry, key, names, CYAML_ARRAY_LEN(names))
#define TRUTH(key) CHOICE(key, OPTIONAL, bool_names)

static const cyaml_schema_field_t lock_fields[] = {
	WORD(function, REQUIRED),
	WORD(takes, OPTIONAL), WORD(releases, OPTIONAL), WORD(downgrades, OPTIONAL), WORD(asserts, OPTIONAL),
	NUMBER(arg, REQUIRED, arg_names), NUMBER(nested_arg, OPTIONAL, param_names), NUMBER(returns, OPTIONAL, param_names),
	CHOICE(when, OPTIONAL, when_names), CHOICE(mode, OPTIONAL, mode_names),
	TRUTH(try), TRUTH(nested), TRUTH(recursive), TRUTH(opaque),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t reference_fields[] = {
	WORD(function, REQUIRED),
	WORD(gets, OPTIONAL), WORD(puts, OPTIONAL), WORD(finds, OPTIONAL), WORD(owns, OPTIONAL),
	NUMBER(arg, OPTIONAL, arg_names), NUMBER(drops, OPTIONAL, param_names), NUMBER(returns, OPTIONAL, param_names),
	CHOICE(when, OPTIONAL, when_names),
	TRUTH(null_ok), TRUTH(opaque),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t iterator_fields[] = {
	WORD(function, REQUIRED),
	NUMBER(callback, REQUIRED, param_names), NUMBER(data, OPTIONAL, param_names),
	NUMBER(element_param, OPTIONAL, param_names), NUMBER(data_param, OPTIONAL, param_names),
	WORD(element, OPTIONAL), WORD(keeps, OPTIONAL), WORD(finds, OPTIONAL),
	CHOICE(how, OPTIONAL, how_names),
	TRUTH(stops), TRUTH(opaque),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t function_fields[] = {
	WORD(function, REQUIRED),
	CHOICE(does, REQUIRED, does_names),
	NUMBER(arg, OPTIONAL, arg_names), NUMBER(returns, OPTIONAL, param_names),
	TRUTH(opaque),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t guard_fields[] = {
	WORD(field, REQUIRED), WORD(lock, OPTIONAL), WORD(lock_global, OPTIONAL), TRUTH(list),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t need_fields[] = {
	WORD(field, REQUIRED), WORD(keeper, REQUIRED), WORD(say, REQUIRED),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t context_fields[] = {
	WORD(slot, REQUIRED), NUMBER(param, REQUIRED, param_names), WORD(lock, OPTIONAL), WORD(lock_global, OPTIONAL),
	CYAML_FIELD_END
};

#define ENTRY(fields) { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, fields) }
static const cyaml_schema_value_t entry_schemas[SECTIONS] = {
	[LOCKS] = ENTRY(lock_fields), [REFERENCES] = ENTRY(reference_fields), [ITERATORS] = ENTRY(iterator_fields),
	[FUNCTIONS] = ENTRY(function_fields), [GUARDS] = ENTRY(guard_fields), [NEEDS] = ENTRY(need_fields),
	[CONTEXTS] = ENTRY(context_fields),
};

#define SECTION(key, id) \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | OPTIONAL, struct document, \
				   entries[id], count[id], &entry_schemas[id], 0, CYAML_UNLIMITED)
/* In the order of enum section, which indexes it. */
static const cyaml_schema_field_t document_fields[] = {
	SECTION("locks", LOCKS), SECTION("references", REFERENCES), SECTION("iterators", ITERATORS),
	SECTION("functions", FUNCTIONS), SECTION("guards", GUARDS), SECTION("needs", NEEDS),
	SECTION("contexts", CONTEXTS),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t document_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, document_fields)
};

/* ---- Messages of libcyaml ---- */

/* libcyaml's log: its message, and then the backtrace, innermost first. */
static void log_line(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	char line[512];

	(void)level;
	vsnprintf(line, sizeof(line), format, args);
	text_puts(ctx, line);
}

/* Copy what stands between quotes after prefix in s; "" if it is not there. */
static void quoted_after(char *out, size_t size, const char *s, const char *prefix)
{
	const char *p = s ? strstr(s, prefix) : NULL;
	size_t n;

	out[0] = '\0';
	if (!p)
		return;
	p += strlen(prefix);
	n = strcspn(p, "'\n");
	snprintf(out, size, "%.*s", (int)n, p);
}

/* The fields of a section, or the sections themselves for a name that is none. */
static const cyaml_schema_field_t *fields_of(const char *section)
{
	for (int i = 0; i < SECTIONS; i++)
		if (!strcmp(document_fields[i].key, section))
			return entry_schemas[i].mapping.fields;
	return document_fields;
}

/* Append the keys or values that would have been right at this place. */
static void expected(struct text *out, const char *message, const char *section, const char *key)
{
	const cyaml_schema_field_t *f = fields_of(section);
	const char *between = "; expected one of: ";

	if (!strncmp(message, "Unexpected key", 14)) {
		for (; f->key; f++, between = ", ")
			text_printf(out, "%s%s", between, f->key);
		return;
	}
	while (f->key && strcmp(f->key, key))
		f++;
	if (!f->key || f->value.type != CYAML_ENUM)
		return;
	for (unsigned i = 0; i < f->value.enumeration.count; i++, between = ", ")
		text_printf(out, "%s%s", between, f->value.enumeration.strings[i].str);
	if (!(f->value.flags & CYAML_FLAG_STRICT))
		text_printf(out, "%sa number", between);
}

/* Turn the log into one line and end the program. */
static _Noreturn void die_of_log(const char *path, const char *log, cyaml_err_t err)
{
	char section[64] = "", key[64] = "", message[256];
	const char *trace = strstr(log, "Backtrace:"), *last = NULL, *p;
	struct text more;
	int line = 1, col = 1;

	if (!strncmp(log, "Load: ", 6))
		log += 6;
	snprintf(message, sizeof(message), "%.*s", (int)strcspn(log, "\n"), log[0] ? log : cyaml_strerror(err));
	p = trace ? strstr(trace, "(line: ") : NULL;
	if (p)
		sscanf(p, "(line: %d, column: %d)", &line, &col);
	quoted_after(key, sizeof(key), trace, "field '");
	for (p = trace; p && (p = strstr(p, "field '")); p++)
		last = p;
	quoted_after(section, sizeof(section), last, "field '");
	text_init(&more);
	expected(&more, message, section, key);
	die("%s:%d:%d: %s%s (the format is described in rules/models/FORMAT.md)", path, line, col, message,
	    text_str(&more));
}

/* ---- Places ---- */

static int section_number(const char *name, size_t len)
{
	for (int i = 0; i < SECTIONS; i++)
		if (strlen(document_fields[i].key) == len && !memcmp(document_fields[i].key, name, len))
			return i;
	return -1;
}

/* Note where each entry of a section begins. */
static void mark_section(struct arena *a, struct source *src, yaml_document_t *doc, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(doc, pair->key);
	const yaml_node_t *list = yaml_document_get_node(doc, pair->value);
	int s;

	if (key->type != YAML_SCALAR_NODE || list->type != YAML_SEQUENCE_NODE)
		return;
	s = section_number((const char *)key->data.scalar.value, key->data.scalar.length);
	if (s < 0)
		return;
	src->count[s] = (unsigned)(list->data.sequence.items.top - list->data.sequence.items.start);
	src->marks[s] = ARENA_ARRAY(a, struct mark, src->count[s]);
	for (unsigned i = 0; i < src->count[s]; i++) {
		const yaml_node_t *item = yaml_document_get_node(doc, list->data.sequence.items.start[i]);

		src->marks[s][i] = (struct mark){ (int)item->start_mark.line + 1, (int)item->start_mark.column + 1 };
	}
}

/* Parse with libyaml alone, for syntax errors and places. Returns false for a file without content. */
static bool mark_entries(struct arena *a, struct source *src)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	yaml_node_t *root;

	if (!yaml_parser_initialize(&parser))
		die("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text_str(src->content), src->content->len);
	if (!yaml_parser_load(&parser, &doc))
		die("%s:%d:%d: %s%s%s", src->path, (int)parser.problem_mark.line + 1,
		    (int)parser.problem_mark.column + 1, parser.problem ? parser.problem : "not YAML",
		    parser.context ? " " : "", parser.context ? parser.context : "");
	root = yaml_document_get_root_node(&doc);
	if (root && root->type == YAML_MAPPING_NODE)
		for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++)
			mark_section(a, src, &doc, p);
	yaml_document_delete(&doc);
	yaml_parser_delete(&parser);
	return root != NULL;
}

/* ---- From entries to effects ---- */

static _Noreturn void die_at(const struct source *src, struct mark at, const char *what)
{
	die("%s:%d:%d: %s (the format is described in rules/models/FORMAT.md)", src->path, at.line, at.col, what);
}

static int number_or(const int *p, int missing)
{
	return p ? *p : missing;
}

/* The model of e's function, new or known, with the place of this entry. */
static struct model_func *func_of(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	const char *name = intern(e->function);
	struct model_func *f = map_get(&b->functions, name);

	if (!f) {
		f = ARENA_NEW(b->arena, struct model_func);
		f->name = name;
		f->returns = MODEL_NONE;
		map_set(&b->functions, name, f);
	}
	if (e->returns && f->returns != MODEL_NONE && f->returns != *e->returns)
		die_at(src, at, "this function is said to return another argument elsewhere");
	if (e->returns)
		f->returns = *e->returns;
	f->opaque |= e->opaque != 0;
	f->file = intern(src->path);
	f->line = at.line;
	return f;
}

static bool effect_equal(const struct effect *x, const struct effect *y)
{
	return x->kind == y->kind && x->when == y->when && x->arg == y->arg && x->nested_arg == y->nested_arg &&
	       x->what == y->what && x->mode == y->mode && x->try == y->try && x->nested == y->nested &&
	       x->recursive == y->recursive && x->null_ok == y->null_ok && x->from_arg == y->from_arg &&
	       x->callback == y->callback && x->data == y->data && x->element_param == y->element_param &&
	       x->data_param == y->data_param && x->stops == y->stops && x->element == y->element &&
	       x->keeps == y->keeps;
}

/* Append an effect; an exact double is a mistake. */
static void add_effect(struct builder *b, const struct source *src, struct mark at, struct model_func *f,
		       const struct effect *e)
{
	struct effect *all;

	for (int i = 0; i < f->neffect; i++)
		if (effect_equal(&f->effects[i], e))
			die_at(src, at, "the same entry was given before for this function; take one of them out");
	all = ARENA_ARRAY(b->arena, struct effect, f->neffect + 1);
	if (f->neffect)
		memcpy(all, f->effects, sizeof(*all) * (size_t)f->neffect);
	all[f->neffect++] = *e;
	f->effects = all;
}

/* An effect with what an entry's common keys say. */
static struct effect effect_new(enum effect_kind kind, const char *what, const struct entry *e)
{
	return (struct effect){
		.kind = kind, .what = intern(what), .when = (enum effect_when)e->when,
		.arg = number_or(e->arg, MODEL_NONE), .nested_arg = -1, .mode = (enum lock_mode)e->mode,
		.from_arg = -1, .callback = -1, .data = -1, .element_param = -1, .data_param = -1,
	};
}

struct verb {
	const char *what;	/* the kind, if this verb was given */
	enum effect_kind kind;
};

/* The one verb of an entry; die() for none or several. */
static struct verb verb_of(const struct source *src, struct mark at, const struct verb *verbs, int n, const char *names)
{
	struct verb found = { NULL, EFFECT_NONE };
	int given = 0;

	for (int i = 0; i < n; i++)
		if (verbs[i].what) {
			found = verbs[i];
			given++;
		}
	if (given != 1)
		die("%s:%d:%d: %s; expected exactly one of: %s", src->path, at.line, at.col,
		    given ? "several verbs in one entry" : "no verb in this entry", names);
	return found;
}

static void add_lock(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	const struct verb verbs[] = {
		{ e->takes, EFFECT_TAKE }, { e->releases, EFFECT_RELEASE },
		{ e->downgrades, EFFECT_DOWNGRADE }, { e->asserts, EFFECT_ASSERT },
	};
	struct verb v = verb_of(src, at, verbs, 4, "takes, releases, downgrades, asserts");
	struct effect f = effect_new(v.kind, v.what, e);

	if (v.kind != EFFECT_TAKE && (e->try || e->nested || e->recursive || e->nested_arg))
		die_at(src, at, "try, nested, nested_arg and recursive go with takes only");
	f.try = e->try != 0;
	f.nested = e->nested != 0;
	f.recursive = e->recursive != 0;
	f.nested_arg = number_or(e->nested_arg, -1);
	add_effect(b, src, at, func_of(b, src, at, e), &f);
}

static void add_reference(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	const struct verb verbs[] = {
		{ e->gets, EFFECT_GET }, { e->puts, EFFECT_PUT }, { e->finds, EFFECT_FIND }, { e->owns, EFFECT_OWN },
	};
	struct verb v = verb_of(src, at, verbs, 4, "gets, puts, finds, owns");
	struct effect f = effect_new(v.kind, v.what, e);

	if (v.kind != EFFECT_FIND && !e->arg)
		die_at(src, at, "Missing required mapping field: arg; expected the number of the argument that is the object");
	if (v.kind == EFFECT_FIND && e->arg && *e->arg != MODEL_RET)
		die_at(src, at, "finds speaks of the return value; take arg out");
	if (e->drops && v.kind != EFFECT_FIND && v.kind != EFFECT_GET)
		die_at(src, at, "drops goes with finds and gets only");
	f.null_ok = e->null_ok != 0;
	if (v.kind == EFFECT_FIND) {
		f.arg = MODEL_RET;
		f.when = WHEN_VALID;
	}
	f.from_arg = number_or(e->drops, -1);
	f.null_on_entry = f.from_arg >= 0;
	add_effect(b, src, at, func_of(b, src, at, e), &f);
}

static void add_iterator(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	static const enum effect_kind kinds[] = { EFFECT_ITERATE, EFFECT_MATCH, EFFECT_CALL };
	struct effect f = effect_new(kinds[e->how], NULL, e);
	struct model_func *func = func_of(b, src, at, e);

	if (e->how != HOW_ONCE && (!e->element || !e->element_param))
		die_at(src, at, "Missing required mapping field: element and element_param say what the callback is given");
	if (e->finds && e->how != HOW_MATCH)
		die_at(src, at, "finds goes with how: match only");
	f.callback = *e->callback;
	f.data = number_or(e->data, -1);
	f.element_param = number_or(e->element_param, -1);
	f.data_param = number_or(e->data_param, -1);
	f.stops = e->stops != 0 || e->how == HOW_MATCH;
	f.element = intern(e->element);
	f.keeps = intern(e->keeps);
	add_effect(b, src, at, func, &f);
	if (!e->finds)
		return;
	f = effect_new(EFFECT_FIND, e->finds, e);
	f.arg = MODEL_RET;
	f.when = WHEN_VALID;
	add_effect(b, src, at, func, &f);
}

static void add_function(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	struct effect f = effect_new((enum effect_kind)e->does, NULL, e);

	if (f.kind == EFFECT_ERROR && !e->arg)
		die_at(src, at, "Missing required mapping field: arg; expected the number of the argument that is the error");
	if (f.kind == EFFECT_ALLOC)
		f.arg = MODEL_RET;
	add_effect(b, src, at, func_of(b, src, at, e), &f);
}

/* "struct.field" into its two names. */
static void split_field(const struct source *src, struct mark at, const char *s, const char **name, const char **field)
{
	const char *dot = strchr(s, '.');

	if (!dot || dot == s || !dot[1])
		die("%s:%d:%d: '%s' is no field; expected struct.field, as device.mutex", src->path, at.line, at.col, s);
	*name = intern_n(s, (size_t)(dot - s));
	*field = intern(dot + 1);
}

/* The lock of a guard or a context: lock or lock_global, one of them. */
static void split_lock(const struct source *src, struct mark at, const struct entry *e, const char **name,
		       const char **field, const char **global)
{
	if (!e->lock == !e->lock_global)
		die_at(src, at, "expected exactly one of: lock, lock_global");
	*name = *field = NULL;
	*global = intern(e->lock_global);
	if (e->lock)
		split_field(src, at, e->lock, name, field);
}

/* Room for one more element in an array of n elements of that size, of which *cap fit. */
static void *grow(struct arena *a, void *old, int n, int *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return old;
	*cap = *cap ? *cap * 2 : 16;
	p = arena_alloc(a, (size_t)*cap * size);
	if (n)
		memcpy(p, old, (size_t)n * size);
	return p;
}

static void add_guard(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_guard g = { .is_list = e->list != 0 };

	split_field(src, at, e->field, &g.struct_name, &g.field);
	split_lock(src, at, e, &g.lock_struct, &g.lock_field, &g.lock_global);
	for (int i = 0; i < m->nguard; i++)
		if (m->guards[i].struct_name == g.struct_name && m->guards[i].field == g.field)
			die_at(src, at, "this field has a guard already; take one of them out");
	m->guards = grow(b->arena, m->guards, m->nguard, &b->guard_cap, sizeof(g));
	m->guards[m->nguard++] = g;
}

static void add_need(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_need n = { .keeper = intern(e->keeper), .say = intern(e->say) };

	split_field(src, at, e->field, &n.struct_name, &n.field);
	for (int i = 0; i < m->nneed; i++)
		if (m->needs[i].struct_name == n.struct_name && m->needs[i].field == n.field)
			die_at(src, at, "what this field needs was said before; take one of them out");
	m->needs = grow(b->arena, m->needs, m->nneed, &b->need_cap, sizeof(n));
	m->needs[m->nneed++] = n;
}

static void add_context(struct builder *b, const struct source *src, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_context c = { .param = *e->param };

	split_field(src, at, e->slot, &c.struct_name, &c.field);
	split_lock(src, at, e, &c.lock_struct, &c.lock_field, &c.lock_global);
	for (int i = 0; i < m->ncontext; i++) {
		const struct model_context *old = &m->contexts[i];

		if (old->struct_name == c.struct_name && old->field == c.field && old->param == c.param &&
		    old->lock_struct == c.lock_struct && old->lock_field == c.lock_field &&
		    old->lock_global == c.lock_global)
			die_at(src, at, "the same context was given before; take one of them out");
	}
	m->contexts = grow(b->arena, m->contexts, m->ncontext, &b->context_cap, sizeof(c));
	m->contexts[m->ncontext++] = c;
}

/* ---- Files ---- */

static void add_document(struct builder *b, const struct source *src, const struct document *doc)
{
	static void (*const add[SECTIONS])(struct builder *, const struct source *, struct mark, const struct entry *) = {
		add_lock, add_reference, add_iterator, add_function, add_guard, add_need, add_context,
	};

	for (int s = 0; s < SECTIONS; s++) {
		if (doc->count[s] != src->count[s])
			bug("%s: the two readers disagree on section %s", src->path, document_fields[s].key);
		for (unsigned i = 0; i < doc->count[s]; i++)
			add[s](b, src, src->marks[s][i], &doc->entries[s][i]);
	}
}

/* Add one file to the model, and its content to the text that the hash is made of. */
static void read_file(struct builder *b, const char *path, struct text *all)
{
	struct text log, content;
	cyaml_config_t config = {
		.log_fn = log_line, .log_ctx = &log, .mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_WARNING, .flags = CYAML_CFG_NO_ALIAS,
	};
	struct source src = { .path = path, .content = &content };
	struct document *doc = NULL;
	cyaml_err_t err;
	int failed;

	text_init(&log);
	text_init(&content);
	failed = text_read_file(&content, path);
	if (failed)
		die("cannot read the model file %s: %s", path, strerror(-failed));
	text_printf(all, "%zu\n", content.len);
	text_add(all, text_str(&content), content.len);
	if (mark_entries(b->arena, &src)) {
		err = cyaml_load_data((const uint8_t *)content.s, content.len, &config, &document_schema,
				      (cyaml_data_t **)&doc, NULL);
		if (err != CYAML_OK)
			die_of_log(path, text_str(&log), err);
	}
	if (doc)
		add_document(b, &src, doc);
	cyaml_free(&config, &document_schema, doc, 0);
	text_release(&content);
	text_release(&log);
}

static int is_yaml(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && entry->d_name[0] != '.' && !strcmp(entry->d_name + len - 5, ".yaml");
}

/* By bytes: the order must not depend on the locale. */
static int by_name(const struct dirent **x, const struct dirent **y)
{
	return strcmp((*x)->d_name, (*y)->d_name);
}

static void read_folder(struct builder *b, const char *dir, struct text *all)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_yaml, by_name);

	if (n < 0)
		die("cannot read the models in %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		read_file(b, arena_printf(b->arena, "%s/%s", dir, names[i]->d_name), all);
		free(names[i]);
	}
	free(names);
}

const struct model *model_load(struct arena *a, const char *dir, const char *const *extra, size_t nextra)
{
	struct builder b = { .arena = a, .model = ARENA_NEW(a, struct model) };
	struct model *m = b.model;
	struct text all;

	map_init(&b.functions);
	text_init(&all);
	read_folder(&b, dir ? dir : DEVSCOPE_MODEL_DIR, &all);
	for (size_t i = 0; i < nextra; i++)
		read_file(&b, extra[i], &all);
	m->hash = map_hash(text_str(&all), all.len);
	map_sort(&b.functions);
	m->nfunc = (int)b.functions.n;
	m->funcs = ARENA_ARRAY(a, struct model_func *, m->nfunc);
	for (int i = 0; i < m->nfunc; i++)
		m->funcs[i] = b.functions.entries[i].value;
	text_release(&all);
	map_release(&b.functions);
	return m;
}

static int compare_name(const void *key, const void *element)
{
	const struct model_func *const *f = element;

	return strcmp(key, (*f)->name);
}

const struct model_func *model_find(const struct model *m, const char *name)
{
	struct model_func **f;

	if (!m->nfunc)
		return NULL;
	f = bsearch(name, m->funcs, (size_t)m->nfunc, sizeof(*m->funcs), compare_name);
	return f ? *f : NULL;
}
