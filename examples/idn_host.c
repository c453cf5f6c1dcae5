/* idn_host.c -- see idn.h. */
#include <string.h>

#include "idn.h"

const char *idn_host(const char *name)
{
    static char ascii[256];
    bool is_ascii = true;

    for (const char *at = name; *at; at++)
        is_ascii &= (unsigned char)*at < 0x80;
    if (is_ascii)
        return name;
    return idn_to_ascii(name, strlen(name), ascii, sizeof ascii) ? ascii : NULL;
}
