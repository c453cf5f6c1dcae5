/*
 * twins.c -- the inline functions of the public headers once more, as functions of the library.
 *
 * C compiles an inline function into each of its users, so it has no symbol.  Languages that can't
 * read C call this copy (docs/abi.md).  A program that is written in C doesn't link this file.
 */
#define LEAT_INLINE /* leat/abi.h */
#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* the headers define them */

#include <leat/crypto.h>
#include <leat/leat.h>
#include <leat/stream.h>
