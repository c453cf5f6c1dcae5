/* vnet.h -- the header in front of each frame of a TAP device with IFF_VNET_HDR: what is left to be
 * done about checksums and super-frames. */
#ifndef TAP_VNET_H
#define TAP_VNET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

/* As the kernel lays it out (include/uapi/linux/virtio_net.h), in the machine's byte order. */
struct tap_vnet {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_bytes;  /* of a super-frame: in front of its text */
    uint16_t segment_bytes; /* ... and in each segment */
    uint16_t checksum_start;
    uint16_t checksum_offset;
};

_Static_assert(sizeof(struct tap_vnet) == 10, "TUNSETVNETHDRSZ's default");

/* What @frame, which begins with its IP header if @is_ip, needs from the kernel. */
struct tap_vnet leat_tap_vnet_of(const struct leat_buf *frame, bool is_ip);

/* Marks @frame as the kernel describes it by the header in front of its first byte; false: a
 * super-frame of a kind that was not agreed on. */
bool leat_tap_vnet_read(struct leat_buf *frame);

/* Agrees with the kernel on checksums and TCP super-frames in both directions, or (@on false) that
 * there be none; true: it does. */
bool leat_tap_vnet_offload(int fd, bool on);

#endif
