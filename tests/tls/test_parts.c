/* test_parts.c -- the parts of messages and certificates, each at its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/tls.h>

#include "tls/der.h"
#include "tls/tls.h"
#include "tls/wire/tls.h"
#include "wire/bytes.h"

/* RFC 8446 6, and the numbers of earlier versions that peers still send. */
static void each_alert_has_its_name(void **state)
{
    static const struct {
        unsigned alert;
        const char *name;
    } table[] = {
        {0, "close_notify"},
        {10, "unexpected_message"},
        {20, "bad_record_mac"},
        {22, "record_overflow"},
        {40, "handshake_failure"},
        {42, "bad_certificate"},
        {43, "unsupported_certificate"},
        {44, "certificate_revoked"},
        {45, "certificate_expired"},
        {46, "certificate_unknown"},
        {47, "illegal_parameter"},
        {48, "unknown_ca"},
        {49, "access_denied"},
        {50, "decode_error"},
        {51, "decrypt_error"},
        {70, "protocol_version"},
        {71, "insufficient_security"},
        {80, "internal_error"},
        {86, "inappropriate_fallback"},
        {90, "user_canceled"},
        {109, "missing_extension"},
        {110, "unsupported_extension"},
        {112, "unrecognized_name"},
        {113, "bad_certificate_status_response"},
        {115, "unknown_psk_identity"},
        {116, "certificate_required"},
        {120, "no_application_protocol"},
    };
    unsigned at = 0;

    (void)state;
    for (unsigned alert = 0; alert < 256; alert++) {
        const bool is_known = at < sizeof table / sizeof *table && table[at].alert == alert;

        assert_string_equal(leat_tls_alert_name((uint8_t)alert),
                            is_known ? table[at].name : "unknown alert");
        at += is_known;
    }
    assert_int_equal(at, sizeof table / sizeof *table);
}

static void each_suite_has_its_algorithms(void **state)
{
    (void)state;
    assert_int_equal(tls_suite_aead(0x1301), LEAT_CRYPTO_AES_128_GCM);
    assert_int_equal(tls_suite_hash(0x1301), LEAT_CRYPTO_SHA256);
    assert_int_equal(tls_suite_aead(0x1302), LEAT_CRYPTO_AES_256_GCM);
    assert_int_equal(tls_suite_hash(0x1302), LEAT_CRYPTO_SHA384);
    assert_int_equal(tls_suite_aead(0x1303), LEAT_CRYPTO_CHACHA20_POLY1305);
    assert_int_equal(tls_suite_hash(0x1303), LEAT_CRYPTO_SHA256);
    for (unsigned suite = 0; suite < 65536; suite++)
        assert_int_equal(tls_suite_is_known((uint16_t)suite), suite >= 0x1301 && suite <= 0x1303);
}

static void a_protocol_has_31_bytes_at_most(void **state)
{
    static struct tls_session session;
    uint8_t name[LEAT_TLS_PROTOCOL_BYTES];

    (void)state;
    memset(name, 'p', sizeof name);
    assert_false(tls_protocol_set(&session, (struct wire_tls_bytes){name, 32}));
    assert_string_equal(session.protocol, "");
    for (uint32_t len = 0; len < 32; len++) {
        memset(session.protocol, 'x', sizeof session.protocol);
        assert_true(tls_protocol_set(&session, (struct wire_tls_bytes){name, len}));
        assert_int_equal(strlen(session.protocol), len);
        assert_memory_equal(session.protocol, name, len);
        session.protocol[31] = '\0';
        assert_int_equal(tls_text_len(session.protocol), len);
        assert_true(tls_text_is((struct wire_tls_bytes){name, len}, session.protocol));
        assert_false(tls_text_is((struct wire_tls_bytes){name, len + 1}, session.protocol));
        if (len > 0)
            assert_false(tls_text_is((struct wire_tls_bytes){name, len - 1}, session.protocol));
    }
}

/* ---- X.690 -------------------------------------------------------------------------------- */

/* An element with @len bytes inside and a length field of @octets more octets; 0: the short form.
 */
static size_t element(uint8_t *bytes, unsigned octets, size_t len)
{
    size_t at = 0;

    bytes[at++] = 0x04;
    bytes[at++] = (uint8_t)(octets == 0 ? len : 0x80 | octets);
    for (unsigned i = octets; i > 0; i--)
        bytes[at++] = (uint8_t)(len >> 8 * (i - 1));
    return at + len;
}

