/* readings.c -- what the tool stack and the other domain say, checked where it is taken. */
#include "readings.h"

#include <string.h>

enum {
    NUMBER_MAX = 65535,  /* a domain's number, an MTU, a feature */
    DOMAINS_MAX = 0x7ff0 /* DOMID_FIRST_RESERVED */
};

bool xen_read_long(const char *text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;

    if (!text || !*text)
        return false;
    for (; *text; text++) {
        const uint64_t digit = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9' || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool xen_read_number(const char *text, uint32_t *number)
{
    uint64_t value;

    if (!xen_read_long(text, NUMBER_MAX, &value))
        return false;
    *number = (uint32_t)value;
    return true;
}

enum xen_outcome xen_take_backend(struct xen_bus *bus, const struct xen_reading *reading,
                                  const char *value)
{
    (void)reading;
    if (value && bus->store->answer_was_cut) {
        bus->why = "xenstore: the path of the backend is too long";
        return XEN_FAIL;
    }
    if (!value || value[0] != '/') { /* it is absolute */
        bus->missing = true;
        bus->why = bus->kind->missing;
        return XEN_FAIL;
    }
    memcpy(bus->backend, value, strlen(value) + 1);
    return XEN_NEXT;
}

enum xen_outcome xen_take_domain(struct xen_bus *bus, const struct xen_reading *reading,
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

enum xen_outcome xen_take_number(struct xen_bus *bus, const struct xen_reading *reading,
                                 const char *value)
{
    bus->numbers[reading->what] = value ? 0 : reading->absent;
    xen_read_number(value, &bus->numbers[reading->what]);
    return XEN_NEXT;
}

/* The other domain must wait for us. If it is still connected to an earlier driver, ours goes the
 * same way down as that one should have gone. */
enum xen_outcome xen_take_state(struct xen_bus *bus, const struct xen_reading *reading,
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
enum xen_outcome xen_take_feature(struct xen_bus *bus, const struct xen_reading *reading,
                                  const char *value)
{
    uint32_t number = 0;

    if (xen_read_number(value, &number) && number != 0)
        bus->features |= reading->what;
    return XEN_NEXT;
}
