/*
 * floods.c -- the cost of a packet of each flood, beside an ordinary packet; and a check that
 * memory stays flat.
 *
 *      floods            a table: ns a packet, times a normal one, buffers held at most
 *      floods --check    fewer packets, no times: fails if memory grows, or isn't all there again
 *      --ipv6            the same over IPv6
 *
 * The packets of IPv6 are those of IPv4, translated (tests/family), and router advertisements.
 *
 * One stack on a device made of arrays.  The frames are made before the clock starts; 32 of them
 * come in with each poll.  The poll copies them into buffers, which is part of each cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "site.h"
#include "translate.h"

enum {
    BURST = 32, /* frames a poll */
    ROUNDS = 10,
    PACKETS = 64000, /* of a round */
    PACKETS_CHECK = 6400,
    SMALL_MSS = 48,  /* the least that is accepted */
    SEGMENTS = 4000, /* in flight: about config.sent_segments of TCP */
    PORT_CLOSED = 9
};

struct flood {
    const char *name;
    void (*begin)(struct site *site);
    struct frame (*make)(struct site *site, uint32_t number);
    uint32_t
        held_max; /* buffers that may be held between two polls, beyond those of the beginning */
    bool ipv6_alone;
};

static void connect_one(struct site *site)
{
    site_connect(site, 1, NULL, 0);
}

static void nothing(struct site *site)
{
    (void)site;
}

/* Sets the source to one of many beyond the link. */
static void spoof(struct frame *frame, uint32_t number)
{
    frame_put32(frame->bytes + FRAME_IP + 12,
                IP4(100, 64, 0, 0) + number * 2654435761u % (1u << 22));
    frame_seal_ip(frame);
}

/* ---- normal packets ----------------------------------------------------------------------- */

static struct frame normal_udp(struct site *site, uint32_t number)
{
    (void)number;
    return frame_udp(IP_PEER, 2000, IP_US, PORT_ECHO, site->data, 64);
}

static struct frame normal_tcp(struct site *site, uint32_t number)
{
    struct frame frame = site_segment(site, 0, ACK, 1 + site->sent, 60000, DATA);

    (void)number;
    site->sent += DATA;
    return frame;
}

/* ---- floods ------------------------------------------------------------------------------- */

static struct frame fragment(struct site *site, uint32_t number)
{
    struct frame frame = frame_fragment(17, (uint16_t)number, number % 7 * 8, true, site->data, 64);

    spoof(&frame, number);
    return frame;
}

/* Many of each datagram, one always missing. */
static struct frame fragments_of_few(struct site *site, uint32_t number)
{
    return frame_fragment(17, (uint16_t)(number / 15), number % 15 * 128, true, site->data, 64);
}

static struct frame arp(struct site *site, uint32_t number)
{
    struct leat_mac mac = {
        {2, 1, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number, 1}};

    (void)site;
    return frame_arp(1, &mac, IP4(10, 0, 0, 3) + number % 250, IP_US);
}

static struct frame comb(struct site *site, uint32_t number)
{
    return site_segment(site, 0, ACK, 2 + 2 * (number % 10000), 60000, 1);
}

static void shut_windows(struct site *site)
{
    site_connect(site, CONNECTIONS, NULL, 0);
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        const struct frame shut = site_segment(site, i, ACK, 1, 0, 0);
        size_t taken;

        site_feed(site, &shut);
        site_poll(site);
        demand(leat_tcp_write(site->ends[i].conn, site->data, DATA, &taken) == LEAT_OK, "write");
    }
}

