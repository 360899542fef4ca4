// SPDX-License-Identifier: GPL-2.0-only
/* A view as clang's virtual file system takes it: YAML by its name, and JSON is YAML. */
#include "capture/overlay.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "base/view.h"

const char *overlay_write(struct arena *a, const char *folder, const struct view *view)
{
	const char *path = arena_printf(a, "%s/overlay.yaml", folder);
	struct json *top, *roots;
	int err;

	if (!view || !view->replaced.n)
		return NULL;
	top = json_object();
	json_add_int(top, "version", 0);
	json_add_text(top, "case-sensitive", "true");
	json_add_text(top, "use-external-names", "false");
	roots = json_add_array(top, "roots");
	for (size_t i = 0; i < view->replaced.n; i++) {
		const struct map_entry *e = &view->replaced.entries[i];
		struct json *file;

		if (e->value == VIEW_ABSENT)
			continue;
		file = json_push_object(roots);
		json_add_text(file, "name", e->key);
		json_add_text(file, "type", "file");
		json_add_text(file, "external-contents", e->value);
	}
	err = json_write_file(top, path);
	json_free(top);
	if (err)
		die("%s cannot be written: %s", path, strerror(-err));
	return path;
}
