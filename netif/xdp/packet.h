/* packet.h -- frames that the filter can't give to a queue's socket, by way of Linux: a packet
 * socket. */
#ifndef XDP_PACKET_H
#define XDP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/buf.h>

/* A ring that the kernel writes frames into. */
struct xdp_packet {
    int fd; /* -1: none */
    uint8_t *ring;
    size_t ring_bytes;
    uint32_t frame_bytes; /* the place of one */
    uint32_t at;          /* where the next one comes */
    uint64_t taken;       /* frames */
    uint64_t copied;      /* bytes */
    uint64_t lost;        /* frames: no buffer, too long, or the ring was full */
};

/* Opens a packet socket on device @ifindex for frames of up to @frame_bytes_max bytes, for @mac or
 * for a group, and makes the device accept both.  On error errno is set. */
bool leat_xdp_packet_open(struct xdp_packet *packet, unsigned ifindex, struct leat_mac mac,
                          uint32_t frame_bytes_max);

/* Up to @frames_max frames; without a system call. */
uint32_t leat_xdp_packet_receive(struct xdp_packet *packet, struct leat_pool *pool,
                                 struct leat_buf **frames, uint32_t frames_max);

/* Asks the kernel how many frames it dropped, and clears the error that the device was once down;
 * otherwise the descriptor would be ready for ever. */
void leat_xdp_packet_look(struct xdp_packet *packet);

void leat_xdp_packet_close(struct xdp_packet *packet);

#endif
