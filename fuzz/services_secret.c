/* services_secret.c -- TLS at both ends, with the simulator's provider (toy.h), which checks
 * everything.
 */
#include "services.h"

#include <stdlib.h>

#include <leat/http_server.h>
#include <leat/tls.h>

#include "toy.h"

enum {
    CIVIL_S = 1800000000,
    LISTENERS = 2
};

static const uint64_t second_ns = 1000000000;

struct secret {
    struct toy toy;
    struct leat_crypto crypto;
    struct leat_tls_identity identity;
    const struct leat_tls_identity *list[1];
    uint8_t certificate[TOY_CERTIFICATE_BYTES];
    char name[LEAT_IP_TEXT_BYTES];
    struct leat_tls *tls;
    void *memory;
    struct services_secret_listener {
        struct leat_tcp_listener *listener;
        struct leat_tls *tls;
        bool (*serve)(const struct leat_stream *session);
    } listeners[LISTENERS];
    unsigned listener_count;
};

static struct secret secrets[2];
static struct leat_crypto_anchors anchors;

struct leat_tls *services_tls(unsigned end)
{
    return secrets[end].tls;
}

const struct leat_crypto_anchors *services_anchors(void)
{
    return &anchors;
}

const char *services_secret_name(unsigned end)
{
    return secrets[end].name;
}

static uint64_t civil_time(void *arg)
{
    (void)arg;
    return CIVIL_S + services_now_ns / second_ns % 1000000;
}

/* Hands the session to the HTTP server, or to the name server after the handshake. */
static void on_early(void *arg)
{
    if (!services_peer_has(arg))
        leat_http_server_early(arg);
}

static void open_provider(struct secret *secret, unsigned number)
{
    secret->crypto = toy_open(&secret->toy, number + 1);
    toy_certificate(secret->certificate, secret->name);
    secret->identity = (struct leat_tls_identity){
        .chain_count = 1, .chain = {{secret->certificate, sizeof secret->certificate}}};
    services_demand(!secret->crypto.ops->private_open(&secret->toy, &secret->identity.key, "", 0),
                    "a key");
    secret->list[0] = &secret->identity;
}

static void open_secret(unsigned number)
{
    struct secret *secret = &secrets[number];
    const uint8_t draw = services_draw.link;
    const struct leat_tls_config config = {
        .crypto = &secret->crypto,
        .identities = secret->list,
        .identity_count = 1,
        .server_handshakes = number == 0 && draw & 1 ? 1 : 4,
        .client_handshakes = number == 0 && draw & 2 ? 1 : 4,
        .cookie_handshakes = draw & 4 ? 1 : 0,
        .sessions = number == 0 && draw & 8 ? 3 : 16,
        .handshake_ns = 4 * second_ns,
        .record_ns = 5 * second_ns,
        .records_per_key = draw & 16 ? 3 : 0,
        .early = &leat_tls_early,
        .early_bytes = draw & 32 ? 4096 : 0,
        .early_hellos = 4,
        .on_early = on_early,
        .no_tickets = draw & 64,
        .civil_time_s = civil_time,
    };
    const size_t bytes = leat_tls_memory_bytes(&config);

    leat_ip_format(services_ends[number].ip, secret->name);
    open_provider(secret, number);
    secret->memory = services_memory(bytes);
    services_demand(
        !leat_tls_open(&secret->tls, services_ends[number].stack, secret->memory, bytes, &config),
        "TLS");
    secret->listener_count = 0;
}

void services_secret_open(void)
{
    open_secret(0);
    open_secret(1);
}

void services_secret_close(void)
{
    for (unsigned i = 0; i < 2; i++) {
        leat_tls_close(secrets[i].tls);
        free(secrets[i].memory);
        secrets[i].crypto.ops->private_close(&secrets[i].toy, &secrets[i].identity.key);
        services_demand(secrets[i].toy.opened == 0, "a key is kept");
    }
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events nothing;
    struct services_secret_listener *here = arg;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &nothing, NULL)) != NULL) {
        const struct leat_stream below = leat_stream_of_tcp(conn);
        struct leat_stream session;

        if (leat_tls_accept(here->tls, &below, &session))
            leat_tcp_abort(conn);
        else if (!here->serve(&session))
            leat_stream_abort(&session);
    }
}

void services_secret_listen(unsigned end, uint16_t port,
                            bool (*serve)(const struct leat_stream *session))
{
    struct secret *secret = &secrets[end];
    struct services_secret_listener *here = &secret->listeners[secret->listener_count];
    const struct leat_tcp_listen_config config = {
        .port = port, .backlog = 4, .displace = true, .on_acceptable = on_acceptable, .arg = here};

    for (unsigned i = 0; i < secret->listener_count; i++) {
        if (secret->listeners[i].serve == serve)
            return; /* already listening */
    }
    services_demand(secret->listener_count < LISTENERS, "too many listeners");
    here->tls = secret->tls;
    here->serve = serve;
    if (!leat_tcp_listen(services_ends[end].stack, &here->listener, &config))
        secret->listener_count++;
}
