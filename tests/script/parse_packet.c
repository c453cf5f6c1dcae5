/* parse_packet.c -- packets: `< S 0:0(0) win 1000 <mss 1460>`, `> icmp ...`, `< udp (10)`. */
#include "parse.h"

#include <string.h>

/* ---- IP ----------------------------------------------------------------------------------- */

enum {
    ECN_NONE = 0,
    ECN_ECT1 = 1,
    ECN_ECT0 = 2,
    ECN_CE = 3
};

static void set_ecn(struct packet *packet, uint8_t ecn)
{
    packet->tos_check = TOS_ECN;
    packet->tos = ecn;
}

static void parse_ip_item(struct parser *parser, struct packet *packet)
{
    if (parse_accept_word(parser, "noecn")) {
        set_ecn(packet, ECN_NONE);
    } else if (parse_accept_word(parser, "ect0")) {
        set_ecn(packet, ECN_ECT0);
    } else if (parse_accept_word(parser, "ect1")) {
        set_ecn(packet, ECN_ECT1);
    } else if (parse_accept_word(parser, "ce")) {
        set_ecn(packet, ECN_CE);
    } else if (parse_accept_word(parser, "ect01")) {
        packet->tos_check = TOS_ECT01;
        packet->tos = ECN_ECT0;
    } else if (parse_accept_word(parser, "tos")) {
        packet->tos_check = TOS_EXACT;
        packet->tos = (uint8_t)parse_number(parser, UINT8_MAX, "a TOS octet");
    } else if (parse_accept_word(parser, "ttl")) {
        packet->has_ttl = true;
        packet->ttl = (uint8_t)parse_number(parser, UINT8_MAX, "a TTL");
    } else if (parse_accept_word(parser, "df")) {
        packet->df_check = DF_SET;
    } else if (parse_accept_word(parser, "nodf")) {
        packet->df_check = DF_CLEAR;
    } else if (parse_accept_word(parser, "port")) {
        packet->peer_port = (uint16_t)parse_number(parser, UINT16_MAX, "a port");
    } else {
        parse_expected(parser, "tos, ttl, port, df, nodf, ect0, ect1, ect01, ce or noecn");
    }
}

/* `[ect0]`, `(tos 0x02, ttl 64)`; may be absent. */
static void parse_ip_info(struct parser *parser, struct packet *packet)
{
    const int close = parse_at(parser, '[') ? ']' : ')';

    if (!parse_accept(parser, '[') && !parse_accept(parser, '('))
        return;
    do
        parse_ip_item(parser, packet);
    while (parse_accept(parser, ','));
    parse_demand(parser, close);
}

/* ---- TCP options -------------------------------------------------------------------------- */

static void parse_ts(struct parser *parser, struct packet_option *option)
{
    if (!parse_accept_word(parser, "val"))
        parse_expected(parser, "val");
    option->value = (uint32_t)parse_number(parser, UINT32_MAX, "a timestamp");
    if (!parse_accept_word(parser, "ecr"))
        parse_expected(parser, "ecr");
    option->value2 = (uint32_t)parse_number(parser, UINT32_MAX, "a timestamp");
}

static void parse_sack(struct parser *parser, struct packet_option *option)
{
    do {
        if (option->count == SACK_BLOCKS_MAX) {
            parse_fail_at(parser, parser->now.at, "at most %d SACK blocks", SACK_BLOCKS_MAX);
            return;
        }
        option->sack[option->count].start =
            (uint32_t)parse_number(parser, UINT32_MAX, "a sequence number");
        parse_demand(parser, ':');
        option->sack[option->count++].end =
            (uint32_t)parse_number(parser, UINT32_MAX, "a sequence number");
    } while (parser->now.kind == TOKEN_INT);
}

static int hex_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = memchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c, sizeof digits - 1);

    return at ? (int)(at - digits) : -1;
}

/* A name for the cookie that the stack issues. */
static bool parse_cookie_name(struct parser *parser, struct packet_option *option)
{
    static const uint8_t cookie[] = {'l', 'e', 'a', 't', 'n', 'a', 'm', 'e'};

    if (!parse_accept_word(parser, "TFO_COOKIE"))
        return false;
    memcpy(option->cookie, cookie, sizeof cookie);
    option->count = sizeof cookie;
    return true;
}

static void parse_cookie(struct parser *parser, struct packet_option *option)
{
    const struct token token = parser->now;

    if (parse_cookie_name(parser, option))
        return;

    if (token.kind != TOKEN_INT && token.kind != TOKEN_BARE && token.kind != TOKEN_WORD)
        return; /* an empty cookie is a request */
    parse_step(parser);
    if (token.len % 2 > 0 || token.len > 2 * COOKIE_BYTES_MAX) {
        parse_fail_at(parser, token.at, "a cookie has pairs of hex digits, at most %d",
                      COOKIE_BYTES_MAX);
        return;
    }
    for (size_t i = 0; i < token.len; i += 2) {
        const int high = hex_of(token.text[i]), low = hex_of(token.text[i + 1]);

        if (high < 0 || low < 0) {
            parse_fail_at(parser, token.at, "a cookie has hex digits");
            return;
        }
        option->cookie[option->count++] = (uint8_t)(high * 16 + low);
    }
}

