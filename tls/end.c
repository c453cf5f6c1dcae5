/* end.c -- messages that client and server handle alike: Finished, data, key updates, and the end
 * of a session (RFC 8446 4.4.4, 4.6, 6). */
#include "tls/tls.h"

const char tls_provider_failed[] = "the provider of cryptography failed";
const char tls_too_idle[] = "too many records or key updates without data";

bool tls_idle_is_allowed(struct tls_session *session)
{
    if (session->idle_records == TLS_IDLE_MAX)
        return false;
    session->idle_records++;
    return true;
}

bool tls_message_add(struct tls_session *session, struct tls_step *step)
{
    struct tls_handshake *handshake = session->handshake;
    /* resume.c has hashed the part of a hello that the binders cover, and has left the rest
     * (4.2.11.2). */
    const uint32_t from = handshake->hashed;

    handshake->hashed = 0;
    if (tls_transcript_add(session, handshake->message + from, handshake->have - from))
        return true;
    tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
    return false;
}

void tls_await(TLS_PARAMETERS)
{
    (void)session;
    (void)step;
}

void tls_drop(TLS_PARAMETERS)
{
    (void)session;
    (void)step;
}

/* ---- Finished -------------------------------------------------------------------------------- */

/* In constant time, because a difference in time would tell an attacker how many bytes of a guess
 * are right. */
static bool is_right(struct tls_session *session)
{
    const struct tls_handshake *handshake = session->handshake;
    const size_t len = tls_digest_bytes(session);
    uint8_t mac[LEAT_CRYPTO_DIGEST_BYTES_MAX];

    return tls_finished(session, session->read.secret, mac) &&
           leat_crypto_equal(mac, handshake->message + WIRE_TLS_MESSAGE_HEADER, len);
}

/* After Finished, a server may send data at once; a client must send its own Finished first. So
 * only a server switches the key for reading here to the client's application traffic secret, and a
 * client derives its master secret first. */
void tls_read_Finished(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;
    bool done;

    if (handshake->have != WIRE_TLS_MESSAGE_HEADER + tls_digest_bytes(session)) {
        tls_flaw(session, step, WIRE_TLS_DECODE_ERROR, "a Finished of a wrong length");
    } else if (!is_right(session)) {
        tls_flaw(session, step, WIRE_TLS_DECRYPT_ERROR, "a Finished that is wrong");
    } else if (session->server) {
        /* 7.1: only the secret of tickets covers the client's Finished, so the transcript takes
         * that message for a ticket only. */
        done = tls_key_set(session, &session->read, handshake->client_secret) &&
               (!session->gives_ticket ||
                (tls_transcript_add(session, handshake->message, handshake->have) &&
                 tls_schedule_resumption(session)));
        if (!done)
            tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
    } else if (tls_message_add(session, step)) {
        done = tls_schedule_master(session) &&
               tls_key_set(session, &session->read, handshake->server_secret);
        if (!done)
            tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
    }
}

void tls_open_session(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;

    if (step->follows)
        return; /* the message that was just read had a flaw */
    /* The client's Finished was sent under the handshake's key. All that follows goes under the
     * application's. */
    if (!session->server && (!tls_key_set(session, &session->write, handshake->client_secret) ||
                             (session->ticket && !tls_schedule_resumption(session)))) {
        tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
        return;
    }
    if (session->server)
        session->tls->counts.accepted++;
    else
        session->tls->counts.connected++;
    session->tls->counts.resumed += session->resumed;
    tls_handshake_release(session);
    session->is_open = true;
    session->due_ns = LEAT_NEVER_NS;
    session->news |= TLS_NEWS_OPEN;
    if (session->data) /* early data that the program didn't ask for; now it can't be a replay */
        session->news |= TLS_NEWS_READABLE;
    if (session->wanted > 0)
        session->news |= TLS_NEWS_WRITABLE;
}

/* ---- While the session is open --------------------------------------------------------------- */

void tls_hand_up(TLS_PARAMETERS)
{
    (void)step;
    if (session->deaf) { /* as TCP does: a reset tells the peer that data was lost (RFC
                            1122 4.2.2.13) */
        leat_stream_abort(&session->below);
        return;
    }
    session->data_bytes += leat_buf_total(session->incoming);
    if (session->data)
        leat_buf_append(session->data, session->incoming);
    else
        session->data = session->incoming;
    session->incoming = NULL;
    session->news |= TLS_NEWS_READABLE;
}

