/*
 * incoming.c -- what comes on a stream, as HTTP/1.1 for its user: a request for the server, or a
 * reply for the client.
 *
 * nghttp2 has checked names and values (RFC 9113 8.2.1) and refuses fields of a connection. Octets
 * that could end a line, or a part of the request line, are looked for once more: they would
 * smuggle another message into the head (RFC 9113 10.3).
 */
#include "inside.h"

#include <string.h>

enum {
    FIELD_OVERHEAD = 32, /* RFC 9113 6.5.2 */
    COPIED_BYTES = 1024, /* shorter data is copied: a buffer for each would let a client fill the
                            pool by bytes */
    SIZE_BYTES = 12      /* of a chunk's line, with the end of the one before */
};

static struct leat_pool *pool_of(const struct http2_stream *stream)
{
    return leat_pool(stream->conn->http2->stack);
}

/* Adds text for the server. */
static bool put(struct http2_stream *stream, const void *bytes, size_t len)
{
    if (!http2_queue_put(&stream->in, pool_of(stream), bytes, len))
        return false;
    stream->not_consumed += (uint32_t)len;
    return true;
}

static bool put_text(struct http2_stream *stream, const char *text)
{
    return put(stream, text, strlen(text));
}

static bool put_value(struct http2_stream *stream, nghttp2_rcbuf *value)
{
    const nghttp2_vec vec = value ? nghttp2_rcbuf_get_buf(value) : (nghttp2_vec){NULL, 0};

    return vec.len == 0 || put(stream, vec.base, vec.len);
}

static bool is_named(nghttp2_vec name, const char *text)
{
    const size_t len = strlen(text);

    return name.len == len && memcmp(name.base, text, len) == 0;
}

/* ---- The head -------------------------------------------------------------------------------- */

/* False: @value would end a line, or with @is_word a word of the request line. */
static bool is_clean(nghttp2_vec value, bool is_word)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t octet = value.base[i];

        if (octet == '\0' || octet == '\r' || octet == '\n' ||
            (is_word && (octet <= ' ' || octet == 0x7f)))
            return false;
    }
    return !is_word || value.len > 0;
}

static bool is_clean_field(nghttp2_vec name, nghttp2_vec value)
{
    return is_clean(name, true) && is_clean(value, false) && !memchr(name.base, ':', name.len);
}

/* Writes the request line, and the Host if the client named an authority (RFC 9113 8.3.1). */
static bool begin(struct http2_stream *stream)
{
    nghttp2_rcbuf *authority = stream->pseudo[HTTP2_AUTHORITY];
    /* CONNECT has no path (RFC 9113 8.5), but an authority */
    nghttp2_rcbuf *target = stream->pseudo[HTTP2_PATH] ? stream->pseudo[HTTP2_PATH] : authority;

    stream->head_begun = true;
    if (!put_value(stream, stream->pseudo[HTTP2_METHOD]) || !put_text(stream, " ") ||
        !put_value(stream, target) || !put_text(stream, " HTTP/1.1\r\n"))
        return false;
    return !authority ||
           (put_text(stream, "Host: ") && put_value(stream, authority) && put_text(stream, "\r\n"));
}

static enum http2_field add_pseudo(struct http2_stream *stream, nghttp2_vec name,
                                   nghttp2_rcbuf *value)
{
    static const char *const names[HTTP2_PSEUDOS] = {":method", ":path", ":authority"};

    for (unsigned i = 0; i < HTTP2_PSEUDOS; i++) {
        if (!is_named(name, names[i]))
            continue;
        if (stream->pseudo[i] || !is_clean(nghttp2_rcbuf_get_buf(value), true))
            return HTTP2_FIELD_BAD;
        nghttp2_rcbuf_incref(value);
        stream->pseudo[i] = value;
    }
    /* another one, as :scheme, has no place in HTTP/1.1 */
    return HTTP2_FIELD_TAKEN;
}

/* True if a Host contradicts the authority (RFC 9113 8.3.1). */
static bool is_other_host(const struct http2_stream *stream, nghttp2_vec value)
{
    const nghttp2_vec authority = nghttp2_rcbuf_get_buf(stream->pseudo[HTTP2_AUTHORITY]);

    return value.len != authority.len || memcmp(value.base, authority.base, value.len) != 0;
}

/* Writes the status line of a reply. */
static enum http2_field begin_reply(struct http2_stream *stream, nghttp2_rcbuf *status)
{
    const nghttp2_vec digits = nghttp2_rcbuf_get_buf(status);

    if (stream->head_begun || digits.len != 3 || !is_clean(digits, true))
        return HTTP2_FIELD_BAD;
    stream->head_begun = true;
    stream->interim = digits.base[0] == '1';
    return put_text(stream, "HTTP/1.1 ") && put_value(stream, status) && put_text(stream, " \r\n")
               ? HTTP2_FIELD_TAKEN
               : HTTP2_FIELD_NO_ROOM;
}

