/* idn_none.c -- a build without libidn2 knows no names in other alphabets. */
#include "idn.h"

bool idn_to_ascii(const char *name, size_t len, char *ascii, size_t room)
{
    (void)name;
    (void)len;
    (void)ascii;
    (void)room;
    return false;
}
