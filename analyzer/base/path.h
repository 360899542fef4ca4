/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* File names: joined, made plain, compared. By their text alone, save for the questions at the end. */

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* path as seen from dir (absolute), without "." and ".." and doubled slashes. */
char *path_absolute(struct arena *a, const char *dir, const char *path);
/* The part of path below top, or NULL if it is not below it. Borrowed from path. */
const char *path_inside(const char *path, const char *top);
/* What follows the last slash. Borrowed. */
const char *path_base(const char *path);
/* The folder that holds path (absolute); "/" for the root itself. */
char *path_parent(struct arena *a, const char *path);
/* Does path end with this suffix (".c")? */
bool path_ends(const char *path, const char *suffix);

/* Ask the file system. */
bool path_is_folder(const char *path);
bool path_is_file(const char *path);
/* Bytes that may still be written in this folder; UINT64_MAX if that cannot be told. */
uint64_t path_room(const char *folder);

#endif
