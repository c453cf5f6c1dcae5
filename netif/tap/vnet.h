/* vnet.h -- the header in front of each frame of a TAP device with IFF_VNET_HDR: the remaining work
 * about checksums and super-frames. */
#ifndef TAP_VNET_H
#define TAP_VNET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

/* As the kernel lays it out (include/uapi/linux/virtio_net.h), in the machine's byte order. */
struct tap_vnet {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_bytes;  /* of a super-frame: headers in front of its payload */
    uint16_t segment_bytes; /* ... and in each segment */
    uint16_t checksum_start;
    uint16_t checksum_offset;
};

_Static_assert(sizeof(struct tap_vnet) == 10, "TUNSETVNETHDRSZ's default");

/* The header for @frame, which begins with its IP header if @is_ip: work that the kernel must do.
 */
struct tap_vnet leat_tap_vnet_of(const struct leat_buf *frame, bool is_ip);

/* Marks @frame by the kernel's header in front of its first byte; false: a super-frame of a kind
 * that was not agreed on. */
bool leat_tap_vnet_read(struct leat_buf *frame);

/* Agrees with the kernel on checksums and TCP super-frames in both directions, or (@on false) on
 * none; true: the kernel accepts. */
bool leat_tap_vnet_offload(int fd, bool on);

#endif
