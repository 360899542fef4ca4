/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_STORED_H
#define INFER_STORED_H

/* References kept in members of a driver's objects: is there anybody who gives them back? Seen when all is known. */

#include "infer/fact.h"

struct analysis;
struct ref;
struct sim;
struct state;
struct sym;

/* At an exit, a reference that a lookup gave is in memory that others see: note the member it is in. */
void stored_note(struct sim *sim, struct state *st, const struct ref *r);
/* What object's member leads to is given back, or to somebody who may do that. */
void stored_put(struct sim *sim, const struct sym *object, struct place at);
/* All was simulated: make findings of what drivers keep beyond their removal, and take the evidence out. */
void stored_settle(struct analysis *an);

#endif
