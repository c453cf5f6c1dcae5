/*
 * unreachable.c -- remembers the last reports that packets don't arrive, and formats them.
 *
 * They tell a program which router or host has refused its packets, and how. A transport learns of
 * an ICMP error by a call of its own (protocol->icmp_error).
 */
#include "core/unreachable.h"

#include "core/text.h"

COLD void unreachable_note(struct unreachables *reports, const struct leat_unreachable *report)
{
    struct leat_unreachable *place = reports->all;

    /* a free entry has at_ns 0, so it counts as the oldest */
    for (unsigned i = 0; i < UNREACHABLES; i++) {
        struct leat_unreachable *other = &reports->all[i];

        if (leat_ip_equal(other->to, report->to)) {
            place = other;
            break;
        }
        if (other->at_ns < place->at_ns)
            place = other;
    }
    *place = *report;
}

/* Types 3, 11 and 12 of RFC 792; codes 9 and 10 are from RFC 1122 3.2.2.1, 13 from RFC 1812
 * 5.2.7.1. Codes without a name are those that hosts no longer send. */
static const char *icmp_name(uint8_t type, uint8_t code)
{
    static const char *const unreachable[] = {
        [0] = "network unreachable",     [1] = "host unreachable",
        [2] = "protocol unreachable",    [3] = "port unreachable",
        [4] = "fragmentation needed",    [5] = "source route failed",
        [9] = "administratively denied", [10] = "administratively denied",
        [13] = "administratively denied"};

    if (type != 3) /* RFC 792 */
        return type == 11 ? "time exceeded" : "parameter problem";
    if (code < sizeof unreachable / sizeof *unreachable && unreachable[code])
        return unreachable[code];
    return "unreachable";
}

static const char *icmp6_name(uint8_t type, uint8_t code)
{
    static const char *const unreachable[] = {/* RFC 4443 3.1 */
                                              "no route",
                                              "administratively denied",
                                              "beyond the scope of the source address",
                                              "address unreachable",
                                              "port unreachable",
                                              "source address denied",
                                              "route rejected"};

    if (type != 1)
        return type == 3 ? "time exceeded" : "parameter problem";
    return code < sizeof unreachable / sizeof *unreachable ? unreachable[code] : "unreachable";
}

size_t leat_unreachable_format(const struct leat_unreachable *report,
                               char text[LEAT_REFUSAL_TEXT_BYTES])
{
    struct text told = {.bytes = text, .room = LEAT_REFUSAL_TEXT_BYTES - 1};
    const bool is_icmp6 = report->how == LEAT_UNREACHABLE_ICMP6;
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(report->from, ip);
    if (report->how == LEAT_UNREACHABLE_ARP || report->how == LEAT_UNREACHABLE_NDP) {
        text_add(&told, "no answer from ");
        text_add(&told, ip);
        text_add(&told,
                 report->how == LEAT_UNREACHABLE_ARP ? " to ARP" : " to neighbour discovery");
    } else {
        text_add(&told, ip);
        text_add(&told, " says: ");
        text_add(&told, is_icmp6 ? icmp6_name(report->type, report->code)
                                 : icmp_name(report->type, report->code));
        text_add(&told, is_icmp6 ? " (ICMPv6 type " : " (ICMP type ");
        text_add_number(&told, report->type);
        text_add(&told, ", code ");
        text_add_number(&told, report->code);
        text_add(&told, ")");
    }
    text[told.len] = 0;
    return told.len;
}
