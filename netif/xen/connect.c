/*
 * connect.c -- the connection to the other domain: made, lost, and made again.
 *
 * bus.c agrees with the other domain over xenstore; here that becomes rings.
 */
#include "net.h"

void xen_net_disconnect(struct leat_xen *xen)
{
    struct xen_machine *machine = xen->machine;

    if (!xen->connected)
        return;
    xen->connected = false;
    xen->more = false;
    machine->ops->port_close(machine, xen->port);
    xen_net_rx_close(xen);
    xen_net_tx_close(xen);
    for (uint32_t ring = 0; ring < 2; ring++) {
        if (!machine->ops->revoke(machine, machine->ref_first + ring))
            xen->counters.pages_kept++;
    }
}

/* Ends the use of the interface. */
static void lose(struct leat_xen *xen, const char *why)
{
    xen_net_disconnect(xen);
    xen->lost = true;
    xen->why_lost = why;
}

static void connect(struct leat_xen *xen)
{
    struct xen_machine *machine = xen->machine;
    const uint16_t domain = xen->bus.domain;
    const uint32_t tx_ref = xen_ref_of(xen, xen->pages);
    const uint32_t rx_ref = tx_ref + 1;

    /* The facts don't change while the stack has the interface. */
    if ((xen->bus.features & xen->features) != xen->features) {
        lose(xen, "the backend that came back offers less than the earlier one");
        return;
    }
    xen->direct = xen->bus.trusted && !xen->untrusted;
    xen->slots_max = xen->bus.features & XEN_BUS_SG ? XEN_FRAME_SLOTS : 1;
    xen_net_rx_open(xen);
    xen_net_tx_open(xen);
    xen_groups_open(xen);
    if (!machine->ops->grant(machine, tx_ref, xen_tx_ring(xen), domain, false) ||
        !machine->ops->grant(machine, rx_ref, xen_rx_ring(xen), domain, false) ||
        !machine->ops->port_open(machine, domain, &xen->port)) {
        machine->ops->revoke(machine, tx_ref);
        machine->ops->revoke(machine, rx_ref);
        lose(xen, "there is no event channel, or an earlier backend keeps the rings");
        return;
    }
    xen->connected = true;
    xen_net_rx_fill(xen);
    xen_bus_connect(&xen->bus, (uint32_t[XEN_BUS_VALUES]){tx_ref, rx_ref, xen->port,
                                                          !xen->no_offload, xen->filters});
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
    return xen->connected && xen->bus.phase == XEN_BUS_UP;
}
