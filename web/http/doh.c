/*
 * doh.c -- DNS over HTTPS (RFC 8484). See leat/doh.h.
 *
 * An exchange takes a place while its query waits for the forwarder, or its reply for room in the
 * send queue. A connection has one exchange at a time, so there are as many places as connections,
 * and the HTTP server's shares are those of the places, too.
 *
 * Clients decide how long buffers stay taken, so few are. A query is copied out of the buffers that
 * it came in, since a client may send it byte by byte. A reply goes into the send queue, which is
 * the account of its connection; all ends of replies that have no room there, of clients that read
 * slowly, have a common limit.
 */
#include <leat/doh.h>

#include <string.h>

#include "core/container_of.h"
#include "service.h"

enum {
    ALIGN = 16,
    CLIENTS = 512,
    QUERY_BYTES = 1024, /* no valid query is longer, with any padding */
    RESTS_BYTES =
        2 * UINT16_MAX /* of all replies that wait for room: the ends of two of the longest */
};

struct place {
    struct leat_forwarder_query query;
    struct leat_doh *doh;
    struct leat_http_exchange *exchange; /* NULL: free */
    struct leat_buf *rest;               /* of the reply, which waits for room; NULL: none */
    struct place *next_free;
    uint16_t len; /* of the query, as far as it has come */
    uint8_t message[QUERY_BYTES];
};

struct leat_doh {
    struct leat_forwarder *forwarder;
    struct leat_doh_counts counts;
    struct leat_pool *pool;
    struct place *places;
    struct place *free;
    uint16_t place_count;
    uint32_t rest_bytes; /* of all places */
};

/* ---- places ------------------------------------------------------------------------------- */

static struct place *take_place(struct leat_doh *doh, struct leat_http_exchange *exchange)
{
    struct place *place = doh->free;

    if (!place) {
        doh->counts.busy++;
        return NULL;
    }
    doh->free = place->next_free;
    place->exchange = exchange;
    place->len = 0;
    leat_http_set_arg(exchange, place);
    return place;
}

static void give_place(struct place *place)
{
    place->doh->rest_bytes -= leat_buf_total(place->rest);
    leat_buf_free(place->rest);
    place->rest = NULL;
    place->exchange = NULL;
    place->next_free = place->doh->free;
    place->doh->free = place;
}

/* ---- replies ------------------------------------------------------------------------------ */

/* A refusal: its status, and one line with the reason. */
struct refusal {
    uint16_t status;
    uint16_t len;
    const char *why;
};

#define REFUSAL(status, why)                                                                       \
    {                                                                                              \
        status, sizeof(why) - 1, why                                                               \
    }

static const struct refusal no_query = REFUSAL(400, "this is no DNS query\n");
static const struct refusal no_parameter = REFUSAL(400, "a query is wanted: ?dns= in base64url\n");
static const struct refusal other_type =
    REFUSAL(415, "the type of a query is application/dns-message\n");
static const struct refusal too_many = REFUSAL(503, "too many queries at a time\n");

static void refuse(struct leat_http_exchange *exchange, const struct refusal *refusal)
{
    const struct leat_http_head head = {.status = refusal->status,
                                        .type = "text/plain; charset=utf-8"};

    leat_http_answer(exchange, &head, refusal->why, refusal->len);
}

/* RFC 8484 5.1: the freshness lifetime is at most the least TTL. It is a constant, because the
 * server keeps the fields for longer than an exchange lasts. */
static const char *freshness(uint32_t ttl_s)
{
    static const struct {
        uint32_t from_s;
        const char *field;
    } all[] = {
        {86400, "Cache-Control: max-age=86400\r\n"}, {3600, "Cache-Control: max-age=3600\r\n"},
        {1800, "Cache-Control: max-age=1800\r\n"},   {900, "Cache-Control: max-age=900\r\n"},
        {300, "Cache-Control: max-age=300\r\n"},     {120, "Cache-Control: max-age=120\r\n"},
        {60, "Cache-Control: max-age=60\r\n"},       {30, "Cache-Control: max-age=30\r\n"},
        {10, "Cache-Control: max-age=10\r\n"},       {5, "Cache-Control: max-age=5\r\n"},
        {2, "Cache-Control: max-age=2\r\n"},         {1, "Cache-Control: max-age=1\r\n"},
    };

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        if (ttl_s >= all[i].from_s)
            return all[i].field;
    }
    return "Cache-Control: max-age=0\r\n";
}

