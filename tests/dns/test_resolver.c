/* test_resolver.c -- lookups over a wire: with the real server, with a liar, and with nobody. */
#include "dns_world.h"

#include <leat/resolver.h>

/* What a lookup's callback heard. */
struct outcome {
    bool done;
    unsigned calls;
    enum leat_err err;
    unsigned rcode;
    struct leat_endpoint server;
    char name[LEAT_DNS_NAME_TEXT_BYTES];
    char records[4000];
};

struct query_seen {
    uint64_t at_ns;
    uint16_t id;
    uint16_t port;
    leat_ip4 to;
    bool has_edns;
    uint8_t name[256];
};

/* A server whose replies a test writes: on port 53 of both of its addresses. */
struct liar {
    struct dns_world *world;
    struct leat_udp *udp;
    struct leat_udp *udp_54; /* the wrong port */
    struct query_seen seen[100];
    unsigned count;
    struct message query;
    struct leat_endpoint peer;
    leat_ip4 local_ip;
    /* writes replies with say(); NULL: is silent */
    void (*answer)(struct liar *liar);
};

struct fixture {
    struct dns_world *world;
    void *zone_memory, *server_memory, *resolver_memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_server *server;
    struct leat_resolver *resolver;
    const struct leat_resolver_counts *counts;
    struct liar liar;
};

static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct outcome *outcome = arg;
    struct leat_dns_record record;
    size_t cursor = 0, len = 0;

    outcome->done = true;
    outcome->calls++;
    outcome->err = err;
    outcome->rcode = result->rcode;
    outcome->server = result->server;
    leat_dns_name_format(&result->name, outcome->name, sizeof outcome->name);
    while (leat_dns_result_next(result, &cursor, &record)) {
        len +=
            leat_dns_record_format(&record, outcome->records + len, sizeof outcome->records - len);
        len += (size_t)sprintf(outcome->records + len, "\n");
    }
}

static void liar_hears(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg)
{
    struct liar *liar = arg;
    struct query_seen *seen = &liar->seen[liar->count++];

    (void)udp;
    assert_true(liar->count <= 100);
    liar->peer = *peer;
    liar->local_ip = local->ip;
    liar->query.len = leat_buf_read(payload, 0, liar->query.bytes, 1000);
    leat_buf_free(payload);
    seen->at_ns = liar->world->now_ns;
    seen->id = get16(liar->query.bytes);
    seen->port = peer->port;
    seen->to = local->ip;
    seen->has_edns = get16(liar->query.bytes + 10) == 1;
    memcpy(seen->name, liar->query.bytes + DNS_HEADER_BYTES,
           strlen((char *)liar->query.bytes + DNS_HEADER_BYTES) + 1);
    if (liar->answer)
        liar->answer(liar);
}

static void say_from(struct liar *liar, struct leat_udp *udp, const struct message *reply,
                     leat_ip4 from, uint16_t to_port)
{
    const struct leat_endpoint peer = {.ip = liar->peer.ip, .port = to_port};
    struct leat_pool *pool = leat_pool(liar->world->stacks[SERVER]);

    assert_int_equal(leat_udp_send_from(
                         udp, leat_buf_copy(pool, reply->bytes, (uint32_t)reply->len), &peer, from),
                     LEAT_OK);
}

static void say(struct liar *liar, const struct message *reply)
{
    say_from(liar, liar->udp, reply, liar->local_ip, liar->peer.port);
}

/* The reply to the query that was heard: @rcode, and 192.0.2.@last if that is not 0. */
static struct message *make_reply(const struct liar *liar, unsigned rcode, uint8_t last)
{
    static struct message reply;
    const uint8_t rdata[] = {192, 0, 2, last};
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const uint16_t type = get16(name + strlen((const char *)name) + 1);
    const struct dns_new_record record = {
        .owner = name, .rdata = rdata, .ttl_s = 9, .type = LEAT_DNS_A, .rdata_len = 4};
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, type, DNS_CLASS_IN);
    if (last != 0)
        dns_write_record(&writer, DNS_ANSWER, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes),
                              (uint16_t)(DNS_QR | DNS_RD | DNS_RA | rcode));
    return &reply;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->world = world_create();
    f->liar.world = f->world;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->resolver)
        leat_resolver_close(f->resolver);
    if (f->server)
        leat_dns_server_close(f->server);
    if (f->liar.udp) {
        leat_udp_close(f->liar.udp);
        leat_udp_close(f->liar.udp_54);
    }
    world_destroy(f->world);
    free(f->zone_memory);
    free(f->server_memory);
    free(f->resolver_memory);
    free(f);
    return 0;
}

