/* glue_tls.c -- sessions of TLS 1.3 of glue.h, with libcrypto. */
#include <stdlib.h>
#include <string.h>

#include "glue_inside.h"
#ifdef GLUE_HAS_TLS
#include <leat/crypto_openssl.h>

static enum leat_err entropy_of_host(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

static uint64_t civil_time_s(void *arg)
{
    struct leat_host *host = arg;

    return host->civil_ns ? host->civil_ns(host) / 1000000000u : 0;
}

/* Opens the provider and the sessions of a stack, once. */
static enum leat_err open_tls(struct glue *glue)
{
    const struct leat_tls_config config = {.crypto = &glue->crypto,
                                           .civil_time_s = civil_time_s,
                                           .arg = glue->host,
                                           .sessions = 1024,
                                           .client_handshakes = 64};
    size_t bytes;

    if (glue->tls)
        return LEAT_OK;
    if (!glue->has_crypto) {
        const enum leat_err err =
            leat_crypto_openssl_open(&glue->crypto, entropy_of_host, glue->host);

        if (err)
            return err;
        glue->has_crypto = true;
    }
    bytes = leat_tls_memory_bytes(&config);
    free(glue->tls_memory);
    glue->tls_memory = malloc(bytes);
    return glue->tls_memory
               ? leat_tls_open(&glue->tls, glue->stack, glue->tls_memory, bytes, &config)
               : LEAT_ERR_MEMORY;
}

void glue_tls_close_sessions(struct glue *glue)
{
    if (glue->tls)
        leat_tls_close(glue->tls);
    glue->tls = NULL;
}

void glue_tls_close(struct glue *glue)
{
    while (glue->secrets) {
        struct glue_secret *secret = glue->secrets;

        glue->secrets = secret->next;
        if (secret->is_identity)
            leat_tls_identity_close(&secret->identity, &glue->crypto);
        else
            glue->crypto.ops->anchors_close(glue->crypto.self, &secret->anchors);
        memset(secret->text, 0, secret->len);
        free(secret);
    }
    if (glue->has_crypto)
        leat_crypto_openssl_close(&glue->crypto);
    glue->has_crypto = false;
}

/* An identity or authorities that were read before, or a new one without its content. */
static struct glue_secret *secret_of(struct glue *glue, bool is_identity, const void *a,
                                     size_t a_len, const void *b, size_t b_len, bool *is_new)
{
    struct glue_secret *secret = glue->secrets;
    const size_t len = a_len + b_len;

    while (secret && (secret->is_identity != is_identity || secret->len != len ||
                      memcmp(secret->text, a, a_len) != 0 ||
                      (b_len > 0 && memcmp(secret->text + a_len, b, b_len) != 0)))
        secret = secret->next;
    *is_new = !secret;
    if (secret)
        return secret;
    secret = calloc(1, sizeof *secret + len + a_len); /* the certificates take a_len at most */
    if (!secret)
        return NULL;
    secret->is_identity = is_identity;
    secret->len = len;
    memcpy(secret->text, a, a_len);
    if (b_len > 0)
        memcpy(secret->text + a_len, b, b_len);
    return secret;
}

static enum leat_err use_identity(struct glue *glue, const void *certificates,
                                  size_t certificates_len, const void *key, size_t key_len)
{
    bool is_new;
    struct glue_secret *secret =
        secret_of(glue, true, certificates, certificates_len, key, key_len, &is_new);
    enum leat_err err;

    if (!secret || !is_new)
        return secret ? LEAT_OK : LEAT_ERR_MEMORY;
    err = glue->identity_count < sizeof glue->identities / sizeof glue->identities[0]
              ? LEAT_OK
              : LEAT_ERR_FULL;
    if (!err)
        err =
            leat_tls_identity_read(&secret->identity, &glue->crypto, certificates, certificates_len,
                                   key, key_len, secret->text + secret->len, certificates_len);
    if (err) {
        free(secret);
        return err;
    }
    secret->next = glue->secrets;
    glue->secrets = secret;
    glue->identities[glue->identity_count++] = &secret->identity;
    return leat_tls_set_identities(glue->tls, glue->identities, glue->identity_count);
}

static enum leat_err use_authorities(struct glue *glue, const void *text, size_t len,
                                     const struct leat_crypto_anchors **anchors)
{
    bool is_new;
    struct glue_secret *secret = secret_of(glue, false, text, len, NULL, 0, &is_new);
    enum leat_err err = LEAT_OK;

    if (!secret)
        return LEAT_ERR_MEMORY;
    if (is_new) {
        err =
            glue->crypto.ops->anchors_open(glue->crypto.self, &secret->anchors, text, len, NULL, 0);
        if (err) {
            free(secret);
            return err;
        }
        secret->next = glue->secrets;
        glue->secrets = secret;
    }
    *anchors = &secret->anchors;
    return LEAT_OK;
}

/* The connection is the session's from here on. */
static struct glue_item *session_of(struct glue_item *below, uint64_t number,
                                    struct leat_stream stream)
{
    struct glue_item *item = glue_stream_new(below->glue, number, stream);

    if (item) {
        item->local = below->local;
        item->remote = below->remote;
    }
    glue_item_lost(below, LEAT_ERR_CLOSED, "it carries a session of TLS");
    glue_item_dead(below);
    return item;
}

struct glue_item *glue_tls_connect(struct glue_item *below, uint64_t number, const char *name,
                                   const void *authorities, size_t len, enum leat_err *err)
{
    const size_t name_bytes = strlen(name) + 1;
    struct leat_tls_client *client = calloc(1, sizeof *client + name_bytes);
    struct leat_stream stream;
    struct glue_item *item = NULL;

    *err = client ? LEAT_OK : LEAT_ERR_MEMORY;
    if (!*err)
        *err = below->is_open ? open_tls(below->glue) : glue_error(below, NULL);
    if (!*err)
        *err = use_authorities(below->glue, authorities, len, &client->anchors);
    if (!*err) {
        client->name = memcpy(client + 1, name, name_bytes);
        *err = leat_tls_connect(below->glue->tls, &below->stream, client, &stream);
    }
    if (!*err) {
        item = session_of(below, number, stream);
        *err = item ? LEAT_OK : LEAT_ERR_MEMORY;
    }
    if (item)
        item->client = client; /* the session refers to it */
    else
        free(client);
    return item;
}

struct glue_item *glue_tls_accept(struct glue_item *below, uint64_t number,
                                  const void *certificates, size_t certificates_len,
                                  const void *key, size_t key_len, enum leat_err *err)
{
    struct leat_stream stream;
    struct glue_item *item;

    *err = below->is_open ? open_tls(below->glue) : glue_error(below, NULL);
    if (!*err)
        *err = use_identity(below->glue, certificates, certificates_len, key, key_len);
    if (!*err)
        *err = leat_tls_accept(below->glue->tls, &below->stream, &stream);
    if (*err)
        return NULL;
    item = session_of(below, number, stream);
    *err = item ? LEAT_OK : LEAT_ERR_MEMORY;
    return item;
}

#else /* a language with a TLS of its own */

void glue_tls_close_sessions(struct glue *glue)
{
    (void)glue;
}

void glue_tls_close(struct glue *glue)
{
    (void)glue;
}
#endif
