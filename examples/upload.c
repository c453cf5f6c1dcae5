/*
 * upload.c -- a page with a form; the files that it sends come back as one Zip archive, while they
 * come: nothing is kept, and what passes is not copied.
 */
#include <string.h>

#include <leat/http_server.h>
#include <leat/multipart.h>
#include <leat/zip.h>

#include "example.h"

enum {
    CLIENTS = 300,
    UPLOADS = 256,          /* at a time: one more is told to come again */
    DIRECTORY_BYTES = 4096, /* of the archive's list: some 60 files with long names */
    ROOM_BYTES = 2048       /* of the reply, below which nothing is read */
};

struct upload {
    struct leat_http_exchange *exchange; /* NULL: free */
    struct leat_multipart form;
    struct leat_zip zip;
    struct leat_buf *in; /* received, not read yet */
    bool begun, in_file, over;
    size_t piece_len, piece_at; /* of what is between the files */
    uint8_t piece[LEAT_ZIP_PIECE_BYTES];
    uint8_t directory[DIRECTORY_BYTES];
};

static struct upload uploads[UPLOADS];
static struct leat_pool *pool;
static _Alignas(16) unsigned char memory[700 * 1024];

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

/* Sends what is left of the piece between two files; false: it must wait. */
static bool send_piece(struct upload *upload)
{
    upload->piece_at += leat_http_write(upload->exchange, upload->piece + upload->piece_at,
                                        upload->piece_len - upload->piece_at);
    if (upload->piece_at < upload->piece_len)
        return false;
    upload->piece_at = upload->piece_len = 0;
    return true;
}

/* A part begins; false: there is no room for its name. */
static bool begin_file(struct upload *upload)
{
    static const struct leat_http_head head = {
        .status = 200,
        .type = "application/zip",
        .fields = "Content-Disposition: attachment; filename=\"files.zip\"\r\n",
        .len = LEAT_HTTP_ANY};
    char name[LEAT_ZIP_NAME_BYTES];
    size_t len;

    upload->in_file = upload->form.file_len > 0;
    if (!upload->in_file) /* another field, or no file was chosen */
        return true;
    if (!upload->begun)
        leat_http_reply(upload->exchange, &head);
    upload->begun = true;
    len = leat_zip_clean_name(upload->form.file, upload->form.file_len, name);
    upload->piece_len = leat_zip_entry(&upload->zip, name, len, upload->piece);
    return upload->piece_len > 0;
}

/* Sends text of a file: the part of the buffer where it lies, or what looked like a boundary. */
static bool send_text(struct upload *upload)
{
    const struct leat_multipart *form = &upload->form;
    const uint32_t len = (uint32_t)form->text_len;
    struct leat_buf *text;

    if (!upload->in_file)
        return true;
    text = form->text_is_given
               ? leat_buf_slice(upload->in, (uint32_t)(form->text - upload->in->data), len)
               : leat_buf_copy(pool, form->text, len);
    leat_zip_text(&upload->zip, form->text, len);
    return text && !leat_http_send(upload->exchange, text);
}

/* Reads on, at most @room bytes; false: it is broken. */
static bool read_form(struct upload *upload, uint32_t room)
{
    const size_t len = upload->in->len < room ? upload->in->len : room;
    size_t taken;
    const enum leat_multipart_event event =
        leat_multipart_read(&upload->form, upload->in->data, len, &taken);
    bool good = event != LEAT_MULTIPART_BAD;

    if (event == LEAT_MULTIPART_PART)
        good = begin_file(upload);
    else if (event == LEAT_MULTIPART_TEXT)
        good = send_text(upload);
    else if (event == LEAT_MULTIPART_END && upload->in_file)
        upload->piece_len = leat_zip_entry_end(&upload->zip, upload->piece);
    else if (event == LEAT_MULTIPART_OVER)
        good = upload->over = upload->begun;
    upload->in = leat_buf_consume(upload->in, (uint32_t)taken);
    leat_http_consumed(upload->exchange, (uint32_t)taken);
    return good;
}

/* Goes on as far as there are bytes, and room for them. */
static void pump(struct leat_http_exchange *exchange, void *arg)
{
    struct upload *upload = arg;

    while (upload->piece_len == 0 || send_piece(upload)) {
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
        if (!upload->in)
            upload->in = leat_http_receive(exchange, UINT32_MAX);
        if (!upload->in && !leat_http_body_over(exchange))
            return;
        if (!upload->in || !read_form(upload, room)) {
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
    while (upload < uploads + UPLOADS && upload->exchange)
        upload++;
    if (upload == uploads + UPLOADS) {
        answer(exchange, 503, "Too many uploads now.\n");
    } else if (!leat_multipart_start(&upload->form, type, len)) {
        answer(exchange, 415, "Send multipart/form-data.\n");
    } else {
        leat_zip_start(&upload->zip, upload->directory, sizeof upload->directory);
        upload->begun = upload->in_file = upload->over = false;
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
                                                 .on_failed = on_failed}};

static const char *start(struct example_platform *platform)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = 1,
                                                   .routes = routes,
                                                   .route_count = 1,
                                                   .port = platform->port,
                                                   .clients = CLIENTS};
    struct leat_http_server *server;

    pool = leat_pool(platform->stack);
    return leat_http_server_open(&server, platform->stack, memory, sizeof memory, &config)
               ? "can't open the TCP port"
               : NULL;
}

const struct example example = {.name = "upload",
                                .summary = "Sends the files of a form back as a Zip archive.",
                                .arguments = "",
                                .default_port = LEAT_HTTP_PORT,
                                .start = start};
