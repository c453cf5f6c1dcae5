/*
 * message.c -- reassembles handshake messages of TLS from records (RFC 8446 4, 5.1).
 *
 * Until a session is open, messages are reassembled in the handshake's memory, whose size limits
 * them. Later messages have only five bytes of memory, which a key update fits. A ticket is read if
 * the program wants it, else it is skipped. One in several records is collected in the program's
 * memory for it.
 */
#include "tls/tls.h"

#include "core/assert.h"

#include <string.h>

static enum tls_event event_of(const uint8_t *message, uint32_t len)
{
    enum {
        RANDOM_AT = WIRE_TLS_MESSAGE_HEADER + 2
    };

    switch (wire_tls_type_of(message)) {
    case WIRE_TLS_CLIENT_HELLO:
        return TLS_rcv_ClientHello;
    case WIRE_TLS_SERVER_HELLO:
        /* 4.1.3: a retry has the type of a ServerHello, and differs by its random. */
        if (len >= RANDOM_AT + WIRE_TLS_RANDOM &&
            memcmp(message + RANDOM_AT, wire_tls_retry_random, WIRE_TLS_RANDOM) == 0)
            return TLS_rcv_HelloRetryRequest;
        return TLS_rcv_ServerHello;
    case WIRE_TLS_NEW_SESSION_TICKET:
        return TLS_rcv_NewSessionTicket;
    case WIRE_TLS_END_OF_EARLY_DATA:
        return TLS_rcv_EndOfEarlyData;
    case WIRE_TLS_ENCRYPTED_EXTENSIONS:
        return TLS_rcv_EncryptedExtensions;
    case WIRE_TLS_CERTIFICATE:
        return TLS_rcv_Certificate;
    case WIRE_TLS_CERTIFICATE_REQUEST:
        return TLS_rcv_CertificateRequest;
    case WIRE_TLS_CERTIFICATE_VERIFY:
        return TLS_rcv_CertificateVerify;
    case WIRE_TLS_FINISHED:
        return TLS_rcv_Finished;
    case WIRE_TLS_KEY_UPDATE:
        return TLS_rcv_KeyUpdate;
    default:
        return TLS_rcv_unknown;
    }
}

/* Keys change after these, so they must end their record (5.1). */
static bool ends_record(uint8_t type)
{
    return type == WIRE_TLS_CLIENT_HELLO || type == WIRE_TLS_SERVER_HELLO ||
           type == WIRE_TLS_END_OF_EARLY_DATA || type == WIRE_TLS_FINISHED ||
           type == WIRE_TLS_KEY_UPDATE;
}

static bool is_at_end(struct tls_session *session, const uint8_t *message, uint32_t left)
{
    if (left == 0 || !ends_record(wire_tls_type_of(message)))
        return true;
    tls_break(session, WIRE_TLS_UNEXPECTED_MESSAGE, "a message after a change of keys");
    return false;
}

/* Reads up to @max bytes of @data from *@at on. */
static uint32_t take(const struct leat_buf *data, uint32_t *at, uint8_t *bytes, uint32_t max)
{
    const uint32_t taken = leat_buf_read(data, *at, bytes, max);

    *at += taken;
    return taken;
}

/* ---- During the handshake -------------------------------------------------------------------- */

/* Bytes that the incoming message still lacks. */
static uint32_t lacks(const struct tls_handshake *handshake)
{
    if (handshake->have < WIRE_TLS_MESSAGE_HEADER)
        return WIRE_TLS_MESSAGE_HEADER - handshake->have;
    return WIRE_TLS_MESSAGE_HEADER + wire_tls_len_of(handshake->message) - handshake->have;
}

static bool is_too_long(const struct tls_handshake *handshake)
{
    return handshake->have >= WIRE_TLS_MESSAGE_HEADER &&
           wire_tls_len_of(handshake->message) > handshake->message_max - WIRE_TLS_MESSAGE_HEADER;
}

