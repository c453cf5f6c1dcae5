/* test_dns_streams.c -- name servers on streams that the program has opened, as DNS over TLS does:
 * here on a pipe (pipe.h). */
#include "dns_home.h"
#include "pipe.h"
#include "told.h"

enum {
    CAPACITY = 16384,
    BLOCK_BYTES = 468 /* of the padding (RFC 8467 4.1) */
};

/* The client's end of a pipe, and the bytes that it has received. */
struct reader {
    struct pipe_end ends[2]; /* the server's, the client's */
    struct leat_stream stream;
    uint8_t bytes[CAPACITY];
    size_t have;
    bool closed;
};

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct reader *reader = arg;
    struct leat_buf *data;

    (void)conn;
    while ((data = leat_stream_receive(&reader->stream, CAPACITY))) {
        const uint32_t len = leat_buf_total(data);

        assert_true(reader->have + len <= sizeof reader->bytes);
        leat_buf_read(data, 0, reader->bytes + reader->have, len);
        reader->have += len;
        leat_stream_consumed(&reader->stream, len);
        leat_buf_free(data);
    }
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct reader *)arg)->closed = true;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

static struct reader reader;

/* Opens a pipe on @stack from a client at @peer, and returns the server's end. */
static struct leat_stream open_pipe(struct leat *stack, struct leat_ip peer)
{
    memset(&reader, 0, sizeof reader);
    pipe_open(reader.ends, stack, CAPACITY);
    reader.ends[0].peer = peer;
    reader.stream = pipe_stream(&reader.ends[1]);
    leat_stream_set_events(&reader.stream, &events, &reader);
    return pipe_stream(&reader.ends[0]);
}

static void write_query(const char *name, uint16_t edns_bytes, uint16_t id)
{
    struct message query;
    uint8_t length[2];
    size_t taken;

    make_query(&query, name, LEAT_DNS_A, edns_bytes);
    put16(query.bytes, id);
    put16(length, (uint16_t)query.len);
    assert_int_equal(leat_stream_write(&reader.stream, length, 2, &taken), LEAT_OK);
    assert_int_equal(leat_stream_write(&reader.stream, query.bytes, query.len, &taken), LEAT_OK);
    assert_int_equal(taken, query.len);
}

/* The length of reply @index. */
static size_t reply_len(unsigned index)
{
    size_t at = 0;

    while (index-- > 0)
        at += 2u + get16(reader.bytes + at);
    assert_true(at + 2 <= reader.have);
    return get16(reader.bytes + at);
}

static void close_pipe(struct fixture *f)
{
    leat_stream_abort(&reader.stream);
    world_wait(f->world, second);
    assert_true(reader.closed);
}

static void test_a_forwarder_answers_on_a_stream_in_the_order_of_the_replies(void **state)
{
    struct fixture *f = *state;
    struct leat_stream stream;

    with_liar(f, says_8);
    open_home(f);
    stream = open_pipe(f->world->stacks[CLIENT], four(9));
    write_query("www.example.test", 0, 7); /* before the forwarder has the stream */
    world_wait(f->world, 10 * ms);
    leat_forwarder_serve(home.forwarder, &stream);
    write_query("mail.example.test", 0, 8);
    world_wait(f->world, second);
    assert_int_equal(home.counts->tcp_queries, 2);
    assert_int_equal(get16(reader.bytes + 2), 7);
    assert_int_equal(get16(reader.bytes + 2 + reply_len(0) + 2), 8);
    assert_non_null(strstr(text_of(reader.bytes + 2, reply_len(0)), "192.0.2.8"));
    close_pipe(f);
}

/* With EDNS the length says little; a client without EDNS can't be sent padding. */
static void test_replies_on_a_stream_are_padded_for_clients_with_EDNS(void **state)
{
    struct fixture *f = *state;
    struct leat_stream stream;

    with_liar(f, says_8);
    open_home(f);
    stream = open_pipe(f->world->stacks[CLIENT], four(9));
    leat_forwarder_serve(home.forwarder, &stream);
    write_query("www.example.test", 1232, 1);
    world_wait(f->world, second);
    write_query("www.example.test", 0, 2);
    write_query("a.longer.name.in.example.test", 1232, 3);
    world_wait(f->world, second);
    assert_int_equal(reply_len(0), BLOCK_BYTES);
    assert_true(reply_len(1) < 100);
    assert_int_equal(reply_len(2), BLOCK_BYTES);
    assert_non_null(strstr(text_of(reader.bytes + 2, reply_len(0)), "192.0.2.8"));
    close_pipe(f);
    /* by TCP alone the same reply is short */
    stream_names("www.example.test", second);
    assert_true(get16(home.stream) < 100);
}

