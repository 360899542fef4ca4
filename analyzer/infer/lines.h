/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_LINES_H
#define INFER_LINES_H

/*
 * Functions by file and name, for places that are kept between runs: a place is said by the function that it is in and
 * how far from its line. One file can define a name several times (under #if, for different units): then the function's
 * text is said as well, and how many there are, so that nothing is taken for another.
 */

#include <stdint.h>

struct func;
struct program;

/* At how many lines its file has functions of its name; 0 if it is not in the program. */
int lines_count(const struct program *p, const struct func *fn);
/* How many of them have its text and stand before it. */
int lines_number(const struct program *p, const struct func *fn);
/*
 * The function of the program that these numbers and that hash (the first half) were of; of a single one no more than the
 * name is asked. NULL if there is none.
 */
const struct func *lines_find(const struct program *p, const char *file, const char *name, int count, uint64_t hash,
			      int number);

/* For program_build(), and to undo that. */
void lines_build(struct program *p);
void lines_release(struct program *p);

#endif
