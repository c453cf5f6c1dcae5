/*
 * anchors.c -- trust anchors, in memory of the program.
 *
 * BearSSL takes a name and a key.  The other statements of the anchor's certificate
 * (dates, path length, purposes, constraints) are kept beside them, and chain.c obeys them.
 */
#include <string.h>

#include "inside.h"

/* A block whose front is an array, and whose back holds what its entries point to. */
struct store {
    struct bearssl_anchor *anchors;
    size_t count;
    uint8_t *bottom; /* the first byte that is taken, from the back */
    bool is_full;
    uint8_t *name; /* of the certificate that is read: grows up from the array's end */
    size_t name_len;
};

static size_t room_of(const struct store *store)
{
    const size_t used =
        (size_t)((uint8_t *)&store->anchors[store->count + 1] - (uint8_t *)store->anchors);
    const size_t all = (size_t)(store->bottom - (uint8_t *)store->anchors);

    return all > used ? all - used : 0;
}

static void append_name(void *arg, const void *bytes, size_t len)
{
    struct store *store = arg;

    if (len > room_of(store) - store->name_len) {
        store->is_full = true;
        return;
    }
    memcpy(store->name + store->name_len, bytes, len);
    store->name_len += len;
}

/* Moves bytes to the back; NULL: there is no room. */
static unsigned char *keep(struct store *store, const void *bytes, size_t len)
{
    if (len > room_of(store))
        return NULL;
    store->bottom -= len;
    memmove(store->bottom, bytes, len);
    return store->bottom;
}

static bool keep_key(struct store *store, br_x509_pkey *key)
{
    if (key->key_type == BR_KEYTYPE_EC) {
        key->key.ec.q = keep(store, key->key.ec.q, key->key.ec.qlen);
        return key->key.ec.q != NULL;
    }
    key->key.rsa.n = keep(store, key->key.rsa.n, key->key.rsa.nlen);
    key->key.rsa.e = key->key.rsa.n ? keep(store, key->key.rsa.e, key->key.rsa.elen) : NULL;
    return key->key.rsa.e != NULL;
}

static enum leat_err add(struct bearssl_provider *provider, struct store *store, const uint8_t *der,
                         size_t len)
{
    br_x509_decoder_context *decoder = &provider->work.decoder;
    struct bearssl_facts facts;
    br_x509_trust_anchor anchor;

    if (room_of(store) == 0)
        return LEAT_ERR_MEMORY;
    if (!leat_bearssl_facts(der, len, &facts))
        return LEAT_ERR_FORMAT;
    store->name = (uint8_t *)&store->anchors[store->count + 1];
    store->name_len = 0;
    br_x509_decoder_init(decoder, append_name, store);
    br_x509_decoder_push(decoder, der, len);
    if (store->is_full)
        return LEAT_ERR_MEMORY;
    if (!br_x509_decoder_get_pkey(decoder))
        return LEAT_ERR_FORMAT;
    anchor.pkey = *br_x509_decoder_get_pkey(decoder);
    anchor.flags = br_x509_decoder_isCA(decoder) ? BR_X509_TA_CA : 0;
    anchor.dn.len = store->name_len;
    anchor.dn.data = keep(store, store->name, store->name_len);
    if (!anchor.dn.data || !keep_key(store, &anchor.pkey))
        return LEAT_ERR_MEMORY;
    store->anchors[store->count++] = (struct bearssl_anchor){
        .anchor = anchor,
        .name_hash = leat_bearssl_name_hash(anchor.dn.data, anchor.dn.len),
        .not_before_s = facts.not_before_s,
        .not_after_s = facts.not_after_s,
        .path_max = facts.path_max,
        .is_unsupported = facts.has_constraints || facts.has_unknown_critical,
        .is_for_servers = facts.is_for_servers,
        .is_signer = facts.is_signer || !(anchor.flags & BR_X509_TA_CA)};
    return LEAT_OK;
}

static enum leat_err add_pem(struct bearssl_provider *provider, struct store *store,
                             const char *text, size_t len)
{
    struct leat_crypto_pem pem;
    enum leat_err err;

    do {
        err = leat_crypto_pem_next(&text, &len, &pem, provider->scratch,
                                   LEAT_CRYPTO_CERTIFICATE_BYTES_MAX);
        if (err == LEAT_ERR_MEMORY) /* longer than a certificate may be */
            return LEAT_ERR_FORMAT;
        if (err == LEAT_OK && pem.label_len == 11 && memcmp(pem.label, "CERTIFICATE", 11) == 0)
            err = add(provider, store, provider->scratch, pem.der_len);
    } while (err == LEAT_OK);
    return err == LEAT_ERR_NOT_FOUND && store->count > 0 ? LEAT_OK : err;
}

enum leat_err leat_bearssl_anchors_open(void *self, struct leat_crypto_anchors *anchors,
                                        const void *text, size_t len, void *memory,
                                        size_t memory_bytes)
{
    const size_t align = _Alignof(struct bearssl_anchor);
    const size_t skip = (align - (uintptr_t)memory % align) % align;
    struct store store = {NULL, 0, NULL, false, NULL, 0};
    enum leat_err err;

    anchors->list = NULL;
    anchors->count = 0;
    if (memory_bytes < skip)
        return LEAT_ERR_MEMORY;
    store.anchors = (struct bearssl_anchor *)(void *)((uint8_t *)memory + skip);
    store.bottom = (uint8_t *)memory + memory_bytes;
    if (len > 0 && *(const uint8_t *)text == 0x30) /* SEQUENCE */
        err = add(self, &store, text, len);
    else
        err = add_pem(self, &store, text, len);
    if (err == LEAT_OK) {
        anchors->list = store.anchors;
        anchors->count = store.count;
    }
    return err;
}

void leat_bearssl_anchors_close(void *self, struct leat_crypto_anchors *anchors)
{
    (void)self;
    anchors->list = NULL;
    anchors->count = 0;
}