static void parse_option(struct parser *parser, struct packet_option *option)
{
    if (parse_accept_word(parser, "nop")) {
        option->kind = OPTION_NOP;
    } else if (parse_accept_word(parser, "eol")) {
        option->kind = OPTION_EOL;
    } else if (parse_accept_word(parser, "sackOK")) {
        option->kind = OPTION_SACKOK;
    } else if (parse_accept_word(parser, "mss")) {
        option->kind = OPTION_MSS;
        option->value = (uint32_t)parse_number(parser, UINT16_MAX, "an MSS");
    } else if (parse_accept_word(parser, "wscale")) {
        option->kind = OPTION_WSCALE;
        option->value = (uint32_t)parse_number(parser, UINT8_MAX, "a shift");
    } else if (parse_accept_word(parser, "TS")) {
        option->kind = OPTION_TS;
        parse_ts(parser, option);
    } else if (parse_accept_word(parser, "sack")) {
        option->kind = OPTION_SACK;
        parse_sack(parser, option);
    } else if (parse_accept_word(parser, "FO")) {
        option->kind = OPTION_FO;
        parse_cookie(parser, option);
    } else if (parse_accept_word(parser, "FOEXP")) {
        option->kind = OPTION_FOEXP;
        parse_cookie(parser, option);
    } else {
        parse_expected(parser, "an option (mss, wscale, sackOK, sack, TS, nop, eol, FO, FOEXP)");
    }
}

/* `<mss 1460,nop>`, or `<...>` for any options. */
static void parse_options(struct parser *parser, struct packet *packet)
{
    if (!parse_accept(parser, '<'))
        return;
    if (parse_at(parser, PUNCTUATION_ELLIPSIS)) {
        if (packet->inbound)
            parse_fail_at(parser, parser->now.at, "what the peer sends must be known");
        parse_step(parser);
        packet->any_options = true;
    } else {
        do {
            if (packet->option_count == PACKET_OPTIONS_MAX) {
                parse_fail_at(parser, parser->now.at, "too many options");
                return;
            }
            parse_option(parser, &packet->options[packet->option_count++]);
        } while (parse_accept(parser, ','));
    }
    parse_demand(parser, '>');
}

/* ---- TCP ---------------------------------------------------------------------------------- */

/* `S`, `FP.`, `.`, `SEWA`; `-` for none. */
static void parse_flags(struct parser *parser, struct packet *packet)
{
    static const char letters[] = "FSRP.UEWA"; /* in the order of their bits */
    const struct token token = parser->now;

    if (parse_accept(parser, '-'))
        return;
    if (token.kind == TOKEN_WORD) {
        parse_step(parser);
        for (size_t i = 0; i < token.len; i++) {
            const char *at = memchr(letters, token.text[i], sizeof letters - 1);

            if (!at) {
                parse_fail_at(parser, token.at, "'%.*s' are no TCP flags (FSRPUEWA.)",
                              token.len < 30 ? (int)token.len : 30, token.text);
                return;
            }
            packet->flags |= (uint16_t)(1u << (at - letters));
        }
    } else if (!parse_at(parser, '.')) {
        parse_expected(parser, "TCP flags, icmp or udp");
    }
    if (parse_accept(parser, '.'))
        packet->flags |= FLAG_ACK;
}

/* `start:end(len)` */
static void parse_range(struct parser *parser, struct packet *packet)
{
    const struct position at = parser->now.at;
    uint32_t end;

    packet->seq = (uint32_t)parse_number(parser, UINT32_MAX, "a sequence number");
    parse_demand(parser, ':');
    end = (uint32_t)parse_number(parser, UINT32_MAX, "a sequence number");
    parse_demand(parser, '(');
    packet->len = (uint32_t)parse_number(parser, UINT16_MAX, "a length");
    parse_demand(parser, ')');
    if (end - packet->seq != packet->len)
        parse_fail_at(parser, at, "the length is not the end less the start");
}

/* A packet of the peer may have an ACK number without the flag; it is ignored then. */
static void parse_ack(struct parser *parser, struct packet *packet)
{
    const bool has_flag = packet->flags & FLAG_ACK;

    packet->has_ack = parse_at_word(parser, "ack");
    if (packet->has_ack != has_flag && !packet->any_ack && (has_flag || !packet->inbound))
        parse_fail_at(parser, parser->now.at, "an ack belongs to the flag '.', and to no other");
    if (parse_accept_word(parser, "ack"))
        packet->ack = (uint32_t)parse_number(parser, UINT32_MAX, "a sequence number");
}

static void parse_tcp(struct parser *parser, struct packet *packet)
{
    const struct position at = parser->now.at;

    packet->protocol = PACKET_TCP;
    parse_flags(parser, packet);
    parse_range(parser, packet);
    packet->any_ack = (packet->flags & (FLAG_RST | FLAG_ACK)) == (FLAG_RST | FLAG_ACK) &&
                      !parse_at_word(parser, "ack");
    parse_ack(parser, packet);
    if (parse_accept_word(parser, "win")) {
        packet->has_window = true;
        packet->window = (uint16_t)parse_number(parser, UINT16_MAX, "a window");
    } else if (packet->inbound) {
        parse_fail_at(parser, at, "what the peer sends needs a window (win)");
    }
    if (parse_accept_word(parser, "urg")) {
        packet->has_urgent = true;
        packet->urgent = (uint16_t)parse_number(parser, UINT16_MAX, "an urgent pointer");
    }
    parse_options(parser, packet);
}

