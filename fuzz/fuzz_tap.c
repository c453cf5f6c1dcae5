/*
 * fuzz_tap.c -- the backend over a TAP device, which is a socket pair of this process: frames of
 * any length with any offload header, as bridged devices produce them.
 *
 * The input is the received frames; the sent frames, their pieces and offloads; the features of the
 * device; and shortage of memory. Each delivered frame is the one received, in order, with the
 * marks of its header. Truncated frames, and frames of a kind that was not negotiated, are counted.
 * Each sent frame arrives complete, behind a header that describes it. At the end all memory is
 * back. The system calls that create a device are wrapped (__wrap_ioctl() and the like).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <leat/leat.h>
#include <leat/tap.h>

#include "../netif/tap/vnet.h"
#include "core/pool.h"
#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BUFFERS = 48,
    BUFFER_BYTES = 2048,
    SMALL = 48,
    VIEWS = 64,
    HELD = 64,
    KEPT = 8,
    WAITING = 64, /* received frames that are not checked yet */
    DEVICE_MTU = 1500,
    SUPER_MAX = 65535,
    FRAME_MAX = 2000 + SUPER_MAX,
    ETHERNET = 14,
    SEGMENT_HEADERS = 74, /* Ethernet, IPv6, TCP */
    STEPS_MAX = 120
};

/* A received frame. */
struct came {
    uint32_t len;
    struct tap_vnet vnet;
};

static struct {
    const uint8_t *input, *input_end;
    struct leat_pool pool;
    struct leat_tap *tap;
    int device, peer; /* the two ends of the socket pair */
    bool vnet, agrees;
    struct came in[WAITING];
    uint32_t in_first, in_count;
    struct leat_buf *held[HELD], *kept[KEPT];
    uint32_t held_count, kept_count;
    uint8_t wire[sizeof(struct tap_vnet) + FRAME_MAX];
    uint8_t memory[160 * 1024] __attribute__((aligned(64)));
} world;

static uint8_t next8(void)
{
    return world.input < world.input_end ? *world.input++ : 0;
}

static uint32_t next16(void)
{
    const uint32_t low = next8();

    return low | (uint32_t)next8() << 8;
}

/* ---- system calls ------------------------------------------------------------------------- */

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
unsigned __wrap_if_nametoindex(const char *name);

int __wrap_open64(const char *path, int flags, ...)
{
    if (strcmp(path, "/dev/net/tun") == 0)
        return world.device;
    return __real_open64(path, flags, 0600);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    struct ifreq *facts;
    va_list more;

    (void)fd;
    va_start(more, request);
    facts = va_arg(more, void *);
    va_end(more);
    if (request == SIOCGIFMTU)
        facts->ifr_mtu = DEVICE_MTU;
    else if (request == SIOCGIFFLAGS)
        facts->ifr_flags = IFF_UP;
    errno = EINVAL;
    return request == TUNSETOFFLOAD && !world.agrees ? -1 : 0;
}

unsigned __wrap_if_nametoindex(const char *name)
{
    (void)name;
    return 1;
}

/* ---- in ----------------------------------------------------------------------------------- */

static uint8_t byte_of(uint32_t len, uint32_t at)
{
    return (uint8_t)(len * 41 + at * 3 + (at >> 8) * 5);
}

/* Receives a frame of @len bytes with a header from the input. */
static void come(uint32_t len, uint8_t how)
{
    struct came came = {.len = len, .vnet = {.gso_type = how & 1 ? next8() : 0}};
    const uint32_t head = world.vnet ? sizeof came.vnet : 0;

    if (world.in_count == WAITING)
        return;
    if (how & 2)
        came.vnet.flags = next8();
    if (how & 4)
        came.vnet.segment_bytes = (uint16_t)next16();
    if (how & 8) {
        came.vnet.header_bytes = (uint16_t)next16();
        came.vnet.checksum_start = (uint16_t)next16();
        came.vnet.checksum_offset = (uint16_t)next16();
    }
    memcpy(world.wire, &came.vnet, head);
    for (uint32_t i = 0; i < len; i++)
        world.wire[head + i] = byte_of(len, i);
    if (send(world.peer, world.wire, head + len, MSG_DONTWAIT) == (ssize_t)(head + len))
        world.in[(world.in_first + world.in_count++) % WAITING] = came;
}

static bool is_super(const struct came *came)
{
    const uint8_t kind = came->vnet.gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

    return kind == VIRTIO_NET_HDR_GSO_TCPV4 || kind == VIRTIO_NET_HDR_GSO_TCPV6;
}

/* True for a frame that can't be delivered: longer than its buffer, or of a kind that was not
 * negotiated. */
static bool is_dropped(const struct came *came)
{
    const uint8_t kind = came->vnet.gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

    return world.vnet && !is_super(came) && kind != VIRTIO_NET_HDR_GSO_NONE;
}

static void check_bytes(const struct leat_buf *frame, uint32_t len)
{
    uint32_t at = 0;

    for (; frame; frame = frame->next) {
        for (uint32_t i = 0; i < frame->len; i += 1 + frame->len / 64)
            demand(frame->data[i] == byte_of(len, at + i));
        at += frame->len;
    }
}

/* Finds the delivered frame among those received; the ones before it are lost for lack of
 * memory, or dropped. */
static void judge(const struct leat_buf *frame)
{
    const uint32_t len = leat_buf_total(frame);
    const struct came *came;
    uint8_t flags;

    do {
        demand(world.in_count > 0);
        came = &world.in[world.in_first++ % WAITING];
        world.in_count--;
    } while (is_dropped(came) || came->len != len);
    flags = world.vnet ? came->vnet.flags : 0;
    check_bytes(frame, len);
    demand((frame->checksum == LEAT_CHECKSUM_VERIFIED) ==
           ((flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) != 0));
    demand(frame->segment_bytes == (world.vnet && is_super(came) ? came->vnet.segment_bytes : 0));
}

