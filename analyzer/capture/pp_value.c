// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of #if, in 64 bits with and without sign, as C says.
 *
 * Entry point: pp_condition().
 */
#include "capture/pp.h"

#include <stdlib.h>
#include <string.h>

struct value {
	int64_t v;
	bool is_unsigned;
};

/* Tokens that are added up, and where. */
struct sum {
	struct pp_walk *w;
	const struct pp_token *t;
	int i, n, depth;
};

static const char *spelling(const struct sum *s)
{
	return s->w->pp->names[s->t[s->i].name];
}

static bool is_sign(const struct sum *s, const char *sign)
{
	return s->i < s->n && s->t[s->i].kind == PP_SIGN && !strcmp(spelling(s), sign);
}

static struct value expression(struct sum *s, int least);

static bool take(struct sum *s, const char *sign)
{
	bool is = is_sign(s, sign);

	s->i += is;
	return is;
}

static struct value plain_number(struct sum *s, const char *p)
{
	struct value v = { 0 };
	char *end;
	unsigned long long n;

	if (p[0] == '0' && (p[1] == 'b' || p[1] == 'B'))
		n = strtoull(p + 2, &end, 2);
	else
		n = strtoull(p, &end, 0);
	v.v = (int64_t)n;
	v.is_unsigned = strpbrk(end, "uU") || n > INT64_MAX;
	if (end[strspn(end, "uUlL")])
		pp_fail(s->w, "a number in an #if that is none");
	return v;
}

static struct value character(struct sum *s, const char *p)
{
	struct value v = { 0 };

	if (p[0] != '\'' || p[1] == '\\' || !p[1] || p[2] != '\'')
		pp_fail(s->w, "a string in an #if");
	else
		v.v = (unsigned char)p[1];
	return v;
}

static struct value primary(struct sum *s)
{
	struct value v = { 0 };
	const char *p;

	if (s->i == s->n || ++s->depth > 500) {
		pp_fail(s->w, "an #if that ends early");
		return v;
	}
	p = spelling(s);
	if (take(s, "(")) {
		v = expression(s, 0);
		if (!take(s, ")"))
			pp_fail(s->w, "an #if without )");
	} else if (take(s, "!")) {
		v = primary(s);
		v = (struct value){ !v.v, false };
	} else if (take(s, "-")) {
		v = primary(s);
		v.v = (int64_t)(0 - (uint64_t)v.v);
	} else if (take(s, "~")) {
		v = primary(s);
		v.v = ~v.v;
	} else if (take(s, "+")) {
		v = primary(s);
	} else if (s->t[s->i].kind == PP_NUMBER) {
		s->i++;
		v = plain_number(s, p);
	} else if (s->t[s->i].kind == PP_STRING) {
		s->i++;
		v = character(s, p);
	} else if (s->t[s->i].kind == PP_SIGN) {
		pp_fail(s->w, "a sign in an #if");
	} else {
		s->i++;		/* a name that is no macro is 0 */
	}
	s->depth--;
	return v;
}

static const struct {
	const char *sign;
	int rank;
} binary[] = {
	{ "||", 1 }, { "&&", 2 }, { "|", 3 }, { "^", 4 }, { "&", 5 }, { "==", 6 }, { "!=", 6 }, { "<", 7 },
	{ ">", 7 }, { "<=", 7 }, { ">=", 7 }, { "<<", 8 }, { ">>", 8 }, { "+", 9 }, { "-", 9 }, { "*", 10 },
	{ "/", 10 }, { "%", 10 },
};

static struct value truth(bool b)
{
	return (struct value){ b, false };
}

static struct value divide(struct value a, struct value b, bool rest)
{
	struct value r = { 0, a.is_unsigned || b.is_unsigned };
	uint64_t x = (uint64_t)a.v, y = (uint64_t)b.v;

	if (!b.v || (!r.is_unsigned && b.v == -1))
		r.v = rest ? 0 : (int64_t)(0 - x);	/* by 0 only where it is not counted */
	else if (r.is_unsigned)
		r.v = (int64_t)(rest ? x % y : x / y);
	else
		r.v = rest ? a.v % b.v : a.v / b.v;
	return r;
}

static struct value shift(struct value a, struct value b, bool left)
{
	unsigned by = (unsigned)b.v & 63;

	if (left)
		a.v = (int64_t)((uint64_t)a.v << by);
	else
		a.v = a.is_unsigned ? (int64_t)((uint64_t)a.v >> by) : a.v >> by;
	return a;
}

static struct value apply(const char *sign, struct value a, struct value b)
{
	bool u = a.is_unsigned || b.is_unsigned;
	uint64_t x = (uint64_t)a.v, y = (uint64_t)b.v;
	bool less = u ? x < y : a.v < b.v;

	switch (sign[0]) {
	case '|': return sign[1] ? truth(a.v || b.v) : (struct value){ (int64_t)(x | y), u };
	case '&': return sign[1] ? truth(a.v && b.v) : (struct value){ (int64_t)(x & y), u };
	case '^': return (struct value){ (int64_t)(x ^ y), u };
	case '=': return truth(x == y);
	case '!': return truth(x != y);
	case '<': return sign[1] == '<' ? shift(a, b, true) : truth(less || (sign[1] && x == y));
	case '>': return sign[1] == '>' ? shift(a, b, false) : truth(sign[1] ? !less : !less && x != y);
	case '+': return (struct value){ (int64_t)(x + y), u };
	case '-': return (struct value){ (int64_t)(x - y), u };
	case '*': return (struct value){ (int64_t)(x * y), u };
	case '/': return divide(a, b, false);
	default: return divide(a, b, true);
	}
}

static struct value expression(struct sum *s, int least)
{
	struct value left = primary(s);

	while (s->i < s->n && !s->w->failure) {
		size_t k = 0, count = sizeof(binary) / sizeof(binary[0]);

		while (k < count && !is_sign(s, binary[k].sign))
			k++;
		if (k < count && binary[k].rank > least) {
			s->i++;
			left = apply(binary[k].sign, left, expression(s, binary[k].rank));
		} else if (!least && take(s, "?")) {
			struct value yes = expression(s, 0), no;

			if (!take(s, ":"))
				pp_fail(s->w, "an #if without :");
			no = expression(s, 0);
			left = left.v ? yes : no;
		} else {
			break;
		}
	}
	return left;
}

int pp_condition(struct pp_walk *w, struct pp_file *f, const struct pp_token *tokens, int n)
{
	struct arena a = { 0 };
	struct sum s = { .w = w };
	struct value v = { 0 };

	s.t = pp_expand(w, &a, f, tokens, n, &s.n);
	if (!w->failure)
		v = expression(&s, 0);
	if (!w->failure && s.i < s.n)
		pp_fail(w, "an #if with more behind it");
	arena_release(&a);
	return w->failure ? -1 : v.v != 0;
}
