/* chain.c -- trust anchors, and chains of certificates checked by libcrypto (RFC 5280, 6). */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "inside.h"

/* Level 2 of X509_VERIFY_PARAM_set_auth_level(3): 112 bits; no RSA below 2,048, no SHA-1. */
#define AUTH_LEVEL 2

/* Adds one certificate to a store that may have it already. */
static enum leat_err add(struct openssl_provider *provider, X509_STORE *store, const uint8_t *der,
                         size_t len)
{
    X509 *x509 = leat_openssl_certificate_of_der(provider, der, len);
    enum leat_err err = LEAT_OK;

    if (!x509)
        return LEAT_ERR_FORMAT;
    if (X509_STORE_add_cert(store, x509) != 1)
        err = LEAT_ERR_MEMORY;
    X509_free(x509);
    return err;
}

static enum leat_err add_pem(struct openssl_provider *provider, X509_STORE *store, const char *text,
                             size_t len, uint8_t *der, size_t *count)
{
    struct leat_crypto_pem pem;
    enum leat_err err;

    do {
        err = leat_crypto_pem_next(&text, &len, &pem, der, LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
        if (err == LEAT_OK && pem.label_len == 11 && memcmp(pem.label, "CERTIFICATE", 11) == 0) {
            err = add(provider, store, der, pem.der_len);
            *count += err == LEAT_OK;
        }
    } while (err == LEAT_OK);
    if (err == LEAT_ERR_MEMORY) /* longer than a certificate may be */
        return LEAT_ERR_FORMAT;
    return err == LEAT_ERR_NOT_FOUND && *count > 0 ? LEAT_OK : err;
}

enum leat_err leat_openssl_anchors_open(void *self, struct leat_crypto_anchors *anchors,
                                        const void *text, size_t len, void *memory,
                                        size_t memory_bytes)
{
    struct openssl_provider *provider = self;
    X509_STORE *store = X509_STORE_new();
    uint8_t *der = OPENSSL_malloc(LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
    enum leat_err err = LEAT_ERR_MEMORY;

    (void)memory, (void)memory_bytes;
    anchors->list = NULL;
    anchors->count = 0;
    if (store && der && len > 0 && *(const uint8_t *)text == 0x30) { /* SEQUENCE */
        err = add(provider, store, text, len);
        anchors->count = err == LEAT_OK;
    } else if (store && der) {
        err = add_pem(provider, store, text, len, der, &anchors->count);
    }
    OPENSSL_free(der);
    ERR_clear_error();
    if (err != LEAT_OK) {
        X509_STORE_free(store);
        anchors->count = 0;
        return err;
    }
    anchors->list = store;
    return LEAT_OK;
}

/* The store isn't const, because libcrypto counts references in it and caches decoded certificates.
 */
static X509_STORE *store_of(const struct leat_crypto_anchors *anchors)
{
    return (X509_STORE *)(uintptr_t)anchors->list;
}

void leat_openssl_anchors_close(void *self, struct leat_crypto_anchors *anchors)
{
    (void)self;
    X509_STORE_free(store_of(anchors));
    anchors->list = NULL;
    anchors->count = 0;
}

/* Translates one of libcrypto's errors. */
static enum leat_crypto_verdict verdict_of(int error)
{
    static const struct {
        int error;
        enum leat_crypto_verdict verdict;
    } known[] = {
        {X509_V_OK, LEAT_CRYPTO_TRUSTED},
        {X509_V_ERR_CERT_HAS_EXPIRED, LEAT_CRYPTO_EXPIRED},
        {X509_V_ERR_CERT_NOT_YET_VALID, LEAT_CRYPTO_NOT_YET},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, LEAT_CRYPTO_UNKNOWN_AUTHORITY},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, LEAT_CRYPTO_UNKNOWN_AUTHORITY},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, LEAT_CRYPTO_UNKNOWN_AUTHORITY},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, LEAT_CRYPTO_UNKNOWN_AUTHORITY},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, LEAT_CRYPTO_UNKNOWN_AUTHORITY},
        {X509_V_ERR_CERT_UNTRUSTED, LEAT_CRYPTO_UNKNOWN_AUTHORITY},
        {X509_V_ERR_HOSTNAME_MISMATCH, LEAT_CRYPTO_WRONG_NAME},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, LEAT_CRYPTO_WRONG_NAME},
        {X509_V_ERR_PERMITTED_VIOLATION, LEAT_CRYPTO_WRONG_NAME},
        {X509_V_ERR_EXCLUDED_VIOLATION, LEAT_CRYPTO_WRONG_NAME},
        {X509_V_ERR_CERT_SIGNATURE_FAILURE, LEAT_CRYPTO_BAD_SIGNATURE},
        {X509_V_ERR_INVALID_PURPOSE, LEAT_CRYPTO_WRONG_USAGE},
        {X509_V_ERR_CERT_REJECTED, LEAT_CRYPTO_WRONG_USAGE},
        {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, LEAT_CRYPTO_WRONG_USAGE},
        {X509_V_ERR_INVALID_CA, LEAT_CRYPTO_NOT_AUTHORITY},
        {X509_V_ERR_INVALID_NON_CA, LEAT_CRYPTO_NOT_AUTHORITY},
        {X509_V_ERR_PATH_LENGTH_EXCEEDED, LEAT_CRYPTO_TOO_DEEP},
        {X509_V_ERR_CERT_CHAIN_TOO_LONG, LEAT_CRYPTO_TOO_DEEP},
        {X509_V_ERR_EE_KEY_TOO_SMALL, LEAT_CRYPTO_WEAK},
        {X509_V_ERR_CA_KEY_TOO_SMALL, LEAT_CRYPTO_WEAK},
        {X509_V_ERR_CA_MD_TOO_WEAK, LEAT_CRYPTO_WEAK},
        {X509_V_ERR_OUT_OF_MEM, LEAT_CRYPTO_NO_MEMORY},
        {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, LEAT_CRYPTO_UNSUPPORTED},
        {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, LEAT_CRYPTO_UNSUPPORTED},
        {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, LEAT_CRYPTO_UNSUPPORTED},
        {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, LEAT_CRYPTO_UNSUPPORTED},
        {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, LEAT_CRYPTO_UNSUPPORTED},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].error == error)
            return known[i].verdict;
    }
    return LEAT_CRYPTO_MALFORMED;
}

