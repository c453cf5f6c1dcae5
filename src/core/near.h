/*
 * near.h -- pointers of 32 bits, and rings of them, among the entries of one block of memory.
 *
 * A near pointer says how many words of 4 bytes behind its base something lies: up to 16 GB.  Where
 * there are a million entries, what the links between them take counts.  0 points nowhere.
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

#define NEAR_MAX_BYTES ((uint64_t)UINT32_MAX << NEAR_SHIFT) /* behind the base */

static inline uint32_t near_to(const void *base, const void *at)
{
    return (uint32_t)((size_t)((const char *)at - (const char *)base) >> NEAR_SHIFT);
}

/* NEAR_NONE gives @base. */
static inline void *near_at(void *base, uint32_t near)
{
    return (char *)base + ((size_t)near << NEAR_SHIFT);
}

/* A node of a ring, which is doubly linked through the structs that are in it; the head is one too.
 */
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

/* True if at most one node is in it. */
static inline bool near_ring_is_short(const struct near_ring *head)
{
    return head->next == head->prev;
}

/* The first node, or @head if the ring is empty. */
static inline struct near_ring *near_ring_first(void *base, const struct near_ring *head)
{
    return near_node(base, head->next);
}

/* Puts @node, which is in no ring, at the end. */
static inline void near_ring_put(void *base, struct near_ring *head, struct near_ring *node)
{
    const uint32_t near = near_to(base, node);

    node->next = near_to(base, head);
    node->prev = head->prev;
    near_node(base, head->prev)->next = near;
    head->prev = near;
}

/* Takes the node out of a ring that has no other. */
static inline struct near_ring *near_ring_take_only(void *base, struct near_ring *head)
{
    struct near_ring *node = near_ring_first(base, head);

    near_ring_init(base, head);
    *node = (struct near_ring){NEAR_NONE, NEAR_NONE};
    return node;
}

/* Takes @node out of its ring; nothing happens if it is in none. */
static inline void near_ring_remove(void *base, struct near_ring *node)
{
    if (node->next == NEAR_NONE)
        return;
    near_node(base, node->prev)->next = node->next;
    near_node(base, node->next)->prev = node->prev;
    node->next = node->prev = NEAR_NONE;
}

#endif
