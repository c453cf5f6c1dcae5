/*
 * vnet.c -- checksums and super-frames between leat and the kernel.
 *
 * The kernel's virtio header stands in front of each frame, on the device and in memory. Output
 * asks for a checksum, and input may come without one, because such a frame never was on a wire.
 */
#include "vnet.h"

#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    IPV4_BYTES_MIN = 20,
    IPV4_PROTOCOL_AT = 9,
    IPV6_BYTES = 40,
    IPV6_NEXT_AT = 6,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TCP_CHECKSUM_AT = 16,
    UDP_CHECKSUM_AT = 6
};

_Static_assert(sizeof(struct tap_vnet) == sizeof(struct virtio_net_hdr) &&
                   offsetof(struct tap_vnet, checksum_start) ==
                       offsetof(struct virtio_net_hdr, csum_start),
               "the kernel's own");

/* Bytes in front of the IP header: a frame may have a tag of IEEE 802.1Q. */
static uint32_t link_header_bytes(const struct leat_buf *frame, bool is_ip)
{
    if (is_ip)
        return 0;
    return ETHERNET_BYTES + (frame->data[12] == 0x81 && frame->data[13] == 0 ? TAG_BYTES : 0);
}

struct tap_vnet leat_tap_vnet_of(const struct leat_buf *frame, bool is_ip)
{
    const uint32_t link_bytes = link_header_bytes(frame, is_ip);
    const uint8_t *ip = frame->data + link_bytes;
    struct tap_vnet vnet = {0};
    uint8_t protocol;
    bool is_v6;

    /* All zeros: the kernel changes nothing in the frame. */
    if (frame->checksum != LEAT_CHECKSUM_PARTIAL || frame->len < link_bytes + IPV4_BYTES_MIN)
        return vnet;
    is_v6 = ip[0] >> 4 == 6; /* the stack sends no extension headers */
    protocol = ip[is_v6 ? IPV6_NEXT_AT : IPV4_PROTOCOL_AT];
    if (protocol == PROTOCOL_TCP)
        vnet.checksum_offset = TCP_CHECKSUM_AT;
    else if (protocol == PROTOCOL_UDP)
        vnet.checksum_offset = UDP_CHECKSUM_AT;
    else
        return vnet;
    /* The kernel sums from the transport header to the end, and stores the result at the offset in
     * it. The stack has put the pseudo-header's sum there. */
    vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    vnet.checksum_start =
        (uint16_t)(link_bytes + (is_v6 ? (uint32_t)IPV6_BYTES : (ip[0] & 15u) * 4));
    if (frame->segment_bytes > 0) {
        vnet.gso_type = is_v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
        vnet.segment_bytes = frame->segment_bytes;
        vnet.header_bytes = (uint16_t)frame->len; /* the payload lies in pieces of its own */
    }
    return vnet;
}

bool leat_tap_vnet_read(struct leat_buf *frame)
{
    struct tap_vnet vnet;
    uint8_t gso;
    bool super;

    memcpy(&vnet, frame->data - sizeof vnet, sizeof vnet);
    /* The bit says that the segments have CWR on the first of them only, which changes nothing
     * here. */
    gso = vnet.gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
    /* NEEDS_CSUM: the frame was never on a wire, its field holds only the pseudo-header's sum */
    if (vnet.flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID))
        frame->checksum = LEAT_CHECKSUM_VERIFIED;
    super = gso == VIRTIO_NET_HDR_GSO_TCPV4 || gso == VIRTIO_NET_HDR_GSO_TCPV6;
    if (super)
        frame->segment_bytes = vnet.segment_bytes;
    return gso == VIRTIO_NET_HDR_GSO_NONE || super;
}

bool leat_tap_vnet_offload(int fd, bool on)
{
    /* No UDP: the kernel would then send super-frames of UDP, which the stack doesn't take. */
    const unsigned long what = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

    return ioctl(fd, TUNSETOFFLOAD, on ? what : 0ul) == 0;
}
