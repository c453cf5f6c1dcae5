/* verdict.c -- why a chain of certificates was refused, in words. */
#include <leat/crypto.h>

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
        [LEAT_CRYPTO_WRONG_USAGE] = "a key is used for what its certificate doesn't allow",
        [LEAT_CRYPTO_NOT_AUTHORITY] = "an issuer is no authority",
        [LEAT_CRYPTO_TOO_DEEP] = "the chain of certificates is too long",
        [LEAT_CRYPTO_WEAK] = "a key or a hash is too weak",
        [LEAT_CRYPTO_UNSUPPORTED] = "a kind of key or an extension isn't supported",
        [LEAT_CRYPTO_MALFORMED] = "malformed certificate",
        [LEAT_CRYPTO_NO_MEMORY] = "no memory to check the certificates",
    };

    return (unsigned)verdict < LEAT_CRYPTO_VERDICTS ? words[verdict] : "unknown verdict";
}
