/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_FLOW_CHARS_H
#define FLOW_FLOW_CHARS_H

/* What the printer and the parser of flow's text must agree on: which characters need no quotes. */

#include <stdbool.h>
#include "flow/flow.h"

enum char_class {
	CHAR_WORD = 1,	/* letters, digits, _ $ : struct names */
	CHAR_NAME = 2,	/* and . : names of functions and variables */
	CHAR_FIELD = 4,	/* and . : - [ ] : field paths */
	CHAR_FILE = 8,	/* and . / + - , ~ = : file names */
};

extern const unsigned char flow_chars[256];

static inline bool flow_char_is(char c, unsigned class)
{
	return flow_chars[(unsigned char)c] & class;
}

/* Does the operation make a value others can name? */
static inline bool flow_has_result(enum flow_op op)
{
	return op < OP_JUMP && op != OP_STORE && op != OP_COPY && op != OP_FILL;
}

#endif