/* ---- UDP and ICMP ------------------------------------------------------------------------- */

static void parse_udp_len(struct parser *parser, struct packet *packet)
{
    parse_demand(parser, '(');
    packet->len = (uint32_t)parse_number(parser, UINT16_MAX - 28, "a length");
    parse_demand(parser, ')');
}

/* The number of a name, or a number; UINT32_MAX: neither. */
static unsigned icmp_lookup(const struct token *token, int type)
{
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        const char *name = type < 0 ? icmp_type_name(i) : icmp_code_name((unsigned)type, i);

        if (name && token_is(token, name))
            return i;
    }
    return UINT32_MAX;
}

/* `[1:1001(1000)]` or `[udp (10)]`: the packet that the error quotes. */
static void parse_quote(struct parser *parser, struct packet *packet)
{
    if (!parse_accept(parser, '['))
        return;
    if (parse_accept_word(parser, "udp")) {
        packet->quoted = PACKET_UDP;
        parse_udp_len(parser, packet);
    } else {
        packet->quoted = PACKET_TCP;
        parse_range(parser, packet);
    }
    parse_demand(parser, ']');
}

/* The arguments after type and code. */
static void parse_icmp_rest(struct parser *parser, struct packet *packet)
{
    if (parse_accept_word(parser, "mtu")) {
        packet->has_mtu = true;
        packet->mtu = (uint16_t)parse_number(parser, UINT16_MAX, "an MTU");
    }
    parse_quote(parser, packet);
    if (packet->inbound && packet->quoted == 0)
        packet->quoted = PACKET_TCP; /* the SYN's header: 0:0(0) */
}

/* Other names of a code: of ICMPv6, which the translator expresses in ICMP's codes, and of
 * packetdrill. False: the name is neither. */
static bool parse_other_code(struct parser *parser, struct packet *packet)
{
    static const struct {
        const char *name;
        uint8_t from, type, code; /* after the name of type `from` the code has this meaning */
    } names[] = {
        {"no_route", 3, 3, 0},
        {"address_unreachable", 3, 3, 1},
        {"admin_prohibited", 3, 3, 10},
        {"not_neighbour", 3, 3, 0},
        {"ttl_exceeded_in_transit", 11, 11, 0},
        {"exceeded_hop_limit", 11, 11, 0},
        {"frag_reass_exceeded", 11, 11, 1},
        {"exceeded_frag_time", 11, 11, 1},
        {"header_field", 12, 12, 0},
        {"unknown_next_header", 12, 3, 2}, /* RFC 7915 5.2 */
        {"unknown_option", 12, 12, 2},
        {"code_0", 12, 12, 0},
        {"code_1", 12, 12, 1},
        {"code_2", 12, 12, 2},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].from != packet->icmp_type || !parse_accept_word(parser, names[i].name))
            continue;
        packet->icmp_type = names[i].type;
        packet->icmp_code = names[i].code;
        return true;
    }
    return false;
}

static void parse_icmp_code(struct parser *parser, struct packet *packet)
{
    const unsigned found = icmp_lookup(&parser->now, packet->icmp_type);

    if (found != UINT32_MAX) {
        parse_step(parser);
        packet->icmp_code = (uint8_t)found;
    } else if (!parse_other_code(parser, packet) && parser->now.kind == TOKEN_INT) {
        packet->icmp_code = (uint8_t)parse_number(parser, UINT8_MAX, "an ICMP code");
    }
}

static void parse_icmp(struct parser *parser, struct packet *packet)
{
    unsigned found;

    packet->protocol = PACKET_ICMP;
    if (parse_accept_word(parser, "packet_too_big")) { /* ICMPv6 for unreachable frag_needed */
        packet->icmp_type = 3;
        packet->icmp_code = 4;
        parse_icmp_rest(parser, packet);
        return;
    }
    found = icmp_lookup(&parser->now, -1);
    if (found == UINT32_MAX) {
        parse_expected(parser, "a type of ICMP error (unreachable, time_exceeded, ...)");
        return;
    }
    parse_step(parser);
    packet->icmp_type = (uint8_t)found;
    parse_icmp_code(parser, packet);
    parse_icmp_rest(parser, packet);
}

void parse_packet(struct parser *parser, struct packet *packet)
{
    packet->inbound = parse_at(parser, '<');
    parse_step(parser);
    parse_ip_info(parser, packet);
    if (parse_accept_word(parser, "icmp")) {
        parse_icmp(parser, packet);
    } else if (parse_accept_word(parser, "udp")) {
        packet->protocol = PACKET_UDP;
        parse_udp_len(parser, packet);
    } else {
        parse_tcp(parser, packet);
    }
}
