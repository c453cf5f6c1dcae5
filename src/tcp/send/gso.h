/* gso.h -- super-frames for a device that doesn't cut them itself: TSO in software (GSO). */
#ifndef TCP_GSO_H
#define TCP_GSO_H

#include "stack.h"

/* Takes the first segment off a super-frame of TCP data, and returns it as a frame of its own; the
 * last one is @frame itself, which is no super-frame any more.  @device_sums: the device completes
 * checksums.  NULL: no memory, and @frame is as it was. */
struct leat_buf *gso_cut(struct leat *stack, struct leat_buf *frame, bool device_sums);

#endif
