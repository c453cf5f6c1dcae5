/* gro.h -- GRO in software: consecutive segments of a burst are merged into one super-frame. */
#ifndef TCP_GRO_H
#define TCP_GRO_H

#include "base.h"

/* Merges consecutive segments among the @count @frames. Returns how many frames are left. Frames
 * that were merged into another one are counted as taken_merged. */
uint32_t gro_merge(struct leat *stack, struct leat_buf **frames, uint32_t count);

#endif
