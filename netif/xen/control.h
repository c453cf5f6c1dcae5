/*
 * control.h -- requests of the tool stack to the guest as a whole: the key control/shutdown.
 *
 * `xl shutdown` and `xl reboot` write the key, and the guest acknowledges by writing an empty value
 * (Xen, docs/misc/xenstore-paths.pandoc).  A request that this guest can't follow, such as
 * `suspend`, is not acknowledged, so that the tool stack sees it fail.
 *
 * No step waits.  A watch tells of requests; if the store refuses the watch, the key is read each
 * second.
 */
#ifndef XEN_CONTROL_H
#define XEN_CONTROL_H

#include "store.h"

enum xen_control_step {
    XEN_CONTROL_POWEROFF, /* says that this guest follows such a request */
    XEN_CONTROL_REBOOT,   /* likewise */
    XEN_CONTROL_WATCH,
    XEN_CONTROL_READ,
    XEN_CONTROL_ACKNOWLEDGE
};

struct xen_control {
    struct xen_store *store;
    enum xen_control_step step;
    bool asked;     /* a request to the store is on its way */
    bool is_polled; /* the store refuses the watch */
    bool reboot;    /* the last request was to begin again */
    uint64_t asked_ns, again_ns;
    uint32_t watch_events; /* seen */
};

void xen_control_open(struct xen_control *control, struct xen_store *store);

/* Does what is possible. True once for each request to end, after it was acknowledged. */
bool xen_control_take_end(struct xen_control *control, uint64_t now_ns);

#endif
