/*
 * relay.c -- a path between network devices, in user space. Frames pass at a rate, through a queue
 * of limited length, with a delay; some are lost or marked, the same ones for the same seed and
 * order of frames.
 *
 *      relay --loss 5 --seed 1 relay0 leat0
 *      relay --rate 50 --delay 10 --queue 100 relay0 leat0 tap:relay1
 *
 * The near end is a TAP device with the kernel's address. All far ends share one queue towards it.
 * A far end is an example's device, opened by a packet socket, or another TAP device of the kernel,
 * "tap:NAME". The latter may be moved to a namespace of its own once this program has it. Towards
 * the far ends there is one queue as well, and a frame goes to the end of its destination MAC
 * address.
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
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_BYTES_MAX = 9216, /* longer ones are lost */
    FRAMES_MAX = 8192,      /* in flight in one direction */
    FAR_MAX = 4,
    BURST = 64
};

/* Properties of the path, in each direction. */
struct path {
    uint32_t loss_per_10000;
    uint32_t reorder_per_10000;
    uint64_t rate_bits_per_s; /* 0: no limit */
    uint64_t delay_ns;
    uint32_t queue_frames; /* 0: no limit */
    uint32_t mark_frames;  /* a queue of this length marks frames (RFC 3168); 0: never */
};

/* One end of the path; with several far ends each has its MAC address. */
struct end {
    int fd;
    uint8_t station[ETH_ALEN];
};

struct parcel {
    uint64_t sent_ns; /* when it has left the queue */
    uint64_t due_ns;  /* when it has crossed the path */
    size_t bytes;
    uint8_t frame[FRAME_BYTES_MAX];
};

/* One direction: a ring of frames, whose end is the queue. */
struct way {
    uint64_t random;
    uint64_t busy_until_ns;
    uint32_t first, count; /* of `parcels` */
    struct parcel *parcels;
    uint64_t carried, lost, overflowed, marked, reordered;
};

struct relay {
    struct path path;
    struct end near;
    struct end far[FAR_MAX];
    unsigned far_count;
    struct way down, up; /* from the near end, and to it */
};

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

