/* chain.c -- chains of certificates, checked by BearSSL's "minimal" engine (RFC 5280, 6). */
#include <string.h>

#include "inside.h"

#define DAYS_TO_1970 719528u /* from the year 0, as BearSSL counts */
#define DAY_S        86400u

/* What was found of a chain beside what BearSSL says. */
struct findings {
    enum leat_crypto_verdict verdict;
    bool is_not_yet; /* one of the first dates is to come */
    uint8_t address[16];
    size_t address_len; /* 0: the name is none */
};

static enum leat_crypto_verdict verdict_of(unsigned error, const struct findings *findings)
{
    switch (error) {
    case 0:
        return findings->verdict;
    case BR_ERR_X509_EXPIRED:
        return findings->is_not_yet ? LEAT_CRYPTO_NOT_YET : LEAT_CRYPTO_EXPIRED;
    case BR_ERR_X509_NOT_TRUSTED:
    case BR_ERR_X509_DN_MISMATCH:
        return LEAT_CRYPTO_UNKNOWN_AUTHORITY;
    case BR_ERR_X509_BAD_SERVER_NAME:
        return LEAT_CRYPTO_WRONG_NAME;
    case BR_ERR_X509_BAD_SIGNATURE:
        return LEAT_CRYPTO_BAD_SIGNATURE;
    case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
        return LEAT_CRYPTO_WRONG_USAGE;
    case BR_ERR_X509_NOT_CA:
        return LEAT_CRYPTO_NOT_AUTHORITY;
    case BR_ERR_X509_WEAK_PUBLIC_KEY:
        return LEAT_CRYPTO_WEAK;
    case BR_ERR_X509_UNSUPPORTED:
    case BR_ERR_X509_CRITICAL_EXTENSION:
    case BR_ERR_X509_WRONG_KEY_TYPE:
    case BR_ERR_X509_LIMIT_EXCEEDED:
        return LEAT_CRYPTO_UNSUPPORTED;
    case BR_ERR_X509_TIME_UNKNOWN:
        return LEAT_CRYPTO_NO_TIME;
    default:
        return LEAT_CRYPTO_MALFORMED;
    }
}

static void set_up(struct bearssl_provider *provider, const struct leat_crypto_chain *chain)
{
    br_x509_minimal_context *engine = &provider->work.minimal;

    br_x509_minimal_init(engine, &br_sha256_vtable, chain->anchors->list, chain->anchors->count);
    br_x509_minimal_set_hash(engine, br_sha256_ID, &br_sha256_vtable); /* no SHA-1 */
    br_x509_minimal_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
    br_x509_minimal_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
    br_x509_minimal_set_rsa(engine, provider->rsa_pkcs1);
    br_x509_minimal_set_ecdsa(engine, &br_ec_all_m31, br_ecdsa_i31_vrfy_asn1);
    br_x509_minimal_set_minrsa(engine, (int)RSA_BYTES_MIN);
    br_x509_minimal_set_time(engine, (uint32_t)(chain->civil_s / DAY_S) + DAYS_TO_1970,
                             (uint32_t)(chain->civil_s % DAY_S));
}

/* What BearSSL's engine leaves out, of the certificate @number of the chain. */
static void look_at(const struct leat_crypto_chain *chain, size_t number,
                    const struct bearssl_facts *facts, struct findings *findings)
{
    if (facts->not_before_s > chain->civil_s)
        findings->is_not_yet = true;
    if (findings->verdict != LEAT_CRYPTO_TRUSTED)
        return;
    if (!facts->is_for_servers)
        findings->verdict = LEAT_CRYPTO_WRONG_USAGE;
    else if (facts->has_constraints)
        findings->verdict = LEAT_CRYPTO_UNSUPPORTED;
    else if (number == 0 && chain->name && !facts->names.at) /* RFC 9525, 6.3 */
        findings->verdict = LEAT_CRYPTO_WRONG_NAME;
    else if (number == 0 && findings->address_len > 0 &&
             !leat_bearssl_has_address(facts, findings->address, findings->address_len))
        findings->verdict = LEAT_CRYPTO_WRONG_NAME;
}

/* Feeds the engine; false: one of them is no certificate. */
static bool feed(struct bearssl_provider *provider, const struct leat_crypto_chain *chain,
                 struct findings *findings)
{
    const br_x509_class **engine = &provider->work.minimal.vtable;

    for (size_t i = 0; i < chain->count; i++) {
        const size_t len =
            leat_bearssl_gather(chain->certificates[i].pieces, chain->certificates[i].count,
                                provider->scratch, LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
        struct bearssl_facts facts;

        if (len == SIZE_MAX || !leat_bearssl_facts(provider->scratch, len, &facts))
            return false;
        look_at(chain, i, &facts, findings);
        (*engine)->start_cert(engine, (uint32_t)len);
        (*engine)->append(engine, provider->scratch, len);
        (*engine)->end_cert(engine);
    }
    return true;
}

enum leat_crypto_verdict leat_bearssl_check_chain(void *self, const struct leat_crypto_chain *chain,
                                                  struct leat_crypto_public *key)
{
    struct bearssl_provider *provider = self;
    struct findings findings = {.verdict = LEAT_CRYPTO_TRUSTED};
    enum leat_crypto_verdict verdict = leat_crypto_chain_glance(chain);
    const br_x509_class **engine = &provider->work.minimal.vtable;
    const br_x509_pkey *found;
    unsigned usages;

    if (verdict != LEAT_CRYPTO_TRUSTED)
        return verdict;
    if (chain->civil_s / DAY_S > UINT32_MAX - DAYS_TO_1970)
        return LEAT_CRYPTO_EXPIRED;
    set_up(provider, chain);
    if (chain->name)
        findings.address_len = leat_crypto_address(chain->name, findings.address);
    (*engine)->start_chain(engine, findings.address_len > 0 ? NULL : chain->name);
    if (!feed(provider, chain, &findings))
        return LEAT_CRYPTO_MALFORMED;
    verdict = verdict_of((*engine)->end_chain(engine), &findings);
    if (verdict != LEAT_CRYPTO_TRUSTED)
        return verdict;
    found = (*engine)->get_pkey(engine, &usages);
    if (!found)
        return LEAT_CRYPTO_MALFORMED;
    if (!(usages & BR_KEYTYPE_SIGN)) /* TLS 1.3 has signatures only */
        return LEAT_CRYPTO_WRONG_USAGE;
    return leat_bearssl_public_take(key, found);
}
