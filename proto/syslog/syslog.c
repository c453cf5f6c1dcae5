/*
 * syslog.c -- messages of RFC 5424, as datagrams or in a queue that is sent by TCP.
 *
 *      <30>1 2026-11-23T07:21:00.123456Z host echo - - - what happened
 */
#include <leat/syslog.h>

#include <stdalign.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/tcp.h>
#include <leat/timer.h>
#include <leat/udp.h>

#include "core/text.h"

#include "core/assert.h"

enum {
    FACILITY_DAEMON = 3,
    FACILITY_MAX = 23,
    QUEUE_BYTES = 8192,
    QUEUE_BYTES_MIN = 2048,
    PREFIX_BYTES = 5, /* "1180 ", the length before a message (RFC 6587 3.4.1) */
    WAITS_MAX = 6     /* the wait doubles from 1 s to 64 s */
};

#define SECOND_NS UINT64_C(1000000000)

struct leat_syslog {
    struct leat *stack;
    struct leat_syslog_config config;
    struct leat_syslog_counts counts;
    uint64_t untold; /* lost lines that no message has reported yet */
    struct leat_udp *udp;
    struct leat_tcp *conn;   /* NULL: no connection is open or being opened */
    struct leat_timer timer; /* fires at the next attempt */
    unsigned waits;          /* failed attempts in a row */
    uint32_t queued;         /* bytes of complete messages */
    uint32_t begun;          /* bytes of the first message that conn has taken already */
    char queue[];            /* config.queue_bytes */
};

/* ---- A message ---------------------------------------------------------------------------- */

static void add_time(struct text *text, uint64_t civil_ns)
{
    const struct leat_civil_date date = leat_civil_date(civil_ns);

    text_add_digits(text, date.year, 4);
    text_add(text, "-");
    text_add_digits(text, date.month, 2);
    text_add(text, "-");
    text_add_digits(text, date.day, 2);
    text_add(text, "T");
    text_add_digits(text, date.hour, 2);
    text_add(text, ":");
    text_add_digits(text, date.minute, 2);
    text_add(text, ":");
    text_add_digits(text, date.second, 2);
    text_add(text, ".");
    text_add_digits(text, civil_ns % SECOND_NS / 1000, 6);
    text_add(text, "Z");
}

static void add_name(struct text *text, const char *name)
{
    text_add(text, " ");
    text_add(text, name ? name : "-");
}

/* A control character, a newline for example, would let a remote name or request forge a line of
 * its own in the log. */
static void add_line(struct text *text, const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char one[] = {line[i], '\0'};
        const bool is_control = (unsigned char)line[i] < ' ' || line[i] == 0x7f;

        text_add(text, is_control ? " " : one);
    }
}

/* RFC 5424 6: header, no structured data, the message. */
static void compose(struct text *text, const struct leat_syslog *log,
                    enum leat_syslog_severity severity, const char *line, size_t len)
{
    /* leat_civil_ns() is invalid before the first poll. Without a timestamp the server adds
     * its own. */
    const uint64_t civil_ns = leat_now_ns(log->stack) > 0 ? leat_civil_ns(log->stack) : 0;

    text_add(text, "<");
    text_add_number(text, log->config.facility * 8u + (unsigned)severity);
    text_add(text, ">1 ");
    if (civil_ns > 0)
        add_time(text, civil_ns);
    else
        text_add(text, "-");
    add_name(text, log->config.host_name);
    add_name(text, log->config.app_name);
    text_add(text, " - - - ");
    add_line(text, line, len);
}

/* ---- By UDP ------------------------------------------------------------------------------- */

static bool send_datagram(struct leat_syslog *log, enum leat_syslog_severity severity,
                          const char *line, size_t len)
{
    struct leat_buf *buf = leat_buf_alloc(leat_pool(log->stack), LEAT_BUF_HEADROOM);
    struct text text = {.room = LEAT_SYSLOG_MESSAGE_BYTES};

    if (!buf)
        return false;
    text.bytes = (char *)buf->data;
    if (text.room > leat_buf_tailroom(buf))
        text.room = leat_buf_tailroom(buf);
    compose(&text, log, severity, line, len);
    leat_buf_put(buf, (uint32_t)text.len);
    return leat_udp_send_to(log->udp, buf, &log->config.server) == LEAT_OK;
}

