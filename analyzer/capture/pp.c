// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks: which items of a file count, where #include leads, what is defined.
 *
 * Entry points: pp_walk_file(), pp_find(). pp_scan.c has the items, pp_value.c the values of #if. All changes
 * of macros are kept in order, so that a walk can be taken back and the next one begin from the same state.
 */
#include "capture/pp.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/path.h"

enum { NESTING = 200 };		/* as deep as clang goes */

void pp_walk_init(struct pp_walk *w, struct pp *pp)
{
	memset(w, 0, sizeof(*w));
	w->pp = pp;
}

void pp_walk_release(struct pp_walk *w)
{
	free(w->macros);
	free(w->changes);
	free(w->done);
}

const struct pp_macro *pp_macro(const struct pp_walk *w, pp_name name)
{
	return name < w->nmacro ? w->macros[name] : NULL;
}

static void *grown(void *p, size_t old, size_t new, size_t size)
{
	void *more = p ? realloc(p, new * size) : calloc(new, size);

	if (!more)
		die("out of memory");
	if (p)
		memset((char *)more + old * size, 0, (new - old) * size);
	return more;
}

void pp_define(struct pp_walk *w, pp_name name, const struct pp_macro *macro)
{
	if (name >= w->nmacro) {
		w->macros = grown(w->macros, w->nmacro, w->pp->room, sizeof(*w->macros));
		w->nmacro = w->pp->room;
	}
	if (w->macros[name] == macro)
		return;
	if (w->nchange == w->room) {
		size_t room = w->room ? 2 * w->room : 4096;

		w->changes = grown(w->changes, w->room, room, sizeof(*w->changes));
		w->room = room;
	}
	w->changes[w->nchange++] = (struct pp_change){ name, w->macros[name] };
	w->macros[name] = macro;
}

void pp_rewind(struct pp_walk *w, size_t nchange)
{
	while (w->nchange > nchange) {
		const struct pp_change *c = &w->changes[--w->nchange];

		w->macros[c->name] = c->before;
	}
}

void pp_forget_files(struct pp_walk *w)
{
	if (w->ndone)
		memset(w->done, 0, (size_t)w->ndone);
}

bool pp_fail(struct pp_walk *w, const char *why)
{
	if (!w->failure)
		w->failure = why;
	return false;
}

/* --- #include --- */

static struct pp_file *open_in(struct pp_walk *w, const char *folder, const char *name)
{
	char path[4096];
	size_t n = strlen(folder), len = strlen(name);

	if (n + len + 2 > sizeof(path))
		return NULL;
	memcpy(path, folder, n);
	path[n] = '/';
	memcpy(path + n + 1, name, len + 1);
	if (strstr(path, "/.") || strstr(path, "//")) {
		struct arena a = { 0 };
		struct pp_file *f = pp_open(w->pp, path_absolute(&a, "/", path));

		arena_release(&a);
		return f;
	}
	return pp_open(w->pp, path);
}

/* Folder i of a search: quote folders come first. */
static const char *search_folder(const struct pp_search *s, int i)
{
	return i < s->nquote ? s->quote[i] : s->angle[i - s->nquote];
}

struct pp_file *pp_find(struct pp_walk *w, struct pp_file *f, const char *name, bool quoted, int after,
			int *folder)
{
	const struct pp_search *s = w->search;
	struct pp_file *found = NULL;

	*folder = -1;
	if (name[0] == '/')
		return pp_open(w->pp, name);
	if (quoted && after < 0)
		found = open_in(w, f->folder, name);
	for (int i = after >= 0 ? after + 1 : quoted ? 0 : s->nquote; !found && i < s->nquote + s->nangle;
	     i++) {
		*folder = i;
		found = open_in(w, search_folder(s, i), name);
	}
	return found;
}

/* The name in an #include, without its delimiters: written, or what a macro gives. */
static const char *include_name(struct pp_walk *w, struct arena *a, const struct pp_item *item, bool *quoted)
{
	struct pp_token *tokens;
	struct text t = { 0 };
	const char *s;
	int n;

	if (item->name) {
		s = w->pp->names[item->name];
		*quoted = *s == '"';
		return s + 1;
	}
	tokens = pp_expand(w, a, NULL, item->tokens, item->ntoken, &n);
	if (!tokens || !n)
		return NULL;
	for (int i = 0; i < n; i++) {
		if (i && tokens[i].space)
			text_putc(&t, ' ');
		text_puts(&t, w->pp->names[tokens[i].name]);
	}
	s = arena_strdup(a, text_str(&t));
	text_release(&t);
	*quoted = *s == '"';
	if (strlen(s) < 3 || s[strlen(s) - 1] != (*quoted ? '"' : '>'))
		return NULL;
	return arena_strndup(a, s + 1, strlen(s) - 2);
}

static bool walk(struct pp_walk *w, struct pp_file *f, int folder, int at);

/* May the answer be kept for all units of the set? Not if a folder that they do not share was asked. */
static bool is_common(const struct pp_search *s, int folder)
{
	return s->common && !s->nquote && folder < s->ncommon;
}

