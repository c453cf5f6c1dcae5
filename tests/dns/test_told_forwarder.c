/* test_told_forwarder.c -- a forwarder tells its program of each query once, with how it was
 * answered. */
#include "dns_home.h"
#include "told.h"

static int set_up_home(void **state)
{
    seen_count = 0;
    return set_up(state);
}

static const struct leat_forwarder_config told_forwarder = {
    .waiting = 32, .on_access = on_access, .on_access_arg = seen};

static void servers_and_the_cache_are_told_apart(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &told_forwarder);
    assert_string_equal(ask_for("wWw.example.test", LEAT_DNS_A, 0, 300 * ms), "");
    assert_int_equal(seen_count, 0);
    says_8(&f->liar);
    world_wait(f->world, 50 * ms);
    assert_told(1, "udp A wWw.example.test. NOERROR upstream");
    assert_in_range(last()->access.took_ns, 300 * ms, 350 * ms);
    assert_int_equal(last()->access.reply_bytes, home.heard[0].len);
    assert_true(leat_ip_equal(last()->access.peer, SERVER_IP));
    ask("www.example.test", LEAT_DNS_A);
    assert_told(2, "udp A www.example.test. NOERROR cache");
    assert_int_equal(last()->access.took_ns, 0);
    assert_int_equal(home.counts->replies, 2);
}

/* Answers names of one letter in front of "test": blocks b.test, and has another reason for d.test.
 */
static void judge(void *arg, const struct leat_forwarder_question *question,
                  struct leat_forwarder_own *own)
{
    const uint8_t first = question->name->wire[1];

    (void)arg;
    if (question->name->wire[0] != 1)
        return;
    *own = (struct leat_forwarder_own){.say = LEAT_FORWARDER_ADDRESS, .ttl_s = 9};
    if (first == 'b')
        own->extended_error = LEAT_FORWARDER_BLOCKED;
    if (first == 'd')
        own->extended_error = 18; /* behind the reasons that are a block */
}

static void the_programs_own_answers_and_blocked_names_are_told_apart(void **state)
{
    struct leat_forwarder_config config = told_forwarder;
    struct fixture *f = *state;

    config.on_question = judge;
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    ask("a.test", LEAT_DNS_A);
    assert_told(1, "udp A a.test. NOERROR local");
    assert_int_equal(last()->access.extended_error, 0);
    ask("b.test", LEAT_DNS_A); /* the client needn't understand reasons */
    assert_told(2, "udp A b.test. NOERROR blocked");
    assert_int_equal(last()->access.extended_error, LEAT_FORWARDER_BLOCKED);
    ask("d.test", LEAT_DNS_A);
    assert_told(3, "udp A d.test. NOERROR local");
    assert_int_equal(last()->access.extended_error, 18);
    ask("localhost", LEAT_DNS_A);
    assert_told(4, "udp A localhost. NOERROR local");
    assert_int_equal(last()->access.extended_error, 0);
    assert_int_equal(f->liar.count, 0);
}

/* The name leads to b.test, which has an address. */
static void says_alias(struct liar *liar)
{
    static struct message reply;
    struct dns_new_record record = {
        .rdata = (const uint8_t *)"\1b\4test", .ttl_s = 9, .type = LEAT_DNS_CNAME, .rdata_len = 8};
    struct dns_question question;
    struct dns_writer writer;
    size_t at = DNS_HEADER_BYTES;

    assert_true(dns_question_read(liar->query.bytes, liar->query.len, &at, &question));
    dns_write_start(&writer, reply.bytes, sizeof reply.bytes);
    dns_write_question(&writer, question.name, question.type, DNS_CLASS_IN);
    record.owner = question.name;
    dns_write_record(&writer, DNS_ANSWER, &record);
    record = (struct dns_new_record){.owner = record.rdata,
                                     .rdata = (const uint8_t *)"\300\0\2\10",
                                     .ttl_s = 9,
                                     .type = LEAT_DNS_A,
                                     .rdata_len = 4};
    dns_write_record(&writer, DNS_ANSWER, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR | DNS_RD | DNS_RA);
    say(liar, &reply);
}

/* The target of an alias is blocked behind the server's answer. */
static void an_alias_that_is_blocked_is_told_as_blocked(void **state)
{
    struct leat_forwarder_config config = told_forwarder;
    struct fixture *f = *state;

    config.on_question = judge;
    config.inspect_aliases = true;
    with_liar(f, says_alias);
    open_home_for(f, &plain_resolver, &config);
    ask("long.test", LEAT_DNS_A);
    assert_told(1, "udp A long.test. NOERROR blocked");
    ask("long.test", LEAT_DNS_A);
    assert_told(2, "udp A long.test. NOERROR blocked");
    assert_int_equal(home.counts->cached, 1);
    assert_int_equal(home.counts->replies, 2);
}

