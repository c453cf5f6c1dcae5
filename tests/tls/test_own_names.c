/* test_own_names.c -- the DNS names and the end of a certificate, whole, cut and with wrong bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/tls.h>

/* openssl req -x509 -subj /CN=leat -addext
 * subjectAltName=DNS:A.Example.org,IP:10.0.0.1,DNS:*.example.net,email:a@b.example */
static const uint8_t certificate[] = {
    0x30, 0x82, 0x01, 0xb1, 0x30, 0x82, 0x01, 0x57, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x14, 0x0c,
    0xed, 0x31, 0x10, 0x51, 0xf2, 0x1f, 0xa9, 0x89, 0x9b, 0xe2, 0xc5, 0x3a, 0x9d, 0x9e, 0xd6, 0x59,
    0xaf, 0x0e, 0x2f, 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x30,
    0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x04, 0x6c, 0x65, 0x61, 0x74,
    0x30, 0x1e, 0x17, 0x0d, 0x32, 0x36, 0x31, 0x31, 0x32, 0x36, 0x30, 0x30, 0x33, 0x32, 0x34, 0x37,
    0x5a, 0x17, 0x0d, 0x33, 0x36, 0x31, 0x31, 0x32, 0x33, 0x30, 0x30, 0x33, 0x32, 0x34, 0x37, 0x5a,
    0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x04, 0x6c, 0x65, 0x61,
    0x74, 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0xa7, 0x43, 0x12, 0xb8,
    0x48, 0x7a, 0x14, 0x92, 0x66, 0x02, 0x90, 0xf2, 0x4f, 0x8e, 0x82, 0xf4, 0xc2, 0x64, 0xbc, 0x0b,
    0x5f, 0x61, 0x7f, 0xab, 0x1b, 0xf5, 0x83, 0x06, 0x7b, 0x8d, 0x66, 0x73, 0x36, 0x87, 0xe9, 0x76,
    0x9a, 0x08, 0x42, 0x60, 0x17, 0x09, 0x26, 0xc3, 0x65, 0x5a, 0x48, 0xc6, 0x26, 0xb3, 0xe8, 0x54,
    0xab, 0x39, 0x2a, 0x5a, 0x07, 0xa3, 0xe9, 0xaf, 0x5c, 0xfa, 0x1b, 0x72, 0xa3, 0x81, 0x90, 0x30,
    0x81, 0x8d, 0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14, 0xc3, 0x04, 0x43,
    0x5d, 0xa2, 0x2b, 0xef, 0x1f, 0x14, 0x08, 0xe7, 0x67, 0x75, 0xd7, 0x4b, 0x7f, 0x1d, 0x9b, 0xd1,
    0xe9, 0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14, 0xc3, 0x04,
    0x43, 0x5d, 0xa2, 0x2b, 0xef, 0x1f, 0x14, 0x08, 0xe7, 0x67, 0x75, 0xd7, 0x4b, 0x7f, 0x1d, 0x9b,
    0xd1, 0xe9, 0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03,
    0x01, 0x01, 0xff, 0x30, 0x3a, 0x06, 0x03, 0x55, 0x1d, 0x11, 0x04, 0x33, 0x30, 0x31, 0x82, 0x0d,
    0x41, 0x2e, 0x45, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x87, 0x04, 0x0a,
    0x00, 0x00, 0x01, 0x82, 0x0d, 0x2a, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6e,
    0x65, 0x74, 0x81, 0x0b, 0x61, 0x40, 0x62, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x30,
    0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x48, 0x00, 0x30, 0x45,
    0x02, 0x20, 0x63, 0x6a, 0x66, 0x96, 0x8b, 0x03, 0x00, 0x15, 0xe6, 0x9a, 0xd5, 0x9a, 0xec, 0x2d,
    0xe9, 0x79, 0xde, 0xe1, 0xe8, 0x07, 0x5a, 0x9a, 0x4b, 0x26, 0x1e, 0x78, 0x15, 0x60, 0x2d, 0x24,
    0x52, 0xd3, 0x02, 0x21, 0x00, 0xe3, 0xfd, 0xfe, 0x9a, 0x69, 0x42, 0x5e, 0xe9, 0x5a, 0x31, 0xd4,
    0x1d, 0x7b, 0xab, 0xb9, 0x54, 0x52, 0xc3, 0xf1, 0x94, 0x78, 0xb6, 0x7a, 0xb8, 0xf9, 0x1e, 0x48,
    0x6f, 0xcf, 0x21, 0x6d, 0x83,
};

enum {
    MEMORY_BYTES = 2 * sizeof(char *) + sizeof "a.example.org" + sizeof "*.example.net"
};

/* Reads the names of a copy at the end of its memory, with @bytes of memory for them, at an odd
 * address or not. */