/* Sends what there is room for of the rest of the reply, and ends the exchange behind it. */
static void send_rest(struct place *place)
{
    struct leat_http_exchange *exchange = place->exchange;

    while (place->rest) {
        const uint32_t len = place->rest->len;
        const size_t taken = leat_http_write(exchange, place->rest->data, len);

        place->rest = leat_buf_consume(place->rest, (uint32_t)taken);
        place->doh->rest_bytes -= (uint32_t)taken;
        if (taken < len)
            return; /* on_writable follows */
    }
    give_place(place);
    leat_http_finish(exchange);
}

/* Keeps the end of a reply; false: there is no room or no buffer for it. */
static bool keep_rest(struct place *place, const uint8_t *bytes, size_t len)
{
    struct leat_doh *doh = place->doh;

    if (len > RESTS_BYTES - doh->rest_bytes)
        return false;
    place->rest = leat_buf_copy(doh->pool, bytes, (uint32_t)len);
    doh->rest_bytes += leat_buf_total(place->rest);
    return place->rest != NULL;
}

static void on_reply(struct leat_forwarder_query *query, const uint8_t *reply, size_t len,
                     uint32_t ttl_s)
{
    struct place *place = container_of(query, struct place, query);
    const struct leat_http_head head = {
        .status = 200, .type = "application/dns-message", .fields = freshness(ttl_s), .len = len};
    struct leat_http_exchange *exchange = place->exchange;
    size_t taken;

    place->doh->counts.replies++;
    leat_http_reply(exchange, &head);
    taken = leat_http_write(exchange, reply, len);
    if (taken < len && keep_rest(place, reply + taken, len - taken))
        return; /* on_writable follows */
    /* the length was announced, so only the end of the connection shows that data is missing */
    place->doh->counts.failed += taken < len;
    give_place(place);
    if (taken < len)
        leat_http_abort(exchange);
    else
        leat_http_finish(exchange);
}

/* ---- requests ----------------------------------------------------------------------------- */

/* Passes the query to the forwarder. */
static void ask(struct place *place)
{
    struct leat_doh *doh = place->doh;
    struct leat_http_exchange *exchange = place->exchange;
    const struct leat_tcp *conn = leat_http_request_conn(exchange);

    place->query = (struct leat_forwarder_query){.peer = leat_http_request_peer(exchange),
                                                 .on_reply = on_reply};
    if (conn) {
        struct leat_tcp_info info;

        leat_tcp_get_info(conn, &info);
        place->query.local = info.local.ip;
    }
    doh->counts.queries++;
    if (leat_forwarder_ask(doh->forwarder, &place->query, place->message, place->len))
        return;
    doh->counts.malformed++;
    give_place(place);
    refuse(exchange, &no_query);
}

static int digit_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '-' ? 62 : letter == '_' ? 63 : -1;
}

/* Decodes base64url (RFC 4648 5) without padding. Returns the length, 0 if @text is none. */
static size_t decode(const char *text, size_t len, uint8_t *to, size_t room)
{
    unsigned bits = 0, bit_count = 0;
    size_t have = 0;

    if (len % 4 == 1)
        return 0;
    for (size_t i = 0; i < len; i++) {
        const int digit = digit_of(text[i]);

        if (digit < 0)
            return 0;
        bits = bits << 6 | (unsigned)digit;
        bit_count += 6;
        if (bit_count < 8)
            continue;
        if (have == room)
            return 0;
        bit_count -= 8;
        to[have++] = (uint8_t)(bits >> bit_count);
        bits &= (1u << bit_count) - 1;
    }
    return bits == 0 ? have : 0; /* bits behind the last byte are 0 */
}

/* Finds the parameter `dns` of a query; NULL: there is none. */
static const char *find_message(const char *query, size_t query_len, size_t *len)
{
    static const char name[] = "dns=";
    const size_t name_len = sizeof name - 1;

    for (size_t at = 0; at < query_len; at++) {
        size_t end = at;

        while (end < query_len && query[end] != '&')
            end++;
        if (end - at >= name_len && memcmp(query + at, name, name_len) == 0) {
            *len = end - at - name_len;
            return query + at + name_len;
        }
        at = end;
    }
    return NULL;
}

