/* inside.h -- declarations that the files of this provider share. */
#ifndef LEAT_CRYPTO_BEARSSL_INSIDE_H
#define LEAT_CRYPTO_BEARSSL_INSIDE_H

#include <bearssl.h>

#include <leat/crypto_bearssl.h>

/* For types that lie in memory which callers declare as arrays of numbers. */
#define BEARSSL_INSIDE __attribute__((may_alias))

#define RSA_BYTES_MIN      256u
#define RSA_BYTES_MAX      512u
#define EXPONENT_BYTES_MAX 8u

/* A run of bytes in a certificate. */
struct bearssl_span {
    const uint8_t *at;
    size_t len;
};

#define BEARSSL_PATH_ANY 127u /* a path of any length */

/* Fields of a certificate that BearSSL's decoder doesn't give, so the provider reads them. */
struct bearssl_facts {
    struct bearssl_span key_info; /* SubjectPublicKeyInfo, whole */
    struct bearssl_span issuer;   /* names, whole */
    struct bearssl_span subject;
    uint64_t not_before_s; /* since 1970 */
    uint64_t not_after_s;
    struct bearssl_span names; /* subjectAltName; its `at` is NULL: there is none */
    uint8_t path_max;          /* pathLenConstraint: authorities below this one */
    bool has_constraints;      /* nameConstraints */
    bool has_unknown_critical; /* a critical extension that this file doesn't know */
    bool is_for_servers;       /* no extended key usage, or that of a server */
    bool is_signer;            /* no key usage, or keyCertSign among others */
};

/* A trust anchor: the part that BearSSL uses, and the part that it leaves out (RFC 5937). */
struct bearssl_anchor {
    br_x509_trust_anchor anchor;
    uint64_t name_hash; /* of anchor.dn */
    uint64_t not_before_s;
    uint64_t not_after_s;
    uint8_t path_max;
    bool is_unsupported; /* constraints or a critical extension that this provider can't obey */
    bool is_for_servers;
    bool is_signer;
};

/* A certificate of a chain, as far as its place in a path needs it. */
struct bearssl_link {
    uint64_t subject; /* hashes of the names */
    uint64_t issuer;
    bool is_current; /* its dates hold */
    bool is_taken;   /* is in the path */
};

/* Certificates of a chain in the order in which each was issued by the next one. */
struct bearssl_path {
    struct bearssl_link links[LEAT_CRYPTO_CHAIN_MAX];
    uint8_t order[LEAT_CRYPTO_CHAIN_MAX]; /* numbers of certificates */
    uint8_t count;
};

/* One direction of an AEAD, with the key that was used last. */
struct bearssl_cipher {
    struct leat_crypto_aead_key key; /* aead 0: none */
    br_aes_gen_ctr_keys aes;
    br_gcm_context gcm;
};

/* Scratch memory of a call; no two members are in use at once. */
union bearssl_work {
    br_x509_minimal_context minimal;
    br_x509_decoder_context decoder;
    br_skey_decoder_context private_key;
    struct {
        br_hmac_key_context key;
        br_hmac_context context;
    } hmac;
    struct {
        uint8_t message[RSA_BYTES_MAX]; /* EM of RFC 8017, 9.1 */
        uint8_t signature[RSA_BYTES_MAX];
    } pss;
};

struct bearssl_provider {
    leat_crypto_entropy *entropy;
    void *entropy_arg;
    const br_block_ctr_class *aes;
    br_ghash ghash;
    br_chacha20_run chacha20;
    br_poly1305_run poly1305;
    br_rsa_private rsa_private;
    br_rsa_public rsa_public;
    br_rsa_pkcs1_vrfy rsa_pkcs1;
    struct bearssl_cipher seal;
    struct bearssl_cipher open;
    union bearssl_work work;
    struct bearssl_path path;
    uint8_t scratch[LEAT_CRYPTO_BEARSSL_GATHER_BYTES]; /* a record, a certificate, a private key */
};

