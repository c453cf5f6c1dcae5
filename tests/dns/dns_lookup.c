#include "dns_lookup.h"

void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct outcome *outcome = arg;
    struct leat_dns_record record;
    size_t cursor = 0, len = 0;

    outcome->done = true;
    outcome->calls++;
    outcome->err = err;
    outcome->rcode = result->rcode;
    outcome->server = result->server;
    outcome->refusal = result->refusal;
    leat_dns_name_format(&result->name, outcome->name, sizeof outcome->name);
    while (leat_dns_result_next(result, &cursor, &record)) {
        len +=
            leat_dns_record_format(&record, outcome->records + len, sizeof outcome->records - len);
        len += (size_t)sprintf(outcome->records + len, "\n");
    }
}

/* True if the query has the id, port and name of one that was heard. */
static bool is_repeated(const struct liar *liar)
{
    for (unsigned i = 0; i < liar->count; i++) {
        const struct query_seen *seen = &liar->seen[i];

        if (seen->id == get16(liar->query.bytes) && seen->port == liar->peer.port &&
            strcmp((const char *)seen->name, (const char *)liar->query.bytes + DNS_HEADER_BYTES) ==
                0)
            return true;
    }
    return false;
}

static void liar_hears(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg)
{
    struct liar *liar = arg;
    struct query_seen *seen = &liar->seen[liar->count];

    (void)udp;
    assert_true(liar->count < 100);
    liar->peer = *peer;
    liar->local_ip = local->ip;
    liar->query.len = leat_buf_read(payload, 0, liar->query.bytes, 1000);
    leat_buf_free(payload);
    liar->again = is_repeated(liar);
    if (liar->again) {
        liar->repeated++;
        if (liar->answer)
            liar->answer(liar);
        return;
    }
    liar->count++;
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

void say_from(struct liar *liar, struct leat_udp *udp, const struct message *reply,
              struct leat_ip from, uint16_t to_port)
{
    const struct leat_endpoint peer = leat_endpoint_of(liar->peer.ip, to_port);
    struct leat_pool *pool = leat_pool(liar->world->stacks[SERVER]);

    assert_int_equal(leat_udp_send_from(
                         udp, leat_buf_copy(pool, reply->bytes, (uint32_t)reply->len), &peer, from),
                     LEAT_OK);
}

void say(struct liar *liar, const struct message *reply)
{
    say_from(liar, liar->udp, reply, liar->local_ip, liar->peer.port);
}

struct message *make_reply(const struct liar *liar, unsigned rcode, uint8_t last)
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

int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->world = world_create();
    f->liar.world = f->world;
    *state = f;
    return 0;
}

int tear_down(void **state)
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

void open_resolver(struct fixture *f, const struct leat_resolver_config *config)
{
    const size_t bytes = leat_resolver_memory_bytes(config);

    f->resolver_memory = malloc(bytes + 1);
    assert_int_equal(leat_resolver_open(&f->resolver, f->world->stacks[CLIENT],
                                        (char *)f->resolver_memory + 1, bytes, config),
                     LEAT_OK);
    f->counts = leat_resolver_counts(f->resolver);
}

void open_plain_resolver(struct fixture *f, uint8_t servers)
{
    const struct leat_resolver_config config = {
        .servers = {{.ip = SERVER_IP}, {.ip = SERVER2_IP}}, .server_count = servers, .lookups = 4};

    open_resolver(f, &config);
}

void with_server(struct fixture *f)
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

struct liar *with_liar(struct fixture *f, void (*answer)(struct liar *liar))
{
    static const struct leat_udp_events events = {.on_datagram = liar_hears};
    struct leat *stack = f->world->stacks[SERVER];

    assert_int_equal(leat_udp_open(stack, &f->liar.udp, &events, &f->liar), LEAT_OK);
    assert_int_equal(leat_udp_bind(f->liar.udp, LEAT_IP_ANY, 53), LEAT_OK);
    assert_int_equal(leat_udp_open(stack, &f->liar.udp_54, &events, &f->liar), LEAT_OK);
    assert_int_equal(leat_udp_bind(f->liar.udp_54, LEAT_IP_ANY, 54), LEAT_OK);
    f->liar.answer = answer;
    return &f->liar;
}

const struct outcome *look_up(struct fixture *f, const char *name_text, uint16_t type)
{
    static struct outcome outcome;
    const struct leat_dns_name name = name_of(name_text);

    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(leat_lookup_start(f->resolver, &name, type, on_done, &outcome, NULL), LEAT_OK);
    assert_false(outcome.done); /* never from inside the call */
    assert_true(world_run(f->world, &outcome.done, 300 * second));
    world_wait(f->world, second);
    assert_int_equal(outcome.calls, 1);
    return &outcome;
}

void assert_found(const struct outcome *outcome, const char *records)
{
    assert_int_equal(outcome->err, LEAT_OK);
    assert_string_equal(outcome->records, records);
}

uint64_t took_ns(struct fixture *f)
{
    static struct outcome outcome;
    const struct leat_dns_name name = name_of("www.example.test");
    const uint64_t start_ns = f->world->now_ns;

    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(leat_lookup_start(f->resolver, &name, LEAT_DNS_A, on_done, &outcome, NULL),
                     LEAT_OK);
    assert_true(world_run(f->world, &outcome.done, 300 * second));
    assert_int_equal(outcome.err, LEAT_OK);
    return f->world->now_ns - start_ns;
}

struct leat_resolver_server habits_of(const struct fixture *f)
{
    struct leat_resolver_server server;

    leat_resolver_get_server(f->resolver, 0, &server);
    return server;
}

void tell(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

bool has_edns(const struct liar *liar)
{
    return get16(liar->query.bytes + 10) == 1;
}

void tell_with_opt(struct liar *liar, struct message *reply)
{
    memcpy(reply->bytes + reply->len, "\0\0\51\4\320\0\0\0\0\0\0", DNS_OPT_BYTES);
    reply->len += DNS_OPT_BYTES;
    put16(reply->bytes + 10, 1);
    say(liar, reply);
}
