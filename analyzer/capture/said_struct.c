// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comments in structs. Entries: said_read_structs(), said_guards(). "struct mutex lock; (protects queue)" and "queue:
 * protected by lock" say which member guards which; so does what is said of them above the struct ("@lock: ..."). Whether
 * the one is a lock at all is found out when the program is known.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "capture/said_own.h"
#include "flow/flow.h"

#define MOST_MEMBERS 300
#define MOST_REMARKS 400
#define MOST_DEPTH 8		/* structs in a struct */
#define LONGEST 4000		/* characters of a comment */

/* A comment, and the members that it is about: those of one declaration. */
struct remark {
	const char *text;
	size_t n;
	int first, last;	/* the members; none if last is less */
};

struct members {
	struct word names[MOST_MEMBERS];
	struct remark remarks[MOST_REMARKS];
	int n, nremark;
};

/* ------------------------------------------------------------------ what a sentence says */

static int find_member(const struct members *m, const char *name, size_t len)
{
	for (int i = 0; i < m->n; i++)
		if (m->names[i].n == len && !memcmp(m->names[i].s, name, len))
			return i;
	return -1;
}

static bool is_known(struct said *s, const struct word *owner, const struct members *m, int field, int lock)
{
	const char *a = intern_n(owner->s, owner->n), *b = intern_n(m->names[field].s, m->names[field].n);
	const char *c = intern_n(m->names[lock].s, m->names[lock].n);

	for (int i = 0; i < s->nguard; i++)
		if (s->guards[i].struct_name == a && s->guards[i].field == b && s->guards[i].lock == c)
			return true;
	return false;
}

static void add_guard(struct said *s, const struct members *m, const struct word *owner, int field, int lock, bool is_vague)
{
	if (field == lock || is_known(s, owner, m, field, lock))
		return;
	if (s->nguard == s->room) {
		struct said_guard *more;

		s->room = s->room ? s->room * 2 : 32;
		more = ARENA_ARRAY(s->arena, struct said_guard, s->room);
		if (s->nguard)
			memcpy(more, s->guards, sizeof(*more) * (size_t)s->nguard);
		s->guards = more;
	}
	s->guards[s->nguard++] = (struct said_guard){
		.struct_name = intern_n(owner->s, owner->n), .is_vague = is_vague,
		.field = intern_n(m->names[field].s, m->names[field].n), .lock = intern_n(m->names[lock].s, m->names[lock].n),
	};
}

/* Could the name be no word of English? */
static bool is_plain_name(const struct word *w)
{
	return memchr(w->s, '_', w->n) || w->s[-1] == '@' || w->s[-1] == '&';
}

/* Is it what follows the word "protects", up to the end of the sentence; or, after "protected by", the one that does? */
static void read_sentence(struct said *s, const struct members *m, const struct word *owner, const struct remark *r,
			  const struct sentence *words)
{
	static const char *const guard[] = {
		"protect", "protects", "protecting", "protected", "guard", "guards", "guarding", "guarded",
		"serialize", "serializes", "serializing", "serialized", "serialise", "serialises", "serialised", NULL
	};
	static const char *const by[] = {"by", NULL};
	static const char *const against[] = {
		"not", "never", "no", "except", "unless", "without", "rcu", "or", "if", "when", "while", "may", "some", "only",
		"either", "both", "also", NULL
	};
	int at = 0;

	for (int i = 0; i < words->n; i++)
		if (said_is_word(&words->words[i], against))
			return;
	while (at < words->n && !said_is_word(&words->words[at], guard))
		at++;
	if (words->is_odd || ++at >= words->n)
		return;
	for (int i = at; i < words->n; i++) {
		const struct word *w = &words->words[i];
		int other = find_member(m, w->s, w->n);

		for (int k = r->first; k <= r->last && other >= 0 && w->n > 2 && w->s[w->n] != '('; k++)
			if (said_is_word(&words->words[at], by))
				add_guard(s, m, owner, k, other, false);
			else
				add_guard(s, m, owner, other, k, !is_plain_name(w));
	}
}

static void read_remark(struct said *s, const struct members *m, const struct word *owner, const struct remark *r)
{
	const char *p = r->text, *end = r->text + r->n;
	struct sentence words = {.n = 0};

	while (p < end) {
		bool is_end = strchr(".;!", *p) && (p + 1 == end || p[1] == ' ' || p[1] == '\n' || p[1] == '\t');

		if (said_is_name_char(*p)) {
			struct word w;

			p = said_next_word(p, end, &w);
			said_add_word(&words, w);
			continue;
		}
		if (is_end) {
			read_sentence(s, m, owner, r, &words);
			words = (struct sentence){.n = 0};
		}
		p++;
	}
	read_sentence(s, m, owner, r, &words);
}

/* ------------------------------------------------------------------ members */

static void add_remark(struct members *m, const char *text, const char *end, int first, int last)
{
	if (m->nremark < MOST_REMARKS && last >= first && end - text < LONGEST)
		m->remarks[m->nremark++] = (struct remark){text, (size_t)(end - text), first, last};
}

