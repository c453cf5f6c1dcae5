/* ring.h -- a doubly linked ring with nodes embedded in its elements; the head is a node too. */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <stdbool.h>

#include "core/container_of.h"

struct ring {
    struct ring *next; /* NULL: in no ring */
    struct ring *prev;
};

static inline void ring_init(struct ring *head)
{
    head->next = head->prev = head;
}

static inline bool ring_is_empty(const struct ring *head)
{
    return head->next == head;
}

static inline bool ring_is_in(const struct ring *node)
{
    return node->next != 0;
}

/* Appends @node, which must be in no ring. */
static inline void ring_put(struct ring *head, struct ring *node)
{
    node->next = head;
    node->prev = head->prev;
    node->prev->next = node;
    head->prev = node;
}

/* Removes @node from its ring; does nothing if it is in none. */
static inline void ring_remove(struct ring *node)
{
    if (!node->next)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = 0;
}

#endif