static void free_kept(void)
{
    while (world.kept_count > 0)
        leat_buf_free(world.kept[--world.kept_count]);
}

static uint32_t receive(uint32_t most)
{
    struct leat_netif *netif = leat_tap_netif(world.tap);
    struct leat_buf *frames[16];
    const uint32_t count = netif->ops->receive(netif, 1, &world.pool, frames, most);

    demand(count <= most);
    for (uint32_t i = 0; i < count; i++) {
        judge(frames[i]);
        if (world.kept_count < KEPT)
            world.kept[world.kept_count++] = frames[i];
        else
            leat_buf_free(frames[i]);
    }
    return count;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Writes the headers of a segment, so that an offload can be described. */
static void put_headers(uint8_t *bytes, uint8_t how)
{
    memset(bytes, 0, SEGMENT_HEADERS);
    bytes[12] = how & 1 ? 0x86 : 0x08;
    bytes[13] = how & 1 ? 0xdd : 0x00;
    bytes[ETHERNET] = how & 1 ? 0x60 : 0x45;
    bytes[ETHERNET + (how & 1 ? 6 : 9)] = how & 2 ? 17 : 6;
}

/* Checks that the frame arrives unchanged, behind its header. */
static void hear(uint32_t len, const struct tap_vnet *wanted)
{
    const ssize_t got = recv(world.peer, world.wire, sizeof world.wire, MSG_DONTWAIT);
    const uint32_t head = world.vnet ? sizeof *wanted : 0;

    demand(got == (ssize_t)(head + len));
    demand(memcmp(world.wire, wanted, head) == 0);
    for (uint32_t i = SEGMENT_HEADERS; i < len; i++)
        demand(world.wire[head + i] == byte_of(len, i));
}

static void transmit(uint8_t how)
{
    struct leat_netif *netif = leat_tap_netif(world.tap);
    const uint32_t most = world.vnet && how & 4 ? 20000 : DEVICE_MTU + ETHERNET;
    const uint32_t len = SEGMENT_HEADERS + next16() % (most - SEGMENT_HEADERS);
    const uint64_t refused = leat_tap_counters(world.tap)->tx_refused;
    static uint8_t bytes[20000];
    struct tap_vnet wanted;
    struct leat_buf *frame, *rest;

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = byte_of(len, i);
    put_headers(bytes, how);
    frame = leat_buf_copy(&world.pool, bytes, len);
    if (!frame)
        return;
    rest = how & 8 && frame->len > SEGMENT_HEADERS
               ? leat_buf_slice(frame, SEGMENT_HEADERS, len - SEGMENT_HEADERS)
               : NULL;
    if (rest) {
        leat_buf_trim(frame, SEGMENT_HEADERS);
        leat_buf_append(frame, rest);
    }
    frame->checksum = world.vnet && how & 16 ? LEAT_CHECKSUM_PARTIAL : LEAT_CHECKSUM_UNKNOWN;
    frame->segment_bytes = how & 16 && how & 4 && !(how & 2) ? 1000 : 0;
    wanted = leat_tap_vnet_of(frame, false);
    demand(wanted.flags == 0 || wanted.checksum_start + wanted.checksum_offset + 2u <= len);
    netif->ops->transmit(netif, 1, &frame, 1);
    if (leat_tap_counters(world.tap)->tx_refused == refused)
        hear(len, &wanted);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void hold(uint8_t how)
{
    while (how & 1 && leat_pool_free_count(&world.pool) > how >> 4 && world.held_count < HELD)
        world.held[world.held_count++] = leat_buf_alloc(&world.pool, 0);
    while (!(how & 1) && world.held_count > 0)
        leat_buf_free(world.held[--world.held_count]);
}

static void step(uint8_t what)
{
    switch (what % 8) {
    case 0:
    case 1:
        come(1 + next16() % (DEVICE_MTU + ETHERNET + 6), what >> 3);
        break;
    case 2:
        come(1 + (next16() * 2 + (what >> 3 & 1)) % (FRAME_MAX - 1), what >> 3 | 1);
        break;
    case 3:
    case 4:
        receive(1 + next8() % 16u);
        break;
    case 5:
        transmit(next8());
        break;
    case 6:
        hold(next8());
        break;
    default:
        free_kept();
        break;
    }
}

static void open_tap(uint8_t draw)
{
    static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};
    const int room = 1 << 20;
    const struct leat_tap_config config = {.device = "model", .mac = &mac, .no_offload = draw & 1};
    char why[LEAT_WHY_BYTES];
    int ends[2];

    demand(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0);
    for (unsigned i = 0; i < 2; i++)
        setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    world.device = ends[0];
    world.peer = ends[1];
    world.vnet = !config.no_offload;
    world.agrees = !(draw & 2);
    demand(leat_tap_open(&world.tap, &config, why) == LEAT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {world.memory, world.memory + sizeof world.memory};

    world.input = data;
    world.input_end = data + size;
    world.in_first = world.in_count = world.held_count = world.kept_count = 0;
    world.pool = (struct leat_pool){0};
    demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, SMALL, VIEWS));
    open_tap(next8());
    for (unsigned i = 0; i < STEPS_MAX && world.input < world.input_end; i++)
        step(next8());
    hold(0);
    free_kept();
    while (receive(16) > 0 || leat_tap_lost(world.tap))
        free_kept();
    free_kept();
    leat_tap_close(world.tap);
    close(world.peer);
    demand(pool_is_whole(&world.pool));
    return 0;
}
