/* idn.c -- see idn.h: by GNU libidn2. */
#include "idn.h"

#include <idn2.h>
#include <stdio.h>

enum {
    NAME_BYTES = 1024 /* more in UTF-8 than 253 of DNS */
};

bool idn_to_ascii(const char *name, size_t len, char *ascii, size_t room)
{
    static char text[NAME_BYTES]; /* one name at a time */
    char *made = NULL;
    int put = -1;

    if (len >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)len, name);
    /* as curl does: the rules of IDNA 2008, letters in lower case and composed (UTS 46) */
    if (idn2_to_ascii_8z(text, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
        put = snprintf(ascii, room, "%s", made);
    idn2_free(made);
    return put > 0 && (size_t)put < room;
}