/* ---- By TCP ------------------------------------------------------------------------------- */

/* Queues a message with its length in front; false: the queue is full. */
static bool queue_message(struct leat_syslog *log, enum leat_syslog_severity severity,
                          const char *line, size_t len)
{
    char *at = log->queue + log->queued;
    struct text prefix = {.bytes = at, .room = PREFIX_BYTES};
    struct text message = {.bytes = at + PREFIX_BYTES, .room = LEAT_SYSLOG_MESSAGE_BYTES};

    leat_debug_assert(log->queued <= log->config.queue_bytes);
    if (log->config.queue_bytes - log->queued < PREFIX_BYTES + LEAT_SYSLOG_MESSAGE_BYTES)
        return false;
    compose(&message, log, severity, line, len);
    text_add_number(&prefix, message.len);
    text_add(&prefix, " ");
    /* The length is known only now. A shorter prefix than the room for it closes the gap. */
    memmove(at + prefix.len, message.bytes, message.len);
    log->queued += (uint32_t)(prefix.len + message.len);
    return true;
}

/* Bytes of the first message in the queue, including its length. */
static uint32_t first_bytes(const struct leat_syslog *log)
{
    uint32_t digits = 0, len = 0;

    leat_assert(log->queued > 0);
    while (log->queue[digits] != ' ')
        len = 10 * len + (uint32_t)(log->queue[digits++] - '0');
    return digits + 1 + len;
}

/* Writes the queue to the connection. A message stays queued until the connection has taken
 * all of it, so a new connection always begins with a complete message. A write is partial when
 * the buffer pool is empty. */
static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct leat_syslog *log = arg;

    while (log->queued > 0) {
        const uint32_t bytes = first_bytes(log), left = bytes - log->begun;
        size_t taken;

        /* A whole message or nothing, so that each write ends with a message if the pool has
         * buffers. */
        if (leat_tcp_send_room(conn) < left) {
            leat_tcp_want_room(conn, left);
            return;
        }
        if (leat_tcp_write(conn, log->queue + log->begun, left, &taken))
            return; /* on_writable or on_closed follows; so too after the partial write below */
        log->begun += (uint32_t)taken;
        if (taken < left)
            return;
        log->begun = 0;
        log->queued -= bytes;
        memmove(log->queue, log->queue + bytes, log->queued);
        log->counts.sent++;
    }
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct leat_syslog *log = arg;

    log->waits = 0;
    on_writable(conn, log);
}

/* Discards all received data, because a syslog server sends none. Closes when the server closes. */
static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *text = leat_tcp_receive(conn, UINT32_MAX);

    (void)arg;
    leat_tcp_consumed(conn, leat_buf_total(text));
    leat_buf_free(text);
    if (leat_tcp_at_end(conn))
        leat_tcp_close(conn);
}

static void try_later(struct leat_syslog *log)
{
    leat_debug_assert(log->waits <= WAITS_MAX);
    leat_debug_assert(!log->conn);
    leat_timer_set(log->stack, &log->timer, leat_now_ns(log->stack) + (SECOND_NS << log->waits));
    if (log->waits < WAITS_MAX)
        log->waits++;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct leat_syslog *log = arg;

    (void)conn;
    (void)why;
    log->conn = NULL;
    log->begun = 0;
    try_later(log);
}

/* Connects if messages are queued, unless a connection exists or an attempt is scheduled. */
static void connect_to_server(struct leat_syslog *log)
{
    static const struct leat_tcp_events events = {.on_open = on_open,
                                                  .on_readable = on_readable,
                                                  .on_writable = on_writable,
                                                  .on_closed = on_closed};

    if (log->conn || log->queued == 0 || leat_timer_is_set(&log->timer))
        return;
    if (leat_tcp_connect(log->stack, &log->conn, &log->config.server, NULL, &events, log)) {
        log->conn = NULL;
        try_later(log);
    }
}

static void on_time(struct leat_timer *timer, void *arg)
{
    (void)timer;
    connect_to_server(arg);
}

