/*
 * packet.c -- frames for groups, and those that came by another queue.
 *
 * XDP gives a frame to one socket or to Linux, never to both, but frames for groups concern both.
 * So Linux gets such a frame, and a packet socket on the same device a copy.  They are few: ARP
 * requests, and questions of neighbours and routers.  They come through a ring in memory, so that
 * looking for them costs no system call; each is copied once more, into the pool, and counted.
 */
#include "packet.h"

#include <leat/assert.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FRAMES = 256,
    BLOCK_BYTES = 4096, /* a page at least, on every machine that Linux's headers are for */
    HEADER_BYTES = 96,  /* TPACKET2_HDRLEN and what the kernel lays the frame out by */
    VLAN_ID = 0xfff
};

static bool set(int fd, int name, const void *value, socklen_t bytes)
{
    return setsockopt(fd, SOL_PACKET, name, value, bytes) == 0;
}

/* Accepts frames for groups, and for @mac. */
static bool filter_for(int fd, struct leat_mac mac)
{
    const uint8_t *octet = mac.octet;
    const uint32_t first =
        (uint32_t)octet[0] << 24 | (uint32_t)octet[1] << 16 | (uint32_t)octet[2] << 8 | octet[3];
    const uint32_t rest = (uint32_t)octet[4] << 8 | octet[5];
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 4, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rest, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog filter = {sizeof program / sizeof *program, program};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

/* Makes the device accept frames for @mac and for all groups as long as @fd is open. */
static bool join(int fd, unsigned ifindex, struct leat_mac mac)
{
    struct packet_mreq unicast = {
        .mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_UNICAST, .mr_alen = sizeof mac.octet};
    const struct packet_mreq groups = {.mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_ALLMULTI};

    memcpy(unicast.mr_address, mac.octet, sizeof mac.octet);
    return set(fd, PACKET_ADD_MEMBERSHIP, &unicast, sizeof unicast) &&
           set(fd, PACKET_ADD_MEMBERSHIP, &groups, sizeof groups);
}

static bool make_ring(struct xdp_packet *packet, uint32_t frame_bytes_max)
{
    const int version = TPACKET_V2, one = 1;
    struct tpacket_req request = {.tp_frame_nr = FRAMES};

    packet->frame_bytes =
        frame_bytes_max + HEADER_BYTES <= BLOCK_BYTES / 2 ? BLOCK_BYTES / 2 : BLOCK_BYTES;
    packet->ring_bytes = (size_t)FRAMES * packet->frame_bytes;
    request.tp_frame_size = packet->frame_bytes;
    request.tp_block_size = (unsigned)sysconf(_SC_PAGESIZE);
    request.tp_block_nr = (unsigned)(packet->ring_bytes / request.tp_block_size);
    if (!set(packet->fd, PACKET_VERSION, &version, sizeof version) ||
        !set(packet->fd, PACKET_IGNORE_OUTGOING, &one, sizeof one) ||
        !set(packet->fd, PACKET_RX_RING, &request, sizeof request))
        return false;
    packet->ring =
        mmap(NULL, packet->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, packet->fd, 0);
    return packet->ring != MAP_FAILED;
}

bool leat_xdp_packet_open(struct xdp_packet *packet, unsigned ifindex, struct leat_mac mac,
                          uint32_t frame_bytes_max)
{
    const struct sockaddr_ll device = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex};
    int error;

    /* protocol 0: no frame comes before the filter is in place */
    *packet = (struct xdp_packet){
        .fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .ring = MAP_FAILED};
    if (packet->fd >= 0 && filter_for(packet->fd, mac) && make_ring(packet, frame_bytes_max) &&
        join(packet->fd, ifindex, mac) &&
        bind(packet->fd, (const struct sockaddr *)&device, sizeof device) == 0)
        return true;
    error = errno;
    leat_xdp_packet_close(packet);
    errno = error;
    return false;
}

/* A copy of the frame at @header; NULL: too long, tagged for a VLAN, or the pool is empty. */
static struct leat_buf *copy_frame(struct xdp_packet *packet, const struct tpacket2_hdr *header,
                                   struct leat_pool *pool)
{
    const bool tagged =
        header->tp_status & TP_STATUS_VLAN_VALID && (header->tp_vlan_tci & VLAN_ID) != 0;
    /* with 2 bytes less the IP header lies on a multiple of 4 */
    struct leat_buf *frame = leat_buf_alloc(pool, LEAT_BUF_HEADROOM - 2);

    /* Linux has taken the tag out of the frame, so it would look like one of our network. */
    if (!frame || tagged || header->tp_snaplen < header->tp_len ||
        header->tp_snaplen > leat_buf_tailroom(frame)) {
        leat_buf_free(frame);
        return NULL;
    }
    memcpy(leat_buf_put(frame, header->tp_snaplen), (const uint8_t *)header + header->tp_mac,
           header->tp_snaplen);
    if (header->tp_status & TP_STATUS_CSUMNOTREADY)
        frame->checksum = LEAT_CHECKSUM_VERIFIED; /* from this machine: it was never on a wire */
    packet->copied += header->tp_snaplen;
    return frame;
}

uint32_t leat_xdp_packet_receive(struct xdp_packet *packet, struct leat_pool *pool,
                                 struct leat_buf **frames, uint32_t frames_max)
{
    uint32_t count = 0;

    if (packet->fd < 0)
        return 0;
    leat_assert(packet->at < FRAMES);
    while (count < frames_max) {
        struct tpacket2_hdr *header =
            (void *)(packet->ring + (size_t)packet->at * packet->frame_bytes);

        if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
            break;
        frames[count] = copy_frame(packet, header, pool);
        if (frames[count])
            count++;
        else
            packet->lost++;
        __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        packet->at = (packet->at + 1) % FRAMES;
    }
    packet->taken += count;
    return count;
}

void leat_xdp_packet_look(struct xdp_packet *packet)
{
    struct tpacket_stats stats;
    socklen_t stats_bytes = sizeof stats, error_bytes = sizeof(int);
    int error;

    if (packet->fd < 0)
        return;
    if (getsockopt(packet->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_bytes) == 0)
        packet->lost += stats.tp_drops;
    getsockopt(packet->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
}

void leat_xdp_packet_close(struct xdp_packet *packet)
{
    if (packet->fd < 0)
        return;
    if (packet->ring != MAP_FAILED)
        munmap(packet->ring, packet->ring_bytes);
    close(packet->fd);
    packet->fd = -1;
}
