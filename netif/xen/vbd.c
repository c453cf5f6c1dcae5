/* vbd.c -- the keys of a disk. */
#include "readings.h"

enum {
    SECTOR_DEFAULT = 512
};

/* Units of 512 bytes, whatever the size of a sector is. */
static enum xen_outcome take_sectors(struct xen_bus *bus, const struct xen_reading *reading,
                                     const char *value)
{
    (void)reading;
    if (xen_read_long(value, UINT64_MAX / 1024, &bus->disk_units)) /* a byte's number has a sign */
        return XEN_NEXT;
    bus->why = "xenstore: the backend's number of sectors can't be";
    return XEN_FAIL;
}

static const struct xen_reading readings[] = {
    {"backend", xen_take_backend, false, 0, 0},
    {"backend-id", xen_take_domain, false, 0, 0},
    {"online", xen_take_number, true, XEN_BUS_ONLINE, 0},
    {"state", xen_take_state, true, 0, 0},
};

static const struct xen_reading facts[] = {
    {"sectors", take_sectors, true, 0, 0},
    {"sector-size", xen_take_number, true, XEN_BUS_SECTOR_BYTES, SECTOR_DEFAULT},
    {"info", xen_take_number, true, XEN_BUS_DISK_INFO, 0},
    {"feature-flush-cache", xen_take_feature, true, XEN_BUS_FLUSH, 0},
};

/* block_connect.c gives the numbers in this order. */
static const struct xen_bus_key ring_keys[] = {
    {"ring-ref", NULL, 0},
    {"event-channel", NULL, 1},
};

static const struct xen_bus_key keys[] = {
    {"protocol", "x86_64-abi", 0},
    {"feature-persistent", "1", 0},
};

const struct xen_bus_kind xen_bus_vbd = {
    .folder = "device/vbd/",
    .missing = "xenstore has no such disk",
    .readings = readings,
    .reading_count = sizeof readings / sizeof *readings,
    .facts = facts,
    .fact_count = sizeof facts / sizeof *facts,
    .ring_keys = ring_keys,
    .ring_key_count = sizeof ring_keys / sizeof *ring_keys,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};
