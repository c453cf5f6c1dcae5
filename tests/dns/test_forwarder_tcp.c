/* test_forwarder_tcp.c -- a forwarder, asked by TCP (RFC 7766). */
#include "dns_home.h"

/* Answers all names but those that begin with "slow". */
static void says_8_to_the_quick(struct liar *liar)
{
    if (dns_lower(liar->query.bytes[DNS_HEADER_BYTES + 1]) != 's')
        says_8(liar);
}

static void test_replies_by_TCP_come_when_they_are_there(void **state)
{
    struct fixture *f = *state;
    const char *ids;

    with_liar(f, says_8_to_the_quick);
    open_home(f);
    ids = stream_names("slow.example.test www.example.test www.example.test fast.example.test",
                       second / 2);
    assert_int_equal(strlen(ids), 6);
    assert_null(strchr(ids, '1'));
    f->liar.answer = says_8;
    world_expect_nodelay(f->world, CLIENT);
    world_wait(f->world, 3 * second); /* the next try */
    assert_non_null(strstr(stream_ids(), " 1 "));
    assert_int_equal(home.counts->tcp_queries, 4);
    assert_int_equal(leat_tcp_close(home.tcp), LEAT_OK);
    world_wait(f->world, second);
    assert_true(home.closed);
}

static void says_by_name(struct liar *liar)
{
    const uint8_t first = liar->query.bytes[DNS_HEADER_BYTES + 1];

    if (dns_lower(first) != 's')
        say(liar, make_reply(liar, LEAT_DNS_NOERROR, dns_lower(first) == 'o' ? 9 : 8));
}

/* A client whose 33rd question waits to be read, beside one that asks the same as its 32nd. */
static void test_a_question_that_is_read_late_changes_no_other_answer(void **state)
{
    const struct leat_resolver_config resolver = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .lookups = 128, .cache_bytes = 262144};
    const struct leat_forwarder_config config = {.waiting = 256};
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_by_name);
    open_home_for(f, &resolver, &config);
    assert_non_null(strstr(ask("other.example.test", LEAT_DNS_A), "192.0.2.9"));
    f->liar.answer = NULL;
    open_stream();
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    for (uint16_t i = 0; i < 31; i++) {
        char name[30];

        sprintf(name, "s%u.example.test", i);
        stream_query(name, LEAT_DNS_A, i);
    }
    world_wait(f->world, 20 * ms);
    send_query(&query); /* before and after it */
    world_wait(f->world, 20 * ms);
    stream_query("www.example.test", LEAT_DNS_A, 31);
    stream_query("other.example.test", LEAT_DNS_A, 32);
    world_wait(f->world, 20 * ms);
    send_query(&query);
    world_wait(f->world, 20 * ms);
    assert_int_equal(f->liar.count, 33);
    says_8(&f->liar);
    world_wait(f->world, 20 * ms);
    assert_string_equal(stream_ids(), "31 32 ");
    assert_int_equal(home.heard_count, 3);
    for (unsigned i = 1; i < 3; i++)
        assert_non_null(strstr(text_of(home.heard[i].bytes, home.heard[i].len),
                               "www.example.test. 9 IN A 192.0.2.8\n"));
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

static void test_a_client_that_hangs_up_is_not_waited_for(void **state)
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
    assert_int_equal(f->liar.count, 1); /* no query is repeated */
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

/* A question may take longer than the idle time of a connection. */
static void test_a_connection_that_waits_for_an_answer_is_not_silent(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home(f);
    open_stream();
    stream_query("slow.example.test", LEAT_DNS_A, 1);
    world_wait(f->world, 13 * second);
    assert_false(home.closed);
    world_wait(f->world, 2 * second); /* 2, 4 and 8 s are over */
    assert_string_equal(stream_ids(), "1 ");
    world_wait(f->world, 8 * second);
    assert_false(home.closed);
    world_wait(f->world, 4 * second);
    assert_true(home.closed);
    assert_int_equal(home.counts->tcp_idle, 1);
}

/* A reply that isn't read doesn't keep it open either. */
static void test_a_connection_whose_peer_has_gone_ends(void **state)
{
    const struct leat_link_faults far_away = {.delay_ns = 50 * ms};
    const struct leat_link_faults gone = {.loss_per_m = 1000000};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home(f);
    ask("www.example.test", LEAT_DNS_A); /* and then it is in the cache */
    open_stream();
    for (int end = 0; end < 2; end++)
        leat_link_set_faults(f->world->link, end, &far_away);
    stream_query("www.example.test", LEAT_DNS_A, 1);
    world_wait(f->world, 75 * ms);
    assert_int_equal(home.counts->replies, 2);
    for (int end = 0; end < 2; end++)
        leat_link_set_faults(f->world->link, end, &gone);
    world_wait(f->world, 12 * second);
    assert_int_equal(home.counts->tcp_idle, 1);
}

/* ---- N12: an upstream server that sends one byte at a time
 * ------------------------------------
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

static void deaf_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    (void)arg;
    home.tcp = NULL;
    home.closed = true;
}

/* A client that reads nothing asks @count times for a cached name, or until it is closed,
 * after questions that are answered later. */
static unsigned ask_unread(struct fixture *f, unsigned later, unsigned count)
{
    static const struct leat_tcp_events deaf = {.on_closed = deaf_closed};
    unsigned asked = 0;

    open_stream();
    leat_tcp_set_events(home.tcp, &deaf, NULL);
    for (unsigned i = 0; i < later; i++)
        stream_query("slow.example.test", LEAT_DNS_A, 1);
    while (asked < count && !home.closed && leat_tcp_send_room(home.tcp) > 1000) {
        for (unsigned i = 0; i < 10; i++)
            stream_query("www.example.test", LEAT_DNS_A, 2);
        asked += 10;
        world_wait(f->world, ms / 10);
    }
    return asked;
}

/* at most 256 KiB of replies are queued; the client is closed once, whatever else it has asked
 */
static void test_a_client_that_reads_nothing_is_ended_once(void **state)
{
    struct fixture *f = *state;
    unsigned most;

    with_liar(f, says_8_to_the_quick);
    open_home(f);
    assert_non_null(strstr(ask("www.example.test", LEAT_DNS_A), "192.0.2.8"));
    most = ask_unread(f, 0, 100000);
    assert_in_range(most, 100, 20000);
    assert_false(home.closed); /* its questions are not read any more */
    assert_int_equal(home.counts->tcp_slow, 0);
    world_wait(f->world, 12 * second);
    assert_true(home.closed);
    assert_int_equal(home.counts->tcp_idle, 1);
    ask_unread(f, 20, most);
    assert_false(home.closed);
    f->liar.answer = says_8;
    world_wait(f->world, 5 * second);
    assert_true(home.closed);
    assert_int_equal(home.counts->tcp_slow, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_a_question_that_is_read_late_changes_no_other_answer),
        HOME(test_replies_by_TCP_come_when_they_are_there),
        HOME(test_a_long_answer_comes_by_TCP),
        HOME(test_a_client_that_hangs_up_is_not_waited_for),
        HOME(test_a_length_that_no_query_has_ends_the_connection),
        HOME(test_a_silent_connection_ends),
        HOME(test_a_connection_that_waits_for_an_answer_is_not_silent),
        HOME(test_a_connection_whose_peer_has_gone_ends),
        HOME(test_a_client_that_reads_nothing_is_ended_once),
        HOME(test_threat_N12_an_upstream_that_trickles_holds_up_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