static void open_resolver(struct fixture *f, const struct leat_resolver_config *config)
{
    const size_t bytes = leat_resolver_memory_bytes(config);

    f->resolver_memory = malloc(bytes + 1);
    assert_int_equal(leat_resolver_open(&f->resolver, f->world->stacks[CLIENT],
                                        (char *)f->resolver_memory + 1, bytes, config),
                     LEAT_OK);
    f->counts = leat_resolver_counts(f->resolver);
}

/* A resolver that asks 10.0.0.1, and then 10.0.0.3 if @servers is 2. */
static void open_plain_resolver(struct fixture *f, uint8_t servers)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}, {.ip = SERVER2_IP}}, .server_count = servers, .lookups = 4};

    open_resolver(f, &config);
}

static void with_server(struct fixture *f)
{
    static char text[10000];
    struct leat_dns_server_config config = {.port = 53};
    const size_t bytes = leat_dns_server_memory_bytes(&config);
    char *at = text + sprintf(text, "%s", test_zone_text);

    for (unsigned i = 0; i < 15; i++)
        at += sprintf(at, "big TXT \"%0200u\"\n", i);
    for (unsigned i = 0; i < 9; i++)
        at += sprintf(at, "huge TXT \"%0240u\" \"%0240u\"\n", i, i);
    f->zone = zone_of(text, &f->zone_memory);
    config.zones = (struct leat_dns_zones){.list = &f->zone, .count = 1};
    f->server_memory = malloc(bytes);
    assert_int_equal(leat_dns_server_open(&f->server, f->world->stacks[SERVER], f->server_memory,
                                          bytes, &config),
                     LEAT_OK);
    open_plain_resolver(f, 1);
}

static struct liar *with_liar(struct fixture *f, void (*answer)(struct liar *liar))
{
    static const struct leat_udp_events events = {.on_datagram = liar_hears};
    struct leat *stack = f->world->stacks[SERVER];

    assert_int_equal(leat_udp_open(stack, &f->liar.udp, &events, &f->liar), LEAT_OK);
    assert_int_equal(leat_udp_bind(f->liar.udp, LEAT_IP4_ANY, 53), LEAT_OK);
    assert_int_equal(leat_udp_open(stack, &f->liar.udp_54, &events, &f->liar), LEAT_OK);
    assert_int_equal(leat_udp_bind(f->liar.udp_54, LEAT_IP4_ANY, 54), LEAT_OK);
    f->liar.answer = answer;
    return &f->liar;
}

/* Asks and waits for the outcome. */
static const struct outcome *look_up(struct fixture *f, const char *name_text, uint16_t type)
{
    static struct outcome outcome;
    const struct leat_dns_name name = name_of(name_text);

    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(leat_lookup_start(f->resolver, &name, type, on_done, &outcome, NULL), LEAT_OK);
    assert_false(outcome.done); /* never from inside of the call */
    assert_true(world_run(f->world, &outcome.done, 300 * second));
    world_wait(f->world, second);
    assert_int_equal(outcome.calls, 1);
    return &outcome;
}

static void assert_found(const struct outcome *outcome, const char *records)
{
    assert_int_equal(outcome->err, LEAT_OK);
    assert_string_equal(outcome->records, records);
}

/* --- with the real server ----------------------------------------------------------------------
 */

static void test_addresses_are_found(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    assert_found(look_up(f, "www.Example.test", LEAT_DNS_A),
                 "www.Example.test. 300 IN A 192.0.2.3\nwww.Example.test. 300 IN A 192.0.2.4\n");
    assert_found(look_up(f, "ns1.example.test", LEAT_DNS_AAAA),
                 "ns1.example.test. 3600 IN AAAA 2001:db8::1\n");
    assert_int_equal(f->counts->udp_queries, 2);
    assert_int_equal(f->counts->replies, 2);
}

