/*
 * fuzz_shm.c -- the backend in shared memory, with a peer process that sends and writes anything:
 * the hello and its descriptor, bytes on the socket, words and frames in the shared memory.
 *
 * fuzz_ring.c has a model of the ring. This target covers the set-up: which memory is accepted,
 * which peer is disconnected and why, and the state after that. Delivered frames have a legal
 * length; a lost peer gives a line with the reason; every buffer, mapping and descriptor is back.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <leat/leat.h>

#include "../netif/shm/inside.h"
#include "core/pool.h"
#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BUFFERS = 24,
    BUFFER_BYTES = 2048,
    SMALL = 8,
    VIEWS = 16,
    HELD = 32,
    RING_BYTES = 4096,
    STEPS_MAX = 100
};

static struct {
    const uint8_t *input, *input_end;
    struct leat_pool pool;
    struct leat_shm *shm;
    int peer;                  /* -1: closed */
    struct shm_memory *memory; /* the peer's mapping of it; NULL: none */
    size_t memory_bytes;
    uint32_t ring_bytes;
    uint32_t put; /* position of the peer's next frame */
    uint64_t now_ns;
    struct leat_buf *held[HELD];
    uint32_t held_count;
    uint8_t buffers[80 * 1024] __attribute__((aligned(64)));
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

/* ---- the peer's hello --------------------------------------------------------------------- */

/* Makes correct or nearly correct memory. */
static int make_memory(uint8_t how, uint32_t ring_bytes)
{
    const int fd = how & 1 ? open("/dev/null", O_RDWR) : memfd_create("fuzz", MFD_ALLOW_SEALING);
    const off_t bytes = SHM_HEAD_BYTES + 2 * (off_t)ring_bytes - (how & 2 ? 1 : 0);
    const int seals = (how & 4 ? 0 : F_SEAL_SHRINK) | (how & 8 ? F_SEAL_GROW | F_SEAL_SEAL : 0);

    demand(fd >= 0);
    if (how & 1)
        return fd;
    demand(ftruncate(fd, bytes) == 0 && (seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0));
    if (!world.memory && !(how & 2)) {
        world.memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        world.memory_bytes = (size_t)bytes;
        world.ring_bytes = ring_bytes;
        demand(world.memory != MAP_FAILED);
    }
    return fd;
}

