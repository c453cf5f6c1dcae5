/* gso.h -- GSO in software: cuts super-frames for a device that doesn't do it (TSO). */
#ifndef TCP_GSO_H
#define TCP_GSO_H

#include "base.h"

/* Cuts the first segment off a super-frame of TCP data, and returns it as a frame of its own. The
 * last one is @frame itself, which then is no super-frame any more. @device_sums: the device
 * completes checksums. NULL: no memory, and @frame is unchanged. */
struct leat_buf *gso_cut(struct leat *stack, struct leat_buf *frame, bool device_sums);

#endif
