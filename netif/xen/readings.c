/* readings.c -- what the tool stack and the other domain say, checked where it is taken. */
#include "readings.h"

#include <string.h>

enum {
    NUMBER_MAX = 65535,  /* a domain's number, an MTU, a feature */
    DOMAINS_MAX = 0x7ff0 /* DOMID_FIRST_RESERVED */
};

bool xen_read_number(const char *text, uint32_t *number)
{
    uint32_t value = 0;

    if (!text || !*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint32_t)(*text - '0');
        if (value > NUMBER_MAX)
            return false;
    }
    *number = value;
    return true;
}

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

/* One key that is read. */
struct reading {
    const char *key;
    bool is_theirs;  /* in the other domain's folder */
    uint8_t feature; /* enum xen_bus_feature, for take_feature() */
    /* @value: NULL if there is no such key. */
    enum xen_outcome (*take)(struct xen_bus *bus, const struct reading *reading, const char *value);
};

static enum xen_outcome take_backend(struct xen_bus *bus, const struct reading *reading,
                                     const char *value)
{
    (void)reading;
    if (value && bus->store->answer_was_cut) {
        bus->why = "xenstore: the path of the backend is too long";
        return XEN_FAIL;
    }
    if (!value || value[0] != '/') { /* it is absolute */
        bus->missing = true;
        bus->why = "xenstore has no such network interface";
        return XEN_FAIL;
    }
    memcpy(bus->backend, value, strlen(value) + 1);
    return XEN_NEXT;
}

static enum xen_outcome take_domain(struct xen_bus *bus, const struct reading *reading,
                                    const char *value)
{
    uint32_t domain;

    (void)reading;
    if (!xen_read_number(value, &domain) || domain >= DOMAINS_MAX) {
        bus->why = "xenstore: backend-id is no domain";
        return XEN_FAIL;
    }
    bus->domain = (uint16_t)domain;
    return XEN_NEXT;
}

static enum xen_outcome take_mac(struct xen_bus *bus, const struct reading *reading,
                                 const char *value)
{
    (void)reading;
    bus->has_mac = read_mac(value, &bus->mac);
    return XEN_NEXT;
}

static enum xen_outcome take_mtu(struct xen_bus *bus, const struct reading *reading,
                                 const char *value)
{
    (void)reading;
    if (!xen_read_number(value, &bus->mtu))
        bus->mtu = 0;
    return XEN_NEXT;
}

/* Without the key the domain is trusted, as in Linux (XSA-403). */
static enum xen_outcome take_trusted(struct xen_bus *bus, const struct reading *reading,
                                     const char *value)
{
    uint32_t number = 1;

    (void)reading;
    bus->trusted = !value || (xen_read_number(value, &number) && number != 0);
    return XEN_NEXT;
}

static enum xen_outcome take_online(struct xen_bus *bus, const struct reading *reading,
                                    const char *value)
{
    uint32_t number = 0;

    (void)reading;
    bus->online = xen_read_number(value, &number) && number != 0;
    return XEN_NEXT;
}

/* The other domain must wait for us. If it is still connected to an earlier driver, ours goes the
 * same way down as that one should have gone. */
static enum xen_outcome take_state(struct xen_bus *bus, const struct reading *reading,
                                   const char *value)
{
    uint32_t state = 0;

    (void)reading;
    if (xen_read_number(value, &state) && state == XEN_BUS_INIT_WAIT) {
        bus->features = 0;
        return XEN_NEXT;
    }
    return XEN_LATER;
}

/* A feature that the other domain offers, or not. */
static enum xen_outcome take_feature(struct xen_bus *bus, const struct reading *reading,
                                     const char *value)
{
    uint32_t number = 0;

    if (xen_read_number(value, &number) && number != 0)
        bus->features |= reading->feature;
    return XEN_NEXT;
}

/* The only way to receive that this driver has. */
static enum xen_outcome take_rx_copy(struct xen_bus *bus, const struct reading *reading,
                                     const char *value)
{
    uint32_t number = 0;

    (void)reading;
    if (xen_read_number(value, &number) && number != 0)
        return XEN_NEXT;
    bus->why = "the backend doesn't offer feature-rx-copy";
    return XEN_FAIL;
}

static const struct reading readings[] = {
    {"backend", false, 0, take_backend},
    {"backend-id", false, 0, take_domain},
    {"mac", false, 0, take_mac},
    {"mtu", false, 0, take_mtu},
    {"trusted", false, 0, take_trusted},
    {"online", true, 0, take_online},
    {"state", true, 0, take_state},
    {"feature-sg", true, XEN_BUS_SG, take_feature},
    {"feature-gso-tcpv4", true, XEN_BUS_GSO_TCPV4, take_feature},
    {"feature-gso-tcpv6", true, XEN_BUS_GSO_TCPV6, take_feature},
    {"feature-ipv6-csum-offload", true, XEN_BUS_CSUM_V6, take_feature},
    {"feature-rx-copy", true, 0, take_rx_copy},
};

enum xen_outcome xen_reading_take(struct xen_bus *bus, const char *value)
{
    const struct reading *reading = &readings[bus->step];

    return reading->take(bus, reading, value);
}

const char *xen_reading_key(const struct xen_bus *bus, bool *is_theirs)
{
    *is_theirs = readings[bus->step].is_theirs;
    return readings[bus->step].key;
}

uint8_t xen_reading_count(void)
{
    return sizeof readings / sizeof *readings;
}
