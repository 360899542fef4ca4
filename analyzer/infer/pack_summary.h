/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INFER_PACK_SUMMARY_H
#define INFER_PACK_SUMMARY_H

/* Summaries and facts as bytes, and back. */

#include "infer/fact.h"
#include "infer/pack.h"

struct arena;
struct model;
struct summary;

/* A summary whose steps others may show. They are named by its hash, the case and the use (or -1: its trace). */
struct step_source {
	const struct summary *const *items;
	int n;
};

/* Append s. False when a step in it belongs to no summary of from: then it cannot be kept. */
bool pack_summary(struct packer *p, const struct summary *s, const struct model *m, const struct step_source *from);
/* The same summary; NULL when the bytes make no sense. It lives in a. */
struct summary *unpack_summary(struct unpacker *u, struct arena *a, const struct model *m,
			       const struct step_source *from);

void pack_fact(struct packer *p, const struct fact *f);
/* fn and unit are the caller's to set. */
struct fact *unpack_fact(struct unpacker *u, struct arena *a);

#endif
