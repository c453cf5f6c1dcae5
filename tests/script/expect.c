/* expect.c -- compares a transmitted packet with the script's. */
#include "expect.h"

#include <stdio.h>
#include <string.h>

static void differ(char differences[DIFFERENCES_BYTES], const char *what)
{
    const size_t len = strlen(differences);

    snprintf(differences + len, DIFFERENCES_BYTES - len, "%s%s", len > 0 ? ", " : "", what);
}

static bool same_tos(const struct packet *expected, const struct packet *seen)
{
    switch (expected->tos_check) {
    case TOS_ANY:
        return true;
    case TOS_EXACT:
        return seen->tos == expected->tos;
    case TOS_ECN:
        return (seen->tos & 3) == expected->tos;
    case TOS_ECT01:
        return (seen->tos & 3) == 1 || (seen->tos & 3) == 2;
    }
    return false;
}

/* ---- options ------------------------------------------------------------------------------ */

static bool is_padding(const struct packet_option *option)
{
    return option->kind == OPTION_NOP || option->kind == OPTION_EOL;
}

static bool same_option(const struct packet_option *expected, const struct packet_option *seen,
                        bool relaxed)
{
    if (relaxed && expected->kind == OPTION_WSCALE)
        return true;
    if (expected->kind == OPTION_TS)
        return expected->value2 == seen->value2;
    if (expected->kind == OPTION_FO) /* a named cookie stands for ours, whatever its value */
        return (expected->count > 0) == (seen->count > 0);
    return expected->value == seen->value && expected->count == seen->count &&
           memcmp(expected->sack, seen->sack, sizeof seen->sack) == 0;
}

static unsigned options_of(const struct packet *packet)
{
    unsigned count = 0;

    for (unsigned i = 0; i < packet->option_count; i++)
        count += !is_padding(&packet->options[i]);
    return count;
}

/* Each kind may come once (RFC 9293 3.2 sets no order). */
static bool same_options(const struct packet *expected, const struct packet *seen, bool relaxed)
{
    if (expected->any_options)
        return true;
    if (options_of(expected) != options_of(seen))
        return false;
    for (unsigned i = 0; i < expected->option_count; i++) {
        const struct packet_option *option = &expected->options[i];
        const struct packet_option *other = packet_find_option(seen, option->kind);

        if (!is_padding(option) && (!other || !same_option(option, other, relaxed)))
            return false;
    }
    return true;
}

/* ---- all ---------------------------------------------------------------------------------- */

static bool same_window(const struct packet *expected, const struct packet *seen, bool relaxed)
{
    return relaxed ? (seen->window == 0) == (expected->window == 0)
                   : seen->window == expected->window;
}

static void compare_tcp(const struct packet *expected, const struct packet *seen, bool relaxed,
                        char differences[DIFFERENCES_BYTES])
{
    const uint8_t open_flags = relaxed ? FLAG_PSH : 0;

    if ((seen->flags ^ expected->flags) & ~open_flags)
        differ(differences, "flags");
    if (seen->seq != expected->seq)
        differ(differences, "seq");
    if (seen->len != expected->len)
        differ(differences, "length");
    if ((expected->flags & FLAG_ACK) && !expected->any_ack && seen->ack != expected->ack)
        differ(differences, "ack");
    if (expected->has_window && !same_window(expected, seen, relaxed))
        differ(differences, "win");
    if (expected->has_urgent && seen->urgent != expected->urgent)
        differ(differences, "urg");
    if (!same_options(expected, seen, relaxed))
        differ(differences, "options");
}

static void compare_icmp(const struct packet *expected, const struct packet *seen,
                         char differences[DIFFERENCES_BYTES])
{
    if (seen->icmp_type != expected->icmp_type)
        differ(differences, "type");
    if (seen->icmp_code != expected->icmp_code)
        differ(differences, "code");
    if (expected->has_mtu && seen->mtu != expected->mtu)
        differ(differences, "mtu");
    if (expected->quoted != 0 && (seen->quoted != expected->quoted || seen->len != expected->len ||
                                  (seen->quoted == PACKET_TCP && seen->seq != expected->seq)))
        differ(differences, "quoted packet");
}

bool expect_same(const struct packet *expected, const struct packet *seen, bool relaxed,
                 char differences[DIFFERENCES_BYTES])
{
    differences[0] = 0;
    if (seen->protocol != expected->protocol) {
        differ(differences, "protocol");
        return false;
    }
    if (!same_tos(expected, seen))
        differ(differences, "tos");
    if (expected->df_check != DF_ANY && seen->df_check != expected->df_check)
        differ(differences, "df");
    if (expected->has_ttl && seen->ttl != expected->ttl)
        differ(differences, "ttl");
    if (expected->protocol == PACKET_TCP)
        compare_tcp(expected, seen, relaxed, differences);
    else if (expected->protocol == PACKET_ICMP)
        compare_icmp(expected, seen, differences);
    else if (seen->len != expected->len)
        differ(differences, "length");
    return differences[0] == 0;
}