static enum leat_err read_names(const uint8_t *der, size_t len, struct leat_tls_identity *identity,
                                void *memory, size_t bytes)
{
    uint8_t *copy = malloc(len + !len);
    enum leat_err err;

    memcpy(copy, der, len);
    memset(identity, 0, sizeof *identity);
    identity->chain_count = 1;
    identity->chain[0] = (struct leat_crypto_piece){copy, len};
    err = leat_tls_identity_read_names(identity, memory, bytes);
    free(copy);
    return err;
}

static void test_names_are_in_lower_case(void **state)
{
    struct leat_tls_identity identity;
    char *memory = malloc(MEMORY_BYTES + sizeof(char *));

    (void)state;
    for (size_t shift = 0; shift < sizeof(char *); shift++) {
        assert_int_equal(read_names(certificate, sizeof certificate, &identity, memory + shift,
                                    MEMORY_BYTES + sizeof(char *) - shift),
                         LEAT_OK);
        assert_int_equal(identity.name_count, 2);
        assert_string_equal(identity.names[0], "a.example.org");
        assert_string_equal(identity.names[1], "*.example.net");
    }
    free(memory);
}

/* How many names the certificate has with this octet in front of the first one. */
static unsigned names_with(uint8_t octet)
{
    static const uint8_t name[] = {0x82, 0x0d, 0x41};
    uint8_t der[sizeof certificate];
    struct leat_tls_identity identity;
    char memory[MEMORY_BYTES + sizeof(char *)];

    memcpy(der, certificate, sizeof der);
    for (size_t at = 0; at + sizeof name <= sizeof der; at++) {
        if (memcmp(der + at, name, sizeof name) == 0)
            der[at + 2] = octet;
    }
    assert_int_equal(read_names(der, sizeof der, &identity, memory, sizeof memory), LEAT_OK);
    return identity.name_count;
}

/* Others could end a line, or another text that the name becomes a part of. */
static void test_octets_of_names(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        const bool good = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
                          (octet >= '0' && octet <= '9') ||
                          (octet > 0 && strchr("-_*.", (int)octet));

        assert_int_equal(names_with((uint8_t)octet), good ? 2 : 1);
    }
}

/* Puts a tag and a length in front of the @len bytes; returns the length with them. */
static size_t wrap(uint8_t tag, uint8_t *bytes, size_t len)
{
    memmove(bytes + 4, bytes, len);
    bytes[0] = tag;
    bytes[1] = 0x82;
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    return len + 4;
}

/* Reads a certificate that has nothing but names: "b", and one of @len octets. */
static enum leat_err read_long(struct leat_tls_identity *identity, size_t len, void *memory,
                               size_t bytes)
{
    static const uint8_t oid[] = {0x06, 3, 0x55, 0x1d, 0x11};
    uint8_t der[512] = {0x82, 1, 'b', 0x82, 0x82, (uint8_t)(len >> 8), (uint8_t)len};
    size_t all = 7 + len;

    memset(der + 7, 'a', len);
    all = wrap(0x30, der, all);
    all = wrap(0x04, der, all);
    memmove(der + sizeof oid, der, all);
    memcpy(der, oid, sizeof oid);
    all = wrap(0x30, der, all + sizeof oid);
    for (unsigned i = 0; i < 4; i++)
        all = wrap(i == 1 ? 0xa3 : 0x30, der, all);
    return read_names(der, all, identity, memory, bytes);
}

static void test_a_name_has_253_octets_at_most(void **state)
{
    struct leat_tls_identity identity;
    char *memory = malloc(512);

    (void)state;
    for (size_t len = 0; len < 260; len++) {
        const bool good = len > 0 && len <= 253;
        const size_t needed = good ? 2 * sizeof(char *) + 2 + len + 1 : sizeof(char *) + 2;

        assert_int_equal(read_long(&identity, len, memory, needed - 1), LEAT_ERR_MEMORY);
        assert_int_equal(read_long(&identity, len, memory, needed), LEAT_OK);
        assert_int_equal(identity.name_count, good ? 2 : 1);
        assert_string_equal(identity.names[0], "b");
        if (good)
            assert_int_equal(strlen(identity.names[1]), len);
    }
    free(memory);
}

static void test_too_little_memory(void **state)
{
    struct leat_tls_identity identity;
    void *memory = malloc(MEMORY_BYTES);

    (void)state;
    for (size_t bytes = 0; bytes < MEMORY_BYTES; bytes++) {
        assert_int_equal(read_names(certificate, sizeof certificate, &identity, memory, bytes),
                         LEAT_ERR_MEMORY);
        assert_null(identity.names);
    }
    assert_int_equal(read_names(certificate, sizeof certificate, &identity, memory, MEMORY_BYTES),
                     LEAT_OK);
    free(memory);
}

