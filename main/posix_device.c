/* posix_device.c -- the device of a program on POSIX. */
#include "posix_device.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_reach.h"

/* A recording contains only frames, not the kernel's word about their checksums. */
static bool is_as_on_a_wire(const struct options *options)
{
    return options->no_offload || options->record || options->flight_file || options->flight_port;
}

static const struct leat_mac *given_mac(const struct options *options)
{
    return options->mac_given ? &options->mac : NULL;
}

static enum leat_err open_capture(struct posix_device *device, const struct options *options,
                                  char why[LEAT_WHY_BYTES])
{
    const struct leat_pcap_reader_config config = {
        .path = options->replay, .mac = options->mac, .mtu = options->mtu, .recording = true};
    const enum leat_err err = leat_pcap_reader_open(&device->reader, &config, why);

    if (err)
        return err;
    device->machine = leat_pcap_reader_host(device->reader);
    device->netif = leat_pcap_reader_netif(device->reader);
    return LEAT_OK;
}

struct leat_tap_config posix_device_tap(const struct posix_device *device,
                                        const struct options *options)
{
    return (struct leat_tap_config){.device = options->tun ? options->tun : options->tap,
                                    .tun = options->tun != NULL,
                                    .mac = given_mac(options),
                                    .posix = device->posix,
                                    .create = options->create,
                                    .mtu = options->mtu,
                                    .no_offload = is_as_on_a_wire(options)};
}

static enum leat_err open_tap(struct posix_device *device, const struct options *options,
                              char why[LEAT_WHY_BYTES])
{
    const struct leat_tap_config config = posix_device_tap(device, options);
    enum leat_err err;

    if (!posix_reach_check(options, why))
        return LEAT_ERR_ARGUMENT;
    err = leat_tap_open(&device->tap, &config, why);
    if (!err)
        device->netif = leat_tap_netif(device->tap);
    return err;
}

static enum leat_err open_socket(struct posix_device *device, const struct options *options,
                                 char why[LEAT_WHY_BYTES])
{
    const struct leat_socket_config config = {.path = options->socket,
                                              .local_path = options->datagram,
                                              .listen = options->listen,
                                              .framing = options->datagram ? LEAT_SOCKET_DATAGRAM
                                                                           : LEAT_SOCKET_STREAM,
                                              .mac = given_mac(options),
                                              .posix = device->posix,
                                              .mtu = options->mtu,
                                              .marks = options->offload,
                                              .no_offload = is_as_on_a_wire(options)};

    return leat_socket_open(&device->socket, &config, why);
}

static enum leat_err open_shm(struct posix_device *device, const struct options *options,
                              char why[LEAT_WHY_BYTES])
{
    const struct leat_shm_config config = {.path = options->shm,
                                           .listen = options->listen,
                                           .mac = given_mac(options),
                                           .posix = device->posix,
                                           .mtu = options->mtu,
                                           .busy_poll_us = options->busy_poll_us,
                                           .no_offload = is_as_on_a_wire(options)};
    const enum leat_err err = leat_shm_open(&device->shm, &config, why);

    if (!err)
        device->netif = leat_shm_netif(device->shm);
    return err;
}

static enum leat_err open_passt(struct posix_device *device, const struct options *options,
                                char why[LEAT_WHY_BYTES])
{
    const struct leat_passt_config config = {.tcp = options->forward_tcp,
                                             .udp = options->forward_udp,
                                             .ip = options->ips[0].ip,
                                             .prefix_bits = options->ips[0].prefix_bits,
                                             .gateway = options->gateway,
                                             .ip6 = options->ip6s[0].ip,
                                             .mtu = options->mtu,
                                             .mac = given_mac(options),
                                             .posix = device->posix};

    return leat_passt_open(&device->socket, &config, why);
}

