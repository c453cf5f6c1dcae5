/* test_crowd.c -- questions that no server answers, and slow connections: other clients of a
 * forwarder or a name server are still served (core/shares.h). */
#include "dns_home.h"

enum {
    HONEST_ID = 0x7777
};

static const struct leat_resolver_config wide = {.servers = {{.ip = LEAT_IP4_INIT(10, 0, 0, 1)}},
                                                 .server_count = 1,
                                                 .lookups = 256,
                                                 .cache_bytes = 262144};

/* ---- questions by UDP --------------------------------------------------------------------- */

/* Answers only names that begin with "good". */
static void says_8_to_the_good(struct liar *liar)
{
    liar->count = 0;
    if (dns_lower(liar->query.bytes[DNS_HEADER_BYTES + 1]) == 'g')
        says_8(liar);
}

static void send_from(struct leat_ip from, struct leat_ip to, const char *name, uint16_t id)
{
    const struct leat_endpoint forwarder = leat_endpoint_of(to, 53);
    struct leat_pool *pool = leat_pool(home.f->world->stacks[SERVER]);
    struct message query;

    make_query(&query, name, LEAT_DNS_A, 0);
    put16(query.bytes, id);
    assert_int_equal(leat_udp_send_from(home.udp,
                                        leat_buf_copy(pool, query.bytes, (uint32_t)query.len),
                                        &forwarder, from),
                     LEAT_OK);
}

/* The reply with @id as text; NULL: there is none. */
static const char *heard(uint16_t id)
{
    for (unsigned i = 0; i < home.heard_count; i++) {
        if (get16(home.heard[i].bytes) == id)
            return text_of(home.heard[i].bytes, home.heard[i].len);
    }
    return NULL;
}

static bool is_served(struct leat_ip from, struct leat_ip to, unsigned number)
{
    const char *said;
    char name[40];

    sprintf(name, "good%u.example.test", number);
    home.heard_count = 0;
    send_from(from, to, name, HONEST_ID);
    world_wait(home.f->world, 50 * ms);
    said = heard(HONEST_ID);
    return said && strstr(said, "192.0.2.8");
}

/* Sends 40 unanswered questions a second for 40 s from @count addresses; then rests for 20 s.
 * Returns how many of 60 questions of the well-behaved client were answered. */
static unsigned served_beside_questions(struct leat_ip to, const struct leat_ip *from,
                                        unsigned count, struct leat_ip honest)
{
    unsigned served = 0;
    char name[40];

    for (unsigned i = 0; i < 60; i++) {
        for (unsigned j = 0; j < 40 && i < 40; j++) {
            sprintf(name, "bad%u.example.test", 40 * i + j);
            send_from(from[j % count], to, name, 1);
            if (j % 20 == 0) {
                home.heard_count = 0;
                world_wait(home.f->world, 20 * ms);
            }
        }
        home.heard_count = 0;
        world_wait(home.f->world, second);
        served += is_served(honest, to, i);
    }
    return served;
}

static void test_threat_Q14_questions_without_answers_leave_others_their_places(void **state)
{
    static const struct leat_forwarder_config config = {.no_rate_limit = true};
    const struct leat_ip from[] = {four(1), four(4)};
    struct fixture *f = *state;

    add_address(f, SERVER, four(4));
    world_wait(f->world, 10 * second);
    with_liar(f, says_8_to_the_good);
    open_home_for(f, &wide, &config);
    assert_int_equal(served_beside_questions(CLIENT_IP, from, 1, SERVER2_IP), 60);
    assert_int_equal(served_beside_questions(CLIENT_IP, from, 2, SERVER2_IP), 60);
    assert_true(home.counts->displaced > 1000);
    assert_int_equal(home.counts->busy, 0);
    assert_int_equal(f->counts->unsent, 0);
}

static void test_threat_Q15_a_network_of_IPv6_has_one_share_of_the_questions(void **state)
{
    static const struct leat_forwarder_config config = {.no_rate_limit = true};
    const struct leat_ip from[] = {six(0, 1), six(0, 3), six(0, 4), six(0, 5)};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 4; i++)
        add_address(f, SERVER, from[i]);
    add_address(f, SERVER, six(1, 1));
    add_address(f, CLIENT, six(0, 2));
    add_address(f, CLIENT, six(1, 2));
    world_wait(f->world, 10 * second);
    with_liar(f, says_8_to_the_good);
    open_home_for(f, &wide, &config);
    for (unsigned i = 0; i < 200; i++) {
        char name[40];

        sprintf(name, "bad%u.example.test", i);
        send_from(from[i % 4], six(0, 2), name, 1);
        world_wait(f->world, 2 * ms);
        home.heard_count = 0;
    }
    assert_int_equal(home.counts->displaced, 200 - 224 / 2); /* half of the places belong to
                                                              * the /64 */
    assert_int_equal(served_beside_questions(six(0, 2), from, 4, six(1, 1)), 60);
}

