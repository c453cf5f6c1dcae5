/*
 * lookup.c -- the conversation of a lookup with its servers.
 *
 * A lookup is a row of tries, each with one server, by turns.  A try has a socket of its own and so
 * a new port; what comes late for an older one meets a closed port.  It ends with an answer, with a
 * server that can't answer (which is then left out), or with its time; TC makes it go on by TCP.
 */
#include "dns/lookup.h"

#include <string.h>

#include <leat/tcp.h>
#include <leat/udp.h>

#include "dns/dns_reply.h"
#include "core/container_of.h"
#include "wire/bytes.h"
#include "wire/dns.h"

enum {
    LENGTH_BYTES = LOOKUP_LENGTH_BYTES,
    GRACE_PART = 10, /* of a try's time, that it goes on after an ICMP error */
    QUERY_BYTES_MAX = DNS_HEADER_BYTES + LEAT_DNS_NAME_BYTES + 4 + DNS_OPT_BYTES
};

static unsigned server_index(const struct leat_lookup *lookup)
{
    return lookup->tries % (unsigned)lookup->resolver->config.server_count;
}

static const struct leat_endpoint *server_of(const struct leat_lookup *lookup)
{
    return &lookup->resolver->config.servers[server_index(lookup)];
}

static unsigned round_of(const struct leat_lookup *lookup)
{
    return lookup->tries / (unsigned)lookup->resolver->config.server_count;
}

/* Ends the try.  @abort: what the TCP peer may still have to say is of no interest. */
static void close_sockets(struct leat_lookup *lookup, bool abort)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    struct leat_tcp *tcp = lookup->tcp;

    timer_cancel(&lookup->resolver->stack->timers, &lookup->timer);
    if (lookup->udp)
        leat_udp_close(lookup->udp);
    lookup->udp = NULL;
    lookup->tcp = NULL;
    if (!tcp)
        return;
    leat_tcp_set_events(tcp, &nothing, NULL);
    if (abort)
        leat_tcp_abort(tcp);
    else
        leat_tcp_close(tcp);
}

static void release(struct leat_lookup *lookup, bool abort)
{
    close_sockets(lookup, abort);
    stack_not_ready(&lookup->ready);
    lookup->on_done = NULL;
}

/* Ends the lookup with the reply that is described in resolver->result, or with none. */
static void tell(struct leat_lookup *lookup, enum leat_err err)
{
    leat_lookup_fn *on_done = lookup->on_done;
    void *arg = lookup->arg;
    const struct leat_dns_result *result = &lookup->resolver->result;

    release(lookup, err != LEAT_OK && err != LEAT_ERR_NOT_FOUND);
    on_done(arg, err, result); /* last: it may close the resolver */
}

/* Ends the lookup without an answer, not from here but from the ready queue. */
static void fail(struct leat_lookup *lookup, enum leat_err err)
{
    close_sockets(lookup, true);
    lookup->err = err;
    stack_ready(lookup->resolver->stack, &lookup->ready);
}

static void on_ready(struct leat *stack, struct ready *ready)
{
    struct leat_lookup *lookup = container_of(ready, struct leat_lookup, ready);

    (void)stack;
    lookup->resolver->result = (struct leat_dns_result){
        .rcode = lookup->rcode, .name = lookup->asked, .type = lookup->type};
    tell(lookup, lookup->err);
}

/* Mixes the case of the letters ("0x20"): as many bits more for a stranger to guess. */
static void mix_case(struct leat_lookup *lookup)
{
    struct leat_dns_name *name = &lookup->name;
    uint64_t bits = 0;

    *name = lookup->asked;
    for (unsigned i = 0; i < name->len; i++) {
        const uint8_t lower = dns_lower(name->wire[i]);

        if (i % 64 == 0)
            bits = leat_random(lookup->resolver->stack);
        if (lower >= 'a' && lower <= 'z') /* a length is below both */
            name->wire[i] = (uint8_t)(bits & 1 ? lower ^ 0x20 : lower);
        bits >>= 1;
    }
}

/* Writes the query of this try.  EDNS goes with the first round only: an old server, or a filter on
 * the way, may have dropped it. */
static size_t write_query(const struct leat_lookup *lookup, uint8_t *bytes)
{
    const struct dns_edns edns = {.payload_bytes = LEAT_DNS_UDP_BYTES};
    struct dns_writer writer;

    dns_write_start(&writer, bytes, QUERY_BYTES_MAX);
    dns_write_question(&writer, lookup->name.wire, lookup->type, DNS_CLASS_IN);
    if (round_of(lookup) == 0)
        dns_write_opt(&writer, &edns);
    return dns_write_end(&writer, lookup->id, DNS_RD);
}

static const struct leat_udp_events udp_events;
static const struct leat_tcp_events tcp_events;

