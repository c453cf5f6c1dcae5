/* test_bounds.c -- limits, delays and errors at their edges. */
#include "connect_talk.h"

/* How the lookups of a name end, and with which error they are told. */
struct ends {
    unsigned rcode_a, rcode_aaaa;
    enum leat_err err;
};

static unsigned rcode_a, rcode_aaaa;

static uint16_t asked_type(const struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;

    return get16(name + strlen((const char *)name) + 1);
}

static void answer_rcodes(struct liar *liar)
{
    say(liar, make_reply(liar, asked_type(liar) == LEAT_DNS_A ? rcode_a : rcode_aaaa, 0));
}

static void ask_liar(struct talk *talk, void (*answer)(struct liar *liar))
{
    with_liar(talk->f, answer);
    open_plain_resolver(talk->f, 1);
    talk->config.resolver = talk->f->resolver;
}

/* "Not found" is told only if both families have it. */
static void the_worse_error_of_both_lookups_is_told(void **state)
{
    static const struct ends table[] = {
        {LEAT_DNS_NXDOMAIN, LEAT_DNS_NXDOMAIN, LEAT_ERR_NOT_FOUND},
        {LEAT_DNS_NOERROR, LEAT_DNS_NOERROR, LEAT_ERR_NOT_FOUND},
        {LEAT_DNS_SERVFAIL, LEAT_DNS_NOERROR, LEAT_ERR_SERVERS},
        {LEAT_DNS_NOERROR, LEAT_DNS_SERVFAIL, LEAT_ERR_SERVERS},
        {LEAT_DNS_SERVFAIL, LEAT_DNS_SERVFAIL, LEAT_ERR_SERVERS},
    };
    struct talk *talk = *state;
    char name[20];

    ask_liar(talk, answer_rcodes);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        rcode_a = table[i].rcode_a;
        rcode_aaaa = table[i].rcode_aaaa;
        snprintf(name, sizeof name, "n%u.test", i);
        assert_int_equal(talk_connect(talk, name, OPEN_PORT), table[i].err);
        assert_int_equal(talk->connecting.try_count, 0);
    }
}

static void answer_A_alone(struct liar *liar)
{
    if (asked_type(liar) == LEAT_DNS_A)
        say(liar, make_reply(liar, LEAT_DNS_NOERROR, 1));
}

/* How long an address of IPv4 waits for the other lookup. */
static void the_resolution_delay_can_be_chosen(void **state)
{
    struct talk *talk = *state;

    ask_liar(talk, answer_A_alone);
    talk->config.resolution_delay_ns = 20 * ms;
    assert_int_equal(talk_begin(talk, "www.example.test", OPEN_PORT), LEAT_OK);
    world_wait(talk->f->world, 19 * ms);
    assert_int_equal(talk->connecting.tries[0].state, LEAT_CONNECT_WAITS);
    world_wait(talk->f->world, 3 * ms);
    assert_int_equal(talk->connecting.tries[0].state, LEAT_CONNECT_OVER);
}

static void answer_both(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, asked_type(liar) == LEAT_DNS_A ? 1 : 0));
}

/* Nothing is awaited when the other lookup has ended, in either order. */
static void an_answer_waits_for_no_lookup_that_has_ended(void **state)
{
    struct talk *talk = *state;

    ask_liar(talk, answer_both);
    assert_int_equal(talk_connect(talk, "www.example.test", OPEN_PORT), LEAT_ERR_NO_ROUTE);
    assert_true(talk_took_ns(talk) < 10 * ms);
}

static void begin_until(struct talk *talk, const char *host, uint64_t ns)
{
    assert_int_equal(talk_begin(talk, host, OPEN_PORT), LEAT_OK);
    leat_connect_cancel(&talk->connecting);
    assert_int_equal(leat_connect(talk->client, &talk->connecting, &talk->config, host, OPEN_PORT,
                                  talk->began_ns + ns),
                     LEAT_OK);
    assert_true(world_run(talk->f->world, &talk->done, 61 * second));
}

/* The deadline may come before the next try would begin, and with it. */
static void a_deadline_before_the_next_try_ends_all(void **state)
{
    struct talk *talk = *state;

    talk->config.hosts = "10.0.0.98 two.test\n10.0.0.99 two.test\n";
    begin_until(talk, "two.test", 100 * ms);
    assert_int_equal(talk->err, LEAT_ERR_TIMEOUT);
    assert_in_range(talk_took_ns(talk), 100 * ms, 101 * ms);
    assert_string_equal(talk_text(talk), "two.test: 10.0.0.98 timed out; 10.0.0.99 not tried");
    begin_until(talk, "two.test", 250 * ms - 1);
    assert_string_equal(talk_text(talk), "two.test: 10.0.0.98 timed out; 10.0.0.99 not tried");
}

