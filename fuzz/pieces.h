/* pieces.h -- frames of several pieces, for drivers that copy or gather them. */
#ifndef PIECES_H
#define PIECES_H

#include <leat/leat.h>

/* Transmits a frame of 64 bytes and @what & 31 slices of 4; its checksum is partial if @what is
 * odd. With the bit 32 it is a super-frame of @segment_bytes. Nothing is sent without a buffer, or
 * without room in @netif. */
void pieces_transmit(struct leat_netif *netif, struct leat_pool *pool, uint8_t what,
                     uint16_t segment_bytes, uint64_t now_ns);

#endif
