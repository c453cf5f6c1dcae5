/*
 * crypto.h -- cryptography as leat uses it: a table of functions, implemented by a library.
 *
 * leat has no cryptography of its own.  A provider fills in this table by calls to a library that
 * cryptographers maintain: crypto/openssl uses libcrypto 3; crypto/bearssl uses BearSSL, for
 * programs without an operating system.  docs/crypto.md says how to write one.
 *
 * Every call is synchronous and comes from one thread.  A provider belongs to one stack, as all
 * memory does.  The caller provides memory whose size is known at compile time.  Objects with a
 * `close` may point to memory of the provider, so they must not be copied, and must be closed.  A
 * bool is true for success; the output of a call that failed is undefined.
 *
 * The numbers of groups and signature schemes are the ones of TLS (RFC 8446, 4.2.3 and 4.2.7).
 */
#ifndef LEAT_CRYPTO_H
#define LEAT_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes the compiler warn if the result is ignored. */
#define LEAT_CRYPTO_CHECKED __attribute__((warn_unused_result))

/** A run of bytes.  Lists of them are arrays; pieces of length 0 are allowed. */
struct leat_crypto_piece {
    uint8_t *bytes; /**< where they are */
    size_t len;     /**< how many */
};

/** A piece of bytes that are only read: for `in`, and for data to hash, sign or verify. */
LEAT_INLINE struct leat_crypto_piece leat_crypto_piece_of(const void *bytes, size_t len)
{
    struct leat_crypto_piece piece;

    piece.bytes = (uint8_t *)(uintptr_t)bytes;
    piece.len = len;
    return piece;
}

/* ---- Hashes ---- */

/** Hash functions (FIPS 180-4). */
enum leat_crypto_hash {
    LEAT_CRYPTO_SHA256 = 1,
    LEAT_CRYPTO_SHA384
};

/** The longest digest. */
#define LEAT_CRYPTO_DIGEST_BYTES_MAX 48u

/** Bytes of a digest. */
LEAT_INLINE size_t leat_crypto_digest_bytes(enum leat_crypto_hash hash)
{
    return hash == LEAT_CRYPTO_SHA256 ? 32u : 48u;
}

/** Bytes of the state of a running hash. */
#define LEAT_CRYPTO_HASHING_BYTES 224u

/** A running hash.  Memory of the caller, from hash_open() to hash_close(). */
struct leat_crypto_hashing {
    uint64_t state[LEAT_CRYPTO_HASHING_BYTES / 8u]; /**< private */
};

/** A password to stretch by PBKDF2 with HMAC (RFC 8018, 5.2), so that a guess costs time. */
struct leat_crypto_stretch {
    enum leat_crypto_hash hash; /**< of the HMAC */
    uint32_t rounds;            /**< how often the HMAC is computed; at least 1 */
    const void *password;       /**< the key of the HMAC */
    size_t password_len;        /**< bytes of it */
    const void *salt;           /**< different for each password */
    size_t salt_len;            /**< bytes of it */
};

/* ---- Authenticated encryption ---- */

/** AEADs of RFC 5116 and RFC 8439, with nonces of 12 bytes and tags of 16. */
enum leat_crypto_aead {
    LEAT_CRYPTO_AES_128_GCM = 1,
    LEAT_CRYPTO_AES_256_GCM,
    LEAT_CRYPTO_CHACHA20_POLY1305
};

#define LEAT_CRYPTO_KEY_BYTES_MAX 32u /**< the longest key of an AEAD */
#define LEAT_CRYPTO_NONCE_BYTES   12u /**< of a nonce */
#define LEAT_CRYPTO_TAG_BYTES     16u /**< of a tag */

/** Bytes of a key. */
LEAT_INLINE size_t leat_crypto_key_bytes(enum leat_crypto_aead aead)
{
    return aead == LEAT_CRYPTO_AES_128_GCM ? 16u : 32u;
}

/**
 * A key of an AEAD, for one direction: only the key itself.  A provider expands it into memory of
 * its own, and keeps that for the keys used last.  Wipe a key after use (leat_crypto_wipe()).
 */
struct leat_crypto_aead_key {
    uint8_t bytes[LEAT_CRYPTO_KEY_BYTES_MAX]; /**< leat_crypto_key_bytes() of them */
    uint8_t aead;                             /**< enum leat_crypto_aead */
};