/* A connection with as many segments in flight as are recorded. */
static void send_much(struct site *site)
{
    static const uint8_t options[] = {2, 4, 0, SMALL_MSS, 1, 1, 4, 2, 1, 3, 3, 10}; /* SACK */
    static uint8_t data[DATA * 64];
    struct leat_tcp_info info = {0};

    site_connect(site, 1, options, sizeof options);
    for (unsigned i = 0; info.in_flight_bytes < SEGMENTS * SMALL_MSS; i++) {
        struct frame frame;
        struct leat_buf *lent;

        demand(i < 10000, "the congestion window doesn't grow");
        lent = leat_buf_lend(leat_pool(site->stack), data, sizeof data, NULL, NULL);
        (void)leat_tcp_send(site->ends[0].conn, lent); /* refused if there is enough */
        leat_tcp_get_info(site->ends[0].conn, &info);
        frame = site_segment(site, 0, ACK, 1, 60000, 0);
        frame_put32(frame.bytes + FRAME_L4 + 8, info.snd_una + (info.snd_nxt - info.snd_una) / 8);
        frame_seal_tcp(&frame);
        site_feed(site, &frame);
        site_wait(site, 1000000);
    }
    leat_tcp_get_info(site->ends[0].conn, &info);
    site->ends[0].iss = info.snd_una - 1; /* from here on nothing more is acknowledged */
}

/* ACKs of nothing new with three SACK blocks.  First every third segment stays out, so that there
 * are as many records as possible.  Then come blocks that hold no whole segment, as far as possible
 * from each other and from both ends. */
static struct frame sacks(struct site *site, uint32_t number)
{
    enum {
        HOLES = SEGMENTS / 3 - 1
    };
    uint8_t option[28] = {1, 1, 5, 26};
    const struct frame_segment says = {.src_port = 2000,
                                       .dst_port = PORT_ECHO,
                                       .seq = ISS_PEER + 1,
                                       .ack = site->ends[0].iss + 1,
                                       .flags = ACK,
                                       .window = 60000,
                                       .options = option,
                                       .options_len = sizeof option};

    for (uint32_t i = 3 * number; i < 3 * number + 3; i++) {
        const bool opens = i < HOLES;
        const uint32_t far = (1 + i % 3) * (SEGMENTS / 4) * SMALL_MSS + 10;
        const uint32_t left = says.ack + (opens ? (1 + 3 * i) * SMALL_MSS : far);
        uint8_t *block = option + 4 + 8 * (i - 3 * number);

        frame_put32(block, left);
        frame_put32(block + 4, left + (opens ? 2 * SMALL_MSS : SMALL_MSS));
    }
    return frame_tcp(&says, NULL, 0);
}

static struct frame zero_window(struct site *site, uint32_t number)
{
    return site_segment(site, number % CONNECTIONS, ACK, 1, 0, 0);
}

static struct frame closed_udp(struct site *site, uint32_t number)
{
    struct frame frame =
        frame_udp(IP_PEER, 53, IP_US, (uint16_t)(10000 + number % 50000), site->data, 64);

    spoof(&frame, number);
    frame_seal_udp(&frame);
    return frame;
}

static struct frame lone_segment(uint32_t number, uint16_t port, uint8_t flags)
{
    const struct frame_segment says = {.src_port = (uint16_t)(1024 + number % 60000),
                                       .dst_port = port,
                                       .seq = number * 2654435761u,
                                       .ack = number,
                                       .flags = flags,
                                       .window = 60000};
    struct frame frame = frame_tcp(&says, NULL, 0);

    spoof(&frame, number);
    frame_seal_tcp(&frame);
    return frame;
}

static struct frame closed_tcp(struct site *site, uint32_t number)
{
    (void)site;
    return lone_segment(number, (uint16_t)(10000 + number % 50000), SYN);
}

static struct frame opening(struct site *site, uint32_t number)
{
    (void)site;
    return lone_segment(number, PORT_ECHO, SYN);
}

static struct frame stray_ack(struct site *site, uint32_t number)
{
    (void)site;
    return lone_segment(number, PORT_ECHO, ACK);
}

static struct frame blind_rst(struct site *site, uint32_t number)
{
    return site_segment(site, 0, RST, 2 + number % 50000, 0, 0);
}

static struct frame bad_sum(struct site *site, uint32_t number)
{
    struct frame frame = normal_udp(site, number);

