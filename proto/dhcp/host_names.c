/* host_names.c -- names from a server, restricted to bytes that host names can contain. */
#include "proto/dhcp/dhcp.h"

enum {
    LABEL_BYTES = 63, /* RFC 1035 3.1 */
    POINTER = 0xc0
};

/* Names go to logs and into questions, so no other bytes are accepted. */
static bool is_of_name(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

void dhcp_name_read(const struct wire_dhcp_options *options, uint8_t code,
                    char text[LEAT_DHCP_NAME_BYTES])
{
    /* wire_dhcp_option() returns the full length, so a name that was cut is found, and is left
     * out. */
    int32_t len = wire_dhcp_option(options, code, (uint8_t *)text, LEAT_DHCP_NAME_BYTES - 1);

    if (len < 0 || len >= LEAT_DHCP_NAME_BYTES)
        len = 0;
    while (len > 0 && text[len - 1] == '\0') /* RFC 2132 2: some servers end text with a NUL */
        len--;
    text[len] = '\0';
    for (int32_t i = 0; i < len; i++) {
        if (!is_of_name((uint8_t)text[i])) {
            text[0] = '\0';
            return;
        }
    }
}

/* A name being formatted. */
struct line {
    char *text;
    uint32_t len;
    bool full;
};

static void put(struct line *line, uint8_t byte)
{
    if (line->len + 1 < LEAT_DHCP_NAME_BYTES)
        line->text[line->len++] = (char)byte;
    else
        line->full = true;
}

/* Adds one label; false: it has bytes that are illegal in a host name. */
static bool put_label(struct line *line, const uint8_t *label, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (!is_of_name(label[i]) || label[i] == '.')
            return false;
        put(line, label[i]);
    }
    return true;
}

/* Reads the name at @*at, and moves @*at behind it. Each pointer must lead before the last
 * one, so the loop ends (RFC 9267). */
static bool put_name(struct line *line, const uint8_t *bytes, uint32_t len, uint32_t *at)
{
    uint32_t from = *at, floor = from, labels = 0;
    bool jumped = false;

    while (from < len && bytes[from] != 0) {
        if ((bytes[from] & POINTER) == POINTER) {
            const uint32_t to =
                from + 1 < len ? (uint32_t)(bytes[from] & ~POINTER) << 8 | bytes[from + 1] : len;

            if (to >= floor)
                return false;
            /* The next name of the list follows the first pointer, or the end of a name without
             * one. */
            if (!jumped)
                *at = from + 2;
            jumped = true;
            from = floor = to;
            continue;
        }
        if (bytes[from] > LABEL_BYTES || len - from - 1 < bytes[from])
            return false;
        if (labels++ > 0)
            put(line, '.');
        if (!put_label(line, bytes + from + 1, bytes[from]))
            return false;
        from += 1u + bytes[from];
    }
    if (!jumped)
        *at = from + 1;
    return from < len && labels > 0;
}

bool dhcp_search_read(const uint8_t *bytes, uint32_t len, char text[LEAT_DHCP_NAME_BYTES])
{
    struct line line = {.text = text};
    uint32_t at = 0, whole = 0;

    while (at < len && !line.full) {
        if (line.len > 0)
            put(&line, ' ');
        if (!put_name(&line, bytes, len, &at))
            return false;
        if (!line.full)
            whole = line.len;
    }
    text[whole] = '\0'; /* leave out a name that doesn't fit completely */
    return true;
}
