/*
 * crypto.h -- cryptography as leat uses it: a table of functions that a library stands behind.
 *
 * leat has no cryptography of its own.  A provider fills this table in over a library that
 * cryptographers keep: crypto/openssl over libcrypto 3, crypto/bearssl over BearSSL for programs
 * without an operating system.  docs/crypto.md says what a provider must do, and how to write one.
 *
 * Every call is synchronous and comes from one thread; a provider belongs to one stack, as all
 * memory does.  What a caller gives as memory has a size that is known when it is compiled: keys
 * of an AEAD are inside of it, and what has a `close` may point to memory of the provider, so it
 * may neither be copied nor forgotten.  A bool is true for success; what a function has written
 * before it failed means nothing.
 *
 * The numbers of groups and signature schemes are the ones of TLS (RFC 8446, 4.2.3 and 4.2.7).
 */
#ifndef LEAT_CRYPTO_H
#define LEAT_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a compiler complain when nobody looks at the result. */
#define LEAT_CRYPTO_CHECKED __attribute__((warn_unused_result))

/** A run of bytes.  Lists of them are arrays; pieces of length 0 are allowed. */
struct leat_crypto_piece {
    uint8_t *bytes; /**< where they are */
    size_t len;     /**< how many */
};

/** A piece of bytes that are only read: for `in`, and for what is hashed, signed or checked. */
static inline struct leat_crypto_piece leat_crypto_piece_of(const void *bytes, size_t len)
{
    struct leat_crypto_piece piece;

    piece.bytes = (uint8_t *)(uintptr_t)bytes;
    piece.len = len;
    return piece;
}

/* ---- Hashes and what is made of them ---- */

/** Hash functions (FIPS 180-4). */
enum leat_crypto_hash {
    LEAT_CRYPTO_SHA256 = 1,
    LEAT_CRYPTO_SHA384
};

/** The longest digest. */
#define LEAT_CRYPTO_DIGEST_BYTES_MAX 48u

/** Bytes of a digest. */
static inline size_t leat_crypto_digest_bytes(enum leat_crypto_hash hash)
{
    return hash == LEAT_CRYPTO_SHA256 ? 32u : 48u;
}

/** Bytes of a hash that goes on. */
#define LEAT_CRYPTO_HASHING_BYTES 224u

