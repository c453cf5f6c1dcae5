/*
 * flight.c -- sending handshake messages of TLS (RFC 8446 4).
 *
 * Messages that are owed are sent from the lowest bit on. Room is checked before anything is
 * computed, so that a message is sent either whole or not yet.
 */
#include "tls/tls.h"

#include "core/assert.h"

enum {
    OUT_ROOM = TLS_OUT_BYTES + TLS_OVERHEAD
};

/* True if there is room for a message of @len bytes, in as many records as it needs. */
static bool has_room(struct tls_session *session, uint32_t len)
{
    struct leat_pool *pool = leat_pool(session->tls->stack);
    const uint32_t records = len / session->data_max + 1;
    const uint32_t need = len + records * TLS_OVERHEAD;
    const uint32_t size = leat_pool_buf_bytes(pool) - LEAT_BUF_HEADROOM;

    /* Each record begins in a buffer of its own, which may leave the last one partly unused. */
    return leat_stream_send_room(&session->below) >= need &&
           leat_pool_free_count(pool) >= need / size + records;
}

/* Sends the first @count pieces of tls->parts. The caller has checked that there is room. */
static void send_parts(struct tls_session *session, uint8_t type, unsigned count)
{
    struct leat_tls *tls = session->tls;
    unsigned part = 0, shown = 0;
    uint32_t len = 0;

    /* A message may be longer than a record (5.1), and a piece may be cut at the end of one. */
    while (part < count) {
        struct leat_crypto_piece *from = &tls->parts[part];
        const size_t room = session->data_max - len;
        const size_t taken = from->len < room ? from->len : room;

        tls->in[shown++] = (struct leat_crypto_piece){from->bytes, taken};
        from->bytes += taken;
        from->len -= taken;
        len += (uint32_t)taken;
        part += from->len == 0;
        if (len == session->data_max || part == count) {
            if (!tls_protect(session, type, shown, len))
                leat_stream_abort(
                    &session->below); /* can't happen, because room was checked before */
            shown = 0;
            len = 0;
        }
    }
}

