// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comments on locks. Entries: said_read(), said_note(). "Must be called with chip->lock held" is an assertion that no
 * compiler sees. Only a sentence that says so plainly counts: one with a condition, a negation or an exception in it is
 * for people. Which of its names is a lock is found out when the program is known.
 */
#include "capture/said_own.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/path.h"
#include "base/text.h"
#include "base/view.h"

#define MOST_DECLARED 5		/* lines between a comment and the function's name: its type, attributes */
#define MOST_LINES 120		/* of a comment */
#define MOST_NAMES 12

/* ------------------------------------------------------------------ lines */

/* The line without what is blank on both sides. */
static struct word line_of(const struct said *s, int line)
{
	struct word w = {s->text + s->starts[line - 1], s->starts[line] - s->starts[line - 1]};

	while (w.n && strchr(" \t\r\n", w.s[w.n - 1]))
		w.n--;
	while (w.n && (*w.s == ' ' || *w.s == '\t'))
		w.s++, w.n--;
	return w;
}

static bool begins(const struct word *w, const char *what)
{
	return w->n >= strlen(what) && !memcmp(w->s, what, strlen(what));
}

static bool ends(const struct word *w, const char *what)
{
	return w->n >= strlen(what) && !memcmp(w->s + w->n - strlen(what), what, strlen(what));
}

static const char *read_text(struct arena *a, const struct view *view, const char *file, size_t *len)
{
	const char *path = view ? view_content(view, file) : file, *copy;
	struct text t;

	text_init(&t);
	if (!path || !path_is_file(path) || text_read_file(&t, path))
		text_clear(&t);
	*len = t.len;
	copy = arena_strndup(a, text_str(&t), t.len);
	text_release(&t);
	return copy;
}

/* Structs in headers that the file names in quotes: they are its own, as a rule. */
static void read_headers(struct said *s, const struct view *view, const char *file)
{
	const char *folder = path_parent(s->arena, file);

	for (int line = 1; line <= s->nline; line++) {
		struct word w = line_of(s, line);
		const char *text, *name = begins(&w, "#include \"") ? w.s + strlen("#include \"") : NULL;
		size_t len;

		if (!name || !memchr(name, '"', (size_t)(w.s + w.n - name)))
			continue;
		name = arena_strndup(s->arena, name, strcspn(name, "\""));
		text = read_text(s->arena, view, path_absolute(s->arena, folder, name), &len);
		said_read_structs(s, text, len);
	}
}

void said_read(struct said *s, struct arena *a, const struct view *view, const char *file)
{
	size_t len;
	int n = 0;

	memset(s, 0, sizeof(*s));
	s->arena = a;
	s->text = read_text(a, view, file, &len);
	for (size_t i = 0; i < len; i++)
		n += s->text[i] == '\n';
	s->starts = ARENA_ARRAY(a, size_t, n + 2);
	for (size_t i = 0; i < len; i++)
		if (s->text[i] == '\n')
			s->starts[++s->nline] = i + 1;
	said_read_structs(s, s->text, len);
	read_headers(s, view, file);
}

/* The lines of the comment above the function whose name stands in that line. */
static bool find_comment(const struct said *s, int line, int *first, int *last)
{
	int blank = 0;

	if (line > s->nline)
		return false;
	for (*last = line - 1; *last >= 1 && line - *last <= MOST_DECLARED; --*last) {
		struct word w = line_of(s, *last);

		if (ends(&w, "*/"))
			break;
		blank += !w.n;
		if (blank > 1 || begins(&w, "#") || memchr(w.s, ';', w.n) || memchr(w.s, '}', w.n))
			return false;
	}
	if (*last < 1 || line - *last > MOST_DECLARED)
		return false;
	for (*first = *last; *first >= 1 && *last - *first < MOST_LINES; --*first) {
		struct word w = line_of(s, *first);

		if (begins(&w, "/*"))
			return true;
		if (*first != *last && ends(&w, "*/"))
			return false;
	}
	return false;
}

