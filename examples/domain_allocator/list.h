/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ALLOCATOR_LIST_H
#define ALLOCATOR_LIST_H

/* A ring of nodes that live in the objects they link. The head is a node without an object. */

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* The object of TYPE that NODE is the MEMBER of. */
#define list_object(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))

#define list_first(head, type, member) list_object((head)->next, type, member)

#define list_for_each(pos, head, type, member)                                                               \
	for ((pos) = list_first(head, type, member); &(pos)->member != (head);                               \
	     (pos) = list_object((pos)->member.next, type, member))

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_add_last(struct list *node, struct list *head)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
}

#endif
