/*
 * record.c -- receives records of TLS from the stream below (RFC 8446 5).
 *
 * A record stays in the stream below, and on its account, until it is complete: a session holds no
 * part of it. Only if memory is too short to open it, the session holds it and tries again.
 */
#include "tls/tls.h"

#include "tls/places.h"
#include "wire/bytes.h"

/* Bytes that were received and not read yet. */
static uint32_t come(const struct tls_session *session)
{
    return leat_buf_total(session->incoming) + leat_stream_readable(&session->below);
}

/* Takes @len received bytes. NULL: the pool has no descriptor to split a buffer. The bytes taken so
 * far stay in session->incoming, and the session is served again later. */
static struct leat_buf *take(struct tls_session *session, uint32_t len)
{
    struct leat_buf *taken = session->incoming;
    const uint32_t have = leat_buf_total(taken);
    struct leat_buf *more = have < len ? leat_stream_receive(&session->below, len - have) : NULL;

    if (taken && more)
        leat_buf_append(taken, more);
    else if (more)
        taken = more;
    /* Kept in the session: the stream below gives each byte once. */
    session->incoming = taken;
    if (leat_buf_total(taken) < len) {
        tls_session_retry(session);
        return NULL;
    }
    session->incoming = NULL;
    return taken;
}

static enum leat_tcp_state state_below(const struct tls_session *session)
{
    const struct leat_tcp *conn = leat_stream_tcp(&session->below);
    struct leat_tcp_info info = {.state = LEAT_TCP_ESTABLISHED};

    if (conn)
        leat_tcp_get_info(conn, &info);
    return info.state;
}

/* True if the stream below will never deliver more. */
static bool is_over(const struct tls_session *session, enum leat_tcp_state state)
{
    return leat_stream_at_end(&session->below) || state == LEAT_TCP_CLOSE_WAIT ||
           state == LEAT_TCP_LAST_ACK || state == LEAT_TCP_CLOSING || state == LEAT_TCP_TIME_WAIT;
}

/* Handles an incomplete record. Returns false. */
static bool wait_for_more(struct tls_session *session)
{
    /* the usual case, in which TCP's state needn't be asked */
    const bool is_idle = come(session) == 0 && !leat_stream_at_end(&session->below);
    const enum leat_tcp_state state = is_idle ? LEAT_TCP_ESTABLISHED : state_below(session);

    if (session->ended)
        return false;
    if (state == LEAT_TCP_CLOSED) {
        tls_session_drain(session); /* on_closed tells how it ended, when all was read */
    } else if (is_over(session, state)) {
        session->ended = true;
        session->due_ns = LEAT_NEVER_NS;
        tls_event(session, TLS_end);
    } else if (session->record_len > 0 && session->is_open && session->due_ns == LEAT_NEVER_NS) {
        tls_session_due(session, leat_now_ns(session->tls->stack) + session->tls->config.record_ns);
    }
    return false;
}

/* ---- The content of a record ----------------------------------------------------------------- */

static void take_alert(struct tls_session *session, const struct leat_buf *data)
{
    uint8_t alert[3];
    const uint32_t len = leat_buf_read(data, 0, alert, sizeof alert);

    if (len != 2) { /* 5.4: an empty alert has another error */
        tls_break(session, len == 0 ? WIRE_TLS_UNEXPECTED_MESSAGE : WIRE_TLS_DECODE_ERROR,
                  "an alert of a wrong length");
        return;
    }
    if (alert[1] == WIRE_TLS_USER_CANCELED)
        return; /* 6.1: close_notify follows; Java sends both for each close */
    session->alert_received = alert[1]; /* 6: whatever the level */
    tls_event(session, alert[1] == WIRE_TLS_CLOSE_NOTIFY ? TLS_rcv_close_notify : TLS_rcv_alert);
}

/* Counts a record that adds nothing to a message or to the program's data. A peer may send only
 * TLS_IDLE_MAX of them in a row. */
static bool count_idle(struct tls_session *session)
{
    if (tls_idle_is_allowed(session))
        return true;
    tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, tls_too_idle);
    return false;
}

/* Processes the complete plaintext of a record, and takes it. */
static void dispatch(struct tls_session *session, uint8_t type, struct leat_buf *data)
{
    const uint32_t len = leat_buf_total(data);
    const struct tls_handshake *handshake = session->handshake;
    const bool in_message =
        handshake ? handshake->have > 0 : session->late_have > 0 || session->late_left > 0;

    if (in_message && type != WIRE_TLS_HANDSHAKE) {
        tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "a record inside of a message"); /* 5.1 */
    } else if (type == WIRE_TLS_APPLICATION_DATA && len > 0) {
        session->idle_records = 0;
        session->incoming = data;
        tls_event(session, TLS_rcv_application_data);
        data = session->incoming; /* data that the action didn't take */
        session->incoming = NULL;
    } else if (type == WIRE_TLS_HANDSHAKE && len > 0) {
        tls_message_feed(session,
                         data); /* 5.1 allows records of one byte, and OpenSSL sends some */
    } else if (!count_idle(session)) {
        /* tls_break() has ended the session */
    } else if (type == WIRE_TLS_ALERT) {
        take_alert(session, data);
    } else if (type == WIRE_TLS_APPLICATION_DATA) {
        if (session->handshake && session->state != TLS_WAIT_EOED)
            tls_event(session, TLS_rcv_application_data);
    } else {
        tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "a record of an illegal type"); /* 5, 5.1 */
    }
    leat_buf_free(data);
}

