/* blocklist_options.c -- options of a line in Adblock's syntax. See blocklist_rules.h. */
#include <string.h>

#include "proto/dns/blocklist_rules.h"
#include "proto/dns/dns_text.h"

/* True if the option is @name. */
static bool is(const char *text, size_t len, const char *name)
{
    size_t at = 0;

    while (at < len && name[at] != '\0' && name[at] == text[at])
        at++; /* a line may have bytes of 0, too */
    return at == len && name[at] == '\0';
}

/* True for options that say what a list of names does anyway. */
static bool is_implied(const char *text, size_t len)
{
    static const char names[][10] = {"all", "document", "doc", "popup"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is(text, len, names[i]))
            return true;
    }
    return false;
}

/* True for results that deny the name, as a block does. */
static bool is_denial(const char *text, size_t len)
{
    static const char codes[][10] = {"NXDOMAIN", "NOERROR", "REFUSED"};

    while (len > 0 && text[len - 1] == ';')
        len--;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (is(text, len, codes[i]))
            return true;
    }
    return false;
}

/* Reads the value of $dnsrewrite: an address, "NOERROR;A;ADDRESS", or a denial. Others are legal,
 * too. */
static void read_rewrite(struct blocklist_options *options, const char *text, size_t len)
{
    static const char a[] = "NOERROR;A;", aaaa[] = "NOERROR;AAAA;";
    uint8_t ip[16];

    if (len > sizeof a - 1 && memcmp(text, a, sizeof a - 1) == 0) {
        text += sizeof a - 1;
        len -= sizeof a - 1;
    } else if (len > sizeof aaaa - 1 && memcmp(text, aaaa, sizeof aaaa - 1) == 0) {
        text += sizeof aaaa - 1;
        len -= sizeof aaaa - 1;
    }
    if (len > 0 && dns_ip4_read(text, len, ip)) {
        options->rewrite = LEAT_IP4(ip[0], ip[1], ip[2], ip[3]);
        options->has_rewrite = true;
    } else if (len > 0 && dns_ip6_read(text, len, options->rewrite.bytes)) {
        options->has_rewrite = true;
    } else if (!is_denial(text, len)) {
        options->unhandled = true;
    }
}

static bool read_value(struct blocklist_options *options, const char *text, size_t name_len,
                       size_t len)
{
    const struct blocklist_span value = {.text = text + name_len + 1, .len = len - name_len - 1};

    if (value.len == 0)
        return false;
    if (is(text, name_len, "denyallow"))
        options->except = value;
    else if (is(text, name_len, "dnstype"))
        options->types = value;
    else if (is(text, name_len, "client"))
        options->clients = value;
    else if (is(text, name_len, "dnsrewrite"))
        read_rewrite(options, value.text, value.len);
    else
        return false;
    return true;
}

static bool read_option(struct blocklist_options *options, const char *text, size_t len)
{
    size_t name_len = 0;

    while (name_len < len && text[name_len] != '=')
        name_len++;
    if (name_len < len)
        return read_value(options, text, name_len, len);
    if (is(text, len, "important"))
        options->important = true;
    else if (is(text, len, "badfilter"))
        options->bad = true;
    else if (is(text, len, "dnsrewrite"))
        options->unhandled = true;
    else
        return is_implied(text, len);
    return true;
}

bool blocklist_options_read(struct blocklist_options *options, const char *text, size_t len)
{
    *options = (struct blocklist_options){.important = false};
    for (;;) {
        size_t part = 0;

        while (part < len && text[part] != ',')
            part++;
        if (!read_option(options, text, part))
            return false;
        if (part == len)
            return true;
        text += part + 1;
        len -= part + 1;
    }
}
