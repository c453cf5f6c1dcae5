/* client.c -- a TLS client: its hellos, and its handling of the server's messages (RFC 8446 4). */
#include "tls/tls.h"

#include <string.h>

#include "core/assert.h"

static const uint8_t *body_of(const struct tls_handshake *handshake)
{
    return handshake->message + WIRE_TLS_MESSAGE_HEADER;
}

static uint32_t body_len(const struct tls_handshake *handshake)
{
    return handshake->have - WIRE_TLS_MESSAGE_HEADER;
}

static void internal(TLS_PARAMETERS)
{
    tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
}

/* ---- Hellos ------------------------------------------------------------------------------ */

static void close_share(struct tls_session *session)
{
    const struct leat_crypto *crypto = &session->tls->crypto;

    if (session->handshake->has_share)
        crypto->ops->share_close(crypto->self, &session->handshake->share);
    session->handshake->has_share = false;
}

/* Where the public share is stored until it is copied into a hello. */
static uint8_t *share_place(struct tls_handshake *handshake)
{
    return handshake->out + TLS_OUT_BYTES - LEAT_CRYPTO_SHARE_BYTES_MAX;
}

static struct wire_tls_bytes name_of(const struct leat_tls_client *client)
{
    if (!client->name)
        return (struct wire_tls_bytes){NULL, 0};
    return (struct wire_tls_bytes){(const uint8_t *)client->name,
                                   (uint32_t)tls_text_len(client->name)};
}

/* The name for server_name; NULL for an address, which must not be sent (RFC 6066 3). */
static struct wire_tls_bytes said_name(const struct leat_tls_client *client)
{
    uint8_t address[16];

    if (client->name && leat_crypto_address(client->name, address) > 0)
        return (struct wire_tls_bytes){NULL, 0};
    return name_of(client);
}

/* Writes ALPN's list of the program's protocols to @list; NULL: there are none. */
static struct wire_tls_bytes list_protocols(const struct leat_tls_client *client, uint8_t *list,
                                            size_t bytes)
{
    struct wire_tls_out out = {list, list + bytes, false};

    for (unsigned i = 0; i < client->protocol_count; i++) {
        uint8_t *name = wire_tls_open(&out, 1);

        wire_tls_put(&out, client->protocols[i], tls_text_len(client->protocols[i]));
        wire_tls_close(&out, name, 1);
    }
    return out.at == list ? (struct wire_tls_bytes){NULL, 0}
                          : (struct wire_tls_bytes){list, (uint32_t)(out.at - list)};
}

/* Moves the share of the hello in `out` back: a retry that asks for none leaves it (4.1.2). */
static __attribute__((noinline)) bool keep_share(struct tls_handshake *handshake, size_t *len)
{
    struct wire_tls_client_hello hello;
    struct wire_tls_bytes share;
    uint16_t group;

    if (wire_tls_client_hello_read(handshake->out + WIRE_TLS_MESSAGE_HEADER,
                                   handshake->out_len - WIRE_TLS_MESSAGE_HEADER, &hello) != 0 ||
        !wire_tls_share(&hello.shares, &group, &share))
        return false;
    memmove(share_place(handshake), share.at, share.len);
    *len = share.len;
    return true;
}

static bool make_share(struct tls_session *session, size_t *len)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;

    if (handshake->has_share && handshake->share_group == session->group)
        return keep_share(handshake, len);
    close_share(session);
    handshake->share_group = session->group;
    handshake->has_share = crypto->ops->share_open(crypto->self, &handshake->share,
                                                   (enum leat_crypto_group)session->group,
                                                   share_place(handshake), len);
    return handshake->has_share;
}

