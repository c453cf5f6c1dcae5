/*
 * tls_write.c -- writes handshake messages of TLS 1.3 (RFC 8446 4).
 *
 * A vector is opened with zeros as its length, and wire_tls_close() puts the length in when its
 * content is there. So no length is computed beforehand. A message that doesn't fit stays marked as
 * full, and the caller looks once, at the end.
 */
#include "tls/wire/tls.h"

#include "core/assert.h"
#include "wire/bytes.h"

void wire_tls_put(struct wire_tls_out *out, const void *bytes, size_t len)
{
    leat_debug_assert(out->at <= out->end);
    if (out->full || len > (size_t)(out->end - out->at)) {
        out->full = true;
        return;
    }
    if (len > 0)
        memmove(out->at, bytes,
                len); /* may overlap: a share can be stored behind its place in the message */
    out->at += len;
}

void wire_tls_put_number(struct wire_tls_out *out, uint32_t number, unsigned size)
{
    uint8_t bytes[4];

    leat_debug_assert(size == sizeof bytes || number >> 8 * size == 0);
    leat_assert(size <= sizeof bytes);
    put32(bytes, number);
    wire_tls_put(out, bytes + 4 - size, size);
}

uint8_t *wire_tls_open(struct wire_tls_out *out, unsigned size)
{
    wire_tls_put_number(out, 0, size);
    return out->at;
}

void wire_tls_close(struct wire_tls_out *out, uint8_t *opened, unsigned size)
{
    const uint32_t len = (uint32_t)(out->at - opened);
    uint8_t bytes[4];

    leat_debug_assert(out->at >= opened);
    if (out->full)
        return;
    put32(bytes, len);
    memcpy(opened - size, bytes + 4 - size, size);
}

uint8_t *wire_tls_begin(struct wire_tls_out *out, enum wire_tls_type type)
{
    wire_tls_put_number(out, type, 1);
    return wire_tls_open(out, 3);
}

static void put_vector(struct wire_tls_out *out, struct wire_tls_bytes bytes, unsigned size)
{
    wire_tls_put_number(out, bytes.len, size);
    wire_tls_put(out, bytes.at, bytes.len);
}

static void put_numbers(struct wire_tls_out *out, const uint16_t *numbers, unsigned count,
                        unsigned size)
{
    leat_debug_assert(count == 0 || numbers);
    wire_tls_put_number(out, 2 * count, size);
    for (unsigned i = 0; i < count; i++)
        wire_tls_put_number(out, numbers[i], 2);
}

/* Begins an extension; close it with size 2. */
static uint8_t *put_extension(struct wire_tls_out *out, enum wire_tls_extension extension)
{
    wire_tls_put_number(out, extension, 2);
    return wire_tls_open(out, 2);
}

/* Begins an extension whose body of @len bytes follows. */
static void put_short_extension(struct wire_tls_out *out, enum wire_tls_extension extension,
                                uint16_t len)
{
    wire_tls_put_number(out, (uint32_t)extension << 16 | len, 4);
}

static void put_number_extension(struct wire_tls_out *out, enum wire_tls_extension extension,
                                 uint16_t number)
{
    put_short_extension(out, extension, 2);
    wire_tls_put_number(out, number, 2);
}

static void put_list_extension(struct wire_tls_out *out, enum wire_tls_extension extension,
                               struct wire_tls_bytes list)
{
    uint8_t *opened;

    if (!list.at)
        return;
    opened = put_extension(out, extension);
    put_vector(out, list, 2);
    wire_tls_close(out, opened, 2);
}

static void put_name(struct wire_tls_out *out, struct wire_tls_bytes name)
{
    uint8_t *opened, *list;

    if (!name.at)
        return;
    opened = put_extension(out, WIRE_TLS_SERVER_NAME);
    list = wire_tls_open(out, 2);
    wire_tls_put_number(out, 0, 1); /* host_name */
    put_vector(out, name, 2);
    wire_tls_close(out, list, 2);
    wire_tls_close(out, opened, 2);
}

static void put_share(struct wire_tls_out *out, const struct wire_tls_client_offer *offer)
{
    uint8_t *opened = put_extension(out, WIRE_TLS_KEY_SHARE);
    uint8_t *list = wire_tls_open(out, 2);

    wire_tls_put_number(out, offer->share_group, 2);
    put_vector(out, offer->share, 2);
    wire_tls_close(out, list, 2);
    wire_tls_close(out, opened, 2);
}

