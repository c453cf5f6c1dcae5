/* secure.c -- encrypted ports of an example: listeners, TLS, and a library of cryptography. */
#include <stdio.h>

#include <leat/tls.h>

#include "acme.h"
#include "library.h"
#include "secure.h"
#include "ticket_keys.h"

enum {
    CERTIFICATES = 4, /* with a key each; a client gets the one for the name that it asks for */
    CHAIN_BYTES = 16384,
    NAMES_BYTES = 4096, /* of one certificate */
    PATH_BYTES = 256,
    COOKIES_FROM = 48, /* of 64 handshakes at a time: further clients must first prove themselves */
    EARLY_BYTES = 16384 /* as long as a head may be */
};

/* A certificate, its chain, names and key. */
struct own {
    struct leat_tls_identity identity;
    unsigned char chain[CHAIN_BYTES];
    unsigned char names[NAMES_BYTES];
};

/* Those of --cert and --key. */
struct set {
    struct own own[CERTIFICATES];
    const struct leat_tls_identity *identities[CERTIFICATES];
    uint16_t count;
};

struct secure {
    struct leat_crypto crypto;
    struct set sets[2];  /* one is read beside the other */
    unsigned serving;    /* which of them */
    bool has_before;     /* the other one was in use until changed_ns */
    bool has_library;    /* of cryptography */
    bool has_http;       /* there is a server at port 80 */
    bool has_tickets;    /* ticket_keys_take() has been called */
    uint64_t changed_ns; /* the last change */
    struct leat_tls *tls;
    const struct leat_tls_early *early; /* NULL: no early data is taken */
    void (*on_early)(void *session_arg);
    struct secure_port ports[SECURE_PORTS];
    const char *protocols[2 * SECURE_PORTS];
    unsigned protocol_count;
};

static const uint64_t handshake_ns = 10000000000; /* as leat_tls_open() chooses it */

static struct secure secure; /* until the program ends */
static char why[320];
static _Alignas(16) unsigned char memory[1400 * 1024];

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events nothing;
    const struct secure_port *port = arg;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &nothing, NULL)) != NULL) {
        const struct leat_stream below = leat_stream_of_tcp(conn);
        struct leat_stream session;

        leat_tcp_set_nodelay(conn, true); /* records are whole, or fill their segments */
        if (leat_tls_accept(secure.tls, &below, &session))
            leat_tcp_abort(conn);
        else
            port->serve(port->arg, &session);
    }
}

static const char *reason(enum leat_err err)
{
    return err == LEAT_ERR_ARGUMENT      ? "the key is not the certificate's"
           : err == LEAT_ERR_UNSUPPORTED ? "this kind or size of key is not supported"
           : err == LEAT_ERR_NOT_FOUND   ? "one of them has no PEM of its kind"
                                         : leat_err_text(err);
}

/* Reads two files into @own; returns what is wrong, or NULL. */
static const char *read_one(struct leat_platform *platform, struct own *own, const char *cert,
                            const char *key)
{
    const char *certificates = NULL, *secret = NULL;
    size_t certificates_len, secret_len;
    enum leat_err err;

    why[0] = '\0';
    if (platform->read_file(platform, cert, &certificates, &certificates_len)) {
        snprintf(why, sizeof why, "can't read %.200s", cert);
    } else if (platform->read_file(platform, key, &secret, &secret_len)) {
        snprintf(why, sizeof why, "can't read %.200s", key);
    } else {
        err = leat_tls_identity_read(&own->identity, &secure.crypto, certificates, certificates_len,
                                     secret, secret_len, own->chain, sizeof own->chain);
        if (err)
            snprintf(why, sizeof why, "%.100s and %.100s: %s", cert, key, reason(err));
        else if (leat_tls_identity_read_names(&own->identity, own->names, sizeof own->names) ==
                 LEAT_ERR_MEMORY)
            snprintf(why, sizeof why, "%.200s: its names are longer than 4 KiB", cert);
    }
    leat_platform_free_file(platform, certificates);
    leat_platform_free_file(platform, secret);
    return why[0] ? why : NULL;
}

static void close_set(struct set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        leat_tls_identity_close(&set->own[i].identity, &secure.crypto);
    set->count = 0;
}

