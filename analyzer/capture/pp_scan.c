// SPDX-License-Identifier: GPL-2.0-only
/*
 * A source file taken apart into items: directives with their tokens, and between them the names that the
 * text mentions. Done once a file, whatever is defined then; pp.c decides which items count.
 *
 * Entry points: pp_open(), pp_scan(). Comments, strings and spliced lines are dealt with here.
 */
#include "capture/pp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/message.h"
#include "base/path.h"

enum { FILE_MOST = 64 << 20 };	/* bytes: more is no source */

/* In pp->files: looked for, and not there. */
static struct pp_file absent;

static void *resized(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	if (!p)
		die("out of memory");
	return p;
}

/* --- tokens --- */

/* Where the scan of a file is. Lists grow here and are copied to the arena when they are whole. */
struct scan {
	struct pp *pp;
	const char *p, *end;
	struct pp_token *tokens;
	int ntoken, token_room;
	pp_name *names;
	int nname, name_room;
	struct pp_item *items;
	int nitem, item_room;
	int depth;		/* of brackets, in the text so far */
	char last;		/* the last sign of the text that is no space */
};

static bool starts_word(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

static bool in_word(char c)
{
	return starts_word(c) || isdigit((unsigned char)c);
}

/* Behind a comment that begins at p; p itself if none does. */
static const char *skip_comment(const char *p, const char *end)
{
	if (p + 1 >= end || *p != '/')
		return p;
	if (p[1] == '/') {
		while (p < end && *p != '\n')
			p++;
		return p;
	}
	if (p[1] != '*')
		return p;
	for (p += 2; p < end; p++)
		if (*p == '*' && p + 1 < end && p[1] == '/')
			return p + 2;
	return end;
}

/* Behind a string or character that begins at p. It ends with its line at the latest. */
static const char *skip_string(const char *p, const char *end)
{
	char quote = *p++;

	while (p < end && *p != quote && *p != '\n')
		p += *p == '\\' && p + 1 < end && p[1] != '\n' ? 2 : 1;
	return p < end && *p == quote ? p + 1 : p;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && in_word(*p))
		p++;
	return p;
}

static const char *skip_number(const char *p, const char *end)
{
	while (p < end && (in_word(*p) || *p == '.' ||
			   ((*p == '+' || *p == '-') && strchr("eEpP", p[-1]))))
		p++;
	return p;
}

