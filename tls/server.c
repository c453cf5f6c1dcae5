/*
 * server.c -- a TLS server's handling of ClientHello (RFC 8446 4.1, 4.2).
 *
 * read_hello() parses and checks a hello, choose() finds what both ends have in common,
 * authenticate() decides between a ticket and a signature. answer_of() names the event that
 * follows. After a retry, read_again() does the same; if the first hello was answered by a cookie
 * and forgotten, recall() chooses again.
 */
#include "tls/tls.h"

#include <string.h>

static struct tls_verdict bad(uint8_t alert, const char *why)
{
    return (struct tls_verdict){alert, why};
}

static const struct tls_verdict good = {0, NULL};
static const struct tls_verdict failed = {WIRE_TLS_INTERNAL_ERROR, tls_provider_failed};

/* ---- Choices --------------------------------------------------------------------------------- */

/* Chooses our best suite. A client that lists ChaCha20 first has no AES hardware: then ChaCha20 is
 * best. */
static uint16_t choose_suite(const struct leat_tls *tls, struct wire_tls_bytes offered)
{
    struct wire_tls_bytes rest = offered;
    uint16_t first = 0;

    while (wire_tls_number(&rest, &first) && (first & 0x0f0f) == 0x0a0a)
        ; /* RFC 8701: skips a GREASE value */
    for (unsigned i = 0; i < tls->suite_count; i++)
        if (first == WIRE_TLS_CHACHA20_POLY1305 && tls->suites[i] == first)
            return first;
    for (unsigned i = 0; i < tls->suite_count; i++)
        if (wire_tls_has(offered, tls->suites[i]))
            return tls->suites[i];
    return 0;
}

/* Finds the client's share for @group. False: it sent none. */
static bool find_share(struct wire_tls_bytes shares, uint16_t group, struct wire_tls_bytes *share)
{
    uint16_t next;

    while (wire_tls_share(&shares, &next, share))
        if (next == group)
            return true;
    return false;
}

/* Chooses the best group with a share of the client. Without any, chooses the best common group,
 * whose share a retry then asks for. */
static uint16_t choose_group(struct tls_session *session, const struct wire_tls_client_hello *hello)
{
    const struct leat_tls *tls = session->tls;

    for (unsigned i = 0; i < tls->group_count; i++)
        if (wire_tls_has(hello->groups, tls->groups[i]) &&
            find_share(hello->shares, tls->groups[i], &session->handshake->peer_share))
            return tls->groups[i];
    session->handshake->peer_share = (struct wire_tls_bytes){NULL, 0};
    for (unsigned i = 0; i < tls->group_count; i++)
        if (wire_tls_has(hello->groups, tls->groups[i]))
            return tls->groups[i];
    return 0;
}

/* True if a group of ours has two shares. Other groups aren't compared, because their number is the
 * client's choice. */
