/* zip_name.c -- names of entries: UTF-8 or not, and safe to unpack. */
#include "web/zip/zip_name.h"

#include <string.h>

#include <leat/zip.h>

/* Octets that follow @lead in its character (RFC 3629 3); 4: no character begins so. */
static size_t octets_behind(uint8_t lead)
{
    if (lead < 0x80)
        return 0;
    if (lead < 0xc0 || lead > 0xf7)
        return 4;
    return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

bool zip_is_utf8(const char *bytes, size_t len)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t *name = (const uint8_t *)bytes;

    for (size_t i = 0; i < len;) {
        const uint8_t lead = name[i++];
        const size_t more = octets_behind(lead);
        /* of a lead with `more` octets behind it, the low bits belong to the character */
        uint32_t code = more == 0 ? lead : lead & 0x3fu >> more;

        if (more > 3 || more > len - i)
            return false;
        for (const size_t end = i + more; i < end; i++) {
            if ((name[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (name[i] & 0x3fu);
        }
        /* RFC 3629 3: a longer form than needed could hide a slash; surrogates are no characters */
        if (code < least[more] || code > 0x10ffff || code >> 11 == 0xd800 >> 11)
            return false;
    }
    return true;
}

size_t zip_whole_part(const char *name, size_t len)
{
    size_t end = len;

    /* the last character has at most three octets behind its first */
    while (end > 0 && len - end < 3 && ((uint8_t)name[end - 1] & 0xc0) == 0x80)
        end--;
    if (end == 0 || (uint8_t)name[end - 1] < 0xc0)
        return len;
    return end - 1;
}

size_t leat_zip_clean_name(const char *given, size_t len, char *name)
{
    static const char nothing[] = "file";
    size_t from = 0;
    size_t to = 0;

    /* Only the part behind the last slash of either kind: an entry must not leave the folder that
     * it is unpacked into ("zip slip"). */
    for (size_t i = 0; i < len; i++) {
        if (given[i] == '/' || given[i] == '\\')
            from = i + 1;
    }
    for (; from < len && to < LEAT_ZIP_NAME_BYTES; from++) {
        if ((unsigned char)given[from] >= ' ' && given[from] != 0x7f)
            name[to++] = given[from];
    }
    /* the name was cut inside of a character, which goes as a whole */
    if (from < len && ((uint8_t)given[from] & 0xc0) == 0x80)
        to = zip_whole_part(name, to);
    /* not ".", not "..", and not empty */
    if (to > 2 || (to > 0 && (name[0] != '.' || name[to - 1] != '.')))
        return to;
    memcpy(name, nothing, sizeof nothing - 1);
    return sizeof nothing - 1;
}
