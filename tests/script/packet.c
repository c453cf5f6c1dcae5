/* packet.c -- packets in packetdrill's notation. */
#include "packet.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- names -------------------------------------------------------------------------------- */

const char *icmp_type_name(unsigned type)
{
    switch (type) {
    case 3:
        return "unreachable";
    case 4:
        return "source_quench";
    case 5:
        return "redirect";
    case 11:
        return "time_exceeded";
    case 12:
        return "parameter_problem";
    default:
        return 0;
    }
}

const char *icmp_code_name(unsigned type, unsigned code)
{
    static const char *const unreachable[] = {
        "net_unreachable",
        "host_unreachable",
        "protocol_unreachable",
        "port_unreachable",
        "frag_needed",
        "source_route_failed",
        "net_unknown",
        "host_unknown",
        "source_host_isolated",
        "net_prohibited",
        "host_prohibited",
        "net_unreachable_for_tos",
        "host_unreachable_for_tos",
        "packet_filtered",
        "precedence_violation",
        "precedence_cutoff",
    };
    static const char *const exceeded[] = {"ttl_exceeded", "fragment_time_exceeded"};

    if (type == 3 && code < sizeof unreachable / sizeof *unreachable)
        return unreachable[code];
    if (type == 11 && code < sizeof exceeded / sizeof *exceeded)
        return exceeded[code];
    return 0;
}

const struct packet_option *packet_find_option(const struct packet *packet, uint8_t kind)
{
    for (unsigned i = 0; i < packet->option_count; i++) {
        if (packet->options[i].kind == kind)
            return &packet->options[i];
    }
    return 0;
}

/* ---- data --------------------------------------------------------------------------------- */

struct writer {
    char *at;
    size_t left;
};

static void __attribute__((format(printf, 2, 3)))
put(struct writer *writer, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(writer->at, writer->left, format, args);
    va_end(args);
    if (len < 0)
        return;
    if ((size_t)len >= writer->left)
        len = (int)writer->left - 1;
    writer->at += len;
    writer->left -= (size_t)len;
}

/* One item between the arrow and the rest, all in one pair of brackets. */
static void put_item(struct writer *writer, unsigned *items, const char *name, unsigned value,
                     const char *format)
{
    put(writer, (*items)++ == 0 ? "[%s" : ", %s", name);
    if (format)
        put(writer, format[0] == 'x' ? " 0x%02x" : " %u", value);
}

static void put_ip(struct writer *writer, const struct packet *packet)
{
    static const char *const ecn[] = {"noecn", "ect1", "ect0", "ce"};
    unsigned items = 0;

    if (packet->tos_check == TOS_EXACT)
        put_item(writer, &items, "tos", packet->tos, "x");
    else if (packet->tos_check == TOS_ECN)
        put_item(writer, &items, ecn[packet->tos & 3], 0, 0);
    else if (packet->tos_check == TOS_ECT01)
        put_item(writer, &items, "ect01", 0, 0);
    if (packet->has_ttl)
        put_item(writer, &items, "ttl", packet->ttl, "u");
    if (packet->df_check != DF_ANY)
        put_item(writer, &items, packet->df_check == DF_SET ? "df" : "nodf", 0, 0);
    if (packet->peer_port > 0)
        put_item(writer, &items, "port", packet->peer_port, "u");
    put(writer, items > 0 ? "] " : "");
}

static void put_option(struct writer *writer, const struct packet_option *option)
{
    switch (option->kind) {
    case OPTION_EOL:
        put(writer, "eol");
        break;
    case OPTION_NOP:
        put(writer, "nop");
        break;
    case OPTION_MSS:
        put(writer, "mss %u", option->value);
        break;
    case OPTION_WSCALE:
        put(writer, "wscale %u", option->value);
        break;
    case OPTION_SACKOK:
        put(writer, "sackOK");
        break;
    case OPTION_SACK:
        put(writer, "sack");
        for (unsigned i = 0; i < option->count; i++)
            put(writer, " %u:%u", option->sack[i].start, option->sack[i].end);
        break;
    case OPTION_TS:
        put(writer, "TS val %u ecr %u", option->value, option->value2);
        break;
    case OPTION_FO:
    case OPTION_FOEXP:
        put(writer, "FO%s%s", option->kind == OPTION_FOEXP ? "EXP" : "",
            option->count > 0 ? " " : "");
        for (unsigned i = 0; i < option->count; i++)
            put(writer, "%02x", option->cookie[i]);
        break;
    default:
        put(writer, "option %u", option->kind);
        break;
    }
}

static void put_tcp(struct writer *writer, const struct packet *packet)
{
    static const struct {
        uint16_t flag;
        char letter;
    } flags[] = {{FLAG_FIN, 'F'}, {FLAG_SYN, 'S'}, {FLAG_RST, 'R'},
                 {FLAG_PSH, 'P'}, {FLAG_URG, 'U'}, {FLAG_ECE, 'E'},
                 {FLAG_CWR, 'W'}, {FLAG_AE, 'A'},  {FLAG_ACK, '.'}};

    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (packet->flags & flags[i].flag)
            put(writer, "%c", flags[i].letter);
    }
    put(writer, "%s %u:%u(%u)", packet->flags == 0 ? "-" : "", packet->seq,
        packet->seq + packet->len, packet->len);
    if ((packet->flags & FLAG_ACK) || packet->has_ack)
        put(writer, " ack %u", packet->ack);
    if (packet->has_window)
        put(writer, " win %u", packet->window);
    if (packet->has_urgent)
        put(writer, " urg %u", packet->urgent);
    if (packet->any_options)
        put(writer, " <...>");
    for (unsigned i = 0; i < packet->option_count; i++) {
        put(writer, i == 0 ? " <" : ",");
        put_option(writer, &packet->options[i]);
    }
    put(writer, packet->option_count > 0 ? ">" : "");
}

static void put_icmp(struct writer *writer, const struct packet *packet)
{
    const char *type = icmp_type_name(packet->icmp_type);
    const char *code = icmp_code_name(packet->icmp_type, packet->icmp_code);

    if (type)
        put(writer, "icmp %s", type);
    else
        put(writer, "icmp type %u", packet->icmp_type);
    if (code)
        put(writer, " %s", code);
    else if (packet->icmp_code > 0)
        put(writer, " %u", packet->icmp_code);
    if (packet->has_mtu)
        put(writer, " mtu %u", packet->mtu);
    if (packet->quoted == PACKET_TCP)
        put(writer, " [%u:%u(%u)]", packet->seq, packet->seq + packet->len, packet->len);
    else if (packet->quoted == PACKET_UDP)
        put(writer, " [udp (%u)]", packet->len);
}

void packet_format(const struct packet *packet, char text[PACKET_TEXT_BYTES])
{
    struct writer writer = {text, PACKET_TEXT_BYTES};

    put(&writer, "%c ", packet->inbound ? '<' : '>');
    put_ip(&writer, packet);
    if (packet->protocol == PACKET_TCP)
        put_tcp(&writer, packet);
    else if (packet->protocol == PACKET_UDP)
        put(&writer, "udp (%u)", packet->len);
    else
        put_icmp(&writer, packet);
}
