/*
 * mutate.c -- legal packets with one or two fields changed, in every state.
 *
 * A study of attacks on stacks (EmNetTest) found that 95 % need at most two changed fields, and
 * 30 % a certain state.  So this test sets every pair of fields of a packet of each protocol to
 * every edge value and corrects the checksums. The stack gets it with a connection in each state of
 * TCP. Nothing may crash, the statistics must balance after each packet, and every buffer must be
 * returned. mutate_dns.c does the same to DNS.
 *
 *      mutate [PART PARTS]                      one part of the cases
 *      LEAT_TEST_FAMILY=6 mutate [PART PARTS]   the same over IPv6
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "translate.h"

enum {
    BATCH = 24, /* packets for one stack, before the next is made */
    FIN = 1,
    SYN = 2,
    RST = 4,
    ACK = 16
};

struct field {
    uint8_t at, bytes;
};

/* The fields of each header, counted from the start of the frame. */
static const struct field arp_fields[] = {{0, 2},  {6, 2},  {12, 2}, {14, 2}, {16, 2}, {18, 1},
                                          {19, 1}, {20, 2}, {22, 2}, {28, 4}, {32, 2}, {38, 4}};
static const struct field icmp_fields[] = {
    {12, 2}, {14, 1}, {16, 2}, {18, 2}, {20, 2}, {22, 1}, {23, 1}, {26, 4}, {30, 4}, {34, 1},
    {35, 1}, {38, 2}, {40, 2}, {42, 1}, {44, 2}, {48, 2}, {51, 1}, {54, 4}, {58, 4}, {62, 2}};
static const struct field udp_fields[] = {{12, 2}, {14, 1}, {16, 2}, {18, 2}, {20, 2}, {22, 1},
                                          {23, 1}, {26, 4}, {30, 4}, {34, 2}, {36, 2}, {38, 2}};
static const struct field fragment_fields[] = {{14, 1}, {15, 1}, {16, 2}, {18, 2}, {20, 1},
                                               {20, 2}, {21, 1}, {22, 1}, {23, 1}, {26, 4},
                                               {30, 4}, {34, 2}, {36, 2}, {38, 2}};
static const struct field tcp_fields[] = {
    {14, 1}, {15, 1}, {16, 2}, {20, 2}, {23, 1}, {26, 4}, {30, 4}, {34, 2}, {36, 2},
    {38, 4}, {42, 4}, {46, 1}, {47, 1}, {48, 2}, {52, 2}, {54, 1}, {55, 1}, {56, 2},
    {58, 1}, {60, 1}, {61, 1}, {62, 1}, {66, 1}, {67, 1}, {68, 4}, {72, 4}};

/* The same for IPv6: its header, and the rest of the frame. */
static const struct field ip6_fields[] = {{14, 1}, {15, 1}, {16, 2}, {18, 2}, {20, 1},
                                          {21, 1}, {22, 4}, {26, 4}, {38, 4}, {42, 4}};
static const struct field ndp_fields[] = {{54, 1}, {55, 1}, {56, 2}, {58, 1}, {62, 4}, {66, 4},
                                          {74, 4}, {78, 1}, {79, 1}, {80, 2}, {82, 4}};
static const struct field icmp6_fields[] = {{54, 1}, {55, 1},  {58, 2},  {60, 2},
                                            {62, 1}, {66, 2},  {68, 1},  {70, 4},
                                            {86, 4}, {102, 2}, {104, 2}, {106, 2}};
static const struct field udp6_fields[] = {{54, 2}, {56, 2}, {58, 2}, {60, 2}};
static const struct field fragment6_fields[] = {{54, 1}, {55, 1}, {56, 2}, {57, 1},
                                                {58, 4}, {62, 2}, {64, 2}, {66, 2}};
static const struct field tcp6_fields[] = {{54, 2}, {56, 2}, {58, 4}, {62, 4}, {66, 1}, {67, 1},
                                           {68, 2}, {72, 2}, {74, 1}, {75, 1}, {76, 2}, {78, 1},
                                           {80, 1}, {81, 1}, {82, 1}, {86, 1}, {87, 1}, {88, 4}};

enum {
    IP6_FIELDS = sizeof ip6_fields / sizeof *ip6_fields
};