/* ------------------------------------------------------------------ words */

bool said_is_word(const struct word *w, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == w->n && !strncasecmp(w->s, *list, w->n))
			return true;
	return false;
}

/* A word, or a path of members; behind it. */
const char *said_next_word(const char *p, const char *end, struct word *w)
{
	w->s = p;
	while (p < end) {
		if (said_is_name_char(*p) || (*p == '\'' && p + 1 < end && p[1] == 't'))
			p++;
		else if (*p == '.' && p + 1 < end && said_is_name_char(p[1]))
			p++;
		else if (*p == '-' && p + 2 < end && p[1] == '>' && said_is_name_char(p[2]))
			p += 2;
		else
			break;
	}
	w->n = (size_t)(p - w->s);
	return p;
}

void said_add_word(struct sentence *s, struct word w)
{
	if (s->n == MOST_WORDS)
		s->is_odd = true;
	else
		s->words[s->n++] = w;
}

/* ------------------------------------------------------------------ sentences */

/* Is what follows an "or" no more than another way to be sure? */
static bool is_other_way(const struct sentence *s, int at)
{
	static const char *const ways[] = {"else", "otherwise", NULL}, *const the[] = {"the", "a", NULL},
		*const caller[] = {"caller", "callers", NULL};

	return at < s->n && (said_is_word(&s->words[at], ways) || said_is_word(&s->words[at], caller) ||
			     (at + 1 < s->n && said_is_word(&s->words[at], the) && said_is_word(&s->words[at + 1], caller)));
}

/* Does it say that a lock must be held, and nothing against it? */
static bool is_demand(const struct sentence *s)
{
	static const char *const held[] = {"held", "hold", "holds", "holding", "locked", "taken", "acquired", NULL};
	static const char *const has[] = {"has", "have", NULL}, *const caller[] = {"caller", "callers", NULL};
	static const char *const must[] = {
		"must", "should", "need", "needs", "needed", "caller", "callers", "require", "requires", "required", "assumes",
		"locking", "context", NULL
	};
	static const char *const called[] = {"called", "call", NULL};
	static const char *const with[] = {"with", "while", "under", "holding", NULL};
	static const char *const against[] = {
		"not", "can't", "don't", "doesn't", "isn't", "needn't", "without", "never", "no", "unless", "except", "either",
		"if", "may", "might", "can", "cannot", "could", "drop", "drops", "dropped", "release", "releases", "released",
		"releasing", "returns", "will", "takes", "acquires", "unlock", "unlocks", "unlocked", "where", "until", "before",
		"after", "callback", "sometimes", "usually", "often", "serialized", "exception", NULL
	};
	static const char *const or[] = {"or", NULL};
	bool is_held = false, is_must = false;

	for (int i = 0; i < s->n && !s->is_odd; i++) {
		const struct word *w = &s->words[i];

		if (said_is_word(w, or) && is_other_way(s, i + 1))
			return is_held && is_must;
		if (said_is_word(w, or) || said_is_word(w, against))
			return false;
		is_held |= said_is_word(w, held) || (said_is_word(w, has) && i && said_is_word(w - 1, caller));
		is_must |= said_is_word(w, must) ||
			   (said_is_word(w, called) && i + 1 < s->n && said_is_word(w + 1, with));
	}
	return is_held && is_must && !s->is_odd;
}

/* A name that no English word could be. */
static bool is_name(const struct word *w)
{
	return memchr(w->s, '_', w->n) || memchr(w->s, '>', w->n) || memchr(w->s, '.', w->n);
}

static const char *note_of(const struct said *said, const struct sentence *s)
{
	struct text t;
	const char *note = NULL;
	int n = 0;

	text_init(&t);
	for (int i = 0; i < s->n && n < MOST_NAMES; i++)
		if (is_name(&s->words[i]) && !strchr("0123456789", *s->words[i].s))
			text_printf(&t, "%s%.*s", n++ ? "," : "said_held:", (int)s->words[i].n, s->words[i].s);
	if (n)
		note = arena_strdup(said->arena, text_str(&t));
	text_release(&t);
	return note;
}

