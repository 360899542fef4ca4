/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_BITCODE_H
#define CAPTURE_BITCODE_H

/* Bitcode to flow. The only file that includes llvm-c/. */

#include <stddef.h>

struct arena;
struct text;
struct unit;
struct view;

/*
 * Read a bitcode file made with -g and without passes, run the passes devscope wants, and lower it. Places
 * under source_root are made relative to it; file is the unit's own name, relative; view (or NULL) has
 * its text, for what comments say. NULL if the bitcode cannot be read: error says why. The unit lives in a.
 */
struct unit *bitcode_lower(struct arena *a, const char *path, const char *file, const struct view *view,
			   const char *source_root, struct text *error);
/* "19.1.7": the LLVM this was built with. */
const char *bitcode_llvm_version(void);

#endif
