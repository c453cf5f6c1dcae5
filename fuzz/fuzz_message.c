/*
 * fuzz_message.c -- TLS handshake messages: parsed views lie within the message, accepted lists end
 * where they should, and our own messages can be parsed.
 *
 * The first byte is the message's type, the rest its body.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/crypto.h>

#include "tls/wire/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BYTES_MAX = 1 << 14
};

static const uint8_t *body;
static uint32_t body_len;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void demand_inside(struct wire_tls_bytes bytes)
{
    if (bytes.at)
        demand(bytes.at >= body && bytes.len <= body_len &&
               bytes.at - body <= (ptrdiff_t)(body_len - bytes.len));
}

/* True for alerts that a malformed message may cause (6.2). */
static bool is_good(uint8_t alert)
{
    demand(alert == 0 || alert == WIRE_TLS_DECODE_ERROR || alert == WIRE_TLS_ILLEGAL_PARAMETER ||
           alert == WIRE_TLS_MISSING_EXTENSION || alert == WIRE_TLS_UNSUPPORTED_EXTENSION ||
           alert == WIRE_TLS_PROTOCOL_VERSION || alert == WIRE_TLS_BAD_CERTIFICATE);
    return alert == 0;
}

static void count_numbers(struct wire_tls_bytes list)
{
    uint16_t number;
    unsigned count = 0;

    demand(list.len % 2 == 0);
    while (wire_tls_number(&list, &number))
        count++;
    demand(list.len == 0 && count <= BYTES_MAX);
}

/* Iterates over the lists of a hello. */
static void walk(const struct wire_tls_client_hello *hello)
{
    struct wire_tls_bytes list, each;
    unsigned identities = 0, binders = 0;
    uint16_t group;
    uint32_t age;

    count_numbers(hello->suites);
    count_numbers(hello->versions);
    count_numbers(hello->groups);
    count_numbers(hello->schemes);
    count_numbers(hello->schemes_cert);
    for (list = hello->shares; wire_tls_share(&list, &group, &each);)
        demand_inside(each);
    demand(list.len == 0);
    for (list = hello->protocols; wire_tls_protocol(&list, &each);)
        demand_inside(each);
    demand(list.len == 0);
    for (list = hello->identities; wire_tls_identity(&list, &each, &age); identities++)
        demand_inside(each);
    demand(list.len == 0);
    for (list = hello->binders; wire_tls_binder(&list, &each); binders++)
        demand_inside(each);
    demand(list.len == 0 && identities == binders);
    demand(!hello->binders.at || hello->binders_at <= body_len + WIRE_TLS_MESSAGE_HEADER);
}

static void read_client_hello(void)
{
    struct wire_tls_client_hello hello;

    if (!is_good(wire_tls_client_hello_read(body, body_len, &hello)))
        return;
    demand_inside((struct wire_tls_bytes){hello.random, WIRE_TLS_RANDOM});
    demand_inside(hello.session_id);
    demand(hello.session_id.len <= WIRE_TLS_SESSION_ID_MAX);
    demand_inside(hello.name);
    demand_inside(hello.cookie);
    demand_inside(hello.psk_modes);
    walk(&hello);
}

/* Writes a parsed ServerHello, and parses it again. */
static void read_server_hello(void)
{
    struct wire_tls_server_hello hello, again;
    static uint8_t bytes[BYTES_MAX + 256];
    struct wire_tls_out out = {bytes, bytes + sizeof bytes, false};
    struct wire_tls_server_choice choice;

    if (!is_good(wire_tls_server_hello_read(body, body_len, &hello)))
        return;
    demand_inside((struct wire_tls_bytes){hello.random, WIRE_TLS_RANDOM});
    demand_inside(hello.session_id);
    demand_inside(hello.share);
    demand_inside(hello.cookie);
    if (hello.version != WIRE_TLS_VERSION || (hello.share.at && hello.group == 0))
        return; /* group 0 means "no share" to the writer; no client offers it */
    choice = (struct wire_tls_server_choice){.random = hello.retry ? NULL : hello.random,
                                             .session_id = hello.session_id,
                                             .suite = hello.suite,
                                             .group = hello.group,
                                             .share = hello.share,
                                             .cookie = hello.cookie,
                                             .psk = hello.psk,
                                             .has_psk = hello.has_psk};
    wire_tls_server_hello_write(&out, &choice);
    demand(!out.full);
    demand(wire_tls_server_hello_read(bytes + WIRE_TLS_MESSAGE_HEADER,
                                      (uint32_t)(out.at - bytes) - WIRE_TLS_MESSAGE_HEADER,
                                      &again) == 0);
    demand(again.suite == hello.suite && again.group == hello.group && again.psk == hello.psk &&
           again.retry == hello.retry && again.share.len == hello.share.len &&
           again.cookie.len == hello.cookie.len);
}

