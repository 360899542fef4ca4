// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts in the terms of a simulation. Entry points: contract_find() and its kin, contract_clause(),
 * contract_value(), contract_address(), contract_from(), contract_offset(). Structs have no layout in flow: where a
 * field is, is learnt from the accesses to it.
 */
#include "infer/contract.h"

#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "infer/prove.h"

const struct model_contract *contract_find(const struct model *m, const char *of)
{
	for (int i = 0; of && i < m->ncontract; i++)
		if (!strcmp(m->contracts[i].of, of))
			return &m->contracts[i];
	return NULL;
}

const struct model_contract *contract_of_slot(const struct model *m, const char *name, const char *field)
{
	for (int i = 0; name && field && i < m->ncontract; i++) {
		const char *of = m->contracts[i].of;
		size_t n = strlen(name);

		if (!strncmp(of, name, n) && of[n] == '.' && !strcmp(of + n + 1, field))
			return &m->contracts[i];
	}
	return NULL;
}

/* Is it the field, or a member of it? */
static bool is_field(const char *whole, const char *field)
{
	size_t n = strlen(whole);

	return !strncmp(field, whole, n) && (!field[n] || field[n] == '.');
}

const struct model_field *contract_field(const struct model *m, const char *struct_name, const char *field)
{
	for (int i = 0; struct_name && field && i < m->nfield; i++)
		if (m->fields[i].struct_name == struct_name && is_field(m->fields[i].field, field))
			return &m->fields[i];
	return NULL;
}

/* ------------------------------------------------------------------ clauses */

static _Noreturn void die_in(const struct model_contract *c, const char *what, const char *text)
{
	die("%s:%d: %s '%s' (rules/models/FORMAT.md describes the format)", c->file, c->line, what, text);
}

static const char *next_word(struct arena *a, const char **at)
{
	const char *p = *at + strspn(*at, " ");
	size_t n = strcspn(p, " ");

	*at = p + n;
	return n ? arena_strndup(a, p, n) : NULL;
}

bool contract_clause(struct arena *a, const struct model_contract *c, const char *clauses, int n, struct clause *out)
{
	const char *p = clauses, *text, *word;

	memset(out, 0, sizeof(*out));
	for (; p && n; n--)
		p = strchr(p, ';') ? strchr(p, ';') + 1 : NULL;
	if (!p)
		return false;
	text = arena_strndup(a, p, strcspn(p, ";"));
	p = text;
	out->word = next_word(a, &p);
	out->path = next_word(a, &p);
	if (!out->word || !out->path)
		die_in(c, "cannot understand the clause", text);
	if (!strcmp(out->path, "==")) {
		out->path = out->word;
		out->word = "==";
		out->other = next_word(a, &p);
		if (!out->other)
			die_in(c, "cannot understand the clause", text);
	}
	if (!strcmp(out->word, "on") && !(out->other = next_word(a, &p)))
		die_in(c, "cannot understand the clause", text);
	word = next_word(a, &p);
	if (!word)
		return true;
	out->on = !strcmp(word, "if") ? next_word(a, &p) : NULL;
	if (!out->on || (strcmp(out->on, "zero") && strcmp(out->on, "nonzero")) || next_word(a, &p))
		die_in(c, "cannot understand the clause", text);
	return true;
}

/* ------------------------------------------------------------------ paths */

/* A pointer and the struct that it is known to point to. */
struct at {
	const struct sym *base;
	const char *struct_name;
};

/* The struct of a name in "name: struct, name"; and its number. */
static int find_in_params(const char *params, const char *name, const char **struct_name)
{
	int n = 0;

	*struct_name = NULL;
	for (const char *p = params; p; n++) {
		size_t len;

		p += strspn(p, " ");
		len = strcspn(p, ":,");
		if (len == strlen(name) && !strncmp(p, name, len)) {
			p += len;
			if (*p == ':') {
				p += 1 + strspn(p + 1, " ");
				*struct_name = intern_n(p, strcspn(p, ", "));
			}
			return n;
		}
		p = strchr(p, ',');
		p = p ? p + 1 : NULL;
	}
	return -1;
}