/* The text of a line of the comment. */
static struct word said_in(const struct said *s, int line)
{
	struct word w = line_of(s, line);

	if (ends(&w, "*/"))
		w.n -= 2;
	while (w.n && strchr("/* \t", *w.s))
		w.s++, w.n--;
	return w;
}

/* A sentence is at its end: its note, if it is a demand. */
static const char *end_sentence(const struct said *s, struct sentence *sentence)
{
	const char *note = is_demand(sentence) ? note_of(s, sentence) : NULL;

	sentence->n = 0;
	sentence->is_odd = false;
	return note;
}

/* Add the words of a line; what the first sentence that ends in it demands. */
static const char *read_line(const struct said *s, struct word line, struct sentence *sentence)
{
	const char *p = line.s, *end = line.s + line.n, *note = NULL;

	while (p < end && !note) {
		if (said_is_name_char(*p)) {
			struct word w;

			p = said_next_word(p, end, &w);
			said_add_word(sentence, w);
			continue;
		}
		sentence->is_odd |= *p == '=' || *p == '<';
		if (strchr(".;!", *p) && (p + 1 == end || p[1] == ' '))
			note = end_sentence(s, sentence);
		p++;
	}
	return note;
}

/* "@name:" begins what is said of a parameter. */
static bool is_of_parameter(const struct word *line)
{
	size_t n = 1;

	while (n < line->n && said_is_name_char(line->s[n]))
		n++;
	return begins(line, "@") && n > 1 && n < line->n && line->s[n] == ':';
}

const char *said_note(const struct said *s, int line)
{
	struct sentence sentence = {.n = 0};
	const char *note = NULL;
	bool is_skipped = false;
	int first, last;

	if (!find_comment(s, line, &first, &last))
		return NULL;
	for (int at = first; at <= last && !note; at++) {
		struct word w = said_in(s, at);

		if (!w.n || is_of_parameter(&w)) {
			note = end_sentence(s, &sentence);
			is_skipped = w.n != 0;
		}
		if (!is_skipped && !note)
			note = read_line(s, w, &sentence);
	}
	return note ? note : end_sentence(s, &sentence);
}

/* ------------------------------------------------------------------ no lock is needed */

static bool is_exemption(const struct sentence *s)
{
	static const char *const no[] = {"no", "not", "don't", "doesn't", "needn't", "without", "never", "unnecessary", NULL};
	static const char *const need[] = {
		"need", "needs", "needed", "require", "required", "necessary", "unnecessary", "safe", NULL
	};
	static const char *const lock[] = {"lock", "locks", "locking", "locked", "mutex", "spinlock", NULL};
	bool is_no = false, is_need = false, is_lock = false;

	for (int i = 0; i < s->n; i++) {
		is_no |= said_is_word(&s->words[i], no);
		is_need |= said_is_word(&s->words[i], need);
		is_lock |= said_is_word(&s->words[i], lock);
	}
	return is_no && is_need && is_lock;
}

/* The comments in those lines are one text to it. */
const char *said_free(const struct said *s, int first, int last)
{
	struct sentence sentence = {.n = 0};
	const char *p, *end;

	if (first < 1 || first > s->nline)
		return NULL;
	p = s->text + s->starts[first - 1];
	end = s->text + s->starts[last < s->nline ? last : s->nline];
	while (p < end && (p = memmem(p, (size_t)(end - p), "/*", 2))) {
		const char *close = memmem(p, (size_t)(end - p), "*/", 2);

		sentence.n = 0;
		for (close = close ? close : end; p < close; ) {
			struct word w;

			if (said_is_name_char(*p)) {
				p = said_next_word(p, close, &w);
				said_add_word(&sentence, w);
			} else if (strchr(".;!", *p++)) {
				if (is_exemption(&sentence))
					break;
				sentence.n = 0;
			}
		}
		if (is_exemption(&sentence))
			return "said_free";
	}
	return NULL;
}