static void test_aliases_are_followed(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_server(f);
    outcome = look_up(f, "alias2.example.test", LEAT_DNS_A);
    assert_found(outcome,
                 "www.example.test. 300 IN A 192.0.2.3\nwww.example.test. 300 IN A 192.0.2.4\n");
    assert_string_equal(outcome->name, "www.example.test.");
    assert_found(look_up(f, "alias2.example.test", LEAT_DNS_CNAME),
                 "alias2.example.test. 3600 IN CNAME alias.example.test.\n");
    assert_int_equal(look_up(f, "loop1.example.test", LEAT_DNS_A)->err, LEAT_ERR_FORMAT);
    outcome = look_up(f, "out.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_string_equal(outcome->name, "www.example.net.");
}

static void test_what_there_is_not(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_server(f);
    outcome = look_up(f, "no.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_int_equal(outcome->rcode, LEAT_DNS_NXDOMAIN);
    outcome = look_up(f, "www.example.test", LEAT_DNS_MX);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_int_equal(outcome->rcode, LEAT_DNS_NOERROR);
    outcome = look_up(f, "www.elsewhere.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_REFUSED);
    assert_int_equal(outcome->rcode, LEAT_DNS_REFUSED);
    assert_int_equal(look_up(f, "x.sub.example.test", LEAT_DNS_A)->err, LEAT_ERR_REFUSED);
}

static void test_truncated_reply_is_asked_for_by_tcp(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_server(f);
    outcome = look_up(f, "big.example.test", LEAT_DNS_TXT);
    assert_int_equal(outcome->err, LEAT_OK);
    assert_non_null(strstr(outcome->records, "00014"));
    assert_int_equal(f->counts->truncated, 1);
    assert_int_equal(f->counts->tcp_queries, 1);
    /* UDP had one try, TCP another: nothing more */
    assert_int_equal(f->counts->udp_queries, 1);
}

static void test_reply_by_tcp_over_the_limit(void **state)
{
    struct fixture *f = *state;

    with_server(f);
    assert_int_equal(look_up(f, "huge.example.test", LEAT_DNS_TXT)->err, LEAT_ERR_TOO_BIG);
}

static void test_lossy_wire(void **state)
{
    struct fixture *f = *state;
    unsigned found = 0;

    with_server(f);
    world_spoil(f->world, 200000);
    for (unsigned i = 0; i < 40; i++) {
        const bool big = i % 4 == 0;
        const struct outcome *outcome = look_up(f, big ? "big.example.test" : "www.example.test",
                                                big ? LEAT_DNS_TXT : LEAT_DNS_A);

        assert_true(outcome->err == LEAT_OK || outcome->err == LEAT_ERR_TIMEOUT);
        if (outcome->err == LEAT_OK)
            found++;
    }
    assert_in_range(found, 32, 40);
    assert_true(f->counts->timeouts > 5);
    world_spoil(f->world, 0);
}

static void test_many_lookups_at_a_time(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name www = name_of("www.example.test");
    static struct outcome outcomes[5];
    struct leat_lookup *lookups[4];

    with_server(f);
    memset(outcomes, 0, sizeof outcomes);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(
            leat_lookup_start(f->resolver, &www, LEAT_DNS_A, on_done, &outcomes[i], &lookups[i]),
            LEAT_OK);
    assert_int_equal(leat_lookup_start(f->resolver, &www, LEAT_DNS_A, on_done, &outcomes[4], NULL),
                     LEAT_ERR_FULL);
    leat_lookup_cancel(lookups[1]);
    assert_int_equal(leat_lookup_start(f->resolver, &www, LEAT_DNS_A, on_done, &outcomes[4], NULL),
                     LEAT_OK);
    world_wait(f->world, 60 * second);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(outcomes[i].calls, i != 1);
}

/* --- with nobody, or somebody who can't --------------------------------------------------------
 */

static void test_silence_is_asked_again_ever_later_and_ends(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, NULL);
    uint64_t start_ns;

    open_plain_resolver(f, 2);
    start_ns = f->world->now_ns;
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_TIMEOUT);
    assert_int_equal(liar->count, 6);
    for (unsigned i = 0; i < 6; i++) {
        static const uint64_t at_s[] = {0, 2, 4, 8, 12, 20};

        assert_int_equal(liar->seen[i].to, i % 2 == 0 ? SERVER_IP : SERVER2_IP);
        assert_in_range(liar->seen[i].at_ns - start_ns, at_s[i] * second,
                        at_s[i] * second + 100 * ms);
        assert_int_equal(liar->seen[i].has_edns, i < 2);
    }
    assert_int_equal(f->counts->timeouts, 6);
}

static void test_no_server_there(void **state)
{
    struct fixture *f = *state;

    open_plain_resolver(f, 2); /* the stack is there, its port is closed: ICMP says so */
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_REFUSED);
    assert_int_equal(f->counts->udp_queries, 2);
    assert_int_equal(f->counts->timeouts, 0);
}

