/* store.c -- a client of xenstore. */
#include "store.h"

#include <leat/assert.h>

#include <string.h>

static const uint32_t ring_mask = XEN_STORE_RING_BYTES - 1;

static uint32_t shared_read(const uint32_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* A full barrier follows: the store's index is read after ours was seen. */
static void shared_write(uint32_t *at, uint32_t value)
{
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void xen_store_open(struct xen_store *store, struct xen_machine *machine)
{
    memset(store, 0, sizeof *store);
    store->machine = machine;
    /* A loader may have used the ring before us. */
    store->produced = shared_read(&machine->store->request_produced);
    store->consumed = shared_read(&machine->store->answer_consumed);
}

void xen_store_release(struct xen_store *store, const void *owner)
{
    if (store->owner == owner)
        store->owner = NULL;
}

bool xen_store_ask(struct xen_store *store, const void *owner, enum xen_store_type type,
                   const char *path, const char *value)
{
    const size_t path_len = strlen(path) + 1; /* with its NUL */
    /* A write's value ends with the message, a watch's token with a NUL. */
    const size_t value_len = value ? strlen(value) + (type != XEN_STORE_WRITE) : 0;
    struct xen_store_head head = {.type = type, .len = (uint32_t)(path_len + value_len)};

    if (path_len > XEN_STORE_PATH_MAX || value_len > XEN_STORE_VALUE_MAX || store->broken)
        return false;
    /* The ring must not get half of a request. A store that has not even taken the last one
     * gets no other. */
    if (store->out_sent < store->out_len || (store->owner && store->owner != owner))
        return false;
    store->owner = owner;
    head.request = ++store->request;
    memcpy(store->out, &head, sizeof head);
    memcpy(store->out + sizeof head, path, path_len);
    if (value)
        memcpy(store->out + sizeof head + path_len, value, value_len);
    store->out_len = (uint16_t)(sizeof head + path_len + value_len);
    store->out_sent = 0;
    store->state = XEN_STORE_ASKED;
    return true;
}

/* Bytes of requests that the store has not taken; over XEN_STORE_RING_BYTES: it took more than
 * there were. */
static uint32_t untaken(const struct xen_store *store)
{
    return store->produced - shared_read(&store->machine->store->request_consumed);
}

/* Moves as much of the request into the ring as there is room for; true: something was moved. */
static bool send_some(struct xen_store *store)
{
    struct xen_store_ring *ring = store->machine->store;
    const uint32_t used = untaken(store);
    uint32_t room = XEN_STORE_RING_BYTES - used;

    if (store->out_sent == store->out_len)
        return false;
    if (used > XEN_STORE_RING_BYTES) {
        store->broken = true;
        return false;
    }
    if (room == 0)
        return false;
    for (; room > 0 && store->out_sent < store->out_len; room--)
        ring->requests[store->produced++ & ring_mask] = store->out[store->out_sent++];
    shared_write(&ring->request_produced, store->produced);
    return true;
}

static bool is_answer(const struct xen_store *store)
{
    return store->state == XEN_STORE_ASKED && store->head.type != XEN_STORE_WATCH_EVENT &&
           store->head.request == store->request && store->out_sent == store->out_len;
}

/* The head of a message is complete. */
static void begin_body(struct xen_store *store)
{
    store->body_left = store->head.len;
    if (is_answer(store)) {
        store->answer_len = 0;
        store->answer_was_cut = false;
    }
    if (store->head.len > XEN_STORE_PAYLOAD_MAX)
        store->broken = true;
}

/* A message has come to its end. */
static void end_message(struct xen_store *store)
{
    store->head_len = 0;
    if (store->head.type == XEN_STORE_WATCH_EVENT)
        store->watch_events++;
    if (!is_answer(store))
        return; /* or of a request that was given up */
    store->answer[store->answer_len] = '\0';
    store->state = store->head.type == XEN_STORE_ERROR ? XEN_STORE_REFUSED : XEN_STORE_ANSWERED;
}

static void take_byte(struct xen_store *store, uint8_t byte)
{
    uint8_t head[sizeof store->head];

    if (store->head_len < sizeof store->head) {
        memcpy(head, &store->head, sizeof head);
        head[store->head_len++] = byte;
        memcpy(&store->head, head, sizeof head);
        if (store->head_len < sizeof store->head)
            return;
        begin_body(store);
    } else {
        leat_debug_assert(store->body_left > 0);
        store->body_left--;
        if (is_answer(store) && store->answer_len == XEN_STORE_VALUE_MAX)
            store->answer_was_cut = true;
        else if (is_answer(store))
            store->answer[store->answer_len++] = (char)byte;
    }
    if (store->body_left == 0)
        end_message(store);
}

/* True: something was taken. */
static bool receive_some(struct xen_store *store)
{
    struct xen_store_ring *ring = store->machine->store;
    const uint32_t ready = shared_read(&ring->answer_produced) - store->consumed;

    if (ready > XEN_STORE_RING_BYTES) {
        store->broken = true;
        return false;
    }
    if (ready == 0)
        return false;
    /* At most one ring a poll, so that a store that goes on writing can't keep us here. */
    for (uint32_t i = 0; i < ready && !store->broken; i++) {
        /* volatile, so that each byte is read once */
        const volatile uint8_t *at = &ring->answers[store->consumed++ & ring_mask];

        take_byte(store, *at);
    }
    shared_write(&ring->answer_consumed, store->consumed);
    return true;
}

enum xen_store_state xen_store_poll(struct xen_store *store)
{
    bool moved = false;

    if (!store->broken)
        moved |= send_some(store);
    if (!store->broken)
        moved |= receive_some(store);
    if (moved)
        store->machine->ops->notify(store->machine, store->machine->store_port);
    return store->state;
}

bool xen_store_is_due(const struct xen_store *store)
{
    const bool can_send =
        store->out_sent < store->out_len && untaken(store) != XEN_STORE_RING_BYTES;

    return !store->broken &&
           (can_send || shared_read(&store->machine->store->answer_produced) != store->consumed);
}