static void read_certificate(void)
{
    struct wire_tls_bytes chain[LEAT_CRYPTO_CHAIN_MAX];
    unsigned count;

    if (!is_good(wire_tls_certificate_read(body, body_len, chain, LEAT_CRYPTO_CHAIN_MAX, &count)))
        return;
    demand(count <= LEAT_CRYPTO_CHAIN_MAX);
    for (unsigned i = 0; i < count; i++)
        demand_inside(chain[i]);
}

static void read_ticket(void)
{
    static uint8_t bytes[BYTES_MAX + 256];
    struct wire_tls_out out = {bytes, bytes + sizeof bytes, false};
    struct wire_tls_ticket ticket, again;

    if (!is_good(wire_tls_ticket_read(body, body_len, &ticket)))
        return;
    demand_inside(ticket.nonce);
    demand_inside(ticket.identity);
    wire_tls_ticket_write(&out, &ticket);
    demand(!out.full);
    demand(wire_tls_ticket_read(bytes + WIRE_TLS_MESSAGE_HEADER,
                                (uint32_t)(out.at - bytes) - WIRE_TLS_MESSAGE_HEADER, &again) == 0);
    demand(again.lifetime_s == ticket.lifetime_s && again.age_add == ticket.age_add &&
           again.identity.len == ticket.identity.len &&
           memcmp(again.identity.at, ticket.identity.at, ticket.identity.len) == 0);
}

/* The short messages. */
static void read_other(uint8_t type)
{
    struct wire_tls_encrypted_extensions extensions;
    struct wire_tls_bytes one, two;
    uint16_t scheme;
    bool requested;

    if (type == WIRE_TLS_ENCRYPTED_EXTENSIONS) {
        if (is_good(wire_tls_encrypted_extensions_read(body, body_len, &extensions)))
            demand_inside(extensions.protocol);
    } else if (type == WIRE_TLS_CERTIFICATE_REQUEST) {
        if (!is_good(wire_tls_certificate_request_read(body, body_len, &one, &two)))
            return;
        demand_inside(one);
        demand_inside(two);
    } else if (type == WIRE_TLS_CERTIFICATE_VERIFY) {
        if (is_good(wire_tls_certificate_verify_read(body, body_len, &scheme, &one)))
            demand_inside(one);
    } else if (type == WIRE_TLS_KEY_UPDATE) {
        if (is_good(wire_tls_key_update_read(body, body_len, &requested)))
            demand(body_len == 1 && body[0] == requested);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size < 1 || size > BYTES_MAX)
        return 0;
    copy = malloc(size - 1 + (size == 1)); /* the memory ends where the message ends */
    demand(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    body = copy;
    body_len = (uint32_t)size - 1;
    switch (data[0]) {
    case WIRE_TLS_CLIENT_HELLO:
        read_client_hello();
        break;
    case WIRE_TLS_SERVER_HELLO:
        read_server_hello();
        break;
    case WIRE_TLS_CERTIFICATE:
        read_certificate();
        break;
    case WIRE_TLS_NEW_SESSION_TICKET:
        read_ticket();
        break;
    default:
        read_other(data[0]);
        break;
    }
    free(copy);
    return 0;
}