/* Copies the first name of a list with commas to @path; returns what follows it, or NULL. */
static const char *first_of(const char *list, char path[PATH_BYTES])
{
    size_t len = 0;

    while (list[len] && list[len] != ',')
        len++;
    snprintf(path, PATH_BYTES, "%.*s", (int)len, list);
    return list[len] ? list + len + 1 : NULL;
}

/* Reads all certificates and keys into set @at; returns what is wrong, or NULL. */
static const char *read_set(struct leat_platform *platform, unsigned at)
{
    struct set *set = &secure.sets[at];
    const char *certs = platform->certificate, *keys = platform->key;
    const char *wrong = keys ? NULL : "can't read the key: give --key";

    set->count = 0;
    while (!wrong && certs && keys) {
        static char cert[PATH_BYTES], key[PATH_BYTES];

        if (set->count == CERTIFICATES) {
            wrong = "--cert: there can be 4 certificates";
            break;
        }
        certs = first_of(certs, cert);
        keys = first_of(keys, key);
        wrong = read_one(platform, &set->own[set->count], cert, key);
        if (!wrong)
            set->identities[set->count] = &set->own[set->count].identity;
        set->count = (uint16_t)(set->count + !wrong);
    }
    if (!wrong && (certs || keys))
        wrong = "--cert and --key must name as many files, with commas between them";
    if (wrong)
        close_set(set);
    return wrong;
}

/* Tells the platform when the first certificate of the set in use ends to be valid. */
static void show_end(struct leat_platform *platform)
{
    const struct set *set = &secure.sets[secure.serving];
    uint64_t first_s = UINT64_MAX;

    for (unsigned i = 0; i < set->count; i++) {
        const uint64_t ends_s = leat_tls_identity_ends_s(&set->own[i].identity);

        first_s = ends_s > 0 && ends_s < first_s ? ends_s : first_s;
    }
    platform->certificate_ends_s = first_s < UINT64_MAX ? first_s : 0;
}

/* Makes room for new certificates: in the place of those before the current ones.  Returns NULL, or
 * why it has to wait. */
static const char *clear_next(struct leat_platform *platform)
{
    const uint64_t now_ns = leat_now_ns(platform->stack);

    if (secure.has_before && now_ns - secure.changed_ns < handshake_ns)
        return "handshakes may still use the certificate before: try again in 10 s";
    if (secure.has_before)
        close_set(&secure.sets[!secure.serving]);
    secure.has_before = false;
    return NULL;
}

/* Tickets belong to a certificate: the keys of the run before are read when there is one. */
static const char *take_ticket_keys(struct leat_platform *platform)
{
    secure.has_tickets = true;
    return ticket_keys_take(platform, secure.tls, secure.sets[secure.serving].identities[0],
                            &secure.crypto);
}

/* A certificate of ACME comes after the start.  A file that can't be used ends the program there,
 * too. */
static void take_late_ticket_keys(struct leat_platform *platform)
{
    const char *wrong = take_ticket_keys(platform);
    char line[360];

    if (!wrong)
        return;
    snprintf(line, sizeof line, "%s: %s", example.name, wrong);
    platform->say(platform, line);
    platform->finish(platform, 2);
}

/* New sessions get the certificates that were read there. */
static const char *use_next(struct leat_platform *platform)
{
    const unsigned next = !secure.serving;

    if (leat_tls_set_identities(secure.tls, secure.sets[next].identities,
                                secure.sets[next].count)) {
        close_set(&secure.sets[next]);
        return "a chain of certificates is too long";
    }
    secure.has_before = secure.sets[secure.serving].count > 0;
    secure.serving = next;
    secure.changed_ns = leat_now_ns(platform->stack);
    show_end(platform);
    if (secure.has_tickets)
        ticket_keys_use(platform, secure.sets[next].identities[0], &secure.crypto);
    else
        take_late_ticket_keys(platform);
    return NULL;
}

const char *secure_reload(struct leat_platform *platform)
{
    const char *wrong;

    if (!secure.tls)
        return "no certificate is in use";
    if (platform->acme) {
        acme_again();
        return NULL;
    }
    wrong = clear_next(platform);
    if (!wrong)
        wrong = read_set(platform, !secure.serving);
    return wrong ? wrong : use_next(platform);
}

