/*
 * relay.c -- carries frames between a TAP device of its own and another network device, and loses
 * some of them, the same ones for the same seed and order of frames.
 *
 *      relay --loss 5 --seed 1 relay0 leat0
 *
 * The kernel's address is on relay0; the example has leat0, where a packet socket meets it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>

enum {
    FRAME_BYTES_MAX = 65536,
    BURST = 64
};

/* One direction: where frames come from and go to, and which of them are lost. */
struct way {
    int from;
    int to;
    uint64_t random;
    uint64_t carried;
    uint64_t lost;
};

static uint8_t frame[FRAME_BYTES_MAX];

static int fail(const char *what, const char *which)
{
    fprintf(stderr, "relay: %s %s: %s\n", what, which, strerror(errno));
    return -1;
}

static int open_tap(const char *device)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        return fail("TAP device", device);
    return fd;
}

static int open_packet(const char *device)
{
    struct sockaddr_ll where = {.sll_family = AF_PACKET,
                                .sll_protocol = htons(ETH_P_ALL),
                                .sll_ifindex = (int)if_nametoindex(device)};
    int room = 4 << 20;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || where.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&where, sizeof where) < 0)
        return fail("packet socket on", device);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

/* The next frame, or -1; a packet socket also sees what is sent through it: 0. */
static ssize_t take(int fd)
{
    struct sockaddr_ll from = {0};
    socklen_t from_bytes = sizeof from;
    ssize_t got = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &from_bytes);

    if (got < 0 && errno == ENOTSOCK)
        return read(fd, frame, sizeof frame);
    return got > 0 && from.sll_pkttype == PACKET_OUTGOING ? 0 : got;
}

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators") */
static uint32_t draw(struct way *way, uint32_t bound)
{
    way->random ^= way->random >> 12;
    way->random ^= way->random << 25;
    way->random ^= way->random >> 27;
    return (uint32_t)((way->random * 2685821657736338717u) >> 33) % bound;
}

static void carry(struct way *way, uint32_t loss_per_10000)
{
    for (int i = 0; i < BURST; i++) {
        ssize_t got = take(way->from);

        if (got < 0)
            return;
        if (got == 0)
            continue;
        if (draw(way, 10000) < loss_per_10000)
            way->lost++;
        else if (write(way->to, frame, (size_t)got) == got)
            way->carried++;
        else
            way->lost++; /* a full queue: a loss like any other */
    }
}

static void run(int tap, int packet, int ending, uint64_t seed, uint32_t loss_per_10000)
{
    struct way down = {.from = tap, .to = packet, .random = seed * 2 + 1};
    struct way up = {.from = packet, .to = tap, .random = seed * 2 + 0x9e3779b97f4a7c15u};
    struct pollfd watched[] = {{.fd = tap, .events = POLLIN},
                               {.fd = packet, .events = POLLIN},
                               {.fd = ending, .events = POLLIN}};

    while (poll(watched, 3, -1) >= 0 && !watched[2].revents) {
        carry(&down, loss_per_10000);
        carry(&up, loss_per_10000);
    }
    printf("down: %llu carried, %llu lost; up: %llu carried, %llu lost\n",
           (unsigned long long)down.carried, (unsigned long long)down.lost,
           (unsigned long long)up.carried, (unsigned long long)up.lost);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"loss", required_argument, NULL, 'l'},
                                            {"seed", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    uint32_t loss_per_10000 = 0;
    uint64_t seed = 1;
    sigset_t ending;
    int key, tap, packet;

    while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (key == 'l')
            loss_per_10000 = (uint32_t)(atof(optarg) * 100);
        else if (key == 's')
            seed = strtoull(optarg, NULL, 0);
        else
            return 2;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "usage: relay [--loss PERCENT] [--seed N] TAP DEVICE\n");
        return 2;
    }
    tap = open_tap(argv[optind]);
    packet = open_packet(argv[optind + 1]);
    if (tap < 0 || packet < 0)
        return 2;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    printf("relaying\n");
    fflush(stdout);
    run(tap, packet, signalfd(-1, &ending, SFD_CLOEXEC), seed, loss_per_10000);
    return 0;
}
