// SPDX-License-Identifier: GPL-2.0-only
/* The little Markdown that rules' help is written in, as HTML. */
#include "report/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "report/highlight.h"
#include "report/html_text.h"

/* Text with **strong** and `code`. */
static void add_inline(struct text *out, const char *s, size_t n)
{
	bool strong = false, code = false;
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_strong = !code && s[i] == '*' && i + 1 < n && s[i + 1] == '*', is_code = s[i] == '`';

		if (!is_strong && !is_code && s[i] != '\n')
			continue;
		html_add_n(out, s + from, i - from);
		if (is_strong)
			text_puts(out, strong ? "</strong>" : "<strong>");
		else if (is_code)
			text_puts(out, code ? "</code>" : "<code>");
		else
			text_putc(out, '\n');
		strong ^= is_strong;
		code ^= is_code;
		i += is_strong;
		from = i + 1;
	}
	html_add_n(out, s + from, n - from);
	text_puts(out, code ? "</code>" : "");
	text_puts(out, strong ? "</strong>" : "");
}

/* The lines up to the closing fence. What follows it. */
static const char *add_fenced(struct text *out, const char *s)
{
	enum highlight in = HIGHLIGHT_CODE;
	struct text line;

	text_init(&line);
	text_puts(out, "<pre class=code>");
	while (*s && strncmp(s, "```", 3)) {
		size_t n = strcspn(s, "\n");

		text_clear(&line);
		text_add(&line, s, n);
		in = highlight_line(out, text_str(&line), in, NULL, 0);
		text_putc(out, '\n');
		s += n + (s[n] == '\n');
	}
	text_puts(out, "</pre>\n");
	text_release(&line);
	s += strcspn(s, "\n");
	return *s ? s + 1 : s;
}

/* Does a paragraph end here? */
static bool is_break(const char *s)
{
	return !*s || *s == '\n' || !strncmp(s, "```", 3);
}

void markdown_add_html(struct text *out, const char *s)
{
	while (s && *s) {
		const char *from = s;

		if (!strncmp(s, "```", 3)) {
			s += strcspn(s, "\n");
			s = add_fenced(out, *s ? s + 1 : s);
			continue;
		}
		if (*s == '\n') {
			s++;
			continue;
		}
		while (!is_break(s)) {
			s += strcspn(s, "\n");
			s += *s == '\n';
		}
		text_puts(out, "<p>");
		add_inline(out, from, (size_t)(s - from) - (s[-1] == '\n'));
		text_puts(out, "</p>\n");
	}
}
