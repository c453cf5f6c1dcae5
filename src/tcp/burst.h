/* burst.h -- what is done with a burst of frames before the first of them goes up. */
#ifndef TCP_BURST_H
#define TCP_BURST_H

#include "stack.h"

/* Merges what of @frames, @count of them as they came, belongs together, and fetches the
 * connections that they are for; returns how many frames are left. */
uint32_t tcp_burst(struct leat *stack, struct leat_buf **frames, uint32_t count);

/* Fetches the connections that @frames are for into the caches; returns how many frames have one.
 * It decides nothing, and counts nothing. */
uint32_t tcp_fetch(struct tcp *tcp, struct leat_buf *const *frames, uint32_t count);

#endif