static void refused_queries_are_told_with_their_reason(void **state)
{
    static const struct leat_forwarder_network others = {.ip = LEAT_IP4_INIT(192, 0, 2, 0),
                                                         .prefix_bits = 24};
    struct leat_forwarder_config config = told_forwarder;
    struct fixture *f = *state;
    struct message query;

    config.networks = &others;
    config.network_count = 1;
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    ask("www.example.test", LEAT_DNS_A);
    assert_told(1, "udp A www.example.test. REFUSED refused");
    assert_int_equal(last()->access.extended_error, LEAT_FORWARDER_PROHIBITED);
    make_query(&query, "www.example.test", LEAT_DNS_A, 0);
    query.bytes[5] = 2; /* QDCOUNT */
    send_query(&query);
    world_wait(f->world, 20 * ms);
    assert_told(2, "udp - - FORMERR refused");
    assert_int_equal(last()->access.extended_error, 0);
}

static void says_servfail(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
}

static void failures_and_stale_answers_are_told_with_their_reasons(void **state)
{
    struct leat_resolver_config resolver = plain_resolver;
    struct fixture *f = *state;

    resolver.stale_s = 86400;
    with_liar(f, says_8);
    open_home_for(f, &resolver, &told_forwarder);
    ask("www.example.test", LEAT_DNS_A);
    f->liar.answer = says_servfail;
    world_wait(f->world, 10 * second);
    ask("www.example.test", LEAT_DNS_A);
    assert_told(2, "udp A www.example.test. NOERROR stale");
    assert_int_equal(last()->access.extended_error, LEAT_FORWARDER_STALE);
    ask("other.example.test", LEAT_DNS_A);
    assert_told(3, "udp A other.example.test. SERVFAIL upstream");
    assert_int_equal(last()->access.extended_error, LEAT_FORWARDER_NETWORK_ERROR);
    ask("other.example.test", LEAT_DNS_A);
    assert_told(4, "udp A other.example.test. SERVFAIL cache");
    assert_int_equal(last()->access.extended_error, LEAT_FORWARDER_CACHED_ERROR);
}

/* 8 places, 4 of them for one address: of five questions the first is displaced. */
static void a_question_that_is_displaced_is_told_as_busy(void **state)
{
    struct leat_forwarder_config config = told_forwarder;
    struct fixture *f = *state;
    char name[40];

    config.waiting = 8;
    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &config);
    for (unsigned i = 1; i <= 5; i++) {
        sprintf(name, "%u.example.test", i);
        ask_for(name, LEAT_DNS_A, 0, 0);
        world_wait(f->world, 20 * ms);
    }
    assert_told(1, "udp A 1.example.test. SERVFAIL busy");
    assert_true(last()->access.took_ns >= 80 * ms);
}

static void a_domain_without_servers_is_told_as_local(void **state)
{
    static struct leat_forwarder_domain domain;
    struct leat_forwarder_config config = told_forwarder;
    struct fixture *f = *state;

    domain.name = name_of("home.test");
    config.domains = &domain;
    config.domain_count = 1;
    with_liar(f, says_8);
    open_home_for(f, &plain_resolver, &config);
    ask("a.home.test", LEAT_DNS_A);
    assert_told(1, "udp A a.home.test. NXDOMAIN local");
}

static void questions_of_a_stream_are_told_each_in_its_turn(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &told_forwarder);
    open_stream();
    stream_query("a.example.test", LEAT_DNS_A, 1);
    stream_query("localhost", LEAT_DNS_A, 2);
    world_wait(f->world, 200 * ms);
    assert_told(1, "tcp A localhost. NOERROR local");
    says_8(&f->liar);
    world_wait(f->world, 50 * ms);
    assert_told(2, "tcp A a.example.test. NOERROR upstream");
    assert_in_range(last()->access.took_ns, 200 * ms, 250 * ms);
    assert_int_equal(seen[0].access.reply_bytes + seen[1].access.reply_bytes + 2 * 2,
                     home.stream_len);
}

