/* routes.h -- the interrupt lines of PCI's pins, from the code of ACPI's DSDT. */
#ifndef METAL_ROUTES_H
#define METAL_ROUTES_H

#include <stdbool.h>

#include "tables.h"

enum {
    ROUTES_DEVICES = 8, /* of bus 0, from the first one on */
    ROUTES_PINS = 4
};

struct routes {
    uint32_t lines[ROUTES_DEVICES][ROUTES_PINS]; /* 0: unknown */
    bool repeat; /* those of later devices are the same, eight by eight */
};

/* Reads the first routing table, _PRT.  Lines that are found are unequal to 0. */
void routes_read(struct routes *routes, struct acpi_table dsdt);

#endif