/* The content of struct leat_crypto_private. */
struct bearssl_private {
    uint32_t type;    /* BR_KEYTYPE_RSA, BR_KEYTYPE_EC; 0: none */
    uint32_t curve;   /* BR_EC_ */
    uint32_t bits;    /* of an RSA modulus */
    uint16_t lens[5]; /* p, q, dp, dq, iq; or the number alone */
    uint8_t bytes[1440];
} BEARSSL_INSIDE;

/* The content of struct leat_crypto_public. */
struct bearssl_public {
    uint32_t type;
    uint32_t curve;
    uint32_t n_len; /* modulus; or the point */
    uint32_t e_len; /* exponent */
    uint8_t bytes[RSA_BYTES_MAX + EXPONENT_BYTES_MAX];
} BEARSSL_INSIDE;

_Static_assert(sizeof(struct bearssl_provider) <= LEAT_CRYPTO_BEARSSL_BYTES, "it has the room");
_Static_assert(sizeof(struct bearssl_private) <= sizeof(struct leat_crypto_private), "here too");
_Static_assert(sizeof(struct bearssl_public) <= sizeof(struct leat_crypto_public), "and here");
_Static_assert(LEAT_CRYPTO_BEARSSL_GATHER_BYTES >= LEAT_CRYPTO_CERTIFICATE_BYTES_MAX,
               "it holds one");

/* hash.c */
bool leat_bearssl_hash_open(void *self, struct leat_crypto_hashing *hashing,
                            enum leat_crypto_hash hash);
bool leat_bearssl_hash_update(void *self, struct leat_crypto_hashing *hashing, const void *bytes,
                              size_t len);
bool leat_bearssl_hash_digest(void *self, const struct leat_crypto_hashing *hashing,
                              uint8_t *digest);
void leat_bearssl_hash_close(void *self, struct leat_crypto_hashing *hashing);
bool leat_bearssl_hmac(void *self, enum leat_crypto_hash hash, const uint8_t *key, size_t key_len,
                       const struct leat_crypto_piece *pieces, size_t count, uint8_t *mac);
bool leat_bearssl_stretch(void *self, const struct leat_crypto_stretch *job, uint8_t *digest);

/* aead.c */
bool leat_bearssl_supports_aead(void *self, enum leat_crypto_aead aead);
bool leat_bearssl_seal(void *self, const struct leat_crypto_aead_key *key,
                       const struct leat_crypto_job *job, uint8_t *tag);
bool leat_bearssl_unseal(void *self, const struct leat_crypto_aead_key *key,
                         const struct leat_crypto_job *job, const uint8_t *tag);

/* pieces.c */
/* Copies all pieces to @to, which has @room; returns how many bytes, or SIZE_MAX if they don't fit.
 */
size_t leat_bearssl_gather(const struct leat_crypto_piece *pieces, size_t count, uint8_t *to,
                           size_t room);
/* The longest run of bytes that lies in one piece of both lists; @at moves over it. */
struct bearssl_place {
    size_t from, from_at, to, to_at; /* piece, and bytes in it */
};
/* False: the end of `in` (then @len is 0), or of `out` before it. */
bool leat_bearssl_next(const struct leat_crypto_job *job, struct bearssl_place *place,
                       const uint8_t **from, uint8_t **to, size_t *len);

/* share.c */
bool leat_bearssl_supports_group(void *self, enum leat_crypto_group group);
bool leat_bearssl_share_open(void *self, struct leat_crypto_share *share,
                             enum leat_crypto_group group, uint8_t *public_share, size_t *len);
bool leat_bearssl_share_derive(void *self, struct leat_crypto_share *share, const uint8_t *peer,
                               size_t peer_len, uint8_t *secret, size_t *secret_len);
void leat_bearssl_share_close(void *self, struct leat_crypto_share *share);
bool leat_bearssl_private_make(void *self, uint8_t der[LEAT_CRYPTO_MADE_BYTES]);
bool leat_bearssl_share_answer(void *self, enum leat_crypto_group group, const uint8_t *peer,
                               size_t peer_len, uint8_t *public_share, size_t *len, uint8_t *secret,
                               size_t *secret_len);