static void a_length_of_DER_has_up_to_three_octets(void **state)
{
    static const size_t lens[] = {0, 1, 2, 127, 128, 129, 255, 256, 300, 65535, 65536, 70000};
    static uint8_t bytes[80000];

    (void)state;
    for (unsigned i = 0; i < sizeof lens / sizeof *lens; i++) {
        for (unsigned octets = 0; octets <= 5; octets++) {
            const bool fits =
                octets == 0 ? lens[i] < 128 : octets > 3 || lens[i] >> 8 * octets == 0;
            const size_t whole = element(bytes, octets, lens[i]);
            struct der from = {bytes, whole + 3}, inside;
            uint8_t tag = 0;

            if (!fits)
                continue;
            assert_int_equal(der_take(&from, &tag, &inside), octets <= 3);
            assert_int_equal(tag, 0x04);
            if (octets > 3)
                continue;
            assert_int_equal(inside.len, lens[i]);
            assert_ptr_equal(inside.at, bytes + whole - lens[i]);
            assert_ptr_equal(from.at, bytes + whole);
            assert_int_equal(from.len, 3);
            /* it ends with its last byte, and not before */
            from = (struct der){bytes, whole};
            assert_true(der_take(&from, &tag, &inside));
            assert_int_equal(from.len, 0);
            for (size_t less = 1; less <= whole && less < 300; less++) {
                from = (struct der){bytes, whole - less};
                assert_false(der_take(&from, &tag, &inside));
            }
        }
    }
    bytes[1] = 0x80; /* an indefinite length is none of DER */
    assert_false(der_take(&(struct der){bytes, 100}, bytes + 200, &(struct der){0}));
}

static void an_element_is_found_behind_others(void **state)
{
    static const uint8_t bytes[] = {0x04, 1, 7, 0x06, 0, 0x04, 2, 8, 9, 0x17, 5, 0};
    struct der from = {bytes, sizeof bytes}, inside;

    (void)state;
    assert_true(der_find(&from, 0x06, &inside));
    assert_int_equal(inside.len, 0);
    assert_true(der_find(&from, 0x04, &inside));
    assert_int_equal(inside.len, 2);
    assert_int_equal(inside.at[0], 8);
    assert_false(der_find(&from, 0x17, &inside)); /* longer than the rest */
    from = (struct der){bytes, 9};
    assert_false(der_find(&from, 0x17, &inside));
    assert_int_equal(from.len, 0);
}

/* ---- extensions --------------------------------------------------------------------------- */

static void put_extension(uint8_t *bytes, uint16_t type, uint16_t len)
{
    put16(bytes, type);
    put16(bytes + 2, len);
}

static void a_type_that_comes_twice_is_found(void **state)
{
    static const uint16_t types[] = {0,    1,    30,   31,   32,   33,    63,    511,   512,
                                     1022, 1023, 1024, 1055, 2047, 32767, 32768, 64512, 65535};
    uint8_t bytes[64] = {0};

    (void)state;
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        for (unsigned k = 0; k < sizeof types / sizeof *types; k++) {
            put_extension(bytes, types[i], 0);
            put_extension(bytes + 4, 999, 3);
            put_extension(bytes + 11, types[k], 1);
            assert_int_equal(wire_tls_has_twice((struct wire_tls_bytes){bytes, 16}), i == k);
            /* only whole extensions are read here */
            assert_false(wire_tls_has_twice((struct wire_tls_bytes){bytes, 15}));
            assert_false(wire_tls_has_twice((struct wire_tls_bytes){bytes, 14}));
        }
    }
    assert_false(wire_tls_has_twice((struct wire_tls_bytes){bytes, 0}));
}

static void the_extensions_of_the_library_are_known(void **state)
{
    static const uint16_t known[] = {0, 10, 13, 16, 28, 41, 42, 43, 44, 45, 50, 51};
    unsigned at = 0;

    (void)state;
    for (unsigned type = 0; type < 65536; type++) {
        const bool is_known = at < sizeof known / sizeof *known && known[at] == type;

        assert_int_equal(wire_tls_knows((uint16_t)type), is_known);
        at += is_known;
    }
}

/* ---- messages after the handshake ---------------------------------------------------------- */

/* Writes a ticket; returns the length of the message without its header. */
static uint32_t write_ticket(uint8_t *bytes, size_t size, uint32_t early_bytes)
{
    static const uint8_t nonce[3] = "no", identity[6] = "ident";
    const struct wire_tls_ticket ticket = {.lifetime_s = 0x01020304,
                                           .age_add = 0xa5b6c7d8,
                                           .early_bytes = early_bytes,
                                           .nonce = {nonce, 2},
                                           .identity = {identity, 5}};
    struct wire_tls_out out = {bytes, bytes + size, false};

    wire_tls_ticket_write(&out, &ticket);
    assert_false(out.full);
    assert_int_equal(wire_tls_type_of(bytes), WIRE_TLS_NEW_SESSION_TICKET);
    assert_int_equal(wire_tls_len_of(bytes), out.at - bytes - 4);
    return (uint32_t)(out.at - bytes) - 4;
}