/* False: there is no way to this server.  Want of memory is no error here: it passes. */
static bool try_udp(struct leat_lookup *lookup)
{
    struct leat_resolver *resolver = lookup->resolver;
    const struct leat_endpoint *server = server_of(lookup);
    struct leat_buf *query;
    enum leat_err err;

    if (leat_udp_open(resolver->stack, &lookup->udp, &udp_events, lookup)) {
        lookup->udp = NULL;
        return true;
    }
    err = leat_udp_connect(lookup->udp, server->ip, server->port);
    if (err)
        return err != LEAT_ERR_NO_ROUTE;
    query = leat_buf_alloc(leat_pool(resolver->stack), LEAT_BUF_HEADROOM);
    if (!query || leat_buf_tailroom(query) < QUERY_BYTES_MAX) {
        leat_buf_free(query);
        return true;
    }
    leat_buf_put(query, (uint32_t)write_query(lookup, query->data));
    resolver->counts.udp_queries++;
    return leat_udp_send(lookup->udp, query) != LEAT_ERR_NO_ROUTE;
}

static bool try_tcp(struct leat_lookup *lookup)
{
    const enum leat_err err = leat_tcp_connect(lookup->resolver->stack, &lookup->tcp,
                                               server_of(lookup), NULL, &tcp_events, lookup);

    lookup->have = 0;
    if (err)
        lookup->tcp = NULL;
    else
        lookup->resolver->counts.tcp_queries++;
    return err != LEAT_ERR_NO_ROUTE;
}

/* Begins the current try; false: there is no way to its server. */
static bool begin_try(struct leat_lookup *lookup)
{
    struct leat *stack = lookup->resolver->stack;
    const uint64_t wait_ns = lookup->resolver->config.timeout_ns << round_of(lookup);

    lookup->id = (uint16_t)leat_random(stack);
    mix_case(lookup);
    lookup->soft = LEAT_OK;
    lookup->end_ns = leat_now_ns(stack) + wait_ns;
    timer_set(&stack->timers, &lookup->timer, lookup->end_ns);
    return lookup->by_tcp ? try_tcp(lookup) : try_udp(lookup);
}

/* Begins the next try that may help, or fails with @err: tries have an end. */
static void next_try(struct leat_lookup *lookup, enum leat_err err)
{
    const struct leat_resolver_config *config = &lookup->resolver->config;
    const unsigned end = (unsigned)config->server_count * config->rounds;

    for (; lookup->tries < end; lookup->tries++) {
        close_sockets(lookup, true);
        if (lookup->failed & 1u << server_index(lookup))
            continue;
        lookup->by_tcp = lookup->case_differed;
        lookup->case_differed = false;
        if (begin_try(lookup))
            return;
        lookup->failed |= (uint8_t)(1u << server_index(lookup));
        err = LEAT_ERR_NO_ROUTE;
    }
    fail(lookup, err);
}

/* This server can't answer: no later try shall ask it. */
static void server_failed(struct leat_lookup *lookup, enum leat_err err)
{
    lookup->resolver->counts.servers_failed++;
    lookup->failed |= (uint8_t)(1u << server_index(lookup));
    next_try(lookup, err);
}

static void on_timeout(struct timer *timer, void *context)
{
    struct leat_lookup *lookup = container_of(timer, struct leat_lookup, timer);

    (void)context;
    if (lookup->soft != LEAT_OK) {
        server_failed(lookup, lookup->soft);
        return;
    }
    lookup->resolver->counts.timeouts++;
    lookup->tries++;
    next_try(lookup, LEAT_ERR_TIMEOUT);
}

static void go_on_by_tcp(struct leat_lookup *lookup)
{
    close_sockets(lookup, true);
    lookup->by_tcp = true;
    if (!begin_try(lookup))
        server_failed(lookup, LEAT_ERR_REFUSED);
}

static void take_failure(struct leat_lookup *lookup, unsigned rcode)
{
    lookup->rcode = rcode;
    if (rcode != LEAT_DNS_FORMERR) {
        server_failed(lookup, LEAT_ERR_REFUSED);
        return;
    }
    lookup->tries++; /* may dislike EDNS (RFC 6891 7): the next round is without */
    next_try(lookup, LEAT_ERR_REFUSED);
}

