// SPDX-License-Identifier: GPL-2.0-only
/*
 * git, asked through its raw formats, which no setting of the user's changes. In a hook git says by variables which
 * index the commit is made from, with names relative to where the hook runs: then git is run there too.
 */
#include "cli/git.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"

enum { MOST_WORDS = 12 };

/* Run git with these words (ended by NULL). Its status; the first line of its complaint in *why. */
static int run(struct git *g, const char *const *words, const struct text *input, struct text *out,
	       const char **why)
{
	const char *argv[MOST_WORDS + 4] = {"git", "--no-optional-locks", "--no-pager"};
	struct text err;
	int n = 3, status;

	while (n < MOST_WORDS + 3 && *words)
		argv[n++] = *words++;
	text_init(&err);
	status = process_run((char *const *)argv, g->dir, input, out, &err);
	if (status < 0)
		text_printf(&err, "git cannot be run: %s", strerror(-status));
	*why = arena_strndup(g->arena, text_str(&err), strcspn(text_str(&err), "\n"));
	text_release(&err);
	return status;
}

/* The same, for what must not fail. */
static void ask(struct git *g, const char *const *words, const struct text *input, struct text *out)
{
	const char *why;
	int status = run(g, words, input, out, &why);

	if (status)
		die("git %s failed: %s", words[0], *why ? why : "it does not say why");
}

/* One line of answer; NULL if git fails. */
static const char *line(struct git *g, const char *const *words)
{
	struct text out;
	const char *why, *s = NULL;

	text_init(&out);
	if (!run(g, words, NULL, &out, &why) && out.len)
		s = arena_strndup(g->arena, text_str(&out), strcspn(text_str(&out), "\n"));
	text_release(&out);
	return s;
}

const char *git_setting(struct arena *a, const char *dir, const char *name)
{
	struct git g = {.arena = a, .dir = dir};

	return line(&g, (const char *const[]){"config", "--get", name, NULL});
}

void git_set(struct git *g, const char *name, const char *value)
{
	struct text out;

	text_init(&out);
	ask(g, (const char *const[]){"config", "--local", name, value, NULL}, NULL, &out);
	text_release(&out);
}

void git_open(struct git *g, struct arena *a, const char *dir)
{
	bool in_hook = getenv("GIT_DIR") || getenv("GIT_INDEX_FILE");
	struct text out;
	const char *why;

	memset(g, 0, sizeof(*g));
	g->arena = a;
	g->dir = in_hook ? NULL : dir;
	text_init(&out);
	if (run(g, (const char *const[]){"rev-parse", "--show-toplevel", NULL}, NULL, &out, &why))
		die("%s is in no work tree that git would look at: %s", dir, why);
	g->top = arena_strndup(a, text_str(&out), strcspn(text_str(&out), "\n"));
	text_release(&out);
}

const char *git_commit(struct git *g, const char *revision)
{
	const char *commit = line(g, (const char *const[]){"rev-parse", "--verify", "--quiet", "--end-of-options",
				  arena_printf(g->arena, "%s^{commit}", revision), NULL});

	if (!commit)
		die("%s is no commit that git knows here", revision);
	return commit;
}

const char *git_head(struct git *g)
{
	const char *head = line(g, (const char *const[]){"rev-parse", "--verify", "--quiet", "HEAD^{commit}", NULL});

	if (!head)
		head = line(g, (const char *const[]){"hash-object", "-t", "tree", "/dev/null", NULL});
	if (!head)
		die("git does not say what HEAD is");
	return head;
}

/* --- differences ----------------------------------------------------------------- */

static bool is_file_mode(const char *mode)
{
	return !strncmp(mode, "100", 3);
}

/*
 * ":100644 100755 OLD NEW M", NUL, the path, NUL; and so on (git-diff(1), "Raw output format"). Links and
 * submodules are no files.
 */
static size_t parse_raw(struct git *g, const struct text *raw, struct git_change **out)
{
	const char *p = text_str(raw), *end = p + raw->len;
	size_t n = 0;

	for (const char *q = p; q < end; q++)
		n += *q == '\0';
	*out = ARENA_ARRAY(g->arena, struct git_change, n / 2 + 1);
	n = 0;
	while (p < end && *p == ':') {
		const char *path = p + strlen(p) + 1, *old, *new;
		struct git_change *c = &(*out)[n];
		size_t len;

		if (path >= end || strlen(p) < 20)
			break;
		old = p + 15;
		len = strcspn(old, " ");
		new = old + len + 1;
		c->path = arena_strdup(g->arena, path);
		c->before = is_file_mode(p + 1) ? arena_strndup(g->arena, old, len) : NULL;
		c->after = is_file_mode(p + 8) ? arena_strndup(g->arena, new, len) : NULL;
		n += c->before || c->after;
		p = path + strlen(path) + 1;
	}
	return n;
}

static size_t diff(struct git *g, const char *how, const char *tree, struct git_change **out)
{
	const char *words[] = {"diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
			       "--ignore-submodules", "--no-relative", "-O/dev/null", how ? how : tree, how ? tree : "--", how && tree ? "--" : NULL,
			       NULL};
	struct text raw;
	size_t n;

	text_init(&raw);
	ask(g, words, NULL, &raw);
	n = parse_raw(g, &raw, out);
	text_release(&raw);
	return n;
}

size_t git_diff_staged(struct git *g, const char *tree, struct git_change **out)
{
	return diff(g, "--cached", tree, out);
}

size_t git_diff_unstaged(struct git *g, struct git_change **out)
{
	return diff(g, "--", NULL, out);
}

size_t git_diff_tree(struct git *g, const char *tree, struct git_change **out)
{
	return diff(g, NULL, tree, out);
}

/* --- contents -------------------------------------------------------------------- */

/* "OBJECT blob SIZE", LF, the bytes, LF; or "OBJECT missing", LF (git-cat-file(1), --batch). */
void git_contents(struct git *g, const char *const *objects, size_t n, const char **names)
{
	struct text input, out;
	const char *p, *end;

	text_init(&input);
	text_init(&out);
	for (size_t i = 0; i < n; i++)
		text_printf(&input, "%s\n", objects[i]);
	if (n)
		ask(g, (const char *const[]){"cat-file", "--batch", NULL}, &input, &out);
	p = text_str(&out);
	end = p + out.len;
	for (size_t i = 0; i < n; i++) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *blob = strstr(p, " blob ");
		unsigned long size = lf && blob && blob < lf ? strtoul(blob + 6, NULL, 10) : 0;
		char name[32];
		int err;

		if (!lf || !blob || blob > lf || size >= (unsigned long)(end - lf))
			die("git has no content for %s", objects[i]);
		err = process_file(lf + 1, size, name);
		if (err)
			die("the content of %zu files cannot be held: %s", n, strerror(-err));
		names[i] = arena_strdup(g->arena, name);
		p = lf + 1 + size + 1;
	}
	text_release(&input);
	text_release(&out);
}

const char *git_path(struct git *g, const char *name)
{
	const char *path = line(g, (const char *const[]){"rev-parse", "--git-path", name, NULL});
	char *cwd = getcwd(NULL, 0);

	if (!path || !cwd)
		die("git does not say where its %s are", name);
	path = path_absolute(g->arena, g->dir ? g->dir : cwd, path);
	free(cwd);
	return path;
}