/* ---- displacement ------------------------------------------------------------------------- */

static void open_narrow(struct fixture *f, void (*answer)(struct liar *))
{
    static const struct leat_forwarder_config config = {.waiting = 8};

    with_liar(f, answer);
    open_home_for(f, &plain_resolver, &config);
}

/* 8 places, 4 of them for one address: of five questions the first is displaced. */
static void test_the_oldest_question_is_told_that_another_took_its_place(void **state)
{
    struct fixture *f = *state;
    char name[40];

    open_narrow(f, NULL);
    for (uint16_t i = 1; i <= 5; i++) {
        assert_int_equal(home.heard_count, 0);
        sprintf(name, "%u.example.test", i);
        send_from(SERVER_IP, CLIENT_IP, name, i);
        world_wait(f->world, 20 * ms);
    }
    assert_int_equal(home.heard_count, 1);
    assert_string_equal(heard(1), "SERVFAIL\n--\n--\n");
    assert_int_equal(home.counts->displaced, 1);
    assert_int_equal(f->liar.count, 5);
    says_8(&f->liar); /* the fifth */
    world_wait(f->world, 20 * ms);
    assert_non_null(strstr(heard(5), "192.0.2.8"));
    world_wait(f->world, 20 * second);
    assert_int_equal(home.heard_count, 5);
    assert_int_equal(f->liar.count, 5 + 3 * 2); /* the first isn't asked again */
}

/* Three clients with one address and one with another ask the same question: they share the
 * lookup. */
static void test_a_shared_lookup_goes_on_for_those_who_still_wait(void **state)
{
    struct fixture *f = *state;
    char name[40];

    open_narrow(f, NULL);
    send_from(SERVER_IP, CLIENT_IP, "www.example.test", 1);
    send_from(SERVER2_IP, CLIENT_IP, "www.example.test", 2);
    for (uint16_t i = 3; i <= 6; i++) { /* and one more than its share */
        sprintf(name, "%u.example.test", i);
        send_from(SERVER_IP, CLIENT_IP, name, i);
    }
    world_wait(f->world, 20 * ms);
    assert_int_equal(home.heard_count, 1);
    assert_non_null(strstr(heard(1), "SERVFAIL"));
    f->liar.answer = says_8;
    world_wait(f->world, 3 * second); /* the next try */
    assert_non_null(strstr(heard(2), "192.0.2.8"));
    assert_int_equal(home.heard_count, 6);
}

/* The stale answer comes at once; otherwise it would come 1.8 s later. */
static void test_a_displaced_question_gets_a_stale_answer(void **state)
{
    static const struct leat_forwarder_config config = {.waiting = 8};
    struct leat_resolver_config stale = plain_resolver;
    struct fixture *f = *state;
    char name[40];

    stale.stale_s = 3600;
    with_liar(f, says_8);
    open_home_for(f, &stale, &config);
    assert_non_null(strstr(ask("www.example.test", LEAT_DNS_A), "192.0.2.8"));
    f->liar.answer = NULL;
    world_wait(f->world, 20 * second);
    home.heard_count = 0;
    send_from(SERVER_IP, CLIENT_IP, "www.example.test", 1);
    for (uint16_t i = 2; i <= 5; i++) {
        sprintf(name, "%u.example.test", i);
        send_from(SERVER_IP, CLIENT_IP, name, i);
    }
    world_wait(f->world, 20 * ms);
    assert_int_equal(home.heard_count, 1);
    assert_string_equal(heard(1), "NOERROR \nwww.example.test. 30 IN A 192.0.2.8\n--\n--\n");
}

/* A TCP client with a full pipeline is read again. */
static void test_a_full_pipeline_whose_questions_go_is_read_on(void **state)
{
    struct leat_resolver_config resolver = plain_resolver;
    static const struct leat_forwarder_config config = {.waiting = 64};
    struct fixture *f = *state;
    char name[40];

    resolver.lookups = 64;
    with_liar(f, NULL);
    open_home_for(f, &resolver, &config);
    open_stream();
    for (uint16_t i = 1; i <= 33; i++) {
        sprintf(name, "s%u.example.test", i);
        stream_query(name, LEAT_DNS_A, i);
    }
    world_wait(f->world, second / 2);
    assert_int_equal(home.counts->tcp_queries, 32);
    send_from(SERVER_IP, CLIENT_IP, "www.example.test", 100); /* takes the 33rd place of its
                                                               * address */
    world_wait(f->world, second / 2);
    assert_int_equal(home.counts->tcp_queries, 33);
    assert_string_equal(stream_ids(), "1 2 ");
}