/* Writes a hello with the share of @share_len bytes in share_place() to handshake->out. */
static void write_hello(TLS_PARAMETERS, size_t share_len, struct wire_tls_bytes cookie)
{
    struct tls_handshake *handshake = session->handshake;
    struct leat_tls *tls = session->tls;
    uint8_t protocols[TLS_PROTOCOLS_BYTES];
    struct wire_tls_out out = {handshake->out, handshake->out + TLS_OUT_BYTES, false};
    struct wire_tls_client_offer offer = {
        .random = handshake->random,
        .session_id = {handshake->session_id, handshake->session_id_len},
        .suites = tls->suites,
        .suite_count = tls->suite_count,
        .groups = tls->groups,
        .group_count = tls->group_count,
        .schemes = tls->schemes,
        .scheme_count = tls->scheme_count + TLS_SCHEMES_PKCS1, /* PKCS #1: certificates only */
        .share_group = session->group,
        .share = {share_place(handshake), (uint32_t)share_len},
        .name = said_name(handshake->client),
        .protocols = list_protocols(handshake->client, protocols, sizeof protocols),
        .cookie = cookie,
        .record_size_limit = WIRE_TLS_PLAINTEXT_MAX + 1}; /* RFC 8449 4: data and its type */
    uint8_t *binders;

    tls_resume_offer(session, &offer);
    binders = wire_tls_client_hello_write(&out, &offer);
    handshake->out_len = (uint32_t)(out.at - handshake->out);
    if (out.full) /* our own parts fit */
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a cookie that is too long");
    else if (binders && !tls_resume_bind(session, binders))
        internal(session, step);
}

void tls_make_share(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;
    size_t len;

    session->group = session->tls->groups[0]; /* the one that we prefer; others take a retry */
    handshake->session_id_len = WIRE_TLS_SESSION_ID_MAX; /* D.4: as in a resumption of TLS 1.2 */
    if (!crypto->ops->random(crypto->self, handshake->random, WIRE_TLS_RANDOM) ||
        !crypto->ops->random(crypto->self, handshake->session_id, WIRE_TLS_SESSION_ID_MAX) ||
        !tls_name_note(session, name_of(handshake->client)) || !make_share(session, &len))
        internal(session, step);
    else
        write_hello(session, step, len, (struct wire_tls_bytes){NULL, 0});
}

void tls_snd_ClientHello(TLS_PARAMETERS)
{
    (void)step;
    session->owed = TLS_OWES_CLIENT_HELLO;
    if (session->early == TLS_EARLY_OFFERED) /* D.4: directly after the hello */
        session->owed |= TLS_OWES_CHANGE | TLS_OWES_EARLY;
}

/* Checks that apply to ServerHello and HelloRetryRequest (4.1.3). False: `flaw` follows. */
static bool check_hello(struct tls_session *session, struct tls_step *step,
                        const struct wire_tls_server_hello *hello)
{
    const struct tls_handshake *handshake = session->handshake;

    if (hello->version == 0)
        tls_flaw(session, step,
                 hello->downgraded ? WIRE_TLS_ILLEGAL_PARAMETER : WIRE_TLS_PROTOCOL_VERSION,
                 "the server has no TLS 1.3");
    else if (hello->version != WIRE_TLS_VERSION)
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a version that was not offered");
    else if (hello->session_id.len != handshake->session_id_len ||
             memcmp(hello->session_id.at, handshake->session_id, handshake->session_id_len) != 0)
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "another session id than ours");
    else if (!tls_has_suite(session->tls, hello->suite) ||
             (handshake->retried && hello->suite != session->suite)) /* 4.1.4 */
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a suite that was not offered");
    else
        return true;
    return false;
}

static bool read_hello(struct tls_session *session, struct tls_step *step,
                       struct wire_tls_server_hello *hello)
{
    const struct tls_handshake *handshake = session->handshake;
    const uint8_t alert =
        wire_tls_server_hello_read(body_of(handshake), body_len(handshake), hello);

    if (alert == 0)
        return check_hello(session, step, hello);
    tls_flaw(session, step, alert,
             alert == WIRE_TLS_PROTOCOL_VERSION || hello->downgraded ? "the server has no TLS 1.3"
                                                                     : "a malformed ServerHello");
    return false;
}

/* Starts the transcript with our first hello, now that the suite's hash is known. */
static bool begin_transcript(struct tls_session *session, uint16_t suite)
{
    struct tls_handshake *handshake = session->handshake;

    session->suite = suite;
    session->hash = (uint8_t)tls_suite_hash(suite);
    return tls_transcript_open(session) &&
           tls_transcript_add(session, handshake->out, handshake->out_len);
}

