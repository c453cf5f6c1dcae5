/* readings.h -- the keys of xenstore that the handshake reads, one after the other. */
#ifndef XEN_READINGS_H
#define XEN_READINGS_H

#include "bus.h"

/* The consequence of an answer. */
enum xen_outcome {
    XEN_NEXT,
    XEN_LATER, /* all of them again, a little later */
    XEN_FAIL   /* bus->why says why */
};

uint8_t xen_reading_count(void);

/* The key of bus->step; @is_theirs: it is in the other domain's folder. */
const char *xen_reading_key(const struct xen_bus *bus, bool *is_theirs);

/* Takes the answer; @value: NULL if there is no such key. */
enum xen_outcome xen_reading_take(struct xen_bus *bus, const char *value);

/* False: @text, which may be NULL, is no decimal number up to 65,535. */
bool xen_read_number(const char *text, uint32_t *number);

#endif
