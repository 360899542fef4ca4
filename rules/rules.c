// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of rules, and what they report through. rules_run() shows every fact to
 * every rule; a rule takes the kinds that are its own. Nothing depends on the order.
 */

#include "rules/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"

#define RULE(name) extern const struct rule rule_##name;
#include "rules/rules.inc"
#undef RULE

const struct rule *const rules[] = {
#define RULE(name) &rule_##name,
#include "rules/rules.inc"
#undef RULE
	NULL
};

const struct rule *rule_find(const char *id)
{
	for (const struct rule *const *r = rules; *r; r++)
		if (!strcmp((*r)->id, id))
			return *r;
	return NULL;
}

void rules_run(const struct fact *const *facts, size_t nfact, struct finding_list *out)
{
	for (const struct rule *const *r = rules; *r; r++)
		for (size_t i = 0; i < nfact; i++)
			(*r)->check(*r, facts[i], out);
}

void rule_report(const struct rule *self, const struct fact *fact, struct finding_list *out,
		 const char *fix, const char *format, ...)
{
	va_list args, again;
	enum level level = self->level;
	char *message;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		bug("the message of rule %s cannot be formatted", self->id);
	message = arena_alloc(out->arena, (size_t)len + 1);
	vsnprintf(message, (size_t)len + 1, format, args);
	va_end(args);
	/* The kernel warns before it gets there: somebody holds the path to be impossible. */
	finding_list_add(out, self, fact->is_warned && level > LEVEL_WARNING ? LEVEL_WARNING : level, fact, message, fix);
}