static bool is_change(const struct leat_buf *record, uint32_t total)
{
    uint8_t value = 0;

    return total == 1 && leat_buf_read(record, 0, &value, 1) == 1 && value == 1;
}

/* True for an alert in plaintext: a peer that couldn't derive our keys sends one. Accepting it does
 * no more harm than a RST. */
static bool is_plain_alert(const struct tls_session *session, uint32_t total)
{
    return session->record_type == WIRE_TLS_ALERT && session->handshake && total == 2;
}

/* True if a record that can't be opened, or isn't expected, counts as refused early data. Such
 * records are skipped up to a limit (4.2.10). */
static bool is_early(struct tls_session *session, uint32_t total)
{
    const uint32_t bytes = WIRE_TLS_RECORD_HEADER + total;

    if (session->early_left < bytes)
        return false;
    session->early_left -= bytes;
    session->read.sequence = 0; /* sequence numbers count only records of the handshake */
    session->tls->counts.early_bytes += bytes;
    return true;
}

/* Handles a record that can't be opened. */
static void refuse_record(struct tls_session *session, uint32_t total, uint8_t alert)
{
    if (alert == WIRE_TLS_BAD_RECORD_MAC && is_early(session, total))
        return;
    tls_break(session, alert,
              alert == WIRE_TLS_BAD_RECORD_MAC ? "a record that doesn't decrypt"
                                               : "a record without a type");
}

/* Takes and processes @record. False: no memory to open it, and the caller keeps it. */
static bool process(struct tls_session *session, struct leat_buf *record, uint32_t total)
{
    uint8_t type = session->record_type, alert;

    if (type == WIRE_TLS_CHANGE_CIPHER_SPEC) {
        if (!is_change(record, total))
            tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "not the one change_cipher_spec");
        else if (count_idle(session))
            tls_event(session, TLS_rcv_change_cipher_spec);
        leat_buf_free(record);
        return true;
    }
    if (session->read.on && !is_plain_alert(session, total)) {
        if (type != WIRE_TLS_APPLICATION_DATA) {
            tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "a record that isn't encrypted");
            leat_buf_free(record);
            return true;
        }
        record = tls_unprotect(session, record, total, &type, &alert);
        if (!record) {
            if (alert != 0)
                refuse_record(session, total, alert);
            return alert != 0;
        }
        session->early_left = 0;
    } else if (type == WIRE_TLS_APPLICATION_DATA && is_early(session, total)) {
        leat_buf_free(record); /* between two hellos */
        return true;
    }
    dispatch(session, type, record);
    return true;
}

/* ---- Sequence of records --------------------------------------------------------------------- */

/* Reads a record's header. False: it isn't valid, or not available. */
static bool read_header(struct tls_session *session)
{
    struct leat_buf *taken = take(session, WIRE_TLS_RECORD_HEADER);
    uint8_t header[WIRE_TLS_RECORD_HEADER] = {0};
    uint32_t max;

    if (!taken)
        return false;
    leat_buf_read(taken, 0, header, sizeof header);
    leat_buf_free(taken);
    leat_stream_consumed(&session->below, WIRE_TLS_RECORD_HEADER);
    session->record_type = header[0];
    session->record_minor = header[2];
    session->record_len = get16(header + 3);
    if (header[1] != 3 || header[0] < WIRE_TLS_CHANGE_CIPHER_SPEC ||
        header[0] > WIRE_TLS_APPLICATION_DATA) {
        /* 5.1: the version is to be ignored, but here a peer without TLS is recognized first */
        tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "the peer doesn't speak TLS");
        return false;
    }
    /* limit of an encrypted record, even if we have no key for it: data, padding and type (5.4),
     * and a tag */
    max = header[0] == WIRE_TLS_APPLICATION_DATA
              ? WIRE_TLS_PLAINTEXT_MAX + 1 + LEAT_CRYPTO_TAG_BYTES
              : WIRE_TLS_PLAINTEXT_MAX;
    if (session->record_len > max) {
        tls_break(session, WIRE_TLS_RECORD_OVERFLOW, "a record that is too long");
        return false;
    }
    if (session->record_len ==
        0) /* 5.1: only application data may be empty, and then it is encrypted */
        tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "an empty record");
    return session->record_len > 0;
}

bool tls_record_next(struct tls_session *session)
{
    const uint32_t data_before = session->data_bytes;
    struct leat_buf *record;
    uint32_t total;

    if (session->record_len == 0) {
        if (come(session) < WIRE_TLS_RECORD_HEADER)
            return wait_for_more(session);
        if (!read_header(session))
            return false;
    }
    total = session->record_len;
    if (come(session) < total)
        return wait_for_more(session);
    if (!tls_handshake_is_ready(session))
        return false;
    record = take(session, total);
    if (!record)
        return false;
    session->record_len = 0;
    tls_session_renew(session);
    if (session->is_open &&
        !session->deaf) /* a program that has closed doesn't wait longer for that */
        session->due_ns = LEAT_NEVER_NS;
    if (!process(session, record, total)) {
        session->record_len = (uint16_t)total;
        session->incoming = record;
        tls_session_retry(session);
        return false;
    }
    /* the program acknowledges data that it gets itself */
    leat_stream_consumed(&session->below, total - (session->data_bytes - data_before));
    return true;
}
