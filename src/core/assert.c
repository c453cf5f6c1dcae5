/* assert.c -- the end of a failed assertion, unless the program has one of its own. */
#include <leat/host.h>

__attribute__((weak)) void leat_assert_failed(const char *file, unsigned line)
{
    (void)file;
    (void)line;
    __builtin_trap();
}