/** A hash that goes on.  Memory of the caller, from hash_open() to hash_close(). */
struct leat_crypto_hashing {
    uint64_t state[LEAT_CRYPTO_HASHING_BYTES / 8u]; /**< private */
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
static inline size_t leat_crypto_key_bytes(enum leat_crypto_aead aead)
{
    return aead == LEAT_CRYPTO_AES_128_GCM ? 16u : 32u;
}

/**
 * A key of an AEAD, for one direction: nothing but the key.  What a provider expands from it, it
 * keeps in its own memory for the keys that it has used last.  Wipe it when it is over
 * (leat_crypto_wipe()).
 */
struct leat_crypto_aead_key {
    uint8_t bytes[LEAT_CRYPTO_KEY_BYTES_MAX]; /**< leat_crypto_key_bytes() of them */
    uint8_t aead;                             /**< enum leat_crypto_aead */
};

/**
 * What is sealed or opened: @p in becomes @p out, which has as many bytes in all, in pieces that
 * need not be cut alike.  A byte of `out` lies either exactly where its byte of `in` does, or where
 * no byte of `in` does.
 */
struct leat_crypto_job {
    const uint8_t *nonce; /**< LEAT_CRYPTO_NONCE_BYTES; never twice with one key to seal */
    const uint8_t *aad;   /**< what is authenticated beside it; at most 255 bytes */
    size_t aad_len;       /**< how much of it */
    const struct leat_crypto_piece *in;  /**< what is there */
    size_t in_count;                     /**< how many pieces */
    const struct leat_crypto_piece *out; /**< where it is written to */
    size_t out_count;                    /**< how many pieces */
};

/* ---- Key shares ---- */

/** Ways to agree on a key (RFC 8446, 4.2.7; RFC 7748; draft-ietf-tls-ecdhe-mlkem). */
enum leat_crypto_group {
    LEAT_CRYPTO_SECP256R1 = 0x0017,
    LEAT_CRYPTO_SECP384R1 = 0x0018,
    LEAT_CRYPTO_X25519 = 0x001d,
    LEAT_CRYPTO_X25519MLKEM768 = 0x11ec
};

#define LEAT_CRYPTO_SHARE_BYTES_MAX  1216u /**< the longest public share: of ML-KEM, a client's */
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

#define LEAT_CRYPTO_SIGNATURE_BYTES_MAX 512u  /**< RSA of 4,096 bits, the longest that is taken */
#define LEAT_CRYPTO_PRIVATE_BYTES       1472u /**< of a private key */
#define LEAT_CRYPTO_PUBLIC_BYTES        576u  /**< of a public key */

/** A private key.  Memory of the caller, from private_open() to private_close(). */
struct leat_crypto_private {
    uint64_t state[LEAT_CRYPTO_PRIVATE_BYTES / 8u]; /**< private */
};

/** A public key.  Memory of the caller, from where it was filled in to public_close(). */
struct leat_crypto_public {
    uint64_t state[LEAT_CRYPTO_PUBLIC_BYTES / 8u]; /**< private */
};

/* ---- Certificates ---- */

/** Whom a program trusts: certificates of authorities, as a provider keeps them. */
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

/** What is asked of a chain (RFC 5280, 6; RFC 9525). */
struct leat_crypto_chain {
    const struct leat_crypto_certificate *certificates; /**< the peer's own first, as TLS sends */
    size_t count;                                       /**< how many */
    const struct leat_crypto_anchors *anchors;          /**< whom the program trusts */
    /**
     * The DNS name that the first certificate must have, with a 0 at its end, no dot at its end,
     * and A-labels only; or an address, as leat_ip_parse() reads it: then it must have that (an
     * iPAddress).  NULL: any name will do.
     */
    const char *name;
    uint64_t civil_s; /**< seconds since 1970, UTC; 0: unknown, and then no chain is good */
};

/** What a chain is worth.  The first reason that was found; 0 is the only good one. */
enum leat_crypto_verdict {
    LEAT_CRYPTO_TRUSTED = 0,
    LEAT_CRYPTO_NO_TIME,           /**< the civil time isn't known: dates can't be checked */
    LEAT_CRYPTO_EXPIRED,           /**< a certificate isn't valid any more */
    LEAT_CRYPTO_NOT_YET,           /**< a certificate isn't valid yet */
    LEAT_CRYPTO_UNKNOWN_AUTHORITY, /**< no way leads to an anchor */
    LEAT_CRYPTO_WRONG_NAME,        /**< it is another host's */
    LEAT_CRYPTO_BAD_SIGNATURE,     /**< a signature doesn't fit */
    LEAT_CRYPTO_WRONG_USAGE,       /**< a key may not be used for this (key usage, extended too) */
    LEAT_CRYPTO_NOT_AUTHORITY,     /**< an issuer is no authority (basic constraints) */
    LEAT_CRYPTO_TOO_DEEP,          /**< a path longer than its constraint, or than we take */
    LEAT_CRYPTO_WEAK,              /**< a key or a hash that is too weak (RSA < 2,048, SHA-1) */
    LEAT_CRYPTO_UNSUPPORTED,       /**< a kind of key, or a critical extension, not known here */
    LEAT_CRYPTO_MALFORMED,         /**< not a certificate, or none at all */
    LEAT_CRYPTO_NO_MEMORY,         /**< the library got none */
    LEAT_CRYPTO_VERDICTS
};

/** One short English phrase for @p verdict, never NULL; static memory. */
const char *leat_crypto_why(enum leat_crypto_verdict verdict);

/**
 * What is wrong with @p chain before anyone reads a certificate: no time, none or too many
 * certificates, or a `name` that is neither a DNS name nor an address, which libraries take for
 * "any name" or for a pattern.  TRUSTED: nothing.  A provider's check_chain() begins with it.
 */
enum leat_crypto_verdict leat_crypto_chain_glance(const struct leat_crypto_chain *chain);

/** The address that @p name is, as certificates have it (RFC 5280, 4.2.1.6), and its bytes: 4 or
 * 16; 0: it is a DNS name. */
size_t leat_crypto_address(const char *name, uint8_t address[16]);

/* ---- The table ---- */

/** Fills @p bytes with unpredictable bytes; anything but LEAT_OK: there are none. */
typedef enum leat_err leat_crypto_entropy(void *arg, void *bytes, size_t len);

/**
 * What a provider can do; @p self is leat_crypto.self.  Lengths that a function writes to are in
 * the sizes above.  A `supports` that says false means that the other functions refuse, too.
 */
struct leat_crypto_ops {
    /** A short name of the library and its version, for a log. */
    const char *(*name)(void *self);

