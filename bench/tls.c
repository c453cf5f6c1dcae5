/*
 * tls.c -- the cost of TLS, with both ends in one process, over TCP, with libcrypto.
 *
 *      tls full|resumed|bulk [UNITS]
 *
 * full, resumed: handshakes, with connect and close; bulk: a server's data, in units of 16 KiB.
 * Prints how many units, and how many seconds they took; bench/tls.py counts the instructions (see
 * inmem.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/crypto_openssl.h>
#include <leat/timer.h>
#include <leat/tls.h>

#include "entropy.h"
#include "keys.h"
#include "world.h"

enum {
    CIVIL_S = 1800000000, /* January 2027, when the keys are good */
    RECORD = 16384,
    WARM_UP = 4,
    SESSIONS = 16
};

/* One end. */
struct user {
    struct leat_stream session;
    struct leat_tls *tls;
    bool open, closed;
    uint64_t received;
};

static struct user ends[2]; /* the server, the client */
static struct leat_crypto crypto;
static struct leat_tls_client client;
static struct leat_tls_ticket ticket;
static uint8_t data[RECORD];
static bool is_bulk, by_ticket;
static uint64_t random_state;

static uint64_t civil_time_s(void *arg)
{
    (void)arg;
    return CIVIL_S;
}

/* ---- Both ends ---------------------------------------------------------------------------------
 */

static void send_on(struct leat_tcp *conn, void *arg)
{
    struct user *user = arg;
    struct leat_buf *lent;

    (void)conn;
    while (leat_stream_send_room(&user->session) >= RECORD) {
        lent =
            leat_buf_lend(leat_pool(leat_stream_stack(&user->session)), data, RECORD, NULL, NULL);
        if (!lent || leat_stream_send(&user->session, lent))
            break;
    }
    leat_stream_want_room(&user->session, RECORD);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct user *user = arg;

    user->open = true;
    if (is_bulk && user == &ends[0])
        send_on(conn, arg);
    else if (!is_bulk && user == &ends[0])
        leat_stream_shutdown(&user->session);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct user *user = arg;
    struct leat_buf *read;

    (void)conn;
    while ((read = leat_stream_receive(&user->session, UINT32_MAX)) != NULL) {
        const uint32_t len = leat_buf_total(read);

        user->received += len;
        leat_buf_free(read);
        leat_stream_consumed(&user->session, len);
    }
    if (leat_stream_at_end(&user->session))
        leat_stream_shutdown(&user->session);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct user *user = arg;

    (void)conn;
    if (why)
        world_fail(leat_err_text(why));
    user->closed = true;
}

static const struct leat_tcp_events events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};
static const struct leat_tcp_events sending = {
    .on_open = on_open, .on_readable = on_readable, .on_writable = send_on, .on_closed = on_closed};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events nothing;
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &nothing, NULL)) != NULL) {
        const struct leat_stream below = leat_stream_of_tcp(conn);

        leat_tcp_set_nodelay(conn, true);
        if (leat_tls_accept(ends[0].tls, &below, &ends[0].session))
            world_fail("can't accept");
        leat_stream_set_events(&ends[0].session, is_bulk ? &sending : &events, &ends[0]);
    }
}

static const struct world *world_now;

static void connect_now(struct leat_timer *timer, void *arg)
{
    static const struct leat_tcp_events nothing;
    const struct leat_endpoint server = world_server(world_now, 0);
    struct leat_stream below;
    struct leat_tcp *conn;

    (void)timer;
    if (leat_tcp_connect(arg, &conn, &server, NULL, &nothing, NULL))
        world_fail("can't connect");
    leat_tcp_set_nodelay(conn, true);
    below = leat_stream_of_tcp(conn);
    if (leat_tls_connect(ends[1].tls, &below, &client, &ends[1].session))
        world_fail("no session");
    leat_stream_set_events(&ends[1].session, &events, &ends[1]);
}

/* In the client's next poll, where it is counted. */
static void connect_one(struct world *world)
{
    static struct leat_timer timer;

    for (unsigned i = 0; i < 2; i++)
        ends[i].open = ends[i].closed = false;
    timer = (struct leat_timer){.on_time = connect_now, .arg = world->client.stack};
    leat_timer_set(world->client.stack, &timer, 0);
}

