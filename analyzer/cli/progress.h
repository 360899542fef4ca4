/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/*
 * How far a stage has come, on stderr: one line that is drawn over on a terminal, else a plain line every ten
 * seconds. Messages of die() and problem() take the line away first.
 */

#include <stdbool.h>
#include <stddef.h>

/* A stage begins: "capture", and how many things it has to do. Nothing is drawn if quiet. */
void progress_start(const char *stage, size_t total, bool quiet);
/* done of them are done; name is the last one, or NULL. */
void progress_at(size_t done, size_t total, const char *name);
/* The stage has ended: take the line away. */
void progress_end(void);
/* Seconds on a clock that only goes forward. */
double progress_now(void);

#endif
