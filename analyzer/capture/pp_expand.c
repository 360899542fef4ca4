// SPDX-License-Identifier: GPL-2.0-only
/*
 * Macro expansion, for pp.c and pp_value.c.
 *
 * Tokens wait on a stack: a macro's body is put on top of what is behind the macro, and below it a mark;
 * until the mark comes up the macro does not expand again. What only the compiler knows (__has_attribute())
 * is noted as a question to be asked, and ends the walk as failed if it was not asked yet.
 *
 * Entry point: pp_expand().
 */
#include "capture/pp.h"

#include <ctype.h>
#include <string.h>

enum {
	PP_MARK = 100,		/* token kind: here the macro of that name ends */
	PP_BLOCKED,		/* a name that must not expand any more */
	ARGUMENTS = 64,
	DEPTH = 60,		/* of arguments in arguments */
	TOKENS = 1 << 20,	/* on the stack, and in one expansion */
	STEPS = 20000000,
};

struct list {
	struct pp_token *items;
	int n, room;
};

struct expansion {
	struct pp_walk *w;
	struct arena *a;
	struct pp_file *file;	/* for __has_include; NULL: this is no #if */
	struct list stack;	/* top last */
	struct {
		pp_name items[256];
		int n;
	} active;
	int depth;
};

static void push(struct expansion *e, struct list *l, struct pp_token t)
{
	if (l->n == TOKENS || ++e->w->steps > STEPS) {
		pp_fail(e->w, "an expansion without end");
		return;
	}
	if (l->n == l->room) {
		int room = l->room ? 2 * l->room : 64;
		struct pp_token *more = ARENA_ARRAY(e->a, struct pp_token, room);

		if (l->n)
			memcpy(more, l->items, sizeof(t) * (size_t)l->n);
		l->items = more;
		l->room = room;
	}
	l->items[l->n++] = t;
}

static const char *spelling(const struct expansion *e, struct pp_token t)
{
	return e->w->pp->names[t.name];
}

static bool is_sign(const struct expansion *e, struct pp_token t, const char *sign)
{
	return t.kind == PP_SIGN && !strcmp(spelling(e, t), sign);
}

static void push_all(struct expansion *e, const struct pp_token *tokens, int n)
{
	for (int i = n - 1; i >= 0; i--)
		push(e, &e->stack, tokens[i]);
}

static void unblock(struct expansion *e, pp_name name)
{
	for (int i = e->active.n - 1; i >= 0; i--)
		if (e->active.items[i] == name) {
			e->active.items[i] = e->active.items[--e->active.n];
			return;
		}
}

static bool is_active(const struct expansion *e, pp_name name)
{
	for (int i = 0; i < e->active.n; i++)
		if (e->active.items[i] == name)
			return true;
	return false;
}

/* The next token that is no mark. */
static bool pop(struct expansion *e, struct pp_token *out)
{
	while (e->stack.n) {
		*out = e->stack.items[--e->stack.n];
		if (out->kind != PP_MARK)
			return true;
		unblock(e, out->name);
	}
	return false;
}

/* --- arguments --- */

struct argument {
	struct list raw, expanded;
	bool is_expanded;
};

static bool expand_list(struct expansion *e, const struct pp_token *tokens, int n, struct list *out);

/* The arguments behind "(", which was taken. Their number, -1 if there is no ")". */
static int take_arguments(struct expansion *e, const struct pp_macro *m, struct argument *args)
{
	struct pp_token t;
	int n = 0, depth = 0;

	memset(args, 0, sizeof(*args) * ARGUMENTS);
	while (pop(e, &t)) {
		if (is_sign(e, t, "(")) {
			depth++;
		} else if (is_sign(e, t, ")")) {
			if (!depth--)
				return n + 1;
		} else if (is_sign(e, t, ",") && !depth && !(m->variadic && n == m->nparam - 1)) {
			if (++n == ARGUMENTS)
				return -1;
			continue;
		}
		push(e, &args[n].raw, t);
	}
	return -1;
}

static int parameter_of(const struct pp_macro *m, struct pp_token t)
{
	for (int i = 0; t.kind == PP_WORD && i < m->nparam; i++)
		if (m->params[i] == t.name)
			return i;
	return -1;
}

static struct pp_token stringify(struct expansion *e, const struct list *l)
{
	struct pp_token t = { 0, PP_STRING, true };
	struct text s = { 0 };

	text_putc(&s, '"');
	for (int i = 0; i < l->n; i++) {
		const char *p = spelling(e, l->items[i]);

		if (i && l->items[i].space)
			text_putc(&s, ' ');
		for (; *p; p++) {
			if (l->items[i].kind == PP_STRING && (*p == '"' || *p == '\\'))
				text_putc(&s, '\\');
			text_putc(&s, *p);
		}
	}
	text_putc(&s, '"');
	t.name = pp_intern(e->w->pp, text_str(&s), s.len);
	text_release(&s);
	return t;
}

