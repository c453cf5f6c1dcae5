/* secret.c -- handling of secrets: compared without branches, wiped for good. */
#include <leat/crypto.h>

#include <string.h>

bool leat_crypto_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint32_t differ = 0;

    for (size_t i = 0; i < len; i++)
        differ |= (uint32_t)(left[i] ^ right[i]);
    return ((differ - 1u) >> 31) != 0; /* 0 - 1 alone has the highest bit */
}

void leat_crypto_wipe(void *bytes, size_t len)
{
    memset(bytes, 0, len);
    __asm__ volatile("" : : "r"(bytes) : "memory"); /* this may read them, for all compilers know */
}
