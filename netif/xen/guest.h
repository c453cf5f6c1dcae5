/* guest.h -- the parts of a guest that its drivers share. */
#ifndef XEN_GUEST_STORE_H
#define XEN_GUEST_STORE_H

#include "store.h"

/* The guest's only client of xenstore. From the first call on, requests of the tool stack end the
 * program. NULL: there is no page of xenstore. */
struct xen_store *xen_guest_store(void);

#endif