/* A report of an earlier attempt explains nothing. */
static void an_old_report_is_not_told(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_connect(talk, "10.0.0.99", OPEN_PORT), LEAT_ERR_TIMEOUT);
    assert_true(talk->connecting.tries[0].report.at_ns > 0);
    begin_until(talk, "10.0.0.99", second);
    assert_int_equal(talk->connecting.tries[0].report.at_ns, 0);
    assert_string_equal(talk_text(talk), "10.0.0.99: 10.0.0.99 timed out");
    /* nor is one told of a try that has opened */
    assert_int_equal(talk_connect(talk, "10.0.0.1", OPEN_PORT), LEAT_OK);
    assert_int_equal(talk->connecting.tries[0].report.at_ns, 0);
    assert_false(talk->connecting.tries[0].no_address);
}

static unsigned ends_told;

static void keep_events(struct leat_connecting *connecting, enum leat_err err,
                        struct leat_tcp *conn, void *arg)
{
    struct talk *talk = arg;

    (void)connecting;
    talk->done = true;
    talk->err = err;
    talk->conn = conn;
    ends_told++;
}

/* The winner belongs to the program, which need not set its callbacks: an end of it is no end of
 * the attempt. */
static void the_connection_is_the_programs(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_begin(talk, "10.0.0.1", OPEN_PORT), LEAT_OK);
    talk->connecting.on_done = keep_events;
    ends_told = 0;
    assert_true(world_run(talk->f->world, &talk->done, 61 * second));
    assert_int_equal(talk->err, LEAT_OK);
    assert_null(talk->connecting.tries[0].conn);
    leat_tcp_abort(talk->conn);
    talk->conn = NULL;
    world_wait(talk->f->world, second);
    assert_int_equal(ends_told, 1);
    assert_int_equal(talk->connecting.tries[0].err, LEAT_OK);
}

static void expect_nothing_held(const struct talk *talk)
{
    const struct leat_connecting *connecting = &talk->connecting;

    assert_false(connecting->runs);
    assert_null(connecting->lookups[0].lookup);
    assert_null(connecting->lookups[1].lookup);
    for (unsigned i = 0; i < connecting->try_count; i++)
        assert_null(connecting->tries[i].conn);
}

/* Neither a lookup nor a connection, however it has ended. */
static void an_attempt_that_has_ended_holds_nothing(void **state)
{
    struct talk *talk = *state;

    ask_liar(talk, NULL); /* it never answers */
    assert_int_equal(talk_begin(talk, "www.example.test", OPEN_PORT), LEAT_OK);
    world_wait(talk->f->world, 10 * ms);
    assert_non_null(talk->connecting.lookups[0].lookup);
    assert_non_null(talk->connecting.lookups[1].lookup);
    leat_connect_cancel(&talk->connecting);
    expect_nothing_held(talk);
    begin_until(talk, "www.example.test", 500 * ms);
    assert_int_equal(talk->err, LEAT_ERR_TIMEOUT);
    expect_nothing_held(talk);
    talk->config.hosts = "10.0.0.98 two.test\n10.0.0.1 two.test\n";
    assert_int_equal(talk_begin(talk, "two.test", OPEN_PORT), LEAT_OK);
    world_wait(talk->f->world, 10 * ms);
    leat_connect_cancel(&talk->connecting);
    expect_nothing_held(talk);
    assert_int_equal(talk_connect(talk, "two.test", OPEN_PORT), LEAT_OK);
    expect_nothing_held(talk);
    begin_until(talk, "10.0.0.98", 500 * ms);
    expect_nothing_held(talk);
}

/* Names beside "localhost" and "local" are names like others. */
static void only_these_names_are_special(void **state)
{
    static const struct {
        const char *host;
        enum leat_err err;
        unsigned addresses; /* that are known without a lookup */
    } table[] = {
        {"localhost", LEAT_OK, 2},        {"LOCALHOST.", LEAT_OK, 2},
        {"a.localhost", LEAT_OK, 2},      {"localhos", LEAT_OK, 0},
        {"localhostx", LEAT_OK, 0},       {"xlocalhost", LEAT_OK, 0},
        {"localhosu", LEAT_OK, 0},        {"mocalhost", LEAT_OK, 0},
        {"localhost.a", LEAT_OK, 0},      {"local", LEAT_ERR_REFUSED, 0},
        {"a.local", LEAT_ERR_REFUSED, 0}, {"loca", LEAT_OK, 0},
        {"locals", LEAT_OK, 0},           {"xlocal", LEAT_OK, 0},
        {"local.a", LEAT_OK, 0},
    };
    struct talk *talk = *state;

    ask_liar(talk, NULL);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(talk_begin(talk, table[i].host, OPEN_PORT), table[i].err);
        assert_int_equal(talk->connecting.try_count, table[i].addresses);
        leat_connect_cancel(&talk->connecting);
    }
}

