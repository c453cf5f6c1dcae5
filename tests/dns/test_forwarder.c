/*
 * test_forwarder.c -- a forwarder on the stack that asks (10.0.0.2), its client on the one that
 * serves, beside the server whose replies a test writes.
 */
#include "dns_lookup.h"

#include <leat/forwarder.h>

enum {
    HEARD_MAX = 64
};

struct home {
    struct fixture *f;
    void *memory;
    struct leat_forwarder *forwarder;
    const struct leat_forwarder_counts *counts;
    struct leat_udp *udp; /* the client's */
    struct message heard[HEARD_MAX];
    unsigned heard_count;
    struct leat_tcp *tcp; /* and its connection */
    uint8_t stream[70000];
    uint32_t stream_len;
    bool closed;
};

static struct home home;

static const struct leat_endpoint forwarder_at = {LEAT_IP4_INIT(10, 0, 0, 2), 53, 0};

static void on_reply(struct leat_udp *udp, struct leat_buf *payload,
                     const struct leat_endpoint *peer, const struct leat_endpoint *local, void *arg)
{
    struct message *message = &home.heard[home.heard_count++];

    (void)udp;
    (void)peer;
    (void)local;
    (void)arg;
    assert_in_range(home.heard_count, 1, HEARD_MAX);
    message->len = leat_buf_read(payload, 0, message->bytes, sizeof message->bytes);
    leat_buf_free(payload);
}

static void open_home_for(struct fixture *f, const struct leat_resolver_config *resolver,
                          const struct leat_forwarder_config *given)
{
    static const struct leat_udp_events events = {.on_datagram = on_reply};
    struct leat_forwarder_config config = *given;
    struct leat *stack = f->world->stacks[SERVER];
    size_t bytes;

    memset(&home, 0, sizeof home);
    home.f = f;
    open_resolver(f, resolver);
    config.resolver = f->resolver;
    bytes = leat_forwarder_memory_bytes(&config);
    home.memory = malloc(bytes + 1);
    assert_int_equal(leat_forwarder_open(&home.forwarder, f->world->stacks[CLIENT],
                                         (char *)home.memory + 1, bytes, &config),
                     LEAT_OK);
    home.counts = leat_forwarder_counts(home.forwarder);
    assert_int_equal(leat_udp_open(stack, &home.udp, &events, NULL), LEAT_OK);
}

static const struct leat_resolver_config plain_resolver = {
    .servers = {{.ip = LEAT_IP4_INIT(10, 0, 0, 1)}}, .server_count = 1, .lookups = 32, .cache_bytes = 262144};

static void open_home(struct fixture *f)
{
    const struct leat_forwarder_config config = {.waiting = 32};

    open_home_for(f, &plain_resolver, &config);
}

static int close_home(void **state)
{
    if (home.forwarder) {
        leat_forwarder_close(home.forwarder);
        leat_udp_close(home.udp);
        if (home.tcp)
            leat_tcp_abort(home.tcp);
        home.forwarder = NULL;
    }
    free(home.memory);
    home.memory = NULL;
    return tear_down(state);
}

/* Sends a query by UDP. */
static void send_query(const struct message *query)
{
    struct leat_pool *pool = leat_pool(home.f->world->stacks[SERVER]);

    assert_int_equal(leat_udp_send_to(home.udp,
                                      leat_buf_copy(pool, query->bytes, (uint32_t)query->len),
                                      &forwarder_at),
                     LEAT_OK);
}

/* Asks by UDP, and gives what has come after @wait_ns; "" if that is nothing. */
static const char *ask_for(const char *name, uint16_t type, uint16_t edns_bytes, uint64_t wait_ns)
{
    const unsigned before = home.heard_count;
    struct message query;

    make_query(&query, name, type, edns_bytes);
    send_query(&query);
    world_wait(home.f->world, wait_ns);
    if (home.heard_count == before)
        return "";
    assert_int_equal(home.heard_count, before + 1);
    assert_memory_equal(home.heard[before].bytes, query.bytes, 2); /* the id */
    return text_of(home.heard[before].bytes, home.heard[before].len);
}

static const char *ask(const char *name, uint16_t type)
{
    return ask_for(name, type, 0, second / 2);
}