static void test_broken_certificates(void **state)
{
    struct leat_tls_identity identity;
    uint8_t der[sizeof certificate];
    char memory[4096];

    (void)state;
    for (size_t len = 0; len < sizeof certificate; len++)
        assert_int_equal(read_names(certificate, len, &identity, memory, sizeof memory),
                         LEAT_ERR_NOT_FOUND);
    for (size_t at = 0; at < sizeof certificate; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(der, certificate, sizeof der);
            der[at] ^= (uint8_t)(1u << bit);
            if (read_names(der, sizeof der, &identity, memory, sizeof memory) == LEAT_OK)
                assert_in_range(identity.name_count, 1, 2);
        }
    }
}

/* ---- Its end ---- */

static uint64_t end_of(const uint8_t *der, size_t len)
{
    uint8_t *copy = malloc(len + !len);
    struct leat_tls_identity identity = {.chain_count = 1};
    uint64_t ends_s;

    memcpy(copy, der, len);
    identity.chain[0] = (struct leat_crypto_piece){copy, len};
    ends_s = leat_tls_identity_ends_s(&identity);
    free(copy);
    return ends_s;
}

/* The certificate with other bytes in place of its notAfter, which has @len octets in both. */
static uint64_t end_with(const char *from, const char *to, size_t len)
{
    uint8_t der[sizeof certificate];

    memcpy(der, certificate, sizeof der);
    for (size_t at = 0; at + len <= sizeof der; at++) {
        if (memcmp(der + at, from, len) == 0) {
            memcpy(der + at, to, len);
            return end_of(der, sizeof der);
        }
    }
    return fail(), 0;
}

static void test_the_end_of_a_certificate(void **state)
{
    static const struct leat_tls_identity none;

    (void)state;
    assert_int_equal(end_of(certificate, sizeof certificate), 2111013167); /* 2036-11-23 00:32:47 */
    assert_int_equal(end_with("361123", "491231", 6), 2524523567);         /* 2049-12-31 00:32:47 */
    assert_int_equal(end_with("361123", "700101", 6), 1967);               /* of the last century */
    assert_int_equal(end_with("361123", "500101", 6), 0);                  /* 1950: before 1970 */
    assert_int_equal(end_with("361123", "361323", 6), 0);
    assert_int_equal(end_with("361123", "36112x", 6), 0);
    assert_int_equal(end_with("003247Z0\x0f", "003247+0\x0f", 9), 0);
    /* a GeneralizedTime of as many octets begins with the century, and lacks the seconds */
    assert_int_equal(end_with("\x17\x0d"
                              "361123",
                              "\x18\x0d"
                              "361123",
                              8),
                     0);
    assert_int_equal(leat_tls_identity_ends_s(&none), 0);
}

/* No more of a certificate than its validity (RFC 5280 4.1), with this notAfter. */
static uint64_t end_of_time(uint8_t tag, const char *text)
{
    uint8_t der[64] = {0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x17, 0};
    const uint8_t len = (uint8_t)strlen(text);

    der[12] = tag;
    der[13] = len;
    memcpy(der + 14, text, len);
    der[9] = (uint8_t)(4 + len);
    der[3] = (uint8_t)(8 + der[9] - 2);
    der[1] = (uint8_t)(2 + der[3]);
    return end_of(der, 14u + len);
}

static void test_both_kinds_of_time(void **state)
{
    static const struct {
        uint8_t tag;
        const char *text;
        uint64_t ends_s;
    } table[] = {
        {0x17, "361123003247Z", 2111013167},
        {0x18, "20361123003247Z", 2111013167},
        {0x18, "19700101000001Z", 1},
        {0x18, "21000101000000Z", 4102444800},
        {0x17, "491231235959Z", 2524607999},
        {0x17, "20361123003247Z", 0},
        {0x18, "361123003247Z", 0},
        {0x18, "2x361123003247Z", 0},
        {0x18, "2", 0},
        {0x18, "", 0},
        {0x18, "20361123003247", 0},
        {0x18, "20361123003247z", 0},
        {0x18, "20361123003247ZZ", 0},
        {0x18, "2036112300324:Z", 0},
        {0x18, "203611230032/7Z", 0},
        {0x16, "361123003247Z", 0},
        {0x19, "20361123003247Z", 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(end_of_time(table[i].tag, table[i].text), table[i].ends_s);
}

static void test_the_end_of_broken_certificates(void **state)
{
    uint8_t der[sizeof certificate];

    (void)state;
    for (size_t len = 0; len < sizeof certificate; len++)
        assert_int_equal(end_of(certificate, len), 0);
    for (size_t at = 0; at < sizeof certificate; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(der, certificate, sizeof der);
            der[at] ^= (uint8_t)(1u << bit);
            end_of(der, sizeof der); /* reads nothing beside the copy */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_in_lower_case),
        cmocka_unit_test(test_octets_of_names),
        cmocka_unit_test(test_a_name_has_253_octets_at_most),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_broken_certificates),
        cmocka_unit_test(test_the_end_of_a_certificate),
        cmocka_unit_test(test_both_kinds_of_time),
        cmocka_unit_test(test_the_end_of_broken_certificates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
