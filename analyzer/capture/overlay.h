/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_OVERLAY_H
#define CAPTURE_OVERLAY_H

struct arena;
struct view;

/*
 * A file in the folder that tells clang (-ivfsoverlay) what the view has in place of files on the disk; NULL if
 * that is nothing. Names in clang's output stay those of the files replaced. A file that the view does not have cannot
 * be hidden from clang: nothing in the view should include it. die() if the file cannot be written.
 */
const char *overlay_write(struct arena *a, const char *folder, const struct view *view);

#endif