#ifdef LEAT_HAS_XDP
static enum leat_err open_xdp(struct posix_device *device, const struct options *options,
                              void *memory, size_t memory_bytes, char why[LEAT_WHY_BYTES])
{
    const struct leat_xdp_config config = {
        .device = options->xdp,
        .queue = options->queue,
        .ip = options->ips[0].ip,
        /* a program that asks for an address doesn't know yet which address's frames to take */
        .own_mac = options->mac_given || options->ip_count == 0,
        .mac = options->mac,
        .memory = memory,
        .memory_bytes = memory_bytes,
        .busy_poll_us = options->busy_poll_us,
        .posix = device->posix,
        .mtu = options->mtu};
    enum leat_err err = leat_xdp_open(&device->xdp, &config, why);

    if (err)
        return err;
    device->netif = leat_xdp_netif(device->xdp);
    for (unsigned i = 0; i < options->ip6_count && !err; i++)
        err = leat_xdp_take(device->xdp, options->ip6s[i].ip);
    if (err)
        snprintf(why, LEAT_WHY_BYTES, "--ip6: %s", leat_err_text(err));
    return err;
}
#else
static enum leat_err open_xdp(struct posix_device *device, const struct options *options,
                              void *memory, size_t memory_bytes, char why[LEAT_WHY_BYTES])
{
    (void)device;
    (void)options;
    (void)memory;
    (void)memory_bytes;
    snprintf(why, LEAT_WHY_BYTES, "built without AF_XDP: install libxdp-dev and libbpf-dev");
    return LEAT_ERR_DEVICE;
}
#endif

static bool open_host(struct posix_device *device, char why[LEAT_WHY_BYTES])
{
    const enum leat_err err = leat_posix_open(&device->posix);

    if (err)
        snprintf(why, LEAT_WHY_BYTES, "the host: %s", leat_err_text(err));
    else
        device->machine = leat_posix_host(device->posix);
    return !err;
}

/* It is one end of a pair of sockets, whose other end is closed. */
bool posix_device_open_nowhere(struct posix_device *device, const struct options *options,
                               char why[LEAT_WHY_BYTES])
{
    struct leat_socket_config config = {.mac = given_mac(options), .mtu = options->mtu};
    int ends[2];

    if (options->replay)
        return open_capture(device, options, why) == LEAT_OK;
    if (!open_host(device, why))
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        snprintf(why, LEAT_WHY_BYTES, "no sockets for the check");
        return false;
    }
    close(ends[1]);
    config.fd = ends[0];
    if (leat_socket_open(&device->socket, &config, why))
        return false;
    device->netif = leat_socket_netif(device->socket);
    return true;
}

bool posix_device_open(struct posix_device *device, const struct options *options, void *memory,
                       size_t memory_bytes, char why[LEAT_WHY_BYTES])
{
    enum leat_err err;

    if (options->replay)
        return open_capture(device, options, why) == LEAT_OK;
    if (!open_host(device, why))
        return false;
    if (options->passt)
        err = open_passt(device, options, why);
    else if (options->socket)
        err = open_socket(device, options, why);
    else if (options->shm)
        err = open_shm(device, options, why);
    else if (options->xdp)
        err = open_xdp(device, options, memory, memory_bytes, why);
    else
        err = open_tap(device, options, why);
    if (device->socket)
        device->netif = leat_socket_netif(device->socket);
    return err == LEAT_OK;
}

bool posix_device_lost(const struct posix_device *device, char why[LEAT_WHY_BYTES])
{
    const char *lost = device->socket ? leat_socket_lost(device->socket)
                       : device->shm  ? leat_shm_lost(device->shm)
                                      : NULL;

    if (lost)
        snprintf(why, LEAT_WHY_BYTES, "%s", lost);
    else if (device->tap && leat_tap_lost(device->tap))
        snprintf(why, LEAT_WHY_BYTES, "device %s has gone", device->netif->name);
#ifdef LEAT_HAS_XDP
    else if (device->xdp && leat_xdp_lost(device->xdp))
        snprintf(why, LEAT_WHY_BYTES, "device %s has gone", device->netif->name);
#endif
    else
        return false;
    return true;
}

static void tap_counters(const struct leat_tap_counters *tap,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg)
{
    say(arg, "tap_rx_cut", tap->rx_cut, "frames longer than the MTU allows");
    say(arg, "tap_rx_starved", tap->rx_starved, "times that input had to wait");
    say(arg, "tap_tx_refused", tap->tx_refused, "frames that the kernel refused");
    say(arg, "copied_tap_bytes", tap->rx_copied, "bytes at the end of super-frames");
    say(arg, "copied_tap_frames", tap->tx_flattened,
        "frames copied because they had too many pieces");
}

