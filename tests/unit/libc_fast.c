/* libc_fast.c -- formats of the inttypes.h of images for the fast types of this compiler. */
#include <inttypes.h>
#include <stdio.h>

#include "libc_fast.h"

int print_fast(char *text, size_t size)
{
    const int_fast8_t i8 = -8;
    const int_fast16_t i16 = -16;
    const int_fast32_t i32 = -32;
    const int_fast64_t i64 = -64;
    const uint_fast8_t u8 = 0x8f;
    const uint_fast16_t u16 = 0x16ff;
    const uint_fast32_t u32 = 0x3200ffff;
    const uint_fast64_t u64 = 0x6400000000ffffff;

    return snprintf(text, size,
                    "%" PRIdFAST8 " %" PRIiFAST16 " %" PRIdFAST32 " %" PRIiFAST64 " %" PRIxFAST8
                    " %" PRIxFAST16 " %" PRIxFAST32 " %" PRIxFAST64,
                    i8, i16, i32, i64, u8, u16, u32, u64);
}
