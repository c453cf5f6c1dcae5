/*
 * server_reply.c -- the reply to a client: its head, and the file behind it, whole or in parts.
 *
 * A file that lies in memory is lent to the stack. Another one is read into buffers, as many as
 * there is room for.
 */
#include "web/http/server_conn.h"

#include "core/assert.h"
#include "core/siphash.h"
#include "service.h"

enum {
    READ_BYTES = 65536,  /* of a file, at a time */
    WANTED_BYTES = 16384 /* room that is worth reading again */
};

/* ---- Head ------------------------------------------------------------------------------------ */

/* True if @reply is the common one, whose head was prepared. */
static bool is_common(const struct server_conn *client, const struct http_reply *reply,
                      const struct http_now *now)
{
    return reply->status == HTTP_OK && !reply->close && client->request.minor_version > 0 &&
           reply->found->file &&
           !(now && reply->found->content.modified_ns >
                        now->civil_ns); /* its Last-Modified would change */
}

/* The prepared head, with the date if it is known. NULL: the pool is empty. */
static struct leat_buf *common_head(struct leat_http_server *server, size_t file, bool dated)
{
    struct leat_buf *date = dated ? http_calendar_line(server) : NULL;
    const uint32_t len = server->head_lens[file] - (dated ? HTTP_HEAD_END_BYTES : 0u);
    struct leat_buf *head;

    /* the pool is empty: waits for a buffer, rather than leave out the Date (RFC 9110 6.6.1) */
    if (dated && !date)
        return NULL;
    head = leat_buf_lend(leat_pool(server->stack), server->heads + file * HTTP_REPLY_HEAD_BYTES,
                         len, NULL, NULL);
    if (head && date)
        leat_buf_append(head, date);
    else if (!head)
        leat_buf_free(date);
    return head;
}

/* Makes the head of @reply. NULL: the pool is empty. */
static struct leat_buf *make_head(const struct server_conn *client, const struct http_reply *reply)
{
    struct leat_http_server *server = client->server;
    const struct http_now *now = http_calendar_now(server);
    struct leat_buf *head;

    if (is_common(client, reply, now))
        return common_head(server, (size_t)(reply->found->file - server->config.files),
                           now != NULL);
    head = leat_buf_alloc(leat_pool(server->stack), LEAT_BUF_HEADROOM);
    if (head)
        leat_buf_put(head,
                     (uint32_t)http_reply_head(reply, &client->request, now, (char *)head->data));
    return head;
}

/* Goes to bytes @first to @first + @len - 1 of the file. */
static void go_to(struct server_conn *client, uint64_t first, uint64_t len)
{
    const char *bytes = client->reply.found ? client->reply.found->content.bytes : NULL;

    /* a file in memory is lent from there; another one is read from body_at on */
    client->body = bytes ? bytes + first : NULL;
    client->body_at = first;
    client->body_left = len;
}

bool server_reply_begin(struct server_conn *client, const struct http_reply *reply)
{
    const bool is_head = client->request.method == HTTP_HEAD;

    leat_debug_assert(!client->head);
    client->head = make_head(client, reply);
    if (!client->head)
        return server_conn_wait_for_pool(client);
    /* after this point nothing can fail, so the client's state may change */
    client->reply = *reply;
    client->ends_chunks = false;
    client->part = 0;
    /* one more than the parts: the boundary that ends them */
    client->parts_left = reply->parts && !is_head ? (uint8_t)(reply->parts + 1) : 0;
    go_to(client, reply->first, reply->parts || is_head ? 0 : reply->body_len);
    client->close = reply->close;
    /* The request's body is read and discarded, because the next request begins behind it. */
    client->skip = reply->close ? 0 : (uint32_t)client->request.content_length;
    server_conn_count(client, (uint16_t)reply->status);
    server_conn_sent(client, http_refusal_bytes(reply, &client->request));
    server_conn_enter(client, HTTP_PHASE_REPLY);
    return true;
}

uint64_t server_reply_boundary(const struct server_conn *client)
{
    /* keyed: otherwise the author of a file could write the boundary into it, and end the part
     * there */
    return siphash13(service_table_key(client->server->stack), client->head_at_ns,
                     (uint64_t)(client - client->server->clients));
}

/* ---- Body ------------------------------------------------------------------------------------ */

