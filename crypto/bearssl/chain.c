/* chain.c -- chains of certificates, checked by BearSSL's "minimal" engine (RFC 5280, 6). */
#include <string.h>

#include "inside.h"

#define DAYS_TO_1970 719528u /* from the year 0, as BearSSL counts */
#define DAY_S        86400u
#define TRIES_MAX    4u /* anchors that are tried for one chain */

/* Facts about a chain that BearSSL doesn't report. */
struct findings {
    enum leat_crypto_verdict verdict;
    bool is_not_yet; /* a certificate isn't valid yet */
    uint8_t address[16];
    size_t address_len; /* 0: the name is no address */
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

/* Begins with one anchor, or none. */
static void set_up(struct bearssl_provider *provider, const struct leat_crypto_chain *chain,
                   const br_x509_trust_anchor *anchor)
{
    br_x509_minimal_context *engine = &provider->work.minimal;

    br_x509_minimal_init(engine, &br_sha256_vtable, anchor, anchor != NULL);
    br_x509_minimal_set_hash(engine, br_sha256_ID, &br_sha256_vtable); /* no SHA-1 */
    br_x509_minimal_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
    br_x509_minimal_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
    br_x509_minimal_set_rsa(engine, provider->rsa_pkcs1);
    br_x509_minimal_set_ecdsa(engine, &br_ec_all_m31, br_ecdsa_i31_vrfy_asn1);
    br_x509_minimal_set_minrsa(engine, (int)RSA_BYTES_MIN);
    br_x509_minimal_set_time(engine, (uint32_t)(chain->civil_s / DAY_S) + DAYS_TO_1970,
                             (uint32_t)(chain->civil_s % DAY_S));
}

/* Makes the checks that BearSSL's engine leaves out, for the certificate @number of the chain. */
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

/*
 * Feeds the engine the path until it has met the anchor; returns how many certificates it took to
 * get there, or 0: one of them is no certificate.
 */
static unsigned feed(struct bearssl_provider *provider, const struct leat_crypto_chain *chain,
                     struct findings *findings)
{
    br_x509_minimal_context *minimal = &provider->work.minimal;
    const br_x509_class **engine = &minimal->vtable;
    unsigned fed = 0;

    while (fed < provider->path.count && minimal->err != BR_ERR_X509_OK) {
        const size_t number = provider->path.order[fed++];
        const size_t len = leat_bearssl_gather(chain->certificates[number].pieces,
                                               chain->certificates[number].count, provider->scratch,
                                               LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
        struct bearssl_facts facts;

        if (len == SIZE_MAX || !leat_bearssl_facts(provider->scratch, len, &facts))
            return 0;
        look_at(chain, number, &facts, findings);
        (*engine)->start_cert(engine, (uint32_t)len);
        (*engine)->append(engine, provider->scratch, len);
        (*engine)->end_cert(engine);
    }
    return fed;
}

/* Applies the limits in the anchor's own certificate to a path of @count certificates (RFC 5937,
 * 3). */
static enum leat_crypto_verdict obey(const struct bearssl_anchor *anchor,
                                     const struct bearssl_path *path, unsigned count,
                                     uint64_t civil_s)
{
    if (civil_s > anchor->not_after_s)
        return LEAT_CRYPTO_EXPIRED;
    if (civil_s < anchor->not_before_s)
        return LEAT_CRYPTO_NOT_YET;
    if (anchor->is_unsupported)
        return LEAT_CRYPTO_UNSUPPORTED;
    if (!anchor->is_for_servers)
        return LEAT_CRYPTO_WRONG_USAGE;
    if (!anchor->is_signer)
        return LEAT_CRYPTO_WRONG_USAGE;
    return leat_bearssl_path_fits(path, count, anchor->path_max) ? LEAT_CRYPTO_TRUSTED
                                                                 : LEAT_CRYPTO_TOO_DEEP;
}

/* Checks the path with one anchor, or with none: then the verdict tells what else is wrong. */
static enum leat_crypto_verdict try_anchor(struct bearssl_provider *provider,
                                           const struct leat_crypto_chain *chain,
                                           const struct bearssl_anchor *anchor)
{
    const br_x509_class **engine = &provider->work.minimal.vtable;
    struct findings findings = {.verdict = LEAT_CRYPTO_TRUSTED};
    enum leat_crypto_verdict verdict;
    unsigned fed;

    set_up(provider, chain, anchor ? &anchor->anchor : NULL);
    if (chain->name)
        findings.address_len = leat_crypto_address(chain->name, findings.address);
    (*engine)->start_chain(engine, findings.address_len > 0 ? NULL : chain->name);
    fed = feed(provider, chain, &findings);
    if (fed == 0)
        return LEAT_CRYPTO_MALFORMED;
    verdict = verdict_of((*engine)->end_chain(engine), &findings);
    if (verdict == LEAT_CRYPTO_TRUSTED && anchor)
        verdict = obey(anchor, &provider->path, fed, chain->civil_s);
    return verdict;
}

/*
 * Tries the anchors that the path names, and ends with the first that is good.  Several anchors may
 * have one name, after a change of keys.  A peer can't make the provider try many, because the
 * anchors are the program's; even so TRIES_MAX bounds the cost.
 */
static enum leat_crypto_verdict try_anchors(struct bearssl_provider *provider,
                                            const struct leat_crypto_chain *chain)
{
    const struct bearssl_anchor *anchors = chain->anchors->list;
    enum leat_crypto_verdict verdict = LEAT_CRYPTO_UNKNOWN_AUTHORITY;
    unsigned tries = 0;

    for (size_t i = 0; i < chain->anchors->count && tries < TRIES_MAX; i++) {
        enum leat_crypto_verdict next;

        if (!leat_bearssl_path_reaches(&provider->path, &anchors[i]))
            continue;
        tries++;
        next = try_anchor(provider, chain, &anchors[i]);
        if (next == LEAT_CRYPTO_TRUSTED)
            return next;
        if (verdict == LEAT_CRYPTO_UNKNOWN_AUTHORITY)
            verdict = next;
    }
    return tries > 0 ? verdict : try_anchor(provider, chain, NULL);
}

enum leat_crypto_verdict leat_bearssl_check_chain(void *self, const struct leat_crypto_chain *chain,
                                                  struct leat_crypto_public *key)
{
    struct bearssl_provider *provider = self;
    enum leat_crypto_verdict verdict = leat_crypto_chain_glance(chain);
    const br_x509_class **engine = &provider->work.minimal.vtable;
    const br_x509_pkey *found;
    unsigned usages;

    if (verdict != LEAT_CRYPTO_TRUSTED)
        return verdict;
    if (chain->civil_s / DAY_S > UINT32_MAX - DAYS_TO_1970)
        return LEAT_CRYPTO_EXPIRED;
    if (!leat_bearssl_path(provider, chain))
        return LEAT_CRYPTO_MALFORMED;
    verdict = try_anchors(provider, chain);
    if (verdict != LEAT_CRYPTO_TRUSTED)
        return verdict;
    found = (*engine)->get_pkey(engine, &usages);
    if (!found)
        return LEAT_CRYPTO_MALFORMED;
    if (!(usages & BR_KEYTYPE_SIGN)) /* TLS 1.3 has signatures only */
        return LEAT_CRYPTO_WRONG_USAGE;
    return leat_bearssl_public_take(key, found);
}