static size_t sign_length(const char *p, const char *end)
{
	static const char *const two[] = { "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "##", "->" };

	if (end - p >= 3 && !strncmp(p, "...", 3))
		return 3;
	for (size_t i = 0; end - p >= 2 && i < sizeof(two) / sizeof(two[0]); i++)
		if (p[0] == two[i][0] && p[1] == two[i][1])
			return 2;
	return 1;
}

/* White space and comments of this line. */
static bool skip_blank(struct scan *s)
{
	const char *from = s->p, *p = from;

	while (p < s->end) {
		const char *q = skip_comment(p, s->end);

		if (q == p && *p != '\n' && isspace((unsigned char)*p))
			q++;
		if (q == p)
			break;
		p = q;
	}
	s->p = p;
	return p > from;
}

/* The next token of a directive; false at its end. */
static bool next_token(struct scan *s, struct pp_token *out)
{
	const char *from;

	out->space = skip_blank(s);
	if (s->p >= s->end || *s->p == '\n')
		return false;
	from = s->p;
	if (starts_word(*from)) {
		out->kind = PP_WORD;
		s->p = skip_word(from, s->end);
	} else if (isdigit((unsigned char)*from) ||
		   (*from == '.' && from + 1 < s->end && isdigit((unsigned char)from[1]))) {
		out->kind = PP_NUMBER;
		s->p = skip_number(from + 1, s->end);
	} else if (*from == '"' || *from == '\'') {
		out->kind = PP_STRING;
		s->p = skip_string(from, s->end);
	} else {
		out->kind = PP_SIGN;
		s->p = from + sign_length(from, s->end);
	}
	out->name = pp_intern(s->pp, from, (size_t)(s->p - from));
	return true;
}

static void add_token(struct scan *s, struct pp_token t)
{
	if (s->ntoken == s->token_room) {
		s->token_room = s->token_room ? 2 * s->token_room : 256;
		s->tokens = resized(s->tokens, (size_t)s->token_room, sizeof(*s->tokens));
	}
	s->tokens[s->ntoken++] = t;
}

/* The tokens up to the end of the line, in the arena. */
static struct pp_token *take_tokens(struct scan *s, int *n)
{
	struct pp_token t;

	s->ntoken = 0;
	while (next_token(s, &t))
		add_token(s, t);
	*n = s->ntoken;
	return s->ntoken ? arena_copy(&s->pp->arena, s->tokens, sizeof(t) * (size_t)s->ntoken) : NULL;
}

/* --- directives --- */

static struct pp_item *add_item(struct scan *s, enum pp_kind kind)
{
	struct pp_item *item;

	if (s->nitem == s->item_room) {
		s->item_room = s->item_room ? 2 * s->item_room : 256;
		s->items = resized(s->items, (size_t)s->item_room, sizeof(*s->items));
	}
	item = &s->items[s->nitem++];
	memset(item, 0, sizeof(*item));
	item->kind = kind;
	return item;
}

/* (a, b, ...) of a macro: the parameters, s->p behind them. */
static void take_parameters(struct scan *s, struct pp_macro *m)
{
	pp_name params[256];
	struct pp_token t;
	bool word = false;
	int n = 0;

	s->p++;
	while (next_token(s, &t)) {
		const char *spelled = s->pp->names[t.name];

		if (!strcmp(spelled, ")"))
			break;
		m->variadic |= !strcmp(spelled, "...");
		if (t.kind == PP_WORD && n < 255)
			params[n++] = t.name;
		else if (!strcmp(spelled, "...") && !word)	/* else "args...": args takes the rest */
			params[n++] = s->pp->va_args;
		word = t.kind == PP_WORD;
	}
	m->nparam = n;
	m->params = n ? arena_copy(&s->pp->arena, params, sizeof(*params) * (size_t)n) : NULL;
}

static void take_define(struct scan *s, struct pp_item *item)
{
	struct pp_macro *m = ARENA_NEW(&s->pp->arena, struct pp_macro);
	struct pp_token t;

	if (!next_token(s, &t) || t.kind != PP_WORD) {
		item->kind = PP_ERROR;
		return;
	}
	m->name = item->name = t.name;
	m->nparam = -1;
	if (s->p < s->end && *s->p == '(')
		take_parameters(s, m);
	m->body = take_tokens(s, &m->nbody);
	if (m->nbody)
		m->body[0].space = false;
	item->macro = m;
}

/* "name" or <name> as one token; else a macro's tokens. */
static void take_include(struct scan *s, struct pp_item *item)
{
	skip_blank(s);
	if (s->p < s->end && (*s->p == '<' || *s->p == '"')) {
		char close = *s->p == '<' ? '>' : '"';
		const char *to = s->p + 1;

		while (to < s->end && *to != close && *to != '\n')
			to++;
		item->name = pp_intern(s->pp, s->p, (size_t)(to - s->p));
		return;
	}
	item->tokens = take_tokens(s, &item->ntoken);
}

static bool take_name(struct scan *s, struct pp_item *item)
{
	struct pp_token t;

	if (!next_token(s, &t) || t.kind != PP_WORD)
		return false;
	item->name = t.name;
	return true;
}

static enum pp_kind pragma_kind(const struct scan *s, const struct pp_item *item)
{
	const char *first = item->ntoken ? s->pp->names[item->tokens[0].name] : "";
	const char *second = item->ntoken > 1 ? s->pp->names[item->tokens[1].name] : "";

	if (!strcmp(first, "once"))
		return PP_ONCE;
	/* about warnings only */
	if ((!strcmp(first, "GCC") || !strcmp(first, "clang")) && !strcmp(second, "diagnostic"))
		return PP_TEXT;
	return PP_PRAGMA;
}

static void take_directive(struct scan *s)
{
	static const struct { const char *name; enum pp_kind kind; } known[] = {
		{ "define", PP_DEFINE }, { "undef", PP_UNDEF }, { "include", PP_INCLUDE },
		{ "include_next", PP_INCLUDE_NEXT }, { "if", PP_IF }, { "ifdef", PP_IFDEF },
		{ "ifndef", PP_IFNDEF }, { "elif", PP_ELIF }, { "else", PP_ELSE }, { "endif", PP_ENDIF },
		{ "pragma", PP_PRAGMA }, { "warning", PP_TEXT }, { "ident", PP_TEXT }, { "line", PP_TEXT },
	};
	enum pp_kind kind = PP_ERROR;
	struct pp_item *item;
	struct pp_token t;

	if (!next_token(s, &t) || t.kind == PP_NUMBER)	/* "#" alone, "# 1 "file"" */
		kind = PP_TEXT;
	for (size_t i = 0; kind == PP_ERROR && i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(s->pp->names[t.name], known[i].name))
			kind = known[i].kind;
	item = add_item(s, kind);
	if (kind == PP_DEFINE)
		take_define(s, item);
	else if (kind == PP_INCLUDE || kind == PP_INCLUDE_NEXT)
		take_include(s, item);
	else if (kind == PP_IF || kind == PP_ELIF || kind == PP_PRAGMA)
		item->tokens = take_tokens(s, &item->ntoken);
	else if ((kind == PP_IFDEF || kind == PP_IFNDEF || kind == PP_UNDEF) && !take_name(s, item))
		item->kind = PP_ERROR;
	if (kind == PP_PRAGMA)
		item->kind = pragma_kind(s, item);
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

/* --- text --- */

static void add_name(struct scan *s, pp_name name)
{
	if (s->pp->seen[name] == s->pp->serial)
		return;
	s->pp->seen[name] = s->pp->serial;
	if (s->nname == s->name_room) {
		s->name_room = s->name_room ? 2 * s->name_room : 1024;
		s->names = resized(s->names, (size_t)s->name_room, sizeof(*s->names));
	}
	s->names[s->nname++] = name;
}

static void take_sign(struct scan *s)
{
	s->last = *s->p;
	if (strchr("({[", s->last))
		s->depth++;
	else if (strchr(")}]", s->last))
		s->depth--;
	s->p++;
}

/* Text up to the next directive, whose # is then at s->p, or to the end. */
static void take_text(struct scan *s, bool at_line)
{
	struct pp_item *item;

	s->pp->serial++;
	s->nname = 0;
	while (s->p < s->end) {
		const char *from = s->p;

		if (*from == '\n') {
			at_line = true;
			s->p++;
			continue;
		}
		if (skip_blank(s))
			continue;
		if (*from == '#' && at_line)
			break;
		at_line = false;
		if (starts_word(*from)) {
			s->p = skip_word(from, s->end);
			add_name(s, pp_intern(s->pp, from, (size_t)(s->p - from)));
			s->last = 'w';
		} else if (isdigit((unsigned char)*from)) {
			s->p = skip_number(from + 1, s->end);
			s->last = '0';
		} else if (*from == '"' || *from == '\'') {
			s->p = skip_string(from, s->end);
			s->last = '"';
		} else {
			take_sign(s);
		}
	}
	item = add_item(s, PP_TEXT);
	item->open = s->depth || !strchr(";})", s->last);
	item->nname = s->nname;
	if (s->nname)
		item->names = arena_copy(&s->pp->arena, s->names, sizeof(*s->names) * (size_t)s->nname);
}

/* --- whole files --- */

static bool is_if(enum pp_kind kind)
{
	return kind == PP_IF || kind == PP_IFDEF || kind == PP_IFNDEF;
}

static bool is_branch(enum pp_kind kind)
{
	return kind == PP_ELIF || kind == PP_ELSE || kind == PP_ENDIF;
}

/* Chain the branches of each #if. */
static void match_branches(struct pp_file *f)
{
	int open[256], depth = 0;

	for (int i = 0; i < f->nitem && !f->broken; i++) {
		struct pp_item *item = &f->items[i];

		if (is_if(item->kind)) {
			f->broken = depth == 256;
			if (!f->broken)
				open[depth++] = i;
		} else if (is_branch(item->kind)) {
			f->broken = !depth;
			if (depth)
				f->items[open[depth - 1]].next = i;
			if (depth && item->kind == PP_ENDIF)
				depth--;
			else if (depth)
				open[depth - 1] = i;
		}
	}
	f->broken |= depth;
}

static int skip_nothing(const struct pp_file *f, int i)
{
	while (i < f->nitem && f->items[i].kind == PP_TEXT && !f->items[i].nname)
		i++;
	return i;
}

/* #ifndef X, #define X ... #endif and nothing around. */
static pp_name find_guard(struct pp *pp, const struct pp_file *f)
{
	int i = skip_nothing(f, 0), next;
	const struct pp_item *item = &f->items[i];
	pp_name name = 0;

	if (i == f->nitem || f->broken)
		return 0;
	if (item->kind == PP_IFNDEF)
		name = item->name;
	else if (item->kind == PP_IF && (item->ntoken == 3 || item->ntoken == 5) &&
		 !strcmp(pp->names[item->tokens[0].name], "!") && item->tokens[1].name == pp->defined)
		name = item->tokens[item->ntoken == 3 ? 2 : 3].name;
	if (!name || f->items[item->next].kind != PP_ENDIF || skip_nothing(f, item->next + 1) != f->nitem)
		return 0;
	next = skip_nothing(f, i + 1);
	return f->items[next].kind == PP_DEFINE && f->items[next].name == name ? name : 0;
}

/* Take out lines that go on behind a backslash. */
static size_t join_lines(char *s, size_t n)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		size_t end = i + 1 < n && s[i + 1] == '\r' ? i + 2 : i + 1;

		if (s[i] == '\\' && end < n && s[end] == '\n') {
			i = end;
			continue;
		}
		s[to++] = s[i] ? s[i] : ' ';
	}
	return to;
}

