/* test_cookies.c -- the resolver's DNS cookies: RFC 7873, RFC 9018. */
#include "dns_lookup.h"

#include "proto/dns/cookie.h"
#include "proto/dns/dns_query.h"

enum {
    SERVER_COOKIE_BYTES = 16,
    COOKIES_MAX = 40
};

/* The cookie behaviour of a test's server. */
enum manner {
    KNOWS,         /* repeats the client's, and adds its own */
    KNOWS_NONE,    /* like old servers */
    CHANGES,       /* BADCOOKIE until the query has its current cookie */
    NEVER_CONTENT, /* always BADCOOKIE */
    SILENT
};

struct heard {
    uint8_t bytes[DNS_COOKIE_BYTES_MAX];
    unsigned len; /* 0: without */
    bool has_edns;
    bool by_tcp;
};

struct cookie_server {
    enum manner manner;
    uint8_t secret; /* value of all bytes of its cookie */
    struct heard heard[COOKIES_MAX];
    unsigned count;
    struct leat_tcp_listener *listener;
    struct dns_world *world;
};

static struct cookie_server server;

static const struct heard *hear(const struct message *query, bool by_tcp)
{
    struct heard *heard = &server.heard[server.count++];
    struct dns_query asked;

    assert_true(server.count <= COOKIES_MAX);
    assert_int_equal(dns_query_read(&asked, query->bytes, query->len), DNS_QUERY_GOOD);
    *heard = (struct heard){.has_edns = asked.has_edns, .by_tcp = by_tcp};
    if (asked.has_edns && asked.edns.cookie) {
        heard->len = asked.edns.cookie_bytes;
        memcpy(heard->bytes, asked.edns.cookie, heard->len);
    }
    return heard;
}

/* Appends an OPT record to the reply, with upper rcode bits and a cookie of @len bytes. */
static void add_opt(struct message *reply, unsigned rcode, const uint8_t *cookie, unsigned len)
{
    uint8_t *at = reply->bytes + reply->len;

    memcpy(at, "\0\0\51\4\320\0\0\0\0\0\0", DNS_OPT_BYTES);
    at[5] = (uint8_t)(rcode >> 4);
    put16(reply->bytes + 2, (uint16_t)(get16(reply->bytes + 2) | (rcode & 15)));
    put16(reply->bytes + 10, 1);
    reply->len += DNS_OPT_BYTES;
    if (len == 0)
        return;
    put16(at + 9, (uint16_t)(len + 4));
    put16(at + 11, DNS_OPTION_COOKIE);
    put16(at + 13, (uint16_t)len);
    memcpy(at + 15, cookie, len);
    reply->len += 4 + len;
}

/* The server's cookie for the client of @heard. */
static void full_cookie(const struct heard *heard, uint8_t cookie[DNS_COOKIE_BYTES_MAX])
{
    memcpy(cookie, heard->bytes, DNS_COOKIE_CLIENT_BYTES);
    memset(cookie + DNS_COOKIE_CLIENT_BYTES, server.secret, SERVER_COOKIE_BYTES);
}

static struct message *reply_to(const struct liar *liar, const struct heard *heard)
{
    uint8_t cookie[DNS_COOKIE_BYTES_MAX];
    const unsigned len = DNS_COOKIE_CLIENT_BYTES + SERVER_COOKIE_BYTES;
    struct message *reply;
    bool bad;

    full_cookie(heard, cookie);
    bad = !heard->by_tcp &&
          (server.manner == NEVER_CONTENT ||
           (server.manner == CHANGES && (heard->len != len || memcmp(heard->bytes, cookie, len))));
    reply = make_reply(liar, LEAT_DNS_NOERROR, bad ? 0 : 8);
    if (server.manner == KNOWS_NONE || !heard->has_edns || heard->len == 0)
        return reply;
    add_opt(reply, bad ? LEAT_DNS_BADCOOKIE : LEAT_DNS_NOERROR, cookie, len);
    return reply;
}

static void answers(struct liar *liar)
{
    const struct heard *heard = hear(&liar->query, false);

    if (server.manner != SILENT)
        say(liar, reply_to(liar, heard));
}

