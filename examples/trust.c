/* trust.c -- TLS for clients, with a library behind it. */
#include <stdio.h>
#include <string.h>

#include <leat/doh_client.h>
#include <leat/tls.h>

#include "library.h"
#include "trust.h"
#include "trust_doh.h"

enum {
    SESSIONS = 16
};

static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static struct leat_crypto crypto; /* until the program ends */
static struct leat_crypto_anchors anchors;
static struct leat_tls *tls;
static const char *authorities; /* of trust_authorities() */
static char why[320];
static _Alignas(16) unsigned char memory[176 * 1024];
static _Alignas(16) unsigned char anchor_memory[320 * 1024]; /* as many bytes as the text suffice */

static uint64_t civil_time_s(void *arg)
{
    struct leat_host *host = arg;

    return host->civil_ns ? host->civil_ns(host) / 1000000000 : 0;
}

void trust_authorities(const char *file)
{
    authorities = file ? file : system_authorities;
}

/* Opens TLS, once; returns what is wrong, or NULL. */
static const char *open_tls(struct leat_platform *platform, const struct leat_tls_early *early)
{
    const struct leat_tls_config config = {.crypto = &crypto,
                                           .early = early,
                                           .sessions = SESSIONS,
                                           .server_handshakes = 1, /* unused, the least */
                                           .civil_time_s = civil_time_s,
                                           .arg = platform->host};
    const char *wrong = tls ? NULL : library_open(&crypto, platform->host);

    if (wrong || tls)
        return wrong;
    return leat_tls_open(&tls, platform->stack, memory, sizeof memory, &config)
               ? "no memory for TLS"
               : NULL;
}

/* Reads the authorities, once. */
static const char *open_anchors(struct leat_platform *platform)
{
    const char *name = authorities;
    static bool read;
    const char *text;
    size_t len;

    if (read)
        return NULL;
    if (!name) /* beside --key, --cert is a server's own */
        name = platform->certificate && !platform->key ? platform->certificate : system_authorities;
    if (platform->read_file(platform, name, &text, &len) ||
        crypto.ops->anchors_open(crypto.self, &anchors, text, len, anchor_memory,
                                 sizeof anchor_memory))
        return snprintf(why, sizeof why, "no authorities in %s: give --cert", name), why;
    read = true;
    return NULL;
}

const char *trust(struct leat_platform *platform, struct leat_http_client_config *config)
{
    const char *wrong = open_tls(platform, &leat_tls_early);

    if (!wrong)
        wrong = open_anchors(platform);
    config->tls_connect = leat_tls_connect;
    config->tls = tls;
    config->anchors = &anchors;
    return wrong;
}

/* ---- Servers of names -------------------------------------------------------------------------
 */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Reads a digest in base64 (RFC 4648 4), which has one "=" at its end. */
static bool read_pin(const char *text, struct leat_tls_pin *pin)
{
    const size_t digits = (LEAT_TLS_PIN_BYTES * 8 + 5) / 6;
    uint32_t bits = 0;

    if (strlen(text) != digits + 1 || text[digits] != '=')
        return false;
    for (size_t i = 0, at = 0, have = 0; i < digits; i++) {
        const int digit = digit_of(text[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            pin->digest[at++] = (uint8_t)(bits >> have);
        }
    }
    return true;
}

static void on_tls_failed(void *arg, const struct leat_endpoint *server,
                          const struct leat_stream *session)
{
    struct leat_platform *platform = arg;
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(server->ip, ip);
    if (platform->doh)
        session = leat_doh_session(session);
    snprintf(why, sizeof why, "no TLS with %s: %s", ip, trust_why(session));
    platform->say(platform, why);
}

/* Applies --dot to the one client; returns what is wrong, or NULL. */
static const char *read_who(struct leat_platform *platform, struct leat_tls_client *client)
{
    static const char key[] = "sha256/";
    static struct leat_tls_pin pin;

    if (strcmp(platform->dot, "any") == 0) {
        client->anybody = true;
        return NULL;
    }
    if (strncmp(platform->dot, key, sizeof key - 1) == 0) {
        client->pins = &pin;
        client->pin_count = 1;
        return read_pin(platform->dot + sizeof key - 1, &pin)
                   ? NULL
                   : "--dot: a key is sha256/ and 44 letters of base64";
    }
    client->name = platform->dot;
    client->anchors = &anchors;
    return open_anchors(platform);
}

static const char *ask_by_tls(struct leat_platform *platform, struct leat_resolver_config *config,
                              struct leat_tls_client *client)
{
    for (unsigned i = 0; i < LEAT_RESOLVER_SERVERS_MAX; i++) {
        config->tls_clients[i] = client;
        if (config->servers[i].port == LEAT_DNS_PORT)
            config->servers[i].port = LEAT_RESOLVER_TLS_PORT;
    }
    config->tls_connect = leat_tls_connect;
    return read_who(platform, client);
}

static const char *ask_by_https(struct leat_platform *platform, struct leat_resolver_config *config,
                                struct leat_tls_client *client)
{
    client->anchors = &anchors;
    if (platform->dot)
        return "--dot or --doh, not both";
    return open_anchors(platform) ? why : trust_doh(platform, config, client);
}

const char *trust_servers(struct leat_platform *platform, struct leat_resolver_config *config)
{
    static struct leat_tls_client client;
    const char *wrong = open_tls(platform, NULL);

    config->tls = tls;
    if (!wrong)
        wrong = platform->doh ? ask_by_https(platform, config, &client)
                              : ask_by_tls(platform, config, &client);
    config->tls_or_clear = client.anybody;
    config->on_tls_failed = on_tls_failed;
    config->arg = platform;
    return wrong;
}

const char *trust_why(const struct leat_stream *session)
{
    struct leat_tls_info info;

    leat_tls_get_info(session, &info);
    return info.why[0] ? info.why : leat_tls_alert_name(info.alert_received);
}

bool trust_refused(const struct leat_stream *session)
{
    struct leat_tls_info info;

    leat_tls_get_info(session, &info);
    return info.alert_sent >= 42 && info.alert_sent <= 48; /* RFC 8446 6.2: of certificates */
}
