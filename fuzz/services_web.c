/* services_web.c -- the HTTP servers of both stacks, and a program that answers the first one's
 * requests in any order of calls. */
#include "services.h"

#include <stdlib.h>
#include <string.h>

#include <leat/http_flow.h>
#include <leat/http_server.h>
#include <leat/tls.h>

enum {
    EXCHANGES = 24,
    BODY_BYTES_MAX = 6000
};

/* A request that the program has. */
struct place {
    struct leat_http_exchange *exchange; /* NULL: none */
    bool begun;                          /* its reply has begun */
    bool held;                           /* the program does nothing, by a rule */
};

static const uint64_t second_ns = 1000000000;
static const char text[] = "what a route says, in some words";

static struct leat_http_server *servers[2];
static void *memories[2];
static struct place places[EXCHANGES];

/* ---- handling of requests ------------------------------------------------------------------ */

static void begin(struct place *place, uint8_t how)
{
    static const uint16_t statuses[] = {200, 204, 304, 404, 500, 201, 200, 200};
    const struct leat_http_head head = {.status = statuses[how % 8],
                                        .type = how & 8 ? "text/plain" : NULL,
                                        .fields = how & 16 ? "X-Said: yes\r\n" : NULL,
                                        .len = how & 32 ? how * 3u : LEAT_HTTP_ANY};

    place->begun = true;
    leat_http_reply(place->exchange, &head);
}

static void end(struct place *place)
{
    struct leat_http_exchange *exchange = place->exchange;
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};

    place->exchange = NULL;
    if (place->begun)
        leat_http_finish(exchange);
    else
        leat_http_answer(exchange, &head, text, sizeof text - 1);
}

static void abort_it(struct place *place)
{
    struct leat_http_exchange *exchange = place->exchange;

    place->exchange = NULL;
    leat_http_abort(exchange);
}

/* Receives data of the body; sends it back in the reply, if @echoes. */
static void take(struct place *place, uint32_t most, bool echoes)
{
    struct leat_buf *body = leat_http_receive(place->exchange, most);
    const uint32_t len = leat_buf_total(body);

    if (!body)
        return;
    services_demand(len <= most, "more of a body than was asked for");
    leat_http_consumed(place->exchange, len);
    if (echoes && place->begun && leat_http_send_room(place->exchange) >= len)
        (void)leat_http_send(place->exchange, body);
    else
        leat_buf_free(body);
}

static void ask(struct place *place)
{
    size_t len;

    services_demand(leat_http_request_path(place->exchange, &len) && len > 0, "a path");
    (void)leat_http_request_query(place->exchange, &len);
    (void)leat_http_request_type(place->exchange, &len);
    (void)leat_http_request_length(place->exchange);
    (void)leat_http_request_method(place->exchange);
    (void)leat_http_request_conn(place->exchange);
}

static void act_on(struct place *place, uint8_t how, uint8_t more)
{
    switch (how % 10) {
    case 0:
    case 1:
        end(place);
        break;
    case 2:
        abort_it(place);
        break;
    case 3:
        if (!place->begun)
            begin(place, more);
        break;
    case 4:
        if (place->begun)
            (void)leat_http_write(place->exchange, services_file, (size_t)more * 16);
        break;
    case 5:
        if (place->begun)
            leat_http_want_room(place->exchange, more * 64u);
        break;
    case 6:
        take(place, more & 1 ? UINT32_MAX : more, false);
        break;
    case 7:
        take(place, more & 1 ? UINT32_MAX : more, true);
        break;
    case 8:
        ask(place);
        break;
    default:
        place->held = !place->held;
        break;
    }
}

/* The default of the program: reads the body and answers. */
static void go_on(struct place *place)
{
    if (!place->exchange || place->held)
        return;
    take(place, UINT32_MAX, true);
    if (leat_http_body_over(place->exchange))
        end(place);
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    unsigned i = 0;

    (void)arg;
    while (i < EXCHANGES && places[i].exchange)
        i++;
    if (i == EXCHANGES) {
        leat_http_abort(exchange);
        return;
    }
    places[i] = (struct place){.exchange = exchange};
    leat_http_set_arg(exchange, &places[i]);
    services_obey(SERVICES_ON_EXCHANGE, &places[i]);
}

static void on_more(struct leat_http_exchange *exchange, void *arg)
{
    struct place *place = arg;

    services_demand(place->exchange == exchange, "a callback of an exchange that is over");
    services_obey(SERVICES_ON_EXCHANGE, place);
    go_on(place);
}