/* a ## b: one token of both. */
static struct pp_token paste(struct expansion *e, struct pp_token a, struct pp_token b)
{
	struct text s = { 0 };
	const char *p;

	text_puts(&s, spelling(e, a));
	text_puts(&s, spelling(e, b));
	p = text_str(&s);
	a.name = pp_intern(e->w->pp, p, s.len);
	a.kind = isdigit((unsigned char)*p) ? PP_NUMBER :
		 isalpha((unsigned char)*p) || *p == '_' ? PP_WORD : PP_SIGN;
	text_release(&s);
	return a;
}

/* Append what a body's token i stands for; joined: next to ##, so arguments go in as they are. */
static void append_operand(struct expansion *e, const struct pp_macro *m, struct argument *args, int i,
			   bool joined, struct list *out)
{
	struct pp_token t = m->body[i];
	int k = parameter_of(m, t);
	struct list *from;

	if (k < 0) {
		push(e, out, t);
		return;
	}
	if (!joined && !args[k].is_expanded) {
		args[k].is_expanded = true;
		expand_list(e, args[k].raw.items, args[k].raw.n, &args[k].expanded);
	}
	from = joined ? &args[k].raw : &args[k].expanded;
	for (int j = 0; j < from->n; j++) {
		struct pp_token u = from->items[j];

		if (!j)
			u.space = t.space;
		push(e, out, u);
	}
}

static bool is_join(const struct expansion *e, const struct pp_macro *m, int i)
{
	return i >= 0 && i < m->nbody && is_sign(e, m->body[i], "##");
}

/* Is parameter k the one that takes the rest? */
static bool is_rest(const struct pp_macro *m, int k)
{
	return m->variadic && k == m->nparam - 1;
}

/* The body with arguments in it. */
static void substitute(struct expansion *e, const struct pp_macro *m, struct argument *args, struct list *out)
{
	for (int i = 0; i < m->nbody; i++) {
		bool joined = is_join(e, m, i - 1) || is_join(e, m, i + 1);

		if (m->nparam >= 0 && is_sign(e, m->body[i], "#") && i + 1 < m->nbody &&
		    parameter_of(m, m->body[i + 1]) >= 0) {
			push(e, out, stringify(e, &args[parameter_of(m, m->body[i + 1])].raw));
			i++;
		} else if (is_join(e, m, i) && i && i + 1 < m->nbody) {
			int before = out->n, k = parameter_of(m, m->body[i + 1]);
			bool left_empty = parameter_of(m, m->body[i - 1]) >= 0 &&
					  !args[parameter_of(m, m->body[i - 1])].raw.n;

			if (k >= 0 && !args[k].raw.n) {
				/* ", ## args" without args: no comma either */
				if (is_rest(m, k) && out->n && is_sign(e, out->items[out->n - 1], ","))
					out->n--;
				i++;
				continue;
			}
			append_operand(e, m, args, i + 1, true, out);
			if (before && !left_empty && out->n > before &&
			    !(is_rest(m, k) && is_sign(e, out->items[before - 1], ","))) {
				out->items[before - 1] = paste(e, out->items[before - 1], out->items[before]);
				memmove(out->items + before, out->items + before + 1,
					sizeof(*out->items) * (size_t)(out->n - before - 1));
				out->n--;
			}
			i++;
		} else {
			append_operand(e, m, args, i, joined, out);
		}
	}
}

/* --- expansion --- */

static void replace(struct expansion *e, const struct pp_macro *m, struct argument *args)
{
	struct pp_token mark = { m->name, PP_MARK, false };
	struct list body = { 0 };

	substitute(e, m, args, &body);
	if (e->active.n == 256) {
		pp_fail(e->w, "macros nested too deeply");
		return;
	}
	e->active.items[e->active.n++] = m->name;
	push(e, &e->stack, mark);
	push_all(e, body.items, body.n);
}

static struct pp_token number(struct expansion *e, bool value)
{
	return (struct pp_token){ pp_intern(e->w->pp, value ? "1" : "0", 1), PP_NUMBER, true };
}

/* defined X, defined(X) */
static struct pp_token take_defined(struct expansion *e)
{
	struct pp_token t = { 0 }, close;
	bool brackets;

	if (!pop(e, &t))
		pp_fail(e->w, "defined without a name");
	brackets = t.name && is_sign(e, t, "(");
	if (brackets && (!pop(e, &t) || !pop(e, &close)))
		pp_fail(e->w, "defined without a name");
	return number(e, t.name && pp_macro(e->w, t.name));
}