static void answer_by_tcp(struct leat_tcp *conn, void *arg)
{
    struct liar liar = {.world = server.world};
    struct leat_buf *text = leat_tcp_receive(conn, 4096);
    const struct message *reply;
    uint8_t bytes[600];
    size_t taken;

    (void)arg;
    if (text) {
        const uint32_t len = leat_buf_read(text, 0, bytes, sizeof bytes);

        leat_tcp_consumed(conn, len);
        leat_buf_free(text);
        liar.query.len = get16(bytes);
        assert_int_equal(len, 2 + liar.query.len); /* there is one, of the full length */
        memcpy(liar.query.bytes, bytes + 2, liar.query.len);
        reply = reply_to(&liar, hear(&liar.query, true));
        put16(bytes, (uint16_t)reply->len);
        memcpy(bytes + 2, reply->bytes, reply->len);
        assert_int_equal(leat_tcp_write(conn, bytes, 2 + reply->len, &taken), LEAT_OK);
    }
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events events = {.on_readable = answer_by_tcp};

    (void)arg;
    leat_tcp_accept(listener, &events, NULL);
}

static void with_cookie_server(struct fixture *f, void (*answer)(struct liar *), enum manner manner)
{
    const struct leat_tcp_listen_config listen = {.port = 53, .on_acceptable = accept_one};

    server = (struct cookie_server){.manner = manner, .secret = 1, .world = f->world};
    with_liar(f, answer);
    assert_int_equal(leat_tcp_listen(f->world->stacks[SERVER], &server.listener, &listen), LEAT_OK);
}

static int tear_down_server(void **state)
{
    struct fixture *f = *state;

    if (f->resolver)
        leat_resolver_close(f->resolver);
    f->resolver = NULL;
    leat_tcp_listener_close(server.listener);
    return tear_down(state);
}

static void ask(struct fixture *f)
{
    f->liar.count = 0;
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
}

static const struct heard *last_heard(void)
{
    return &server.heard[server.count - 1];
}

static void a_server_hears_its_own_cookie_from_the_second_question_on(void **state)
{
    struct fixture *f = *state;
    uint8_t cookie[DNS_COOKIE_BYTES_MAX];

    with_cookie_server(f, answers, KNOWS);
    open_plain_resolver(f, 1);
    ask(f);
    assert_int_equal(last_heard()->len, DNS_COOKIE_CLIENT_BYTES);
    full_cookie(last_heard(), cookie);
    for (unsigned i = 0; i < 3; i++) {
        server.secret = (uint8_t)(i + 2); /* it may change its cookie at any time */
        ask(f);
        assert_int_equal(last_heard()->len, DNS_COOKIE_CLIENT_BYTES + SERVER_COOKIE_BYTES);
        assert_memory_equal(last_heard()->bytes, cookie, last_heard()->len);
        full_cookie(last_heard(), cookie);
    }
    assert_int_equal(server.count, 4);
    assert_int_equal(f->counts->drop_cookie, 0);
}

static void only_the_second_answers(struct liar *liar)
{
    const struct heard *heard;

    if (liar->again)
        return;
    heard = hear(&liar->query, false);
    if (leat_ip_equal(liar->local_ip, SERVER2_IP))
        say(liar, reply_to(liar, heard));
}

static void each_server_has_a_cookie_of_its_own(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, only_the_second_answers, KNOWS);
    open_plain_resolver(f, 2);
    ask(f);
    assert_int_equal(server.count, 2);
    assert_int_equal(server.heard[0].len, DNS_COOKIE_CLIENT_BYTES);
    assert_int_equal(server.heard[1].len, DNS_COOKIE_CLIENT_BYTES);
    assert_memory_not_equal(server.heard[0].bytes, server.heard[1].bytes, DNS_COOKIE_CLIENT_BYTES);
}

static void without_cookies_none_is_sent(void **state)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}}, .server_count = 1, .no_cookies = true};
    struct fixture *f = *state;

    with_cookie_server(f, answers, KNOWS);
    open_resolver(f, &config);
    ask(f);
    ask(f);
    assert_int_equal(last_heard()->len, 0);
    assert_true(last_heard()->has_edns);
}

