/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <stddef.h>

struct arena;
struct strings;
struct unit;

/*
 * A program from files of flow text, for tests and for looking into one unit: sorted by unit. die() on a
 * mistake.
 */
size_t program_read(struct arena *a, const struct strings *files, struct unit ***out);

#endif
