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

/* The fact in people's words: a variable that one file knows without the file. */
static const struct fact *in_words(const struct fact *fact, struct arena *a)
{
	const char *plain = flow_plain_name(fact->class);
	struct fact *copy;

	if (plain == fact->class)
		return fact;
	copy = arena_copy(a, fact, sizeof(*fact));
	copy->class = plain;
	return copy;
}

void rules_run(const struct fact *const *facts, size_t nfact, struct finding_list *out)
{
	for (size_t i = 0; i < nfact; i++) {
		const struct fact *fact = in_words(facts[i], out->arena);

		for (const struct rule *const *r = rules; *r; r++)
			(*r)->check(*r, fact, out);
	}
}

void rule_report(const struct rule *self, const struct fact *fact, struct finding_list *out,
		 const char *fix, const char *format, ...)
{
	va_list args, again;
	enum level level = fact->is_inferred && self->level > LEVEL_WARNING ? LEVEL_WARNING : self->level;
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
