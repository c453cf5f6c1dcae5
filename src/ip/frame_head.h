/*
 * frame_head.h -- the Ethernet and IPv4 headers of a way to a host, made once and copied in front
 * of what goes there.
 *
 * Only the length, the identification, TOS, protocol and checksum differ from packet to packet.
 * That saves a request, its response or a datagram 130 instructions a side: the neighbour is not
 * looked up, no header is put together from its fields.  What is not the usual case (a neighbour
 * that isn't known, a frame to be padded, cut or fragmented, a full queue) finds no head, and goes
 * by ipv4_output().
 */
#ifndef IP_FRAME_HEAD_H
#define IP_FRAME_HEAD_H

#include <string.h>

#include "core/checksum.h"
#include "core/cold.h"
#include "core/view.h"
#include "ip/ipv4.h"
#include "link/ethernet.h"
#include "link/neighbour.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"

struct frame_head {
    uint64_t generation;    /* stack->neighbour_generation then; 0: there is none */
    uint32_t addresses_sum; /* of both addresses, as numbers of the machine, not as on the wire */
    struct neighbour *hop;
    uint8_t bytes[ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES];
};

/* Makes the head of @path, if its next hop's address is known. */
COLD void frame_head_make(const struct path *path);

/* True if @packet, which is @bytes long, may go to @path by frame_head_send(). */
static inline bool frame_head_fits(const struct leat *stack, const struct path *path,
                                   const struct leat_buf *packet, uint32_t bytes)
{
    const struct frame_head *head = path->head;
    const uint32_t total = bytes + IPV4_HEADER_BYTES;

    return SHORTCUTS && head && head->generation == stack->neighbour_generation &&
           total >= ETHERNET_FRAME_MIN - ETHERNET_HEADER_BYTES && total <= path->mtu &&
           packet->segment_bytes == 0 && ipv4_output_room(stack, path);
}

/* What ipv4_output() does.  @id_and_flags: the second word of the IPv4 header.  Always in line: who
 * calls it knows half of it, so its seven arguments cost nothing.  Takes @packet.
 * NOLINTNEXTLINE(readability-function-size) */
HOT void frame_head_send(struct leat *stack, const struct path *path, uint8_t protocol, uint8_t tos,
                         uint32_t id_and_flags, struct leat_buf *packet, uint32_t bytes)
{
    const struct frame_head *head = path->head;
    const uint64_t left =
        pair32(0x45000000 | (uint32_t)tos << 16 | (bytes + IPV4_HEADER_BYTES), id_and_flags);
    uint32_t right = (uint32_t)stack->config.ttl << 24 | (uint32_t)protocol << 16;
    uint8_t *at = view_push(packet, sizeof head->bytes);

    neighbour_use(stack, head->hop);
    memcpy(at, head->bytes, sizeof head->bytes);
    right |= (uint16_t)~checksum_fold16(checksum_add(left, (uint64_t)right + head->addresses_sum));
    put64(at + ETHERNET_HEADER_BYTES, left);
    put32(at + ETHERNET_HEADER_BYTES + 8, right);
    link_enqueue(path->link, packet, 1);
}

#endif