enum http2_field http2_incoming_add(struct http2_stream *stream, nghttp2_rcbuf *name,
                                    nghttp2_rcbuf *value)
{
    const nghttp2_vec what = nghttp2_rcbuf_get_buf(name), text = nghttp2_rcbuf_get_buf(value);

    stream->list_bytes += (uint32_t)(what.len + text.len + FIELD_OVERHEAD);
    if (stream->list_bytes > http2_head_list_bytes(stream->conn)) {
        stream->too_long = true;
        return HTTP2_FIELD_TAKEN;
    }
    if (what.len > 0 && what.base[0] == ':')
        return stream->conn->is_client ? begin_reply(stream, value)
                                       : add_pseudo(stream, what, value);
    if (!is_clean_field(what, text))
        return HTTP2_FIELD_BAD;
    if (!stream->head_begun && !begin(stream))
        return HTTP2_FIELD_NO_ROOM;
    if (is_named(what, "host") && stream->pseudo[HTTP2_AUTHORITY])
        return is_other_host(stream, text) ? HTTP2_FIELD_BAD : HTTP2_FIELD_TAKEN;
    stream->has_length |= is_named(what, "content-length");
    if (put(stream, what.base, what.len) && put_text(stream, ": ") && put_value(stream, value) &&
        put_text(stream, "\r\n"))
        return HTTP2_FIELD_TAKEN;
    return HTTP2_FIELD_NO_ROOM;
}

/* An interim reply (RFC 9110 15.2) ends; another head follows. */
static bool end_interim(struct http2_stream *stream)
{
    stream->head_begun = stream->interim = stream->has_length = false;
    stream->list_bytes = 0;
    stream->readable = true;
    return put_text(stream, "\r\n");
}

bool http2_incoming_end(struct http2_stream *stream, bool no_body)
{
    if (stream->interim && !no_body)
        return end_interim(stream);
    stream->head_over = true;
    stream->readable = true;
    stream->in_chunks = !no_body && !stream->has_length;
    if (!stream->head_begun && (stream->conn->is_client || !begin(stream)))
        return false;
    /* one request a stream: the server shuts it down after the reply, and the client closes it */
    return put_text(stream, "Connection: close\r\n") &&
           (!stream->in_chunks || put_text(stream, "Transfer-Encoding: chunked\r\n")) &&
           put_text(stream, "\r\n");
}

/* ---- The body -------------------------------------------------------------------------------- */

/* Adds data as it lies in the buffer that was received. */
static bool put_slice(struct http2_stream *stream, const uint8_t *data, uint32_t len)
{
    const struct leat_buf *piece = stream->conn->piece;
    struct leat_buf *slice = leat_buf_slice(piece, (uint32_t)(data - piece->data), len);

    if (slice)
        http2_queue_add(&stream->body, slice);
    return slice != NULL;
}

bool http2_incoming_data(struct http2_stream *stream, const uint8_t *data, uint32_t len)
{
    if (len < COPIED_BYTES ? !http2_queue_put(&stream->body, pool_of(stream), data, len)
                           : !put_slice(stream, data, len))
        return false;
    stream->not_consumed += len;
    stream->not_credited += len;
    stream->readable = true;
    return true;
}

/* Writes the line in front of a chunk of @len bytes, behind the end of the chunk before. */
static bool put_size(struct http2_stream *stream, uint32_t len)
{
    char line[SIZE_BYTES];
    size_t at = sizeof line;

    line[--at] = '\n';
    line[--at] = '\r';
    do
        line[--at] = "0123456789abcdef"[len & 15];
    while (len >>= 4);
    if (stream->chunk_begun) {
        line[--at] = '\n';
        line[--at] = '\r';
    }
    if (!put(stream, line + at, sizeof line - at))
        return false;
    stream->chunk_begun = true;
    return true;
}

/* Writes the framing that is due in front of further data, or behind all of it. False: the pool is
 * empty. */
static bool put_framing(struct http2_stream *stream)
{
    if (!stream->in_chunks || stream->chunk_left > 0 || stream->chunks_over)
        return true;
    if (stream->body.bytes > 0) {
        if (!put_size(stream, stream->body.bytes))
            return false;
        stream->chunk_left = stream->body.bytes;
        return true;
    }
    if (!stream->in_over)
        return true;
    stream->chunks_over = put_text(stream, stream->chunk_begun ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
    return stream->chunks_over;
}

/* All data that is there becomes one chunk when the server asks for it. So a client can't make the
 * framing longer than its data. */
struct leat_buf *http2_incoming_take(struct http2_stream *stream, uint32_t bytes_max)
{
    struct leat_buf *data;

    if (stream->in.bytes == 0 && !put_framing(stream))
        return NULL;
    if (stream->in.bytes > 0)
        return http2_queue_take(&stream->in, bytes_max);
    if (stream->in_chunks && bytes_max > stream->chunk_left)
        bytes_max = stream->chunk_left;
    data = http2_queue_take(&stream->body, bytes_max);
    if (stream->in_chunks)
        stream->chunk_left -= leat_buf_total(data);
    return data;
}

uint32_t http2_incoming_have(const struct http2_stream *stream)
{
    const bool ends = stream->in_over && stream->in_chunks && !stream->chunks_over;

    return stream->in.bytes + stream->body.bytes + ends;
}