static void feed_handshake(struct tls_session *session, const struct leat_buf *data, uint32_t *at)
{
    struct tls_handshake *handshake = session->handshake;
    uint32_t need;

    leat_debug_assert(handshake->have <= handshake->message_max);
    /* First the header's four bytes are lacking, and then the length that it gives. */
    while ((need = lacks(handshake)) > 0) {
        const uint32_t taken = take(data, at, handshake->message + handshake->have, need);

        handshake->have += taken;
        /* checked as soon as the header is there, and so before a byte of the message is stored
         * behind the memory */
        if (is_too_long(handshake)) {
            tls_break(session, WIRE_TLS_ILLEGAL_PARAMETER,
                      session->server ? "a handshake message longer than server_message_bytes"
                                      : "a handshake message longer than client_message_bytes");
            return;
        }
        if (taken < need)
            return;
    }
    if (!is_at_end(session, handshake->message, leat_buf_total(data) - *at))
        return;
    session->idle_records = 0;
    tls_event(session, event_of(handshake->message, handshake->have));
    /* The event may have opened the session, which releases the handshake. */
    if (session->handshake)
        session->handshake->have = 0;
}

/* ---- After the handshake --------------------------------------------------------------------- */

/* Starts a message whose header is complete. */
static void begin_late(struct tls_session *session)
{
    const uint8_t type = wire_tls_type_of(session->late);
    const uint32_t len = wire_tls_len_of(session->late);

    leat_debug_assert(session->late_have == WIRE_TLS_MESSAGE_HEADER);
    session->late_left = len;
    if (type == WIRE_TLS_KEY_UPDATE && len == 1)
        return;
    if (type != WIRE_TLS_NEW_SESSION_TICKET || len > WIRE_TLS_PLAINTEXT_MAX) {
        session->late_left = 0; /* it has no memory, and needs none to be refused */
        tls_event(session, event_of(session->late, 0));
        if (session->state != TLS_FAILED)
            tls_break(session, WIRE_TLS_DECODE_ERROR, "a message of a wrong length");
    }
}

/* Takes the next @part bytes of a ticket; when it is complete, tls->late has it for the event that
 * follows. Until then the bytes lie in the program's memory for a ticket, behind its length, which
 * stays 0: there is no ticket. */
static void take_ticket(struct tls_session *session, const struct leat_buf *data, uint32_t at,
                        uint32_t part)
{
    struct leat_tls *tls = session->tls;
    const uint32_t len = wire_tls_len_of(session->late), have = len - session->late_left;
    uint8_t *place = (uint8_t *)session->ticket + sizeof session->ticket->identity_len;

    _Static_assert(sizeof(struct leat_tls_ticket) >= TLS_LATE_BYTES + sizeof(uint16_t),
                   "there is room for the longest");
    if (part == len) {
        tls->late_len = leat_buf_read(data, at, tls->late, len);
        return;
    }
    if (have == 0)
        leat_crypto_wipe(session->ticket, sizeof *session->ticket);
    leat_buf_read(data, at, place + have, part);
    if (part < session->late_left)
        return;
    memcpy(tls->late, place, len);
    tls->late_len = len;
    leat_crypto_wipe(session->ticket, sizeof *session->ticket);
}

static void feed_late(struct tls_session *session, const struct leat_buf *data, uint32_t *at)
{
    uint32_t left, part;

    leat_debug_assert(session->late_have <= WIRE_TLS_MESSAGE_HEADER);
    if (session->late_have < WIRE_TLS_MESSAGE_HEADER) {
        session->late_have =
            (uint8_t)(session->late_have + take(data, at, session->late + session->late_have,
                                                WIRE_TLS_MESSAGE_HEADER - session->late_have));
        if (session->late_have < WIRE_TLS_MESSAGE_HEADER)
            return;
        begin_late(session);
        if (session->state == TLS_FAILED)
            return;
    }
    left = leat_buf_total(data) - *at;
    part = session->late_left < left ? session->late_left : left;
    if (wire_tls_type_of(session->late) == WIRE_TLS_KEY_UPDATE)
        leat_buf_read(data, *at, session->late + WIRE_TLS_MESSAGE_HEADER, part);
    else if (session->ticket && wire_tls_len_of(session->late) <= TLS_LATE_BYTES)
        take_ticket(session, data, *at, part);
    *at += part;
    session->late_left -= part;
    if (session->late_left > 0)
        return;
    session->late_have = 0;
    if (is_at_end(session, session->late, leat_buf_total(data) - *at))
        tls_event(session, event_of(session->late, 0));
    /* The bytes in tls->late are for the event only; the next message may be another session's. */
    session->tls->late_len = 0;
}

void tls_message_feed(struct tls_session *session, const struct leat_buf *data)
{
    const uint32_t total = leat_buf_total(data);
    uint32_t at = 0;

    while (at < total && session->state != TLS_FAILED && session->state != TLS_CLOSED) {
        if (session->handshake)
            feed_handshake(session, data, &at);
        else
            feed_late(session, data, &at);
    }
}