    /** Unpredictable bytes; false if the source of entropy failed, then nothing may go on. */
    bool (*random)(void *self, void *bytes, size_t len);
    /** Takes new entropy from the source: after a machine was copied or woken up. */
    bool (*reseed)(void *self);

    /** Begins a hash.  May take memory of the provider, which hash_close() gives back. */
    bool (*hash_open)(void *self, struct leat_crypto_hashing *hashing, enum leat_crypto_hash hash);
    /** More of what is hashed. */
    bool (*hash_update)(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                        size_t len);
    /** The digest of what came so far; the hash goes on. */
    bool (*hash_digest)(void *self, const struct leat_crypto_hashing *hashing, uint8_t *digest);
    /** Ends a hash and wipes it.  One that hash_open() refused may be closed, too. */
    void (*hash_close)(void *self, struct leat_crypto_hashing *hashing);
    /** HMAC (RFC 2104) of the pieces; writes a digest. */
    bool (*hmac)(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                 const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac);

    /** Are seal() and open() there for it? */
    bool (*supports_aead)(void *self, enum leat_crypto_aead aead);
    /** Encrypts, in one pass over the bytes; writes the tag. */
    bool (*seal)(void *self, const struct leat_crypto_aead_key *key,
                 const struct leat_crypto_job *job, uint8_t *tag);
    /**
     * Decrypts and compares the tag, without a branch that depends on where it differs.  False:
     * `out` holds bytes that nobody may look at.
     */
    bool (*open)(void *self, const struct leat_crypto_aead_key *key,
                 const struct leat_crypto_job *job, const uint8_t *tag);

    /** Are shares of it there? */
    bool (*supports_group)(void *self, enum leat_crypto_group group);
    /** A client's side: a new private share; its public half to @p public_share, @p len bytes. */
    bool (*share_open)(void *self, struct leat_crypto_share *share, enum leat_crypto_group group,
                       uint8_t *public_share, size_t *len);
    /**
     * What we and the peer have in common, @p secret_len bytes.  False: the peer's share isn't
     * valid (wrong length, a point off its curve, an all-zero result; RFC 8446, 4.2.8.2 and
     * 7.4.2).
     */
    bool (*share_derive)(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                         size_t peer_len, uint8_t *secret, size_t *secret_len);
    /** Wipes a private share and gives back what it holds. */
    void (*share_close)(void *self, struct leat_crypto_share *share);
    /** A server's side, in one step: the answer to a peer's share, and the secret. */
    bool (*share_answer)(void *self, enum leat_crypto_group group, const uint8_t *peer,
                         size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                         size_t *secret_len);

    /** Can it verify by this scheme?  What it can sign by, private_can() says. */
    bool (*supports_scheme)(void *self, enum leat_crypto_scheme scheme);
    /**
     * Reads a private key: PKCS #8, SEC 1 or PKCS #1, not encrypted, as DER or as PEM.  @p text may
     * go afterwards.  LEAT_ERR_FORMAT: it is none; LEAT_ERR_NOT_FOUND: a PEM text without a private
     * key; LEAT_ERR_UNSUPPORTED: a kind or a size that isn't supported; LEAT_ERR_MEMORY.
     */
    enum leat_err (*private_open)(void *self, struct leat_crypto_private *key, const void *text,
                                  size_t len);
    /** Wipes a private key and gives back what it holds. */
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
     * Reads the public key of a certificate, and believes it without any check: for a certificate
     * of our own, or a peer whose key is known otherwise.
     */
    enum leat_crypto_verdict (*public_open)(void *self, struct leat_crypto_public *key,
                                            const struct leat_crypto_certificate *certificate);
    /** Gives back what a public key holds. */
    void (*public_close)(void *self, struct leat_crypto_public *key);
    /**
     * SHA-256 of the certificate's SubjectPublicKeyInfo (32 bytes), which is what a pin is
     * (RFC 7469, 2.4; RFC 7858, appendix A).  False: malformed.
     */
    bool (*pin)(void *self, const struct leat_crypto_certificate *certificate, uint8_t *digest);

