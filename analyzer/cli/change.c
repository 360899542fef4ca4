// SPDX-License-Identifier: GPL-2.0-only
/*
 * A change, from git's differences to the findings it brings. What is staged is read from git's objects, not
 * from the work tree: the view of it has the staged content in place of that of each file that differs. The work
 * tree is never touched.
 */
#include "cli/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/git.h"
#include "cli/options.h"
#include "flow/flow.h"
#include "report/finding.h"

/* --- what differs ---------------------------------------------------------------- */

/* Where names of git and of the source tree meet. */
struct place_of_tree {
	struct arena *arena;
	const char *root;	/* the source tree as commands name it */
	const char *inside;	/* its folder below git's top: "" or "linux/" */
};

static void find_tree(struct place_of_tree *t, struct arena *a, const struct git *g, const char *root)
{
	char *real = realpath(root, NULL);
	const char *inside = real ? path_inside(real, g->top) : NULL;

	t->arena = a;
	t->root = root;
	if (!inside && (!real || strcmp(real, g->top)))
		die("the source tree %s is not in the repository %s that git points to", root, g->top);
	t->inside = inside ? arena_printf(a, "%s/", inside) : "";
	free(real);
}

/* A name of git's as one of the source tree's, interned; NULL if it lies elsewhere. */
static const char *name_in_tree(const struct place_of_tree *t, const char *path)
{
	size_t n = strlen(t->inside);

	return strncmp(path, t->inside, n) ? NULL : intern(path + n);
}

/* Let a view have these objects as the contents of these files; NULL: there is no such file. */
static void replace(struct git *g, const struct place_of_tree *t, struct view *view, const char **names,
		    const char **objects, size_t n)
{
	const char **wanted = ARENA_ARRAY(t->arena, const char *, n);
	const char **contents = ARENA_ARRAY(t->arena, const char *, n);
	size_t nwanted = 0, next = 0;

	for (size_t i = 0; i < n; i++)
		if (objects[i])
			wanted[nwanted++] = objects[i];
	git_contents(g, wanted, nwanted, contents);
	for (size_t i = 0; i < n; i++)
		view_replace(view, path_absolute(t->arena, t->root, names[i]),
			     objects[i] ? contents[next++] : VIEW_ABSENT);
}

/* The view in which the files of these differences are as they were before them. */
static void undo(struct git *g, const struct place_of_tree *t, struct view *view, const struct git_change *diffs,
		 size_t n)
{
	const char **names = ARENA_ARRAY(t->arena, const char *, n);
	const char **objects = ARENA_ARRAY(t->arena, const char *, n);
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = name_in_tree(t, diffs[i].path);

		if (!name)
			continue;
		names[k] = name;
		objects[k++] = diffs[i].before;
	}
	replace(g, t, view, names, objects, k);
}

static void note_files(struct change *c, const struct place_of_tree *t, const struct git_change *diffs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = name_in_tree(t, diffs[i].path);

		if (name && (path_ends(name, ".c") || path_ends(name, ".h")))
			map_set(&c->files, name, c);
	}
}

void change_read(struct change *c, struct arena *a, const struct options *opt, const char *source_root)
{
	struct git_change *changed, *unstaged;
	struct place_of_tree tree;
	const char *base;
	struct git g;
	size_t n, m;

	memset(c, 0, sizeof(*c));
	view_init(&c->before, source_root);
	view_init(&c->after, source_root);
	map_init(&c->files);
	map_init(&c->functions);
	git_open(&g, a, source_root);
	find_tree(&tree, a, &g, source_root);
	c->since = opt->diff ? opt->diff : "HEAD";
	base = opt->diff ? git_commit(&g, opt->diff) : git_head(&g);
	n = opt->staged ? git_diff_staged(&g, base, &changed) : git_diff_tree(&g, base, &changed);
	note_files(c, &tree, changed, n);
	if (!c->files.n)
		return;
	if (opt->staged) {
		m = git_diff_unstaged(&g, &unstaged);
		undo(&g, &tree, &c->after, unstaged, m);
		undo(&g, &tree, &c->before, unstaged, m);
	}
	undo(&g, &tree, &c->before, changed, n);
}

void change_release(struct change *c)
{
	view_release(&c->before);
	view_release(&c->after);
	map_release(&c->files);
	map_release(&c->functions);
}

/* --- functions that differ ------------------------------------------------------- */

