// SPDX-License-Identifier: GPL-2.0-only
/* Views of a tree: a map from file names to what stands in for them. */
#include "base/view.h"

const char VIEW_ABSENT[] = "";

void view_init(struct view *v, const char *root)
{
	v->root = root;
	map_init(&v->replaced);
}

void view_release(struct view *v)
{
	map_release(&v->replaced);
}

void view_replace(struct view *v, const char *file, const char *content)
{
	map_set(&v->replaced, file, (void *)content);
}

const char *view_content(const struct view *v, const char *file)
{
	const char *content = v->replaced.n ? map_get(&v->replaced, file) : NULL;

	if (content == VIEW_ABSENT)
		return NULL;
	return content ? content : file;
}
