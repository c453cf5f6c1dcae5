/*
 * proof.c -- challenges (RFC 8555 8.1, 8.3; RFC 8737 3).
 *
 * One challenge at a time is answered.  A token comes from the authority, and every client of port
 * 80 can ask for it.  So a token with other characters than those of base64url is refused.
 */
#include <string.h>

#include "core/assert.h"
#include "service.h"
#include "web/acme/acme.h"
#include "web/acme/words.h"

static const char path[] = "/.well-known/acme-challenge/";

/* ---- Choice ---------------------------------------------------------------------------------- */

static bool is_token(const char *token)
{
    for (const char *at = token; *at; at++) {
        if (!is_url_char(*at))
            return false;
    }
    return acme_len(token) >= ACME_TOKEN_BYTES_MIN;
}

/* Takes the first challenge of @type.  False: there is none that can be answered. */
static bool take(struct leat_acme *acme, int challenges, const char *type)
{
    struct acme_proof *proof = &acme->proof;
    const struct json *json = &acme->json;
    int challenge;

    for (unsigned i = 0; (challenge = json_item(json, challenges, i)) >= 0; i++) {
        if (json_is(json, json_member(json, challenge, "type"), type) &&
            json_string(json, json_member(json, challenge, "token"), proof->token,
                        sizeof proof->token) &&
            is_token(proof->token) &&
            acme_take_url(acme, json_member(json, challenge, "url"), proof->url))
            return true;
    }
    return false;
}

/* After a failure the other kind is tried first: one of the two ports may not be reachable. */
bool acme_proof_choose(struct leat_acme *acme, struct acme_step *step, int challenges)
{
    struct acme_proof *proof = &acme->proof;
    const bool has_both = !acme->config.no_http && acme->config.tls;

    proof->by_tls = acme->config.no_http || (has_both && acme->failures % 2 == 1);
    for (unsigned i = 0; i < (has_both ? 2 : 1); i++) {
        if (take(acme, challenges, proof->by_tls ? "tls-alpn-01" : "http-01"))
            return true;
        proof->by_tls = !proof->by_tls;
    }
    acme_why(acme, "the authority offers no challenge that can be answered for ", proof->name);
    acme_follow(step, ACME_flaw);
    return false;
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* Makes the key for certificates of challenges, and their identity without a certificate. */
static bool make_identity(struct acme_proof *proof, const struct leat_crypto *crypto)
{
    if (!acme_key_make(&proof->key, crypto))
        return false;
    if (crypto->ops->private_open(crypto->self, &proof->identity.key, proof->key.der,
                                  sizeof proof->key.der)) {
        acme_key_close(&proof->key, crypto); /* both are open, or none */
        return false;
    }
    proof->identity.names = proof->names;
    proof->identity.name_count = 1;
    proof->identity.chain_count = 1;
    proof->names[0] = proof->name;
    return true;
}

/* Makes the certificate of tls-alpn-01, whose extension has a digest of the proof. */
static bool show_certificate(struct leat_acme *acme)
{
    struct acme_proof *proof = &acme->proof;
    const struct leat_crypto *crypto = acme->crypto;
    uint8_t digest[ACME_DIGEST_BYTES];
    const uint8_t *der;
    size_t len;

    leat_debug_assert(acme->config.tls);
    if (!proof->key.is_open && !make_identity(proof, crypto))
        return false;
    if (!acme_digest(acme, proof->text, acme_len(proof->text), digest))
        return false;
    der = acme_challenge_certificate(&proof->key, crypto, proof->name, digest, proof->der, &len);
    if (!der)
        return false;
    proof->identity.chain[0] = leat_crypto_piece_of(der, len);
    return leat_tls_set_challenge(acme->config.tls, &proof->identity) == LEAT_OK;
}

bool acme_proof_show(struct leat_acme *acme)
{
    struct acme_proof *proof = &acme->proof;
    struct text text = {proof->text, 0, sizeof proof->text - 1};

    leat_debug_assert(acme->thumbprint[0]);
    text_add(&text, proof->token);
    text_add(&text, ".");
    text_add(&text, acme->thumbprint);
    proof->text[text.len] = '\0';
    return !proof->by_tls || show_certificate(acme);
}

void acme_proof_hide(struct leat_acme *acme)
{
    acme->proof.text[0] = '\0';
    if (acme->config.tls)
        leat_tls_set_challenge(acme->config.tls, NULL);
}

/* ---- The route of http-01 -------------------------------------------------------------------- */

/* The proof for the path that is asked for, or NULL. */
static const char *asked_for(struct leat_acme *acme, const struct leat_http_exchange *exchange)
{
    const size_t before = sizeof path - 1;
    size_t len;
    const char *asked = leat_http_request_path(exchange, &len);
    const struct acme_proof *proof = acme ? &acme->proof : NULL;

    if (!proof || !proof->text[0] || proof->by_tls || len - before != acme_len(proof->token) ||
        memcmp(asked + before, proof->token, len - before) != 0)
        return NULL;
    return proof->text;
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head not_found = {.status = 404, .type = "text/plain"};
    struct leat_http_head head = {.status = 200, .type = "application/octet-stream"}; /* 8.3 */
    struct leat_acme *acme = *(struct leat_acme **)arg;
    const char *text = asked_for(acme, exchange);

    size_t len;

    if (!text) {
        if (acme)
            acme->info.strays++;
        leat_http_answer(exchange, &not_found, "no such challenge\n", 18);
        return;
    }
    acme->info.proofs++;
    len = acme_len(text);
    head.len = len;
    leat_http_reply(exchange, &head);
    /* the proof changes before a slow client has it, so it is copied; without a buffer for it the
     * authority asks again */
    if (leat_http_write(exchange, text, len) == len)
        leat_http_finish(exchange);
    else
        leat_http_abort(exchange);
}

void leat_acme_route(struct leat_acme **acme, struct leat_http_route *route)
{
    *route = (struct leat_http_route){.path = path,
                                      .methods = LEAT_HTTP_GET,
                                      .below = true,
                                      .on_request = on_request,
                                      .arg = acme};
}
