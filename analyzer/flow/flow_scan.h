/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_FLOW_SCAN_H
#define FLOW_FLOW_SCAN_H

/*
 * The scanner under the parser of flow's text: characters, numbers, names, places. After an error it stands
 * on an empty string, where every further step fails at once; the first error is the one told. Only
 * flow_scan.c, flow_insn.c and flow_parse.c use it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"
#include "flow/flow_chars.h"

struct arena;
struct text;

struct scan {
	const char *p;		/* the next character; "" after an error */
	const char *start;	/* where line 1 begins */
	struct arena *a;
	struct text *error;
	bool failed;
	bool odd;		/* something was read that the printer prints otherwise: blanks, comments */
	const char *file;	/* the file of places that name none */
	int base;		/* their lines count from that */
	struct func *fn;	/* being read; its ninsn, nblock and nparam bound the numbers */
	struct arg *args;	/* scratch: operands, block numbers and cases of one instruction */
	int *targets;
	int64_t *cases;
	int room;		/* length of these three */
};

#define DIGIT(c) ((unsigned)((c) - '0') < 10)

/* Tell the first error, as "line N: ..."; nothing more is read. */
void scan_fail(struct scan *s, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
/* Step over c if it is next. */
static inline bool scan_eat(struct scan *s, char c)
{
	if (*s->p != c)
		return false;
	s->p++;
	return true;
}
/* Step over c, or fail. */
static inline void scan_need(struct scan *s, char c)
{
	if (*s->p == c)
		s->p++;
	else
		scan_fail(s, "expected '%c'", c);
}
/* One blank, as the printer leaves it; people may use more. */
void scan_blank(struct scan *s);
/* ", " */
void scan_comma(struct scan *s);
void scan_end_line(struct scan *s);
/* Skip empty lines and comments. */
void scan_skip_lines(struct scan *s);
/* Numbers: with a sign; the size of one whose sign was read; from 0 to max. */
int64_t scan_number(struct scan *s);
int64_t scan_magnitude(struct scan *s, bool negative);
int scan_small(struct scan *s, int max);
/* A line, which may be below 0 when it is counted from base. */
int scan_line(struct scan *s);
/* A name of characters of the class (enum char_class), or in quotes; interned. */
const char *scan_name(struct scan *s, unsigned class);
const char *scan_quoted(struct scan *s);
/* A name, or `_` for NULL. */
const char *scan_name_or_none(struct scan *s);
/* A file name, or `?` for NULL. */
const char *scan_file_name(struct scan *s);
/* The word at the cursor is exactly w: step over it. */
bool scan_word(struct scan *s, const char *w);
/* The same behind a blank, which is left if the word is another. */
bool scan_next_word(struct scan *s, const char *w);
/* "12:3", "dir/file.h:12:3", "?:12:3", behind the '@'. */
void scan_place(struct scan *s, struct place *at);
/* "struct.field", ".field", "struct." */
void scan_member(struct scan *s, const char **struct_name, const char **field);
/* Read the line of instruction n into s->fn->insns[n] (flow_insn.c). */
void scan_insn(struct scan *s, int n);

#endif