/* The state that the packet meets. */
enum place {
    LISTEN,
    CLOSED,   /* no listener on its port */
    FRAGMENT, /* LISTEN, with an incomplete datagram */
    SYN_RECEIVED,
    ESTABLISHED,
    SENDING, /* ESTABLISHED, with data in flight */
    HOLE,    /* ESTABLISHED, with out-of-order data */
    CLOSE_WAIT,
    LAST_ACK,
    SYN_SENT,
    OPENED, /* ESTABLISHED by an active OPEN */
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSING,
    TIME_WAIT,
    PLACES
};

static unsigned long cases;

/* Prepares the peer's next segment according to the segments that the stack has sent. */
static void learn(struct harness *harness, struct frame_segment *next)
{
    const struct fake_frame *sent;

    while ((sent = fake_netif_sent(&harness->dev))) {
        const uint8_t *tcp = sent->bytes + FRAME_L4;

        if (frame_get16(sent->bytes + 12) != 0x0800 || sent->bytes[FRAME_IP + 9] != 6)
            continue;
        next->src_port = frame_get16(tcp + 2);
        next->dst_port = frame_get16(tcp);
        next->ack = frame_get32(tcp + 4) + ((tcp[13] & (SYN | FIN)) != 0);
    }
}

static void say(struct harness *harness, struct frame_segment *next, uint8_t flags)
{
    struct frame frame;

    learn(harness, next);
    next->flags = flags;
    frame = frame_tcp(next, 0, 0);
    harness_feed(harness, frame.bytes, frame.len);
    next->seq += (flags & (SYN | FIN)) != 0;
    learn(harness, next);
}

/* Sends data to the stack, @gap bytes ahead of the next byte; the echo server sends it back. */
static void say_data(struct harness *harness, struct frame_segment *next, uint32_t len,
                     uint32_t gap)
{
    static const uint8_t data[1000];
    struct frame frame;

    next->flags = ACK;
    next->seq += gap;
    frame = frame_tcp(next, data, len);
    harness_feed(harness, frame.bytes, frame.len);
    next->seq += gap > 0 ? 0 - gap : len;
}

/* Shuts the peer's window. The echo server can't send, so it stops reading and doesn't close. */
static void fill_queues(struct harness *harness, struct frame_segment *next)
{
    next->window = 0;
    for (unsigned i = 0; i < 11; i++) /* more than the 8 KiB that may be queued */
        say_data(harness, next, 1000, 0);
}

static void go_passive(struct harness *harness, struct frame_segment *next, enum place place)
{
    const struct frame fragment = frame_fragment(17, 1, 48, false, "01234567", 8);

    if (place == CLOSED)
        next->dst_port = HARNESS_ECHO_PORT + 1;
    if (place == FRAGMENT)
        harness_feed(harness, fragment.bytes, fragment.len);
    if (place >= SYN_RECEIVED)
        say(harness, next, SYN);
    if (place >= ESTABLISHED)
        say(harness, next, ACK);
    if (place == SENDING || place == HOLE)
        say_data(harness, next, 500, place == HOLE ? 100 : 0);
    if (place == CLOSE_WAIT)
        fill_queues(harness, next);
    if (place >= CLOSE_WAIT)
        say(harness, next, FIN | ACK);
}

static void go_active(struct harness *harness, struct frame_segment *next, enum place place)
{
    struct leat_tcp *conn = harness_connect(harness);

    harness_poll(harness);
    learn(harness, next);
    if (place == SYN_SENT)
        return;
    say(harness, next, SYN | ACK);
    if (place == OPENED || !conn)
        return;
    leat_tcp_close(conn);
    harness_poll(harness);
    if (place == CLOSING) { /* the FINs cross */
        next->ack--;
        next->flags = FIN | ACK;
        learn(harness, next);
        next->ack--;
        const struct frame frame = frame_tcp(next, 0, 0);
        harness_feed(harness, frame.bytes, frame.len);
        next->seq++;
        next->ack++;
        return;
    }
    if (place >= FIN_WAIT_2)
        say(harness, next, ACK);
    if (place == TIME_WAIT)
        say(harness, next, FIN | ACK);
}

