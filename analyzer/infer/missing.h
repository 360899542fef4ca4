/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_MISSING_H
#define INFER_MISSING_H

/* Locks that are needed and not held, and assertions that would say so. When all was simulated. */

#include <stddef.h>

struct analysis;
struct unit;

void missing_check(struct analysis *an, struct unit *const *units, size_t nunit);

#endif
