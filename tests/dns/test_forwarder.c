/* test_forwarder.c -- a forwarder: its questions, its replies, and their recipients. */
#include "dns_home.h"

#include "proto/dns/cookie_keeper.h"

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

/* RFC 7873 5.2: cookies with an answer of the server, and with one from the cache. */
static void test_a_client_that_sends_a_cookie_gets_one(void **state)
{
    static const uint8_t mine[DNS_COOKIE_CLIENT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
    const struct leat_dns_name name = name_of("www.example.test");
    const struct dns_edns edns = {
        .payload_bytes = 1232, .cookie = mine, .cookie_bytes = sizeof mine};
    struct fixture *f = *state;
    struct dns_writer writer;
    struct message query;

    with_liar(f, says_8);
    open_home(f);
    dns_write_start(&writer, query.bytes, sizeof query.bytes);
    dns_write_question(&writer, name.wire, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_opt(&writer, &edns);
    query.len = dns_write_end(&writer, 0x1234, DNS_RD);
    for (unsigned i = 0; i < 2; i++) {
        const struct message *reply = &home.heard[i];
        const uint8_t *option;

        send_query(&query);
        world_wait(f->world, second / 2);
        assert_int_equal(home.heard_count, i + 1);
        option = reply->bytes + reply->len - DNS_COOKIE_REPLY_BYTES - DNS_OPTION_BYTES;
        assert_int_equal(get16(option), DNS_OPTION_COOKIE);
        assert_int_equal(get16(option + 2), DNS_COOKIE_REPLY_BYTES);
        assert_memory_equal(option + DNS_OPTION_BYTES, mine, sizeof mine);
        assert_int_equal(option[DNS_OPTION_BYTES + sizeof mine], 1);
    }
    assert_int_equal(home.counts->cached, 1);
    assert_non_null(strstr(ask_for("www.example.test", LEAT_DNS_A, 4096, second / 2), "OPT 1232"));
}

/* The data of a type: the number of bytes before its names, of names, and of bytes after them. */
static struct {
    uint16_t type;
    unsigned front, names, behind;
} shape;

/* Two records with uncompressed owners; the names of the second end in a pointer to those of
 * the first. */
static void says_compressed(struct liar *liar)
{
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const size_t name_bytes = strlen((const char *)name) + 1;
    struct message reply = liar->query;
    uint8_t *at = reply.bytes + DNS_HEADER_BYTES + name_bytes + 4;
    size_t far_at = 0;

    for (unsigned i = 0; i < 2; i++) {
        const unsigned bytes = i == 0 ? 12 : 4;

        memcpy(at, name, name_bytes);
        at += name_bytes;
        memset(at, 0, 10 + shape.front);
        put16(at, shape.type);
        put16(at + 2, DNS_CLASS_IN);
        put16(at + 6, 100);
        put16(at + 8, (uint16_t)(shape.front + shape.names * bytes + shape.behind));
        at += 10 + shape.front;
        if (i == 0)
            far_at = (size_t)(at - reply.bytes) + 2;
        for (unsigned j = 0; j < shape.names; j++, at += bytes) {
            memcpy(at, i == 0 ? "\1a\3far\4away" : "\1b..", bytes);
            if (i == 1)
                put16(at + 2, (uint16_t)(0xc000 | far_at));
        }
        memset(at, 0, shape.behind);
        at += shape.behind;
    }
    put16(reply.bytes + 2, DNS_QR | DNS_RD | DNS_RA);
    put16(reply.bytes + 6, 2);
    put16(reply.bytes + 10, 0);
    reply.len = (size_t)(at - reply.bytes);
    say(liar, &reply);
}

/* The two records with all names uncompressed. */
static const char *whole_text(void)
{
    static char text[400];
    size_t len = (size_t)sprintf(text, "NOERROR \n");

    if (shape.type == DNS_TYPE_SRV)
        return "NOERROR \nx.example.test. 100 IN SRV 0 0 0 a.far.away.\n"
               "x.example.test. 100 IN SRV 0 0 0 b.far.away.\n--\n--\n";
    for (unsigned i = 0; i < 2; i++) {
        len += (size_t)sprintf(text + len, "x.example.test. 100 IN TYPE%u \\# %u ", shape.type,
                               shape.front + shape.names * 12);
        for (unsigned j = 0; j < shape.front; j++)
            len += (size_t)sprintf(text + len, "00");
        for (unsigned j = 0; j < shape.names; j++)
            len += (size_t)sprintf(text + len, "01%02x03666172046177617900", 'a' + i);
        len += (size_t)sprintf(text + len, "\n");
    }
    sprintf(text + len, "--\n--\n");
    return text;
}

/* RFC 3597 4 */
static void test_names_in_data_of_older_types_are_written_in_full(void **state)
{
    static const uint8_t shapes[][3] = {{3, 0, 1},  {4, 0, 1},  {7, 0, 1},  {8, 0, 1},
                                        {9, 0, 1},  {14, 0, 2}, {17, 0, 2}, {18, 2, 1},
                                        {21, 2, 1}, {26, 2, 2}, {33, 6, 1}};
    struct fixture *f = *state;

    with_liar(f, says_compressed);
    open_home(f);
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        shape.type = shapes[i][0];
        shape.front = shapes[i][1];
        shape.names = shapes[i][2];
        for (unsigned j = 0; j < 2; j++)
            assert_string_equal(ask("x.example.test", shape.type), whole_text());
        assert_int_equal(f->liar.count, i + 1);
    }
}

/* RFC 3597 3: as data of an unknown type. */
/* The longest whole reply to a client that takes @edns_bytes; 0: one without EDNS. */
static size_t longest_reply(struct fixture *f, uint16_t edns_bytes, unsigned most)
{
    size_t longest = 0;

    for (shape.front = most / 2 - 60; shape.front < most / 2; shape.front++) {
        char name[30];

        snprintf(name, sizeof name, "ab%03u.example.test", shape.front);
        home.heard_count = f->liar.count = 0;
        ask_for(name, LEAT_DNS_TXT, edns_bytes, 20 * ms);
        assert_int_equal(home.heard_count, 1);
        if (!(get16(home.heard[0].bytes + 2) & DNS_TC))
            longest = home.heard[0].len;
    }
    return longest;
}

/* To the last byte: two records grow together, and these names make the sum an even number. */
static void test_a_reply_may_fill_what_the_client_takes(void **state)
{
    struct fixture *f = *state;

    shape.type = LEAT_DNS_TXT;
    shape.names = shape.behind = 0;
    with_liar(f, says_compressed);
    open_home(f);
    assert_int_equal(longest_reply(f, 0, 512), 512);
    assert_int_equal(longest_reply(f, 801, 801), 801); /* OPT has 11 bytes */
    assert_int_equal(home.counts->truncated > 0, 1);
}

static void test_data_of_later_types_that_is_malformed_is_passed_on_as_it_is(void **state)
{
    static const uint8_t broken[][3] = {{5, 0, 0}, {6, 0, 0}, {6, 1, 1}};
    static const char *const said[][2] = {{"SRV \\# 5 0000000000\n", ""},
                                          {"SRV \\# 6 000000000000\n", ""},
                                          {"SRV \\# 19 000000000000016103666172046177617900"
                                           "00\n",
                                           "SRV \\# 11 0000000000000162c0"}};
    struct fixture *f = *state;

    with_liar(f, says_compressed);
    open_home(f);
    shape.type = 33;
    for (unsigned i = 0; i < 3; i++) {
        shape.front = broken[i][0];
        shape.names = broken[i][1];
        shape.behind = broken[i][2];
        for (unsigned j = 0; j < 2; j++) {
            char told[200];

            snprintf(told, sizeof told, "%s", ask("x.example.test", shape.type));
            assert_ptr_equal(strstr(told, "NOERROR"), told);
            assert_non_null(strstr(told, said[i][0]));
            assert_non_null(strstr(told, said[i][1]));
        }
        world_wait(f->world, 200 * second);
    }
    shape.behind = 0;
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
        /* 15 strings of 200 bytes: none of them by UDP */
        assert_non_null(strstr(ask_for("big.example.test", LEAT_DNS_TXT, 1232, second / 2), " tc"));
        assert_null(strstr(ask_for("big.example.test", LEAT_DNS_TXT, 1232, second / 2), "00014"));
        assert_int_equal(f->counts->udp_queries, 4);
    }
    assert_int_equal(home.counts->truncated, 4);
}

