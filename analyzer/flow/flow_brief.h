/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_FLOW_BRIEF_H
#define FLOW_FLOW_BRIEF_H

/* A function in brief: all but its instructions, as bytes. It is read in a hundredth of the time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct func;
struct text;

/* Set fn's links (in a) from its instructions. Whoever makes a function calls this. */
void flow_link_func(struct arena *a, struct func *fn);
/* Append the brief of a function whose hash and links are set. */
void flow_print_brief(struct text *out, const struct func *fn);
/*
 * The function of these bytes, in a, with neither instructions nor text; its hash is that given, its lines count from
 * its own, until flow_place_func(). NULL when the bytes
 * are damaged, or those of another function.
 */
struct func *flow_parse_brief(struct arena *a, const void *bytes, size_t n, const uint64_t hash[2]);
/* That function is at that line. */
void flow_place_func(struct func *fn, int line);

#endif
