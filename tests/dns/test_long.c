/* test_long.c -- answers of up to 65,535 bytes, by TCP, through a resolver and a forwarder. */
#include "dns_home.h"
#include "told.h"

#include "proto/dns/forward.h"

enum {
    TEXT_BYTES = 250, /* of a record: its data has a length in front */
    RECORD_BYTES = 2 + 10 + 1 + TEXT_BYTES
};

/* A server that truncates all replies by UDP, and has long ones by TCP. */
static struct long_server {
    struct liar *liar;
    struct leat_tcp_listener *listener;
    size_t reply_bytes; /* of each reply */
    unsigned count;     /* queries by TCP */
    struct message reply;
    uint8_t unsent[DNS_MESSAGE_BYTES + 2];
    size_t sent, len;
} server;

static void truncates(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 0);

    put16(reply->bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, reply);
}

/* Makes a reply of exactly server.reply_bytes, of TXT records. */
static void make_long(const uint8_t *query, size_t len)
{
    uint8_t *bytes = server.unsent + 2;
    size_t at = DNS_HEADER_BYTES;
    uint16_t count = 0;

    memcpy(bytes, query, len);
    put16(bytes + 2, DNS_QR | DNS_RD | DNS_RA);
    while (bytes[at] != 0)
        at += bytes[at] + 1u;
    at += 5;
    for (; at < server.reply_bytes; count++) {
        const size_t left = server.reply_bytes - at;
        const size_t text = left <= RECORD_BYTES      ? left - 13
                            : left < 2 * RECORD_BYTES ? left / 2 - 13
                                                      : TEXT_BYTES;

        put16(bytes + at, 0xc000 | DNS_HEADER_BYTES);
        put16(bytes + at + 2, LEAT_DNS_TXT);
        put16(bytes + at + 4, DNS_CLASS_IN);
        put32(bytes + at + 6, 300);
        put16(bytes + at + 10, (uint16_t)(text + 1));
        bytes[at + 12] = (uint8_t)text;
        memset(bytes + at + 13, 'a' + count % 26, text);
        at += 13 + text;
    }
    assert_int_equal(at, server.reply_bytes);
    put16(bytes + 6, count);
    put16(bytes + 8, 0);
    put16(bytes + 10, 0);
    put16(server.unsent, (uint16_t)server.reply_bytes);
    server.len = server.reply_bytes + 2;
    server.sent = 0;
}

static void send_more(struct leat_tcp *conn, void *arg)
{
    size_t taken = 0;

    (void)arg;
    if (server.sent == server.len)
        return;
    leat_tcp_write(conn, server.unsent + server.sent, server.len - server.sent, &taken);
    server.sent += taken;
    if (server.sent < server.len)
        leat_tcp_want_room(conn, 1000);
}

static void hear(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text;

    while ((text = leat_tcp_receive(conn, 65535))) { /* a query comes in one piece */
        const uint32_t len = leat_buf_total(text);
        uint8_t query[1000];

        leat_buf_read(text, 2, query, sizeof query);
        leat_buf_free(text);
        leat_tcp_consumed(conn, len);
        make_long(query, len - 2);
        server.count++;
        send_more(conn, arg);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static const struct leat_tcp_events events = {.on_readable = hear, .on_writable = send_more};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    while (leat_tcp_accept(listener, &events, arg)) {
    }
}

static void open_long(struct fixture *f, uint16_t answer_bytes)
{
    const struct leat_tcp_listen_config listen = {.port = 53, .on_acceptable = accept_all};
    const struct leat_forwarder_config forwarder = {
        .waiting = 32, .on_access = on_access, .on_access_arg = seen};
    struct leat_resolver_config resolver = plain_resolver;

    server = (struct long_server){.liar = with_liar(f, truncates)};
    resolver.answer_bytes = answer_bytes;
    resolver.cache_bytes = 4 << 20;
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &server.listener, &listen), LEAT_OK);
    open_home_for(f, &resolver, &forwarder);
}

/* The length of the one reply on the stream, or 0. */
static size_t reply_bytes(void)
{
    return home.stream_len > 2 && get16(home.stream) == home.stream_len - 2 ? home.stream_len - 2
                                                                            : 0;
}