static void scan_items(struct scan *s)
{
	s->last = ';';
	take_text(s, true);
	while (s->p < s->end) {
		s->p++;
		take_directive(s);
		take_text(s, false);
	}
}

struct pp_file *pp_scan(struct pp *pp, const char *path, const char *text, size_t n)
{
	struct pp_file *f = ARENA_NEW(&pp->arena, struct pp_file);
	char *copy = resized(NULL, n + 1, 1);
	struct scan s = { .pp = pp };

	memcpy(copy, text, n);
	s.p = copy;
	s.end = copy + join_lines(copy, n);
	*(char *)s.end = '\n';
	scan_items(&s);
	f->path = arena_strdup(&pp->arena, path);
	f->folder = path_parent(&pp->arena, path);
	f->size = n;
	f->nitem = s.nitem;
	f->items = arena_copy(&pp->arena, s.items, sizeof(*s.items) * (size_t)s.nitem);
	for (int i = 0; i < f->nitem; i++)
		f->once |= f->items[i].kind == PP_ONCE;
	match_branches(f);
	f->guard = find_guard(pp, f);
	free(copy);
	free(s.items);
	free(s.names);
	free(s.tokens);
	f->index = pp->nfile;
	if (!(pp->nfile & (pp->nfile - 1)))
		pp->list = resized(pp->list, pp->nfile ? 2 * (size_t)pp->nfile : 1, sizeof(*pp->list));
	pp->list[pp->nfile++] = f;
	return f;
}

struct pp_file *pp_open(struct pp *pp, const char *path)
{
	struct pp_file *f = map_get(&pp->files, path);
	struct stat st;

	if (f)
		return f == &absent ? NULL : f;
	path = arena_strdup(&pp->arena, path);
	text_clear(&pp->content);
	if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST ||
	    text_read_file(&pp->content, path)) {
		map_set(&pp->files, path, &absent);
		return NULL;
	}
	f = pp_scan(pp, path, text_str(&pp->content), pp->content.len);
	map_set(&pp->files, path, f);
	return f;
}