/* key.c */
enum leat_err leat_bearssl_private_open(void *self, struct leat_crypto_private *key,
                                        const void *text, size_t len);
void leat_bearssl_private_close(void *self, struct leat_crypto_private *key);
bool leat_bearssl_private_fits(void *self, const struct leat_crypto_private *key,
                               const struct leat_crypto_public *public_key);
enum leat_crypto_verdict
leat_bearssl_public_open(void *self, struct leat_crypto_public *key,
                         const struct leat_crypto_certificate *certificate);
void leat_bearssl_public_close(void *self, struct leat_crypto_public *key);
bool leat_bearssl_pin(void *self, const struct leat_crypto_certificate *certificate,
                      uint8_t *digest);
/* Copies a key; UNSUPPORTED: no scheme uses its kind or size. */
enum leat_crypto_verdict leat_bearssl_public_take(struct leat_crypto_public *key,
                                                  const br_x509_pkey *found);
/* The views that BearSSL takes; they point into the keys. */
br_rsa_private_key leat_bearssl_rsa_private(const struct bearssl_private *key);
br_ec_private_key leat_bearssl_ec_private(const struct bearssl_private *key);
br_rsa_public_key leat_bearssl_rsa_public(const struct bearssl_public *key);
br_ec_public_key leat_bearssl_ec_public(const struct bearssl_public *key);

/* pss.c */
bool leat_bearssl_pss_sign(struct bearssl_provider *provider, const struct bearssl_private *key,
                           const br_hash_class *hash, const uint8_t *digest, uint8_t *signature,
                           size_t *len);
bool leat_bearssl_pss_verify(struct bearssl_provider *provider, const struct bearssl_public *key,
                             const br_hash_class *hash, const uint8_t *digest,
                             const uint8_t *signature, size_t len);

/* sign.c */
bool leat_bearssl_supports_scheme(void *self, enum leat_crypto_scheme scheme);
bool leat_bearssl_private_can(void *self, const struct leat_crypto_private *key,
                              enum leat_crypto_scheme scheme);
bool leat_bearssl_sign(void *self, const struct leat_crypto_private *key,
                       enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                       size_t count, uint8_t *signature, size_t *len);
bool leat_bearssl_verify(void *self, const struct leat_crypto_public *key,
                         enum leat_crypto_scheme scheme, const struct leat_crypto_piece *pieces,
                         size_t count, const uint8_t *signature, size_t len);

/* certificate.c */
/* False: @der is no certificate. */
bool leat_bearssl_facts(const uint8_t *der, size_t len, struct bearssl_facts *facts);
/* Is the address of @len bytes among the names? */
bool leat_bearssl_has_address(const struct bearssl_facts *facts, const uint8_t *address,
                              size_t len);

/* path.c */
/* A hash of a name: names that are equal have equal ones. A collision makes a chain fail at most.
 */
uint64_t leat_bearssl_name_hash(const uint8_t *name, size_t len);
/* Lays out the path from the first certificate. False: one of them is no certificate. */
bool leat_bearssl_path(struct bearssl_provider *provider, const struct leat_crypto_chain *chain);
/* True if a certificate of the path names @anchor as its issuer, or the first one may be the anchor
 * itself. */
bool leat_bearssl_path_reaches(const struct bearssl_path *path,
                               const struct bearssl_anchor *anchor);
/* True if an authority that allows @path_max others below it may have issued the path.  @count
 * certificates of the path are below it; the first one is no authority.  Authorities that issued
 * themselves don't count (RFC 5280, 4.2.1.9). */
bool leat_bearssl_path_fits(const struct bearssl_path *path, unsigned count, uint8_t path_max);

/* anchors.c */
enum leat_err leat_bearssl_anchors_open(void *self, struct leat_crypto_anchors *anchors,
                                        const void *text, size_t len, void *memory,
                                        size_t memory_bytes);
void leat_bearssl_anchors_close(void *self, struct leat_crypto_anchors *anchors);

/* chain.c */
enum leat_crypto_verdict leat_bearssl_check_chain(void *self, const struct leat_crypto_chain *chain,
                                                  struct leat_crypto_public *key);

#endif