static void on_writable(struct leat_http_exchange *exchange, void *arg)
{
    struct place *place = arg;

    services_demand(place->exchange == exchange, "on_writable of an exchange that is over");
    services_obey(SERVICES_ON_EXCHANGE, place);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    struct place *place = arg;

    services_demand(place->exchange == exchange && why, "on_failed of an exchange that is over");
    place->exchange = NULL;
    services_obey(SERVICES_ON_EXCHANGE_FAILED, NULL);
}

/* ---- the servers -------------------------------------------------------------------------- */

static const struct leat_http_route routes[] = {
    {.path = "/r",
     .methods = LEAT_HTTP_GET | LEAT_HTTP_POST | LEAT_HTTP_PUT,
     .body_bytes_max = BODY_BYTES_MAX,
     .on_request = on_request,
     .on_body = on_more,
     .on_writable = on_writable,
     .on_failed = on_failed},
    {.path = "/any/",
     .methods = LEAT_HTTP_POST,
     .below = true,
     .body_bytes_max = LEAT_HTTP_ANY,
     .on_request = on_request,
     .on_body = on_more,
     .on_writable = on_writable,
     .on_failed = on_failed},
    {LEAT_HTTP_TASK_ROUTE("/t", LEAT_HTTP_GET | LEAT_HTTP_POST, &services_handler),
     .body_bytes_max = BODY_BYTES_MAX}};

static const struct leat_http_file files[] = {{.path = "/file",
                                               .type = "text/plain",
                                               .bytes = services_file,
                                               .len = SERVICES_FILE_BYTES,
                                               .tag = 7,
                                               .modified_ns = 1800000000000000000},
                                              {.path = "/index.html", .type = "text/html"}};

static void open_server(unsigned end_number)
{
    const uint8_t draw = end_number == 0 ? services_draw.web : 0;
    const struct leat_http_server_config config = {
        .files = files,
        .file_count = sizeof files / sizeof *files,
        .routes = routes,
        .route_count = end_number == 0 ? sizeof routes / sizeof *routes : 0,
        .clients = draw & 1 ? 3 : 12,
        .idle_ns = 2 * second_ns,
        .head_ns = 2 * second_ns,
        .stall_ns = 3 * second_ns,
        .receive_early = draw & 2 ? NULL : leat_tls_receive_early,
    };
    const size_t bytes = leat_http_server_memory_bytes(&config);

    memories[end_number] = services_memory(bytes);
    if (!leat_http_server_open(&servers[end_number], services_ends[end_number].stack,
                               memories[end_number], bytes, &config))
        return;
    free(memories[end_number]);
    memories[end_number] = NULL;
    servers[end_number] = NULL;
}

static bool serve_ours(const struct leat_stream *session)
{
    return servers[0] && leat_http_server_serve(servers[0], session);
}

static bool serve_theirs(const struct leat_stream *session)
{
    return servers[1] && leat_http_server_serve(servers[1], session);
}

void services_web_open(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!servers[i])
            open_server(i);
    }
    services_secret_listen(0, SERVICES_PORT_SECRET, serve_ours);
    services_secret_listen(1, SERVICES_PORT_SECRET, serve_theirs);
}

static void close_server(unsigned number)
{
    if (servers[number])
        leat_http_server_close(servers[number]);
    servers[number] = NULL;
    free(memories[number]);
    memories[number] = NULL;
}

void services_web_close(bool both)
{
    close_server(0);
    if (both)
        close_server(1);
    memset(places, 0, sizeof places);
}

void services_web_act(const struct services_act *act, void *self)
{
    struct place *place = self && services_where == SERVICES_ON_EXCHANGE && act->which & 128
                              ? self
                              : &places[act->which % EXCHANGES];

    if (act->which % 64 == 63 && servers[0])
        leat_http_server_stop(servers[0]);
    else if (place->exchange)
        act_on(place, act->how, act->more);
}

void services_web_settle(void)
{
    for (unsigned i = 0; i < EXCHANGES; i++) {
        struct place *place = &places[i];

        place->held = false;
        if (place->exchange && place->begun)
            end(place);
        else
            go_on(place);
    }
}

unsigned services_web_pending(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < EXCHANGES; i++)
        count += places[i].exchange != NULL;
    return count;
}