static void says_8(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_a_question_is_passed_on_once_and_then_answered_from_the_cache(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home(f);
    assert_string_equal(ask("wWw.example.test", LEAT_DNS_A),
                        "NOERROR \nwWw.example.test. 9 IN A 192.0.2.8\n--\n--\n");
    assert_int_equal(get16(home.heard[0].bytes + 2), DNS_QR | DNS_RD | DNS_RA);
    world_wait(f->world, 2 * second);
    assert_non_null(
        strstr(ask("www.Example.test", LEAT_DNS_A), "www.Example.test. 7 IN A 192.0.2.8\n"));
    assert_int_equal(f->liar.count, 1);
    assert_int_equal(home.counts->cached, 1);
    assert_non_null(strstr(ask_for("www.example.test", LEAT_DNS_A, 4096, second / 2), "OPT 1232"));
}

static void test_the_real_server_through_it(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_home(f);
    for (unsigned i = 0; i < 2; i++) {
        assert_non_null(strstr(ask("alias2.example.test", LEAT_DNS_A), " IN A 192.0.2.4\n"));
        assert_non_null(strstr(ask("no.example.test", LEAT_DNS_A), "NXDOMAIN"));
        assert_non_null(strstr(ask("no.example.test", LEAT_DNS_A), " IN SOA "));
        assert_non_null(strstr(ask("x.elsewhere.test", LEAT_DNS_A), "SERVFAIL"));
        /* 15 texts of 200 bytes: by UDP none of them */
        assert_non_null(strstr(ask_for("big.example.test", LEAT_DNS_TXT, 1232, second / 2), " tc"));
        assert_null(strstr(ask_for("big.example.test", LEAT_DNS_TXT, 1232, second / 2), "00014"));
        assert_int_equal(f->counts->udp_queries, 4);
    }
    assert_int_equal(home.counts->truncated, 4);
}

static void test_what_is_no_question_for_us(void **state)
{
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_8);
    open_home(f);
    assert_non_null(strstr(ask("example.test", 252), "REFUSED")); /* AXFR */
    assert_non_null(strstr(ask("example.test", 250), "NOTIMP"));  /* TSIG */
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    for (unsigned i = 0; i < 4; i++) {
        static const uint16_t flags[] = {0x8100, 0x0000, 0x2900, 0x0100};
        static const char *const rcodes[] = {NULL, "REFUSED", "NOTIMP", "FORMERR"};
        const unsigned before = home.heard_count;

        put16(query.bytes + 2, flags[i]);
        put16(query.bytes + 4, i == 3 ? 2 : 1);
        send_query(&query);
        world_wait(f->world, second / 2);
        assert_int_equal(home.heard_count, before + (rcodes[i] != NULL));
        if (rcodes[i])
            assert_non_null(
                strstr(text_of(home.heard[before].bytes, home.heard[before].len), rcodes[i]));
    }
    assert_int_equal(f->liar.count, 0);
    assert_int_equal(home.counts->drop_format, 1);
}

static void test_servers_that_are_silent_are_told_as_SERVFAIL(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home(f);
    assert_string_equal(ask("www.example.test", LEAT_DNS_A), "");
    world_wait(f->world, 60 * second);
    assert_int_equal(home.heard_count, 1);
    assert_non_null(strstr(text_of(home.heard[0].bytes, home.heard[0].len), "SERVFAIL"));
    f->liar.answer = says_8;
    assert_non_null(strstr(ask("www.example.test", LEAT_DNS_A), "192.0.2.8"));
}

static void test_threat_N6_equal_questions_of_many_are_one_upstream(void **state)
{
    struct fixture *f = *state;
    struct message query;

    with_liar(f, NULL);
    open_home(f);
    for (unsigned i = 0; i < 8; i++) {
        make_query(&query, "www.example.test", LEAT_DNS_A, 0);
        put16(query.bytes, (uint16_t)i);
        send_query(&query);
    }
    world_wait(f->world, second);
    assert_int_equal(f->liar.count, 1);
    says_8(&f->liar);
    world_wait(f->world, second / 2);
    assert_int_equal(home.heard_count, 8);
}

