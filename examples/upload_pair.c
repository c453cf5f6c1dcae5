/*
 * upload_pair.c -- a form and its archive: one exchange, or two that belong together.
 *
 * A browser reads no reply before it has sent a form to its end, and nothing is kept here: a large
 * form would stand still when what is between them is full.  So the script of the page asks for the
 * archive by a request of its own, and both have the same query.
 */
#include <string.h>

#include "upload.h"

void upload_answer(struct leat_http_exchange *exchange, uint16_t status, const char *text)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    leat_http_answer(exchange, &head, text, (uint32_t)strlen(text));
}

static bool waits_for(const struct upload *upload, const char *id, size_t len, bool is_form)
{
    return (is_form ? upload->to && !upload->from : upload->from && !upload->to) &&
           upload->id_len == len && memcmp(upload->id, id, len) == 0;
}

struct upload *upload_place(struct upload *uploads, unsigned count,
                            struct leat_http_exchange *exchange, bool is_form)
{
    struct upload *free_one = NULL;
    size_t len;
    const char *id = leat_http_request_query(exchange, &len);

    len = len < UPLOAD_ID_BYTES ? len : UPLOAD_ID_BYTES;
    for (unsigned i = 0; i < count; i++) {
        if (len > 0 && waits_for(&uploads[i], id, len, is_form))
            return &uploads[i];
        if (!free_one && !uploads[i].from && !uploads[i].to)
            free_one = &uploads[i];
    }
    if (free_one) {
        memcpy(free_one->id, id, len);
        free_one->id_len = len;
        free_one->begun = false;
    }
    return free_one;
}

/* All that it holds but the exchanges is free. */
static void release(struct upload *upload)
{
    upload_pack_release(upload);
    leat_buf_free(upload->in);
    upload->in = NULL;
    upload->from = upload->to = NULL;
}

void upload_failed(struct upload *upload, const struct leat_http_exchange *exchange)
{
    struct leat_http_exchange *from = upload->from, *to = upload->to;

    release(upload);
    if (to && to != exchange && upload->begun)
        leat_http_abort(to);
    else if (to && to != exchange)
        upload_answer(to, 503, "No form has come.\n");
    if (from && from != exchange)
        upload_answer(from, 503, "Nobody takes the archive.\n");
}

void upload_finish(struct upload *upload)
{
    struct leat_http_exchange *from = upload->from, *to = upload->to;

    release(upload);
    leat_http_finish(to);
    if (from != to)
        upload_answer(from, 200, "The archive is among your downloads.\n");
}

void upload_refuse(struct upload *upload)
{
    static const char why[] = "That is no form with files.\n";
    struct leat_http_exchange *from = upload->from, *to = upload->to;

    release(upload);
    if (upload->begun)
        leat_http_abort(to);
    else if (to)
        upload_answer(to, 400, why);
    if (from != to)
        upload_answer(from, 400, why);
}