static void test_no_way_to_the_server(void **state)
{
    struct fixture *f = *state;
    const struct leat_resolver_config config = {.servers = {{.ip = LEAT_IP4(192, 0, 2, 1)}},
                                                .server_count = 1};

    open_resolver(f, &config);
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_NO_ROUTE);
}

static void first_fails(struct liar *liar)
{
    if (liar->local_ip == SERVER_IP)
        say(liar, make_reply(liar, LEAT_DNS_SERVFAIL, 0));
    else
        say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_server_that_fails_is_left_out(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, first_fails);
    const struct outcome *outcome;

    open_plain_resolver(f, 2);
    outcome = look_up(f, "www.example.test", LEAT_DNS_A);
    assert_found(outcome, "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(outcome->server.ip, SERVER2_IP);
    assert_int_equal(liar->count, 2);
    assert_int_equal(f->counts->timeouts, 0);
}

static void dislikes_edns(struct liar *liar)
{
    const bool has_edns = get16(liar->query.bytes + 10) == 1;

    say(liar,
        has_edns ? make_reply(liar, LEAT_DNS_FORMERR, 0) : make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_server_without_edns(void **state)
{
    struct fixture *f = *state;

    with_liar(f, dislikes_edns);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->timeouts, 0);
}

/* --- with a liar -------------------------------------------------------------------------------
 */

static void wrong_id_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    for (unsigned i = 1; i < 50; i++) {
        put16(lie->bytes, (uint16_t)(get16(liar->query.bytes) + i));
        say(liar, lie);
    }
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_id(void **state)
{
    struct fixture *f = *state;

    with_liar(f, wrong_id_first);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->drop_foreign, 49);
    assert_int_equal(f->counts->udp_queries, 1);
}

static void wrong_places_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    say_from(liar, liar->udp, lie, SERVER_IP, (uint16_t)(liar->peer.port + 1)); /* to our port */
    say_from(liar, liar->udp_54, lie, SERVER_IP, liar->peer.port); /* from a server's port */
    say_from(liar, liar->udp, lie, SERVER2_IP, liar->peer.port);   /* from a server's address */
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_port_or_server(void **state)
{
    struct fixture *f = *state;

    with_liar(f, wrong_places_first);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(leat_stats(f->world->stacks[CLIENT])->drop_udp_port, 3);
    assert_int_equal(f->counts->replies, 1);
}

static void wrong_question_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
    uint8_t *name = lie->bytes + DNS_HEADER_BYTES;
    const size_t type_at = strlen((char *)name) + 1;

    name[1] ^= 3; /* another name */
    say(liar, lie);
    name[1] ^= 3;
    put16(name + type_at, LEAT_DNS_AAAA);
    say(liar, lie);
    put16(name + type_at, LEAT_DNS_A);
    put16(name + type_at + 2, 3); /* CHAOS */
    say(liar, lie);
    lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
    put16(lie->bytes + 4, 0); /* no question */
    say(liar, lie);
    lie = make_reply(liar, LEAT_DNS_NOERROR, 66);
    put16(lie->bytes + 2, DNS_RD); /* a query */
    say(liar, lie);
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_question(void **state)
{
    struct fixture *f = *state;

    with_liar(f, wrong_question_first);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->drop_foreign, 5);
}

