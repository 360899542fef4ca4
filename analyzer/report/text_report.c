// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings as text, in the form that editors and build robots read since the first C compilers. Steps inside
 * callees and callbacks are indented; what is held is said where it changes.
 */
#include "report/text_report.h"

#include <string.h>

#include "base/text.h"
#include "report/finding.h"
#include "rules/rule.h"

enum color { PLAIN, BOLD, RED, MAGENTA, BLUE, CYAN, GREEN };

static void paint(struct text *out, bool color, enum color c)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m", [BOLD] = "\033[1m", [RED] = "\033[1;31m", [MAGENTA] = "\033[1;35m",
		[BLUE] = "\033[1;34m", [CYAN] = "\033[36m", [GREEN] = "\033[32m",
	};

	if (color)
		text_puts(out, codes[c]);
}

void text_report_add_safe(struct text *out, const char *s)
{
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s, next = (unsigned char)s[1];

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0))
			text_printf(out, "\\x%02x", c);	/* the second are C1 controls, as UTF-8 */
		else if (!strncmp(s, "##[", 3) || !strncmp(s, "::", 2))
			text_printf(out, "\\x%02x", c);	/* to a build robot, a command */
		else
			text_putc(out, *s);
	}
}

static void add_place(struct text *out, const struct place *at, bool color)
{
	paint(out, color, BOLD);
	text_report_add_safe(out, at->file ? at->file : "(unknown place)");
	text_putc(out, ':');
	if (at->file && at->line > 0)
		text_printf(out, "%d:", at->line);
	if (at->file && at->line > 0 && at->col > 0)
		text_printf(out, "%d:", at->col);
	paint(out, color, PLAIN);
	text_putc(out, ' ');
}

static void add_part(struct text *out, const char **separator, const char *head, const char *s)
{
	if (!s || !*s)
		return;
	text_puts(out, *separator);
	text_puts(out, head);
	text_report_add_safe(out, s);
	*separator = "; ";
}

void text_report_add_held(struct text *out, const struct step *step)
{
	const char *separator = " [";

	add_part(out, &separator, "holds ", step->locks);
	add_part(out, &separator, "keeps ", step->borrows);
	add_part(out, &separator, "references ", step->refs);
	if (*separator == ';')
		text_putc(out, ']');
}

static void print_steps(struct text *out, const struct fact *fact, bool color)
{
	struct text held, before;

	text_init(&held);
	text_init(&before);
	for (int i = 0; i < fact->nstep; i++) {
		const struct step *step = &fact->steps[i];

		add_place(out, &step->at, color);
		paint(out, color, CYAN);
		text_puts(out, "note: ");
		paint(out, color, PLAIN);
		for (int k = 0; k < step->depth; k++)
			text_puts(out, "  ");
		text_report_add_safe(out, step->text);
		text_clear(&held);
		text_report_add_held(&held, step);
		if (strcmp(text_str(&held), text_str(&before)))
			text_puts(out, text_str(&held));
		text_clear(&before);
		text_puts(&before, text_str(&held));
		text_putc(out, '\n');
	}
	text_release(&held);
	text_release(&before);
}

static void print_finding(struct text *out, const struct finding *f, bool color)
{
	static const enum color colors[] = {
		[LEVEL_ADVICE] = BLUE, [LEVEL_WARNING] = MAGENTA, [LEVEL_ERROR] = RED,
	};

	add_place(out, &f->fact->at, color);
	paint(out, color, colors[f->level]);
	text_printf(out, "%s: ", level_name(f->level));
	paint(out, color, PLAIN);
	paint(out, color, BOLD);
	text_report_add_safe(out, f->message);
	paint(out, color, PLAIN);
	text_printf(out, " [%s]\n", f->rule->id);
	print_steps(out, f->fact, color);
	if (f->configs) {
		text_puts(out, "  only in: ");
		text_report_add_safe(out, f->configs);
		text_putc(out, '\n');
	}
	if (!f->fix || !*f->fix)
		return;
	paint(out, color, GREEN);
	text_puts(out, "  fix: ");
	paint(out, color, PLAIN);
	text_report_add_safe(out, f->fix);
	text_putc(out, '\n');
}

void text_report_print(struct text *out, const struct finding_list *l, bool color)
{
	for (size_t i = 0; i < l->n; i++)
		print_finding(out, &l->items[i], color);
}
