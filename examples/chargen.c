/*
 * chargen.c -- the Character Generator Protocol (RFC 864): lines of 72 characters without end.
 *
 * The lines lie in static memory, which is lent: a connection costs no byte and no copy.  By UDP an
 * answer is never longer than the request; otherwise attackers could use it to amplify traffic.
 */
#include "old_services.h"

enum {
    FIRST = ' ',
    KINDS = '~' - ' ' + 1, /* of characters: 95 */
    WIDTH = 72,
    LINE_BYTES = WIDTH + 2,
    PERIOD = KINDS * LINE_BYTES, /* then the lines begin again */
    PERIODS = 9,                 /* in memory: a piece that is sent may have 64 KiB */
    DATAGRAM_MAX = 512,
    FIRST_PORT = 1024 /* services below it might answer an answer */
};

static char lines[PERIODS * PERIOD];

static void make_lines(void)
{
    for (uint32_t i = 0; i < sizeof lines; i++) {
        const uint32_t column = i % LINE_BYTES;

        lines[i] = column == WIDTH       ? '\r'
                   : column == WIDTH + 1 ? '\n'
                                         : (char)(FIRST + (i / LINE_BYTES + column) % KINDS);
    }
}

static void generate(struct leat_tcp *conn, void *arg);
static void forget(struct leat_tcp *conn, void *arg);

static const struct leat_tcp_events events = {.on_readable = forget, .on_writable = generate};

/* @arg is the only state of a connection: the place in the period. */
static void generate(struct leat_tcp *conn, void *arg)
{
    uintptr_t at = (uintptr_t)arg;
    uint32_t room;

    while ((room = leat_tcp_send_room(conn)) > 0) {
        const uint32_t len = room < sizeof lines - PERIOD ? room : sizeof lines - PERIOD;
        struct leat_buf *data =
            leat_buf_lend(leat_pool(leat_tcp_stack(conn)), lines + at, len, NULL, NULL);
        size_t taken = len;

        if (data ? leat_tcp_send(conn, data) : leat_tcp_write(conn, lines + at, len, &taken))
            break; /* no memory now, or the connection is over: a callback follows */
        at = (at + taken) % PERIOD;
    }
    leat_tcp_set_events(conn, &events, (void *)at);
}

/* Discards the peer's data; when the peer closes, we stop. */
static void forget(struct leat_tcp *conn, void *arg)
{
    (void)arg;
    if (old_service_discard(conn))
        leat_tcp_abort(conn);
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &events, NULL)))
        generate(conn, NULL);
}

/* RFC 864: an answer has a random number of characters; here no more than were sent. */
static void answer(struct leat_udp *udp, struct leat_buf *question,
                   const struct leat_endpoint *peer, const struct leat_endpoint *local, void *arg)
{
    struct leat *stack = leat_udp_stack(udp);
    const uint32_t asked = leat_buf_total(question);
    const uint32_t most = asked < DATAGRAM_MAX ? asked : DATAGRAM_MAX;
    const uint64_t random = leat_random(stack);
    const uint32_t len = (uint32_t)(random % (most + 1));
    const char *from = lines + (random >> 32) % PERIOD;

    (void)arg;
    leat_buf_free(question);
    if (peer->port != local->port && peer->port >= FIRST_PORT) /* no service must answer us */
        leat_udp_send_from(udp, leat_buf_lend(leat_pool(stack), from, len, NULL, NULL), peer,
                           local->ip);
}

static const struct leat_udp_events datagram_events = {.on_datagram = answer};

static const char *start(struct leat_platform *platform)
{
    make_lines();
    return old_service_open(platform, &datagram_events, accept_all);
}

const struct leat_app example = {.name = "chargen",
                                 .summary = "Sends characters by TCP and UDP (RFC 864).",
                                 .arguments = "",
                                 .default_port = 19,
                                 .start = start};