/* Sends @len bytes with @count descriptors. */
static void say(const void *bytes, size_t len, const int *fds, unsigned count)
{
    struct iovec piece = {(void *)(uintptr_t)bytes, len};
    union {
        struct cmsghdr head;
        uint8_t bytes[CMSG_SPACE(3 * sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(count * sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (count > 0) {
        memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    (void)sendmsg(world.peer, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void say_hello(uint8_t what, uint8_t how)
{
    struct shm_hello hello = {.magic = {'l', 'e', 'a', 't', '-', 's', 'h', 'm'},
                              .version = SHM_VERSION,
                              .mtu = world.shm->netif.mtu,
                              .ring_bytes = RING_BYTES};
    const unsigned count = what & 3 ? what & 3 : 1;
    size_t len = sizeof hello;
    int fds[3];

    if (what & 4)
        ((uint8_t *)&hello)[next8() % sizeof hello] ^= next8();
    if (what & 8)
        hello.ring_bytes = UINT32_C(1) << next8() % 32;
    if (what & 16)
        len = next8() % (sizeof hello + 1);
    for (unsigned i = 0; i < count; i++)
        fds[i] = make_memory(how, hello.ring_bytes > 1 << 20 ? RING_BYTES : hello.ring_bytes);
    say(&hello, len, fds, what & 32 ? 0 : count);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* The opposite direction: the peer takes the memory from our hello. */
static void hear_hello(void)
{
    struct shm_hello hello;
    struct iovec piece = {&hello, sizeof hello};
    union {
        struct cmsghdr head;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    int fd;

    demand(recvmsg(world.peer, &message, MSG_DONTWAIT) == (ssize_t)sizeof hello);
    memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    world.ring_bytes = hello.ring_bytes;
    world.memory_bytes = SHM_HEAD_BYTES + 2 * (size_t)hello.ring_bytes;
    world.memory = mmap(NULL, world.memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    demand(world.memory != MAP_FAILED);
    close(fd);
}

/* ---- what the peer writes ----------------------------------------------------------------- */

/* The ring that the peer writes frames into. */
static unsigned its_ring(void)
{
    return world.shm->takes_memory ? 0 : 1;
}

static void put_frame(uint32_t len, uint32_t announced, bool tells)
{
    uint8_t *bytes =
        world.memory ? world.memory->bytes + its_ring() * (size_t)world.ring_bytes : NULL;

    if (!bytes || world.ring_bytes < 4096 || len > 1600)
        return;
    memcpy(bytes + world.put % world.ring_bytes, &announced, sizeof announced);
    world.put += RING_HEAD_BYTES + (len + 7) / 8 * 8;
    if (tells)
        world.memory->rings[its_ring()].producer.index = world.put;
}

static void scribble(uint8_t where)
{
    struct ring_shared *ring;
    uint32_t word;

    if (!world.memory)
        return;
    ring = &world.memory->rings[where & 1];
    word = where & 8 ? next16() : world.put + 8u * next8() - 1024;
    if (where & 2)
        ring->producer.index = word;
    else
        ring->consumer.index = word;
    if (where & 4)
        ring->consumer.wake_behind = ring->producer.wake_behind = word;
}

static void ring_bells(uint8_t first, uint8_t count)
{
    uint8_t bells[80];

    if (world.peer < 0)
        return;
    memset(bells, SHM_WAKE, sizeof bells);
    bells[0] = first;
    (void)send(world.peer, bells, 1u + count % sizeof bells, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void leave(void)
{
    if (world.peer >= 0)
        close(world.peer);
    world.peer = -1;
    if (world.memory)
        munmap(world.memory, world.memory_bytes);
    world.memory = NULL;
}

/* ---- the program -------------------------------------------------------------------------- */

static void receive(uint32_t most)
{
    struct leat_netif *netif = leat_shm_netif(world.shm);
    struct leat_buf *frames[32];
    const uint32_t count = netif->ops->receive(netif, world.now_ns, &world.pool, frames, most);

    demand(count <= most);
    for (uint32_t i = 0; i < count; i++) {
        demand(leat_buf_total(frames[i]) >= FRAME_MIN &&
               leat_buf_total(frames[i]) <= world.shm->frame_max);
        leat_buf_free(frames[i]);
    }
    demand((leat_shm_lost(world.shm) != NULL) == (world.shm->fd < 0));
    demand(!world.shm->memory || world.shm->fd >= 0);
}

static void transmit(uint8_t count)
{
    struct leat_netif *netif = leat_shm_netif(world.shm);
    uint8_t bytes[1514] = {0};

    for (unsigned i = 0; i <= count % 8u; i++) {
        const uint32_t len = FRAME_MIN + next16() % (sizeof bytes - FRAME_MIN);
        const uint32_t room = netif->ops->transmit_room(netif);
        struct leat_buf *frame = room > 0 ? leat_buf_copy(&world.pool, bytes, len) : NULL;

        if (frame)
            netif->ops->transmit(netif, world.now_ns, &frame, 1);
    }
}

static void hold(uint8_t how)
{
    while (how & 8 && leat_pool_free_count(&world.pool) > how >> 4 && world.held_count < HELD)
        world.held[world.held_count++] = leat_buf_alloc(&world.pool, 0);
    while (!(how & 8) && world.held_count > 0)
        leat_buf_free(world.held[--world.held_count]);
}

static void step(uint8_t what)
{
    uint32_t len;

    switch (what % 8) {
    case 0:
        if (world.peer >= 0 && world.shm->takes_memory)
            say_hello(next8(), what >> 3);
        break;
    case 1:
        len = what & 8 ? next16() % 1600 : next8();
        put_frame(len, what & 16 ? next16() << (what >> 5) * 2 : len, what & 32);
        break;
    case 2:
        scribble(what >> 3);
        break;
    case 3:
        ring_bells(what & 128 ? next8() : SHM_WAKE, next8());
        break;
    case 4:
        receive(1 + next8() % 32u);
        break;
    case 5:
        transmit(next8());
        break;
    case 6:
        hold(what);
        break;
    default:
        world.now_ns += (uint64_t)1000 << (what >> 3) % 20;
        if (what >= 248)
            leave();
        break;
    }
    len = (uint32_t)(world.shm->netif.ops->next_look_ns(&world.shm->netif, world.now_ns) <
                     world.now_ns);
    demand(len == 0);
}

static void open_shm(uint8_t draw)
{
    static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};
    struct leat_shm_config config = {.listen = draw & 1,
                                     .mac = &mac,
                                     .mtu = draw & 2 ? 1500 : 576,
                                     .busy_poll_us = draw & 4 ? 50 : 0};
    char why[LEAT_WHY_BYTES];
    int ends[2];

    demand(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    world.peer = ends[1];
    config.fd = ends[0];
    demand(leat_shm_open(&world.shm, &config, why) == LEAT_OK);
    if (!config.listen)
        hear_hello();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {world.buffers, world.buffers + sizeof world.buffers};
    const int lowest = dup(0);

    close(lowest);
    world.input = data;
    world.input_end = data + size;
    world.now_ns = 1000000000;
    world.held_count = world.put = 0;
    world.memory = NULL;
    world.pool = (struct leat_pool){0};
    demand(pool_init(&world.pool, &arena, BUFFERS, BUFFER_BYTES, SMALL, VIEWS));
    open_shm(next8());
    for (unsigned i = 0; i < STEPS_MAX && world.input < world.input_end; i++)
        step(next8());
    hold(0);
    leave();
    receive(32); /* the program notices sooner or later that the peer is gone */
    leat_shm_close(world.shm);
    demand(pool_is_whole(&world.pool));
    world.peer = dup(0); /* every descriptor is back */
    demand(world.peer == lowest);
    close(world.peer);
    return 0;
}
