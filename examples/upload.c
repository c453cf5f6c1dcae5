/*
 * upload.c -- a page with a form; the files that it sends come back as one Zip archive, while they
 * come: nothing is kept, and what passes is not copied, unless it is to be compressed.
 */
#include <string.h>

#include <leat/civil.h>
#include <leat/http_server.h>
#include <leat/metrics.h>

#include "example.h"
#include "upload.h"

enum {
    PLACES = 256, /* uploads at a time, if nothing else is said: one more is told to come again */
#if __STDC_HOSTED__
    PLACES_MAX = 4096, /* memory that Linux gives when it is used */
#else
    PLACES_MAX = PLACES, /* an image has what it begins with */
#endif
    SPARE = 44, /* clients beyond them: who is told so, or looks at the page */
    CLIENT_BYTES = 2400,
    ROOM_BYTES = 2048 /* of the reply, below which nothing is read */
};

static struct upload uploads[PLACES_MAX];
static unsigned places = PLACES;
static _Alignas(16) unsigned char memory[(PLACES_MAX + SPARE) * CLIENT_BYTES];

static const char page[] =
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>leat: upload</title><h1>Files into a Zip archive</h1>"
    "<form action=/upload method=post enctype=multipart/form-data>"
    "<p><input type=file name=file multiple required><p><button>Upload</button></form>";

static const struct leat_http_file files[] = {
    {.path = "/index.html", .type = "text/html", .bytes = page, .len = sizeof page - 1}};

static void answer(struct leat_http_exchange *exchange, uint16_t status, const char *text)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    leat_http_answer(exchange, &head, text, (uint32_t)strlen(text));
}

static void release(struct upload *upload)
{
    upload_pack_release(upload);
    leat_buf_free(upload->in);
    upload->in = NULL;
    upload->exchange = NULL;
}

/* What has come is no form, or more than fits. */
static void refuse(struct upload *upload)
{
    if (upload->begun)
        leat_http_abort(upload->exchange);
    else
        answer(upload->exchange, 400, "That is no form with files.\n");
    release(upload);
}

/* Goes on as far as there are bytes, and room for them. */
static void pump(struct leat_http_exchange *exchange, void *arg)
{
    struct upload *upload = arg;

    while (upload->piece_len == 0 || upload_send_piece(upload)) {
        uint32_t room = UINT32_MAX;

        if (upload->over) {
            upload->piece_len = leat_zip_end(&upload->zip, upload->piece);
            if (upload->piece_len > 0)
                continue;
            leat_http_finish(exchange);
            release(upload);
            return;
        }
        if (upload->begun && (room = leat_http_send_room(exchange)) < ROOM_BYTES) {
            leat_http_want_room(exchange, ROOM_BYTES);
            return;
        }
        if (upload->packing || upload->file_over) {
            if (upload_go_on(upload, room))
                continue;
            refuse(upload);
            return;
        }
        if (!upload->in)
            upload->in = leat_http_receive(exchange, UINT32_MAX);
        if (!upload->in && !leat_http_body_over(exchange))
            return;
        if (!upload->in || !upload_read(upload, room)) {
            refuse(upload);
            return;
        }
    }
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    size_t len;
    const char *type = leat_http_request_type(exchange, &len);
    struct upload *upload = uploads;

    (void)arg;
    while (upload < uploads + places && upload->exchange)
        upload++;
    if (upload == uploads + places) {
        answer(exchange, 503, "Too many uploads now.\n");
    } else if (!leat_multipart_start(&upload->form, type, len)) {
        answer(exchange, 415, "Send multipart/form-data.\n");
    } else {
        leat_zip_start(&upload->zip, upload->directory, sizeof upload->directory);
        upload->begun = upload->in_file = upload->over = upload->file_over = false;
        upload->piece_at = upload->piece_len = 0;
        upload->exchange = exchange;
        leat_http_set_arg(exchange, upload);
    }
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)why;
    release(arg);
}

static const struct leat_http_route routes[] = {{.path = "/upload",
                                                 .methods = LEAT_HTTP_POST,
                                                 .body_bytes_max = LEAT_HTTP_ANY,
                                                 .on_request = on_request,
                                                 .on_body = pump,
                                                 .on_writable = pump,
                                                 .on_failed = on_failed},
                                                LEAT_METRICS_ROUTE("/metrics")};

/* "places=3000": how many uploads there may be at a time. */
static bool take_places(const char *word)
{
    static const char name[] = "places=";
    unsigned count = 0;

    if (strncmp(word, name, sizeof name - 1) != 0)
        return false;
    for (word += sizeof name - 1; *word >= '0' && *word <= '9' && count <= PLACES_MAX; word++)
        count = 10 * count + (unsigned)(*word - '0');
    places = count;
    return !*word && count > 0 && count <= PLACES_MAX;
}

static const char *take_words(const struct example_platform *platform)
{
    const char *problem = NULL;

    for (int i = 0; i < platform->argument_count && !problem; i++) {
        if (strcmp(platform->arguments[i], "deflate") == 0)
            problem = upload_pack_start(leat_pool(platform->stack));
        else if (!take_places(platform->arguments[i]))
            problem = PLACES_MAX > PLACES ? "its words are deflate and places=N, from 1 to 4096"
                                          : "its words are deflate and places=N, from 1 to 256";
    }
    return problem;
}

static const char *start(struct example_platform *platform)
{
    const char *problem = take_words(platform);
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = 1,
                                                   .routes = routes,
                                                   .route_count = 2,
                                                   .port = platform->port,
                                                   .clients = (uint16_t)(places + SPARE)};
    struct leat_http_server *server;

    if (problem)
        return problem;
    upload_begin(leat_pool(platform->stack));
    leat_civil_from_host(platform->stack, platform->host); /* no clock: replies without a Date */
    return leat_http_server_open(&server, platform->stack, memory, sizeof memory, &config)
               ? "can't open the TCP port"
               : NULL;
}

const struct example example = {.name = "upload",
                                .summary = "Sends the files of a form back as a Zip archive.",
                                .arguments = "[deflate] [places=N]",
                                .default_port = LEAT_HTTP_PORT,
                                .start = start};
