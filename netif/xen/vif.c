/* vif.c -- the keys of a network interface. */
#include "readings.h"

#include <string.h>

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' - 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_mac(const char *text, struct leat_mac *mac)
{
    if (!text || strlen(text) != 17)
        return false;
    for (unsigned i = 0; i < 6; i++, text += 3) {
        const int high = digit_of(text[0]), low = digit_of(text[1]);

        if (high < 0 || low < 0 || (i < 5 && text[2] != ':'))
            return false;
        mac->octet[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum xen_outcome take_mac(struct xen_bus *bus, const struct xen_reading *reading,
                                 const char *value)
{
    (void)reading;
    bus->has_mac = read_mac(value, &bus->mac);
    return XEN_NEXT;
}

static const struct xen_reading readings[] = {
    {"backend", xen_take_backend, false, 0, 0},
    {"backend-id", xen_take_domain, false, 0, 0},
    {"mac", take_mac, false, 0, 0},
    {"mtu", xen_take_number, false, XEN_BUS_MTU, 0},
    {"trusted", xen_take_number, false, XEN_BUS_TRUSTED, 1},
    {"online", xen_take_number, true, XEN_BUS_ONLINE, 0},
    {"state", xen_take_state, true, 0, 0},
    {"feature-sg", xen_take_feature, true, XEN_BUS_SG, 0},
    {"feature-gso-tcpv4", xen_take_feature, true, XEN_BUS_GSO_TCPV4, 0},
    {"feature-gso-tcpv6", xen_take_feature, true, XEN_BUS_GSO_TCPV6, 0},
    {"feature-ipv6-csum-offload", xen_take_feature, true, XEN_BUS_CSUM_V6, 0},
    {"feature-rx-copy", xen_take_feature, true, XEN_BUS_RX_COPY, 0},
    {"feature-multicast-control", xen_take_feature, true, XEN_BUS_MULTICAST, 0},
    {"multi-queue-max-queues", xen_take_number, true, XEN_BUS_QUEUES, 1},
};

/* connect.c gives the numbers in these orders. */
static const struct xen_bus_key ring_keys[] = {
    {"tx-ring-ref", NULL, 0},
    {"rx-ring-ref", NULL, 1},
    {"event-channel", NULL, 2},
};

static const struct xen_bus_key keys[] = {
    {"multi-queue-num-queues", NULL, 0},   {"request-rx-copy", "1", 0},
    {"feature-rx-notify", "1", 0},         {"feature-sg", "1", 0},
    {"feature-gso-tcpv4", NULL, 1},        {"feature-gso-tcpv6", NULL, 1},
    {"feature-ipv6-csum-offload", "1", 0}, {"request-multicast-control", NULL, 2},
};

const struct xen_bus_kind xen_bus_vif = {
    .folder = "device/vif/",
    .missing = "xenstore has no such network interface",
    .readings = readings,
    .reading_count = sizeof readings / sizeof *readings,
    .ring_keys = ring_keys,
    .ring_key_count = sizeof ring_keys / sizeof *ring_keys,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};
