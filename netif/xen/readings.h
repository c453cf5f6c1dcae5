/* readings.h -- keys of xenstore that the handshake reads, one after the other. */
#ifndef XEN_READINGS_H
#define XEN_READINGS_H

#include "bus.h"

/* The consequence of an answer. */
enum xen_outcome {
    XEN_NEXT,
    XEN_LATER, /* all of them again, a little later */
    XEN_FAIL   /* bus->why says why */
};

/* One key that is read. */
struct xen_reading {
    const char *key;
    /* Takes the answer; @value: NULL if there is no such key. */
    enum xen_outcome (*take)(struct xen_bus *bus, const struct xen_reading *reading,
                             const char *value);
    bool is_theirs;  /* in the other domain's folder */
    uint8_t what;    /* enum xen_bus_feature or xen_bus_number, as it is taken */
    uint16_t absent; /* the number if there is no such key; a value that is none is 0 */
};

/* ---- those of every device ---------------------------------------------------------------- */

enum xen_outcome xen_take_backend(struct xen_bus *bus, const struct xen_reading *reading,
                                  const char *value);
enum xen_outcome xen_take_domain(struct xen_bus *bus, const struct xen_reading *reading,
                                 const char *value);
enum xen_outcome xen_take_number(struct xen_bus *bus, const struct xen_reading *reading,
                                 const char *value);

/* The other domain must wait for us. If it is still connected to an earlier driver, ours goes the
 * same way down as that one should have gone. */
enum xen_outcome xen_take_state(struct xen_bus *bus, const struct xen_reading *reading,
                                const char *value);

/* A feature that the other domain offers, or not. */
enum xen_outcome xen_take_feature(struct xen_bus *bus, const struct xen_reading *reading,
                                  const char *value);

/* False: @text, which may be NULL, is no decimal number up to 65,535. */
bool xen_read_number(const char *text, uint32_t *number);

/* The same with a limit of its own. */
bool xen_read_long(const char *text, uint64_t most, uint64_t *number);

#endif
