// SPDX-License-Identifier: GPL-2.0-only
/* Findings as annotations. */
#include "report/github.h"

#include "base/text.h"
#include "report/finding.h"

void github_report_print(struct text *out, const struct finding_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		text_printf(out, "::%s::%s\n", level_name(l->items[i].level), l->items[i].message);
}
