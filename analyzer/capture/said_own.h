/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_SAID_OWN_H
#define CAPTURE_SAID_OWN_H

/* What said.c shares with said_struct.c. */

#include <stdbool.h>

#include "capture/said.h"

#define MOST_WORDS 60		/* of a sentence */

struct word {
	const char *s;
	size_t n;
};

struct sentence {
	struct word words[MOST_WORDS];
	int n;
	bool is_odd;		/* too long, or with signs of a formula in it */
};

static inline bool said_is_name_char(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is it one of the words, in whatever case? The list ends with NULL. */
bool said_is_word(const struct word *w, const char *const *list);
/* The word that begins at p, or a path of members; behind it. */
const char *said_next_word(const char *p, const char *end, struct word *w);
void said_add_word(struct sentence *s, struct word w);
/* Find what comments in the structs of a text say. */
void said_read_structs(struct said *s, const char *text, size_t len);

#endif