void tls_read_HelloRetryRequest(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_server_hello hello;
    bool ours = false;
    size_t len;

    if (!read_hello(session, step, &hello))
        return;
    for (unsigned i = 0; i < session->tls->group_count; i++)
        ours |= session->tls->groups[i] == hello.group;
    /* 4.1.4: a retry must change something; 4.2.8: it must not ask for a share that was there */
    if ((hello.group != 0 && (!ours || hello.group == session->group)) ||
        (hello.group == 0 && !hello.cookie.at)) {
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a retry that changes nothing");
        return;
    }
    if (hello.group != 0)
        session->group = hello.group;
    session->tls->counts.retried++;
    if (session->early == TLS_EARLY_OFFERED)
        session->tls->config.early->retry(session);
    if (!begin_transcript(session, hello.suite) || !tls_transcript_retry(session) ||
        !make_share(session, &len)) {
        internal(session, step);
    } else if (tls_message_add(session, step)) {
        handshake->retried = true;
        step->next = TLS_hello_accepted;
        step->follows = true;
        write_hello(session, step, len, hello.cookie); /* may find a flaw */
    }
}

/* Derives the handshake's keys from the server's share. */
static void agree(struct tls_session *session, struct tls_step *step, struct wire_tls_bytes share)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;
    uint8_t secret[LEAT_CRYPTO_SECRET_BYTES_MAX];
    size_t len;

    if (!crypto->ops->share_derive(crypto->self, &handshake->share, share.at, share.len, secret,
                                   &len)) {
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a key share that isn't valid");
        return;
    }
    if (!tls_schedule_handshake(session, secret, len) ||
        !tls_key_set(session, &session->read, handshake->server_secret) ||
        !tls_key_begin(session, &session->write))
        internal(session, step);
    leat_crypto_wipe(secret, sizeof secret);
    close_share(session);
}

void tls_read_ServerHello(TLS_PARAMETERS)
{
    struct wire_tls_server_hello hello;
    struct tls_verdict verdict;

    if (!read_hello(session, step, &hello))
        return;
    verdict = tls_resume_answer(session, &hello);
    if (verdict.alert != 0) {
        tls_flaw(session, step, verdict.alert, verdict.why);
    } else if (hello.group != session->group || !hello.share.at) {
        tls_flaw(session, step,
                 hello.share.at ? WIRE_TLS_ILLEGAL_PARAMETER : WIRE_TLS_MISSING_EXTENSION,
                 "a share of another group than ours"); /* 4.2.8, 9.2 */
    } else if (!session->handshake->retried && !begin_transcript(session, hello.suite)) {
        internal(session, step);
    } else if (tls_message_add(session, step)) {
        agree(session, step, hello.share);
    }
}

/* ---- The server's flight ----------------------------------------------------------------- */

static bool was_offered(const struct leat_tls_client *client, struct wire_tls_bytes protocol)
{
    for (unsigned i = 0; i < client->protocol_count; i++)
        if (tls_text_is(protocol, client->protocols[i]))
            return true;
    return false;
}

/* Checks the server's answer to early data. */
static struct tls_verdict answer_to_early(struct tls_session *session, bool taken)
{
    if (session->early != TLS_EARLY_NONE)
        return session->tls->config.early->answer(session, taken);
    return taken ? (struct tls_verdict){WIRE_TLS_UNSUPPORTED_EXTENSION,
                                        "early data that was not offered"}
                 : (struct tls_verdict){0, NULL};
}

