/* doh_ask.c -- a query, as a call of the HTTP client (RFC 8484 4.1), and its reply. */
#include <string.h>

#include "core/assert.h"
#include "proto/wire/dns.h"
#include "web/doh/doh_client.h"
#include "wire/bytes.h"

enum {
    OK = 200,
    SERVFAIL = 2,
    QUESTION_BYTES = 4, /* type and class behind the name */
    TTL_BYTES = 6,      /* TTL and length in front of a record's data */
    AGE_DIGITS_MAX = 9
};

static const char type[] = "application/dns-message";

void doh_ask_lose(struct doh_conn *conn, enum leat_err why)
{
    if (conn->phase == DOH_LOST)
        return;
    conn->client->counts.lost += conn->ask_count > 0;
    conn->phase = DOH_LOST;
    conn->why = (uint8_t)why;
    doh_conn_kick(conn);
}

bool doh_ask_is_possible(const struct doh_conn *conn)
{
    return conn->phase == DOH_OPEN && conn->client->free_ask &&
           (!conn->one_by_one || conn->ask_count == 0);
}

/* Gives its place back. */
static void give(struct doh_ask *ask)
{
    struct doh_conn *conn = ask->conn;
    struct doh_ask **link = &conn->asks;

    while (*link != ask)
        link = &(*link)->next;
    *link = ask->next;
    conn->ask_count--;
    leat_buf_free(ask->reply);
    ask->reply = NULL;
    ask->next = conn->client->free_ask;
    conn->client->free_ask = ask;
    if (conn->wanted || conn->ask_count > 0)
        doh_conn_kick(conn);
}

/* ---- The reply ----------------------------------------------------------------------------- */

/* Takes @age_s from the TTLs of a message (RFC 8484 5.1). The resolver refuses a message that can't
 * be read. */
static void make_older(uint8_t *message, size_t len, uint32_t age_s)
{
    struct leat_dns_record record;
    struct dns_question question;
    struct dns_header header;
    size_t at = DOH_HEADER_BYTES;
    uint32_t left;

    if (!dns_header_read(message, len, &header) || header.counts[DNS_QUESTION] != 1 ||
        !dns_question_read(message, len, &at, &question))
        return;
    left = (uint32_t)header.counts[DNS_ANSWER] + header.counts[DNS_AUTHORITY] +
           header.counts[DNS_ADDITIONAL];
    for (; left > 0 && dns_record_read(message, len, &at, &record); left--) {
        const uint32_t ttl_s = record.ttl_s > age_s ? record.ttl_s - age_s : 0;

        if (record.type != DNS_TYPE_OPT)
            put32(message + record.rdata_at - TTL_BYTES, ttl_s);
    }
}

/* Reads a reply's number of seconds. */
static uint32_t read_age(const char *text, size_t len)
{
    uint32_t age_s = 0;

    if (!text || len > AGE_DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        age_s = age_s * 10 + (uint32_t)(text[i] - '0');
    }
    return age_s;
}

/* Hands a reply to the connection, behind its length, and with the identifier of its query, which
 * was sent as 0 (RFC 8484 4.1). */
static void deliver(struct doh_ask *ask, const uint8_t *message, uint32_t len)
{
    struct doh_conn *conn = ask->conn;
    struct leat_buf *made = NULL;
    uint8_t *front = conn->client->message; /* @message is behind these bytes */

    put16(front, (uint16_t)len);
    leat_assert(message == front + DOH_LENGTH_BYTES);
    memcpy(front + DOH_LENGTH_BYTES, ask->id, sizeof ask->id);
    made = leat_buf_copy(leat_pool(conn->client->stack), front, DOH_LENGTH_BYTES + len);
    if (!made) {
        doh_ask_lose(conn, LEAT_ERR_MEMORY);
        return;
    }
    if (conn->in)
        leat_buf_append(conn->in, made);
    else
        conn->in = made;
    conn->readable = true;
    doh_conn_kick(conn);
}

/* The question with SERVFAIL, for a reply that is no message. */
static uint32_t write_refusal(const struct doh_ask *ask, uint8_t *to)
{
    size_t at = DOH_HEADER_BYTES;

    while (at < ask->len && ask->query[at] != 0)
        at += 1 + (size_t)ask->query[at];
    at += 1 + QUESTION_BYTES;
    if (at > ask->len) /* the resolver's questions are whole */
        at = ask->len;
    memcpy(to, ask->query, at);
    put16(to + 2, (uint16_t)((get16(to + 2) & (DNS_RD | DNS_CD)) | DNS_QR | SERVFAIL));
    memset(to + 6, 0, DOH_HEADER_BYTES - 6);
    return (uint32_t)at;
}