/* Writes the last extension (4.2.11). Returns the position of its binders. */
static uint8_t *put_psk(struct wire_tls_out *out, const struct wire_tls_client_offer *offer)
{
    uint8_t *opened = put_extension(out, WIRE_TLS_PRE_SHARED_KEY);
    uint8_t *list = wire_tls_open(out, 2);
    uint8_t *binders;

    /* One ticket is offered, so there is one binder. Its zeros are replaced when the hello up to
     * the binders is complete (4.2.11.2). */
    put_vector(out, offer->identity, 2);
    wire_tls_put_number(out, offer->obfuscated_age, 4);
    wire_tls_close(out, list, 2);
    binders = out->at;
    list = wire_tls_open(out, 2);
    wire_tls_put_number(out, offer->binder_len, 1);
    for (uint32_t i = 0; i < offer->binder_len; i++)
        wire_tls_put_number(out, 0, 1);
    wire_tls_close(out, list, 2);
    wire_tls_close(out, opened, 2);
    return binders;
}

static uint8_t *put_client_extensions(struct wire_tls_out *out,
                                      const struct wire_tls_client_offer *offer)
{
    uint8_t *opened;

    put_name(out, offer->name);
    put_short_extension(out, WIRE_TLS_SUPPORTED_VERSIONS, 3);
    wire_tls_put_number(out, 2 << 16 | WIRE_TLS_VERSION, 3); /* a list of one */
    opened = put_extension(out, WIRE_TLS_SUPPORTED_GROUPS);
    put_numbers(out, offer->groups, offer->group_count, 2);
    wire_tls_close(out, opened, 2);
    opened = put_extension(out, WIRE_TLS_SIGNATURE_ALGORITHMS);
    put_numbers(out, offer->schemes, offer->scheme_count, 2);
    wire_tls_close(out, opened, 2);
    put_share(out, offer);
    /* NULL leaves the next two out. */
    put_list_extension(out, WIRE_TLS_ALPN, offer->protocols);
    put_list_extension(out, WIRE_TLS_COOKIE, offer->cookie);
    put_number_extension(out, WIRE_TLS_RECORD_SIZE_LIMIT, offer->record_size_limit);
    put_number_extension(out, WIRE_TLS_PSK_MODES,
                         1 << 8 | 1); /* a list of one: psk_dhe_ke (4.2.9) */
    /* pre_shared_key must be the last extension (4.2.11), so this comes before it. */
    if (offer->early_data)
        put_short_extension(out, WIRE_TLS_EARLY_DATA, 0);
    return offer->identity.at ? put_psk(out, offer) : NULL;
}

uint8_t *wire_tls_client_hello_write(struct wire_tls_out *out,
                                     const struct wire_tls_client_offer *offer)
{
    uint8_t *message = wire_tls_begin(out, WIRE_TLS_CLIENT_HELLO);
    uint8_t *extensions, *binders;

    wire_tls_put_number(out, WIRE_TLS_LEGACY_VERSION, 2);
    wire_tls_put(out, offer->random, WIRE_TLS_RANDOM);
    put_vector(out, offer->session_id, 1);
    put_numbers(out, offer->suites, offer->suite_count, 2);
    wire_tls_put_number(out, 0x0100, 2); /* one compression method: null */
    extensions = wire_tls_open(out, 2);
    binders = put_client_extensions(out, offer);
    wire_tls_close(out, extensions, 2);
    wire_tls_close(out, message, 3);
    return out->full ? NULL : binders;
}

void wire_tls_server_hello_write(struct wire_tls_out *out,
                                 const struct wire_tls_server_choice *choice)
{
    static const struct wire_tls_bytes none = {NULL, 0};
    uint8_t *message = wire_tls_begin(out, WIRE_TLS_SERVER_HELLO);
    uint8_t *extensions, *opened;

    wire_tls_put_number(out, WIRE_TLS_LEGACY_VERSION, 2);
    wire_tls_put(out, choice->random ? choice->random : wire_tls_retry_random, WIRE_TLS_RANDOM);
    put_vector(out, choice->session_id, 1);
    wire_tls_put_number(out, choice->suite, 2);
    wire_tls_put_number(out, 0, 1); /* no compression */
    extensions = wire_tls_open(out, 2);
    put_number_extension(out, WIRE_TLS_SUPPORTED_VERSIONS, WIRE_TLS_VERSION);
    if (choice->group != 0) {
        opened = put_extension(out, WIRE_TLS_KEY_SHARE);
        wire_tls_put_number(out, choice->group, 2);
        if (choice->share.at)
            put_vector(out, choice->share, 2);
        wire_tls_close(out, opened, 2);
    }
    /* 4.2.2: only a retry may have a cookie */
    put_list_extension(out, WIRE_TLS_COOKIE, choice->random ? none : choice->cookie);
    if (choice->has_psk)
        put_number_extension(out, WIRE_TLS_PRE_SHARED_KEY, choice->psk);
    wire_tls_close(out, extensions, 2);
    wire_tls_close(out, message, 3);
}