static void wrong_case_first(struct liar *liar)
{
    struct message *lie = make_reply(liar, LEAT_DNS_NOERROR, 66);

    lie->bytes[DNS_HEADER_BYTES + 1] ^= 0x20;
    say(liar, lie);
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

static void test_threat_N4_wrong_letter_case(void **state)
{
    struct fixture *f = *state;

    with_liar(f, wrong_case_first);
    open_plain_resolver(f, 1);
    assert_found(look_up(f, "www.example.test", LEAT_DNS_A),
                 "www.example.test. 9 IN A 192.0.2.8\n");
    assert_int_equal(f->counts->drop_case, 1);
}

static void record_of_others(struct liar *liar)
{
    static const uint8_t other[] = "\4bank\4test";
    const uint8_t rdata[] = {192, 0, 2, 66};
    const uint8_t *name = liar->query.bytes + DNS_HEADER_BYTES;
    const struct dns_new_record record = {
        .owner = other, .rdata = rdata, .ttl_s = 9, .type = LEAT_DNS_A, .rdata_len = 4};
    struct message reply;
    struct dns_writer writer;

    dns_write_start(&writer, reply.bytes, 512);
    dns_write_question(&writer, name, LEAT_DNS_A, DNS_CLASS_IN);
    dns_write_record(&writer, DNS_ANSWER, &record);
    dns_write_record(&writer, DNS_ADDITIONAL, &record);
    reply.len = dns_write_end(&writer, get16(liar->query.bytes), DNS_QR);
    say(liar, &reply);
}

static void test_threat_N4_records_that_nobody_asked_for(void **state)
{
    struct fixture *f = *state;
    const struct outcome *outcome;

    with_liar(f, record_of_others);
    open_plain_resolver(f, 1);
    outcome = look_up(f, "www.example.test", LEAT_DNS_A);
    assert_int_equal(outcome->err, LEAT_ERR_NOT_FOUND);
    assert_string_equal(outcome->records, "");
}

static void keeps_no_case(struct liar *liar)
{
    struct message *reply = make_reply(liar, LEAT_DNS_NOERROR, 8);

    for (size_t i = DNS_HEADER_BYTES; i < DNS_HEADER_BYTES + 18; i++)
        reply->bytes[i] = dns_lower(reply->bytes[i]);
    say(liar, reply);
}

static void test_server_that_keeps_no_case_is_asked_by_tcp(void **state)
{
    struct fixture *f = *state;

    with_liar(f, keeps_no_case);
    open_plain_resolver(f, 1);
    /* nobody listens there: but UDP alone must not be believed */
    assert_int_equal(look_up(f, "www.example.test", LEAT_DNS_A)->err, LEAT_ERR_REFUSED);
    assert_int_equal(f->counts->tcp_queries, 1);
    assert_int_equal(f->counts->drop_case, 1);
}

static void test_threat_N4_ids_ports_and_case_are_unpredictable(void **state)
{
    struct fixture *f = *state;
    struct liar *liar = with_liar(f, NULL);
    unsigned same_id = 0, same_port = 0, same_name = 0;

    open_plain_resolver(f, 1);
    for (unsigned i = 0; i < 20; i++)
        look_up(f, "a-name-with-many-letters.example.test", LEAT_DNS_A);
    assert_int_equal(liar->count, 60);
    for (unsigned i = 0; i < 60; i++) {
        for (unsigned j = 0; j < i; j++) {
            same_id += liar->seen[i].id == liar->seen[j].id;
            same_port += liar->seen[i].port == liar->seen[j].port;
            same_name += strcmp((char *)liar->seen[i].name, (char *)liar->seen[j].name) == 0;
        }
    }
    assert_in_range(same_id, 0, 2);
    assert_in_range(same_port, 0, 5);
    assert_int_equal(same_name, 0);
}

static void test_closing_ends_lookups_without_a_word(void **state)
{
    struct fixture *f = *state;
    const struct leat_dns_name name = name_of("www.example.test");
    static struct outcome outcome;

    with_liar(f, NULL);
    open_plain_resolver(f, 1);
    memset(&outcome, 0, sizeof outcome);
    leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcome, NULL);
    world_wait(f->world, second);
    leat_resolver_close(f->resolver);
    f->resolver = NULL;
    world_wait(f->world, 60 * second);
    assert_int_equal(outcome.calls, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_addresses_are_found),
        TEST(test_aliases_are_followed),
        TEST(test_what_there_is_not),
        TEST(test_truncated_reply_is_asked_for_by_tcp),
        TEST(test_reply_by_tcp_over_the_limit),
        TEST(test_lossy_wire),
        TEST(test_many_lookups_at_a_time),
        TEST(test_silence_is_asked_again_ever_later_and_ends),
        TEST(test_no_server_there),
        TEST(test_no_way_to_the_server),
        TEST(test_server_that_fails_is_left_out),
        TEST(test_server_without_edns),
        TEST(test_threat_N4_wrong_id),
        TEST(test_threat_N4_wrong_port_or_server),
        TEST(test_threat_N4_wrong_question),
        TEST(test_threat_N4_wrong_letter_case),
        TEST(test_threat_N4_records_that_nobody_asked_for),
        TEST(test_server_that_keeps_no_case_is_asked_by_tcp),
        TEST(test_threat_N4_ids_ports_and_case_are_unpredictable),
        TEST(test_closing_ends_lookups_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
