// SPDX-License-Identifier: GPL-2.0-only
/* Programs from files of flow text. */
#include "cli/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "cli/options.h"
#include "flow/flow.h"
#include "flow/flow_text.h"

static struct unit *read_unit(struct arena *a, const char *path)
{
	struct text t, error;
	struct unit *u;
	int err;

	text_init(&t);
	text_init(&error);
	err = text_read_file(&t, path);
	if (err)
		die("%s cannot be read: %s", path, strerror(-err));
	u = flow_parse_unit(a, text_str(&t), &error);
	if (!u)
		die("%s: %s", path, text_str(&error));
	text_release(&t);
	text_release(&error);
	return u;
}

size_t program_read(struct arena *a, const struct strings *files, struct unit ***out)
{
	*out = ARENA_ARRAY(a, struct unit *, files->n);
	for (size_t i = 0; i < files->n; i++)
		(*out)[i] = read_unit(a, files->items[i]);
	if (files->n)
		qsort(*out, files->n, sizeof(**out), unit_compare);
	return files->n;
}
