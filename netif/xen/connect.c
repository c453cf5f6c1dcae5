/*
 * connect.c -- the connection to the other domain: made, lost, and made again.
 *
 * bus.c agrees with the other domain over xenstore; here that becomes rings.
 */
#include <string.h>

#include "net.h"

static void close_queue(struct xen_queue *queue)
{
    struct xen_machine *machine = queue->xen->machine;

    machine->ops->port_close(machine, queue->port);
    xen_queue_rx_close(queue);
    xen_queue_tx_close(queue);
    for (uint32_t ring = 0; ring < 2; ring++) {
        if (!machine->ops->revoke(machine, queue->ref + ring))
            queue->xen->counters.pages_kept++;
    }
}

/* Takes back the pages of the window. Those that the other domain doesn't let go of stay granted to
 * it, for reading: the grant fails if another domain is to have them, and frames are copied. */
static void close_window(struct leat_xen *xen)
{
    for (uint32_t page = 0; page < xen->window_pages; page++) {
        if (xen->window_granted[page / 32] >> page % 32 & 1)
            xen->machine->ops->revoke(xen->machine, xen_window_ref(xen, page));
    }
    memset(xen->window_granted, 0, sizeof xen->window_granted);
}

void xen_net_disconnect(struct leat_xen *xen)
{
    if (xen->queue_count == 0)
        return;
    while (xen->queue_count > 0)
        close_queue(xen->queues[--xen->queue_count]);
    close_window(xen);
}

/* Ends the use of the interface. */
static void lose(struct leat_xen *xen, const char *why)
{
    xen_net_disconnect(xen);
    xen->lost = true;
    xen->why_lost = why;
}

/* Opens the next queue; false: there is no memory for it, or the hypervisor refuses. */
static bool open_queue(struct leat_xen *xen)
{
    struct xen_machine *machine = xen->machine;
    const uint16_t domain = xen->bus.domain;
    const uint32_t number = xen->queue_count;
    struct xen_queue *queue = xen->queues[number];

    if (!queue && xen->take_queue)
        queue = xen->queues[number] = xen->take_queue(xen);
    if (!queue)
        return false;
    xen_queue_rx_open(queue);
    xen_queue_tx_open(queue);
    if (!machine->ops->grant(machine, queue->ref, xen_tx_ring(queue), domain, false) ||
        !machine->ops->grant(machine, queue->ref + 1, xen_rx_ring(queue), domain, false) ||
        !machine->ops->port_open(machine, domain, &queue->port)) {
        machine->ops->revoke(machine, queue->ref);
        machine->ops->revoke(machine, queue->ref + 1);
        return false;
    }
    memcpy(xen->bus.rings[number], (uint32_t[]){queue->ref, queue->ref + 1, queue->port},
           sizeof xen->bus.rings[number]);
    xen->queue_count++;
    xen_queue_rx_fill(queue);
    return true;
}

static void connect(struct leat_xen *xen)
{
    const uint32_t *numbers = xen->bus.numbers;
    const uint32_t offered = numbers[XEN_BUS_QUEUES] > 0 ? numbers[XEN_BUS_QUEUES] : 1;

    if (!(xen->bus.features & XEN_BUS_RX_COPY)) {
        lose(xen, "the backend doesn't offer feature-rx-copy");
        return;
    }
    /* The facts don't change while the stack has the interface. */
    if ((xen->bus.features & xen->features) != xen->features) {
        lose(xen, "the backend that came back offers less than the earlier one");
        return;
    }
    xen->direct = numbers[XEN_BUS_TRUSTED] != 0 && !xen->untrusted;
    xen->slots_max = xen->bus.features & XEN_BUS_SG ? XEN_FRAME_SLOTS : 1;
    while (xen->queue_count < offered && xen->queue_count < xen->queues_max && open_queue(xen))
        continue;
    if (xen->queue_count == 0) {
        lose(xen, "there is no event channel, or an earlier backend keeps the rings");
        return;
    }
    xen_groups_open(xen);
    xen->bus.ring_count = xen->queue_count;
    memcpy(xen->bus.values, (uint32_t[]){xen->queue_count, !xen->no_offload, xen->filters},
           sizeof xen->bus.values);
    xen_bus_connect(&xen->bus);
}

void xen_net_fail(struct leat_xen *xen)
{
    xen->counters.broken_rules++;
    lose(xen, "the backend broke the rules of its rings");
}

static void begin_again(struct leat_xen *xen, uint64_t now_ns)
{
    xen->comes_back = false;
    xen_net_disconnect(xen);
    xen_bus_again(&xen->bus, now_ns);
}

/* Does what a new phase of the handshake asks for. */
static void follow(struct leat_xen *xen, uint64_t now_ns)
{
    switch (xen->bus.phase) {
    case XEN_BUS_READY:
        connect(xen);
        break;
    case XEN_BUS_DOWN:
        begin_again(xen, now_ns);
        break;
    case XEN_BUS_ENDED:
        if (xen->comes_back)
            begin_again(xen, now_ns);
        break;
    case XEN_BUS_FAILED:
        lose(xen, xen->bus.why);
        break;
    case XEN_BUS_READING:
    case XEN_BUS_WRITING:
    case XEN_BUS_ANSWERING:
    case XEN_BUS_LEARNING:
    case XEN_BUS_UP:
    case XEN_BUS_ENDING:
        break;
    }
}

void xen_net_serve(struct leat_xen *xen, uint64_t now_ns)
{
    xen_bus_step(&xen->bus, now_ns);
    follow(xen, now_ns);
}

void xen_net_look(struct leat_xen *xen, uint64_t now_ns)
{
    const bool was_up = leat_xen_link_up(xen);

    if (was_up && xen->filters && xen->all_groups) { /* only a new connection is without a filter */
        xen->comes_back = true;
        xen_bus_close(&xen->bus, now_ns);
    }
    if (xen->lost || (!xen_store_is_due(xen->store) && now_ns < xen_bus_due_ns(&xen->bus)))
        return;
    xen_net_serve(xen, now_ns);
    if (was_up != leat_xen_link_up(xen))
        xen->counters.link_changes++;
}

bool leat_xen_link_up(const struct leat_xen *xen)
{
    return xen->queue_count > 0 && xen->bus.phase == XEN_BUS_UP;
}