static void finish(struct doh_ask *ask)
{
    struct leat_doh_client *client = ask->conn->client;
    uint8_t *message = client->message + DOH_LENGTH_BYTES;
    uint32_t len;

    if (ask->bad || leat_buf_total(ask->reply) < DOH_HEADER_BYTES) {
        client->counts.refused++;
        len = write_refusal(ask, message);
    } else {
        client->counts.replies++;
        len = leat_buf_read(ask->reply, 0, message, DOH_REPLY_BYTES);
        if (ask->age_s > 0)
            make_older(message, len, ask->age_s);
    }
    deliver(ask, message, len);
}

/* ---- The call ------------------------------------------------------------------------------ */

static bool is_our_type(const char *text, size_t len)
{
    size_t i = 0;

    if (!text || len < sizeof type - 1)
        return false;
    while (type[i] && (text[i] | 0x20) == (type[i] | 0x20))
        i++;
    return !type[i] && (i == len || text[i] == ';' || text[i] == ' ');
}

static void on_writable(struct leat_http_call *call, void *arg)
{
    struct doh_ask *ask = arg;

    ask->sent = (uint16_t)(ask->sent + leat_http_call_write(call, ask->query + ask->sent,
                                                            (size_t)ask->len - ask->sent));
}

static void on_reply(struct leat_http_call *call, void *arg)
{
    struct doh_ask *ask = arg;
    size_t len = 0;
    const char *text = leat_http_call_field(call, "Content-Type", &len);

    ask->bad = leat_http_call_status(call) != OK || !is_our_type(text, len);
    text = leat_http_call_field(call, "Age", &len);
    ask->age_s = read_age(text, len);
}

static void on_body(struct leat_http_call *call, void *arg)
{
    struct doh_ask *ask = arg;
    struct leat_buf *data;

    while ((data = leat_http_call_receive(call, UINT32_MAX)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        leat_http_call_consumed(call, len);
        ask->bad |= leat_buf_total(ask->reply) + len > DOH_REPLY_BYTES;
        if (ask->bad) {
            leat_buf_free(data);
        } else if (ask->reply) {
            leat_buf_append(ask->reply, data);
        } else {
            ask->reply = data;
        }
    }
    if (!leat_http_call_over(call))
        return;
    leat_http_call_close(call);
    finish(ask);
    give(ask);
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    struct doh_ask *ask = arg;
    struct doh_conn *conn = ask->conn;

    (void)call;
    doh_ask_lose(conn, why);
    give(ask);
}

/* Begins the call of a query. */
static enum leat_err call(struct doh_ask *ask)
{
    const struct leat_http_request request = {
        .method = LEAT_HTTP_POST,
        .url = ask->conn->url,
        .fields = "Content-Type: application/dns-message\r\nAccept: application/dns-message\r\n",
        .body_len = ask->len,
        .open_only = true,
        .on_reply = on_reply,
        .on_body = on_body,
        .on_writable = on_writable,
        .on_failed = on_failed,
        .arg = ask};

    return leat_http_call(ask->conn->client->http, &request, &ask->call);
}

enum leat_err doh_ask_begin(struct doh_conn *conn, const uint8_t *query, uint16_t len)
{
    struct leat_doh_client *client = conn->client;
    struct doh_ask *ask = client->free_ask;
    enum leat_err err;

    leat_assert(doh_ask_is_possible(conn) && len >= DOH_HEADER_BYTES && len <= DOH_QUERY_BYTES);
    memcpy(ask->query, query, len);
    memcpy(ask->id, query, sizeof ask->id);
    memset(ask->query, 0, sizeof ask->id);
    ask->conn = conn;
    ask->call = NULL;
    ask->len = len;
    ask->sent = 0;
    ask->age_s = 0;
    ask->bad = false;
    err = call(ask);
    /* all streams that the server admits have queries: the end of one brings a stream */
    if (err && (err != LEAT_ERR_CLOSED || conn->ask_count == 0))
        return err;
    client->free_ask = ask->next;
    ask->next = conn->asks;
    conn->asks = ask;
    conn->ask_count++;
    client->counts.queries++;
    return LEAT_OK;
}

void doh_ask_go_on(struct doh_conn *conn)
{
    uint32_t waiting = 0;

    for (struct doh_ask *ask = conn->asks; ask; ask = ask->next)
        waiting += !ask->call && call(ask) != LEAT_OK;
    if (waiting > 0 && waiting == conn->ask_count)
        doh_ask_lose(conn, LEAT_ERR_END);
}

void doh_ask_end_all(struct doh_conn *conn)
{
    while (conn->asks) {
        if (conn->asks->call)
            leat_http_call_close(conn->asks->call);
        give(conn->asks);
    }
}
