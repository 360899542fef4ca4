// SPDX-License-Identifier: GPL-2.0-only
/*
 * clang's messages after a failure, read by their form. What is said here decides whether the failure is remembered:
 * when in doubt, it is not.
 */
#include "capture/failure.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* The first line with an error, or NULL; *n is its length, *what where "error: " begins in it. */
static const char *first_error(const char *messages, size_t *n, const char **what)
{
	const char *error = strstr(messages, "error: "), *line = error;

	while (line && line > messages && line[-1] != '\n')
		line--;
	*what = error;
	*n = line ? strcspn(line, "\n") : 0;
	return line;
}

const char *failure_missing(struct arena *a, const char *messages)
{
	static const char before[] = "error: no such file or directory: '", after[] = "' file not found";
	const char *what, *line, *name, *end;
	size_t n;

	line = first_error(messages, &n, &what);
	if (!line)
		return NULL;
	if (!strncmp(what, before, strlen(before))) {
		name = what + strlen(before);
		end = line + n - 1;
		return end > name && *end == '\'' ? arena_strndup(a, name, (size_t)(end - name)) : NULL;
	}
	name = what + strlen("error: '");
	end = memmem(line, n, after, strlen(after));
	return name[-1] == '\'' && end > name ? arena_strndup(a, name, (size_t)(end - name)) : NULL;
}

/* ":12:5: " ends at p? Where the number before that begins is written to *p. */
static bool number_before(const char *start, const char **p)
{
	const char *s = *p;

	if (s <= start || *--s != ':')
		return false;
	*p = s;
	while (*p > start && isdigit((unsigned char)(*p)[-1]))
		--*p;
	return *p < s;
}

bool failure_is_of_source(const char *messages)
{
	/* These name a place too, but the next time may be another. */
	static const char *const passing[] = { "cannot open file", "error reading", "modified since", "No space left",
					       "out of memory" };
	const char *what, *line;
	size_t n;

	line = first_error(messages, &n, &what);
	if (!line)
		return false;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (memmem(line, n, passing[i], strlen(passing[i])))
			return false;
	if (what - line >= 6 && !strncmp(what - 6, "fatal ", 6))
		what -= 6;
	if (what - line < 2 || *--what != ' ')
		return false;
	return number_before(line, &what) && number_before(line, &what);
}

bool failure_folders(const char *messages, struct text *out)
{
	static const char none[] = "ignoring nonexistent directory \"";
	bool listed = false;

	for (const char *line = messages; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n");

		if (!strncmp(line, "End of search list.", 19))
			return true;
		if (!strncmp(line, "#include ", 9))
			listed = true;
		if (listed && line[0] == ' ')
			text_printf(out, "%.*s\n", (int)n - 1, line + 1);
		if (!strncmp(line, none, strlen(none)) && n > sizeof(none))
			text_printf(out, "%.*s\n", (int)(n - sizeof(none)), line + strlen(none));
	}
	return false;
}