static void questions_of_a_client_that_leaves_are_told_as_lost(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &told_forwarder);
    open_stream();
    stream_query("a.example.test", LEAT_DNS_A, 1);
    stream_query("b.example.test", LEAT_DNS_A, 2);
    world_wait(f->world, 200 * ms);
    assert_int_equal(seen_count, 0);
    leat_tcp_abort(home.tcp);
    world_wait(f->world, 100 * ms);
    assert_told(2, "tcp A a.example.test. lost upstream");
    assert_string_equal(line_of(&seen[0]), "tcp A b.example.test. lost upstream");
    assert_true(last()->access.took_ns >= 200 * ms);
}

static size_t given_bytes;

static void give(struct leat_forwarder_query *query, const uint8_t *reply, size_t len,
                 uint32_t ttl_s)
{
    (void)reply;
    (void)ttl_s;
    memset(query, 0xa5, sizeof *query); /* it is the program's again */
    given_bytes = len;
}

static void queries_of_the_program_are_told_as_by_HTTPS(void **state)
{
    struct fixture *f = *state;
    struct leat_forwarder_query query = {.peer = four(9), .on_reply = give}, again = query;
    struct message message;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &told_forwarder);
    make_query(&message, "www.example.test", LEAT_DNS_A, 1232);
    assert_true(leat_forwarder_ask(home.forwarder, &query, message.bytes, message.len));
    world_wait(f->world, 200 * ms);
    says_8(&f->liar);
    world_wait(f->world, 50 * ms);
    assert_told(1, "https A www.example.test. NOERROR upstream");
    assert_int_equal(last()->access.reply_bytes, given_bytes);
    assert_in_range(last()->access.took_ns, 200 * ms, 250 * ms);
    assert_true(leat_ip_equal(last()->access.peer, four(9)));
    query = again;
    assert_true(leat_forwarder_ask(home.forwarder, &query, message.bytes, message.len));
    assert_told(2, "https A www.example.test. NOERROR cache");
    make_query(&message, "mail.example.test", LEAT_DNS_A, 0);
    assert_true(leat_forwarder_ask(home.forwarder, &again, message.bytes, message.len));
    world_wait(f->world, 20 * ms);
    leat_forwarder_cancel(&again);
    assert_told(3, "https A mail.example.test. lost upstream");
    assert_false(leat_forwarder_ask(home.forwarder, &again, message.bytes, 5));
    assert_int_equal(seen_count, 3);
}

/* The answer has come, but there is no buffer for it. */
static void a_reply_without_a_buffer_is_told_as_lost(void **state)
{
    struct fixture *f = *state;
    struct hog hog = {.count = 0};

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &told_forwarder);
    assert_string_equal(ask_for("www.example.test", LEAT_DNS_A, 0, 300 * ms), "");
    take_all_but(&hog, f->world->stacks[CLIENT], 1); /* the server's reply takes it */
    says_8(&f->liar);
    world_wait(f->world, 50 * ms);
    give_all(&hog);
    assert_told(1, "udp A www.example.test. lost upstream");
    assert_int_equal(last()->access.extended_error, 0);
    assert_int_equal(home.counts->drop_memory, 1);
    assert_int_equal(home.counts->replies, 0);
}

static void a_forwarder_that_is_closed_tells_nothing(void **state)
{
    struct fixture *f = *state;

    with_liar(f, NULL);
    open_home_for(f, &plain_resolver, &told_forwarder);
    ask("www.example.test", LEAT_DNS_A);
    open_stream();
    stream_query("a.example.test", LEAT_DNS_A, 1);
    world_wait(f->world, 200 * ms);
    close_forwarder();
    world_wait(f->world, second);
    assert_int_equal(seen_count, 0);
}

#define TOLD(name) cmocka_unit_test_setup_teardown(name, set_up_home, close_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOLD(servers_and_the_cache_are_told_apart),
        TOLD(the_programs_own_answers_and_blocked_names_are_told_apart),
        TOLD(an_alias_that_is_blocked_is_told_as_blocked),
        TOLD(refused_queries_are_told_with_their_reason),
        TOLD(failures_and_stale_answers_are_told_with_their_reasons),
        TOLD(a_question_that_is_displaced_is_told_as_busy),
        TOLD(a_domain_without_servers_is_told_as_local),
        TOLD(questions_of_a_stream_are_told_each_in_its_turn),
        TOLD(questions_of_a_client_that_leaves_are_told_as_lost),
        TOLD(queries_of_the_program_are_told_as_by_HTTPS),
        TOLD(a_reply_without_a_buffer_is_told_as_lost),
        TOLD(a_forwarder_that_is_closed_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
