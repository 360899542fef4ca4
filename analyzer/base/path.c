// SPDX-License-Identifier: GPL-2.0-only
/*
 * File names as text. ".." is taken away with the name before it, as clang's own paths want it; where
 * that name is a symbolic link the result may name nothing, which the caller finds out by opening it.
 */
#include "base/path.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/arena.h"

/* Take "." and ".." and empty names out of an absolute path, in place. */
static void make_plain(char *path)
{
	char *out = path;
	const char *in = path;

	while (*in) {
		size_t n;

		in += strspn(in, "/");
		n = strcspn(in, "/");
		if (n == 2 && in[0] == '.' && in[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (n && !(n == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

char *path_absolute(struct arena *a, const char *dir, const char *path)
{
	char *s = path[0] == '/' ? arena_printf(a, "%s", path) : arena_printf(a, "%s/%s", dir, path);

	make_plain(s);
	return s;
}

const char *path_inside(const char *path, const char *top)
{
	size_t n = strlen(top);

	if (n && top[n - 1] == '/')
		n--;
	if (strncmp(path, top, n) || path[n] != '/' || !path[n + 1])
		return NULL;
	return path + n + 1;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_parent(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? arena_strndup(a, path, (size_t)(slash - path)) : arena_strdup(a, "/");
}

bool path_ends(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && !strcmp(path + n - m, suffix);
}

bool path_is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool path_is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

uint64_t path_room(const char *folder)
{
	struct statvfs fs;

	return statvfs(folder, &fs) ? UINT64_MAX : (uint64_t)fs.f_bavail * fs.f_frsize;
}