static void test_messages_that_are_no_question_for_us(void **state)
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

static void test_a_question_under_way_delays_the_end(void **state)
{
    struct fixture *f = *state;
    struct leat *stack = f->world->stacks[CLIENT]; /* the forwarder's */
    struct message query;

    with_liar(f, NULL);
    open_home(f);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    send_query(&query);
    world_wait(f->world, 100 * ms);
    leat_drain(stack, LEAT_NEVER_NS);
    world_wait(f->world, second);
    assert_false(leat_stopped(stack, NULL));
    world_wait(f->world, 60 * second);
    assert_int_equal(home.heard_count, 1);
    assert_true(leat_stopped(stack, NULL));
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

/* ---- the program's own answers ------------------------------------------------------------ */

/* Chosen by the first letter of the name. */
static void say_own(void *arg, const struct leat_forwarder_question *question,
                    struct leat_forwarder_own *own)
{
    static const struct leat_dns_name target = {.len = 6, .wire = "\4host"};
    const uint8_t first = dns_lower(question->name->wire[1]);

    assert_ptr_equal(arg, &home);
    assert_true(leat_ip_equal(question->peer, SERVER_IP));
    assert_true(leat_ip_equal(question->local, CLIENT_IP));
    own->ttl_s = 300;
    own->say = first == 'n'                   ? LEAT_FORWARDER_NXDOMAIN
               : first == 'a' || first == 'b' ? LEAT_FORWARDER_ADDRESS
               : first == 'p'                 ? LEAT_FORWARDER_TARGET
                                              : LEAT_FORWARDER_ASK;
    own->has_ip4 = true;
    own->ip4 = question->local;
    own->has_ip6 = first == 'b';
    own->target = &target;
}

static void test_the_program_may_answer_itself(void **state)
{
    const struct leat_forwarder_config config = {.on_question = say_own, .on_question_arg = &home};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(
            ask("No.example.test", LEAT_DNS_A),
            "NXDOMAIN\n--\nNo.example.test. 300 IN SOA . . 1 300 300 300 300\n--\n");
        assert_string_equal(ask("a.example.test", LEAT_DNS_A),
                            "NOERROR \na.example.test. 300 IN A 10.0.0.2\n--\n--\n");
        assert_string_equal(ask("a.example.test", LEAT_DNS_AAAA),
                            "NOERROR \n--\na.example.test. 300 IN SOA . . 1 300 300 300 300\n--\n");
        assert_string_equal(ask("b.example.test", LEAT_DNS_AAAA),
                            "NOERROR \nb.example.test. 300 IN AAAA ::\n--\n--\n");
        assert_string_equal(ask("p.example.test", LEAT_DNS_PTR),
                            "NOERROR \np.example.test. 300 IN PTR host.\n--\n--\n");
        assert_string_equal(ask("p.example.test", LEAT_DNS_A),
                            "NOERROR \n--\np.example.test. 300 IN SOA . . 1 300 300 300 300\n--\n");
    }
    assert_int_equal(f->liar.count, 0);
    assert_int_equal(home.counts->own, 12);
    assert_non_null(strstr(ask("www.example.test", LEAT_DNS_A), "192.0.2.8"));
    assert_int_equal(f->liar.count, 1);
    assert_int_equal(home.counts->cached, 0);
}

