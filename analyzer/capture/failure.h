/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_FAILURE_H
#define CAPTURE_FAILURE_H

/* What clang's messages say of a failure: whether it would come again, and which header is missing from where. */

#include <stdbool.h>

struct arena;
struct text;

/*
 * The name that was not found, as it is written in the source or the command, if that is the first error: of a header,
 * or of the unit's own file. Else NULL.
 */
const char *failure_missing(struct arena *a, const char *messages);
/*
 * Is the first error about a place in the source, or a name that was not found? Then clang says the same again while
 * the files are the same. False for what the machine may be to blame for.
 */
bool failure_is_of_source(const char *messages);
/*
 * The folders in which clang looks for headers, those that do not exist too, from what it says with -v: appended to out,
 * a line each, as clang knows them. False if it does not say.
 */
bool failure_folders(const char *messages, struct text *out);

#endif