static void test_a_stream_from_outside_of_the_networks_is_reset(void **state)
{
    static const struct leat_forwarder_network network = {LEAT_IP4_INIT(10, 0, 0, 0), 24};
    const struct leat_forwarder_config config = {
        .waiting = 32, .networks = &network, .network_count = 1};
    struct fixture *f = *state;
    struct leat_stream stream;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    stream = open_pipe(f->world->stacks[CLIENT], LEAT_IP4(192, 0, 2, 1));
    leat_forwarder_serve(home.forwarder, &stream);
    world_wait(f->world, second);
    assert_true(reader.closed);
    assert_int_equal(home.counts->prohibited, 1);
}

static void test_a_silent_stream_ends(void **state)
{
    struct fixture *f = *state;
    struct leat_stream stream;

    with_liar(f, says_8);
    open_home(f);
    stream = open_pipe(f->world->stacks[CLIENT], four(9));
    leat_forwarder_serve(home.forwarder, &stream);
    world_wait(f->world, 9 * second);
    assert_false(reader.closed);
    world_wait(f->world, 5 * second);
    assert_true(reader.closed);
    assert_int_equal(home.counts->tcp_idle, 1);
}

/* A second client of the same address gets at most the places that its address may have. */
static void test_streams_share_the_places_of_TCP_clients(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 32, .clients = 2};
    struct fixture *f = *state;
    struct leat_stream stream;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    stream = open_pipe(f->world->stacks[CLIENT], SERVER_IP);
    leat_forwarder_serve(home.forwarder, &stream);
    open_stream(); /* of the same address */
    assert_int_equal(home.counts->tcp_displaced, 1);
    assert_true(reader.closed);
    assert_false(home.closed);
}

static void test_queries_on_a_stream_are_told_as_by_TLS(void **state)
{
    const struct leat_forwarder_config config = {
        .waiting = 32, .on_access = on_access, .on_access_arg = seen};
    struct fixture *f = *state;
    struct leat_stream stream;

    seen_count = 0;
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    stream = open_pipe(f->world->stacks[CLIENT], four(9));
    leat_forwarder_serve(home.forwarder, &stream);
    write_query("www.example.test", 4096, 7);
    world_wait(f->world, second);
    assert_told(1, "tls A www.example.test. NOERROR upstream");
    assert_int_equal(last()->access.reply_bytes, reply_len(0));
    assert_true(leat_ip_equal(last()->access.peer, four(9)));
    f->liar.answer = NULL;
    write_query("mail.example.test", 0, 8);
    world_wait(f->world, 10 * ms);
    close_pipe(f);
    assert_told(2, "tls A mail.example.test. lost upstream");
}

static void test_a_name_server_answers_on_a_stream(void **state)
{
    struct fixture *f = *state;
    struct leat_stream stream;

    with_server(f);
    stream = open_pipe(f->world->stacks[SERVER], CLIENT_IP);
    leat_dns_server_serve(f->server, &stream);
    write_query("www.example.test", 0, 4);
    write_query("www.example.test", 4096, 5);
    world_wait(f->world, second);
    assert_int_equal(get16(reader.bytes + 2), 4);
    assert_true(reply_len(0) < 200);
    assert_int_equal(reply_len(1) % BLOCK_BYTES, 0);
    assert_int_equal(leat_dns_server_counts(f->server)->tcp_queries, 2);
    close_pipe(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_a_forwarder_answers_on_a_stream_in_the_order_of_the_replies),
        HOME(test_replies_on_a_stream_are_padded_for_clients_with_EDNS),
        HOME(test_a_stream_from_outside_of_the_networks_is_reset),
        HOME(test_a_silent_stream_ends),
        HOME(test_streams_share_the_places_of_TCP_clients),
        HOME(test_queries_on_a_stream_are_told_as_by_TLS),
        TEST(test_a_name_server_answers_on_a_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
