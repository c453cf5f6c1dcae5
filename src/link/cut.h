/* cut.h -- super-frames for a device that doesn't cut them itself: TSO in software (GSO). */
#ifndef LINK_CUT_H
#define LINK_CUT_H

#include "stack.h"

/* Takes the first segment off a super-frame of TCP text, and returns it as a frame of its own; the
 * last one is @frame itself, which is no super-frame any more.  @device_sums: the device completes
 * checksums.  NULL: no memory, and @frame is as it was. */
struct leat_buf *cut_first(struct leat *stack, struct leat_buf *frame, bool device_sums);

/* Frames that @frame becomes on the wire. */
static inline uint32_t cut_count(const struct leat_buf *frame)
{
    /* the one division a super-frame costs */
    return frame->segment_bytes > 0
               ? (leat_buf_total(frame->next) + frame->segment_bytes - 1) / frame->segment_bytes
               : 1;
}

#endif
