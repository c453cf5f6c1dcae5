/* services_calls.c -- the HTTP client of the first stack, and a program that makes calls. */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/http_client.h>
#include <leat/tls.h>

enum {
    CALLS = 8,
    URL_BYTES = 80
};

/* A call of the program. */
struct place {
    struct leat_http_call *call; /* NULL: none */
    bool replied;
    bool is_file;    /* the reply must be data of the second stack's file, all of it or a
                      * contiguous part */
    bool streams;    /* the program still has request data to send */
    bool open_ended; /* and has not announced its length */
    bool has_ticket; /* and the call has a unique ticket */
    bool held;       /* the program does nothing, by a rule */
    uint32_t heard;  /* bytes of the reply */
    uint32_t left;   /* bytes of the request */
};

static const uint64_t second_ns = 1000000000;

static struct leat_http_client *client;
static void *memory;
static struct place places[CALLS];
static struct leat_tls_ticket ticket;
static struct leat_connect_config by_name;

/* ---- a call ------------------------------------------------------------------------------- */

static void end(struct place *place)
{
    struct leat_http_call *call = place->call;

    place->call = NULL;
    leat_http_call_close(call);
}

/* Checks that a file's data comes from its beginning, without a gap, and not beyond its end. */
static void check_file(const struct place *place, const struct leat_buf *body)
{
    uint32_t at = place->heard;

    services_demand(at + leat_buf_total(body) <= SERVICES_FILE_BYTES, "more than the file has");
    for (; body; body = body->next) {
        services_demand(memcmp(body->data, services_file + at, body->len) == 0, "wrong data");
        at += body->len;
    }
}

static void take(struct place *place, uint32_t most)
{
    struct leat_buf *body = leat_http_call_receive(place->call, most);
    const uint32_t len = leat_buf_total(body);

    if (!body)
        return;
    services_demand(len <= most, "more of a reply than was asked for");
    if (place->is_file)
        check_file(place, body);
    place->heard += len;
    leat_http_call_consumed(place->call, len);
    leat_buf_free(body);
}

static void send(struct place *place, uint32_t most)
{
    const uint32_t len = place->left < most ? place->left : most;

    if (!place->streams)
        return;
    place->left -= (uint32_t)leat_http_call_write(place->call, services_file, len);
    if (place->left > 0)
        return;
    place->streams = false;
    if (place->open_ended)
        leat_http_call_finish(place->call);
}

/* The default of the program: reads the reply to its end. */
static void go_on(struct place *place)
{
    if (!place->call || place->held || !place->replied)
        return;
    take(place, UINT32_MAX);
    if (!leat_http_call_over(place->call))
        return;
    services_demand(!place->is_file || place->heard == SERVICES_FILE_BYTES, "a part of the file");
    end(place);
}

static void on_reply(struct leat_http_call *call, void *arg)
{
    struct place *place = arg;
    size_t len;

    services_demand(place->call == call && !place->replied, "a second reply");
    place->replied = true;
    place->is_file &= leat_http_call_status(call) == 200;
    services_demand(!place->is_file || leat_http_call_length(call) == SERVICES_FILE_BYTES,
                    "the length of the file");
    (void)leat_http_call_field(call, "content-type", &len);
    services_obey(SERVICES_ON_CALL, place);
}

static void on_body(struct leat_http_call *call, void *arg)
{
    struct place *place = arg;

    services_demand(place->call == call && place->replied, "a body of no call");
    services_obey(SERVICES_ON_CALL, place);
    go_on(place);
}

static void on_writable(struct leat_http_call *call, void *arg)
{
    struct place *place = arg;

    services_demand(place->call == call, "on_writable of no call");
    services_obey(SERVICES_ON_CALL, place);
    if (place->call && !place->held)
        send(place, 2000);
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    struct place *place = arg;

    services_demand(place->call == call && why, "on_failed of no call");
    place->call = NULL;
    services_obey(SERVICES_ON_CALL_FAILED, NULL);
}

/* ---- targets of calls --------------------------------------------------------------------- */

static void write_url(char *url, uint8_t which, uint8_t more)
{
    static const struct {
        const char *scheme;
        uint8_t end;
        uint16_t port;
        const char *path;
    } places_of[] = {{"http", 1, SERVICES_PORT_WEB, "/file"},
                     {"https", 1, SERVICES_PORT_SECRET, "/file"},
                     {"http", 1, SERVICES_PORT_WILD, "/wild"},
                     {"http", 0, SERVICES_PORT_WEB, "/r"}, /* to ourselves */
                     {"https", 0, SERVICES_PORT_SECRET, "/r"},
                     {"http", 1, 9, "/"}, /* a closed port */
                     {"http", 0, SERVICES_PORT_WEB, "/t"}};
    const unsigned i = which % (sizeof places_of / sizeof *places_of);
    char ip[LEAT_IP_TEXT_BYTES];

    if (which & 128 && services_name(more, ip)) {
        snprintf(url, URL_BYTES, "http://%s:%u/x", ip, (unsigned)SERVICES_PORT_WILD);
        return;
    }
    leat_ip_format(services_ends[places_of[i].end].ip, ip);
    snprintf(url, URL_BYTES, services_draw.is_ipv6 ? "%s://[%s]:%u%s" : "%s://%s:%u%s",
             places_of[i].scheme, ip, (unsigned)places_of[i].port, places_of[i].path);
}

