/*
 * echo_tls.c -- Echo (RFC 862) over TLS: data is decrypted in the buffers in which it came, and
 * sent back in them.
 */
#include <stdio.h>

#include <leat/tls.h>

#include "secure.h"

/* A session, or the next place that is free. */
static union place {
    struct leat_stream session;
    union place *next;
} places[SECURE_SESSIONS];

static union place *unused;
static struct leat_platform *to; /* for messages about sessions */

/* Sends received data back, as far as there is room; the rest waits in leat. */
static void echo_data(struct leat_tcp *conn, void *arg)
{
    const struct leat_stream *session = &((union place *)arg)->session;

    (void)conn;
    for (;;) {
        const uint32_t room = leat_stream_send_room(session);
        struct leat_buf *data = room > 0 ? leat_stream_receive(session, room) : NULL;
        uint32_t len;

        if (!data)
            break;
        len = leat_buf_total(data);
        if (leat_stream_send(session, data)) {
            leat_stream_abort(session); /* better no echo than one with a hole */
            return;
        }
        leat_stream_consumed(session, len);
    }
    /* The peer has closed, and all its data is queued: now close our direction, too. */
    if (leat_stream_at_end(session))
        leat_stream_shutdown(session);
}

/* Reports why a session failed. */
static void tell_why(const struct leat_stream *session, enum leat_err err)
{
    struct leat_tls_info info;
    char line[160];

    leat_tls_get_info(session, &info);
    snprintf(line, sizeof line, "echo_tls: %s: %s, sent %s, got %s", leat_err_text(err), info.why,
             leat_tls_alert_name(info.alert_sent), leat_tls_alert_name(info.alert_received));
    to->say(to, line);
}

static void give_back(union place *place)
{
    place->next = unused;
    unused = place;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    union place *place = arg;

    (void)conn;
    if (why == LEAT_ERR_TLS)
        tell_why(&place->session, why);
    give_back(place);
}

static const struct leat_tcp_events events = {
    .on_readable = echo_data, .on_writable = echo_data, .on_closed = on_closed};

static void serve(void *arg, const struct leat_stream *session)
{
    union place *place = unused;

    (void)arg;
    if (!place) {
        leat_stream_abort(session);
        return;
    }
    unused = place->next;
    place->session = *session;
    leat_stream_set_events(session, &events, place);
}

static const char *start(struct leat_platform *platform)
{
    const struct secure_port port = {
        .port = platform->port, .protocol = "http/1.1", .serve = serve};

    if (platform->argument_count > 0)
        return "echo_tls takes no arguments";
    if (!platform->certificate && !platform->acme)
        return "give --cert and --key, or --acme";
    to = platform;
    for (unsigned i = 0; i < SECURE_SESSIONS; i++)
        give_back(&places[i]);
    return secure_serve(platform, &port, 1);
}

const struct leat_app example = {.name = "echo_tls",
                                 .summary = "Echoes sessions of TLS (RFC 862).",
                                 .arguments = "",
                                 .default_port = 7,
                                 .has_tls = true,
                                 .has_acme = true,
                                 .check = secure_check,
                                 .start = start,
                                 .reload = secure_reload,
                                 .end = secure_end};
