/* dns_home.c -- see dns_home.h. */
#include "dns_home.h"

struct home home;

const struct leat_endpoint forwarder_at = {LEAT_IP4_INIT(10, 0, 0, 2), 53, 0};

static void on_reply(struct leat_udp *udp, struct leat_buf *payload,
                     const struct leat_endpoint *peer, const struct leat_endpoint *local, void *arg)
{
    struct message *message = &home.heard[home.heard_count++];

    (void)udp;
    (void)peer;
    (void)local;
    (void)arg;
    assert_in_range(home.heard_count, 1, HEARD_MAX);
    message->len = leat_buf_read(payload, 0, message->bytes, sizeof message->bytes);
    leat_buf_free(payload);
}

void open_home_with(struct fixture *f, const struct leat_forwarder_config *given)
{
    static const struct leat_udp_events events = {.on_datagram = on_reply};
    struct leat_forwarder_config config = *given;
    struct leat *stack = f->world->stacks[SERVER];
    size_t bytes;

    memset(&home, 0, sizeof home);
    home.f = f;
    config.resolver = f->resolver;
    bytes = leat_forwarder_memory_bytes(&config);
    home.memory = malloc(bytes + 1);
    assert_int_equal(leat_forwarder_open(&home.forwarder, f->world->stacks[CLIENT],
                                         (char *)home.memory + 1, bytes, &config),
                     LEAT_OK);
    home.counts = leat_forwarder_counts(home.forwarder);
    assert_int_equal(leat_udp_open(stack, &home.udp, &events, NULL), LEAT_OK);
}

void open_home_for(struct fixture *f, const struct leat_resolver_config *resolver,
                   const struct leat_forwarder_config *given)
{
    open_resolver(f, resolver);
    open_home_with(f, given);
}

const struct leat_resolver_config plain_resolver = {.servers = {{.ip = LEAT_IP4_INIT(10, 0, 0, 1)}},
                                                    .server_count = 1,
                                                    .lookups = 32,
                                                    .cache_bytes = 262144};

void open_home(struct fixture *f)
{
    const struct leat_forwarder_config config = {.waiting = 32};

    open_home_for(f, &plain_resolver, &config);
}

void close_forwarder(void)
{
    if (!home.forwarder)
        return;
    leat_forwarder_close(home.forwarder);
    leat_udp_close(home.udp);
    if (home.tcp)
        leat_tcp_abort(home.tcp);
    home.forwarder = NULL;
}

int close_home(void **state)
{
    close_forwarder();
    free(home.memory);
    home.memory = NULL;
    return tear_down(state);
}

/* Sends a query by UDP. */
void send_query(const struct message *query)
{
    struct leat_pool *pool = leat_pool(home.f->world->stacks[SERVER]);

    assert_int_equal(leat_udp_send_to(home.udp,
                                      leat_buf_copy(pool, query->bytes, (uint32_t)query->len),
                                      &forwarder_at),
                     LEAT_OK);
}

/* Asks by UDP, and returns the replies that have come after @wait_ns; "" if there are none. */
const char *ask_for(const char *name, uint16_t type, uint16_t edns_bytes, uint64_t wait_ns)
{
    const unsigned before = home.heard_count;
    struct message query;

    make_query(&query, name, type, edns_bytes);
    send_query(&query);
    world_wait(home.f->world, wait_ns);
    if (home.heard_count == before)
        return "";
    assert_int_equal(home.heard_count, before + 1);
    assert_memory_equal(home.heard[before].bytes, query.bytes, 2); /* the id */
    return text_of(home.heard[before].bytes, home.heard[before].len);
}

const char *ask(const char *name, uint16_t type)
{
    return ask_for(name, type, 0, second / 2);
}

void says_8(struct liar *liar)
{
    say(liar, make_reply(liar, LEAT_DNS_NOERROR, 8));
}

/* ---- its TCP client
 * ----------------------------------------------------------------------------------- */

static void stream_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text;

    (void)arg;
    while ((text = leat_tcp_receive(conn, 65535))) {
        const uint32_t len = leat_buf_read(text, 0, home.stream + home.stream_len,
                                           (uint32_t)sizeof home.stream - home.stream_len);

        home.stream_len += len;
        leat_tcp_consumed(conn, len);
        leat_buf_free(text);
    }
}

static void stream_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    (void)arg;
    home.tcp = NULL;
    home.closed = true;
}

static const struct leat_tcp_events stream_events = {.on_readable = stream_readable,
                                                     .on_closed = stream_closed};

void open_stream(void)
{
    assert_int_equal(leat_tcp_connect(home.f->world->stacks[SERVER], &home.tcp, &forwarder_at, NULL,
                                      &stream_events, NULL),
                     LEAT_OK);
    home.closed = false;
    home.stream_len = 0;
    world_wait(home.f->world, 100 * ms);
}

/* Asks by TCP, with @id. */
void stream_query(const char *name, uint16_t type, uint16_t id)
{
    struct message query;
    uint8_t length[2];
    size_t taken;

    make_query(&query, name, type, 0);
    put16(query.bytes, id);
    put16(length, (uint16_t)query.len);
    assert_int_equal(leat_tcp_write(home.tcp, length, 2, &taken), LEAT_OK);
    assert_int_equal(leat_tcp_write(home.tcp, query.bytes, query.len, &taken), LEAT_OK);
}

/* The ids of the received replies, in order. */
const char *stream_ids(void)
{
    static char ids[200];
    size_t len = 0;

    ids[0] = '\0';
    for (uint32_t at = 0; at + 2 < home.stream_len; at += 2u + get16(home.stream + at)) {
        assert_true(at + 2u + get16(home.stream + at) <= home.stream_len);
        len += (size_t)sprintf(ids + len, "%u ", get16(home.stream + at + 2));
    }
    return ids;
}

/* ---- addresses -------------------------------------------------------------------------- */

struct leat_ip six(uint8_t network, uint8_t host)
{
    return (struct leat_ip){{0x20, 0x01, 0x0d, 0xb8, [7] = network, [15] = host}};
}

struct leat_ip four(uint8_t host)
{
    return LEAT_IP4(10, 0, 0, host);
}

void add_address(struct fixture *f, int end, struct leat_ip ip)
{
    assert_int_equal(leat_address_add(f->world->stacks[end], leat_link_end(f->world->link, end), ip,
                                      leat_ip_is_v4(ip) ? 24 : 64),
                     LEAT_OK);
}

int set_up_both(void **state)
{
    int failed;

    world_has_ipv6 = true;
    failed = set_up(state);
    world_has_ipv6 = false;
    return failed;
}

const char *stream_names(const char *names, uint64_t wait_ns)
{
    char name[80];
    uint16_t id = 1;

    open_stream();
    for (int len = 0; sscanf(names, "%79s%n", name, &len) == 1; names += len)
        stream_query(name, LEAT_DNS_A, id++);
    world_wait(home.f->world, wait_ns);
    return stream_ids();
}
