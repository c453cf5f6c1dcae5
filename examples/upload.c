/*
 * upload.c -- a page with a form; its files come back as one Zip archive while they arrive. Nothing
 * is stored, and data is not copied unless it is compressed.
 */
#include <string.h>

#include <leat/civil.h>
#include <leat/http_server.h>
#include <leat/metrics.h>

#include "example.h"
#include "upload.h"

enum {
    PLACES = 256, /* uploads at a time, by default */
#if __STDC_HOSTED__
    PLACES_MAX = 4096, /* Linux provides the memory only when it is used */
#else
    PLACES_MAX = PLACES, /* an image has what it begins with */
#endif
    SPARE = 44, /* further clients, which read the page, or upload, too */
    CLIENTS_MAX = PLACES_MAX + SPARE,
    CLIENT_BYTES = 2400 + LEAT_HTTP_ACCESS_CLIENT_BYTES,
    ROOM_BYTES = 2048 /* of the reply, below which nothing is read */
};

/* One for each client, including clients that the server has displaced and that are about to end.
 * So an upload always finds one, and the server's shares apply to uploads. */
#define ALL_OF(clients) ((clients) + (clients) / 32 + 1)

static struct upload uploads[ALL_OF(CLIENTS_MAX)];
static unsigned places = PLACES;
static _Alignas(16) unsigned char memory[ALL_OF(CLIENTS_MAX) * CLIENT_BYTES];

static const char page[] =
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>leat: upload</title><h1>Files into a Zip archive</h1>"
    "<form action=/upload method=post enctype=multipart/form-data>"
    "<p><input type=file name=file multiple required><p><button>Upload</button></form>"
    "<iframe name=sent hidden></iframe><iframe name=zip hidden></iframe><script>"
    "document.forms[0].onsubmit=e=>{const id=crypto.getRandomValues(new Uint32Array(3)).join('-');"
    "e.target.target='sent';e.target.action='/upload?'+id;frames.zip.location='/files.zip?'+id}"
    "</script>";

static const struct leat_http_file files[] = {
    {.path = "/index.html", .type = "text/html", .bytes = page, .len = sizeof page - 1}};

/* Room of the reply, below which nothing more is read. */
static uint32_t needed(const struct upload *upload)
{
    return ROOM_BYTES + upload->block_len;
}

/* Continues as far as there are bytes, and room for them. */
static void pump(struct leat_http_exchange *exchange, void *arg)
{
    struct upload *upload = arg;

    (void)exchange;
    if (!upload->from || !upload->to)
        return; /* the other half will follow */
    while (upload->piece_len == 0 || upload_send_piece(upload)) {
        uint32_t room = UINT32_MAX;

        if (upload->block_is_due) {
            if (!upload_send_block(upload))
                return;
            continue;
        }
        if (upload->over) {
            upload->piece_len = leat_zip_end(&upload->zip, upload->piece);
            if (upload->piece_len > 0)
                continue;
            upload_finish(upload);
            return;
        }
        if (upload->begun && (room = leat_http_send_room(upload->to)) < needed(upload)) {
            if (upload->block) {
                upload->block_is_due = true;
                continue;
            }
            leat_http_want_room(upload->to, ROOM_BYTES);
            return;
        }
        if (upload->packing || upload->file_over) {
            if (upload_go_on(upload, room))
                continue;
            upload->trouble = UPLOAD_NO_BUFFER;
            upload_refuse(upload);
            return;
        }
        if (!upload->in)
            upload->in = leat_http_receive(upload->from, UINT32_MAX);
        if (!upload->in && !leat_http_body_over(upload->from))
            return;
        if (!upload->in || !upload_read(upload, room - upload->block_len)) {
            upload_refuse(upload);
            return;
        }
    }
}

static void on_form(struct leat_http_exchange *exchange, void *arg)
{
    size_t len, query_len;
    const char *type = leat_http_request_type(exchange, &len);
    struct upload *upload = upload_place(exchange, true);

    (void)arg;
    leat_http_request_query(exchange, &query_len);
    if (!upload) {
        upload_answer(exchange, 503, "Too many uploads now.\n");
    } else if (!leat_multipart_start(&upload->form, type, len)) {
        upload_answer(exchange, 415, "Send multipart/form-data.\n");
        if (upload->to)
            upload_failed(upload, NULL);
    } else {
        upload_begin_archive(upload);
        upload->from = exchange;
        if (query_len == 0)
            upload->to = exchange;
        leat_http_set_arg(exchange, upload);
    }
}

/* The archive of a form that has come, or will. */
static void on_download(struct leat_http_exchange *exchange, void *arg)
{
    size_t query_len;
    struct upload *upload = NULL;

    (void)arg;
    leat_http_request_query(exchange, &query_len);
    if (query_len > 0)
        upload = upload_place(exchange, false);
    if (!upload) {
        upload_answer(exchange, query_len > 0 ? 503 : 404, "There is no such archive.\n");
        return;
    }
    upload->to = exchange;
    leat_http_set_arg(exchange, upload);
    pump(exchange, upload);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)why;
    upload_failed(arg, exchange);
}

static const struct leat_http_route routes[] = {{.path = "/upload",
                                                 .methods = LEAT_HTTP_POST,
                                                 .body_bytes_max = LEAT_HTTP_ANY,
                                                 .on_request = on_form,
                                                 .on_body = pump,
                                                 .on_writable = pump,
                                                 .on_failed = on_failed},
                                                {.path = "/files.zip",
                                                 .methods = LEAT_HTTP_GET,
                                                 .on_request = on_download,
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

static const char *take_words(const struct leat_platform *platform)
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

static const char *start(struct leat_platform *platform)
{
    const char *problem = take_words(platform);
    struct leat_http_server_config config = {.files = files,
                                             .file_count = 1,
                                             .routes = routes,
                                             .route_count = 3,
                                             .port = platform->port,
                                             .clients = (uint16_t)(places + SPARE)};
    struct leat_http_server *server;

    if (problem)
        return problem;
    upload_begin(platform);
    upload_pairs(platform->stack, uploads, ALL_OF(places + SPARE));
    leat_civil_from_host(platform->stack, platform->host); /* no clock: replies without a Date */
    return leat_platform_serve_http(platform, &server, memory, sizeof memory, &config)
               ? EXAMPLE_PORT_TAKEN
               : NULL;
}

const struct leat_app example = {.name = "upload",
                                 .summary = "Sends the files of a form back as a Zip archive.",
                                 .arguments = "[deflate] [places=N]",
                                 .default_port = LEAT_HTTP_PORT,
                                 .has_http = true,
                                 .start = start};