static void internal(struct tls_session *session)
{
    tls_break(session, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
}

/* Sends the message in handshake->out and adds it to the transcript. False: the hash failed, and
 * `flaw` was handled. */
static bool send_out(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;

    const uint32_t from = handshake->hashed;

    handshake->hashed = 0;
    if (!tls_transcript_add(session, handshake->out + from, handshake->out_len - from)) {
        internal(session);
        return false;
    }
    session->tls->parts[0] = (struct leat_crypto_piece){handshake->out, handshake->out_len};
    send_parts(session, WIRE_TLS_HANDSHAKE, 1);
    return true;
}

static struct wire_tls_out out_of(struct tls_handshake *handshake)
{
    return (struct wire_tls_out){handshake->out, handshake->out + TLS_OUT_BYTES, false};
}

static void set_out(struct tls_handshake *handshake, const struct wire_tls_out *out)
{
    leat_assert(!out->full);
    handshake->out_len = (uint32_t)(out->at - handshake->out);
}

/* ---- Hellos ---------------------------------------------------------------------------------- */

static void send_change(struct tls_session *session)
{
    static const uint8_t one = 1;

    if (session->handshake) /* an alert may follow after the handshake was released */
        session->handshake->changed = true;
    session->tls->parts[0] = (struct leat_crypto_piece){(uint8_t *)(uintptr_t)&one, 1};
    send_parts(session, WIRE_TLS_CHANGE_CIPHER_SPEC, 1);
}

static void send_client_hello(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;

    /* the hash isn't known before the server's choice: the first hello is added to the transcript
     * then */
    if (handshake->retried && !handshake->changed) {
        send_change(session); /* D.4: before the second flight, which this hello is */
        session->owed |= TLS_OWES_CLIENT_HELLO; /* room for it is looked for again */
        return;
    }
    if (handshake->retried) {
        send_out(session);
        return;
    }
    session->tls->parts[0] = (struct leat_crypto_piece){handshake->out, handshake->out_len};
    send_parts(session, WIRE_TLS_HANDSHAKE, 1);
}

static struct wire_tls_server_choice choice_of(const struct tls_session *session)
{
    const struct tls_handshake *handshake = session->handshake;

    return (struct wire_tls_server_choice){
        .session_id = {handshake->session_id, handshake->session_id_len},
        .suite = session->suite,
        .group = session->group,
        .psk = handshake->psk_place,
        .has_psk = session->resumed};
}

static __attribute__((noinline)) void send_retry(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_out out = out_of(handshake);
    struct wire_tls_server_choice choice = choice_of(session);
    uint8_t cookie[TLS_COOKIE];

    /* 0 if the client's share is fine, and the retry only brings a cookie */
    choice.group = handshake->group_asked;
    if (session->cookie) {
        if (!tls_cookie_write(session, cookie)) {
            internal(session);
            return;
        }
        choice.cookie = (struct wire_tls_bytes){cookie, sizeof cookie};
    }
    wire_tls_server_hello_write(&out, &choice);
    set_out(handshake, &out);
    send_out(session);
}

/* Answers the client's share, sends ours, and derives the handshake's keys. */
static __attribute__((noinline)) void send_server_hello(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;
    struct wire_tls_server_choice choice = choice_of(session);
    struct wire_tls_out out = out_of(handshake);
    uint8_t random[WIRE_TLS_RANDOM], secret[LEAT_CRYPTO_SECRET_BYTES_MAX];
    /* at the end of `out`; wire_tls_server_hello_write() moves it to its place */
    uint8_t *share = handshake->out + TLS_OUT_BYTES - LEAT_CRYPTO_SHARE_BYTES_MAX;
    size_t share_len, secret_len;
    bool done;

    if (!crypto->ops->share_answer(crypto->self, (enum leat_crypto_group)session->group,
                                   handshake->peer_share.at, handshake->peer_share.len, share,
                                   &share_len, secret, &secret_len)) {
        tls_break(session, WIRE_TLS_ILLEGAL_PARAMETER, "a key share that isn't valid");
        return;
    }
    if (!crypto->ops->random(crypto->self, random, sizeof random)) {
        internal(session);
        return;
    }
    choice.random = random;
    choice.share = (struct wire_tls_bytes){share, (uint32_t)share_len};
    wire_tls_server_hello_write(&out, &choice);
    set_out(handshake, &out);
    if (!send_out(session))
        return;
    /* Behind send_out(): the ServerHello itself is sent in plaintext, and is the last message that
     * these secrets cover (7.1). */
    done = tls_schedule_handshake(session, secret, secret_len) &&
           tls_key_begin(session, &session->read) &&
           tls_key_set(session, &session->write, handshake->server_secret);
    leat_crypto_wipe(secret, sizeof secret);
    if (!done)
        internal(session);
}

/* ---- Encrypted messages ---------------------------------------------------------------------- */

static void put_protocol(struct wire_tls_out *out, const char *protocol)
{
    const uint32_t len = (uint32_t)tls_text_len(protocol);

    wire_tls_put_number(out, WIRE_TLS_ALPN << 16 | (len + 3), 4);
    wire_tls_put_number(out, (len + 1) << 8 | len, 3); /* a list of one name */
    wire_tls_put(out, protocol, len);
}

static __attribute__((noinline)) void send_extensions(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_out out = out_of(handshake);
    uint8_t *message = wire_tls_begin(&out, WIRE_TLS_ENCRYPTED_EXTENSIONS);
    uint8_t *extensions = wire_tls_open(&out, 2);

    if (handshake->name_seen)
        wire_tls_put_number(&out, (uint32_t)WIRE_TLS_SERVER_NAME << 16, 4);
    if (session->protocol[0])
        put_protocol(&out, session->protocol);
    if (handshake->limit_seen) {
        wire_tls_put_number(&out, WIRE_TLS_RECORD_SIZE_LIMIT << 16 | 2, 4);
        wire_tls_put_number(&out, WIRE_TLS_PLAINTEXT_MAX + 1, 2);
    }
    if (session->early == TLS_EARLY_TAKEN)
        wire_tls_put_number(&out, (uint32_t)WIRE_TLS_EARLY_DATA << 16, 4);
    wire_tls_close(&out, extensions, 2);
    wire_tls_close(&out, message, 3);
    set_out(handshake, &out);
    send_out(session);
}

static uint32_t chain_bytes(const struct leat_tls_identity *identity)
{
    uint32_t bytes = 0;

    for (unsigned i = 0; identity && i < identity->chain_count; i++)
        bytes += (uint32_t)identity->chain[i].len + 5;
    return bytes;
}

/* Interleaves the certificates with the bytes between them: the empty extensions of one and the
 * length of the next. */
static __attribute__((noinline)) void send_certificate(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_tls_identity *identity = session->server ? handshake->identity : NULL;
    const unsigned certificates = identity ? identity->chain_count : 0;
    const uint32_t list = chain_bytes(identity);
    struct leat_crypto_piece *parts = session->tls->parts;
    struct wire_tls_out out = out_of(handshake);
    unsigned count = 0;
    uint8_t *from = out.at;

    wire_tls_put_number(&out, (uint32_t)WIRE_TLS_CERTIFICATE << 24 | (list + 4), 4);
    wire_tls_put_number(&out, list,
                        4); /* an empty context (its length has one byte), and the list's length */
    for (unsigned i = 0; i < certificates; i++) {
        wire_tls_put_number(&out, (uint32_t)identity->chain[i].len, 3);
        parts[count++] = (struct leat_crypto_piece){from, (size_t)(out.at - from)};
        parts[count++] = identity->chain[i];
        from = out.at;
        wire_tls_put_number(&out, 0, 2);
    }
    parts[count++] = (struct leat_crypto_piece){from, (size_t)(out.at - from)};
    for (unsigned i = 0; i < count; i++)
        if (!tls_transcript_add(session, parts[i].bytes, parts[i].len)) {
            internal(session);
            return;
        }
    send_parts(session, WIRE_TLS_HANDSHAKE, count);
}

/* Signatures are expensive: only signatures_per_turn are made in a turn, the others wait for the
 * next. */
static bool take_turn(struct tls_session *session)
{
    struct leat_tls *tls = session->tls;
    const uint64_t now_ns = leat_now_ns(tls->stack);

    if (tls->turn_ns != now_ns) {
        tls->turn_ns = now_ns;
        tls->turn_signatures = 0;
    }
    if (tls->turn_signatures >= tls->config.signatures_per_turn) {
        tls_session_soon(session);
        return false;
    }
    tls->turn_signatures++;
    return true;
}

static __attribute__((noinline)) void send_verify(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;
    struct wire_tls_out out = out_of(handshake);
    struct leat_crypto_piece pieces[3];
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    uint8_t *message, *signature;
    size_t len;

    tls_signed_content(pieces, digest, tls_digest_bytes(session));
    message = wire_tls_begin(&out, WIRE_TLS_CERTIFICATE_VERIFY);
    wire_tls_put_number(&out, session->scheme, 2);
    signature = wire_tls_open(&out, 2);
    if (!tls_transcript_digest(session, digest) ||
        !crypto->ops->sign(crypto->self, &handshake->identity->key,
                           (enum leat_crypto_scheme)session->scheme, pieces, 3, out.at, &len)) {
        internal(session);
        return;
    }
    out.at += len;
    wire_tls_close(&out, signature, 2);
    wire_tls_close(&out, message, 3);
    set_out(handshake, &out);
    send_out(session);
}

static __attribute__((noinline)) void send_finished(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_out out = out_of(handshake);
    uint8_t *message = wire_tls_begin(&out, WIRE_TLS_FINISHED);

    if (!tls_finished(session, session->write.secret, out.at)) {
        internal(session);
        return;
    }
    out.at += tls_digest_bytes(session);
    wire_tls_close(&out, message, 3);
    set_out(handshake, &out);
    if (!send_out(session))
        return;
    /* Data of a server may follow its Finished at once, under the application's key (2). */
    if (session->server && (!tls_schedule_master(session) ||
                            !tls_key_set(session, &session->write, handshake->server_secret)))
        internal(session);
}

/* The handshake's key is used after EndOfEarlyData (4.5). The early key may not be installed yet,
 * if there was no room for early data. */
static void send_end_of_early(struct tls_session *session)
{
    struct wire_tls_out out = out_of(session->handshake);

    if (!session->tls->config.early->begin(session)) {
        internal(session);
        return;
    }
    wire_tls_put_number(&out, (uint32_t)WIRE_TLS_END_OF_EARLY_DATA << 24, 4);
    set_out(session->handshake, &out);
    if (send_out(session) && !session->tls->config.early->end(session, &session->write))
        internal(session);
}

/* ---- After the handshake --------------------------------------------------------------------- */

static __attribute__((noinline)) void send_ticket(struct tls_session *session)
{
    uint8_t message[TLS_TICKET_MESSAGE];
    struct wire_tls_out out = {message, message + sizeof message, false};

    if (!tls_ticket_write(session, &out))
        return; /* the session goes on without a ticket */
    leat_assert(!out.full);
    session->tls->counts.tickets_sent++;
    session->tls->parts[0] = (struct leat_crypto_piece){message, (size_t)(out.at - message)};
    send_parts(session, WIRE_TLS_HANDSHAKE, 1);
}

static void send_key_update(struct tls_session *session)
{
    static const uint8_t message[] = {WIRE_TLS_KEY_UPDATE, 0, 0, 1, 0};

    session->tls->parts[0] =
        (struct leat_crypto_piece){(uint8_t *)(uintptr_t)message, sizeof message};
    send_parts(session, WIRE_TLS_HANDSHAKE, 1);
    /* 4.6.3: the message itself goes under the old key. Without a new one, nothing more may be
     * sent. */
    if (!tls_key_update(session, &session->write))
        leat_stream_abort(&session->below);
}

static void send_alert(struct tls_session *session, uint8_t level, uint8_t alert)
{
    uint8_t data[2] = {level, alert};

    session->tls->parts[0] = (struct leat_crypto_piece){data, sizeof data};
    send_parts(session, WIRE_TLS_ALERT, 1);
    session->said_last = true;
    leat_stream_shutdown(&session->below);
}

static uint32_t need_of(const struct tls_session *session, uint32_t bit)
{
    if (bit == TLS_OWES_CERTIFICATE && session->server)
        return chain_bytes(session->handshake->identity) + OUT_ROOM;
    if (bit == TLS_OWES_EARLY)
        return session->tls->config.early->next(session);
    return bit >= TLS_OWES_KEY_UPDATE || bit == TLS_OWES_CHANGE ? TLS_OVERHEAD : OUT_ROOM;
}

static void send_one(struct tls_session *session, uint32_t bit)
{
    switch (bit) {
    case TLS_OWES_CLIENT_HELLO:
        send_client_hello(session);
        break;
    case TLS_OWES_RETRY:
        send_retry(session);
        break;
    case TLS_OWES_SERVER_HELLO:
        send_server_hello(session);
        break;
    case TLS_OWES_CHANGE:
        send_change(session);
        break;
    case TLS_OWES_EXTENSIONS:
        send_extensions(session);
        break;
    case TLS_OWES_EARLY:
        if (!session->tls->config.early->send(session))
            internal(session);
        break;
    case TLS_OWES_END_OF_EARLY:
        send_end_of_early(session);
        break;
    case TLS_OWES_CERTIFICATE:
        send_certificate(session);
        break;
    case TLS_OWES_VERIFY:
        send_verify(session);
        break;
    case TLS_OWES_FINISHED:
        send_finished(session);
        break;
    case TLS_OWES_TICKET:
        send_ticket(session);
        break;
    case TLS_OWES_KEY_UPDATE:
        send_key_update(session);
        break;
    case TLS_OWES_CLOSE:
        send_alert(session, 1, WIRE_TLS_CLOSE_NOTIFY);
        break;
    default:
        send_alert(session, 2, session->alert);
        break;
    }
}

bool tls_flush(struct tls_session *session)
{
    while (session->owed && !session->said_last) {
        /* the lowest bit: the next message */
        const uint32_t bit = session->owed & (~session->owed + 1);
        const uint32_t need = need_of(session, bit);

        if (bit == TLS_OWES_CLOSE && session->unsent && !tls_data_flush(session))
            return false; /* data that was accepted before the close; a key update goes before data
                             (4.6.3) */
        if (!has_room(session, need)) {
            session->tls->counts.waited++;
            tls_session_await(session, need + TLS_OVERHEAD);
            return false;
        }
        if (bit == TLS_OWES_VERIFY && !take_turn(session)) {
            session->tls->counts.waited++;
            return false;
        }
        /* Before the message is sent, because sending may set bits: the hello's again, or an
         * alert's. */
        session->owed &= ~bit;
        send_one(session, bit);
        if ((bit & TLS_OWES_FLIGHT) && !(session->owed & TLS_OWES_FLIGHT) &&
            session->state != TLS_FAILED)
            tls_event(session, TLS_flight_sent);
    }
    if (!session->owed && session->unsent)
        return tls_data_flush(session);
    return session->owed == 0;
}
