/* test_names.c -- from the program's host to addresses. */
#include "connect_talk.h"

#define REFUSED                                                                                    \
    "no address: name servers can't answer (10.0.0.1 answered, but with REFUSED: it doesn't "      \
    "serve us)"

static const char zone[] = "$ORIGIN test.\n"
                           "$TTL 60\n"
                           "@ SOA ns h 1 2 3 4 5\n"
                           " NS ns\n"
                           "ns A 10.0.0.1\n"
                           "www.a A 10.0.0.1\n"
                           "www.b A 10.0.0.3\n"
                           "only.b A 10.0.0.3\n"
                           "deep.only.b A 10.0.0.1\n"
                           "text.a TXT x\n"
                           "text.b A 10.0.0.3\n";

static void assert_tried(struct talk *talk, const char *host, const char *text)
{
    talk_connect(talk, host, OPEN_PORT);
    assert_string_equal(talk_text(talk), text);
}

static void names_are_looked_for_in_the_search_list(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    talk->config.search = "a.test  b.test.";
    assert_tried(talk, "www", "www: 10.0.0.1 success");
    assert_tried(talk, "only", "only: 10.0.0.3 success");
    assert_tried(talk, "none", "none: " REFUSED);
    assert_tried(talk, "www.b.test", "www.b.test: 10.0.0.3 success");
    talk->config.ndots = 2;
    assert_tried(talk, "deep.only", "deep.only: 10.0.0.1 success");
    assert_tried(talk, "www.test.", "www.test.: no address: not found");
}

static void a_name_with_enough_dots_is_tried_as_it_is_first(void **state)
{
    struct talk *talk = *state;
    uint64_t before;

    talk_serve(talk, zone);
    talk->config.search = "test a.test";
    talk->config.no_ipv6 = true;
    before = talk->f->counts->udp_queries;
    assert_tried(talk, "www.b.test", "www.b.test: 10.0.0.3 success");
    assert_int_equal(talk->f->counts->udp_queries, before + 1);
    talk->config.ndots = 3;
    before = talk->f->counts->udp_queries;
    assert_tried(talk, "www.b.test", "www.b.test: 10.0.0.3 success"); /* after two illegal ones */
    assert_int_equal(talk->f->counts->udp_queries, before + 3);
    assert_tried(talk, "www.b", "www.b: 10.0.0.3 success");
}

static void domains_that_make_no_legal_name_are_left_out(void **state)
{
    struct talk *talk = *state;
    static char search[2000];

    talk_serve(talk, zone);
    memset(search, 'x', 300); /* longer than any name */
    strcat(search, " a..test ");
    for (unsigned i = 0; i < 63; i++) /* legal, but too long with a host in front */
        strcat(search, "abc.");
    strcat(search, " b.test");
    talk->config.search = search;
    assert_tried(talk, "only", "only: 10.0.0.3 success");
}

/* With escapes the text of a short name can be long: the text has its own limit. */
static void a_domain_has_255_characters_at_most(void **state)
{
    struct talk *talk = *state;
    static char
        search[LEAT_CONNECT_HOST_BYTES + 1]; /* outlives the test, as the configuration does */

    search[0] = 0;
    talk_serve(talk, zone);
    talk->config.search = search;
    for (unsigned i = 0; i < 63; i++)
        strcat(search, i == 31 ? "aaa." : "\\097"); /* 252 */
    for (size_t len = LEAT_CONNECT_HOST_BYTES - 1; len <= LEAT_CONNECT_HOST_BYTES; len++) {
        memset(search + strlen(search), 'b', len - strlen(search));
        talk_connect(talk, "ns", OPEN_PORT);
        assert_int_equal(talk->connecting.name.len > 10, len < LEAT_CONNECT_HOST_BYTES);
    }
}

