// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock that is taken by one pointer, and again by another that the path has found to be equal. It is released by either
 * name, and nothing is said of it any more.
 */

#include "kernel.h"

struct writer {
	struct mutex list_lock;
	int n;
};

struct page_list {
	struct writer *writer;
};

int takes_the_same_again(struct writer *writer, struct page_list *list)
{
	struct writer *now;

	mutex_lock(&writer->list_lock);
	writer->n++;
	mutex_unlock(&writer->list_lock);
	now = list->writer;
	mutex_lock(&now->list_lock);
	if (now == writer) {
		mutex_lock(&writer->list_lock);		/* want: double-lock: holds already */
		mutex_unlock(&writer->list_lock);
		return 0;
	}
	mutex_unlock(&now->list_lock);
	return 1;
}
