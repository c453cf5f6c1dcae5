/*
 * upload_pair.c -- a form and its archive: one exchange, or two with the same query.
 *
 * A browser reads no reply before it has sent the whole form, and nothing is stored here.  So a
 * large form would block as soon as the buffers in between are full.  Therefore the script of the
 * page fetches the archive by a second request with the same query.  A request whose other half
 * doesn't come is refused after a while.
 */
#include <string.h>

#include <leat/stack.h>

#include "upload.h"

void upload_answer(struct leat_http_exchange *exchange, uint16_t status, const char *text)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    leat_http_answer(exchange, &head, text, (uint32_t)strlen(text));
}

/* ---- One half that waits for the other ---------------------------------------------------- */

static const uint64_t half_ns = UINT64_C(15000000000);

static struct {
    struct leat *stack;
    struct upload *uploads;
    unsigned count;
    struct leat_timer timer; /* set while a half may wait */
} all;

static bool is_half(const struct upload *upload)
{
    return !upload->from != !upload->to;
}

/* Refuses halves that have waited too long. */
static void on_time(struct leat_timer *timer, void *arg)
{
    const uint64_t now_ns = leat_now_ns(all.stack);
    uint64_t next_ns = LEAT_NEVER_NS;

    (void)arg;
    for (unsigned i = 0; i < all.count; i++) {
        struct upload *upload = &all.uploads[i];
        const uint64_t due_ns = upload->since_ns + half_ns;

        if (!is_half(upload))
            continue;
        if (due_ns <= now_ns)
            upload_failed(upload, NULL);
        else if (due_ns < next_ns)
            next_ns = due_ns;
    }
    if (next_ns != LEAT_NEVER_NS)
        leat_timer_set(all.stack, timer, next_ns);
}

void upload_pairs(struct leat *stack, struct upload *uploads, unsigned count)
{
    all.stack = stack;
    all.uploads = uploads;
    all.count = count;
    all.timer.on_time = on_time;
}

/* It may be a half from now on. */
static void begin_wait(struct upload *upload)
{
    upload->since_ns = leat_now_ns(all.stack);
    if (!leat_timer_is_set(&all.timer))
        leat_timer_set(all.stack, &all.timer, upload->since_ns + half_ns);
}

static bool waits_for(const struct upload *upload, const char *id, size_t len, bool is_form)
{
    return (is_form ? upload->to && !upload->from : upload->from && !upload->to) &&
           upload->id_len == len && memcmp(upload->id, id, len) == 0;
}

struct upload *upload_place(struct leat_http_exchange *exchange, bool is_form)
{
    struct upload *free_one = NULL;
    size_t len;
    const char *id = leat_http_request_query(exchange, &len);

    len = len < UPLOAD_ID_BYTES ? len : UPLOAD_ID_BYTES;
    for (unsigned i = 0; i < all.count; i++) {
        struct upload *upload = &all.uploads[i];

        if (len > 0 && waits_for(upload, id, len, is_form))
            return upload;
        if (!free_one && !upload->from && !upload->to)
            free_one = upload;
    }
    if (free_one) {
        memcpy(free_one->id, id, len);
        free_one->id_len = len;
        free_one->begun = false;
        if (len > 0)
            begin_wait(free_one);
    }
    return free_one;
}

static bool is_neighbour(struct leat_ip a, struct leat_ip b)
{
    return leat_ip_is_v4(a) || leat_ip_is_v4(b) ? leat_ip_equal(a, b)
                                                : memcmp(a.bytes, b.bytes, 8) == 0;
}

uint32_t upload_directories(const struct upload *upload)
{
    const struct leat_ip peer = leat_http_request_peer(upload->from);
    uint32_t buffers = 0;

    for (unsigned i = 0; i < all.count; i++) {
        const struct upload *other = &all.uploads[i];

        if (other->more_count > 0 && other->from &&
            is_neighbour(leat_http_request_peer(other->from), peer))
            buffers += other->more_count;
    }
    return buffers;
}

/* Frees all that it holds, except the exchanges. */
static void release(struct upload *upload)
{
    upload_pack_release(upload);
    upload_drop_archive(upload);
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
        upload_answer(from, 503, "No request for the archive has come.\n");
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
    static const struct {
        uint16_t status;
        const char *why;
    } replies[] = {[UPLOAD_BROKEN] = {400, "That is no form with files.\n"},
                   [UPLOAD_MANY_FILES] = {413, "There is no memory for so many files now.\n"},
                   [UPLOAD_SAME_NAMES] = {422, "Too many files have the same name.\n"},
                   [UPLOAD_NO_BUFFER] = {503, "There is no free memory now.\n"}};
    const uint16_t status = replies[upload->trouble].status;
    const char *why = replies[upload->trouble].why;
    struct leat_http_exchange *from = upload->from, *to = upload->to;

    _Static_assert(sizeof replies / sizeof *replies == UPLOAD_TROUBLES, "a reply for each");
    if (upload->begun || upload->trouble != UPLOAD_BROKEN)
        upload_tell(upload); /* the client of an archive that has begun sees no status */
    release(upload);
    if (upload->begun)
        leat_http_abort(to);
    else if (to)
        upload_answer(to, status, why);
    if (from != to)
        upload_answer(from, status, why);
}