/**
 * One encryption or decryption: the bytes of @p in are read, and as many are written to @p out. The
 * two lists may be divided into pieces differently.  Each byte of `out` lies at the address of its
 * byte of `in`, or outside of all of `in`.
 */
struct leat_crypto_job {
    const uint8_t *nonce; /**< LEAT_CRYPTO_NONCE_BYTES; never twice with one key to seal */
    const uint8_t *aad;   /**< additional authenticated data; at most 255 bytes */
    size_t aad_len;       /**< its length, bytes */
    const struct leat_crypto_piece *in;  /**< read from here */
    size_t in_count;                     /**< how many pieces */
    const struct leat_crypto_piece *out; /**< written to here */
    size_t out_count;                    /**< how many pieces */
};

/* ---- Key shares ---- */

/** Key exchange groups (RFC 8446, 4.2.7; RFC 7748; draft-ietf-tls-ecdhe-mlkem). */
enum leat_crypto_group {
    LEAT_CRYPTO_SECP256R1 = 0x0017,
    LEAT_CRYPTO_SECP384R1 = 0x0018,
    LEAT_CRYPTO_X25519 = 0x001d,
    LEAT_CRYPTO_X25519MLKEM768 = 0x11ec
};

#define LEAT_CRYPTO_SHARE_BYTES_MAX  1216u /**< the longest public share: ML-KEM's from a client */
#define LEAT_CRYPTO_SECRET_BYTES_MAX 64u   /**< the longest shared secret */
#define LEAT_CRYPTO_SHARE_BYTES      64u   /**< of a private share */

/** The private half of a share.  Memory of the caller, from share_open() to share_close(). */
struct leat_crypto_share {
    uint64_t state[LEAT_CRYPTO_SHARE_BYTES / 8u]; /**< private */
};

/* ---- Signatures ---- */

/** Signature schemes (RFC 8446, 4.2.3). */
enum leat_crypto_scheme {
    LEAT_CRYPTO_ECDSA_SECP256R1_SHA256 = 0x0403,
    LEAT_CRYPTO_ECDSA_SECP384R1_SHA384 = 0x0503,
    LEAT_CRYPTO_ECDSA_SECP521R1_SHA512 = 0x0603,
    LEAT_CRYPTO_RSA_PSS_RSAE_SHA256 = 0x0804,
    LEAT_CRYPTO_RSA_PSS_RSAE_SHA384 = 0x0805,
    LEAT_CRYPTO_RSA_PSS_RSAE_SHA512 = 0x0806,
    LEAT_CRYPTO_ED25519 = 0x0807,
    LEAT_CRYPTO_RSA_PSS_PSS_SHA256 = 0x0809, /**< of keys whose kind is RSASSA-PSS */
    LEAT_CRYPTO_RSA_PSS_PSS_SHA384 = 0x080a,
    LEAT_CRYPTO_RSA_PSS_PSS_SHA512 = 0x080b
};

#define LEAT_CRYPTO_SIGNATURE_BYTES_MAX 512u  /**< RSA of 4,096 bits, the longest supported */
#define LEAT_CRYPTO_PRIVATE_BYTES       1472u /**< of a private key */
#define LEAT_CRYPTO_PUBLIC_BYTES        576u  /**< of a public key */
#define LEAT_CRYPTO_MADE_BYTES          121u  /**< of a key that private_make() writes */
#define LEAT_CRYPTO_POINT_BYTES         65u   /**< of its public half, which is at its end */

/** A private key.  Memory of the caller, from private_open() to private_close(). */
struct leat_crypto_private {
    uint64_t state[LEAT_CRYPTO_PRIVATE_BYTES / 8u]; /**< private */
};

/** A public key.  Memory of the caller, from when it is filled in to public_close(). */
struct leat_crypto_public {
    uint64_t state[LEAT_CRYPTO_PUBLIC_BYTES / 8u]; /**< private */
};

/* ---- Certificates ---- */

/** Trust anchors: certificates of authorities, in the provider's own form. */
struct leat_crypto_anchors {
    const void *list; /**< private */
    size_t count;     /**< how many */
};

/** One certificate as it came: DER, in pieces. */
struct leat_crypto_certificate {
    const struct leat_crypto_piece *pieces; /**< the first byte first */
    size_t count;                           /**< how many pieces */
};

#define LEAT_CRYPTO_CERTIFICATE_BYTES_MAX 16384u /**< a longer one is refused as malformed */
#define LEAT_CRYPTO_CHAIN_MAX             10u    /**< a longer chain is refused as too deep */

