/*
 * inttypes.h -- formats and conversions of the types of stdint.h (C11 7.8), for machines without a
 * libc. It has no formats for scanf, which is not there.
 */
#ifndef BARE_INTTYPES_H
#define BARE_INTTYPES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define BARE_RESTRICT
#else
#define BARE_RESTRICT restrict
#endif

/* gcc calls 64 bits the fastest of at least 16 or 32; clang, exactly so many. */
#if INT_FAST16_MAX > INT32_MAX
#define BARE_FAST16 "l"
#elif INT_FAST16_MAX > INT16_MAX
#define BARE_FAST16 ""
#else
#define BARE_FAST16 "h"
#endif
#if INT_FAST32_MAX > INT32_MAX
#define BARE_FAST32 "l"
#else
#define BARE_FAST32 ""
#endif

#define PRId8       "hhd"
#define PRIi8       "hhi"
#define PRIo8       "hho"
#define PRIx8       "hhx"
#define PRIu8       "hhu"
#define PRIX8       "hhX"
#define PRId16      "hd"
#define PRIi16      "hi"
#define PRIo16      "ho"
#define PRIx16      "hx"
#define PRIu16      "hu"
#define PRIX16      "hX"
#define PRId32      "d"
#define PRIi32      "i"
#define PRIo32      "o"
#define PRIx32      "x"
#define PRIu32      "u"
#define PRIX32      "X"
#define PRId64      "ld"
#define PRIi64      "li"
#define PRIo64      "lo"
#define PRIx64      "lx"
#define PRIu64      "lu"
#define PRIX64      "lX"
#define PRIdLEAST8  "hhd"
#define PRIiLEAST8  "hhi"
#define PRIoLEAST8  "hho"
#define PRIxLEAST8  "hhx"
#define PRIuLEAST8  "hhu"
#define PRIXLEAST8  "hhX"
#define PRIdLEAST16 "hd"
#define PRIiLEAST16 "hi"
#define PRIoLEAST16 "ho"
#define PRIxLEAST16 "hx"
#define PRIuLEAST16 "hu"
#define PRIXLEAST16 "hX"
#define PRIdLEAST32 "d"
#define PRIiLEAST32 "i"
#define PRIoLEAST32 "o"
#define PRIxLEAST32 "x"
#define PRIuLEAST32 "u"
#define PRIXLEAST32 "X"
#define PRIdLEAST64 "ld"
#define PRIiLEAST64 "li"
#define PRIoLEAST64 "lo"
#define PRIxLEAST64 "lx"
#define PRIuLEAST64 "lu"
#define PRIXLEAST64 "lX"
#define PRIdFAST8   "hhd"
#define PRIiFAST8   "hhi"
#define PRIoFAST8   "hho"
#define PRIxFAST8   "hhx"
#define PRIuFAST8   "hhu"
#define PRIXFAST8   "hhX"
#define PRIdFAST16  BARE_FAST16 "d"
#define PRIiFAST16  BARE_FAST16 "i"
#define PRIoFAST16  BARE_FAST16 "o"
#define PRIxFAST16  BARE_FAST16 "x"
#define PRIuFAST16  BARE_FAST16 "u"
#define PRIXFAST16  BARE_FAST16 "X"
#define PRIdFAST32  BARE_FAST32 "d"
#define PRIiFAST32  BARE_FAST32 "i"
#define PRIoFAST32  BARE_FAST32 "o"
#define PRIxFAST32  BARE_FAST32 "x"
#define PRIuFAST32  BARE_FAST32 "u"
#define PRIXFAST32  BARE_FAST32 "X"
#define PRIdFAST64  "ld"
#define PRIiFAST64  "li"
#define PRIoFAST64  "lo"
#define PRIxFAST64  "lx"
#define PRIuFAST64  "lu"
#define PRIXFAST64  "lX"
#define PRIdMAX     "ld"
#define PRIiMAX     "li"
#define PRIoMAX     "lo"
#define PRIxMAX     "lx"
#define PRIuMAX     "lu"
#define PRIXMAX     "lX"
#define PRIdPTR     "ld"
#define PRIiPTR     "li"
#define PRIoPTR     "lo"
#define PRIxPTR     "lx"
#define PRIuPTR     "lu"
#define PRIXPTR     "lX"

typedef struct {
    intmax_t quot;
    intmax_t rem;
} imaxdiv_t;

intmax_t imaxabs(intmax_t value);
imaxdiv_t imaxdiv(intmax_t value, intmax_t by);
intmax_t strtoimax(const char *BARE_RESTRICT text, char **BARE_RESTRICT end, int base);
uintmax_t strtoumax(const char *BARE_RESTRICT text, char **BARE_RESTRICT end, int base);

#ifdef __cplusplus
}
#endif
#undef BARE_RESTRICT
#endif