/* The next frame, or -1; 0 for a frame that was sent through this packet socket. */
static ssize_t take(int fd, uint8_t *frame)
{
    struct sockaddr_ll from = {0};
    socklen_t from_bytes = sizeof from;
    ssize_t got =
        recvfrom(fd, frame, FRAME_BYTES_MAX, MSG_TRUNC, (struct sockaddr *)&from, &from_bytes);

    if (got < 0 && errno == ENOTSOCK)
        return read(fd, frame, FRAME_BYTES_MAX);
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

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The number of frames in the queue, at most `enough`. */
static uint32_t queue_length(const struct way *way, uint64_t now, uint32_t enough)
{
    uint32_t length = 0;

    while (length < way->count && length < enough &&
           way->parcels[(way->first + way->count - 1 - length) % FRAMES_MAX].sent_ns > now)
        length++;
    return length;
}

/* Sets CE in an IPv4 packet that is ECN-capable (RFC 3168 5); true if it was. */
static bool mark(uint8_t *frame, size_t bytes)
{
    uint8_t *ip = frame + ETH_HLEN;
    uint32_t sum;

    if (bytes < ETH_HLEN + 20 || frame[12] != 0x08 || frame[13] != 0x00 || (ip[1] & 3) == 0)
        return false;
    sum = (uint32_t)(~(ip[10] << 8 | ip[11]) & 0xffff); /* RFC 1624: HC' = ~(~HC + ~m + m') */
    sum += (uint32_t)(~(ip[0] << 8 | ip[1]) & 0xffff);
    ip[1] |= 3;
    sum += (uint32_t)(ip[0] << 8 | ip[1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
    return true;
}

/* Swaps the last two frames of the queue. */
static void overtake(struct way *way)
{
    struct parcel *last = &way->parcels[(way->first + way->count - 1) % FRAMES_MAX];
    struct parcel *before = &way->parcels[(way->first + way->count - 2) % FRAMES_MAX];
    static struct parcel kept;

    kept = *last;
    memcpy(last->frame, before->frame, before->bytes);
    last->bytes = before->bytes;
    memcpy(before->frame, kept.frame, kept.bytes);
    before->bytes = kept.bytes;
    way->reordered++;
}

/* Moves the frames received at one end into the queue, as far as there is room. */
static void enqueue(struct way *way, struct end *from, const struct path *path)
{
    for (int i = 0; i < BURST && way->count < FRAMES_MAX; i++) {
        struct parcel *parcel = &way->parcels[(way->first + way->count) % FRAMES_MAX];
        ssize_t got = take(from->fd, parcel->frame);
        uint64_t now = now_ns();
        uint64_t start = way->busy_until_ns > now ? way->busy_until_ns : now;

        if (got < 0)
            return;
        if (got == 0)
            continue;
        if (got >= ETH_HLEN)
            memcpy(from->station, parcel->frame + ETH_ALEN, ETH_ALEN);
        if (got > FRAME_BYTES_MAX || draw(way, 10000) < path->loss_per_10000) {
            way->lost++;
            continue;
        }
        if (path->queue_frames &&
            queue_length(way, now, path->queue_frames) == path->queue_frames) {
            way->overflowed++;
            continue;
        }
        if (path->mark_frames && queue_length(way, now, path->mark_frames) == path->mark_frames &&
            mark(parcel->frame, (size_t)got))
            way->marked++;
        parcel->bytes = (size_t)got;
        parcel->sent_ns = start;
        if (path->rate_bits_per_s)
            parcel->sent_ns += (uint64_t)got * 8000000000u / path->rate_bits_per_s;
        parcel->due_ns = parcel->sent_ns + path->delay_ns;
        way->busy_until_ns = parcel->sent_ns;
        way->count++;
        if (path->reorder_per_10000 && way->count > 1 && draw(way, 10000) < path->reorder_per_10000)
            overtake(way);
    }
}

/* True if a frame is for the MAC address at this end, or for all. */
static bool is_for(const struct parcel *parcel, const struct end *end)
{
    return (parcel->frame[0] & 1) || memcmp(parcel->frame, end->station, ETH_ALEN) == 0;
}

/* Delivers frames that have crossed the path; to all ends while the destination is unknown. */
static void deliver(struct way *way, struct end *to, unsigned to_count)
{
    while (way->count > 0 && way->parcels[way->first].due_ns <= now_ns()) {
        const struct parcel *parcel = &way->parcels[way->first];
        bool known = false, taken = false;

        for (unsigned i = 0; i < to_count; i++)
            known = known || is_for(parcel, &to[i]);
        for (unsigned i = 0; i < to_count; i++)
            if (!known || is_for(parcel, &to[i]))
                taken |= write(to[i].fd, parcel->frame, parcel->bytes) == (ssize_t)parcel->bytes;
        if (taken)
            way->carried++;
        else
            way->lost++; /* a full queue: counted as a loss */
        way->first = (way->first + 1) % FRAMES_MAX;
        way->count--;
    }
}

/* The time until a frame is due, for ppoll(); NULL: none. */
static const struct timespec *until_due(const struct relay *relay, struct timespec *wait)
{
    uint64_t due = UINT64_MAX, now = now_ns();

    for (int i = 0; i < 2; i++) {
        const struct way *way = i ? &relay->up : &relay->down;

        if (way->count > 0 && way->parcels[way->first].due_ns < due)
            due = way->parcels[way->first].due_ns;
    }
    if (due == UINT64_MAX)
        return NULL;
    due = due > now ? due - now : 0;
    *wait = (struct timespec){(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
    return wait;
}

static void run(struct relay *relay, int ending)
{
    struct pollfd watched[2 + FAR_MAX] = {{.fd = ending, .events = POLLIN},
                                          {.fd = relay->near.fd, .events = POLLIN}};
    struct timespec wait;

    for (unsigned i = 0; i < relay->far_count; i++)
        watched[2 + i] = (struct pollfd){.fd = relay->far[i].fd, .events = POLLIN};
    while (ppoll(watched, 2 + relay->far_count, until_due(relay, &wait), NULL) >= 0 &&
           !watched[0].revents) {
        enqueue(&relay->down, &relay->near, &relay->path);
        for (unsigned i = 0; i < relay->far_count; i++)
            enqueue(&relay->up, &relay->far[i], &relay->path);
        deliver(&relay->down, relay->far, relay->far_count);
        deliver(&relay->up, &relay->near, 1);
    }
}

static void say_counts(const char *name, const struct way *way)
{
    printf("%s: %llu carried, %llu lost, %llu over the queue, %llu marked, %llu reordered\n", name,
           (unsigned long long)way->carried, (unsigned long long)way->lost,
           (unsigned long long)way->overflowed, (unsigned long long)way->marked,
           (unsigned long long)way->reordered);
}

static void help(void)
{
    puts("usage: relay [OPTION...] TAP DEVICE|tap:TAP...\n"
         "Carries frames between the first TAP device and the others, until SIGTERM.\n\n"
         "  --loss PERCENT   so many frames are lost at random (0)\n"
         "  --reorder PERCENT  so many overtake the one before them (0)\n"
         "  --seed N         which ones (1)\n"
         "  --rate MBIT/S    of each direction (no limit)\n"
         "  --delay MS       from end to end, one way (0)\n"
         "  --queue FRAMES   that wait in front of the rate; more are dropped (no limit)\n"
         "  --mark FRAMES    a queue as long as this marks ECN-capable packets CE (never)\n"
         "  --help           this");
}

/* Parses the options; returns 0, or the exit status plus one. */
static int parse(struct path *path, uint64_t *seed, int argc, char **argv)
{
    static const struct option options[] = {{"loss", required_argument, NULL, 'l'},
                                            {"reorder", required_argument, NULL, 'o'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"rate", required_argument, NULL, 'r'},
                                            {"delay", required_argument, NULL, 'd'},
                                            {"queue", required_argument, NULL, 'q'},
                                            {"mark", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int key;

    while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (key == 'l')
            path->loss_per_10000 = (uint32_t)(atof(optarg) * 100);
        else if (key == 'o')
            path->reorder_per_10000 = (uint32_t)(atof(optarg) * 100);
        else if (key == 's')
            *seed = strtoull(optarg, NULL, 0);
        else if (key == 'r')
            path->rate_bits_per_s = (uint64_t)(atof(optarg) * 1e6);
        else if (key == 'd')
            path->delay_ns = (uint64_t)(atof(optarg) * 1e6);
        else if (key == 'q')
            path->queue_frames = (uint32_t)strtoul(optarg, NULL, 0);
        else if (key == 'm')
            path->mark_frames = (uint32_t)strtoul(optarg, NULL, 0);
        else if (key == 'h')
            help();
        if (key == 'h' || key == '?')
            return key == 'h' ? 1 : 3;
    }
    if (argc - optind < 2 || argc - optind > 1 + FAR_MAX) {
        fprintf(stderr, "usage: relay [OPTION...] TAP DEVICE|tap:TAP...; see --help\n");
        return 3;
    }
    return 0;
}

/* Opens the devices that @names names, the near one first. */
static bool open_ends(struct relay *relay, int count, char **names)
{
    relay->near.fd = open_tap(names[0]);
    if (relay->near.fd < 0)
        return false;
    for (int i = 1; i < count; i++) {
        struct end *end = &relay->far[relay->far_count++];

        end->fd =
            strncmp(names[i], "tap:", 4) == 0 ? open_tap(names[i] + 4) : open_packet(names[i]);
        if (end->fd < 0)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct relay relay;
    uint64_t seed = 1;
    sigset_t ending;
    int done = parse(&relay.path, &seed, argc, argv);

    if (done)
        return done - 1;
    if (!open_ends(&relay, argc - optind, argv + optind))
        return 2;
    relay.down.random = seed * 2 + 1;
    relay.up.random = seed * 2 + 0x9e3779b97f4a7c15u;
    relay.down.parcels = calloc(FRAMES_MAX, sizeof *relay.down.parcels);
    relay.up.parcels = calloc(FRAMES_MAX, sizeof *relay.up.parcels);
    if (!relay.down.parcels || !relay.up.parcels)
        return 2;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    printf("relaying\n");
    fflush(stdout);
    run(&relay, signalfd(-1, &ending, SFD_CLOEXEC));
    say_counts("down", &relay.down);
    say_counts("up", &relay.up);
    free(relay.down.parcels);
    free(relay.up.parcels);
    return 0;
}