/** A chain to verify, and the conditions (RFC 5280, 6; RFC 9525). */
struct leat_crypto_chain {
    const struct leat_crypto_certificate *certificates; /**< the peer's own first, as TLS sends */
    size_t count;                                       /**< how many */
    const struct leat_crypto_anchors *anchors;          /**< the authorities that are trusted */
    /**
     * The DNS name that the first certificate must have: NUL-terminated, without a final dot, with
     * A-labels only.  If leat_ip_parse() reads it as an address, the certificate must have that
     * address (an iPAddress) instead.  NULL: any name will do.
     */
    const char *name;
    uint64_t civil_s; /**< seconds since 1970, UTC; 0: unknown, then no chain is trusted */
};

/** The result for a chain: the first fault that was found.  Only 0 means that it is trusted. */
enum leat_crypto_verdict {
    LEAT_CRYPTO_TRUSTED = 0,
    LEAT_CRYPTO_NO_TIME,           /**< the civil time isn't known: dates can't be checked */
    LEAT_CRYPTO_EXPIRED,           /**< a certificate isn't valid any more */
    LEAT_CRYPTO_NOT_YET,           /**< a certificate isn't valid yet */
    LEAT_CRYPTO_UNKNOWN_AUTHORITY, /**< no path leads to an anchor */
    LEAT_CRYPTO_WRONG_NAME,        /**< the certificate is for another host */
    LEAT_CRYPTO_BAD_SIGNATURE,     /**< a signature is wrong */
    LEAT_CRYPTO_WRONG_USAGE,       /**< a key may not be used for this (key usage, extended too) */
    LEAT_CRYPTO_NOT_AUTHORITY,     /**< an issuer is no authority (basic constraints) */
    LEAT_CRYPTO_TOO_DEEP,          /**< longer than a path constraint or than our limit */
    LEAT_CRYPTO_WEAK,              /**< a key or a hash that is too weak (RSA < 2,048, SHA-1) */
    LEAT_CRYPTO_UNSUPPORTED,       /**< an unknown kind of key or critical extension */
    LEAT_CRYPTO_MALFORMED,         /**< not a certificate, or none at all */
    LEAT_CRYPTO_NO_MEMORY,         /**< the library could not allocate */
    LEAT_CRYPTO_VERDICTS
};

/** One short English phrase for @p verdict, never NULL; static memory. */
const char *leat_crypto_why(enum leat_crypto_verdict verdict);

/**
 * Checks that need no certificate to be read: no time, none or too many certificates, or a `name`
 * that is neither a DNS name nor an address.  (Libraries take such a name for "any name" or for a
 * pattern.)  TRUSTED: nothing is wrong so far.  A provider's check_chain() begins with it.
 */
enum leat_crypto_verdict leat_crypto_chain_glance(const struct leat_crypto_chain *chain);

/** If @p name is the text of an address, writes it as in certificates (RFC 5280, 4.2.1.6) and
 * returns its length: 4 or 16 bytes.  0: it is a DNS name. */
size_t leat_crypto_address(const char *name, uint8_t address[16]);

/* ---- The table ---- */

/** Fills @p bytes with unpredictable bytes; any result but LEAT_OK: the source failed. */
typedef enum leat_err leat_crypto_entropy(void *arg, void *bytes, size_t len);

/**
 * The functions of a provider; @p self is leat_crypto.self.  Lengths of outputs are the sizes
 * above. Where a `supports` function says false, the other functions refuse, too.
 */
struct leat_crypto_ops {
    /** A short name of the library and its version, for a log. */
    const char *(*name)(void *self);

    /** Unpredictable bytes.  False: the source of entropy failed; the caller must not continue. */
    bool (*random)(void *self, void *bytes, size_t len);
    /** Takes new entropy from the source: after a machine was cloned or resumed. */
    bool (*reseed)(void *self);

    /** Begins a hash.  May take memory of the provider; hash_close() releases it. */
    bool (*hash_open)(void *self, struct leat_crypto_hashing *hashing, enum leat_crypto_hash hash);
    /** Adds bytes to a hash. */
    bool (*hash_update)(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                        size_t len);
    /** The digest of all bytes so far; more may be added afterwards. */
    bool (*hash_digest)(void *self, const struct leat_crypto_hashing *hashing, uint8_t *digest);
    /** Ends a hash and wipes it.  Allowed after a failed hash_open(), too. */
    void (*hash_close)(void *self, struct leat_crypto_hashing *hashing);
    /** HMAC (RFC 2104) of the pieces; writes a digest. */
    bool (*hmac)(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac);