static void open_tls(struct user *user, struct leat *stack, const struct leat_tls_config *config)
{
    const size_t bytes = leat_tls_memory_bytes(config);

    if (leat_tls_open(&user->tls, stack, malloc(bytes), bytes, config))
        world_fail("no TLS");
}

static void open_ends(struct world *world)
{
    static struct leat_tls_identity identity;
    static const struct leat_tls_identity *identities[] = {&identity};
    static struct leat_crypto_anchors anchors;
    static uint8_t der[2048];
    struct leat_tls_config config = {.crypto = &crypto,
                                     .identities = identities,
                                     .identity_count = 1,
                                     .sessions = SESSIONS,
                                     .civil_time_s = civil_time_s};

    if (leat_tls_identity_read(&identity, &crypto, ec_pem, strlen(ec_pem), ec_key, strlen(ec_key),
                               der, sizeof der) ||
        crypto.ops->anchors_open(crypto.self, &anchors, authority_pem, strlen(authority_pem), NULL,
                                 0))
        world_fail("the keys");
    open_tls(&ends[0], world->server.stack, &config);
    open_tls(&ends[1], world->client.stack, &config);
    client = (struct leat_tls_client){
        .name = "leat.test", .anchors = &anchors, .ticket = by_ticket ? &ticket : NULL};
    world_listen(world, accept_all);
}

/* ---- The modes ---------------------------------------------------------------------------------
 */

static void turn(struct world *world, bool counted)
{
    if (counted)
        world_counted_turn(world);
    else
        world_turn(world);
}

static void shake(struct world *world, uint32_t units, bool counted)
{
    for (uint32_t i = 0; i < units; i++) {
        connect_one(world);
        while (!ends[0].closed || !ends[1].closed)
            turn(world, counted);
    }
}

static void report(uint32_t units, double seconds, uint64_t bytes)
{
    const struct leat_tls_counts *counts = leat_tls_counts(ends[1].tls);

    printf("units %u seconds %.6f bytes %llu resumed %llu copied %llu\n", (unsigned)units, seconds,
           (unsigned long long)bytes, (unsigned long long)counts->resumed,
           (unsigned long long)(counts->copied_bytes + leat_tls_counts(ends[0].tls)->copied_bytes));
}

static void handshakes(struct world *world, uint32_t units)
{
    open_ends(world);
    shake(world, WARM_UP, false);
    world_count_begin(world);
    shake(world, units, true);
    report(units, world_count_end(world), 0);
}

static void resumed(struct world *world, uint32_t units)
{
    by_ticket = true;
    handshakes(world, units);
    if (leat_tls_counts(ends[1].tls)->resumed < units)
        world_fail("a ticket was not taken");
}

static void bulk(struct world *world, uint32_t units)
{
    uint64_t begin, goal;

    is_bulk = true;
    open_ends(world);
    connect_one(world);
    while (ends[1].received < 8u << 20) /* slow start ends, windows are open */
        world_turn(world);
    begin = ends[1].received;
    goal = begin + (uint64_t)units * RECORD;
    world_count_begin(world);
    while (ends[1].received < goal)
        world_counted_turn(world);
    report(units, world_count_end(world), ends[1].received - begin);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct world *world, uint32_t units);
        uint32_t units;
    } modes[] = {{"full", handshakes, 5}, {"resumed", resumed, 5}, {"bulk", bulk, 500}};
    const struct options options = {.connections = 1, .window_bytes = 1 << 20, .step_ns = 50000};
    struct world *const world = world_create(&options);

    world_now = world;

    if (leat_crypto_openssl_open(&crypto, known_entropy, &random_state))
        world_fail("libcrypto");
    for (size_t i = 0; i < sizeof modes / sizeof *modes && argc > 1; i++)
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run(world, argc > 2 ? (uint32_t)atoi(argv[2]) : modes[i].units);
            return 0;
        }
    fprintf(stderr, "usage: tls full|resumed|bulk [UNITS]\n");
    return 2;
}