static void take_get(struct place *place)
{
    struct leat_http_exchange *exchange = place->exchange;
    size_t query_len, text_len = 0;
    const char *query = leat_http_request_query(exchange, &query_len);
    const char *text = find_message(query, query_len, &text_len);

    place->len = text ? (uint16_t)decode(text, text_len, place->message, sizeof place->message) : 0;
    if (place->len > 0) {
        ask(place);
        return;
    }
    place->doh->counts.malformed++;
    give_place(place);
    refuse(exchange, &no_parameter);
}

/* True for application/dns-message, in any case, with or without parameters. */
static bool is_message(const char *type, size_t len)
{
    static const char name[] = "application/dns-message";
    const size_t name_len = sizeof name - 1;

    if (len < name_len || (len > name_len && type[name_len] != ';' && type[name_len] != ' '))
        return false;
    for (size_t i = 0; i < name_len; i++) {
        const char letter = type[i];

        if ((letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter) != name[i])
            return false;
    }
    return true;
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    const bool has_body = leat_http_request_method(exchange) == LEAT_HTTP_POST;
    struct leat_doh *doh = arg;
    struct place *place;
    size_t type_len;
    const char *type = leat_http_request_type(exchange, &type_len);

    if (has_body && !is_message(type, type_len)) {
        doh->counts.types++;
        refuse(exchange, &other_type);
        return;
    }
    place = take_place(doh, exchange);
    if (!place)
        refuse(exchange, &too_many);
    else if (!has_body)
        take_get(place);
    /* the body of a POST follows */
}

/* Only exchanges with a place get here: others have been answered by on_request(). */
static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    struct place *place = arg;
    struct leat_buf *data;

    if (leat_http_request_method(exchange) != LEAT_HTTP_POST)
        return;
    /* a longer body gets 413, as body_bytes_max says */
    while ((data = leat_http_receive(exchange, QUERY_BYTES - place->len))) {
        place->len +=
            (uint16_t)leat_buf_read(data, 0, place->message + place->len, QUERY_BYTES - place->len);
        leat_http_consumed(exchange, leat_buf_total(data));
        leat_buf_free(data);
    }
    if (leat_http_body_over(exchange))
        ask(place);
}

static void on_writable(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    send_rest(arg);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    struct place *place = arg;

    (void)exchange;
    (void)why;
    place->doh->counts.failed++;
    leat_forwarder_cancel(&place->query);
    give_place(place);
}

/* ---- open and close ----------------------------------------------------------------------- */

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static uint16_t places_of(const struct leat_doh_config *config)
{
    return config->clients ? config->clients : CLIENTS;
}

size_t leat_doh_memory_bytes(const struct leat_doh_config *config)
{
    return ALIGN + align_up(sizeof(struct leat_doh)) + places_of(config) * sizeof(struct place);
}

enum leat_err leat_doh_open(struct leat_doh **doh, struct leat *stack, void *memory, size_t bytes,
                            const struct leat_doh_config *config)
{
    uint8_t *block = memory;
    struct leat_doh *made;

    if (!config->forwarder || LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_doh_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_doh *)(void *)block;
    memset(made, 0, sizeof *made);
    made->forwarder = config->forwarder;
    made->pool = leat_pool(stack);
    made->places = (struct place *)(void *)(block + align_up(sizeof *made));
    made->place_count = places_of(config);
    for (unsigned i = made->place_count; i-- > 0;) {
        made->places[i] = (struct place){.doh = made};
        give_place(&made->places[i]);
    }
    *doh = made;
    return LEAT_OK;
}

struct leat_http_route leat_doh_route(struct leat_doh *doh, const char *path)
{
    return (struct leat_http_route){.path = path,
                                    .methods = LEAT_HTTP_GET | LEAT_HTTP_POST,
                                    .body_bytes_max = QUERY_BYTES,
                                    .on_request = on_request,
                                    .on_body = on_body,
                                    .on_writable = on_writable,
                                    .on_failed = on_failed,
                                    .arg = doh};
}

void leat_doh_close(struct leat_doh *doh)
{
    for (unsigned i = 0; i < doh->place_count; i++) {
        struct place *place = &doh->places[i];

        if (place->exchange) {
            leat_forwarder_cancel(&place->query);
            give_place(place);
        }
    }
}

const struct leat_doh_counts *leat_doh_counts(const struct leat_doh *doh)
{
    return &doh->counts;
}