    /** Is the AEAD available for seal() and open()? */
    bool (*supports_aead)(void *self, enum leat_crypto_aead aead);
    /** Encrypts, in one pass over the bytes; writes the tag. */
    bool (*seal)(void *self, const struct leat_crypto_aead_key *key,
                 const struct leat_crypto_job *job, uint8_t *tag);
    /**
     * Decrypts and compares the tag in constant time.  False: the tag is wrong, and `out` holds
     * bytes that must not be used.
     */
    bool (*open)(void *self, const struct leat_crypto_aead_key *key,
                 const struct leat_crypto_job *job, const uint8_t *tag);

    /** Is the group available? */
    bool (*supports_group)(void *self, enum leat_crypto_group group);
    /** A client's side: makes a private share, and writes its public half, @p len bytes. */
    bool (*share_open)(void *self, struct leat_crypto_share *share, enum leat_crypto_group group,
                       uint8_t *public_share, size_t *len);
    /**
     * Computes the shared secret, @p secret_len bytes, from our share and the peer's.  False: the
     * peer's share isn't valid (wrong length, a point off its curve, an all-zero result; RFC 8446,
     * 4.2.8.2 and 7.4.2).
     */
    bool (*share_derive)(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                         size_t peer_len, uint8_t *secret, size_t *secret_len);
    /** Wipes a private share and releases its resources. */
    void (*share_close)(void *self, struct leat_crypto_share *share);
    /** A server's side, in one step: our public share for a peer's share, and the secret. */
    bool (*share_answer)(void *self, enum leat_crypto_group group, const uint8_t *peer,
                         size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                         size_t *secret_len);

    /** Can it verify by this scheme?  For signing, see private_can(). */
    bool (*supports_scheme)(void *self, enum leat_crypto_scheme scheme);
    /**
     * Reads a private key: PKCS #8, SEC 1 or PKCS #1, not encrypted, as DER or as PEM.  @p text is
     * not needed afterwards.  LEAT_ERR_FORMAT: not a key; LEAT_ERR_NOT_FOUND: PEM without a private
     * key; LEAT_ERR_UNSUPPORTED: a kind or a size that isn't supported; LEAT_ERR_MEMORY.
     */
    enum leat_err (*private_open)(void *self, struct leat_crypto_private *key, const void *text,
                                  size_t len);
    /** Wipes a private key and releases its resources. */
    void (*private_close)(void *self, struct leat_crypto_private *key);
    /** Can @p key sign by @p scheme? */
    bool (*private_can)(void *self, const struct leat_crypto_private *key,
                        enum leat_crypto_scheme scheme);
    /** Is @p key the private half of @p public_key? */
    bool (*private_fits)(void *self, const struct leat_crypto_private *key,
                         const struct leat_crypto_public *public_key);
    /** Signs the pieces, not a digest of them; writes @p len bytes to @p signature. */
    bool (*sign)(void *self, const struct leat_crypto_private *key, enum leat_crypto_scheme scheme,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *signature,
                 size_t *len);
    /** True: @p signature of the pieces was made by the private half of @p key, by @p scheme. */
    bool (*verify)(void *self, const struct leat_crypto_public *key, enum leat_crypto_scheme scheme,
                   const struct leat_crypto_piece *pieces, size_t count, const uint8_t *signature,
                   size_t len);
    /**
     * Reads the public key of a certificate without verifying the certificate: for one of our own,
     * or for a peer whose key is known otherwise.
     */
    enum leat_crypto_verdict (*public_open)(void *self, struct leat_crypto_public *key,
                                            const struct leat_crypto_certificate *certificate);
    /** Releases the resources of a public key. */
    void (*public_close)(void *self, struct leat_crypto_public *key);
    /**
     * SHA-256 of the certificate's SubjectPublicKeyInfo (32 bytes), which is what a pin is
     * (RFC 7469, 2.4; RFC 7858, appendix A).  False: malformed.
     */
    bool (*pin)(void *self, const struct leat_crypto_certificate *certificate, uint8_t *digest);

