/* rfc8448_hex.h -- how the tests of RFC 8448's traces read them. */
#ifndef RFC8448_HEX_H
#define RFC8448_HEX_H

#include "tls_test.h"

enum {
    WIDE = 1 << 18, /* of the pipe between both ends */
    BYTES_MAX = 1024
};

/* Digits of @hex into @bytes, which has room for BYTES_MAX; how many octets they are. */
static inline size_t unhex(const char *hex, uint8_t *bytes)
{
    const size_t len = strlen(hex) / 2;

    assert_true(len <= BYTES_MAX);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
    return len;
}

#endif
