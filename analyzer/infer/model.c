// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads models: YAML files become the tables the engine asks.
 *
 * model_load() reads all files, model_find() looks a function up by its name.
 *
 * Each file goes through two readers. libyaml alone comes first: it finds syntax
 * errors and tells the line of every entry. libcyaml then fills the structs from the
 * schema below and refuses unknown keys, missing keys and wrong types; what it logs is
 * turned into one message with file, line and column. model_build.c takes the entries
 * from there.
 *
 * The format, with an example of each kind of entry, is described in
 * rules/models/FORMAT.md. In short: sections locks, references, iterators, functions,
 * guards, needs, contexts, kinds, owned, names, classes, makers, asks, uncounted, and what is promised for verify:
 * fields, lists, contracts. Each is a list of one-line mappings.
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
#include "base/path.h"
#include "base/text.h"
#include "infer/model_entry.h"

/* What messages call the built-in place, wherever it is on this machine. */
#define BUILT_IN "rules/models"

/* A file as libcyaml gives it: for each section a list of entries, which libcyaml owns. */
struct document {
	struct entry *entries[SECTIONS];
	unsigned count[SECTIONS];
};

/* One file while it is read. */
struct source {
	const char *path;	/* where it is */
	const char *name;	/* what messages call it */
	struct text content;
	struct mark *marks[SECTIONS];	/* of each entry; the arena's */
	unsigned count[SECTIONS];
};

/* ---- The schema ---- */

static const cyaml_strval_t arg_names[] = { { "return", MODEL_RET }, { "none", MODEL_NONE } };
static const cyaml_strval_t param_names[] = { { "none", MODEL_NONE } };
static const cyaml_strval_t bool_names[] = { { "true", 1 }, { "false", 0 } };
static const cyaml_strval_t mode_names[] = { { "exclusive", LOCK_EXCLUSIVE }, { "shared", LOCK_SHARED } };
static const cyaml_strval_t when_names[] = {
	{ "always", WHEN_ALWAYS }, { "zero", WHEN_ZERO }, { "nonzero", WHEN_NONZERO },
	{ "nonnegative", WHEN_NONNEGATIVE }, { "negative", WHEN_NEGATIVE }, { "valid", WHEN_VALID },
};
static const cyaml_strval_t how_names[] = {
	{ "each", HOW_EACH }, { "match", HOW_MATCH }, { "once", HOW_ONCE },
};
static const cyaml_strval_t does_names[] = {
	{ "nothing", EFFECT_NONE }, { "not-return", EFFECT_NORETURN },
	{ "alloc", EFFECT_ALLOC }, { "error", EFFECT_ERROR }, { "not-null", EFFECT_NOT_NULL },
	{ "warn", EFFECT_WARN }, { "store", EFFECT_STORE }, { "sleep", EFFECT_SLEEP },
	{ "manage", EFFECT_MANAGE },
	{ "balanced", EFFECT_BALANCED }, { "last", EFFECT_LAST }, { "lend", EFFECT_LEND }, { "lend-likely", EFFECT_LEND_LIKELY },
	{ "keep", EFFECT_KEEP }, { "take-out", EFFECT_TAKE_OUT },
	{ "alloc-managed", EFFECT_ALLOC_MANAGED }, { "free", EFFECT_FREE },
	{ "init", EFFECT_INIT }, { "ask", EFFECT_ASK }, { "complain", EFFECT_COMPLAIN }, { "assert", EFFECT_ASSERTED },
	{ "wait", EFFECT_WAIT }, { "setup", EFFECT_SETUP }, { "enlist", EFFECT_ENLIST }, { "delist", EFFECT_DELIST },
};
static const cyaml_strval_t sense_names[] = { { "gets", NAME_GETS }, { "undoes", NAME_UNDOES }, { "alone", NAME_ALONE } };
static const cyaml_strval_t wait_names[] = {
	{ "spinning", WAIT_SPINNING }, { "asleep", WAIT_ASLEEP }, { "never", WAIT_NEVER },
};

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define REQUIRED CYAML_FLAG_DEFAULT
#define WORD(key, flags) \
	CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | (flags), struct entry, key, 1, CYAML_UNLIMITED)
