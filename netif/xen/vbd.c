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

static enum xen_outcome take_sector_bytes(struct xen_bus *bus, const struct xen_reading *reading,
                                          const char *value)
{
    (void)reading;
    if (!xen_read_number(value, &bus->sector_bytes))
        bus->sector_bytes = value ? 0 : SECTOR_DEFAULT; /* 0 is refused */
    return XEN_NEXT;
}

static enum xen_outcome take_info(struct xen_bus *bus, const struct xen_reading *reading,
                                  const char *value)
{
    (void)reading;
    if (!xen_read_number(value, &bus->disk_info))
        bus->disk_info = 0;
    return XEN_NEXT;
}

static const struct xen_reading readings[] = {
    {"backend", false, 0, xen_take_backend},
    {"backend-id", false, 0, xen_take_domain},
    {"online", true, 0, xen_take_online},
    {"state", true, 0, xen_take_state},
};

static const struct xen_reading facts[] = {
    {"sectors", true, 0, take_sectors},
    {"sector-size", true, 0, take_sector_bytes},
    {"info", true, 0, take_info},
    {"feature-flush-cache", true, XEN_BUS_FLUSH, xen_take_feature},
};

/* block.c gives the numbers in this order. */
static const struct xen_bus_key keys[] = {
    {"ring-ref", NULL, 0},
    {"event-channel", NULL, 1},
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
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};