/* RFC 9018 3 */
static void a_server_without_cookies_is_left_alone_for_five_minutes(void **state)
{
    struct fixture *f = *state;
    struct heard first;

    with_cookie_server(f, answers, KNOWS_NONE);
    open_plain_resolver(f, 1);
    ask(f);
    first = *last_heard();
    assert_int_equal(first.len, DNS_COOKIE_CLIENT_BYTES);
    ask(f);
    assert_int_equal(last_heard()->len, 0);
    world_wait(f->world, 295 * second);
    ask(f);
    assert_int_equal(last_heard()->len, 0);
    world_wait(f->world, 5 * second);
    ask(f);
    assert_int_equal(last_heard()->len, DNS_COOKIE_CLIENT_BYTES);
    assert_memory_not_equal(last_heard()->bytes, first.bytes, DNS_COOKIE_CLIENT_BYTES);
    assert_int_equal(f->counts->udp_queries, 4);
}

/* ---- forgeries ---------------------------------------------------------------------------- */

/* An off-path attacker who has guessed id, port and letter case lacks the cookie. */
static void lies_first(struct liar *liar)
{
    const struct heard *heard = hear(&liar->query, false);
    uint8_t cookie[64] = {0};
    static const uint8_t lengths[] = {1, 7, 8, 9, 15, 41, 64};
    struct message *lie;

    full_cookie(heard, cookie);
    for (unsigned i = 0; i < sizeof lengths; i++) { /* RFC 7873 5.3: illegal lengths */
        lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
        add_opt(lie, LEAT_DNS_NOERROR, cookie, lengths[i]);
        say(liar, lie);
    }
    for (unsigned i = 0; i < DNS_COOKIE_CLIENT_BYTES; i++) {
        cookie[i] ^= 0x10;
        lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
        add_opt(lie, LEAT_DNS_NOERROR, cookie, 24);
        say(liar, lie);
        cookie[i] ^= 0x10;
    }
    lie = make_reply(liar, LEAT_DNS_NOERROR, 0);
    cookie[0] ^= 1;
    add_opt(lie, LEAT_DNS_BADCOOKIE, cookie, 24);
    say(liar, lie);
    say(liar, reply_to(liar, heard));
}

static void test_threat_N4_wrong_cookie(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, lies_first, KNOWS);
    open_plain_resolver(f, 1);
    ask(f); /* from the first question on */
    assert_int_equal(f->counts->drop_cookie, 16);
    ask(f);
    assert_int_equal(f->counts->drop_cookie, 32);
    assert_int_equal(f->counts->udp_queries, 2);
    assert_int_equal(f->counts->tcp_queries, 0);
    assert_int_equal(f->counts->bad_cookies, 0);
}

static void lies_without_cookie(struct liar *liar)
{
    hear(&liar->query, false);
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 66));
}

static void a_reply_without_the_cookie_that_was_there_before_is_asked_for_by_tcp(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, answers, KNOWS);
    open_plain_resolver(f, 1);
    ask(f);
    f->liar.answer = lies_without_cookie;
    ask(f);
    assert_true(last_heard()->by_tcp);
    assert_int_equal(f->counts->drop_cookie, 1);
    f->liar.answer = answers;
    ask(f); /* the server's part is still known: it was repeated by TCP */
    assert_false(last_heard()->by_tcp);
    assert_int_equal(last_heard()->len, DNS_COOKIE_CLIENT_BYTES + SERVER_COOKIE_BYTES);
}

static void a_server_that_has_lost_its_cookies_says_so_by_tcp_once(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, answers, KNOWS);
    open_plain_resolver(f, 1);
    ask(f);
    server.manner = KNOWS_NONE;
    ask(f);
    assert_int_equal(f->counts->tcp_queries, 1);
    for (unsigned i = 0; i < 3; i++) {
        ask(f);
        assert_false(last_heard()->by_tcp);
        assert_int_equal(last_heard()->len, 0);
    }
    assert_int_equal(f->counts->tcp_queries, 1);
}

/* ---- BADCOOKIE ---------------------------------------------------------------------------- */

static void bad_cookie_is_answered_with_the_right_one(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, answers, CHANGES);
    open_plain_resolver(f, 1);
    ask(f); /* 8 bytes are not enough */
    assert_int_equal(server.count, 2);
    server.secret = 77;
    ask(f);
    assert_int_equal(server.count, 4);
    assert_int_equal(last_heard()->bytes[DNS_COOKIE_CLIENT_BYTES], 77);
    assert_int_equal(f->counts->bad_cookies, 2);
    assert_int_equal(f->counts->tcp_queries, 0);
    assert_int_equal(f->counts->servers_failed, 0);
}

