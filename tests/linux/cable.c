/*
 * cable.c -- connects an example without a device to the kernel: frames pass between a TAP device
 * and a UNIX socket, or shared memory, where the example is.
 *
 *      cable TAP socket|shm PATH MTU
 *
 * Checksums must be complete on both sides (--no-offload), because it carries frames unchanged. It
 * listens at PATH, prints a line, and serves one example after another until it is ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/shm.h>
#include <leat/socket.h>
#include <leat/tap.h>

#include "core/pool.h"

enum {
    BURST = 64,
    BUFFERS = 2048,
    PAUSE_US = 200
};

static struct leat_pool pool;
static struct leat_posix *posix;
static struct leat_tap *tap;
static struct leat_socket *unix_socket;
static struct leat_shm *shm;

_Noreturn static void fail(const char *why)
{
    fprintf(stderr, "cable: %s\n", why);
    exit(1);
}

static void open_pool(void)
{
    const size_t bytes = pool_cost(BUFFERS, 2048, BUFFERS, 4 * BUFFERS);
    struct arena arena = {.next = aligned_alloc(ARENA_ALIGN, bytes)};

    arena.end = arena.next + bytes;
    if (!arena.next || !pool_init(&pool, &arena, BUFFERS, 2048, BUFFERS, 4 * BUFFERS) ||
        leat_posix_open(&posix))
        fail("no memory");
}

static struct leat_netif *open_tap(const char *device)
{
    const struct leat_tap_config config = {.device = device, .posix = posix, .no_offload = true};
    char why[LEAT_WHY_BYTES];

    if (leat_tap_open(&tap, &config, why))
        fail(why);
    return leat_tap_netif(tap);
}

static struct leat_netif *open_path(const char *how, const char *path, uint16_t mtu)
{
    const struct leat_socket_config on_socket = {
        .path = path, .listen = true, .posix = posix, .mtu = mtu};
    const struct leat_shm_config in_memory = {
        .path = path, .listen = true, .posix = posix, .mtu = mtu, .no_offload = true};
    char why[LEAT_WHY_BYTES];

    if (strcmp(how, "socket") == 0 && !leat_socket_open(&unix_socket, &on_socket, why))
        return leat_socket_netif(unix_socket);
    if (strcmp(how, "shm") == 0 && !leat_shm_open(&shm, &in_memory, why))
        return leat_shm_netif(shm);
    fail(why);
}

/* Passes as many frames as the other end takes. Returns when the device must be polled again. */
static uint64_t carry(struct leat_netif *from, struct leat_netif *to, uint64_t now)
{
    struct leat_buf *frames[BURST];
    uint32_t room = to->ops->transmit_room(to), count;

    if (room == 0)
        return now + PAUSE_US * UINT64_C(1000);
    count = from->ops->receive(from, now, &pool, frames, room < BURST ? room : BURST);
    if (count > 0)
        to->ops->transmit(to, now, frames, count);
    return from->ops->next_look_ns(from, now);
}

int main(int count, char **words)
{
    struct leat_netif *device, *path;
    struct leat_host *host;
    bool going = true;

    if (count != 5)
        fail("TAP socket|shm PATH MTU");
    open_pool();
    device = open_tap(words[1]);
    path = open_path(words[2], words[3], (uint16_t)atoi(words[4]));
    host = leat_posix_host(posix);
    puts("cable: ready");
    fflush(stdout);
    while (going) {
        const uint64_t now = host->now_ns(host);
        const uint64_t one = carry(device, path, now), other = carry(path, device, now);

        if (path->ops->transmit_room(path) == 0) /* otherwise the kernel's frames would keep
                                                  * us awake */
            usleep(PAUSE_US);
        going = host->wait(host, one < other ? one : other);
    }
    leat_tap_close(tap);
    leat_socket_close(unix_socket);
    leat_shm_close(shm);
    leat_posix_close(posix);
    return 0;
}
