/*
 * near.h -- 32-bit pointers, and rings of them, among the entries of one block of memory.
 *
 * A near pointer is the distance from a base address in words of 4 bytes, so it reaches 16 GB.
 * Tables may have a million entries, where the size of the links between them matters.  0 is the
 * null pointer.
 */
#ifndef CORE_NEAR_H
#define CORE_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NEAR_SHIFT = 2,
    NEAR_NONE = 0
};

#define NEAR_MAX_BYTES ((uint64_t)UINT32_MAX << NEAR_SHIFT) /* above the base */

static inline uint32_t near_to(const void *base, const void *at)
{
    return (uint32_t)((size_t)((const char *)at - (const char *)base) >> NEAR_SHIFT);
}

/* NEAR_NONE gives @base. */
static inline void *near_at(void *base, uint32_t near)
{
    return (char *)base + ((size_t)near << NEAR_SHIFT);
}

/* A node of a doubly linked ring, embedded in its elements; the head is a node too. */
struct near_ring {
    uint32_t next; /* NEAR_NONE: in no ring */
    uint32_t prev;
};

static inline struct near_ring *near_node(void *base, uint32_t near)
{
    return (struct near_ring *)near_at(base, near);
}

static inline void near_ring_init(void *base, struct near_ring *head)
{
    head->next = head->prev = near_to(base, head);
}

static inline bool near_ring_is_in(const struct near_ring *node)
{
    return node->next != NEAR_NONE;
}

static inline bool near_ring_is_empty(const void *base, const struct near_ring *head)
{
    return head->next == near_to(base, head);
}

/* True if the ring has at most one element. */
static inline bool near_ring_is_short(const struct near_ring *head)
{
    return head->next == head->prev;
}

/* The first node, or @head if the ring is empty. */
static inline struct near_ring *near_ring_first(void *base, const struct near_ring *head)
{
    return near_node(base, head->next);
}

/* Appends @node, which must be in no ring. */
static inline void near_ring_put(void *base, struct near_ring *head, struct near_ring *node)
{
    const uint32_t near = near_to(base, node);

    node->next = near_to(base, head);
    node->prev = head->prev;
    near_node(base, head->prev)->next = near;
    head->prev = near;
}

/* Removes and returns the only element of a ring. */
static inline struct near_ring *near_ring_take_only(void *base, struct near_ring *head)
{
    struct near_ring *node = near_ring_first(base, head);

    near_ring_init(base, head);
    *node = (struct near_ring){NEAR_NONE, NEAR_NONE};
    return node;
}

/* Removes @node from its ring; does nothing if it is in none. */
static inline void near_ring_remove(void *base, struct near_ring *node)
{
    if (node->next == NEAR_NONE)
        return;
    near_node(base, node->prev)->next = node->next;
    near_node(base, node->next)->prev = node->prev;
    node->next = node->prev = NEAR_NONE;
}

#endif