    /**
     * Reads the certificates of authorities from @p text: PEM, one after the other, or one in DER.
     * @p memory holds them until anchors_close(), if the provider doesn't allocate; as many bytes
     * as the text has and 128 more are always enough; one that allocates takes NULL, too.
     * LEAT_ERR_NOT_FOUND: none in there; LEAT_ERR_FORMAT: one that can't be read;
     * LEAT_ERR_MEMORY.
     */
    enum leat_err (*anchors_open)(void *self, struct leat_crypto_anchors *anchors, const void *text,
                                  size_t len, void *memory, size_t memory_bytes);
    /** Gives back what the anchors hold. */
    void (*anchors_close)(void *self, struct leat_crypto_anchors *anchors);
    /**
     * Checks a server's chain: signatures, dates, names, basic constraints, key usage, depth.
     * TRUSTED: @p key is filled in with the first certificate's key, to be closed; else it isn't.
     */
    enum leat_crypto_verdict (*check_chain)(void *self, const struct leat_crypto_chain *chain,
                                            struct leat_crypto_public *key);
};

/** A provider; a handle that may be copied. */
struct leat_crypto {
    const struct leat_crypto_ops *ops; /**< what it can do */
    void *self;                        /**< the first argument of each of them */
};

/* ---- Made of the table ---- */

/** HKDF-Extract (RFC 5869, 2.2): writes a digest. @p salt of length 0 stands for zeros. */
bool leat_crypto_hkdf_extract(const struct leat_crypto *crypto, enum leat_crypto_hash hash,
                              const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
                              size_t ikm_len, uint8_t *prk) LEAT_CRYPTO_CHECKED;

/** HKDF-Expand (RFC 5869, 2.3): @p len bytes, at most 255 digests; @p prk is a digest. */
bool leat_crypto_hkdf_expand(const struct leat_crypto *crypto, enum leat_crypto_hash hash,
                             const uint8_t *prk, const void *info, size_t info_len, uint8_t *out,
                             size_t len) LEAT_CRYPTO_CHECKED;

/** Are the bytes the same?  Takes as long wherever they differ. */
bool leat_crypto_equal(const void *a, const void *b, size_t len) LEAT_CRYPTO_CHECKED;

/** Overwrites @p bytes with zeros; a compiler can't leave it out. */
void leat_crypto_wipe(void *bytes, size_t len);

/** A block of PEM (RFC 7468). */
struct leat_crypto_pem {
    const char *label; /**< "CERTIFICATE", "PRIVATE KEY", ...; in the text */
    size_t label_len;  /**< without a 0 at its end */
    size_t der_len;    /**< bytes that were written */
};

/**
 * Decodes the first block of PEM in @p *text, whose length is @p *len, to @p der, and moves both
 * behind it.  LEAT_ERR_NOT_FOUND: no further block; LEAT_ERR_FORMAT: one that is broken (it is
 * left behind, too); LEAT_ERR_MEMORY: it has more than @p der_bytes.
 */
enum leat_err leat_crypto_pem_next(const char **text, size_t *len, struct leat_crypto_pem *pem,
                                   uint8_t *der, size_t der_bytes) LEAT_CRYPTO_CHECKED;

/** Is it a private key that isn't encrypted (RFC 7468, 10; RFC 5915, 4)? */
bool leat_crypto_pem_is_private(const struct leat_crypto_pem *pem) LEAT_CRYPTO_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