static bool set_name(X509_VERIFY_PARAM *param, const char *name)
{
    uint8_t address[16];
    const size_t len = leat_crypto_address(name, address);

    return (len > 0 ? X509_VERIFY_PARAM_set1_ip(param, address, len)
                    : X509_VERIFY_PARAM_set1_host(param, name, 0)) == 1;
}

/* Sets the conditions other than signatures. */
static bool set_params(X509_VERIFY_PARAM *param, const struct leat_crypto_chain *chain)
{
    X509_VERIFY_PARAM_set_time(param, (time_t)chain->civil_s);
    X509_VERIFY_PARAM_set_depth(param, (int)LEAT_CRYPTO_CHAIN_MAX);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    /* an anchor is trusted, whatever its signature; names are in the extension only (RFC
     * 9525, 6.3)
     */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
           X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER) == 1 &&
           (!chain->name || set_name(param, chain->name));
}

static enum leat_crypto_verdict check(struct openssl_provider *provider,
                                      const struct leat_crypto_chain *chain, STACK_OF(X509) * all)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(provider->library, NULL);
    X509 *own = sk_X509_value(all, 0);
    enum leat_crypto_verdict verdict = LEAT_CRYPTO_NO_MEMORY;

    if (context && X509_STORE_CTX_init(context, store_of(chain->anchors), own, all) == 1 &&
        set_params(X509_STORE_CTX_get0_param(context), chain)) {
        const int said = X509_verify_cert(context);

        verdict = verdict_of(X509_STORE_CTX_get_error(context));
        if (said != 1 && verdict == LEAT_CRYPTO_TRUSTED)
            verdict = LEAT_CRYPTO_NO_MEMORY;
        /* TLS 1.3 has signatures only, which an absent extension allows (RFC 5280, 4.2.1.3) */
        if (verdict == LEAT_CRYPTO_TRUSTED &&
            !(X509_get_key_usage(own) & X509v3_KU_DIGITAL_SIGNATURE))
            verdict = LEAT_CRYPTO_WRONG_USAGE;
    }
    X509_STORE_CTX_free(context);
    return verdict;
}

enum leat_crypto_verdict leat_openssl_check_chain(void *self, const struct leat_crypto_chain *chain,
                                                  struct leat_crypto_public *key)
{
    struct openssl_provider *provider = self;
    enum leat_crypto_verdict verdict = leat_crypto_chain_glance(chain);
    STACK_OF(X509) * all;

    if (verdict != LEAT_CRYPTO_TRUSTED)
        return verdict;
    all = sk_X509_new_reserve(NULL, (int)chain->count);
    if (!all)
        return LEAT_CRYPTO_NO_MEMORY;
    for (size_t i = 0; verdict == LEAT_CRYPTO_TRUSTED && i < chain->count; i++) {
        X509 *x509 = leat_openssl_certificate(provider, &chain->certificates[i]);

        if (x509)
            sk_X509_push(all, x509);
        else
            verdict = LEAT_CRYPTO_MALFORMED;
    }
    if (verdict == LEAT_CRYPTO_TRUSTED)
        verdict = check(provider, chain, all);
    if (verdict == LEAT_CRYPTO_TRUSTED)
        verdict = leat_openssl_public_take(key, sk_X509_value(all, 0));
    sk_X509_pop_free(all, X509_free);
    ERR_clear_error();
    return verdict;
}
