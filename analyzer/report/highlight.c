// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lexer for showing C: it knows where words begin and end, and nothing of what they mean. It works on
 * anything: what is no C comes out as text.
 */
#include "report/highlight.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/html_text.h"

/* Of C, GNU C, and the kernel's own names of types; sorted. */
static const char *const keywords[] = {
	"_Alignas", "_Alignof", "_Atomic", "_Bool", "_Generic", "_Noreturn", "_Static_assert",
	"__always_inline", "__attribute__", "__auto_type", "__extension__", "__inline", "__inline__",
	"__typeof__", "__volatile__", "alignas", "alignof", "asm", "auto", "bool", "break", "case", "char",
	"const", "continue", "default", "do", "double", "else", "enum", "extern", "false", "float", "for",
	"goto", "if", "inline", "int", "long", "noinline", "register", "restrict", "return", "s16", "s32",
	"s64", "s8", "short", "signed", "size_t", "sizeof", "ssize_t", "static", "struct", "switch", "true",
	"typedef", "typeof", "u16", "u32", "u64", "u8", "union", "unsigned", "void", "volatile", "while",
};

struct lexer {
	struct text *out;	/* or NULL */
	const char *line;
	const int *columns;	/* to be marked */
	int n;
	bool directive;		/* all is part of one, but comments and strings */
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static int compare_words(const void *key, const void *member)
{
	return strcmp(key, *(const char *const *)member);
}

static bool is_keyword(const char *s, size_t n)
{
	char word[24];

	if (n >= sizeof(word))
		return false;
	memcpy(word, s, n);
	word[n] = '\0';
	return bsearch(word, keywords, sizeof(keywords) / sizeof(keywords[0]), sizeof(keywords[0]),
		       compare_words);
}

static bool is_marked(const struct lexer *x, const char *from, const char *to)
{
	for (int i = 0; i < x->n; i++)
		if (x->columns[i] > from - x->line && x->columns[i] <= to - x->line)
			return true;
	return false;
}

/* Append [from, to) in an element; tag NULL: in none. */
static void add(const struct lexer *x, const char *tag, const char *from, const char *to)
{
	bool marked = x->n && !x->directive && is_marked(x, from, to);

	if (!x->out || from == to)
		return;
	if (marked)
		text_puts(x->out, "<mark>");
	if (tag)
		text_printf(x->out, "<%s>", tag);
	html_add_n(x->out, from, (size_t)(to - from));
	if (tag)
		text_printf(x->out, "</%s>", tag);
	if (marked)
		text_puts(x->out, "</mark>");
}

/* Behind the string or character that begins at s. */
static const char *skip_string(const char *s)
{
	char quote = *s++;

	for (; *s && *s != quote; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

/* Behind the number that begins at s, with its exponent and suffixes. */
static const char *skip_number(const char *s)
{
	while (is_word(*s) || *s == '.' || ((*s == '+' || *s == '-') && strchr("eEpP", s[-1])))
		s++;
	return s;
}

/* A comment from s on, whose text starts at text. Behind it, or NULL if it goes on in the next line. */
static const char *add_comment(const struct lexer *x, const char *s, const char *text)
{
	const char *end = strstr(text, "*/");

	add(x, "i", s, end ? end + 2 : s + strlen(s));
	return end ? end + 2 : NULL;
}

/* Behind the part of a directive that begins at s and has neither strings nor comments. */
static const char *skip_directive(const char *s)
{
	do
		s++;
	while (*s && *s != '"' && *s != '\'' && !(*s == '/' && (s[1] == '*' || s[1] == '/')));
	return s;
}

/* One token, no comment; signs in a row are one. Behind it. */
static const char *add_token(const struct lexer *x, const char *s)
{
	const char *tag = NULL, *end = s + 1;

	if (*s == '"' || *s == '\'') {
		end = skip_string(s);
		tag = "u";
	} else if (x->directive) {
		end = skip_directive(s);
		tag = "samp";
	} else if (isdigit((unsigned char)*s)) {
		end = skip_number(s);
		tag = "var";
	} else if (is_word(*s)) {
		while (is_word(*end))
			end++;
		tag = is_keyword(s, (size_t)(end - s)) ? "b" : NULL;
	} else if (!x->n) {
		while (*end && !is_word(*end) && !strchr("\"'/", *end))
			end++;
	}
	add(x, tag, s, end);
	return end;
}

static bool ends_in_backslash(const char *line)
{
	size_t n = strlen(line);

	return n && line[n - 1] == '\\';
}

enum highlight highlight_line(struct text *out, const char *line, enum highlight in, const int *columns,
			      int n)
{
	struct lexer x = {.out = out, .line = line, .columns = columns, .n = n,
			  .directive = in == HIGHLIGHT_DIRECTIVE || in == HIGHLIGHT_DIRECTIVE_COMMENT};
	bool comment = in == HIGHLIGHT_COMMENT || in == HIGHLIGHT_DIRECTIVE_COMMENT;
	const char *s = line;

	if (in == HIGHLIGHT_CODE)
		x.directive = line[strspn(line, " \t")] == '#';
	if (comment)
		s = add_comment(&x, s, s);
	while (s && *s) {
		if (*s == '/' && s[1] == '*')
			s = add_comment(&x, s, s + 2);
		else if (*s == '/' && s[1] == '/') {
			add(&x, "i", s, s + strlen(s));
			s += strlen(s);
		} else {
			s = add_token(&x, s);
		}
	}
	if (!s)
		return x.directive ? HIGHLIGHT_DIRECTIVE_COMMENT : HIGHLIGHT_COMMENT;
	return x.directive && ends_in_backslash(line) ? HIGHLIGHT_DIRECTIVE : HIGHLIGHT_CODE;
}