/* The names that the liar was asked for, in order. */
static void expect_asked(struct talk *talk, const char *search, const char *host, const char *names)
{
    char told[600] = "", name[LEAT_DNS_NAME_TEXT_BYTES];

    talk->f->liar.count = 0;
    talk->config.search = search;
    talk_connect(talk, host, OPEN_PORT);
    for (unsigned i = 0; i < talk->f->liar.count; i++) {
        struct leat_dns_name asked = {
            .len = (uint8_t)(strlen((char *)talk->f->liar.seen[i].name) + 1)};

        memcpy(asked.wire, talk->f->liar.seen[i].name, asked.len);
        leat_dns_name_format(&asked, name, sizeof name);
        for (char *c = name; *c; c++) /* a resolver mixes the cases */
            *c = (char)dns_lower((uint8_t)*c);
        strcat(told, name);
        strcat(told, " ");
    }
    assert_string_equal(told, names);
}

static void the_search_list_is_tried_in_its_order(void **state)
{
    struct talk *talk = *state;

    rcode_a = rcode_aaaa = LEAT_DNS_NXDOMAIN;
    ask_liar(talk, answer_rcodes);
    talk->config.no_ipv6 = true;
    expect_asked(talk, " \ta.x\n#b.x  c.x. ", "n1", "n1.a.x. n1.b.x. n1.c.x. n1. ");
    expect_asked(talk, "a.x b.x", "n2.o", "n2.o. n2.o.a.x. n2.o.b.x. ");
    expect_asked(talk, "a.x b.x", "n3.", "n3. "); /* absolute */
    expect_asked(talk, "", "n4", "n4. ");
    expect_asked(talk, NULL, "n5", "n5. ");
    talk->config.ndots = 2;
    expect_asked(talk, "a.x", "n6.o", "n6.o.a.x. n6.o. ");
    expect_asked(talk, "a.x", "n7.o.o", "n7.o.o. n7.o.o.a.x. ");
    expect_asked(talk, "a.x", "n8.o.", "n8.o. ");
}

/* 255 bytes with the root (RFC 1035 2.3.4). */
static void a_joined_name_has_255_bytes_at_most(void **state)
{
    struct talk *talk = *state;
    static char search[300];

    rcode_a = rcode_aaaa = LEAT_DNS_NXDOMAIN;
    ask_liar(talk, answer_rcodes);
    for (unsigned len = 57; len <= 61; len++) { /* of the last of four labels */
        bool asked_it = false;

        memset(search, 'a', sizeof search);
        search[63] = search[127] = search[191] = '.';
        search[192 + len] = '\0';
        talk->f->liar.count = 0;
        talk->config.search = search;
        talk_connect(talk, "b", OPEN_PORT);
        for (unsigned i = 0; i < talk->f->liar.count; i++)
            asked_it |= strlen((char *)talk->f->liar.seen[i].name) > 3;
        /* 2 bytes of the host, three labels of 64, the last one, and the root */
        assert_int_equal(asked_it, 2 + 3 * 64 + 1 + len + 1 <= 255);
    }
}

static void a_refused_host_leaves_nothing_behind(void **state)
{
    struct talk *talk = *state;
    char whole[LEAT_CONNECT_HOST_BYTES + 1];

    memset(whole, 'a', sizeof whole);
    whole[sizeof whole - 1] = '\0';
    assert_int_equal(talk_begin(talk, whole, OPEN_PORT), LEAT_ERR_FORMAT);
    assert_string_equal(talk->connecting.host, "");
    assert_int_equal(talk->connecting.try_count, 0);
    talk->err = LEAT_ERR_FORMAT;
    assert_string_equal(talk_text(talk), ": no address: malformed message");
}