/* 4.6.3: one answer is enough for several requests. After close_notify nothing may be sent
 * (6.1). */
void tls_read_KeyUpdate(TLS_PARAMETERS)
{
    bool requested;
    const uint8_t alert =
        wire_tls_key_update_read(session->late + WIRE_TLS_MESSAGE_HEADER, 1, &requested);

    if (alert != 0)
        tls_flaw(session, step, alert, "a malformed KeyUpdate");
    else if (!tls_idle_is_allowed(
                 session)) /* each one costs a key derivation and carries no data */
        tls_flaw(session, step, WIRE_TLS_UNEXPECTED_MESSAGE, tls_too_idle);
    else if (!tls_key_update(session, &session->read))
        tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
    else if (requested && !(session->owed & TLS_OWES_CLOSE) && !session->said_last)
        session->owed |= TLS_OWES_KEY_UPDATE;
}

void tls_snd_KeyUpdate(TLS_PARAMETERS)
{
    (void)step;
    session->owed |= TLS_OWES_KEY_UPDATE;
}

/* ---- The end --------------------------------------------------------------------------------- */

void tls_snd_close_notify(TLS_PARAMETERS)
{
    (void)step;
    session->owed |= TLS_OWES_CLOSE;
}

/* The program learns of the end by on_readable, as with TCP: at_end() of stream.c is true now. */
void tls_note_close(TLS_PARAMETERS)
{
    (void)step;
    session->news |= TLS_NEWS_READABLE;
}

/* A middlebox expects a client's change_cipher_spec before its first encrypted record (D.4). That
 * may be an alert: a client that refuses the server's flight sends nothing else. */
static uint32_t change_before_alert(const struct tls_session *session)
{
    const struct tls_handshake *handshake = session->handshake;

    return handshake && !session->server && session->write.on && !handshake->changed
               ? TLS_OWES_CHANGE
               : 0;
}

void tls_snd_alert(TLS_PARAMETERS)
{
    (void)step;
    session->alert_sent = session->alert;
    /* An alert is the last message, so all others are dropped, and so is data that wasn't sent
     * yet. */
    session->owed = session->said_last ? 0 : TLS_OWES_ALERT | change_before_alert(session);
    leat_buf_free(session->unsent);
    session->unsent = NULL;
    session->tls->counts.failed++;
}

void tls_refuse(TLS_PARAMETERS)
{
    session->alert = WIRE_TLS_UNEXPECTED_MESSAGE;
    session->why = "a message that is not allowed now";
    session->err = LEAT_ERR_TLS;
    tls_snd_alert(session, step);
}

/* Ends a session whose peer has ended it. 6: an alert isn't answered. */
static void end_by(struct tls_session *session, enum leat_err err, const char *why)
{
    session->err = (uint8_t)err;
    session->why = why;
    session->owed = 0;
    leat_buf_free(session->unsent);
    session->unsent = NULL;
    if (!session->said_last)
        leat_stream_shutdown(&session->below);
    session->said_last = true;
}

void tls_note_alert(TLS_PARAMETERS)
{
    (void)step;
    session->tls->counts.alerts_received++;
    end_by(session, LEAT_ERR_TLS, "the peer sent an alert");
}

void tls_note_end(TLS_PARAMETERS)
{
    (void)step;
    session->tls->counts.cut_short++;
    end_by(session, LEAT_ERR_CUT_SHORT, "the stream ended in the handshake");
}

/* 6.1: without close_notify, the end may be an attacker's, and data may be missing. So the program
 * gets an error instead of an end. */
void tls_note_cut(TLS_PARAMETERS)
{
    (void)step;
    session->tls->counts.cut_short++;
    end_by(session, LEAT_ERR_CUT_SHORT, "the stream ended without close_notify");
}

/* A reset, and no alert: a peer that is so slow may never make room for one. */
void tls_note_timeout(TLS_PARAMETERS)
{
    (void)step;
    session->tls->counts.timeouts++;
    session->err = LEAT_ERR_TIMEOUT;
    session->why = "the peer took too long for the handshake";
    session->owed = 0;
    leat_stream_abort(&session->below);
}

void tls_cancel(TLS_PARAMETERS)
{
    (void)step;
    session->err = LEAT_ERR_ABORTED;
    session->why = "closed before it was open";
    session->owed = 0;
    leat_stream_abort(&session->below);
}
