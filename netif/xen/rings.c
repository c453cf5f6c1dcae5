/* rings.c -- the indices of a ring that two domains share. */
#include "rings.h"

#include <leat/assert.h>

#include <string.h>

#include "machine.h"

_Static_assert(sizeof(struct xen_tx_ring) <= XEN_PAGE_BYTES, "a ring is a page");

static uint32_t shared_read(const uint32_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void shared_write(uint32_t *at, uint32_t value)
{
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

void xen_ring_init(struct xen_ring *ring, struct xen_ring_head *head)
{
    memset(head, 0, XEN_PAGE_BYTES);
    head->request_event = head->response_event = 1;
    *ring = (struct xen_ring){.head = head};
}

bool xen_ring_publish(struct xen_ring *ring)
{
    const uint32_t old = ring->published, new = ring->requests;

    leat_debug_assert(new - ring->responses <= XEN_RING_SLOTS);
    if (old == new)
        return false;
    shared_write(&ring->head->request_produced, new);
    ring->published = new;
    /* The index must be visible before the other domain's wish is read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return new - shared_read(&ring->head->request_event) < new - old;
}

uint32_t xen_ring_ready(const struct xen_ring *ring)
{
    const uint32_t ready = shared_read(&ring->head->response_produced) - ring->responses;

    return ready <= ring->published - ring->responses ? ready : UINT32_MAX;
}

bool xen_ring_arm(struct xen_ring *ring, uint32_t count)
{
    shared_write(&ring->head->response_event, ring->responses + count);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    /* Responses may have come before the wish was seen, without an event. */
    return xen_ring_ready(ring) >= count;
}