/* RFC 7873 5.3 */
/* The socket of the first try is closed before the next is opened. */
static void bad_cookie_costs_no_socket(void **state)
{
    enum {
        MORE_THAN_SOCKETS = 70
    };
    struct fixture *f = *state;

    with_cookie_server(f, answers, CHANGES);
    open_plain_resolver(f, 1);
    for (unsigned i = 0; i < MORE_THAN_SOCKETS; i++) {
        server.count = 0;
        server.secret = (uint8_t)i;
        ask(f);
    }
    assert_int_equal(f->counts->bad_cookies, MORE_THAN_SOCKETS);
    assert_int_equal(f->counts->timeouts, 0);
}

static void bad_cookie_again_leads_to_tcp(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, answers, NEVER_CONTENT);
    open_plain_resolver(f, 1);
    ask(f);
    assert_int_equal(server.count, 3);
    assert_true(last_heard()->by_tcp);
    assert_int_equal(f->counts->bad_cookies, 2);
}

/* ---- silence ------------------------------------------------------------------------------ */

/* EDNS goes with the first round only, unless a cookie proves that the server supports it: a
 * reply to a question without EDNS would need no cookie. After silence of all servers nothing is
 * certain any more. */
static void a_known_cookie_goes_with_every_round(void **state)
{
    struct fixture *f = *state;

    with_cookie_server(f, answers, KNOWS);
    open_plain_resolver(f, 1);
    ask(f);
    server.manner = SILENT;
    f->liar.count = 0;
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    assert_int_equal(server.count, 5); /* the first of them was repeated */
    for (unsigned i = 1; i < 5; i++)
        assert_int_equal(server.heard[i].len, DNS_COOKIE_CLIENT_BYTES + SERVER_COOKIE_BYTES);
    server.manner = KNOWS_NONE;
    ask(f);
    assert_int_equal(f->counts->tcp_queries, 0);
}

/* ---- the client's part -------------------------------------------------------------------- */

static void another_address_of_ours_has_another_cookie(void **state)
{
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT];
    struct dns_cookie cookie = {.len = 0};
    struct dns_cookie_sent first, again, other;
    uint8_t reply[24] = {0};
    struct dns_edns edns = {.cookie = reply, .cookie_bytes = sizeof reply};

    dns_cookie_use(&cookie, stack, CLIENT_IP, &first);
    memcpy(reply, first.client, sizeof first.client);
    assert_int_equal(dns_cookie_judge(&cookie, &first, &edns, 0, false), DNS_COOKIE_GOOD);
    dns_cookie_use(&cookie, stack, CLIENT_IP, &again);
    assert_memory_equal(first.client, again.client, sizeof first.client);
    assert_true(again.has_server);
    dns_cookie_use(&cookie, stack, SERVER_IP, &other);
    assert_memory_not_equal(first.client, other.client, sizeof first.client);
    assert_false(other.has_server);
    /* a late reply with the old one is ignored */
    assert_int_equal(dns_cookie_judge(&cookie, &again, &edns, 0, false), DNS_COOKIE_GOOD);
    assert_int_equal(cookie.len, DNS_COOKIE_CLIENT_BYTES);
    assert_memory_equal(cookie.bytes, other.client, sizeof other.client);
}

#define COOKIE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COOKIE_TEST(a_server_hears_its_own_cookie_from_the_second_question_on),
        COOKIE_TEST(each_server_has_a_cookie_of_its_own),
        COOKIE_TEST(without_cookies_none_is_sent),
        COOKIE_TEST(a_server_without_cookies_is_left_alone_for_five_minutes),
        COOKIE_TEST(test_threat_N4_wrong_cookie),
        COOKIE_TEST(a_reply_without_the_cookie_that_was_there_before_is_asked_for_by_tcp),
        COOKIE_TEST(a_server_that_has_lost_its_cookies_says_so_by_tcp_once),
        COOKIE_TEST(bad_cookie_is_answered_with_the_right_one),
        COOKIE_TEST(bad_cookie_costs_no_socket),
        COOKIE_TEST(bad_cookie_again_leads_to_tcp),
        COOKIE_TEST(a_known_cookie_goes_with_every_round),
        TEST(another_address_of_ours_has_another_cookie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