/* A parameter, or "result". */
static struct at find_name(const struct binding *b, const char *name)
{
	struct at at = {0};
	int n = -1;

	if (!strcmp(name, "result")) {
		at.base = b->result;
		find_in_params(b->contract ? b->contract->params : NULL, name, &at.struct_name);
		return at;
	}
	for (int i = 0; b->fn && i < b->fn->nparam && n < 0; i++)
		if (b->fn->params[i].name && !strcmp(b->fn->params[i].name, name)) {
			n = i;
			at.struct_name = b->fn->params[i].type;
		}
	if (n < 0 && b->contract && b->contract->params)
		n = find_in_params(b->contract->params, name, &at.struct_name);
	if (n < 0)
		die_in(b->contract, "no parameter is called", name);
	if (!b->call)
		at.base = sym_param(&b->sim->syms, n, name);
	else if (n + 1 < b->call->narg)
		at.base = sim_eval_resolved(b->sim, b->st, &b->call->args[n + 1]);
	return at;
}

static const struct sym *load(struct sim *sim, struct state *st, const struct sym *addr, bool at_entry)
{
	if (addr->kind == SYM_INT)
		return NULL;
	return at_entry ? sym_load(&sim->syms, addr) : state_resolve(&sim->syms, st, sim_load(sim, st, addr, -1));
}

/* The address of field "a" of what at points to; NULL if nothing is known of that field. */
static const struct sym *field_address(struct sim *sim, struct at at, const char *field)
{
	int64_t offset;

	if (!at.base || at.base->kind == SYM_INT || !at.struct_name ||
	    !contract_offset(sim->an, at.struct_name, field, &offset))
		return NULL;
	return sym_addr(&sim->syms, at.base, offset, at.struct_name, field);
}

/* Follow "a->b->c" from at: the address of the last field. */
static const struct sym *follow(struct sim *sim, struct state *st, struct at at, const char *path, bool at_entry)
{
	for (;;) {
		const char *arrow = strstr(path, "->");
		const char *field = intern_n(path, arrow ? (size_t)(arrow - path) : strlen(path));
		const struct model_field *f = contract_field(sim->an->options->model, at.struct_name, field);
		const struct sym *addr = field_address(sim, at, field);

		if (!arrow || !addr)
			return addr;
		at.base = load(sim, st, addr, at_entry);
		at.struct_name = f ? f->to : NULL;
		path = arrow + 2;
	}
}

const struct sym *contract_from(struct sim *sim, struct state *st, const struct sym *base, const char *struct_name,
				const char *path, bool at_entry)
{
	return follow(sim, st, (struct at){base, struct_name}, path, at_entry);
}

const struct sym *contract_address(const struct binding *b, const char *path)
{
	const char *arrow = strstr(path, "->");
	struct at at = find_name(b, arrow ? intern_n(path, (size_t)(arrow - path)) : path + (*path == '*'));

	return !arrow || !at.base ? at.base : follow(b->sim, b->st, at, arrow + 2, b->at_entry);
}

const struct sym *contract_value(const struct binding *b, const char *path)
{
	const struct sym *addr = contract_address(b, path);

	if (!addr || (*path != '*' && !strstr(path, "->")))
		return addr;
	return load(b->sim, b->st, addr, b->at_entry);
}

/* ------------------------------------------------------------------ where fields are */

bool contract_offset(const struct analysis *an, const char *struct_name, const char *field, int64_t *offset)
{
	char name[256];
	intptr_t known;

	if (snprintf(name, sizeof(name), "%s.%s", struct_name, field) >= (int)sizeof(name))
		return false;
	known = (intptr_t)map_get(&an->proof->offsets, name);
	*offset = known - 1;
	return known > 0;
}
