/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_LINES_H
#define INFER_LINES_H

/*
 * Functions by file and name, for places that are kept between runs: a place is said by the function that it is in and
 * how far from its line. One file can define a name several times (under #if, for different units): they are numbered by
 * line, and how many there are is said as well, so that nothing is taken for another.
 */

struct func;
struct program;

/* Which of its name in its file the function is, from 0, and how many there are. 0 of 0: it is not in the program. */
int lines_number(const struct program *p, const struct func *fn, int *count);
/* A function of the program that stands there; NULL if there is none, or not so many. */
const struct func *lines_find(const struct program *p, const char *file, const char *name, int number, int count);

/* For program_build(), and to undo that. */
void lines_build(struct program *p);
void lines_release(struct program *p);

#endif
