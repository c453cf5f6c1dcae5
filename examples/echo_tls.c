/*
 * echo_tls.c -- Echo (RFC 862) for sessions of TLS: what came is opened in the buffers it came in, and
 * these go back.
 */
#include "secure.h"

/* A session, or the next place that is free. */
static union place {
    struct leat_stream session;
    union place *next;
} places[SECURE_SESSIONS];

static union place *unused;

/* Gives back what has been read, as far as there is room to send; the rest waits in leat. */
static void echo_text(struct leat_tcp *conn, void *arg)
{
    const struct leat_stream *session = &((union place *)arg)->session;

    (void)conn;
    for (;;) {
        const uint32_t room = leat_stream_send_room(session);
        struct leat_buf *text = room > 0 ? leat_stream_receive(session, room) : NULL;
        uint32_t len;

        if (!text)
            break;
        len = leat_buf_total(text);
        if (leat_stream_send(session, text)) {
            leat_stream_abort(session); /* better no echo than one with a hole */
            return;
        }
        leat_stream_consumed(session, len);
    }
    /* The peer has said all and got all of it queued: now we have no more to say either. */
    if (leat_stream_at_end(session))
        leat_stream_shutdown(session);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    union place *place = arg;

    (void)conn;
    (void)why;
    place->next = unused;
    unused = place;
}

static const struct leat_tcp_events events = {
    .on_readable = echo_text, .on_writable = echo_text, .on_closed = on_closed};

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

static const char *start(struct example_platform *platform)
{
    if (platform->argument_count > 0)
        return "echo_tls takes no arguments";
    if (!platform->certificate)
        return "give --cert and --key";
    for (unsigned i = 0; i < SECURE_SESSIONS; i++)
        on_closed(NULL, LEAT_OK, &places[i]);
    return secure_serve(platform, platform->port, serve, NULL);
}

const struct example example = {.name = "echo_tls",
                                .summary = "Echoes sessions of TLS (RFC 862).",
                                .arguments = "",
                                .default_port = 7,
                                .start = start};