static void arguments_are_checked(void **state)
{
    struct talk *talk = *state;

    talk->config.attempt_delay_ns = 10 * ms;
    assert_int_equal(talk_begin(talk, "10.0.0.1", OPEN_PORT), LEAT_OK);
    leat_connect_cancel(&talk->connecting);
    talk->config.attempt_delay_ns = 10 * ms - 1;
    assert_int_equal(talk_begin(talk, "10.0.0.1", OPEN_PORT), LEAT_ERR_ARGUMENT);
    talk->config.attempt_delay_ns = 0;
    talk->config.reserved[LEAT_RESERVED - 1] = 1;
    assert_int_equal(talk_begin(talk, "10.0.0.1", OPEN_PORT), LEAT_ERR_ARGUMENT);
    talk->config.reserved[LEAT_RESERVED - 1] = 0;
    talk->connecting.on_done = NULL;
    assert_int_equal(
        leat_connect(talk->client, &talk->connecting, &talk->config, "10.0.0.1", OPEN_PORT, second),
        LEAT_ERR_ARGUMENT);
    assert_int_equal(talk_begin(talk, "10.0.0.1", 1), LEAT_OK);
}

/* The longest address, names between all kinds of white space, and lines without an end. */
static void a_hosts_file_is_read_to_its_end(void **state)
{
    static const struct {
        const char *hosts;
        unsigned addresses;
    } table[] = {
        {"2001:0db8:0000:0000:0000:0000:ffff:ffff host", 1},
        {"10.0.0.1 host", 1},
        {"10.0.0.1\thost\n", 1},
        {"  10.0.0.1 other host\r\n\r\n10.0.0.3 other\n10.0.0.4 host#x\n", 2},
        {"10.0.0.1 #host\n10.0.0.3 host", 1},
        {"10.0.0.1 hos\n10.0.0.1 hostx\n10.0.0.1 iost\n10.0.0.1 host.\n", 0},
        {"10.0.0.1 host host\n10.0.0.1 host\n", 1},
        {"10.0.0.300 host\n10.0.0.1", 0},
        {"host 10.0.0.1\n", 0},
        {"", 0},
    };
    struct talk *talk = *state;

    ask_liar(talk, NULL);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        talk->config.hosts = table[i].hosts;
        assert_int_equal(talk_begin(talk, "host", OPEN_PORT), LEAT_OK);
        assert_int_equal(talk->connecting.try_count, table[i].addresses);
        assert_int_equal(talk->connecting.asks, table[i].addresses == 0);
        leat_connect_cancel(&talk->connecting);
    }
    talk->config.hosts = "2001:db8::1 host";
    talk->config.no_ipv6 = true;
    assert_int_equal(talk_begin(talk, "host", OPEN_PORT), LEAT_ERR_FAMILY);
}

/* More than there is room for: the text is cut, and has its NUL. */
static void a_long_outcome_is_cut(void **state)
{
    struct talk *talk = *state;
    struct leat_connecting *told = &talk->connecting;

    memset(told->host, 'h', LEAT_CONNECT_HOST_BYTES - 1);
    told->try_count = LEAT_CONNECT_TRIES_MAX;
    for (unsigned i = 0; i < LEAT_CONNECT_TRIES_MAX; i++) {
        told->tries[i] = (struct leat_connect_try){
            .state = LEAT_CONNECT_OVER, .err = LEAT_ERR_NO_ROUTE, .no_address = true};
        memset(told->tries[i].remote.ip.bytes, 0xfd, 16);
    }
    assert_int_equal(strlen(talk_text(talk)), LEAT_CONNECT_TEXT_BYTES - 1);
    assert_non_null(strstr(talk_text(talk), "(we have no IPv6 address but link-local ones); fdfd"));
    told->try_count = 1;
    told->host[1] = '\0';
    told->tries[0].err = LEAT_ERR_REFUSED; /* the RST, and not the missing address */
    assert_non_null(strstr(talk_text(talk), " (RST)"));
    told->tries[0].err = LEAT_OK;
    told->tries[0].report.at_ns = 1;
    assert_null(strstr(talk_text(talk), "("));
    told->tries[0].state = LEAT_CONNECT_UNDER_WAY;
    told->tries[0].err = LEAT_ERR_NO_ROUTE; /* of an earlier round */
    assert_null(strstr(talk_text(talk), "("));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(the_worse_error_of_both_lookups_is_told),
        talk_test(the_resolution_delay_can_be_chosen),
        talk_test(an_answer_waits_for_no_lookup_that_has_ended),
        talk_test(a_deadline_before_the_next_try_ends_all),
        talk_test(an_old_report_is_not_told),
        talk_test(the_connection_is_the_programs),
        talk_test(an_attempt_that_has_ended_holds_nothing),
        talk_test(only_these_names_are_special),
        talk_test(the_search_list_is_tried_in_its_order),
        talk_test(a_joined_name_has_255_bytes_at_most),
        talk_test(a_refused_host_leaves_nothing_behind),
        talk_test(arguments_are_checked),
        talk_test(a_hosts_file_is_read_to_its_end),
        talk_test(a_long_outcome_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