static void the_longest_message_is_passed_on_and_kept(void **state)
{
    static const size_t lengths[] = {4097, 16384, 40000, 65534, 65535};
    struct fixture *f = *state;

    open_long(f, DNS_MESSAGE_BYTES);
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char name[30];

        server.reply_bytes = lengths[i];
        sprintf(name, "n%u.example.test", i);
        for (unsigned again = 0; again < 2; again++) {
            open_stream();
            stream_query(name, LEAT_DNS_TXT, 7);
            world_wait(f->world, second);
            assert_int_equal(reply_bytes(), lengths[i]);
            assert_memory_equal(home.stream + 2 + DNS_HEADER_BYTES,
                                server.unsent + 2 + DNS_HEADER_BYTES, 1);
            assert_int_equal(home.stream[home.stream_len - 1],
                             server.unsent[server.reply_bytes + 1]);
            assert_int_equal(get16(home.stream + 4) & 15u, LEAT_DNS_NOERROR);
            assert_int_equal(server.count, i + 1);
            leat_tcp_abort(home.tcp);
            world_wait(f->world, ms);
        }
    }
    leat_tcp_listener_close(server.listener);
}

/* By UDP it is truncated, from the cache as well. */
static void by_UDP_it_is_truncated(void **state)
{
    struct fixture *f = *state;

    open_long(f, DNS_MESSAGE_BYTES);
    server.reply_bytes = DNS_MESSAGE_BYTES;
    for (unsigned i = 0; i < 2; i++)
        assert_string_equal(ask_for("a.example.test", LEAT_DNS_TXT, 1232, second),
                            "NOERROR  tc\n--\n--\nOPT 1232\n");
    assert_int_equal(server.count, 1);
    leat_tcp_listener_close(server.listener);
}

/* Another OPT record than the server's makes it too long; asking by TCP again would not help. */
static void what_is_too_long_by_TCP_fails(void **state)
{
    struct fixture *f = *state;
    struct message query;
    uint8_t length[2];
    size_t taken;

    open_long(f, DNS_MESSAGE_BYTES);
    server.reply_bytes = DNS_MESSAGE_BYTES - 5;
    open_stream();
    make_query(&query, "a.example.test", LEAT_DNS_TXT, 1232);
    put16(length, (uint16_t)query.len);
    leat_tcp_write(home.tcp, length, 2, &taken);
    leat_tcp_write(home.tcp, query.bytes, query.len, &taken);
    world_wait(f->world, second);
    assert_string_equal(text_of(home.stream + 2, home.stream_len - 2),
                        "SERVFAIL\n--\n--\nOPT 1232\n");
    leat_tcp_listener_close(server.listener);
}

/* Without the option the limit is 4,096 bytes. */
static void a_limit_is_kept(void **state)
{
    struct fixture *f = *state;

    open_long(f, 5000);
    server.reply_bytes = 5000;
    open_stream();
    stream_query("a.example.test", LEAT_DNS_TXT, 1);
    world_wait(f->world, second);
    assert_int_equal(reply_bytes(), 5000);
    server.reply_bytes = 5001;
    home.stream_len = 0;
    stream_query("b.example.test", LEAT_DNS_TXT, 2);
    world_wait(f->world, second);
    assert_int_equal(get16(home.stream + 4) & 15u, LEAT_DNS_SERVFAIL);
    leat_tcp_listener_close(server.listener);
}

/* ---- clients that ask for much, and don't read --------------------------------------------- */

static uint32_t heard_bytes;

static void count_bytes(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text;

    while (*(const bool *)arg && (text = leat_tcp_receive(conn, 65535))) {
        heard_bytes += leat_buf_total(text);
        leat_tcp_consumed(conn, leat_buf_total(text));
        leat_buf_free(text);
    }
}

static const struct leat_tcp_events counting = {.on_readable = count_bytes};

enum {
    QUESTIONS = 100
};

/* Asks for an answer of the longest length, which is cached, by a connection that doesn't read. */
static struct leat_tcp *ask_unread(struct fixture *f, bool *reads)
{
    struct leat_tcp *conn;

