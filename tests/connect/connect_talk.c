/* connect_talk.c -- the client, and its callbacks. */
#include "connect_talk.h"

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_open = NULL};
    struct leat_tcp *conn;

    (void)arg;
    while ((conn = leat_tcp_accept(listener, &events, NULL)))
        leat_tcp_close(conn);
}

int talk_set_up(void **state)
{
    const struct leat_tcp_listen_config listen = {.port = OPEN_PORT, .on_acceptable = accept_all};
    struct talk *talk = calloc(1, sizeof *talk);
    struct leat_tcp_listener *listener;
    void *fixture;

    set_up(&fixture);
    talk->f = fixture;
    talk->client = talk->f->world->stacks[CLIENT];
    assert_int_equal(leat_tcp_listen(talk->f->world->stacks[SERVER], &listener, &listen), LEAT_OK);
    *state = talk;
    return 0;
}

int talk_tear_down(void **state)
{
    struct talk *talk = *state;
    void *fixture = talk->f;

    leat_connect_cancel(&talk->connecting);
    if (talk->conn)
        leat_tcp_abort(talk->conn);
    tear_down(&fixture);
    free(talk);
    return 0;
}

void talk_serve(struct talk *talk, const char *zone)
{
    struct fixture *f = talk->f;
    struct leat_dns_server_config config = {.port = 53};
    const size_t bytes = leat_dns_server_memory_bytes(&config);

    f->zone = zone_of(zone, &f->zone_memory);
    config.zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    f->server_memory = malloc(bytes);
    assert_int_equal(leat_dns_server_open(&f->server, f->world->stacks[SERVER], f->server_memory,
                                          bytes, &config),
                     LEAT_OK);
    open_plain_resolver(f, 1);
    talk->config.resolver = f->resolver;
}

static void on_connected(struct leat_connecting *connecting, enum leat_err err,
                         struct leat_tcp *conn, void *arg)
{
    static const struct leat_tcp_events events = {.on_open = NULL};
    struct talk *talk = arg;

    assert_ptr_equal(connecting, &talk->connecting);
    assert_true((err == LEAT_OK) == (conn != NULL));
    assert_false(connecting->runs);
    talk->done = true;
    talk->calls++;
    talk->err = err;
    talk->conn = conn;
    talk->done_ns = talk->f->world->now_ns;
    if (conn)
        leat_tcp_set_events(conn, &events, NULL);
}

enum leat_err talk_begin(struct talk *talk, const char *host, uint16_t port)
{
    const uint64_t now_ns = talk->f->world->now_ns;

    if (talk->conn)
        leat_tcp_abort(talk->conn);
    talk->conn = NULL;
    talk->done = false;
    talk->calls = 0;
    talk->began_ns = now_ns;
    talk->connecting.on_done = on_connected;
    talk->connecting.arg = talk;
    return leat_connect(talk->client, &talk->connecting, &talk->config, host, port,
                        now_ns + 60 * second);
}

enum leat_err talk_connect(struct talk *talk, const char *host, uint16_t port)
{
    assert_int_equal(talk_begin(talk, host, port), LEAT_OK);
    assert_false(talk->done); /* never from inside the call */
    assert_true(world_run(talk->f->world, &talk->done, 61 * second));
    assert_int_equal(talk->calls, 1);
    assert_false(talk->connecting.runs); /* or a later cancel would end it again */
    return talk->err;
}

const char *talk_text(const struct talk *talk)
{
    static char text[LEAT_CONNECT_TEXT_BYTES];
    const size_t len = leat_connect_format(&talk->connecting, talk->err, text);

    assert_int_equal(strlen(text), len);
    return text;
}

uint64_t talk_took_ns(const struct talk *talk)
{
    return talk->done_ns - talk->began_ns;
}