void tls_read_EncryptedExtensions(TLS_PARAMETERS)
{
    const struct tls_handshake *handshake = session->handshake;
    struct wire_tls_encrypted_extensions extensions;
    struct tls_verdict verdict;
    const uint8_t alert =
        wire_tls_encrypted_extensions_read(body_of(handshake), body_len(handshake), &extensions);

    if (alert != 0) {
        tls_flaw(session, step, alert, "malformed EncryptedExtensions");
        return;
    }
    if ((extensions.protocol.at && handshake->client->protocol_count == 0) ||
        (extensions.server_name && !said_name(handshake->client).at)) {
        tls_flaw(session, step, WIRE_TLS_UNSUPPORTED_EXTENSION,
                 "an extension that was not offered");
        return; /* 4.2 */
    }
    if (extensions.protocol.at && (!was_offered(handshake->client, extensions.protocol) ||
                                   !tls_protocol_set(session, extensions.protocol))) {
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a protocol that was not offered");
        return;
    }
    if (extensions.record_size_limit > 0 && extensions.record_size_limit - 1u < session->data_max)
        session->data_max = (uint16_t)(extensions.record_size_limit - 1u); /* of data */
    verdict = answer_to_early(session, extensions.early_data);
    if (verdict.alert != 0) {
        tls_flaw(session, step, verdict.alert, verdict.why);
    } else if (tls_message_add(session, step) && session->resumed) {
        step->next = TLS_uses_ticket;
        step->follows = true;
    }
}

void tls_read_CertificateRequest(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;
    struct wire_tls_bytes context, schemes;
    const uint8_t alert = wire_tls_certificate_request_read(body_of(handshake), body_len(handshake),
                                                            &context, &schemes);

    if (alert != 0) {
        tls_flaw(session, step, alert, "a malformed CertificateRequest");
    } else if (context.len != 0) {
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a request with a context"); /* 4.3.2 */
    } else {
        handshake->certificate_asked = true;
        tls_message_add(session, step);
    }
}

static uint8_t alert_of(enum leat_crypto_verdict verdict)
{
    switch ((unsigned)verdict) {
    case LEAT_CRYPTO_EXPIRED:
        return WIRE_TLS_CERTIFICATE_EXPIRED;
    case LEAT_CRYPTO_UNKNOWN_AUTHORITY:
        return WIRE_TLS_UNKNOWN_CA;
    case LEAT_CRYPTO_NO_TIME: /* 6.2: no alert of their own */
    case LEAT_CRYPTO_NOT_YET:
    case LEAT_CRYPTO_WRONG_NAME:
        return WIRE_TLS_CERTIFICATE_UNKNOWN;
    case LEAT_CRYPTO_NO_MEMORY:
        return WIRE_TLS_INTERNAL_ERROR;
    default:
        return WIRE_TLS_BAD_CERTIFICATE;
    }
}

/* The server's chain must lead to an anchor and be valid for the name that we asked for. */
static enum leat_crypto_verdict check_chain(struct tls_session *session,
                                            const struct wire_tls_bytes *chain, unsigned count)
{
    struct tls_handshake *handshake = session->handshake;
    struct leat_tls *tls = session->tls;
    struct leat_crypto_certificate certificates[LEAT_CRYPTO_CHAIN_MAX];
    const struct leat_crypto_chain asked = {.certificates = certificates,
                                            .count = count,
                                            .anchors = handshake->client->anchors,
                                            .name = handshake->client->name,
                                            .civil_s = session->checked_s};

    _Static_assert(LEAT_CRYPTO_CHAIN_MAX <= TLS_OPEN_PIECES, "a piece for each");
    for (unsigned i = 0; i < count; i++) {
        tls->in[i] = leat_crypto_piece_of(chain[i].at, chain[i].len);
        certificates[i] = (struct leat_crypto_certificate){&tls->in[i], 1};
    }
    return tls->crypto.ops->check_chain(tls->crypto.self, &asked, &handshake->peer_key);
}

/* True if the program knows the key. Compares all pins, so that timing reveals none. */
static bool is_pinned(struct tls_session *session, const struct leat_crypto_certificate *own)
{
    const struct leat_tls_client *client = session->handshake->client;
    const struct leat_crypto *crypto = &session->tls->crypto;
    uint8_t pin[LEAT_TLS_PIN_BYTES];
    bool found = false;

    if (!crypto->ops->pin(crypto->self, own, pin))
        return false;
    for (unsigned i = 0; i < client->pin_count; i++)
        found |= leat_crypto_equal(client->pins[i].digest, pin, sizeof pin);
    return found;
}