/* For the client of ACME: takes a key and its chain, in one text. */
static const char *take_certificate(void *arg, const char *pem, size_t len)
{
    struct leat_platform *platform = arg;
    struct set *set = &secure.sets[!secure.serving];
    struct own *own = &set->own[0];
    const char *wrong = clear_next(platform);
    enum leat_err err;

    if (wrong)
        return wrong;
    err = leat_tls_identity_read(&own->identity, &secure.crypto, pem, len, pem, len, own->chain,
                                 sizeof own->chain);
    if (err)
        return reason(err);
    set->identities[0] = &own->identity;
    set->count = 1;
    if (leat_tls_identity_read_names(&own->identity, own->names, sizeof own->names) ==
        LEAT_ERR_MEMORY) {
        close_set(set);
        return "its names are longer than 4 KiB";
    }
    return use_next(platform);
}

void secure_end(struct leat_platform *platform)
{
    if (secure.tls)
        ticket_keys_keep(platform);
}

static uint64_t civil_time_s(void *arg)
{
    struct leat_host *host = ((struct leat_platform *)arg)->host;

    return host->civil_ns ? host->civil_ns(host) / 1000000000 : 0;
}

static const char *open_tls(struct leat_platform *platform)
{
    const struct leat_tls_config config = {.crypto = &secure.crypto,
                                           .identities = secure.sets[0].identities,
                                           .identity_count = secure.sets[0].count,
                                           .protocols = secure.protocols,
                                           .protocol_count = (uint16_t)secure.protocol_count,
                                           .cookie_handshakes = COOKIES_FROM,
                                           .early = secure.early,
                                           .early_bytes = secure.early ? EARLY_BYTES : 0,
                                           .on_early = secure.on_early,
                                           .sessions = SECURE_SESSIONS,
                                           .civil_time_s = civil_time_s,
                                           .arg = platform};

    return leat_tls_open(&secure.tls, platform->stack, memory, sizeof memory, &config)
               ? "no memory for TLS"
               : NULL;
}

const struct leat_http_route *secure_route(void)
{
    secure.has_http = true;
    return acme_route();
}

void secure_take_early(struct leat_http_server_config *config)
{
    secure.early = &leat_tls_early;
    secure.on_early = leat_http_server_early;
    config->receive_early = leat_tls_receive_early;
}

static const char *listen_at(struct leat_platform *platform, struct secure_port *port)
{
    const struct leat_tcp_listen_config listen = {.port = port->port,
                                                  .backlog = SECURE_SESSIONS,
                                                  .idle_timeout_ns = platform->idle_ns,
                                                  .displace = true,
                                                  .on_acceptable = accept_all,
                                                  .arg = port};
    struct leat_tcp_listener *listener;

    return leat_tcp_listen(platform->stack, &listener, &listen) ? EXAMPLE_PORT_TAKEN : NULL;
}

static const char *open_library(struct leat_platform *platform)
{
    const char *wrong = secure.has_library ? NULL : library_open(&secure.crypto, platform->host);

    secure.has_library = !wrong;
    return wrong;
}

const char *secure_check(struct leat_platform *platform)
{
    const char *wrong;

    if (platform->acme)
        return acme_check(platform);
    if (!platform->certificate)
        return NULL;
    wrong = open_library(platform);
    if (!wrong)
        wrong = read_set(platform, 0);
    close_set(&secure.sets[0]);
    return wrong;
}

const char *secure_serve(struct leat_platform *platform, const struct secure_port *ports,
                         unsigned count)
{
    const char *wrong = open_library(platform);

    for (unsigned i = 0; i < count; i++) {
        secure.ports[i] = ports[i];
        if (ports[i].newer)
            secure.protocols[secure.protocol_count++] = ports[i].newer;
        secure.protocols[secure.protocol_count++] = ports[i].protocol;
    }
    if (!wrong && !platform->acme)
        wrong = read_set(platform, 0);
    if (!wrong)
        wrong = open_tls(platform);
    if (!wrong && platform->acme)
        wrong =
            acme_start(platform, &secure.crypto, secure.tls, !secure.has_http, take_certificate);
    else if (!wrong)
        wrong = take_ticket_keys(platform);
    if (!wrong)
        show_end(platform);
    for (unsigned i = 0; i < count && !wrong; i++)
        wrong = listen_at(platform, &secure.ports[i]);
    return wrong;
}