/* Takes a message of our server, and may write into it. */
static void take_message(struct leat_lookup *lookup, uint8_t *message, size_t len)
{
    struct leat_resolver *resolver = lookup->resolver;
    struct leat_dns_result *result = &resolver->result;
    const struct dns_asked asked = {
        .name = &lookup->name, .id = lookup->id, .type = lookup->type, .any_case = lookup->by_tcp};
    const enum dns_reply reply = dns_reply_read(&asked, message, len, result);

    if (reply == DNS_REPLY_CASE) {
        lookup->case_differed = true;
        resolver->counts.drop_case++;
        return;
    }
    if (reply == DNS_REPLY_FOREIGN || (reply == DNS_REPLY_TRUNCATED && lookup->by_tcp)) {
        resolver->counts.drop_foreign++;
        if (lookup->by_tcp) /* nobody else can have said this */
            server_failed(lookup, LEAT_ERR_REFUSED);
        return;
    }
    resolver->counts.replies++;
    if (reply == DNS_REPLY_TRUNCATED) {
        resolver->counts.truncated++;
        go_on_by_tcp(lookup);
    } else if (reply == DNS_REPLY_FAILED) {
        take_failure(lookup, result->rcode);
    } else {
        /* the mixed case has done its work: the program shall not see it in the records */
        memcpy(message + DNS_HEADER_BYTES, lookup->asked.wire, lookup->asked.len);
        result->server = *server_of(lookup);
        result->name = lookup->asked;
        result->type = lookup->type;
        tell(lookup, dns_reply_follow(result));
    }
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct leat_lookup *lookup = arg;
    const uint32_t bytes_max = LENGTH_BYTES + lookup->resolver->config.answer_bytes;

    (void)peer; /* the socket is connected: it is our server */
    (void)local;
    /* only the first fragment shows what a stranger can't guess: the others may be his.  No server
     * needs any for what we say that we can take. */
    if (leat_udp_was_fragmented(udp)) {
        lookup->resolver->counts.drop_fragmented++;
        leat_buf_free(payload);
        go_on_by_tcp(lookup);
        return;
    }
    if (payload->next) /* of a pool of small buffers */
        take_message(lookup, lookup->message,
                     leat_buf_read(payload, 0, lookup->message, bytes_max));
    else
        take_message(lookup, payload->data, payload->len);
    leat_buf_free(payload);
}

static void on_udp_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                         void *arg)
{
    struct leat_lookup *lookup = arg;
    struct leat *stack = lookup->resolver->stack;
    const uint64_t soon_ns = leat_now_ns(stack) + lookup->resolver->config.timeout_ns / GRACE_PART;

    (void)udp;
    (void)peer;
    if (err != LEAT_ERR_REFUSED && err != LEAT_ERR_UNREACHABLE)
        return;
    /* it may be forged (RFC 5927): the answer still counts if it comes, for a while */
    lookup->soft = err;
    if (soon_ns >= lookup->end_ns)
        return;
    lookup->end_ns = soon_ns;
    timer_set(&stack->timers, &lookup->timer, soon_ns);
}

static const struct leat_udp_events udp_events = {.on_datagram = on_datagram,
                                                  .on_error = on_udp_error};

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct leat_lookup *lookup = arg;
    const size_t len = write_query(lookup, lookup->message + LENGTH_BYTES);
    size_t taken = 0;

    put16(lookup->message, (uint16_t)len);
    if (leat_tcp_write(conn, lookup->message, LENGTH_BYTES + len, &taken) ||
        taken < LENGTH_BYTES + len)
        server_failed(lookup, LEAT_ERR_REFUSED);
}

/* Bytes of length and reply together, as far as that is known. */
static uint32_t bytes_wanted(const struct leat_lookup *lookup)
{
    return LENGTH_BYTES + (lookup->have < LENGTH_BYTES ? 0u : get16(lookup->message));
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_lookup *lookup = arg;
    const uint32_t bytes_max = LENGTH_BYTES + (uint32_t)lookup->resolver->config.answer_bytes;

    while (lookup->have < LENGTH_BYTES || lookup->have < bytes_wanted(lookup)) {
        const uint32_t missing = bytes_wanted(lookup) - lookup->have;
        struct leat_buf *text;

        if (missing > bytes_max - lookup->have) {
            fail(lookup, LEAT_ERR_TOO_BIG);
            return;
        }
        text = leat_tcp_receive(conn, missing);
        if (!text) {
            if (leat_tcp_at_end(conn))
                server_failed(lookup, LEAT_ERR_REFUSED);
            return;
        }
        leat_tcp_consumed(conn, leat_buf_read(text, 0, lookup->message + lookup->have, missing));
        lookup->have += leat_buf_total(text);
        leat_buf_free(text);
    }
    take_message(lookup, lookup->message + LENGTH_BYTES, lookup->have - LENGTH_BYTES);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct leat_lookup *lookup = arg;

    (void)conn;
    lookup->tcp = NULL;
    server_failed(lookup, why != LEAT_OK ? why : LEAT_ERR_REFUSED);
}

static const struct leat_tcp_events tcp_events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};

enum leat_err leat_lookup_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                                uint16_t type, leat_lookup_fn *on_done, void *arg,
                                struct leat_lookup **lookup)
{
    struct leat_lookup *made = NULL;
    uint8_t *message;

    for (unsigned i = 0; i < resolver->config.lookups && !made; i++) {
        if (!resolver->lookups[i].on_done)
            made = &resolver->lookups[i];
    }
    if (!made)
        return LEAT_ERR_FULL;
    message = made->message;
    memset(made, 0, sizeof *made);
    made->message = message;
    made->resolver = resolver;
    made->timer.fire = on_timeout;
    made->ready.run = on_ready;
    made->on_done = on_done;
    made->arg = arg;
    made->asked = *name;
    made->type = type;
    next_try(made, LEAT_ERR_TIMEOUT);
    if (lookup)
        *lookup = made;
    return LEAT_OK;
}

void leat_lookup_cancel(struct leat_lookup *lookup)
{
    release(lookup, true);
}