/* Checks that the connection is in the state that the test assumes. */
static void check(const struct harness *harness, enum place place)
{
    static const enum leat_tcp_state states[PLACES] = {
        [ESTABLISHED] = LEAT_TCP_ESTABLISHED, [SENDING] = LEAT_TCP_ESTABLISHED,
        [HOLE] = LEAT_TCP_ESTABLISHED,        [CLOSE_WAIT] = LEAT_TCP_CLOSE_WAIT,
        [LAST_ACK] = LEAT_TCP_LAST_ACK,       [SYN_SENT] = LEAT_TCP_SYN_SENT,
        [OPENED] = LEAT_TCP_ESTABLISHED,      [FIN_WAIT_1] = LEAT_TCP_FIN_WAIT_1,
        [FIN_WAIT_2] = LEAT_TCP_FIN_WAIT_2,   [CLOSING] = LEAT_TCP_CLOSING};
    const struct leat_stats *stats = leat_stats(harness->stack);
    struct leat_tcp_info info = {.state = states[LISTEN]}; /* 0: no connection */
    bool there = stats->drop_tcp_unacceptable == 0 && stats->tcp_closed == (place == TIME_WAIT);

    if (harness->conns[0])
        leat_tcp_get_info(harness->conns[0], &info);
    there = there && info.state == states[place];
    there = there && (place != SENDING || info.snd_nxt != info.snd_una);
    there = there && (place != FRAGMENT || stats->taken_fragment == 1);
    there = there && (place != HOLE || stats->tcp_out_of_order == 1);
    if (there)
        return;
    fprintf(stderr, "mutate: place %d was not reached\n", place);
    abort();
}

static struct harness *go(enum place place, struct frame_segment *next)
{
    struct harness *harness = harness_open(0);

    *next = (struct frame_segment){
        .src_port = 2000, .dst_port = HARNESS_ECHO_PORT, .seq = 0xfffffff0u, .window = 60000};
    if (place < SYN_SENT)
        go_passive(harness, next, place);
    else
        go_active(harness, next, place);
    check(harness, place);
    return harness;
}

/* The edge values of a field; the last ones differ slightly from the legal value. */
static uint32_t edge(unsigned number, uint32_t legal, unsigned bytes)
{
    const uint32_t max = bytes == 4 ? UINT32_MAX : (1u << 8 * bytes) - 1;
    const uint32_t values[] = {0,         1,         max,       max - 1,      max / 2, max / 2 + 1,
                               legal + 1, legal - 1, legal * 2, legal ^ 0x20, ~legal,  legal + 8};

    return values[number] & max;
}

enum {
    EDGES = 12
};

