/*
 * dhcp6.c -- DHCPv6 messages, read and written.
 *
 * Reading checks lengths in two steps. wire_dhcp6_next() keeps each option inside of the options
 * around it; the functions for single options then check that the option has all of its own fields.
 * A writer that has no room left stays full, so its caller checks once, at the end.
 */
#include "proto/wire/dhcp6.h"

#include <string.h>

#include "core/assert.h"
#include "wire/bytes.h"

enum {
    OPTION_HEADER_BYTES = 4,
    IA_BYTES = 12, /* without the options inside, like the next two */
    ADDRESS_BYTES = 24,
    STATUS_BYTES = 2
};

bool wire_dhcp6_next(const struct wire_dhcp6_options *options, uint32_t *at,
                     struct wire_dhcp6_option *option)
{
    const uint8_t *bytes = options->bytes + *at;

    leat_debug_assert(*at <= options->len);
    /* Differences instead of sums: a length of the peer can't make them wrap. */
    if (options->len - *at < OPTION_HEADER_BYTES ||
        options->len - *at - OPTION_HEADER_BYTES < get16(bytes + 2))
        return false;
    *option = (struct wire_dhcp6_option){
        .code = get16(bytes), .len = get16(bytes + 2), .bytes = bytes + OPTION_HEADER_BYTES};
    *at += OPTION_HEADER_BYTES + (uint32_t)option->len;
    return true;
}

bool wire_dhcp6_is_whole(const struct wire_dhcp6_options *options)
{
    struct wire_dhcp6_option option;
    uint32_t at = 0;

    while (wire_dhcp6_next(options, &at, &option))
        ;
    /* Iteration stops early before an option that goes beyond the end, and before fewer than four
     * bytes. */
    return at == options->len;
}

bool wire_dhcp6_parse(struct wire_dhcp6 *message, const uint8_t *bytes, uint32_t len)
{
    if (len < DHCP6_HEADER_BYTES)
        return false;
    *message = (struct wire_dhcp6){
        .type = bytes[0],
        .xid = get32(bytes) & DHCP6_XID_MASK,
        .options = {.bytes = bytes + DHCP6_HEADER_BYTES, .len = len - DHCP6_HEADER_BYTES}};
    /* The options before the cut stay readable; the caller decides whether it uses them. */
    message->is_cut = !wire_dhcp6_is_whole(&message->options);
    return true;
}

bool wire_dhcp6_find(const struct wire_dhcp6_options *options, uint16_t code,
                     struct wire_dhcp6_option *option)
{
    uint32_t at = 0;

    while (wire_dhcp6_next(options, &at, option)) {
        if (option->code == code)
            return true;
    }
    return false;
}

bool wire_dhcp6_find8(const struct wire_dhcp6_options *options, uint16_t code, uint8_t *value)
{
    struct wire_dhcp6_option option;

    if (!wire_dhcp6_find(options, code, &option) || option.len != 1)
        return false;
    *value = option.bytes[0];
    return true;
}

/* The options that follow the first @bytes of @option; false: the option is too short. */
static bool options_behind(const struct wire_dhcp6_option *option, uint32_t bytes,
                           struct wire_dhcp6_options *options)
{
    if (option->len < bytes)
        return false;
    *options =
        (struct wire_dhcp6_options){.bytes = option->bytes + bytes, .len = option->len - bytes};
    return true;
}

bool wire_dhcp6_ia(const struct wire_dhcp6_option *option, struct wire_dhcp6_ia *ia)
{
    if (!options_behind(option, IA_BYTES, &ia->options))
        return false;
    ia->is_cut = !wire_dhcp6_is_whole(&ia->options);
    ia->iaid = get32(option->bytes);
    /* IAID, T1 and T2, 32 bits each (RFC 8415 21.4) */
    ia->t1_s = get32(option->bytes + 4);
    ia->t2_s = get32(option->bytes + 8);
    return true;
}

bool wire_dhcp6_address(const struct wire_dhcp6_option *option, struct wire_dhcp6_address *address)
{
    if (!options_behind(option, ADDRESS_BYTES, &address->options) ||
        !wire_dhcp6_is_whole(&address->options))
        return false;
    /* the address, and its preferred and valid lifetimes (RFC 8415 21.6) */
    memcpy(address->ip.bytes, option->bytes, sizeof address->ip.bytes);
    address->preferred_s = get32(option->bytes + 16);
    address->valid_s = get32(option->bytes + 20);
    return true;
}

bool wire_dhcp6_status(const struct wire_dhcp6_options *options, uint16_t *status)
{
    struct wire_dhcp6_option option;

    /* RFC 8415 21.13: without the option, the message or association was successful. The text
     * behind the code is for a human, and isn't read. */
    *status = DHCP6_SUCCESS;
    if (!wire_dhcp6_find(options, DHCP6_STATUS, &option))
        return true;
    if (option.len < STATUS_BYTES)
        return false;
    *status = get16(option.bytes);
    return true;
}

void wire_dhcp6_write(struct wire_dhcp6_writer *writer, uint8_t type, uint32_t xid, uint8_t *bytes,
                      uint32_t room)
{
    leat_assert(room >= DHCP6_HEADER_BYTES);
    *writer = (struct wire_dhcp6_writer){.bytes = bytes, .room = room, .len = DHCP6_HEADER_BYTES};
    /* one word: the type in its first byte, the transaction id in the other three */
    put32(bytes, (uint32_t)type << 24 | (xid & DHCP6_XID_MASK));
}

/* Writes the header of an option of @len bytes. Returns where its data goes; NULL: no room. */
static uint8_t *begin_option(struct wire_dhcp6_writer *writer, uint16_t code, uint32_t len)
{
    uint8_t *at = writer->bytes + writer->len;

    leat_debug_assert(writer->len <= writer->room);
    leat_assert(len <= UINT16_MAX);
    if (writer->full || writer->room - writer->len < OPTION_HEADER_BYTES + len) {
        writer->full = true;
        return 0;
    }
    put16(at, code);
    put16(at + 2, (uint16_t)len);
    writer->len += OPTION_HEADER_BYTES + len;
    return at + OPTION_HEADER_BYTES;
}

void wire_dhcp6_put(struct wire_dhcp6_writer *writer, uint16_t code, const void *bytes,
                    uint32_t len)
{
    uint8_t *at = begin_option(writer, code, len);

    if (at && len > 0) /* the bytes of an empty option may be NULL */
        memcpy(at, bytes, len);
}

void wire_dhcp6_put16(struct wire_dhcp6_writer *writer, uint16_t code, uint16_t value)
{
    uint8_t bytes[2];

    put16(bytes, value);
    wire_dhcp6_put(writer, code, bytes, sizeof bytes);
}

void wire_dhcp6_put_ia(struct wire_dhcp6_writer *writer, uint32_t iaid, const struct leat_ip *ip)
{
    /* All of it lies in one array, because the length of the association counts the address inside
     * of it. */
    uint8_t bytes[IA_BYTES + OPTION_HEADER_BYTES + ADDRESS_BYTES] = {0};

    put32(bytes, iaid);
    if (ip) {
        put16(bytes + IA_BYTES, DHCP6_IA_ADDRESS);
        put16(bytes + IA_BYTES + 2, ADDRESS_BYTES);
        memcpy(bytes + IA_BYTES + OPTION_HEADER_BYTES, ip->bytes, sizeof ip->bytes);
    }
    wire_dhcp6_put(writer, DHCP6_IA_NA, bytes, ip ? sizeof bytes : IA_BYTES);
}
