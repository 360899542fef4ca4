/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_UNCOUNTED_H
#define INFER_UNCOUNTED_H

/* Objects whose table of functions has none that counts: what is found of references to them is taken back. */

struct analysis;

/* Take facts of references that nobody counts out of the result; they are counted as unsure. */
void uncounted_settle(struct analysis *an);

#endif
