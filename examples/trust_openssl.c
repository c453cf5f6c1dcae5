/* trust_openssl.c -- TLS for a client, with libcrypto behind it. */
#include <stdio.h>
#include <stdlib.h>

#include <leat/crypto_openssl.h>
#include <leat/tls.h>

#include "trust.h"

enum {
    SESSIONS = 4
};

static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static struct leat_crypto crypto; /* of the one client, until the program ends */
static struct leat_crypto_anchors anchors;
static struct leat_tls *tls;
static char why[320];

static enum leat_err entropy(void *arg, void *bytes, size_t len)
{
    struct leat_host *host = arg;

    return host->entropy(host, bytes, len);
}

static uint64_t civil_time_s(void *arg)
{
    struct leat_host *host = arg;

    return host->civil_ns ? host->civil_ns(host) / 1000000000 : 0;
}

const char *trust(struct example_platform *platform, struct leat_http_client_config *config)
{
    const struct leat_tls_config tls_config = {.crypto = &crypto,
                                               .sessions = SESSIONS,
                                               .civil_time_s = civil_time_s,
                                               .arg = platform->host};
    const char *name = platform->certificate ? platform->certificate : system_authorities;
    const size_t bytes = leat_tls_memory_bytes(&tls_config);
    const char *text;
    size_t len;
    void *memory;

    if (leat_crypto_openssl_open(&crypto, entropy, platform->host))
        return "libcrypto doesn't start";
    if (platform->read_file(platform, name, &text, &len) ||
        crypto.ops->anchors_open(crypto.self, &anchors, text, len, NULL, 0))
        return snprintf(why, sizeof why, "no authorities in %s: give --cert", name), why;
    memory = malloc(bytes); /* until the program ends */
    if (!memory || leat_tls_open(&tls, platform->stack, memory, bytes, &tls_config)) {
        free(memory);
        return "no memory for TLS";
    }
    config->tls_connect = leat_tls_connect;
    config->tls = tls;
    config->anchors = &anchors;
    return NULL;
}

const char *trust_why(const struct leat_stream *session)
{
    struct leat_tls_info info;

    leat_tls_get_info(session, &info);
    return info.why[0] ? info.why : leat_tls_alert_name(info.alert_received);
}