static void set(struct frame *frame, const struct field *field, unsigned number)
{
    uint8_t *at = frame->bytes + field->at;
    uint32_t legal = 0, value;

    if (field->at + field->bytes > frame->len)
        return;
    for (unsigned i = 0; i < field->bytes; i++)
        legal = legal << 8 | at[i];
    value = edge(number, legal, field->bytes);
    for (unsigned i = field->bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

/* A packet whose pairs of fields are set to pairs of edge values. */
struct kind {
    const char *name;
    const struct field *fields;
    unsigned field_count;
    enum place place;
    uint8_t flags;    /* TCP */
    uint8_t protocol; /* 0: ARP */
};

static struct frame legal(const struct kind *kind, struct frame_segment segment)
{
    static const uint8_t options[] = {2, 4,  5, 180, 3, 3, 7, 1, 4, 2, 1, 1,
                                      8, 10, 0, 0,   1, 0, 0, 0, 0, 0, 1, 1};
    static const uint8_t data[20] = "a text of 20 bytes.";
    const struct frame ours =
        frame_udp(IP_US, HARNESS_CLIENT_PORT, IP_PEER, HARNESS_SERVER_PORT, data, 20);

    switch (kind->protocol) {
    case 0:
        return frame_arp(kind->flags, &MAC_PEER, IP_PEER, IP_US);
    case 1:
        return frame_icmp(IP_PEER, IP_US, kind->flags, 3, 0, ours.bytes + FRAME_IP,
                          ours.len - FRAME_IP);
    case 17:
        if (kind->place == FRAGMENT) /* the first part of the incomplete datagram */
            return frame_fragment(17, 1, 0, true, ours.bytes + FRAME_L4, 48 - 24);
        return frame_udp(IP_PEER, HARNESS_SERVER_PORT, IP_US, kind->flags, data, 20);
    default:
        segment.flags = kind->flags;
        segment.options = options;
        segment.options_len = sizeof options;
        return frame_tcp(&segment, data, kind->flags & (SYN | RST) ? 0 : 20);
    }
}

/* Field number @i. */
static struct field field_of(const struct kind *kind, unsigned i)
{
    const unsigned before = translate_wanted() ? IP6_FIELDS : 0;

    return i < before ? ip6_fields[i] : kind->fields[i - before];
}

/* Runs all pairs of fields with all pairs of edge values; a pair of the same field is a single
 * change. */
static void run(const struct kind *kind)
{
    struct frame_segment next;
    struct harness *harness = 0;
    const bool ipv6 = translate_wanted();
    const unsigned count = kind->field_count + (ipv6 ? IP6_FIELDS : 0);
    unsigned fed = 0;

    for (unsigned a = 0; a < count; a++)
        for (unsigned b = a; b < count; b++)
            for (unsigned edges = 0; edges < EDGES * EDGES; edges++) {
                const struct field first = field_of(kind, a), second = field_of(kind, b);
                struct frame frame;

                if (a == b && edges >= EDGES)
                    break;
                if (!harness)
                    harness = go(kind->place, &next);
                frame = legal(kind, next);
                if (ipv6)
                    frame.len = translate_to_ipv6(frame.bytes, frame.len);
                set(&frame, &first, edges % EDGES);
                if (a != b)
                    set(&frame, &second, edges / EDGES);
                harness_repair(frame.bytes, frame.len);
                harness_feed(harness, frame.bytes, frame.len);
                cases++;
                if (++fed % BATCH == 0) {
                    harness_close(harness);
                    harness = 0;
                }
            }
    if (harness)
        harness_close(harness);
}

#define FIELDS(array) array, sizeof array / sizeof array[0]

enum {
    OTHERS = 7
};

int main(int argc, char **argv)
{
    static const struct kind others[2][OTHERS] = {
        {
            {"ARP request", FIELDS(arp_fields), LISTEN, 1, 0},
            {"ARP reply", FIELDS(arp_fields), LISTEN, 2, 0},
            {"ICMP echo", FIELDS(icmp_fields), LISTEN, 8, 1},
            {"ICMP unreachable", FIELDS(icmp_fields), LISTEN, 3, 1},
            {"UDP", FIELDS(udp_fields), LISTEN, HARNESS_ECHO_PORT, 17},
            {"UDP, closed port", FIELDS(udp_fields), LISTEN, 99, 17},
            {"fragment", FIELDS(fragment_fields), FRAGMENT, 0, 17},
        },
        {
            {"solicitation", FIELDS(ndp_fields), LISTEN, 1, 0},
            {"advertisement", FIELDS(ndp_fields), LISTEN, 2, 0},
            {"ICMPv6 echo", FIELDS(icmp6_fields), LISTEN, 8, 1},
            {"ICMPv6 unreachable", FIELDS(icmp6_fields), LISTEN, 3, 1},
            {"UDP", FIELDS(udp6_fields), LISTEN, HARNESS_ECHO_PORT, 17},
            {"UDP, closed port", FIELDS(udp6_fields), LISTEN, 99, 17},
            {"fragment", FIELDS(fragment6_fields), FRAGMENT, 0, 17},
        }};
    const bool ipv6 = translate_wanted();
    const struct field *fields = ipv6 ? tcp6_fields : tcp_fields;
    const unsigned field_count =
        ipv6 ? sizeof tcp6_fields / sizeof *tcp6_fields : sizeof tcp_fields / sizeof *tcp_fields;
    static const uint8_t flags[] = {SYN, SYN | ACK, ACK, FIN | ACK, RST};
    const unsigned parts = argc == 3 ? (unsigned)atoi(argv[2]) : 1;
    const unsigned part = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
    unsigned turn = 0;

    if (parts == 0 || part >= parts) {
        fprintf(stderr, "mutate: wrong part; usage: mutate [PART PARTS]\n");
        return 2;
    }
    for (unsigned i = 0; i < OTHERS; i++)
        if (turn++ % parts == part)
            run(&others[ipv6][i]);
    for (unsigned place = 0; place < PLACES; place++)
        for (unsigned i = 0; i < sizeof flags; i++) {
            const struct kind kind = {"TCP", fields, field_count, (enum place)place, flags[i], 6};

            if (turn++ % parts == part)
                run(&kind);
        }
    printf("%lu packets\n", cases);
    return 0;
}