static void a_ticket_is_read_as_it_was_written(void **state)
{
    static const uint32_t early[] = {0, 1, 255, 256, 0xffffffff};
    struct wire_tls_ticket read;
    uint8_t bytes[100];

    (void)state;
    for (unsigned i = 0; i < sizeof early / sizeof *early; i++) {
        const uint32_t len = write_ticket(bytes, sizeof bytes, early[i]);

        assert_int_equal(len, 4 + 4 + 1 + 2 + 2 + 5 + 2 + (early[i] ? 8 : 0));
        assert_int_equal(wire_tls_ticket_read(bytes + 4, len, &read), 0);
        assert_int_equal(read.lifetime_s, 0x01020304);
        assert_int_equal(read.age_add, 0xa5b6c7d8);
        assert_int_equal(read.early_bytes, early[i]);
        assert_int_equal(read.nonce.len, 2);
        assert_memory_equal(read.nonce.at, "no", 2);
        assert_int_equal(read.identity.len, 5);
        assert_memory_equal(read.identity.at, "ident", 5);
        for (uint32_t less = 1; less <= len; less++)
            assert_int_equal(wire_tls_ticket_read(bytes + 4, len - less, &read),
                             WIRE_TLS_DECODE_ERROR);
        bytes[4 + len] = 0;
        assert_int_equal(wire_tls_ticket_read(bytes + 4, len + 1, &read), WIRE_TLS_DECODE_ERROR);
    }
}

/* Reads a ticket with the block of extensions of @len bytes at @block. */
static uint8_t read_with(const uint8_t *block, uint32_t len, struct wire_tls_ticket *read)
{
    uint8_t bytes[100];
    uint32_t at = write_ticket(bytes, sizeof bytes, 0) + 4 - 2;

    put16(bytes + at, (uint16_t)len);
    memcpy(bytes + at + 2, block, len);
    return wire_tls_ticket_read(bytes + 4, at + 2 + len - 4, read);
}

static void a_ticket_has_early_data_or_unknown_extensions(void **state)
{
    struct wire_tls_ticket read;
    uint8_t block[32] = {0};

    (void)state;
    for (unsigned type = 0; type < 300; type++) {
        const uint8_t alert = type != WIRE_TLS_EARLY_DATA && wire_tls_knows((uint16_t)type)
                                  ? WIRE_TLS_ILLEGAL_PARAMETER
                                  : 0;

        put_extension(block, (uint16_t)type, 4);
        put32(block + 4, 77);
        assert_int_equal(read_with(block, 8, &read), alert);
        assert_true(alert || read.early_bytes == (type == WIRE_TLS_EARLY_DATA ? 77 : 0));
    }
    for (uint32_t len = 0; len < 9; len++) {
        put_extension(block, WIRE_TLS_EARLY_DATA, (uint16_t)len);
        assert_int_equal(read_with(block, 4 + len, &read), len == 4 ? 0 : WIRE_TLS_DECODE_ERROR);
        put_extension(block, 999, (uint16_t)len);
        assert_int_equal(read_with(block, 4 + len, &read), 0);
        assert_int_equal(read_with(block, 5 + len, &read), WIRE_TLS_DECODE_ERROR);
        if (len > 0)
            assert_int_equal(read_with(block, 3 + len, &read), WIRE_TLS_DECODE_ERROR);
    }
    put_extension(block, 999, 0);
    put_extension(block + 4, 999, 0);
    assert_int_equal(read_with(block, 8, &read), WIRE_TLS_ILLEGAL_PARAMETER);
}

static void a_ticket_without_an_identity_is_none(void **state)
{
    static const uint8_t bytes[] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0};
    static const uint8_t least[] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 9, 0, 0};
    struct wire_tls_ticket read;

    (void)state;
    assert_int_equal(wire_tls_ticket_read(bytes, sizeof bytes, &read), WIRE_TLS_DECODE_ERROR);
    assert_int_equal(wire_tls_ticket_read(least, sizeof least, &read), 0);
    assert_int_equal(read.nonce.len, 0);
    assert_int_equal(read.identity.len, 1);
}

static void a_key_update_is_one_byte(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        const uint8_t bytes[] = {(uint8_t)value, 0};
        bool requested = value != 1;

        assert_int_equal(wire_tls_key_update_read(bytes, 1, &requested),
                         value <= 1 ? 0 : WIRE_TLS_ILLEGAL_PARAMETER);
        assert_true(value > 1 || requested == (value == 1));
        assert_int_equal(wire_tls_key_update_read(bytes, 0, &requested), WIRE_TLS_DECODE_ERROR);
        assert_int_equal(wire_tls_key_update_read(bytes, 2, &requested), WIRE_TLS_DECODE_ERROR);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_alert_has_its_name),
        cmocka_unit_test(each_suite_has_its_algorithms),
        cmocka_unit_test(a_protocol_has_31_bytes_at_most),
        cmocka_unit_test(a_length_of_DER_has_up_to_three_octets),
        cmocka_unit_test(an_element_is_found_behind_others),
        cmocka_unit_test(a_type_that_comes_twice_is_found),
        cmocka_unit_test(the_extensions_of_the_library_are_known),
        cmocka_unit_test(a_ticket_is_read_as_it_was_written),
        cmocka_unit_test(a_ticket_has_early_data_or_unknown_extensions),
        cmocka_unit_test(a_ticket_without_an_identity_is_none),
        cmocka_unit_test(a_key_update_is_one_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
