/* gro.h -- segments that follow each other in a burst become one super-frame: GRO in software. */
#ifndef TCP_GRO_H
#define TCP_GRO_H

#include "stack.h"

/* Merges what of @frames, @count of them as they came, belongs together; returns how many frames
 * are left.  What was merged into another frame is counted as taken_merged. */
uint32_t gro_merge(struct leat *stack, struct leat_buf **frames, uint32_t count);

#endif