#define NUMBER(key, flags, names) \
	CYAML_FIELD_ENUM_PTR(#key, flags, struct entry, key, names, CYAML_ARRAY_LEN(names))
#define CHOICE(key, flags, names) \
	CYAML_FIELD_ENUM(#key, CYAML_FLAG_STRICT | (flags), struct entry, key, names, CYAML_ARRAY_LEN(names))
#define TRUTH(key) CHOICE(key, OPTIONAL, bool_names)

static const cyaml_schema_field_t lock_fields[] = {
	WORD(function, REQUIRED),
	WORD(takes, OPTIONAL), WORD(releases, OPTIONAL), WORD(downgrades, OPTIONAL), WORD(asserts, OPTIONAL),
	NUMBER(arg, REQUIRED, arg_names), NUMBER(nested_arg, OPTIONAL, param_names),
	NUMBER(owner_arg, OPTIONAL, param_names),
	NUMBER(returns, OPTIONAL, param_names),
	CHOICE(when, OPTIONAL, when_names), CHOICE(mode, OPTIONAL, mode_names),
	TRUTH(try), TRUTH(nested), TRUTH(recursive), TRUTH(counting), TRUTH(opaque),
	TRUTH(sure_unowned),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t reference_fields[] = {
	WORD(function, REQUIRED),
	WORD(gets, OPTIONAL), WORD(puts, OPTIONAL), WORD(finds, OPTIONAL), WORD(owns, OPTIONAL),
	WORD(leaves, OPTIONAL),
	NUMBER(arg, OPTIONAL, arg_names), NUMBER(drops, OPTIONAL, param_names),
	NUMBER(returns, OPTIONAL, param_names),
	CHOICE(when, OPTIONAL, when_names),
	TRUTH(null_ok), TRUTH(counting), TRUTH(opaque),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t iterator_fields[] = {
	WORD(function, REQUIRED),
	NUMBER(callback, REQUIRED, param_names), NUMBER(data, OPTIONAL, param_names),
	NUMBER(element_param, OPTIONAL, param_names), NUMBER(data_param, OPTIONAL, param_names),
	WORD(element, OPTIONAL), WORD(keeps, OPTIONAL), WORD(finds, OPTIONAL), WORD(say, OPTIONAL),
	NUMBER(set, OPTIONAL, param_names), WORD(member, OPTIONAL),
	CHOICE(how, OPTIONAL, how_names),
	TRUTH(stops), TRUTH(opaque),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t function_fields[] = {
	WORD(function, REQUIRED),
	CHOICE(does, REQUIRED, does_names), WORD(kind, OPTIONAL),
	NUMBER(arg, OPTIONAL, arg_names), NUMBER(returns, OPTIONAL, param_names),
	CHOICE(when, OPTIONAL, when_names), NUMBER(bits, OPTIONAL, param_names),
	NUMBER(callback, OPTIONAL, param_names), WORD(field, OPTIONAL),
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
	WORD(slot, REQUIRED), NUMBER(param, REQUIRED, param_names), WORD(in, OPTIONAL),
	WORD(lock, OPTIONAL), WORD(lock_global, OPTIONAL), WORD(kind, OPTIONAL),
	CHOICE(mode, OPTIONAL, mode_names), WORD(on, OPTIONAL), TRUTH(unbinds),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t kind_fields[] = {
	WORD(kind, REQUIRED), CHOICE(waits, REQUIRED, wait_names), TRUTH(atomic), TRUTH(contexts),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t owned_fields[] = {
	WORD(field, REQUIRED),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t maker_fields[] = {
	WORD(makes, OPTIONAL), WORD(uses, OPTIONAL), WORD(compared, REQUIRED),
	NUMBER(arg, OPTIONAL, param_names), NUMBER(other, REQUIRED, param_names),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t name_fields[] = {
	WORD(word, REQUIRED), CHOICE(says, REQUIRED, sense_names),
	CYAML_FIELD_END
};

static const cyaml_strval_t order_names[] = { { "none", 0 } };
static const cyaml_schema_field_t class_fields[] = {
	WORD(class, REQUIRED), CHOICE(order, REQUIRED, order_names),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t field_fields[] = {
	WORD(field, REQUIRED), WORD(to, OPTIONAL), WORD(lock, OPTIONAL), WORD(keeper, OPTIONAL), WORD(counts, OPTIONAL),
	WORD(counter, OPTIONAL), WORD(in, OPTIONAL), WORD(with, OPTIONAL), WORD(gone, OPTIONAL),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t list_fields[] = {
	WORD(head, REQUIRED), WORD(node, REQUIRED), WORD(back, REQUIRED), WORD(lock, REQUIRED), WORD(counts, OPTIONAL),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t contract_fields[] = {
	WORD(of, REQUIRED), WORD(params, OPTIONAL), WORD(needs, OPTIONAL), WORD(ensures, OPTIONAL), WORD(gives, OPTIONAL),
	WORD(consumes, OPTIONAL), WORD(acquires, OPTIONAL), WORD(releases, OPTIONAL), WORD(may_take, OPTIONAL),
	WORD(effect, OPTIONAL),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t ask_fields[] = {
	WORD(query, REQUIRED), WORD(field, REQUIRED),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t uncounted_fields[] = {
	WORD(kind, REQUIRED), WORD(by, OPTIONAL), WORD(where, OPTIONAL), WORD(where_not, OPTIONAL),
	CYAML_FIELD_END
};

#define ENTRY(fields) { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct entry, fields) }
static const cyaml_schema_value_t entry_schemas[SECTIONS] = {
	[LOCKS] = ENTRY(lock_fields), [REFERENCES] = ENTRY(reference_fields),
	[ITERATORS] = ENTRY(iterator_fields), [FUNCTIONS] = ENTRY(function_fields),
	[GUARDS] = ENTRY(guard_fields), [NEEDS] = ENTRY(need_fields),
	[CONTEXTS] = ENTRY(context_fields), [KINDS] = ENTRY(kind_fields),
	[OWNED] = ENTRY(owned_fields), [MAKERS] = ENTRY(maker_fields),
	[NAMES] = ENTRY(name_fields),
	[CLASSES] = ENTRY(class_fields),
	[FIELDS] = ENTRY(field_fields), [LISTS] = ENTRY(list_fields), [CONTRACTS] = ENTRY(contract_fields),
	[ASKS] = ENTRY(ask_fields), [UNCOUNTED] = ENTRY(uncounted_fields),
};

#define SECTION(key, id) \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | OPTIONAL, struct document, \
				   entries[id], count[id], &entry_schemas[id], 0, CYAML_UNLIMITED)
/* In the order of enum section, which indexes it. */
static const cyaml_schema_field_t document_fields[] = {
	SECTION("locks", LOCKS), SECTION("references", REFERENCES), SECTION("iterators", ITERATORS),
	SECTION("functions", FUNCTIONS), SECTION("guards", GUARDS), SECTION("needs", NEEDS),
	SECTION("contexts", CONTEXTS), SECTION("kinds", KINDS), SECTION("owned", OWNED), SECTION("names", NAMES),
	SECTION("classes", CLASSES), SECTION("makers", MAKERS), SECTION("asks", ASKS), SECTION("fields", FIELDS),
	SECTION("lists", LISTS), SECTION("contracts", CONTRACTS), SECTION("uncounted", UNCOUNTED),
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

/* Append the names of a list of fields, or of the values of one. */
static void add_keys(struct text *out, const cyaml_schema_field_t *f)
{
	for (const char *between = ""; f->key; f++, between = ", ")
		text_printf(out, "%s%s", between, f->key);
}

static void add_values(struct text *out, const cyaml_schema_field_t *f)
{
	const char *between = "";

	for (unsigned i = 0; i < f->value.enumeration.count; i++, between = ", ")
		text_printf(out, "%s%s", between, f->value.enumeration.strings[i].str);
	if (!(f->value.flags & CYAML_FLAG_STRICT))
		text_printf(out, "%sa number", between);
}

/* Does s start with prefix? Then *rest is what follows it. */
static bool starts(const char *s, const char *prefix, const char **rest)
{
	size_t len = strlen(prefix);

	*rest = s + len;
	return !strncmp(s, prefix, len);
}

/* Say in our words what libcyaml says of this place. */
static void explain(struct text *out, const char *message, const char *section, const char *key)
{
	const cyaml_schema_field_t *f = fields_of(section);
	const char *rest;

	if (starts(message, "Unexpected key: ", &rest)) {
		text_printf(out, "unknown key '%s'; expected one of: ", rest);
		add_keys(out, f);
	} else if (starts(message, "Missing required mapping field: ", &rest)) {
		text_printf(out, "this entry has no '%s'; expected one", rest);
	} else if (starts(message, "Mapping field already seen: ", &rest)) {
		text_printf(out, "key '%s' stands twice in one entry; expected once", rest);
	} else if (starts(message, "Invalid ", &rest)) {
		while (f->key && strcmp(f->key, key))
			f++;
		text_printf(out, "wrong value for '%s'; expected one of: ", key);
		if (f->key && f->value.type == CYAML_ENUM)
			add_values(out, f);
	} else {
		text_puts(out, message);
	}
}

/* libcyaml gives the place before a key that is wrong. Go on to the key itself. */
static void move_to_key(const struct source *src, const char *key, int *line, int *col)
{
	const char *start = text_str(&src->content), *p = start, *found;

	for (int n = 1; n < *line && p; n++) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (!p || strlen(p) < (size_t)*col - 1)
		return;
	found = strstr(p + *col - 1, key);
	if (!found)
		return;
	for (; p < found; p++)
		*line += *p == '\n';
	while (p > start && p[-1] != '\n')
		p--;
	*col = (int)(found - p) + 1;
}

/* Turn the log into one line and end the program. */
static _Noreturn void die_of_log(const struct source *src, const char *log, cyaml_err_t err)
{
	char section[64] = "", key[64] = "", message[256];
	const char *trace = strstr(log, "Load: Backtrace:"), *last = NULL, *p;
	struct text more;
	int line = 1, col = 1;

	p = starts(log, "Load: ", &p) && log != trace ? p : cyaml_strerror(err);
	snprintf(message, sizeof(message), "%.*s", (int)strcspn(p, "\n"), p);
	p = trace ? strstr(trace, "(line: ") : NULL;
	if (p)
		sscanf(p, "(line: %d, column: %d)", &line, &col);
	quoted_after(key, sizeof(key), trace, "field '");
	for (p = trace; p && (p = strstr(p, "field '")); p++)
		last = p;
	quoted_after(section, sizeof(section), last, "field '");
	if (starts(message, "Unexpected key: ", &p) || starts(message, "Mapping field already seen: ", &p))
		move_to_key(src, p, &line, &col);
	text_init(&more);
	explain(&more, message, section, key);
	die("%s:%d:%d: %s (rules/models/FORMAT.md describes the format)", src->name, line, col,
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
static void mark_section(struct arena *a, struct source *src, yaml_document_t *doc,
			 const yaml_node_pair_t *pair)
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

		src->marks[s][i] = (struct mark){
			src->name, (int)item->start_mark.line + 1, (int)item->start_mark.column + 1
		};
	}
}

/* Parse with libyaml alone, for syntax errors and places. Returns false for a file without content. */
static bool mark_entries(struct arena *a, struct source *src)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	yaml_node_t *root;
	yaml_node_pair_t *p;

	if (!yaml_parser_initialize(&parser))
		die("out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text_str(&src->content),
				     src->content.len);
	if (!yaml_parser_load(&parser, &doc))
		die("%s:%d:%d: %s%s%s", src->name, (int)parser.problem_mark.line + 1,
		    (int)parser.problem_mark.column + 1, parser.problem ? parser.problem : "not YAML",
		    parser.context ? " " : "", parser.context ? parser.context : "");
	root = yaml_document_get_root_node(&doc);
	if (root && root->type == YAML_MAPPING_NODE)
		for (p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++)
			mark_section(a, src, &doc, p);
	yaml_document_delete(&doc);
	yaml_parser_delete(&parser);
	return root != NULL;
}

/* ---- Files ---- */

static void add_document(struct builder *b, const struct source *src, const struct document *doc)
{
	for (int s = 0; s < SECTIONS; s++) {
		if (doc->count[s] != src->count[s])
			bug("%s: the two readers disagree on section %s", src->name, document_fields[s].key);
		for (unsigned i = 0; i < doc->count[s]; i++)
			model_add_entry(b, (enum section)s, src->marks[s][i], &doc->entries[s][i]);
	}
}

/* Add one file to the model, and its content to the text that the hash is made of. */
static void read_file(struct builder *b, const char *path, const char *name, struct text *all)
{
	struct text log;
	cyaml_config_t config = {
		.log_fn = log_line, .log_ctx = &log, .mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_WARNING, .flags = CYAML_CFG_NO_ALIAS,
	};
	struct source src = { .path = path, .name = intern(name) };
	struct document *doc = NULL;
	cyaml_err_t err;
	int failed;

	text_init(&log);
	text_init(&src.content);
	failed = text_read_file(&src.content, path);
	if (failed)
		die("cannot read the model file %s: %s", path, strerror(-failed));
	text_printf(all, "%zu\n", src.content.len);
	text_add(all, text_str(&src.content), src.content.len);
	if (mark_entries(b->arena, &src)) {
		err = cyaml_load_data((const uint8_t *)src.content.s, src.content.len, &config,
				      &document_schema, (cyaml_data_t **)&doc, NULL);
		if (err != CYAML_OK)
			die_of_log(&src, text_str(&log), err);
	}
	if (doc)
		add_document(b, &src, doc);
	cyaml_free(&config, &document_schema, doc, 0);
	text_release(&src.content);
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

/* Read all of dir; messages call the folder name. */
static void read_folder(struct builder *b, const char *dir, const char *name, struct text *all)
{
	struct dirent **items;
	int n = scandir(dir, &items, is_yaml, by_name);

	if (n < 0)
		die("cannot read the models in %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *file = items[i]->d_name;

		read_file(b, arena_printf(b->arena, "%s/%s", dir, file),
			  arena_printf(b->arena, "%s/%s", name, file), all);
		free(items[i]);
	}
	free(items);
}

/* Where the models are that came with the program: its source tree, or where it was installed. */
static const char *built_in_folder(void)
{
	const char *source = DEVSCOPE_SOURCE_DIR "/rules/models";

	return path_is_folder(source) ? source : DEVSCOPE_DATADIR "/models";
}

const struct model *model_load(struct arena *a, const char *dir, const char *const *extra, size_t nextra)
{
	struct builder b = { .arena = a, .model = ARENA_NEW(a, struct model) };
	struct text all;

	map_init(&b.functions);
	text_init(&all);
	if (dir)
		read_folder(&b, dir, dir, &all);
	else
		read_folder(&b, built_in_folder(), BUILT_IN, &all);
	for (size_t i = 0; i < nextra; i++)
		read_file(&b, extra[i], extra[i], &all);
	b.model->hash = map_hash(text_str(&all), all.len);
	model_finish(&b);
	text_release(&all);
	map_release(&b.functions);
	return b.model;
}
