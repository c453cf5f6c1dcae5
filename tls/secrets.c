/*
 * secrets.c -- secrets that must differ in two copies of a machine.
 *
 * A virtual machine that is cloned, or resumed twice from one snapshot, has its secrets twice. The
 * program then calls leat_reseed(), which increments a generation (leat_generation()). The keys of
 * tickets and cookies are wiped at their next use, and the provider takes new entropy before the
 * next session. A session's keys can't be renewed without its peer, which derives the same keys for
 * both copies. So a session of an earlier generation seals no more records: two records under one
 * nonce and one key would reveal both (RFC 5116 3.1).
 */
#include "tls/secrets.h"

void tls_seals_wipe(struct leat_tls *tls)
{
    leat_crypto_wipe(tls->seals, sizeof tls->seals);
}

void tls_secrets_wipe(struct leat_tls *tls)
{
    tls_seals_wipe(tls);
    leat_crypto_wipe(tls->cookie_key, sizeof tls->cookie_key);
    tls->cookie_key_made = false;
}

bool tls_secrets_renew(struct leat_tls *tls)
{
    if (tls->generation == leat_generation(tls->stack))
        return true;
    tls_secrets_wipe(tls);
    if (!tls->crypto.ops->reseed(tls->crypto.self))
        return false;
    tls->generation = leat_generation(tls->stack);
    return true;
}

bool tls_secrets_hold(struct tls_session *session)
{
    if (session->generation == leat_generation(session->tls->stack))
        return true;
    session->why = "the machine was copied since the session began";
    return false;
}
