// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings as annotations of GitHub Actions. A command is a line "::KIND PROPERTY=VALUE,...::TEXT"; the runner
 * takes back %25, %0D and %0A everywhere, %3A and %2C in properties. Other control characters become visible,
 * as in the text report. Nothing of a name or a source line can begin a line here, or be a command where it
 * stands: see text_report_add_safe().
 */
#include "report/github.h"

#include <string.h>

#include "base/text.h"
#include "report/finding.h"
#include "report/text_report.h"
#include "rules/rule.h"

#define MOST 10	/* annotations of a kind that GitHub shows a step */

static const char *const kinds[] = {
	[LEVEL_ADVICE] = "notice", [LEVEL_WARNING] = "warning", [LEVEL_ERROR] = "error",
};
#define NKIND (sizeof(kinds) / sizeof(kinds[0]))

/* special: what is escaped besides control characters. */
static void add_escaped(struct text *out, const char *s, const char *special)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\n' || c == '\r' || strchr(special, c))
			text_printf(out, "%%%02X", c);
		else if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\x%02x", c);
		else
			text_putc(out, *s);
	}
}

static void add_data(struct text *out, const char *s)
{
	add_escaped(out, s, "%");
}

static void add_property(struct text *out, const char *name, const char *value)
{
	text_printf(out, "%s=", name);
	add_escaped(out, value, "%:,");
	text_putc(out, ',');
}

static void add_number(struct text *out, const char *name, int value)
{
	if (value > 0)
		text_printf(out, "%s=%d,", name, value);
}

static void print_annotation(struct text *out, const struct finding *f)
{
	const struct place *at = &f->fact->at;

	text_printf(out, "::%s ", kinds[f->level]);
	if (at->file) {
		add_property(out, "file", at->file);
		add_number(out, "line", at->line);
		add_number(out, "col", at->line > 0 ? at->col : 0);
	}
	text_printf(out, "title=devscope%%3A %s::", f->rule->id);
	add_data(out, f->message);
	text_printf(out, " [%s]", f->rule->id);
	if (f->fix && *f->fix) {
		add_data(out, "\nfix: ");
		add_data(out, f->fix);
	}
	text_putc(out, '\n');
}

/* How many of each kind to show. What is said of the others is a notice itself, and must be shown. */
static size_t share_room(const struct finding_list *l, size_t room[NKIND])
{
	size_t count[NKIND] = {0}, left_out = 0;

	for (size_t i = 0; i < l->n; i++)
		count[l->items[i].level]++;
	for (size_t k = 0; k < NKIND; k++) {
		room[k] = MOST;
		left_out += count[k] > MOST ? count[k] - MOST : 0;
	}
	if (left_out && count[LEVEL_ADVICE] >= MOST) {
		room[LEVEL_ADVICE]--;
		left_out++;
	}
	return left_out;
}

void github_report_print(struct text *out, const struct finding_list *l, bool color)
{
	size_t room[NKIND], left_out = share_room(l, room);

	if (!l->n)
		return;
	text_printf(out, "::group::devscope: %zu finding%s, step by step\n", l->n, l->n == 1 ? "" : "s");
	text_report_print(out, l, color);
	text_puts(out, "::endgroup::\n");
	for (size_t i = 0; i < l->n; i++) {
		if (!room[l->items[i].level])
			continue;
		room[l->items[i].level]--;
		print_annotation(out, &l->items[i]);
	}
	if (left_out)
		text_printf(out, "::notice title=devscope::%zu more finding%s than GitHub shows: all are in the "
			    "log of this step, and in the file of --sarif\n", left_out,
			    left_out == 1 ? "" : "s");
}