/* Begins the next part, or what ends the last one. False: the pool is empty. */
static bool begin_part(struct server_conn *client)
{
    const struct http_request *request = &client->request;
    const unsigned part = client->part;

    client->head = leat_buf_alloc(leat_pool(client->server->stack), LEAT_BUF_HEADROOM);
    if (!client->head)
        return false;
    leat_buf_put(client->head, (uint32_t)http_part_head(&client->reply, request, part,
                                                        (char *)client->head->data));
    server_conn_sent(client, client->head->len);
    /* the last boundary has no data behind it */
    if (part < client->reply.parts)
        go_to(client, request->spans[part].first,
              request->spans[part].last - request->spans[part].first + 1);
    client->part++;
    client->parts_left--;
    return true;
}

/* Takes up to @room bytes of the rest of the reply, whose body lies in memory. NULL: no buffer. */
static struct leat_buf *take_reply(struct server_conn *client, uint32_t room)
{
    struct leat_pool *pool = leat_pool(client->server->stack);
    struct leat_buf *data = client->head;
    struct leat_buf *body = NULL;
    uint32_t len;

    if (leat_buf_total(data) > room) {
        data = leat_buf_slice(client->head, 0, room);
        if (data)
            client->head = leat_buf_consume(client->head, room);
        return data;
    }
    /* head and body together, so that a short reply is one segment */
    room -= leat_buf_total(data);
    len = client->body_left < room ? (uint32_t)client->body_left : room;
    if (len > 0 && client->body) {
        body = leat_buf_lend(pool, client->body, len, NULL, NULL);
        if (!body)
            return NULL;
        if (!client->ends_chunks)
            server_conn_sent(client, len);
        client->body += len;
        client->body_left -= len;
    }
    client->head = NULL;
    if (data && body)
        leat_buf_append(data, body);
    return data ? data : body;
}

/* Reads @room bytes of the file into buffers, or as many as the pool has. NULL: it has none, or the
 * file is shorter than it was, or can't be read (*@failed). */
static struct leat_buf *read_file(const struct server_conn *client, uint32_t room, bool *failed)
{
    const struct leat_file *file = &client->opened->file;
    struct leat_pool *pool = leat_pool(client->server->stack);
    struct leat_buf *first = NULL;
    struct leat_buf **end = &first;
    uint64_t at = client->body_at;

    while (room > 0) {
        /* only the first buffer of a list needs room for headers */
        struct leat_buf *buf = leat_buf_alloc(pool, first ? 0 : LEAT_BUF_HEADROOM);
        uint32_t want;
        size_t len;

        if (!buf)
            return first;
        *end = buf;
        end = &buf->next;
        want = leat_buf_tailroom(buf);
        want = want < room ? want : room;
        /* fewer bytes than the file had: it was made shorter while it was sent */
        if (file->source->read(file, at, buf->data, want, &len) || len < want) {
            leat_buf_free(first);
            *failed = true;
            return NULL;
        }
        leat_buf_put(buf, want);
        at += want;
        room -= want;
    }
    return first;
}

/* Sends a piece of the file. False: the rest must wait, or the connection is over. */
static bool send_piece(struct server_conn *client, uint32_t room)
{
    const uint32_t most = room < READ_BYTES ? room : READ_BYTES;
    const uint32_t len = client->body_left < most ? (uint32_t)client->body_left : most;
    bool failed = false;
    struct leat_buf *data = read_file(client, len, &failed);
    const uint32_t have = leat_buf_total(data);
    enum leat_err err;

    /* the length was announced, so only the end of the connection can show that data is missing */
    if (failed) {
        server_conn_end(client, &client->server->counts.failed);
        return false;
    }
    if (!data)
        return server_conn_wait_for_pool(client);
    err = leat_stream_send(&client->stream, data);
    if (err == LEAT_ERR_FULL) { /* the buffers have used up the room */
        leat_stream_want_room(&client->stream, WANTED_BYTES);
        return false;
    }
    if (err)
        return false; /* on_closed follows */
    server_conn_sent(client, have);
    client->body_at += have;
    client->body_left -= have;
    return true;
}

bool server_reply_send(struct server_conn *client)
{
    while (client->head || client->body_left > 0 || client->parts_left > 0) {
        const uint32_t room = leat_stream_send_room(&client->stream);
        struct leat_buf *data;

        if (room == 0)
            return false; /* on_writable follows */
        if (!client->head && client->body_left == 0 && !begin_part(client))
            return server_conn_wait_for_pool(client);
        if (!client->head && !client->body) {
            if (!send_piece(client, room))
                return false;
            continue;
        }
        data = take_reply(client, room);
        if (!data)
            return server_conn_wait_for_pool(client);
        if (leat_stream_send(&client->stream, data))
            return false; /* on_closed follows */
    }
    return true;
}