/* Takes the server's key from a certificate that is checked only against pins. Returns the flaw. */
static enum leat_crypto_verdict take_key(struct tls_session *session,
                                         const struct wire_tls_bytes *own)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;
    const struct leat_crypto_piece piece = leat_crypto_piece_of(own->at, own->len);
    const struct leat_crypto_certificate certificate = {&piece, 1};

    if (handshake->client->pin_count > 0 && !is_pinned(session, &certificate))
        return LEAT_CRYPTO_WRONG_NAME;
    return crypto->ops->public_open(crypto->self, &handshake->peer_key, &certificate);
}

static const char *why_not(const struct tls_session *session, enum leat_crypto_verdict verdict)
{
    if (verdict == LEAT_CRYPTO_NO_TIME)
        return "no civil time: start sntp, or give --time";
    if (verdict == LEAT_CRYPTO_WRONG_NAME && session->handshake->client->pin_count > 0)
        return "another key than the one that is known";
    return leat_crypto_why(verdict);
}

void tls_read_Certificate(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;
    const bool checks = handshake->client->pin_count == 0 && !handshake->client->anybody;
    struct wire_tls_bytes chain[LEAT_CRYPTO_CHAIN_MAX];
    enum leat_crypto_verdict verdict;
    unsigned count;
    const uint8_t alert = wire_tls_certificate_read(body_of(handshake), body_len(handshake), chain,
                                                    LEAT_CRYPTO_CHAIN_MAX, &count);

    if (alert != 0 || count == 0) {
        tls_flaw(session, step, alert != 0 ? alert : WIRE_TLS_DECODE_ERROR,
                 "a malformed Certificate"); /* 4.4.2.4: also if it is empty */
        return;
    }
    session->checked_s = tls_civil_s(session->tls);
    verdict = checks ? check_chain(session, chain, count) : take_key(session, &chain[0]);
    if (verdict != LEAT_CRYPTO_TRUSTED) {
        tls_flaw(session, step, alert_of(verdict), why_not(session, verdict));
        return;
    }
    handshake->has_peer_key = true;
    tls_message_add(session, step);
}

void tls_read_CertificateVerify(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;
    const struct leat_crypto *crypto = &session->tls->crypto;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    struct leat_crypto_piece pieces[3];
    struct wire_tls_bytes signature;
    bool ours = false;
    const uint8_t alert = wire_tls_certificate_verify_read(body_of(handshake), body_len(handshake),
                                                           &session->scheme, &signature);

    if (alert != 0) {
        tls_flaw(session, step, alert, "a malformed CertificateVerify");
        return;
    }
    for (unsigned i = 0; i < session->tls->scheme_count; i++)
        ours |= session->tls->schemes[i] == session->scheme;
    if (!ours) {
        tls_flaw(session, step, WIRE_TLS_ILLEGAL_PARAMETER, "a scheme that was not offered");
        return;
    }
    tls_signed_content(pieces, digest, tls_digest_bytes(session));
    leat_assert(handshake->has_peer_key);
    if (!tls_transcript_digest(session, digest)) /* 4.4.3: up to Certificate */
        internal(session, step);
    else if (!crypto->ops->verify(crypto->self, &handshake->peer_key,
                                  (enum leat_crypto_scheme)session->scheme, pieces, 3, signature.at,
                                  signature.len))
        tls_flaw(session, step, WIRE_TLS_DECRYPT_ERROR, "the server's signature is wrong");
    else
        tls_message_add(session, step);
}

void tls_snd_client_flight(TLS_PARAMETERS)
{
    if (step->follows)
        return; /* the message that was just read had a flaw */
    session->owed = TLS_OWES_FINISHED | (session->handshake->changed ? 0u : TLS_OWES_CHANGE) |
                    (session->early == TLS_EARLY_TAKEN ? TLS_OWES_END_OF_EARLY : 0u) |
                    (session->handshake->certificate_asked ? TLS_OWES_CERTIFICATE : 0u);
}