static void addresses_need_no_resolver(void **state)
{
    struct talk *talk = *state;

    assert_tried(talk, "10.0.0.1", "10.0.0.1: 10.0.0.1 success");
    assert_int_equal(talk_connect(talk, "2001:db8::1", OPEN_PORT), LEAT_ERR_FAMILY);
    assert_int_equal(talk_begin(talk, "www.a.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
}

static void hosts_text_is_asked_before_the_resolver(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    talk->config.hosts = "# a comment\n"
                         "10.0.0.3\twww.a.test  Alias #not.test\n"
                         "no address.test\n"
                         "2001:db8::1 alias\r\n"
                         "\n"
                         "1000000000000000000000000000000000000000000000000000 alias\n"
                         "10.0.0.1 last";
    assert_tried(talk, "WWW.a.test.", "WWW.a.test.: 10.0.0.3 success");
    assert_tried(talk, "last", "last: 10.0.0.1 success");
    assert_int_equal(talk->f->counts->udp_queries, 0);
    talk_connect(talk, "alias", OPEN_PORT);
    assert_int_equal(talk->connecting.try_count, 2);
    assert_int_equal(talk_connect(talk, "not.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
    assert_int_equal(talk_connect(talk, "ww.a.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
    assert_int_equal(talk_connect(talk, "www.z.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
    assert_int_equal(talk_connect(talk, "address.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
}

/* RFC 6761 6.3 */
static void localhost_is_never_asked_for(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_true(talk_connect(talk, "localhost", OPEN_PORT) != LEAT_OK);
    assert_int_equal(talk->connecting.try_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        char text[LEAT_IP_TEXT_BYTES];

        leat_ip_format(talk->connecting.tries[i].remote.ip, text);
        assert_string_equal(text, leat_ip_is_v4(talk->connecting.tries[i].remote.ip) ? "127.0.0.1"
                                                                                     : "::1");
    }
    assert_false(
        leat_ip_equal(talk->connecting.tries[0].remote.ip, talk->connecting.tries[1].remote.ip));
    assert_true(talk_connect(talk, "a.LocalHost.", OPEN_PORT) != LEAT_OK);
    assert_int_equal(talk->connecting.try_count, 2);
    assert_int_equal(talk->f->counts->udp_queries, 0);
    talk_connect(talk, "localhost.test", OPEN_PORT);
    assert_true(talk->f->counts->udp_queries > 0);
}

static void local_is_refused(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_int_equal(talk_begin(talk, "printer.local", OPEN_PORT), LEAT_ERR_REFUSED);
    assert_int_equal(talk_begin(talk, "printer.LOCAL.", OPEN_PORT), LEAT_ERR_REFUSED);
    assert_int_equal(talk_begin(talk, "local", OPEN_PORT), LEAT_ERR_REFUSED);
    assert_int_equal(talk_begin(talk, "local.test", OPEN_PORT), LEAT_OK);
}

static void names_that_are_none_are_refused_at_once(void **state)
{
    struct talk *talk = *state;
    char *whole;
    char name[300];

    talk_serve(talk, zone);
    assert_int_equal(talk_begin(talk, "", OPEN_PORT), LEAT_ERR_FORMAT);
    assert_int_equal(talk_begin(talk, ".", OPEN_PORT), LEAT_ERR_FORMAT);
    whole = malloc(LEAT_CONNECT_HOST_BYTES);
    memset(whole, 'a', LEAT_CONNECT_HOST_BYTES); /* the end isn't searched beyond that */
    assert_int_equal(talk_begin(talk, whole, OPEN_PORT), LEAT_ERR_FORMAT);
    free(whole);
    assert_int_equal(talk_begin(talk, "a..b", OPEN_PORT), LEAT_ERR_FORMAT);
    memset(name, 'a', sizeof name);
    for (unsigned i = 60; i < sizeof name; i += 60)
        name[i] = '.';
    for (size_t len = 254; len < 300; len++) {
        name[len] = '\0';
        assert_int_equal(talk_begin(talk, name, OPEN_PORT), LEAT_ERR_FORMAT);
        name[len] = 'a';
    }
    name[253] = '\0';
    assert_int_equal(talk_begin(talk, name, OPEN_PORT), LEAT_OK);
    leat_connect_cancel(&talk->connecting);
    assert_int_equal(talk_begin(talk, "www.a.test", 0), LEAT_ERR_ARGUMENT);
    talk->config.attempt_delay_ns = 9 * ms;
    assert_int_equal(talk_begin(talk, "www.a.test", OPEN_PORT), LEAT_ERR_ARGUMENT);
}

static void a_name_without_an_address_is_not_found(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    assert_int_equal(talk_connect(talk, "text.a.test", OPEN_PORT), LEAT_ERR_NOT_FOUND);
    talk->config.search = "b.test";
    assert_tried(talk, "text", "text: 10.0.0.3 success");
}

static void servers_that_fail_end_the_search(void **state)
{
    struct talk *talk = *state;

    talk_serve(talk, zone);
    talk->config.search = "example.org test";
    assert_int_equal(talk_connect(talk, "ns", OPEN_PORT), LEAT_ERR_SERVERS);
    assert_string_equal(talk_text(talk), "ns: " REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(names_are_looked_for_in_the_search_list),
        talk_test(a_name_with_enough_dots_is_tried_as_it_is_first),
        talk_test(domains_that_make_no_legal_name_are_left_out),
        talk_test(a_domain_has_255_characters_at_most),
        talk_test(addresses_need_no_resolver),
        talk_test(hosts_text_is_asked_before_the_resolver),
        talk_test(localhost_is_never_asked_for),
        talk_test(local_is_refused),
        talk_test(names_that_are_none_are_refused_at_once),
        talk_test(a_name_without_an_address_is_not_found),
        talk_test(servers_that_fail_end_the_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
