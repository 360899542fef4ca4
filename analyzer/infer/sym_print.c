// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symbols in words, and the class of a lock. Entries: sym_print(), sym_class(), sym_class_of(). Names of
 * fields and variables ride along with symbols for this only.
 */
#include "infer/sym.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A per-CPU variable's own address, of that for some CPU: its offset was added. Else s. */
static const struct sym *of_all_cpus(const struct sym *s)
{
	if (s->kind != SYM_BIN || s->sub != BIN_ADD)
		return s;
	if (s->a->kind == SYM_GLOBAL)
		return s->a;
	return s->b->kind == SYM_GLOBAL ? s->b : s;
}

static void print_base(struct text *out, const struct sym *s)
{
	s = of_all_cpus(s);
	switch (s->kind) {
	case SYM_INT:
		text_printf(out, "%lld", (long long)s->value);
		break;
	case SYM_PARAM:
		s->name ? text_puts(out, s->name) : text_printf(out, "argument %lld", (long long)s->value + 1);
		break;
	case SYM_GLOBAL: case SYM_FUNC:
		text_puts(out, flow_plain_name(s->name));
		break;
	case SYM_STACK: case SYM_NEW:
		text_puts(out, s->name ? s->name : "a value");
		break;
	default:
		sym_print(out, s, false);
	}
}

static void print_field(struct text *out, const struct sym *addr)
{
	const struct sym *base = of_all_cpus(addr->a);
	bool direct = base->kind == SYM_GLOBAL || base->kind == SYM_STACK;

	if (base->kind == SYM_ELEM) {
		sym_print(out, base, true);
		direct = true;
	} else {
		print_base(out, base);
	}
	if (addr->field)
		text_printf(out, "%s%s", direct ? "." : "->", addr->field);
	else if (addr->value > 0)
		text_printf(out, "%s[+%lld]", direct ? "." : "->", (long long)addr->value);
}

void sym_print(struct text *out, const struct sym *s, bool as_target)
{
	s = of_all_cpus(s);
	switch (s->kind) {
	case SYM_ADDR:
		if (!as_target && s->value > 0)
			text_putc(out, '&');
		print_field(out, s);
		break;
	case SYM_ELEM:
		if (!as_target)
			text_putc(out, '&');
		sym_print(out, s->a, true);
		text_puts(out, "[]");
		break;
	case SYM_LOAD:
		if (s->a->kind == SYM_ADDR || s->a->kind == SYM_ELEM || s->a->kind == SYM_GLOBAL) {
			sym_print(out, s->a, true);
			break;
		}
		text_putc(out, '*');
		print_base(out, s->a);
		break;
	case SYM_GLOBAL: case SYM_STACK:
		if (!as_target)
			text_putc(out, '&');
		print_base(out, s);
		break;
	case SYM_ALL:
		print_base(out, s->a);
		text_puts(out, " and ");
		print_base(out, s->b);
		break;
	case SYM_BIN: case SYM_CMP:
		print_base(out, s->a);
		text_printf(out, " %s ", flow_sub_name(s->sub));
		print_base(out, s->b);
		break;
	default:
		print_base(out, s);
	}
}

/*
 * Where the path of members comes to what a spinlock is made of (include/linux/spinlock_types.h): it begins where the
 * lock does, and may have been spoken of first. NULL: nowhere.
 */
static const char *find_inner(const char *path)
{
	static const char *const inner[] = {"rlock", "raw_lock"};
	size_t len;

	for (const char *at = path;; at += len + 1) {
		len = strcspn(at, ".");
		for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
			if (len == strlen(inner[i]) && !memcmp(at, inner[i], len))
				return at;
		if (!at[len])
			return NULL;
	}
}

const char *sym_class_of(const char *struct_name, const char *field)
{
	const char *inner = find_inner(field);
	int len = inner && inner > field ? (int)(inner - field) - 1 : (int)strlen(field);
	char buf[256];
	size_t n;

	n = (size_t)snprintf(buf, sizeof(buf), "%s.%.*s", struct_name ? struct_name : "", len, field);
	return intern_n(buf, n < sizeof(buf) ? n : sizeof(buf) - 1);
}

const char *sym_class(const struct sym *lock, const char *kind)
{
	if (lock->kind == SYM_ELEM)
		lock = lock->a;
	lock = of_all_cpus(lock);
	if (lock->kind == SYM_GLOBAL)
		return lock->name;
	if (lock->first && !(lock->kind == SYM_ADDR && lock->field && find_inner(lock->first) == lock->first))
		return sym_class_of(lock->first_struct, lock->first);
	if (lock->kind != SYM_ADDR || !lock->field)
		return kind;
	if (of_all_cpus(lock->a)->kind == SYM_GLOBAL && !lock->struct_name)
		return of_all_cpus(lock->a)->name;
	return sym_class_of(lock->struct_name, lock->field);
}
