/* burst.h -- the work on a burst of frames before the first of them goes up. */
#ifndef TCP_BURST_H
#define TCP_BURST_H

#include "base.h"

/* Merges consecutive segments among the @count @frames, and prefetches their connections. Returns
 * how many frames are left. */
uint32_t tcp_burst(struct leat *stack, struct leat_buf **frames, uint32_t count);

/* Prefetches the connections of @frames into the caches. Returns how many frames have one. It
 * decides nothing, and counts nothing. */
uint32_t tcp_fetch(struct tcp *tcp, struct leat_buf *const *frames, uint32_t count);

#endif