    open_long(f, DNS_MESSAGE_BYTES);
    server.reply_bytes = DNS_MESSAGE_BYTES;
    open_stream();
    stream_query("a.example.test", LEAT_DNS_TXT, 7);
    world_wait(f->world, second);
    assert_int_equal(reply_bytes(), DNS_MESSAGE_BYTES);
    leat_tcp_abort(home.tcp);
    world_wait(f->world, ms);
    assert_int_equal(
        leat_tcp_connect(f->world->stacks[SERVER], &conn, &forwarder_at, NULL, &counting, reads),
        LEAT_OK);
    world_wait(f->world, 100 * ms);
    home.tcp = conn;
    heard_bytes = 0;
    seen_count = 0;
    for (unsigned i = 0; i < QUESTIONS; i++)
        stream_query("a.example.test", LEAT_DNS_TXT, (uint16_t)i);
    world_wait(f->world, 5 * second);
    assert_int_equal(home.counts->tcp_slow, 0);
    assert_in_range(home.counts->tcp_queries, 2, QUESTIONS);
    assert_int_equal(seen_count, home.counts->tcp_queries - 1);
    return conn;
}

/* Its questions wait in its own connection, and get all their answers once it reads. */
static void pipelined_questions_wait_for_room(void **state)
{
    struct fixture *f = *state;
    bool reads = false;
    struct leat_tcp *conn = ask_unread(f, &reads);
    const unsigned told = seen_count;

    reads = true;
    count_bytes(conn, &reads);
    world_wait(f->world, 5 * second);
    assert_int_equal(heard_bytes, QUESTIONS * (DNS_MESSAGE_BYTES + 2u));
    assert_int_equal(home.counts->tcp_slow, 0);
    assert_told(QUESTIONS, "tcp TXT a.example.test. NOERROR cache");
    assert_true(seen[told].access.took_ns >= 4 * second); /* it was held */
    leat_tcp_abort(conn);
    home.tcp = NULL;
    leat_tcp_listener_close(server.listener);
}

static void a_question_that_waits_for_room_is_told_as_lost_with_its_client(void **state)
{
    struct fixture *f = *state;
    bool reads = false;
    struct leat_tcp *conn = ask_unread(f, &reads);
    const unsigned told = seen_count;

    leat_tcp_abort(conn);
    home.tcp = NULL;
    world_wait(f->world, second);
    assert_told(told + 1, "tcp TXT a.example.test. lost busy");
    leat_tcp_listener_close(server.listener);
}

/* The forwarder keeps the end of a reply for which there were no buffers. The connection is quiet
 * then, as its client has all that was sent. */
static void a_drain_waits_for_the_end_of_a_reply(void **state)
{
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    struct forward_client *client;

    open_long(f, DNS_MESSAGE_BYTES);
    server.reply_bytes = 5000;
    open_stream();
    stream_query("a.example.test", LEAT_DNS_TXT, 1);
    world_wait(f->world, second);
    assert_int_equal(reply_bytes(), 5000);
    client = (struct forward_client *)(void *)dns_clients_at(&home.forwarder->clients, 0);
    assert_non_null(client->tcp.stream.end);
    home.forwarder->rest.client = client;
    home.forwarder->rest.at = 0;
    home.forwarder->rest.len = 1000;
    leat_drain(stack, leat_now_ns(stack) + 5 * second);
    world_wait(f->world, second);
    assert_false(leat_tcp_at_end(home.tcp));
    leat_stream_want_room(&client->tcp.stream, 1000);
    world_wait(f->world, 100 * ms);
    assert_int_equal(home.stream_len, 2 + 5000 + 1000);
    world_wait(f->world, second);
    assert_true(leat_tcp_at_end(home.tcp));
    leat_tcp_listener_close(server.listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(the_longest_message_is_passed_on_and_kept),
        HOME(by_UDP_it_is_truncated),
        HOME(what_is_too_long_by_TCP_fails),
        HOME(a_limit_is_kept),
        HOME(pipelined_questions_wait_for_room),
        HOME(a_question_that_waits_for_room_is_told_as_lost_with_its_client),
        HOME(a_drain_waits_for_the_end_of_a_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
