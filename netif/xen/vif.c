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

static enum xen_outcome take_mtu(struct xen_bus *bus, const struct xen_reading *reading,
                                 const char *value)
{
    (void)reading;
    if (!xen_read_number(value, &bus->mtu))
        bus->mtu = 0;
    return XEN_NEXT;
}

/* Without the key the domain is trusted, as in Linux (XSA-403). */
static enum xen_outcome take_trusted(struct xen_bus *bus, const struct xen_reading *reading,
                                     const char *value)
{
    uint32_t number = 1;

    (void)reading;
    bus->trusted = !value || (xen_read_number(value, &number) && number != 0);
    return XEN_NEXT;
}

/* The only way to receive that this driver has. */
static enum xen_outcome take_rx_copy(struct xen_bus *bus, const struct xen_reading *reading,
                                     const char *value)
{
    uint32_t number = 0;

    (void)reading;
    if (xen_read_number(value, &number) && number != 0)
        return XEN_NEXT;
    bus->why = "the backend doesn't offer feature-rx-copy";
    return XEN_FAIL;
}

static const struct xen_reading readings[] = {
    {"backend", false, 0, xen_take_backend},
    {"backend-id", false, 0, xen_take_domain},
    {"mac", false, 0, take_mac},
    {"mtu", false, 0, take_mtu},
    {"trusted", false, 0, take_trusted},
    {"online", true, 0, xen_take_online},
    {"state", true, 0, xen_take_state},
    {"feature-sg", true, XEN_BUS_SG, xen_take_feature},
    {"feature-gso-tcpv4", true, XEN_BUS_GSO_TCPV4, xen_take_feature},
    {"feature-gso-tcpv6", true, XEN_BUS_GSO_TCPV6, xen_take_feature},
    {"feature-ipv6-csum-offload", true, XEN_BUS_CSUM_V6, xen_take_feature},
    {"feature-rx-copy", true, 0, take_rx_copy},
    {"feature-multicast-control", true, XEN_BUS_MULTICAST, xen_take_feature},
};

/* connect.c gives the numbers in this order. */
static const struct xen_bus_key keys[] = {
    {"tx-ring-ref", NULL, 0},
    {"rx-ring-ref", NULL, 1},
    {"event-channel", NULL, 2},
    {"request-rx-copy", "1", 0},
    {"feature-rx-notify", "1", 0},
    {"feature-sg", "1", 0},
    {"feature-gso-tcpv4", NULL, 3},
    {"feature-gso-tcpv6", NULL, 3},
    {"feature-ipv6-csum-offload", "1", 0},
    {"request-multicast-control", NULL, 4},
};

const struct xen_bus_kind xen_bus_vif = {
    .folder = "device/vif/",
    .missing = "xenstore has no such network interface",
    .readings = readings,
    .reading_count = sizeof readings / sizeof *readings,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};
