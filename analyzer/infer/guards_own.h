/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_GUARDS_OWN_H
#define INFER_GUARDS_OWN_H

/* What guards.c shares with guards_list.c and guards_said.c. */

#include "infer/guards.h"

struct guard_count {
	bool is_list;
	int under, functions, all, writes, own;
	const char **folders;
};

/* What is seen of one field. */
struct tally {
	const char *field;
	struct field_use {
		const struct node *n;
		const struct sighting *x;
	} *uses;		/* those of one function together */
	int n, cap;
};

/* May that lock guard that field? "iommu_group.mutex" of "iommu_group.devices", or a lock that is in no struct. */
bool guards_may(const struct guards *g, const char *lock, const char *field);
/* All that is surely held at the use. */
const struct names *guards_sure_at(struct guards *g, const struct field_use *u);
/* Who touches the field under the lock, and who does not. */
struct guard_count guards_count(struct guards *g, const struct tally *t, const char *lock);
/* What comments in structs say: to be read before the guard of one field is asked for. NULL if no comment names one. */
void guards_read_said(struct guards *g);
struct guard *guards_infer_said(struct guards *g, const struct tally *t);
/* The lock under which a list is changed and walked by few functions; NULL if there is none, or the field is no list. */
struct guard *guards_infer_list(struct guards *g, const struct tally *t);

#endif