static bool include(struct pp_walk *w, struct pp_file *f, int folder, int i)
{
	struct pp_item *item = &f->items[i];
	struct arena a = { 0 };
	struct pp_file *to;
	bool quoted = false;
	int in = -1, after = item->kind == PP_INCLUDE_NEXT ? folder : -1;
	const char *name;

	if (item->memo && item->memo_for == w->search->common && !w->search->nquote && after < 0)
		return walk(w, item->memo, item->memo_folder, i);
	name = include_name(w, &a, item, &quoted);
	to = name ? pp_find(w, f, name, quoted, after, &in) : NULL;
	if (to && item->name && after < 0 && is_common(w->search, in)) {
		item->memo = to;
		item->memo_for = w->search->common;
		item->memo_folder = in;
	}
	arena_release(&a);
	if (!to)
		return pp_fail(w, "an #include that leads nowhere");
	return walk(w, to, in, i);
}

/* --- items --- */

/* Names the compiler itself gives a meaning. */
static bool is_builtin(const struct pp *pp, pp_name name)
{
	const char *s = pp->names[name];

	return !strncmp(s, "__has_", 6) || name == pp->line || name == pp->counter || !strcmp(s, "__FILE__");
}

/* Does the branch that item i begins count? -1: cannot be told. */
static int branch(struct pp_walk *w, struct pp_file *f, int i)
{
	const struct pp_item *item = &f->items[i];
	bool is_defined;

	if (item->kind == PP_ELSE)
		return 1;
	if (item->kind == PP_IF || item->kind == PP_ELIF)
		return pp_condition(w, f, item->tokens, item->ntoken);
	is_defined = pp_macro(w, item->name) || is_builtin(w->pp, item->name);
	return is_defined == (item->kind == PP_IFDEF);
}

static bool reach(struct pp_walk *w, struct pp_file *f, int i)
{
	if (!w->hooks || !w->hooks->reach || w->hooks->reach(w, f, i))
		return true;
	return pp_fail(w, "stopped");
}

/* From the #if at i to the first item of the branch that counts, or behind its #endif. -1 on failure. */
static int enter_branch(struct pp_walk *w, struct pp_file *f, int i)
{
	while (f->items[i].kind != PP_ENDIF) {
		int counts;

		if (f->items[i].kind != PP_ELSE && !reach(w, f, i))
			return -1;
		counts = branch(w, f, i);
		if (counts < 0)
			return -1;
		if (counts)
			break;
		i = f->items[i].next;
	}
	return i + 1;
}

/* Behind the #endif of the branch that ends at i. */
static int leave_branch(const struct pp_file *f, int i)
{
	while (f->items[i].kind != PP_ENDIF)
		i = f->items[i].next;
	return i + 1;
}

/* Do item i; the next one's index, -1 on failure. */
static int step(struct pp_walk *w, struct pp_file *f, int folder, int i)
{
	const struct pp_item *item = &f->items[i];

	switch (item->kind) {
	case PP_IF:
	case PP_IFDEF:
	case PP_IFNDEF:
		return enter_branch(w, f, i);
	case PP_ELIF:
	case PP_ELSE:
	case PP_ENDIF:
		return leave_branch(f, i);
	case PP_TEXT:
		if (w->hooks && w->hooks->texts && !reach(w, f, i))
			return -1;
		return i + 1;
	case PP_ERROR:
		pp_fail(w, "#error");
		return -1;
	default:
		break;
	}
	if (!reach(w, f, i))
		return -1;
	if (item->kind == PP_DEFINE)
		pp_define(w, item->name, item->macro);
	else if (item->kind == PP_UNDEF)
		pp_define(w, item->name, NULL);
	else if (item->kind != PP_ONCE && item->kind != PP_PRAGMA && !include(w, f, folder, i))
		return -1;
	return i + 1;
}

static bool is_done(struct pp_walk *w, const struct pp_file *f)
{
	if (f->index >= w->ndone) {
		int more = 2 * w->pp->nfile;

		w->done = grown(w->done, (size_t)w->ndone, (size_t)more, 1);
		w->ndone = more;
	}
	if (w->done[f->index])
		return true;
	w->done[f->index] = f->once;
	return false;
}

void pp_mark_done(struct pp_walk *w, const struct pp_file *f)
{
	is_done(w, f);
	w->done[f->index] = 1;
}

static bool walk(struct pp_walk *w, struct pp_file *f, int folder, int at)
{
	if (is_done(w, f) || (f->guard && pp_macro(w, f->guard)))
		return true;
	if (f->broken)
		return pp_fail(w, "a file with conditionals that do not match");
	if (w->depth == NESTING)
		return pp_fail(w, "#include nested too deeply");
	if (w->hooks && w->hooks->enter && !w->hooks->enter(w, f, at))
		return pp_fail(w, "stopped");
	w->depth++;
	for (int i = 0; i >= 0 && i < f->nitem;)
		i = step(w, f, folder, i);
	w->depth--;
	if (!w->failure && w->hooks && w->hooks->leave)
		w->hooks->leave(w, f);
	return !w->failure;
}

bool pp_walk_file(struct pp_walk *w, struct pp_file *f)
{
	return walk(w, f, -1, -1);
}