/* 32 places: nine for one address, and the resolver is not asked for more. */
static void test_an_address_has_a_quarter_of_the_places(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home(f);
    for (unsigned i = 0; i < 12; i++) {
        char name[30];

        sprintf(name, "%u.example.test", i);
        ask_for(name, LEAT_DNS_A, 0, 10 * ms);
    }
    assert_int_equal(home.heard_count, 3);
    assert_int_equal(home.counts->busy, 3);
    assert_int_equal(f->liar.count, 9);
    assert_non_null(strstr(text_of(home.heard[0].bytes, home.heard[0].len), "SERVFAIL"));
}

static void test_replies_by_UDP_are_limited(void **state)
{
    const struct leat_forwarder_config config = {.replies_per_s = 5};
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 15; i++) {
        make_query(&query, "www.example.test", LEAT_DNS_A, 0);
        send_query(&query);
    }
    world_wait(f->world, second / 20);
    assert_int_equal(home.counts->rate_slipped, 5);
    assert_int_equal(home.counts->rate_dropped, 5);
    assert_int_equal(home.heard_count, 10);
}

/* ---- by TCP -------------------------------------------------------------------------------- */

static void stream_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text;

    (void)arg;
    while ((text = leat_tcp_receive(conn, 65535))) {
        const uint32_t len = leat_buf_read(text, 0, home.stream + home.stream_len,
                                           (uint32_t)sizeof home.stream - home.stream_len);

        home.stream_len += len;
        leat_tcp_consumed(conn, len);
        leat_buf_free(text);
    }
}

static void stream_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    (void)arg;
    home.tcp = NULL;
    home.closed = true;
}

static const struct leat_tcp_events stream_events = {.on_readable = stream_readable,
                                                     .on_closed = stream_closed};

static void open_stream(void)
{
    assert_int_equal(leat_tcp_connect(home.f->world->stacks[SERVER], &home.tcp, &forwarder_at, NULL,
                                      &stream_events, NULL),
                     LEAT_OK);
    home.closed = false;
    home.stream_len = 0;
    world_wait(home.f->world, 100 * ms);
}

/* Asks by TCP, with @id. */
static void stream_query(const char *name, uint16_t type, uint16_t id)
{
    struct message query;
    uint8_t length[2];
    size_t taken;

    make_query(&query, name, type, 0);
    put16(query.bytes, id);
    put16(length, (uint16_t)query.len);
    assert_int_equal(leat_tcp_write(home.tcp, length, 2, &taken), LEAT_OK);
    assert_int_equal(leat_tcp_write(home.tcp, query.bytes, query.len, &taken), LEAT_OK);
}

/* The ids of the replies that have come, in their order. */
static const char *stream_ids(void)
{
    static char ids[200];
    size_t len = 0;

    ids[0] = '\0';
    for (uint32_t at = 0; at + 2 < home.stream_len; at += 2u + get16(home.stream + at)) {
        assert_true(at + 2u + get16(home.stream + at) <= home.stream_len);
        len += (size_t)sprintf(ids + len, "%u ", get16(home.stream + at + 2));
    }
    return ids;
}

/* Answers but for names that begin with "slow". */
static void says_8_to_the_quick(struct liar *liar)
{
    if (dns_lower(liar->query.bytes[DNS_HEADER_BYTES + 1]) != 's')
        says_8(liar);
}

static void test_replies_by_TCP_come_when_they_are_there(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8_to_the_quick);
    open_home(f);
    open_stream();
    stream_query("slow.example.test", LEAT_DNS_A, 1);
    stream_query("www.example.test", LEAT_DNS_A, 2);
    stream_query("www.example.test", LEAT_DNS_A, 3);
    stream_query("fast.example.test", LEAT_DNS_A, 4);
    world_wait(f->world, second / 2);
    assert_in_range(strlen(stream_ids()), 6, 6);
    assert_null(strchr(stream_ids(), '1'));
    f->liar.answer = says_8;
    world_wait(f->world, 3 * second); /* the next try */
    assert_non_null(strstr(stream_ids(), " 1 "));
    assert_int_equal(home.counts->tcp_queries, 4);
    assert_int_equal(leat_tcp_close(home.tcp), LEAT_OK);
    world_wait(f->world, second);
    assert_true(home.closed);
}

