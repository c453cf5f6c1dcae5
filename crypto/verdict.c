/* verdict.c -- why a chain of certificates is refused: messages, and checks without a library. */
#include <leat/addr.h>
#include <leat/crypto.h>

#include <string.h>

#define NAME_BYTES_MAX 253 /* RFC 1035, 2.3.4, without the last dot */

const char *leat_crypto_why(enum leat_crypto_verdict verdict)
{
    static const char *const words[LEAT_CRYPTO_VERDICTS] = {
        [LEAT_CRYPTO_TRUSTED] = "trusted",
        [LEAT_CRYPTO_NO_TIME] =
            "the civil time isn't known, so no certificate's dates can be checked",
        [LEAT_CRYPTO_EXPIRED] = "a certificate has expired",
        [LEAT_CRYPTO_NOT_YET] = "a certificate isn't valid yet",
        [LEAT_CRYPTO_UNKNOWN_AUTHORITY] = "no trusted authority stands behind the certificate",
        [LEAT_CRYPTO_WRONG_NAME] = "the certificate is another host's",
        [LEAT_CRYPTO_BAD_SIGNATURE] = "a signature doesn't fit its certificate",
        [LEAT_CRYPTO_WRONG_USAGE] = "a certificate doesn't allow this use of its key",
        [LEAT_CRYPTO_NOT_AUTHORITY] = "an issuer is no authority",
        [LEAT_CRYPTO_TOO_DEEP] = "the chain of certificates is too long",
        [LEAT_CRYPTO_WEAK] = "a key or a hash is too weak",
        [LEAT_CRYPTO_UNSUPPORTED] = "a kind of key or an extension isn't supported",
        [LEAT_CRYPTO_MALFORMED] = "malformed certificate",
        [LEAT_CRYPTO_NO_MEMORY] = "no memory to check the certificates",
    };

    return (unsigned)verdict < LEAT_CRYPTO_VERDICTS ? words[verdict] : "unknown verdict";
}

/* A name as RFC 1123, 2.1, has it, and RFC 9525, 6.3, compares it: no empty label, no wildcard. */
static bool is_name(const char *name)
{
    size_t label_len = 0;
    size_t len = 0;

    for (; name[len]; len++) {
        const char letter = name[len];

        if (len == NAME_BYTES_MAX || letter <= ' ' || letter > '~' || letter == '*')
            return false;
        if (letter != '.')
            label_len++;
        else if (label_len == 0)
            return false;
        else
            label_len = 0;
    }
    return label_len > 0;
}

size_t leat_crypto_address(const char *name, uint8_t address[16])
{
    struct leat_ip ip;
    size_t skip;

    if (!leat_ip_parse(name, &ip))
        return 0;
    skip = leat_ip_is_v4(ip) ? sizeof ip.bytes - 4 : 0;
    memcpy(address, ip.bytes + skip, sizeof ip.bytes - skip);
    return sizeof ip.bytes - skip;
}

enum leat_crypto_verdict leat_crypto_chain_glance(const struct leat_crypto_chain *chain)
{
    if (chain->civil_s == 0)
        return LEAT_CRYPTO_NO_TIME;
    if (chain->count == 0)
        return LEAT_CRYPTO_MALFORMED;
    if (chain->count > LEAT_CRYPTO_CHAIN_MAX)
        return LEAT_CRYPTO_TOO_DEEP;
    if (chain->name && !is_name(chain->name))
        return LEAT_CRYPTO_WRONG_NAME;
    return LEAT_CRYPTO_TRUSTED;
}
