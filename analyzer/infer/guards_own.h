/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_GUARDS_OWN_H
#define INFER_GUARDS_OWN_H

/* What guards.c shares with guards_list.c. */

#include "infer/guards.h"

/* What is seen of one field. */
struct tally {
	const char *field;
	struct use {
		const struct node *n;
		const struct sighting *x;
	} *uses;		/* those of one function together */
	int n, cap;
};

/* May that lock guard that field? "iommu_group.mutex" of "iommu_group.devices", or a lock that is in no struct. */
bool guards_may(const struct guards *g, const char *lock, const char *field);
/* All that is surely held at the use. */
const struct names *guards_sure_at(struct guards *g, const struct use *u);
/* The lock under which a list is changed and walked by few functions; NULL if there is none, or the field is no list. */
struct guard *guards_infer_list(struct guards *g, const struct tally *t);

#endif