static void test_the_program_is_told_by_TCP_too_which_address_was_asked(void **state)
{
    const struct leat_forwarder_config config = {.on_question = say_own, .on_question_arg = &home};
    struct fixture *f = *state;

    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    open_stream();
    stream_query("a.example.test", LEAT_DNS_A, 1);
    world_wait(f->world, second / 2);
    assert_string_equal(text_of(home.stream + 2, home.stream_len - 2),
                        "NOERROR \na.example.test. 300 IN A 10.0.0.2\n--\n--\n");
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

/* By default a network gets 1,000 replies, and as many more questions get TC; leat/forwarder.h. */
static void test_a_network_has_a_thousand_replies_a_second(void **state)
{
    struct fixture *f = *state;
    struct message query;

    with_liar(f, says_8);
    open_home(f);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    send_query(&query);
    world_wait(f->world, 2 * second);
    assert_int_equal(home.counts->replies, 1);
    for (unsigned i = 0; i < 1002; i++) {
        send_query(&query);
        if (i % 50 == 49) {
            world_wait(f->world, 1000);
            home.heard_count = f->liar.count = 0;
        }
    }
    world_wait(f->world, 1000);
    assert_int_equal(home.counts->rate_slipped + home.counts->rate_dropped, 2);
}

/* After close its memory is reused, so no lookup may return to it. */
static void test_a_forwarder_that_closes_takes_back_its_lookups(void **state)
{
    const struct leat_forwarder_config config = {.waiting = 1};
    struct fixture *f = *state;
    struct message query;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &config);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    send_query(&query);
    world_wait(f->world, 100 * ms);
    assert_int_equal(f->liar.count, 1);
    leat_forwarder_close(home.forwarder);
    home.forwarder = NULL;
    leat_udp_close(home.udp);
    free(home.memory);
    home.memory = NULL;
    world_wait(f->world, 60 * second);
    assert_int_equal(home.heard_count, 0);
    assert_int_equal(f->liar.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_a_client_that_sends_a_cookie_gets_one),
        HOME(test_a_question_is_passed_on_once_and_then_answered_from_the_cache),
        HOME(test_names_in_data_of_older_types_are_written_in_full),
        HOME(test_a_reply_may_fill_what_the_client_takes),
        HOME(test_data_of_later_types_that_is_malformed_is_passed_on_as_it_is),
        HOME(test_the_real_server_through_it),
        HOME(test_messages_that_are_no_question_for_us),
        HOME(test_servers_that_are_silent_are_told_as_SERVFAIL),
        HOME(test_a_question_under_way_delays_the_end),
        HOME(test_threat_N6_equal_questions_of_many_are_one_upstream),
        HOME(test_the_program_may_answer_itself),
        HOME(test_the_program_is_told_by_TCP_too_which_address_was_asked),
        HOME(test_replies_by_UDP_are_limited),
        HOME(test_a_network_has_a_thousand_replies_a_second),
        HOME(test_a_forwarder_that_closes_takes_back_its_lookups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