static bool has_two_shares(const struct leat_tls *tls, struct wire_tls_bytes shares)
{
    struct wire_tls_bytes share;
    uint32_t seen = 0;
    uint16_t group;

    while (wire_tls_share(&shares, &group, &share))
        for (unsigned i = 0; i < tls->group_count; i++) {
            if (tls->groups[i] != group)
                continue;
            if (seen >> i & 1)
                return true;
            seen |= 1u << i;
        }
    return false;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* True if @name matches @pattern. The pattern's first label may be "*", which stands for one
 * label. */
static bool name_fits(struct wire_tls_bytes name, const char *pattern)
{
    uint32_t at = 0;

    /* RFC 6125 6.4.3: a whole label, and not an empty one */
    if (pattern[0] == '*') {
        while (at < name.len && name.at[at] != '.')
            at++;
        if (at == 0)
            return false;
        pattern++;
    }
    for (; at < name.len && lower(name.at[at]) == lower((uint8_t)*pattern); at++)
        pattern++;
    return at == name.len && *pattern == '\0';
}

static bool is_for(const struct leat_tls_identity *identity, struct wire_tls_bytes name)
{
    if (!identity->names)
        return true;
    for (unsigned i = 0; i < identity->name_count; i++)
        if (name_fits(name, identity->names[i]))
            return true;
    return false;
}

/* The best scheme that both the client and this key support; 0: none. */
static uint16_t choose_scheme(const struct leat_tls *tls, const struct leat_tls_identity *identity,
                              struct wire_tls_bytes offered)
{
    for (unsigned i = 0; i < tls->scheme_count; i++)
        if (wire_tls_has(offered, tls->schemes[i]) &&
            tls->crypto.ops->private_can(tls->crypto.self, &identity->key,
                                         (enum leat_crypto_scheme)tls->schemes[i]))
            return tls->schemes[i];
    return 0;
}

/* The only protocol of an authority that checks a name (RFC 8737 3). */
static const char challenge_protocol[] = "acme-tls/1";

/* True if there is a challenge, and this client is the authority that asks for it. */
static bool is_challenge(const struct tls_session *session,
                         const struct wire_tls_client_hello *hello)
{
    const struct leat_tls_identity *challenge = session->tls->config.challenge;
    struct wire_tls_bytes rest = hello->protocols, name;

    return challenge && rest.at && hello->name.at && wire_tls_protocol(&rest, &name) &&
           rest.len == 0 && tls_text_is(name, challenge_protocol) && is_for(challenge, hello->name);
}

/* Chooses the first identity for the name whose key the client supports, else the first whose key
 * it supports. If there is none, that matters only without a ticket. */
static void choose_identity(struct tls_session *session, const struct wire_tls_client_hello *hello)
{
    const struct leat_tls_config *config = &session->tls->config;
    struct tls_handshake *handshake = session->handshake;

    if (is_challenge(session, hello)) {
        session->scheme = choose_scheme(session->tls, config->challenge, hello->schemes);
        handshake->identity = session->scheme ? config->challenge : NULL;
        handshake->name_seen = true;
        return;
    }

    for (unsigned any = 0; any < 2; any++)
        for (unsigned i = 0; i < config->identity_count; i++) {
            const struct leat_tls_identity *identity = config->identities[i];

            session->scheme = choose_scheme(session->tls, identity, hello->schemes);
            if (session->scheme == 0 || (!any && !is_for(identity, hello->name)))
                continue;
            handshake->identity = identity;
            handshake->name_seen = hello->name.at && is_for(identity, hello->name);
            return;
        }
}

/* RFC 7301 3.2. A program without protocols ignores the client's list. */
static bool choose_protocol(struct tls_session *session, struct wire_tls_bytes offered)
{
    const struct leat_tls_config *config = &session->tls->config;
    const struct leat_tls_identity *identity = session->handshake->identity;

    if (identity && identity == config->challenge) {
        const struct wire_tls_bytes name = {(const uint8_t *)challenge_protocol,
                                            sizeof challenge_protocol - 1};

        return tls_protocol_set(session, name);
    }
    if (!offered.at || config->protocol_count == 0)
        return true;
    for (unsigned i = 0; i < config->protocol_count; i++) {
        struct wire_tls_bytes rest = offered, name;

        while (wire_tls_protocol(&rest, &name))
            if (tls_text_is(name, config->protocols[i]))
                return tls_protocol_set(session, name);
    }
    return false;
}

/* ---- Hellos ---------------------------------------------------------------------------------- */

/* Checks the requirements of TLS 1.3 on each hello (4.2.1, 9.2, 4.1.2). */
static struct tls_verdict check_form(const struct wire_tls_client_hello *hello)
{
    if (!wire_tls_has(hello->versions, WIRE_TLS_VERSION))
        return bad(WIRE_TLS_PROTOCOL_VERSION, "the client has no TLS 1.3");
    if (!hello->only_null_compression)
        return bad(WIRE_TLS_ILLEGAL_PARAMETER, "the client offers compression");
    if (!hello->groups.at || !hello->shares.at || (!hello->schemes.at && !hello->identities.at))
        return bad(WIRE_TLS_MISSING_EXTENSION, "the client's hello lacks an extension");
    if (hello->identities.at && !hello->psk_modes.at)
        return bad(WIRE_TLS_MISSING_EXTENSION, "a ticket without its modes"); /* 4.2.9 */
    return good;
}

static struct tls_verdict choose(struct tls_session *session,
                                 const struct wire_tls_client_hello *hello)
{
    session->suite = choose_suite(session->tls, hello->suites);
    if (session->suite == 0)
        return bad(WIRE_TLS_HANDSHAKE_FAILURE, "no cipher suite in common");
    /* The hash is that of the suite, so the transcript can't begin before this choice. */
    session->hash = (uint8_t)tls_suite_hash(session->suite);
    if (has_two_shares(session->tls, hello->shares))
        return bad(WIRE_TLS_ILLEGAL_PARAMETER, "two shares of one group"); /* 4.2.8 */
    session->group = choose_group(session, hello);
    if (session->group == 0)
        return bad(WIRE_TLS_HANDSHAKE_FAILURE, "no group in common");
    choose_identity(session, hello);
    if (!choose_protocol(session, hello->protocols))
        return bad(WIRE_TLS_NO_APPLICATION_PROTOCOL, "no protocol in common");
    if (hello->record_size_limit > 0) { /* RFC 8449 4: the limit includes the content type */
        session->handshake->limit_seen = true;
        if (hello->record_size_limit - 1u < session->data_max)
            session->data_max = (uint16_t)(hello->record_size_limit - 1u);
    }
    return good;
}

static void remember(struct tls_handshake *handshake, const struct wire_tls_client_hello *hello)
{
    memcpy(handshake->random, hello->random, WIRE_TLS_RANDOM);
    handshake->session_id_len = (uint8_t)hello->session_id.len;
    if (hello->session_id.len > 0)
        memcpy(handshake->session_id, hello->session_id.at, hello->session_id.len);
}

/* Computes a digest of the parts that a second hello must repeat (4.1.2). */
static bool digest_hello(struct tls_session *session, const struct wire_tls_client_hello *hello,
                         uint8_t *digest)
{
    const struct leat_crypto *crypto = &session->tls->crypto;
    const struct wire_tls_bytes parts[] = {{hello->random, WIRE_TLS_RANDOM},
                                           hello->session_id,
                                           hello->suites,
                                           hello->versions,
                                           hello->groups,
                                           hello->schemes,
                                           hello->schemes_cert,
                                           hello->protocols,
                                           hello->name};
    struct leat_crypto_hashing hashing;
    bool done =
        crypto->ops->hash_open(crypto->self, &hashing, (enum leat_crypto_hash)session->hash);

    for (unsigned i = 0; done && i < sizeof parts / sizeof *parts; i++) {
        /* Lengths keep the parts apart: bytes that move from one part into the next change the
         * digest. */
        const uint8_t len[2] = {(uint8_t)(parts[i].len >> 8), (uint8_t)parts[i].len};

        done = crypto->ops->hash_update(crypto->self, &hashing, len, sizeof len) &&
               (parts[i].len == 0 ||
                crypto->ops->hash_update(crypto->self, &hashing, parts[i].at, parts[i].len));
    }
    done = done && crypto->ops->hash_digest(crypto->self, &hashing, digest);
    crypto->ops->hash_close(crypto->self, &hashing);
    return done;
}

static struct tls_verdict read_hello(struct tls_session *session,
                                     struct wire_tls_client_hello *hello)
{
    const struct tls_handshake *handshake = session->handshake;
    struct tls_verdict verdict;

    verdict.alert = wire_tls_client_hello_read(handshake->message + WIRE_TLS_MESSAGE_HEADER,
                                               handshake->have - WIRE_TLS_MESSAGE_HEADER, hello);
    verdict.why = "a malformed ClientHello";
    if (verdict.alert == 0)
        verdict = check_form(hello);
    return verdict;
}

/* Chooses how the server is authenticated: by a ticket, or by a signature. */
static struct tls_verdict authenticate(struct tls_session *session,
                                       const struct wire_tls_client_hello *hello)
{
    const struct tls_verdict verdict = tls_resume_choose(session, hello);

    if (verdict.alert != 0)
        return verdict;
    if (session->resumed)
        session->scheme = 0;
    else if (!session->handshake->identity)
        return hello->schemes.at
                   ? bad(WIRE_TLS_HANDSHAKE_FAILURE, "no signature scheme in common")
                   : bad(WIRE_TLS_MISSING_EXTENSION, "the client's hello lacks an extension");
    return good;
}

static struct tls_verdict begin(struct tls_session *session,
                                const struct wire_tls_client_hello *hello)
{
    struct tls_handshake *handshake = session->handshake;

    remember(handshake, hello);
    /* refused data may come in short records: their overhead may be as long as the data */
    session->early_left =
        hello->early_data ? TLS_EARLY_BYTES + 2 * session->tls->config.early_bytes : 0;
    if (!tls_transcript_open(session) || !tls_name_note(session, hello->name))
        return failed;
    session->cookie = tls_cookie_wanted(session->tls);
    if (handshake->peer_share.at && !session->cookie)
        return authenticate(session, hello);
    handshake->group_asked = handshake->peer_share.at ? 0 : session->group;
    return digest_hello(session, hello, handshake->hello_digest) ? good : failed;
}

/* The event that follows a valid first hello. */
static enum tls_event answer_of(struct tls_session *session,
                                const struct wire_tls_client_hello *hello)
{
    const struct leat_tls_early *early = session->tls->config.early;

    /* Early data goes with the first hello only, so a retry refuses it (4.2.10). */
    if (!session->handshake->peer_share.at || session->cookie)
        return TLS_hello_lacks_share;
    if (!hello->early_data)
        return TLS_hello_accepted;
    if (early && early->choose(session, hello))
        return TLS_hello_brings_early;
    session->tls->counts.early_refused++;
    return TLS_hello_accepted;
}

void tls_take_early(TLS_PARAMETERS)
{
    session->tls->config.early->take(session, step);
}

void tls_hold_early(TLS_PARAMETERS)
{
    session->tls->config.early->hold_data(session, step);
}

void tls_read_EndOfEarlyData(TLS_PARAMETERS)
{
    session->tls->config.early->read_end(session, step);
}

void tls_read_ClientHello(TLS_PARAMETERS)
{
    struct wire_tls_client_hello hello;
    struct tls_verdict verdict = read_hello(session, &hello);

    if (verdict.alert == 0)
        verdict = choose(session, &hello);
    if (verdict.alert == 0)
        verdict = begin(session, &hello);
    if (verdict.alert != 0) {
        tls_flaw(session, step, verdict.alert, verdict.why);
    } else if (tls_message_add(session, step)) {
        step->next = (uint8_t)answer_of(session, &hello);
        step->follows = true;
    }
}

/* Repeats the choices of the first hello, which was forgotten. */
static struct tls_verdict recall(struct tls_session *session,
                                 const struct wire_tls_client_hello *hello)
{
    /* choose() goes first, because the cookie's transcript is begun with the hash of the suite. */
    struct tls_verdict verdict = choose(session, hello);

    if (verdict.alert != 0)
        return verdict;
    remember(session->handshake, hello);
    verdict = tls_cookie_read(session, hello->cookie);
    if (verdict.alert == 0 && session->handshake->group_asked != 0)
        session->group = session->handshake->group_asked;
    return verdict;
}

/* 4.1.2: a second hello may change only the share that was asked for, and the cookie. */
static struct tls_verdict read_again(struct tls_session *session)
{
    struct tls_handshake *handshake = session->handshake;
    uint8_t digest[LEAT_CRYPTO_DIGEST_BYTES_MAX];
    struct wire_tls_client_hello hello;
    struct tls_verdict verdict = read_hello(session, &hello);

    if (verdict.alert == 0 && session->cookie)
        verdict = recall(session, &hello);
    if (verdict.alert != 0)
        return verdict;
    if (!digest_hello(session, &hello, digest))
        return failed;
    /* no secret: anyone can compute it from the hello */
    if (memcmp(digest, handshake->hello_digest, tls_digest_bytes(session)) != 0)
        return bad(WIRE_TLS_ILLEGAL_PARAMETER, "a second hello that isn't like the first");
    if (hello.early_data || (hello.cookie.at && !session->cookie))
        return bad(WIRE_TLS_ILLEGAL_PARAMETER, "an extension that a second hello may not have");
    session->early_left = 0; /* 4.2.10: all early data came before it */
    if (!find_share(hello.shares, session->group, &handshake->peer_share))
        return bad(WIRE_TLS_ILLEGAL_PARAMETER, "a second hello without the share"); /* 4.2.8 */
    return authenticate(session, &hello);
}

void tls_read_second_ClientHello(TLS_PARAMETERS)
{
    const struct tls_verdict verdict = read_again(session);

    if (verdict.alert != 0) {
        tls_flaw(session, step, verdict.alert, verdict.why);
    } else if (tls_message_add(session, step)) {
        step->next = TLS_hello_accepted;
        step->follows = true;
    }
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* 4.2.10: change_cipher_spec is only for middleboxes: it is sent once, to a client that asks for it
 * with a session id (D.4). */
static uint32_t change(const struct tls_handshake *handshake)
{
    return handshake->session_id_len > 0 && !handshake->retried ? TLS_OWES_CHANGE : 0;
}

void tls_snd_HelloRetryRequest(TLS_PARAMETERS)
{
    struct tls_handshake *handshake = session->handshake;

    session->owed = TLS_OWES_RETRY | change(handshake);
    handshake->retried = true;
    session->tls->counts.retried++;
    session->tls->counts.cookies += session->cookie;
    if (!tls_transcript_retry(session))
        tls_flaw(session, step, WIRE_TLS_INTERNAL_ERROR, tls_provider_failed);
}

void tls_snd_server_flight(TLS_PARAMETERS)
{
    (void)step;
    session->owed = TLS_OWES_SERVER_HELLO | change(session->handshake) | TLS_OWES_EXTENSIONS |
                    TLS_OWES_FINISHED;
    if (!session->resumed)
        /* The order of bits is the order of messages: these go between EncryptedExtensions and
         * Finished. */
        session->owed |= TLS_OWES_CERTIFICATE | TLS_OWES_VERIFY;
}