/* __has_include(<name>) */
static struct pp_token take_has_include(struct expansion *e, bool next)
{
	struct text name = { 0 };
	struct pp_token t;
	bool found = false, quoted = false;
	int folder;

	while (pop(e, &t) && !is_sign(e, t, ")")) {
		quoted |= t.kind == PP_STRING;
		if (t.kind == PP_STRING)
			text_add(&name, spelling(e, t) + 1, strlen(spelling(e, t)) - 2);
		else if (t.kind != PP_SIGN || !strchr("(<>", spelling(e, t)[0]))
			text_puts(&name, spelling(e, t));
	}
	if (next)
		pp_fail(e->w, "__has_include_next");
	else
		found = pp_find(e->w, e->file, text_str(&name), quoted, -1, &folder);
	text_release(&name);
	return number(e, found);
}

/* __has_attribute(x) and the like: what clang said, or a question to be asked. */
static struct pp_token take_question(struct expansion *e, struct pp_token what)
{
	struct pp *pp = e->w->pp;
	struct text question = { 0 };
	struct pp_token t = { 0 };
	size_t n;

	text_puts(&question, pp->names[what.name]);
	while (pop(e, &t)) {
		text_puts(&question, spelling(e, t));
		if (is_sign(e, t, ")"))
			break;
	}
	n = (size_t)(uintptr_t)map_get(&pp->questions, text_str(&question));
	if (!n) {
		n = pp->questions.n + 1;
		map_set(&pp->questions, arena_strdup(&pp->arena, text_str(&question)), (void *)(uintptr_t)n);
	}
	text_release(&question);
	if (n > e->w->asked)
		pp_fail(e->w, "a question to the compiler");
	return number(e, pp_macro(e->w, pp_answer(pp, n)));
}

/* A name that an #if treats in its own way. True if it was one. */
static bool take_special(struct expansion *e, struct pp_token t, struct list *out)
{
	const struct pp *pp = e->w->pp;

	if (!e->file || t.kind != PP_WORD)
		return false;
	if (t.name == pp->defined) {
		push(e, out, take_defined(e));
	} else if (t.name == pp->has_include || t.name == pp->has_include_next) {
		push(e, out, take_has_include(e, t.name == pp->has_include_next));
	} else if (!strncmp(pp->names[t.name], "__has_", 6) || !strncmp(pp->names[t.name], "__is_", 5)) {
		if (pp_macro(e->w, t.name) || !e->stack.n || !is_sign(e, e->stack.items[e->stack.n - 1], "("))
			return false;
		push(e, out, take_question(e, t));
	} else {
		return false;
	}
	return true;
}

/* t is a macro with parameters: replace it if "(" follows. */
static bool call(struct expansion *e, const struct pp_macro *m)
{
	struct argument args[ARGUMENTS];
	struct pp_token t;
	int n;

	if (!pop(e, &t))
		return false;
	if (!is_sign(e, t, "(")) {
		push(e, &e->stack, t);
		return false;
	}
	n = take_arguments(e, m, args);
	if (n < 0 || (n > m->nparam && !(n == 1 && !m->nparam)))
		return pp_fail(e->w, "a macro with odd arguments");
	replace(e, m, args);
	return true;
}

static bool expand_stack(struct expansion *e, struct list *out)
{
	struct pp_token t;

	while (!e->w->failure && pop(e, &t)) {
		const struct pp_macro *m = t.kind == PP_WORD ? pp_macro(e->w, t.name) : NULL;

		if (take_special(e, t, out))
			continue;
		if (m && is_active(e, m->name)) {
			t.kind = PP_BLOCKED;
			m = NULL;
		}
		if (m && m->nparam < 0)
			replace(e, m, NULL);
		else if (!m || !call(e, m))
			push(e, out, t);
	}
	return !e->w->failure;
}

/* An argument, by itself. */
static bool expand_list(struct expansion *e, const struct pp_token *tokens, int n, struct list *out)
{
	struct list outer = e->stack;
	int active = e->active.n;
	bool ok;

	if (++e->depth > DEPTH)
		return pp_fail(e->w, "macros nested too deeply");
	memset(&e->stack, 0, sizeof(e->stack));
	push_all(e, tokens, n);
	ok = expand_stack(e, out);
	e->stack = outer;
	e->active.n = active;
	e->depth--;
	return ok;
}

struct pp_token *pp_expand(struct pp_walk *w, struct arena *a, struct pp_file *file,
			   const struct pp_token *tokens, int n, int *out)
{
	struct expansion e = { .w = w, .a = a, .file = file };
	struct list result = { 0 };

	*out = 0;
	push_all(&e, tokens, n);
	if (!expand_stack(&e, &result))
		return NULL;
	*out = result.n;
	return result.items;
}