    /**
     * Reads the certificates of authorities from @p text: PEM, one after the other, or one in DER.
     * A provider that doesn't allocate keeps them in @p memory until anchors_close(); @p len + 128
     * bytes are always enough.  A provider that allocates accepts NULL.
     * LEAT_ERR_NOT_FOUND: @p text has none; LEAT_ERR_FORMAT: one can't be read; LEAT_ERR_MEMORY.
     */
    enum leat_err (*anchors_open)(void *self, struct leat_crypto_anchors *anchors, const void *text,
                                  size_t len, void *memory, size_t memory_bytes);
    /** Releases the resources of anchors. */
    void (*anchors_close)(void *self, struct leat_crypto_anchors *anchors);
    /**
     * Verifies a server's chain: signatures, dates, names, basic constraints, key usage, depth.
     * TRUSTED: @p key holds the first certificate's key and must be closed.  Otherwise it is not
     * filled in.
     */
    enum leat_crypto_verdict (*check_chain)(void *self, const struct leat_crypto_chain *chain,
                                            struct leat_crypto_public *key);

    /**
     * Makes a private key for ECDSA with P-256 of the program's entropy.  Writes it as DER (RFC
     * 5915), which private_open() reads and the program may store.  Its last
     * LEAT_CRYPTO_POINT_BYTES are the public key: 4, x, y (SEC 1, 2.3.3).
     */
    bool (*private_make)(void *self, uint8_t der[LEAT_CRYPTO_MADE_BYTES]);

    /**
     * PBKDF2: writes the first block, a digest.  It takes as long as `rounds` calls of hmac(),
     * which are milliseconds for thousands.  NULL in a provider of an earlier version.
     */
    bool (*stretch)(void *self, const struct leat_crypto_stretch *job, uint8_t *digest);
};

/** A provider; a handle that may be copied. */
struct leat_crypto {
    const struct leat_crypto_ops *ops; /**< its functions */
    void *self;                        /**< their first argument */
};

/* ---- Functions on top of the table ---- */

/** HKDF-Extract (RFC 5869, 2.2): writes a digest. @p salt of length 0 stands for zeros. */
bool leat_crypto_hkdf_extract(const struct leat_crypto *crypto, enum leat_crypto_hash hash,
                              const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
                              size_t ikm_len, uint8_t *prk) LEAT_CRYPTO_CHECKED;

/** HKDF-Expand (RFC 5869, 2.3): @p len bytes, at most 255 digests; @p prk is a digest. */
bool leat_crypto_hkdf_expand(const struct leat_crypto *crypto, enum leat_crypto_hash hash,
                             const uint8_t *prk, const void *info, size_t info_len, uint8_t *out,
                             size_t len) LEAT_CRYPTO_CHECKED;

/** For providers: writes the DER of a private key of P-256 (RFC 5915, 3) from its number, 32 bytes,
 * and its public key, LEAT_CRYPTO_POINT_BYTES. */
void leat_crypto_made(uint8_t der[LEAT_CRYPTO_MADE_BYTES], const uint8_t *scalar,
                      const uint8_t *point);

/** Compares in constant time: true if all bytes are equal. */
bool leat_crypto_equal(const void *a, const void *b, size_t len) LEAT_CRYPTO_CHECKED;

/** Overwrites @p bytes with zeros; compilers can't optimize it away. */
void leat_crypto_wipe(void *bytes, size_t len);

/** A block of PEM (RFC 7468). */
struct leat_crypto_pem {
    const char *label; /**< "CERTIFICATE", "PRIVATE KEY", ...; points into the text */
    size_t label_len;  /**< it isn't NUL-terminated */
    size_t der_len;    /**< bytes that were written */
};

/**
 * Decodes the first block of PEM in @p *text, whose length is @p *len, to @p der, and advances both
 * behind the block.  LEAT_ERR_NOT_FOUND: no further block; LEAT_ERR_FORMAT: the block is broken
 * (and skipped); LEAT_ERR_MEMORY: it has more than @p der_bytes.
 */
enum leat_err leat_crypto_pem_next(const char **text, size_t *len, struct leat_crypto_pem *pem,
                                   uint8_t *der, size_t der_bytes) LEAT_CRYPTO_CHECKED;

/** Is it a private key that isn't encrypted (RFC 7468, 10; RFC 5915, 4)? */
bool leat_crypto_pem_is_private(const struct leat_crypto_pem *pem) LEAT_CRYPTO_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