static void test_a_long_answer_comes_by_TCP(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    leat_resolver_close(f->resolver);
    free(f->resolver_memory);
    open_home(f);
    open_stream();
    stream_query("big.example.test", LEAT_DNS_TXT, 1);
    world_wait(f->world, second);
    assert_string_equal(stream_ids(), "1 ");
    assert_non_null(strstr(text_of(home.stream + 2, home.stream_len - 2), "00014"));
}

static void test_who_hangs_up_is_not_waited_for(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home(f);
    open_stream();
    for (uint16_t i = 0; i < 5; i++)
        stream_query("slow.example.test", LEAT_DNS_A, i);
    world_wait(f->world, second / 2);
    leat_tcp_abort(home.tcp);
    world_wait(f->world, 100 * second);
    assert_int_equal(f->liar.count, 1); /* nobody asks again */
    assert_true(home.closed);
}

static void test_a_length_that_no_query_has_ends_the_connection(void **state)
{
    static const uint8_t lengths[][2] = {{0, 0}, {0, 11}, {4, 1}, {255, 255}};
    struct fixture *f = *state;
    size_t taken;

    with_liar(f, says_8);
    open_home(f);
    for (unsigned i = 0; i < 4; i++) {
        open_stream();
        leat_tcp_write(home.tcp, lengths[i], 2, &taken);
        world_wait(f->world, second);
        assert_true(home.closed);
        assert_int_equal(home.counts->tcp_bad_length, i + 1);
    }
}

static void test_a_silent_connection_ends(void **state)
{
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home(f);
    open_stream();
    world_wait(f->world, 9 * second);
    assert_false(home.closed);
    world_wait(f->world, 5 * second);
    assert_true(home.closed);
}

/* ---- N12: an upstream by TCP that says a byte now and then ------------------------------------
 */

static struct leat_tcp_listener *trickler;
static struct leat_tcp *trickling;

static const struct leat_tcp_events trickle_events;

static void accept_trickle(struct leat_tcp_listener *listener, void *arg)
{
    trickling = leat_tcp_accept(listener, &trickle_events, arg);
}

static void says_truncated_to_the_slow(struct liar *liar)
{
    struct message reply = liar->query;

    if (dns_lower(liar->query.bytes[DNS_HEADER_BYTES + 1]) != 's') {
        says_8(liar);
        return;
    }
    put16(reply.bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, &reply);
}

static void test_threat_N12_an_upstream_that_trickles_holds_up_nobody_else(void **state)
{
    const struct leat_tcp_listen_config listen = {.port = 53, .on_acceptable = accept_trickle};
    struct fixture *f = *state;
    const uint8_t byte = 1;

    with_liar(f, says_truncated_to_the_slow);
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &trickler, &listen), LEAT_OK);
    open_home(f);
    trickling = NULL;
    assert_string_equal(ask("slow.example.test", LEAT_DNS_A), "");
    for (unsigned i = 0; i < 40; i++) {
        size_t taken;

        if (trickling)
            leat_tcp_write(trickling, &byte, 1, &taken);
        world_wait(f->world, second / 2);
        if (i < 5) {
            char name[30];

            sprintf(name, "%u.example.test", i);
            assert_non_null(strstr(ask(name, LEAT_DNS_A), "192.0.2.8"));
        }
    }
    assert_int_equal(home.heard_count, 6);
    assert_non_null(strstr(text_of(home.heard[5].bytes, home.heard[5].len), "SERVFAIL"));
    leat_tcp_listener_close(trickler);
}

#define HOME(name) cmocka_unit_test_setup_teardown(name, set_up, close_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_a_question_is_passed_on_once_and_then_answered_from_the_cache),
        HOME(test_the_real_server_through_it),
        HOME(test_what_is_no_question_for_us),
        HOME(test_servers_that_are_silent_are_told_as_SERVFAIL),
        HOME(test_threat_N6_equal_questions_of_many_are_one_upstream),
        HOME(test_an_address_has_a_quarter_of_the_places),
        HOME(test_replies_by_UDP_are_limited),
        HOME(test_replies_by_TCP_come_when_they_are_there),
        HOME(test_a_long_answer_comes_by_TCP),
        HOME(test_who_hangs_up_is_not_waited_for),
        HOME(test_a_length_that_no_query_has_ends_the_connection),
        HOME(test_a_silent_connection_ends),
        HOME(test_threat_N12_an_upstream_that_trickles_holds_up_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
