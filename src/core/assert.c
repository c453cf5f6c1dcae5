/* assert.c -- the default handler of failed assertions; a program may define its own. */
#include <leat/host.h>

__attribute__((weak)) void leat_assert_failed(const char *file, unsigned line)
{
    (void)file;
    (void)line;
    __builtin_trap();
}