/* The names in a declaration: the last word before each comma, bracket or colon, and before its end. */
static void add_members(struct members *m, const char *p, const char *end)
{
	struct word last = {p, 0};
	bool is_named = false;

	for (; p <= end && m->n < MOST_MEMBERS; p++) {
		if (p < end && said_is_name_char(*p)) {
			const char *from = p;

			while (p < end && said_is_name_char(*p))
				p++;
			if (!is_named)
				last = (struct word){from, (size_t)(p - from)};
			p--;
			continue;
		}
		if (p < end && strchr("[:)", *p))
			is_named = true;
		if ((p == end || *p == ',') && last.n) {
			m->names[m->n++] = last;
			last.n = 0;
			is_named = false;
		}
	}
}

static const char *skip_comment(const char *p, const char *end)
{
	const char *close = p[1] == '*' ? memmem(p + 2, (size_t)(end - p - 2), "*/", 2) : memchr(p, '\n', (size_t)(end - p));

	return !close ? end : p[1] == '*' ? close + 2 : close;
}

/*
 * The members of a struct whose body begins at p; behind its closing brace. A comment behind a declaration is about that,
 * another about the next one. What is in a nameless struct in it belongs to the struct itself.
 */
static const char *read_members(struct members *m, const char *p, const char *end)
{
	const char *from = p, *before = NULL, *before_end = NULL;
	int depth = 1, first = 0, last = -1;
	bool is_same_line = false, is_begun = false;

	while (p < end && depth && depth < MOST_DEPTH) {
		if (*p == '/' && p + 1 < end && (p[1] == '*' || p[1] == '/')) {
			const char *text = p + 2;

			p = skip_comment(p, end);
			if (!is_begun && is_same_line)
				add_remark(m, text, p, first, last);
			else
				before = text, before_end = p;
			if (!is_begun)
				from = p;
			continue;
		}
		depth += (*p == '{') - (*p == '}');
		if (*p == '{' || *p == '}') {
			is_begun = is_same_line = false;
			from = p + 1;
			before = NULL;
		} else if (*p == ';') {
			first = m->n;
			if (is_begun)
				add_members(m, from, p);
			last = m->n - 1;
			if (before)
				add_remark(m, before, before_end, first, last);
			is_begun = false;
			is_same_line = true;
			from = p + 1;
			before = NULL;
		} else if (*p == '\n') {
			is_same_line = false;
		} else if (*p != ' ' && *p != '\t') {
			is_begun = true;
		}
		p++;
	}
	return p;
}

/* "@lock: protects @queue" in the comment that ends before the struct. */
static void read_head(struct members *m, const char *text, const char *at)
{
	const char *end = at, *p, *open;

	while (end > text && strchr(" \t\n", end[-1]))
		end--;
	if (end - text < 4 || end[-1] != '/' || end[-2] != '*')
		return;
	for (open = end - 2; open > text && !(open[0] == '/' && open[1] == '*'); open--)
		;
	for (p = open; (p = memchr(p, '@', (size_t)(end - p))); p++) {
		size_t len = 1;
		const char *stop;
		int member;

		while (p + len < end && said_is_name_char(p[len]))
			len++;
		if (p[len] != ':' || !strchr("* \t", p[-1]))
			continue;
		member = find_member(m, p + 1, len - 1);
		for (stop = p + len; stop < end - 2; stop++)
			if (*stop == '\n' && memmem(stop, (size_t)(end - stop) > 6 ? 6 : 0, "@", 1))
				break;
		if (member >= 0)
			add_remark(m, p + len + 1, stop, member, member);
	}
}

void said_read_structs(struct said *s, const char *text, size_t len)
{
	const char *end = text + len, *p = text;
	struct members *m = ARENA_NEW(s->arena, struct members);

	while ((p = memmem(p, (size_t)(end - p), "struct ", 7))) {
		const char *at = p;
		struct word owner;

		p = said_next_word(p + 7, end, &owner);
		if ((at != text && at[-1] != '\n') || !owner.n || end - p < 2 || p[0] != ' ' || p[1] != '{')
			continue;
		m->n = m->nremark = 0;
		p = read_members(m, p + 2, end);
		read_head(m, text, at);
		for (int i = 0; i < m->nremark; i++)
			read_remark(s, m, &owner, &m->remarks[i]);
	}
}

/* ------------------------------------------------------------------ functions */

static bool touches(const struct func *fn, const struct said_guard *g)
{
	size_t n = strlen(g->field);

	for (int i = 0; i < fn->ninsn; i++) {
		const struct insn *in = &fn->insns[i];

		if (in->struct_name == g->struct_name && in->field && !strncmp(in->field, g->field, n) &&
		    (!in->field[n] || in->field[n] == '.'))
			return true;
	}
	return false;
}

const char *said_guards(const struct said *s, const struct func *fn)
{
	const char *note = NULL;
	struct text t;
	int n = 0;

	text_init(&t);
	for (int i = 0; i < s->nguard; i++) {
		const struct said_guard *g = &s->guards[i];

		if (touches(fn, g))
			text_printf(&t, "%s%s.%s%c%s", n++ ? "," : "said_guard:", g->struct_name, g->field,
				    g->is_vague ? '~' : '=', g->lock);
	}
	if (n)
		note = arena_strdup(s->arena, text_str(&t));
	text_release(&t);
	return note;
}