static bool send_by_tcp(struct leat_syslog *log, enum leat_syslog_severity severity,
                        const char *line, size_t len)
{
    /* With earlier messages in the queue, the connection is full or not open, and on_writable
     * follows. */
    const bool waited = log->queued > 0;

    if (!queue_message(log, severity, line, len))
        return false;
    if (log->conn && !waited)
        on_writable(log->conn, log);
    connect_to_server(log);
    return true;
}

/* ---- The log ------------------------------------------------------------------------------ */

static bool send_one(struct leat_syslog *log, enum leat_syslog_severity severity, const char *line,
                     size_t len)
{
    if (log->config.tcp)
        return send_by_tcp(log, severity, line, len);
    if (!send_datagram(log, severity, line, len))
        return false;
    log->counts.sent++;
    return true;
}

/* Reports earlier losses as soon as a message can be sent. */
static bool tell_losses(struct leat_syslog *log)
{
    char words[48];
    struct text text = {.bytes = words, .room = sizeof words};

    if (log->untold == 0)
        return true;
    text_add_number(&text, log->untold);
    text_add(&text, " lines were lost");
    if (!send_one(log, LEAT_SYSLOG_WARNING, words, text.len))
        return false;
    log->untold = 0;
    return true;
}

void leat_syslog_send(struct leat_syslog *log, enum leat_syslog_severity severity, const char *line,
                      size_t len)
{
    /* The number of lost lines goes first, at the place in the log where they are missing. */
    if (tell_losses(log) && send_one(log, severity, line, len))
        return;
    log->counts.lost++;
    log->untold++;
}

static uint32_t queue_bytes_of(const struct leat_syslog_config *config)
{
    if (!config->tcp)
        return 0;
    return config->queue_bytes ? config->queue_bytes : QUEUE_BYTES;
}

/* RFC 5424 6: PRINTUSASCII. */
static bool is_name(const char *name)
{
    size_t len = 0;

    if (!name)
        return true;
    while (name[len] > ' ' && name[len] < 0x7f && len <= LEAT_SYSLOG_NAME_BYTES)
        len++;
    return len > 0 && name[len] == '\0' && len <= LEAT_SYSLOG_NAME_BYTES;
}

static bool is_sound(const struct leat_syslog_config *config)
{
    return !LEAT_RESERVED_IS_USED(config) && config->facility <= FACILITY_MAX &&
           is_name(config->host_name) && is_name(config->app_name) &&
           !leat_ip_is_any(config->server.ip) &&
           (!config->tcp || queue_bytes_of(config) >= QUEUE_BYTES_MIN);
}

size_t leat_syslog_memory_bytes(const struct leat_syslog_config *config)
{
    return sizeof(struct leat_syslog) + alignof(struct leat_syslog) - 1 + queue_bytes_of(config);
}

enum leat_err leat_syslog_open(struct leat_syslog **log, struct leat *stack, void *memory,
                               size_t bytes, const struct leat_syslog_config *config)
{
    static const struct leat_udp_events nothing = {0};
    const uintptr_t skew = (uintptr_t)memory % alignof(struct leat_syslog);
    struct leat_syslog *made;

    if (!is_sound(config))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_syslog_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    made = (void *)((char *)memory + (skew ? alignof(struct leat_syslog) - skew : 0));
    *made = (struct leat_syslog){.stack = stack, .config = *config};
    if (made->config.facility == 0)
        made->config.facility = FACILITY_DAEMON;
    if (made->config.server.port == 0)
        made->config.server.port = LEAT_SYSLOG_PORT;
    made->config.queue_bytes = queue_bytes_of(config);
    made->timer.on_time = on_time;
    made->timer.arg = made;
    if (!config->tcp) {
        const enum leat_err err = leat_udp_open(stack, &made->udp, &nothing, made);

        if (err)
            return err;
    }
    *log = made;
    return LEAT_OK;
}

const struct leat_syslog_counts *leat_syslog_counts(const struct leat_syslog *log)
{
    return &log->counts;
}

void leat_syslog_close(struct leat_syslog *log)
{
    static const struct leat_tcp_events nothing = {0};

    leat_timer_cancel(log->stack, &log->timer);
    if (log->udp)
        leat_udp_close(log->udp);
    /* Close, and no abort: messages that the connection has taken are still delivered. */
    if (log->conn) {
        leat_tcp_set_events(log->conn, &nothing, NULL);
        leat_tcp_close(log->conn);
    }
}