static bool ticket_is_free(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        if (places[i].call && places[i].has_ticket)
            return false;
    }
    return true;
}

/* Sets the method, body and deadline from @how. */
static void shape(struct leat_http_request *request, struct place *place, uint8_t how)
{
    if (how & 1) {
        request->method = how & 2 ? LEAT_HTTP_POST : LEAT_HTTP_PUT;
        request->body_len = how & 4 ? LEAT_HTTP_ANY : how * 30u;
        place->left = how * 30u;
        place->open_ended = request->body_len == LEAT_HTTP_ANY;
        place->streams = place->left > 0 || place->open_ended;
        if (how & 8 && request->body_len != LEAT_HTTP_ANY) {
            request->body = services_file;
            place->streams = false;
        }
    } else if (how & 2) {
        request->method = LEAT_HTTP_HEAD;
    } else if (how & 4 && ticket_is_free()) {
        place->has_ticket = true;
        request->ticket = &ticket;
        request->early = how & 8;
    }
    if (how & 16)
        request->fields = "X-Leat: 1\r\n";
    if (how & 32)
        request->deadline_ns = services_now_ns + (uint64_t)how * 10000000;
}

static void call(const struct services_act *act)
{
    struct leat_http_request request = {.on_reply = on_reply,
                                        .on_body = on_body,
                                        .on_writable = on_writable,
                                        .on_failed = on_failed};
    char url[URL_BYTES];
    unsigned i = 0;

    while (i < CALLS && places[i].call)
        i++;
    if (!client || i == CALLS)
        return;
    places[i] = (struct place){0};
    write_url(url, act->which, act->more);
    shape(&request, &places[i], act->how);
    places[i].is_file = strstr(url, "/file") && !(act->how & 3);
    request.url = url;
    request.arg = &places[i];
    if (leat_http_call(client, &request, &places[i].call))
        places[i] = (struct place){0};
}

static void act_on(struct place *place, const struct services_act *act)
{
    switch (act->how % 8) {
    case 0:
        end(place);
        break;
    case 1:
        place->held = !place->held;
        break;
    case 2:
        if (place->replied)
            take(place, act->more);
        break;
    case 3:
        send(place, act->more);
        break;
    case 4:
        if (place->replied && leat_http_call_over(place->call))
            end(place);
        break;
    default:
        if (place->replied)
            take(place, UINT32_MAX);
        break;
    }
}

void services_calls_act(const struct services_act *act, void *self)
{
    struct place *place = self && services_where == SERVICES_ON_CALL && act->which & 128
                              ? self
                              : &places[act->which % CALLS];

    if (act->what % 16 != 4)
        call(act);
    else if (place->call)
        act_on(place, act);
}

/* ---- the client --------------------------------------------------------------------------- */

void services_calls_open(void)
{
    const uint8_t draw = services_draw.web;
    const struct leat_http_client_config config = {
        .connect = &by_name,
        .connections = draw & 4 ? 2 : 6,
        .reply_bytes = draw & 8 ? 256 : 2048,
        .connect_ns = 4 * second_ns,
        .stall_ns = 5 * second_ns,
        .kept_ns = draw & 16 ? second_ns / 4 : 3 * second_ns,
        .tls_connect = leat_tls_connect,
        .tls_info = leat_tls_get_info,
        .tls = services_tls(0),
        .anchors = services_anchors(),
    };
    const size_t bytes = leat_http_client_memory_bytes(&config);

    if (client)
        return;
    by_name = (struct leat_connect_config){.resolver = services_resolver(),
                                           .hosts = "10.0.0.2 n1.test\n"};
    ticket = (struct leat_tls_ticket){0};
    memory = services_memory(bytes);
    services_demand(!leat_http_client_open(&client, services_ends[0].stack, memory, bytes, &config),
                    "a client");
}

void services_calls_close(void)
{
    if (client)
        leat_http_client_close(client);
    client = NULL;
    free(memory);
    memory = NULL;
    memset(places, 0, sizeof places);
}

/* Ends the calls that wait for the program to send or to read. */
void services_calls_settle(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        struct place *place = &places[i];
        const bool waited = place->held || place->streams;

        place->held = false;
        if (place->call && waited)
            end(place);
        else
            go_on(place);
    }
}

unsigned services_calls_pending(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CALLS; i++)
        count += places[i].call != NULL;
    return count;
}
