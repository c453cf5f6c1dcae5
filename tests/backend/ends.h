/* ends.h -- the backends that the kit tests. */
#ifndef BACKEND_ENDS_H
#define BACKEND_ENDS_H

#include "kit.h"

/* within.c: without a device, in one process. */
extern const struct kit_backend kit_link, kit_recorder, kit_flight, kit_vlan, kit_untagged;
extern const struct kit_backend kit_socket, kit_marks, kit_datagram, kit_shm, kit_lan9118;

/* devices.c: with devices of Linux: "tap:FIRST,SECOND", which a bridge joins, or
 * "xdp:FIRST,SECOND", which are connected directly. */
extern const struct kit_backend kit_tap;
#ifdef LEAT_HAS_XDP
extern const struct kit_backend kit_xdp;
#endif

#endif