static void on_own(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    (void)err;
    (void)result;
    ++*(unsigned *)arg;
}

/* Clients get 7 of 8 lookups, however many clients there are. */
static void test_the_program_has_lookups_of_its_own(void **state)
{
    static const struct leat_forwarder_config config = {.clients = 1};
    const struct leat_dns_name name = name_of("own.example.test");
    struct leat_resolver_config narrow = plain_resolver;
    struct fixture *f = *state;
    unsigned done = 0;
    char text[40];

    narrow.lookups = 8;
    for (uint8_t i = 0; i < 6; i++) {
        add_address(f, SERVER, six(i, 1));
        add_address(f, CLIENT, six(i, 2));
    }
    world_wait(f->world, 10 * second);
    with_liar(f, NULL);
    open_home_for(f, &narrow, &config);
    send_from(SERVER_IP, CLIENT_IP, "a.example.test", 1);
    send_from(SERVER2_IP, CLIENT_IP, "b.example.test", 1);
    for (uint8_t i = 0; i < 6; i++) {
        sprintf(text, "%u.example.test", i);
        send_from(six(i, 1), six(i, 2), text, 1);
        world_wait(f->world, 10 * ms);
    }
    assert_int_equal(f->counts->udp_queries, 8);
    assert_int_equal(home.counts->displaced, 1);
    assert_int_equal(home.counts->busy, 0);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_own, &done, NULL),
                     LEAT_OK);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_AAAA, on_own, &done, NULL),
                     LEAT_ERR_FULL);
    world_wait(f->world, 20 * second);
    assert_int_equal(done, 1);
}

/* As many as lookups, whatever else the program has open. */
static void test_a_lookup_needs_no_socket_of_the_stack(void **state)
{
    static const struct leat_forwarder_config config = {.clients = 1};
    struct fixture *f = *state;
    struct leat_udp *taken[64], *one_more;
    unsigned count = 0;

    with_liar(f, says_8_to_the_good);
    open_home_for(f, &wide, &config);
    while (leat_udp_open(f->world->stacks[CLIENT], &taken[count], &datagrams_events, NULL) ==
           LEAT_OK)
        count++;
    assert_in_range(count, 50, 63);
    for (unsigned i = 0; i < 40; i++) {
        char name[40];

        sprintf(name, "bad%u.example.test", i);
        send_from(SERVER_IP, CLIENT_IP, name, 1);
        world_wait(f->world, ms);
    }
    assert_int_equal(f->counts->udp_queries, 40);
    assert_true(is_served(SERVER2_IP, CLIENT_IP, 1));
    world_wait(f->world, 20 * second);
    assert_int_equal(leat_udp_open(f->world->stacks[CLIENT], &one_more, &datagrams_events, NULL),
                     LEAT_ERR_MEMORY); /* those of the lookups can't be taken */
    while (count > 0)
        leat_udp_close(taken[--count]);
}

/* A query without a waiting lookup, because the stale answer was used, makes room for another. */
static void test_a_query_that_only_renews_the_cache_makes_room(void **state)
{
    static const struct leat_forwarder_config config = {.waiting = 1};
    struct leat_resolver_config narrow = plain_resolver;
    struct fixture *f = *state;

    narrow.lookups = 1;
    narrow.stale_s = 3600;
    with_liar(f, says_8);
    open_home_for(f, &narrow, &config);
    assert_non_null(strstr(ask("www.example.test", LEAT_DNS_A), "192.0.2.8"));
    f->liar.answer = NULL;
    world_wait(f->world, 20 * second);
    assert_non_null(strstr(ask_for("www.example.test", LEAT_DNS_A, 0, 2 * second), "192.0.2.8"));
    f->liar.answer = says_8;
    assert_non_null(strstr(ask("other.example.test", LEAT_DNS_A), "192.0.2.8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME(test_threat_Q14_questions_without_answers_leave_others_their_places),
        BOTH(test_threat_Q15_a_network_of_IPv6_has_one_share_of_the_questions),
        HOME(test_the_oldest_question_is_told_that_another_took_its_place),
        HOME(test_a_shared_lookup_goes_on_for_those_who_still_wait),
        HOME(test_a_displaced_question_gets_a_stale_answer),
        HOME(test_a_full_pipeline_whose_questions_go_is_read_on),
        HOME(test_a_query_that_only_renews_the_cache_makes_room),
        BOTH(test_the_program_has_lookups_of_its_own),
        HOME(test_a_lookup_needs_no_socket_of_the_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
