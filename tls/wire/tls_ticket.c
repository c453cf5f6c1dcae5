/* tls_ticket.c -- messages after the handshake: tickets, read and written; KeyUpdate (RFC 8446
 * 4.6). */
#include "tls/wire/tls.h"

#include "wire/bytes.h"

enum {
    NUMBERS = 4 + 4 /* lifetime and age_add */
};

/* Takes a vector with a length of @size bytes off @rest. False: it is incomplete. */
static bool take_vector(struct wire_tls_bytes *rest, unsigned size, struct wire_tls_bytes *vector)
{
    if (rest->len < size)
        return false;
    vector->len = size == 1 ? rest->at[0] : get16(rest->at);
    vector->at = rest->at + size;
    if (rest->len - size < vector->len)
        return false;
    rest->at = vector->at + vector->len;
    rest->len -= size + vector->len;
    return true;
}

/* Reads the ticket's extensions, of which only early_data is used (4.2.10). Each must be
 * well-formed, none may be repeated, and extensions of other messages are illegal (4.2).
 * Returns the alert, or 0. */
static uint8_t read_extensions(struct wire_tls_bytes extensions, struct wire_tls_ticket *ticket)
{
    struct wire_tls_bytes body;
    uint16_t type;

    ticket->early_bytes = 0;
    if (wire_tls_has_twice(extensions))
        return WIRE_TLS_ILLEGAL_PARAMETER;
    while (extensions.len > 0) {
        if (!wire_tls_number(&extensions, &type) || !take_vector(&extensions, 2, &body))
            return WIRE_TLS_DECODE_ERROR;
        if (type != WIRE_TLS_EARLY_DATA && wire_tls_knows(type))
            return WIRE_TLS_ILLEGAL_PARAMETER;
        if (type != WIRE_TLS_EARLY_DATA)
            continue;
        if (body.len != 4)
            return WIRE_TLS_DECODE_ERROR;
        ticket->early_bytes = get32(body.at);
    }
    return 0;
}

uint8_t wire_tls_ticket_read(const uint8_t *message, uint32_t len, struct wire_tls_ticket *ticket)
{
    struct wire_tls_bytes rest = {message, len}, extensions;

    if (len < NUMBERS)
        return WIRE_TLS_DECODE_ERROR;
    ticket->lifetime_s = get32(message);
    ticket->age_add = get32(message + 4);
    rest.at += NUMBERS;
    rest.len -= NUMBERS;
    if (!take_vector(&rest, 1, &ticket->nonce) || !take_vector(&rest, 2, &ticket->identity) ||
        !take_vector(&rest, 2, &extensions) || rest.len != 0 || ticket->identity.len == 0)
        return WIRE_TLS_DECODE_ERROR;
    return read_extensions(extensions, ticket);
}

void wire_tls_ticket_write(struct wire_tls_out *out, const struct wire_tls_ticket *ticket)
{
    uint8_t *message = wire_tls_begin(out, WIRE_TLS_NEW_SESSION_TICKET), *extensions;

    wire_tls_put_number(out, ticket->lifetime_s, 4);
    wire_tls_put_number(out, ticket->age_add, 4);
    wire_tls_put_number(out, ticket->nonce.len, 1);
    wire_tls_put(out, ticket->nonce.at, ticket->nonce.len);
    wire_tls_put_number(out, ticket->identity.len, 2);
    wire_tls_put(out, ticket->identity.at, ticket->identity.len);
    extensions = wire_tls_open(out, 2);
    if (ticket->early_bytes > 0) {
        wire_tls_put_number(out, WIRE_TLS_EARLY_DATA << 16 | 4, 4);
        wire_tls_put_number(out, ticket->early_bytes, 4);
    }
    wire_tls_close(out, extensions, 2);
    wire_tls_close(out, message, 3);
}

uint8_t wire_tls_key_update_read(const uint8_t *message, uint32_t len, bool *requested)
{
    if (len != 1)
        return WIRE_TLS_DECODE_ERROR;
    *requested = message[0] == 1;
    return message[0] <= 1 ? 0 : WIRE_TLS_ILLEGAL_PARAMETER; /* 4.6.3 */
}
