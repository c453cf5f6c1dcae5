/*
 * assert.c -- the default handler of failed assertions; a program may define its own.
 *
 * It must not return: the caller's state contradicts itself, and each later step could overwrite
 * more of the program.
 */
#include <leat/host.h>

__attribute__((weak)) void leat_assert_failed(const char *file, unsigned line)
{
    (void)file;
    (void)line;
    __builtin_trap();
}