    frame.bytes[FRAME_L4 + 6] ^= 1;
    return frame;
}

static struct frame echo_request(struct site *site, uint32_t number)
{
    return frame_icmp(IP_PEER, IP_US, 8, 0, number, site->data, 64);
}

/* ---- of IPv6 alone ------------------------------------------------------------------------- */

/* To all nodes, with a right checksum. */
static struct frame to_all_nodes(uint32_t number, const uint8_t *message, uint32_t len)
{
    uint8_t packet[TR_IP6 + 64] = {0x60, 0, 0, 0, 0, (uint8_t)len, 58, 255, 0xfe, 0x80};
    const uint16_t sum_at = TR_IP6 + 2;
    struct frame frame;

    frame_put32(packet + 20, number); /* each from another router */
    packet[24] = 0xff;
    packet[25] = 2;
    packet[39] = 1;
    memcpy(packet + TR_IP6, message, len);
    tr_put16(packet + sum_at, tr_icmp6_sum(packet, packet + TR_IP6, len));
    frame = frame_ethernet(0x86dd, packet, TR_IP6 + len);
    memcpy(frame.bytes, (const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
    return frame;
}

/* Another router with another prefix each time, on the link and for addresses. */
static struct frame router(struct site *site, uint32_t number)
{
    uint8_t message[16 + 32 + 8] = {134, 0, 0, 0, 64, 0, 7, 8};
    uint8_t *prefix = message + 16, *mac = message + 48;

    (void)site;
    prefix[0] = 3;
    prefix[1] = 4;
    prefix[2] = 64;
    prefix[3] = 0xc0;
    frame_put32(prefix + 4, 86400);
    frame_put32(prefix + 8, 14400);
    frame_put32(prefix + 16, 0x20010db8);
    frame_put32(prefix + 20, number);
    mac[0] = mac[1] = 1;
    mac[2] = 2;
    frame_put32(mac + 4, number);
    return to_all_nodes(number, message, sizeof message);
}

/* Unsolicited neighbour advertisements. */
static struct frame neighbour(struct site *site, uint32_t number)
{
    uint8_t message[24 + 8] = {136, 0, 0, 0, 0x20};

    (void)site;
    message[8] = 0xfe;
    message[9] = 0x80;
    frame_put32(message + 20, number);
    message[24] = 2;
    message[25] = 1;
    message[26] = 2;
    frame_put32(message + 28, number);
    return to_all_nodes(number, message, sizeof message);
}

/* An unknown option that must be answered with an error, also to groups (RFC 8200 4.2): each comes
 * from another neighbour. */
static struct frame unknown_option(struct site *site, uint32_t number)
{
    struct frame frame = to_all_nodes(number, (const uint8_t[8]){58, 0, 0x80, 4}, 8);

    (void)site;
    frame.bytes[TR_ETHER + 6] = 60;
    return frame;
}

static const struct flood floods[] = {
    {"normal: UDP, 64 bytes, echoed", nothing, normal_udp, 0, false},
    {"normal: TCP, 1,000 bytes, in order", connect_one, normal_tcp, 0, false},
    {"fragments that never complete", nothing, fragment, 128, false},
    {"fragments, 15 of each datagram", nothing, fragments_of_few, 128, false},
    {"ARP requests of strangers", nothing, arp, 0, false},
    {"single bytes out of order", connect_one, comb, 64, false},
    {"SACK blocks, 4,000 segments in flight", send_much, sacks, 0, false},
    {"zero windows, 512 connections", shut_windows, zero_window, 0, false},
    {"UDP to closed ports", nothing, closed_udp, 0, false},
    {"TCP SYN to closed ports", nothing, closed_tcp, 0, false},
    {"TCP SYN to a listener", nothing, opening, 0, false},
    {"TCP ACK of no connection", nothing, stray_ack, 0, false},
    {"RST in the window", connect_one, blind_rst, 0, false},
    {"wrong checksums", nothing, bad_sum, 0, false},
    {"pings", nothing, echo_request, 0, false},
    {"routers", nothing, router, 0, true},
    {"unsolicited neighbours", nothing, neighbour, 0, true},
    {"unknown options to all nodes", nothing, unknown_option, 16, true},
};

/* ---- measuring ---------------------------------------------------------------------------- */

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

/* @packets of the flood; ns that the stack took for one.  Notes the fewest free buffers. */
static double run_round(struct site *site, const struct flood *flood, uint32_t *number,
                        uint32_t packets, uint32_t *free_min)
{
    uint64_t ns = 0;

    for (uint32_t done = 0; done < packets; done += BURST) {
        uint64_t began;
        uint32_t free_now;

        for (unsigned i = 0; i < BURST; i++) {
            const struct frame frame = flood->make(site, (*number)++);

            site_feed(site, &frame);
        }
        site->now_ns += BURST * 1000;
        began = cpu_ns();
        site_poll(site);
        ns += cpu_ns() - began;
        free_now = leat_pool_free_count(leat_pool(site->stack));
        if (free_now < *free_min)
            *free_min = free_now;
    }
    demand(leat_stats_balance(leat_stats(site->stack)), "the statistics don't balance");
    return (double)ns / packets;
}

/* Ends what there is; all buffers must be back then. */
static void settle(struct site *site, uint32_t free_count)
{
    for (uint32_t i = 0; i < site->ends_count; i++) {
        if (site->ends[i].conn)
            leat_tcp_abort(site->ends[i].conn);
    }
    site_wait(site, 400 * second_ns);
    demand(leat_pool_free_count(leat_pool(site->stack)) == free_count, "a buffer is lost");
}

/* ns a packet of the best round; @held: buffers held beyond those of the beginning. */
static double run_flood(const struct flood *flood, void *memory, bool ipv6, uint32_t packets,
                        uint32_t *held)
{
    struct site *site = site_open(memory, site_bytes(), ipv6);
    const uint32_t at_rest = leat_pool_free_count(leat_pool(site->stack));
    uint32_t number = 0, at_begin, free_min;
    double best = 1e9;

    flood->begin(site);
    at_begin = free_min = leat_pool_free_count(leat_pool(site->stack));
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double ns = run_round(site, flood, &number, packets, &free_min);

        best = ns < best ? ns : best;
    }
    for (uint32_t i = 0; i < site->ends_count; i++)
        demand(site->ends[i].conn != NULL, "a connection was lost");
    *held = at_begin - free_min;
    settle(site, at_rest);
    leat_close(site->stack);
    free(site);
    return best;
}

static void run_all(bool ipv6, bool check)
{
    void *memory = malloc(site_bytes());
    double normal = 0;

    demand(memory != NULL, "no memory");
    if (!check)
        printf("| Packets | ns each | times a normal one | buffers held |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < sizeof floods / sizeof *floods; i++) {
        uint32_t held;
        double ns;

        if (floods[i].ipv6_alone && !ipv6)
            continue;
        ns = run_flood(&floods[i], memory, ipv6, check ? PACKETS_CHECK : PACKETS, &held);
        if (i == 0)
            normal = ns;
        if (check)
            printf("%-40s %u buffers held\n", floods[i].name, held);
        else
            printf("| %s | %.0f | %.2f | %u |\n", floods[i].name, ns, ns / normal, held);
        demand(held <= floods[i].held_max, floods[i].name);
    }
    free(memory);
}

int main(int argc, char **argv)
{
    bool check = false, ipv6 = false;

    for (int i = 1; i < argc; i++) {
        check |= strcmp(argv[i], "--check") == 0;
        ipv6 |= strcmp(argv[i], "--ipv6") == 0;
    }
    if (argc - 1 != check + ipv6) {
        fputs("usage: floods [--check] [--ipv6]\n", stderr);
        return 2;
    }
    run_all(ipv6, check);
    return 0;
}