static void socket_counters(const struct leat_socket_counters *socket,
                            void (*say)(void *arg, const char *name, uint64_t value,
                                        const char *text),
                            void *arg)
{
    say(arg, "socket_rx_short", socket->rx_short, "frames shorter than an Ethernet header");
    say(arg, "socket_rx_long", socket->rx_long, "frames longer than the MTU allows");
    say(arg, "socket_rx_starved", socket->rx_starved, "times that input had to wait");
    say(arg, "socket_rx_dropped", socket->rx_dropped, "frames given up for want of memory");
    say(arg, "socket_rx_calls", socket->rx_calls, "system calls that read something");
    say(arg, "socket_tx_calls", socket->tx_calls, "system calls that wrote something");
    say(arg, "socket_tx_refused", socket->tx_refused, "frames lost for want of a peer");
    say(arg, "socket_peers", socket->peers, "peers that came to our socket");
    say(arg, "copied_socket_bytes", socket->rx_copied, "bytes of headers across two buffers");
}

static void shm_counters(const struct leat_shm_counters *shm,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg)
{
    say(arg, "shm_rx_short", shm->rx_short, "frames shorter than an Ethernet header");
    say(arg, "shm_rx_long", shm->rx_long, "frames longer than the MTU allows");
    say(arg, "shm_rx_starved", shm->rx_starved, "times that input had to wait");
    say(arg, "shm_rx_dropped", shm->rx_dropped, "frames given up for want of memory");
    say(arg, "shm_tx_refused", shm->tx_refused, "frames lost for want of a peer");
    say(arg, "shm_bells_rung", shm->bells_rung, "system calls that woke the peer");
    say(arg, "shm_bells_heard", shm->bells_heard, "system calls that looked for its bell");
    say(arg, "shm_peers", shm->peers, "peers that came to our socket");
    say(arg, "shm_peers_refused", shm->peers_refused,
        "peers with another protocol, or that broke the rules");
    say(arg, "copied_shm_rx_bytes", shm->rx_copied, "bytes copied out of the shared memory");
    say(arg, "copied_shm_tx_bytes", shm->tx_copied, "bytes copied into the shared memory");
}

#ifdef LEAT_HAS_XDP
static void xdp_counters(const struct leat_xdp_counters *xdp,
                         void (*say)(void *arg, const char *name, uint64_t value, const char *text),
                         void *arg)
{
    say(arg, "xdp_rx_starved", xdp->rx_starved, "times that the device had too few buffers");
    say(arg, "xdp_rx_dropped", xdp->rx_dropped, "frames dropped for want of a buffer");
    say(arg, "xdp_rx_ring_full", xdp->rx_ring_full, "frames dropped because we were slow");
    say(arg, "xdp_rx_long", xdp->rx_long, "frames longer than a buffer");
    say(arg, "xdp_tx_refused", xdp->tx_refused, "frames that the device did not take");
    say(arg, "copied_xdp_bytes", xdp->tx_copied, "bytes that did not lie in the pool");
    say(arg, "xdp_rx_aside", xdp->rx_aside, "frames that came by way of Linux");
    say(arg, "xdp_rx_aside_lost", xdp->rx_aside_lost, "frames that were lost on that way");
    say(arg, "copied_xdp_rx_bytes", xdp->rx_copied, "bytes of those that came");
    say(arg, "xdp_kicks", xdp->kicks, "system calls");
}
#endif

void posix_device_counters(const struct posix_device *device,
                           void (*say)(void *arg, const char *name, uint64_t value,
                                       const char *text),
                           void *arg)
{
    if (device->tap)
        tap_counters(leat_tap_counters(device->tap), say, arg);
    if (device->socket)
        socket_counters(leat_socket_counters(device->socket), say, arg);
    if (device->shm)
        shm_counters(leat_shm_counters(device->shm), say, arg);
#ifdef LEAT_HAS_XDP
    if (device->xdp)
        xdp_counters(leat_xdp_counters(device->xdp), say, arg);
#endif
}

void posix_device_close(struct posix_device *device)
{
    leat_pcap_reader_close(device->reader);
    leat_tap_close(device->tap);
    leat_socket_close(device->socket);
    leat_shm_close(device->shm);
#ifdef LEAT_HAS_XDP
    leat_xdp_close(device->xdp);
#endif
    leat_posix_close(device->posix);
}