/* A line of flow text without its place: "@12:3" or "@file:12:3" at its end, the lines in a function's head. */
static size_t without_place(const char *line, size_t n)
{
	size_t i = n;

	if (n > 5 && !strncmp(line, "func ", 5)) {
		const char *at = memmem(line, n, ") ", 2);

		for (const char *next = at; next; next = memmem(at + 1, n - (size_t)(at + 1 - line), " at ", 4))
			at = next;
		return at ? (size_t)(at - line) : n;
	}
	while (i && line[i - 1] != ' ')
		i--;
	if (!i || line[i] != '@' || !memchr(line + i, ':', n - i))
		return n;
	return i - 1;
}

static bool same_code(const char *a, const char *b)
{
	for (;;) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
		size_t x = without_place(a, n), y = without_place(b, m);

		if (x != y || memcmp(a, b, x))
			return false;
		if (!a[n] || !b[m])
			return a[n] == b[m];
		a += n + 1;
		b += m + 1;
	}
}

static bool same_function(const struct func *a, const struct func *b)
{
	if (a->hash[0] == b->hash[0] && a->hash[1] == b->hash[1])
		return true;
	func_read(a);
	func_read(b);
	return a->is_static == b->is_static && !text_compare(a->notes, b->notes) && !text_compare(a->section, b->section) &&
	       a->text && b->text && same_code(a->text, b->text);
}

/* Both are sorted by name: walk them side by side. */
static void compare_functions(struct change *c, const struct unit *before, const struct unit *after)
{
	int i = 0, k = 0;

	while (i < before->nfunc || k < after->nfunc) {
		const struct func *a = i < before->nfunc ? before->funcs[i] : NULL;
		const struct func *b = k < after->nfunc ? after->funcs[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);

		if (order || !same_function(a, b))
			map_set(&c->functions, (order < 0 ? a : b)->name, c);
		i += order <= 0;
		k += order >= 0;
	}
}

static const char *slot_key(struct arena *a, const struct slot *s)
{
	return arena_printf(a, "%s %s %s %s", s->struct_name ? s->struct_name : "", s->field ? s->field : "", s->func,
			    s->object ? s->object : "");
}

/* A function that comes into an ops table, or goes from one, is called from elsewhere: that changes it. */
static void compare_slots(struct change *c, const struct unit *a, const struct unit *b)
{
	struct arena scratch;
	struct map there;

	arena_init(&scratch);
	map_init(&there);
	for (int i = 0; i < a->nslot; i++)
		map_set(&there, slot_key(&scratch, &a->slots[i]), c);
	for (int i = 0; i < b->nslot; i++)
		if (!map_get(&there, slot_key(&scratch, &b->slots[i])))
			map_set(&c->functions, b->slots[i].func, c);
	map_release(&there);
	arena_release(&scratch);
}

void change_find_functions(struct change *c, struct unit *const *before, size_t nbefore,
			   struct unit *const *after, size_t nafter)
{
	static const struct unit none;
	size_t i = 0, k = 0;

	while (i < nbefore || k < nafter) {
		const struct unit *a = i < nbefore ? before[i] : NULL, *b = k < nafter ? after[k] : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->file, b->file);

		i += order <= 0;
		k += order >= 0;
		if (a == b)
			continue;
		a = order <= 0 ? a : &none;
		b = order >= 0 ? b : &none;
		compare_functions(c, a, b);
		compare_slots(c, a, b);
		compare_slots(c, b, a);
	}
}

/* --- findings of the change ------------------------------------------------------ */

static bool calls_changed(const struct change *c, const struct func *fn)
{
	for (int i = 0; fn && i < fn->nlink; i++)
		if ((fn->links[i].kind == LINK_CALL || fn->links[i].kind == LINK_PASSED) &&
		    map_get(&c->functions, fn->links[i].name))
			return true;
	return false;
}

bool change_touches(const struct change *c, const struct finding *f)
{
	const struct fact *fact = f->fact;

	if (fact->fn && map_get(&c->functions, fact->fn->name))
		return true;
	for (int i = 0; i < fact->nstep; i++)
		if (fact->steps[i].func && map_get(&c->functions, fact->steps[i].func))
			return true;
	return calls_changed(c, fact->fn);
}

void change_filter(const struct change *c, struct finding_list *after, const struct finding_list *before,
		   size_t *old, size_t *elsewhere)
{
	struct map known;
	size_t n = 0;

	*old = *elsewhere = 0;
	map_init(&known);
	for (size_t i = 0; i < before->n; i++)
		map_set(&known, before->items[i].fingerprint, &known);
	for (size_t i = 0; i < after->n; i++) {
		if (map_get(&known, after->items[i].fingerprint))
			++*old;
		else if (!change_touches(c, &after->items[i]))
			++*elsewhere;
		else
			after->items[n++] = after->items[i];
	}
	after->n = n;
	map_release(&known);
}
