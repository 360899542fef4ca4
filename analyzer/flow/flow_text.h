/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_FLOW_TEXT_H
#define FLOW_FLOW_TEXT_H

/*
 * The text form of flow: dump, storage and test input alike. Printing what was parsed
 * gives the same bytes. The grammar is described at the head of flow_text.c.
 */

struct arena;
struct func;
struct text;
struct unit;

/* Append the text of one function, ended by a newline after "end". */
void flow_print_func(struct text *out, const struct func *fn);
/* Append a whole unit: a header line, its slots, its functions. */
void flow_print_unit(struct text *out, const struct unit *u);
/* The same for flow_parse_unit() alone, which reads it sooner: functions, which are sealed, as they are stored. */
void flow_print_sealed(struct text *out, const struct unit *u);
/*
 * Parse one function from *cursor, which is moved behind it. NULL on a syntax error; error then
 * holds "line N: what is wrong". Lines count from 1 at the first *cursor. The function lives in a;
 * its text and hash fields are set. line: where the function is, if this is its stored text; else 0.
 */
struct func *flow_parse_func(struct arena *a, const char **cursor, int line, struct text *error);
/* Parse what flow_print_unit() or flow_print_sealed() printed. NULL on a syntax error, as above. */
struct unit *flow_parse_unit(struct arena *a, const char *text, struct text *error);
/* Set fn->text (in a) and fn->hash: what flow_print_func() prints, with lines counted from the function's own. */
void flow_seal_func(struct arena *a, struct func *fn);

#endif
