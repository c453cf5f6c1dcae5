/* http_text.c -- see http_text.h. */
#include "web/http/http_text.h"

#include "core/assert.h"
#include "web/http/server_conn.h"

enum {
    WANTED_BYTES = 1024 /* room that is worth a callback */
};

void http_text_add_escaped(struct text *text, const char *words)
{
    for (; *words; words++) {
        const char one[] = {*words, '\0'};

        text_add(text, *words == '<'    ? "&lt;"
                       : *words == '>'  ? "&gt;"
                       : *words == '&'  ? "&amp;"
                       : *words == '"'  ? "&quot;"
                       : *words == '\'' ? "&#39;"
                                        : one);
    }
}

/* Fills a buffer with whole entries, at most @room bytes. */
static void fill(struct leat_buf *buf, uint32_t room, const struct http_entries *entries)
{
    struct text text = {.bytes = (char *)buf->data};
    size_t limit = leat_buf_tailroom(buf);

    leat_assert(limit >=
                entries->bytes_max); /* guaranteed by the minimum of leat_config.buf_bytes */
    limit = limit < room ? limit : room;
    /* Entries stay whole: the next one begins only if the longest would fit. */
    while (text.len + entries->bytes_max <= limit) {
        text.room = text.len + entries->bytes_max;
        if (!entries->write(&text, entries->arg))
            break;
    }
    leat_buf_put(buf, (uint32_t)text.len);
}

enum http_text_outcome http_text_send(struct leat_http_exchange *exchange,
                                      const struct http_entries *entries)
{
    struct leat_pool *pool = leat_pool(exchange->client->server->stack);
    const uint32_t least = (uint32_t)entries->bytes_max;
    struct leat_buf *buf;

    while (leat_http_send_room(exchange) >= least &&
           (buf = leat_buf_alloc(pool, LEAT_BUF_HEADROOM)) != NULL) {
        const uint32_t room =
            leat_http_send_room(exchange); /* may have been reduced by that buffer */

        if (room < least) {
            leat_buf_free(buf);
            break;
        }
        fill(buf, room, entries);
        /* room for an entry, and none was written: there are no more */
        if (buf->len == 0) {
            leat_buf_free(buf);
            leat_http_finish(exchange);
            return HTTP_TEXT_SENT;
        }
        if (leat_http_send(exchange, buf))
            return HTTP_TEXT_FAILED;
    }
    leat_http_want_room(exchange, least > WANTED_BYTES ? least : WANTED_BYTES);
    return HTTP_TEXT_WAITS;
}
