/*
 * ticket_keys.c -- the keys of a server's tickets as bytes, so that tickets survive a restart.
 *
 *      form, 1 byte | civil time, s | twice, the current seal first:
 *      1 if it is there | AEAD | name | age, ns | key
 *
 * Times of seals and tickets are of the stack's clock, which may start again with the machine.  So
 * the bytes have a seal's age, to which the civil time that has passed since is added.
 */
#include "tls/secrets.h"
#include "tls/tls.h"

#include <string.h>

#include "core/second.h"
#include "wire/bytes.h"

enum {
    FORM = 1,
    SEALS_AT = 1 + 8,
    AEAD_AT = 1, /* of a seal */
    NAME_AT = AEAD_AT + 1,
    AGE_AT = NAME_AT + TLS_SEAL_NAME,
    KEY_AT = AGE_AT + 8,
    SEAL_BYTES = KEY_AT + LEAT_CRYPTO_KEY_BYTES_MAX
};

_Static_assert(SEALS_AT + TLS_SEALS * SEAL_BYTES == LEAT_TLS_TICKET_KEYS_BYTES, "they fit exactly");

static void write_seal(const struct leat_tls *tls, const struct tls_seal *seal, uint8_t *at)
{
    memset(at, 0, SEAL_BYTES);
    if (!seal->made)
        return;
    at[0] = 1;
    at[AEAD_AT] = seal->key.aead;
    memcpy(at + NAME_AT, seal->name, TLS_SEAL_NAME);
    put64(at + AGE_AT, leat_now_ns(tls->stack) - seal->made_ns);
    memcpy(at + KEY_AT, seal->key.bytes, LEAT_CRYPTO_KEY_BYTES_MAX);
}

enum leat_err leat_tls_ticket_keys_get(struct leat_tls *tls,
                                       uint8_t bytes[LEAT_TLS_TICKET_KEYS_BYTES])
{
    const uint64_t now_s = tls_civil_s(tls);

    if (tls->config.no_tickets || now_s == 0)
        return LEAT_ERR_ARGUMENT;
    if (!tls_seals_make(tls))
        return LEAT_ERR_ENTROPY;
    bytes[0] = FORM;
    put64(bytes + 1, now_s);
    for (unsigned i = 0; i < TLS_SEALS; i++)
        write_seal(tls, &tls->seals[i], bytes + SEALS_AT + i * SEAL_BYTES);
    return LEAT_OK;
}

/* Reads a seal, which is older by @passed_ns now. One that opens no ticket any more is left out. */
static enum leat_err read_seal(const struct leat_tls *tls, struct tls_seal *seal, const uint8_t *at,
                               uint64_t passed_ns)
{
    const uint64_t age_ns = get64(at + AGE_AT);
    const uint64_t limit_ns = 2 * (uint64_t)tls->config.ticket_lifetime_s * second_ns;

    if (at[0] > 1)
        return LEAT_ERR_FORMAT;
    if (at[0] == 0 || age_ns >= limit_ns || passed_ns >= limit_ns - age_ns)
        return LEAT_OK;
    if (!tls->crypto.ops->supports_aead(tls->crypto.self, (enum leat_crypto_aead)at[AEAD_AT]))
        return LEAT_ERR_UNSUPPORTED;
    seal->key.aead = at[AEAD_AT];
    memcpy(seal->key.bytes, at + KEY_AT, sizeof seal->key.bytes);
    memcpy(seal->name, at + NAME_AT, TLS_SEAL_NAME);
    seal->made_ns = leat_now_ns(tls->stack) - age_ns - passed_ns; /* may be before 0: it wraps */
    seal->made = true;
    return LEAT_OK;
}

enum leat_err leat_tls_ticket_keys_set(struct leat_tls *tls, const uint8_t *bytes, size_t len)
{
    struct tls_seal seals[TLS_SEALS] = {{.made = false}};
    const uint64_t now_s = tls_civil_s(tls);
    uint64_t passed_s, then_s, forget_s;
    enum leat_err err = LEAT_OK;

    if (tls->config.no_tickets || now_s == 0)
        return LEAT_ERR_ARGUMENT;
    if (len != LEAT_TLS_TICKET_KEYS_BYTES || bytes[0] != FORM)
        return LEAT_ERR_FORMAT;
    if (!tls_secrets_renew(tls))
        return LEAT_ERR_ENTROPY;
    then_s = get64(bytes + 1);
    /* a civil clock may be set back: then no time has passed */
    passed_s = now_s > then_s ? now_s - then_s : 0;
    if (passed_s > 2 * TLS_TICKET_S_MAX)
        passed_s = 2 * TLS_TICKET_S_MAX; /* longer than any ticket lives */
    /* Hellos of the earlier run must be too old when early data is accepted (8.2). They seem up to
     * one second younger than they are, because the civil clock counts seconds. If it was set back,
     * nothing is known of their age until the last ticket of that run expires. */
    forget_s = now_s < then_s ? 2 * tls->config.ticket_lifetime_s : TLS_EARLY_WINDOW_S + 1;
    for (unsigned i = 0; !err && i < TLS_SEALS; i++)
        err = read_seal(tls, &seals[i], bytes + SEALS_AT + i * SEAL_BYTES, passed_s * second_ns);
    if (!err) {
        memcpy(tls->seals, seals, sizeof seals);
        tls->early_from_ns = leat_now_ns(tls->stack) + forget_s * second_ns;
    }
    leat_crypto_wipe(seals, sizeof seals);
    return err;
}
