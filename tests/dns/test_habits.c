/* test_habits.c -- servers that lower names, or have no UDP: found out once, then asked in the way
 * that they answer. */
#include "dns_lookup.h"

static const uint64_t minute = 60 * UINT64_C(1000000000);

/* ---- a server by TCP ---------------------------------------------------------------------- */

struct by_tcp {
    struct liar *liar;
    struct leat_tcp_listener *listener;
    unsigned count; /* queries heard */
};

static void hear_by_tcp(struct leat_tcp *conn, void *arg)
{
    struct by_tcp *server = arg;
    struct leat_buf *text;

    while ((text = leat_tcp_receive(conn, 65535))) { /* a query comes in one piece */
        const uint32_t len = leat_buf_total(text);
        const struct message *reply;
        uint8_t bytes[600];
        size_t taken;

        server->liar->query.len = leat_buf_read(text, 2, server->liar->query.bytes, 1000);
        leat_buf_free(text);
        leat_tcp_consumed(conn, len);
        reply = make_reply(server->liar, LEAT_DNS_NOERROR, 7);
        put16(bytes, (uint16_t)reply->len);
        memcpy(bytes + 2, reply->bytes, reply->len);
        leat_tcp_write(conn, bytes, reply->len + 2, &taken);
        server->count++;
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static const struct leat_tcp_events by_tcp_events = {.on_readable = hear_by_tcp};

static void accept_by_tcp(struct leat_tcp_listener *listener, void *arg)
{
    while (leat_tcp_accept(listener, &by_tcp_events, arg)) {
    }
}

static void listen_by_tcp(struct fixture *f, struct by_tcp *server)
{
    const struct leat_tcp_listen_config config = {
        .port = 53, .on_acceptable = accept_by_tcp, .arg = server};

    *server = (struct by_tcp){.liar = &f->liar};
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &server->listener, &config),
                     LEAT_OK);
}

/* ---- letter case -------------------------------------------------------------------------- */

static void lowers(struct liar *liar)
{
    for (uint8_t *at = liar->query.bytes + DNS_HEADER_BYTES; *at; at++)
        *at = dns_lower(*at);
    tell(liar);
}

static void a_server_that_lowers_names_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, lowers);
    struct by_tcp by_tcp;

    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(by_tcp.count, 1);
    assert_true(habits_of(f).lowers);
    for (unsigned i = 2; i < 6; i++) {
        assert_in_range(took_ns(f), 0, second / 10);
        assert_int_equal(by_tcp.count, i);
    }
    assert_int_equal(liar->count, 1); /* by UDP */
    world_wait(f->world, 11 * minute);
    took_ns(f);
    assert_int_equal(liar->count, 2);
    leat_tcp_listener_close(by_tcp.listener);
}

static void without_tcp_it_is_asked_in_lower_case(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, lowers);

    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_true(habits_of(f).lowers && habits_of(f).no_tcp);
    assert_int_equal(f->counts->tcp_queries, 1);
    for (unsigned i = 0; i < 5; i++)
        assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(liar->count, 7);
    assert_int_equal(f->counts->tcp_queries, 1);
    assert_int_equal(f->counts->drop_case, 1);
}

static void swaps_later(struct liar *liar)
{
    if (liar->count > 2) {
        liar->query.bytes[DNS_HEADER_BYTES + 1] ^= 0x20;
        tell(liar);
    }
    lowers(liar);
}

/* The questions are in lower case, and so are its replies. */
static void test_threat_N4_another_letter_case_of_a_server_that_lowers_names(void **state)
{
    struct fixture *f = *state;

    with_liar(f, swaps_later);
    open_plain_resolver(f, 1);
    took_ns(f); /* by UDP, by TCP in vain, and in lower case */
    assert_int_equal(f->counts->drop_case, 1);
    took_ns(f);
    assert_int_equal(f->counts->drop_case, 2);
}

/* ---- transports --------------------------------------------------------------------------- */

static void truncates(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 0);

    put16(reply->bytes + 2, DNS_QR | DNS_TC | DNS_RD | DNS_RA);
    say(liar, reply);
}

static void a_server_that_truncates_all_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, truncates);
    struct by_tcp by_tcp;

    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    for (unsigned i = 1; i <= 8; i++) {
        took_ns(f);
        assert_int_equal(liar->count, i < 4 ? i : 4);
        assert_int_equal(by_tcp.count, i);
    }
    assert_true(habits_of(f).tcp_only);
    leat_tcp_listener_close(by_tcp.listener);
}

static void a_server_without_udp_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;
    struct by_tcp by_tcp;

    with_liar(f, NULL);
    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    assert_in_range(took_ns(f), 6 * second, 7 * second); /* the last of three rounds */
    assert_true(habits_of(f).tcp_only);
    assert_in_range(took_ns(f), 0, second / 10);
    assert_int_equal(by_tcp.count, 2);
    leat_tcp_listener_close(by_tcp.listener);
}

/* While our own places for connections are taken, nothing is learnt about the server. */
static void a_shortage_of_ours_is_no_habit_of_the_server(void **state)
{
    enum {
        HELD_MAX = 4096
    };
    static struct leat_tcp *held[HELD_MAX];
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    const struct leat_endpoint server = {SERVER_IP, 53, 0};
    struct fixture *f = *state;
    struct by_tcp by_tcp;
    unsigned count = 0;

    with_liar(f, lowers);
    listen_by_tcp(f, &by_tcp);
    open_plain_resolver(f, 1);
    took_ns(f);
    assert_true(habits_of(f).lowers);
    world_wait(f->world, minute); /* its connection is closed meanwhile */
    while (count < HELD_MAX && leat_tcp_connect(f->world->stacks[CLIENT], &held[count], &server,
                                                NULL, &nothing, NULL) == LEAT_OK)
        count++;
    assert_in_range(count, 1, HELD_MAX - 1);
    assert_int_equal(look_up(f, "a.example.test", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    assert_true(f->counts->unsent > 0);
    assert_false(habits_of(f).no_tcp);
    while (count > 0)
        leat_tcp_abort(held[--count]);
    world_wait(f->world, minute);
    took_ns(f);
    assert_false(habits_of(f).no_tcp);
    leat_tcp_listener_close(by_tcp.listener);
}

/* ---- slow servers ------------------------------------------------------------------------- */

static void is_slow(struct liar *liar)
{
    if (liar->again)
        tell_with_opt(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

/* The delay of a reply says when the next question is repeated. */
static void a_slow_server_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, is_slow);

    open_plain_resolver(f, 1);
    took_ns(f);
    assert_in_range(habits_of(f).delay_ns, second / 2, second * 6 / 10);
    liar->count = liar->repeated = 0;
    assert_in_range(took_ns(f), second, second * 12 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_that_lowers_names_is_asked_by_tcp),
        TEST(without_tcp_it_is_asked_in_lower_case),
        TEST(test_threat_N4_another_letter_case_of_a_server_that_lowers_names),
        TEST(a_server_that_truncates_all_is_asked_by_tcp),
        TEST(a_server_without_udp_is_asked_by_tcp),
        TEST(a_shortage_of_ours_is_no_habit_of_the_server),
        TEST(a_slow_server_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
