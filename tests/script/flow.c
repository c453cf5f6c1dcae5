/* flow.c -- translates numbers between the wire and the script. */
#include "flow.h"

#include <string.h>

static const uint32_t remote_offset = 0xfffffc00; /* the wrap is 1 KiB away */

void flow_init(struct flow *flow, enum packet_protocol protocol, uint16_t local_port,
               uint16_t remote_port)
{
    *flow = (struct flow){
        .used = true,
        .protocol = protocol,
        .local_port = local_port,
        .remote_port = remote_port,
        .remote_offset = protocol == PACKET_TCP ? remote_offset : 0,
        .peer_mss = 536,
    };
}

/* ---- timestamps --------------------------------------------------------------------------- */

/* Our newest timestamp that the script calls @script. If there is none, it is computed from
 * the first one by the script's difference. */
static uint32_t stamp_to_wire(const struct flow *flow, uint32_t script)
{
    const unsigned kept = flow->stamp_count < FLOW_STAMPS_MAX ? flow->stamp_count : FLOW_STAMPS_MAX;

    if (script == 0 || kept == 0)
        return script;
    for (unsigned i = 1; i <= kept; i++) {
        const unsigned at = (flow->stamp_count - i) % FLOW_STAMPS_MAX;

        if (flow->stamps[at].script == script)
            return flow->stamps[at].live;
    }
    return flow->stamps[0].live + (script - flow->stamps[0].script);
}

static void learn_stamp(struct flow *flow, const struct packet *expected, const struct packet *seen)
{
    const struct packet_option *script = packet_find_option(expected, OPTION_TS);
    const struct packet_option *live = packet_find_option(seen, OPTION_TS);
    unsigned at;

    if (!script || !live)
        return;
    at = flow->stamp_count++ % FLOW_STAMPS_MAX;
    flow->stamps[at].script = script->value;
    flow->stamps[at].live = live->value;
}

bool flow_stamp_fits(const struct flow *flow, const struct packet *expected,
                     const struct packet *seen, uint64_t tick_ns, uint64_t tolerance_ns)
{
    const struct packet_option *script = packet_find_option(expected, OPTION_TS);
    const struct packet_option *live = packet_find_option(seen, OPTION_TS);
    uint32_t script_ticks, live_ticks, apart;

    if (tick_ns == 0 || !script || !live || flow->stamp_count == 0)
        return true;
    script_ticks = script->value - flow->stamps[0].script;
    live_ticks = live->value - flow->stamps[0].live;
    apart = script_ticks - live_ticks;
    if (apart > INT32_MAX)
        apart = 0 - apart;
    return apart * tick_ns <= tolerance_ns;
}

static void learn_cookie(struct flow *flow, const struct packet *expected,
                         const struct packet *seen)
{
    const struct packet_option *script = packet_find_option(expected, OPTION_FO);
    const struct packet_option *live = packet_find_option(seen, OPTION_FO);

    if (!script || !live || script->count == 0)
        return;
    flow->cookie_known = true;
    flow->cookie_script = *script;
    flow->cookie_live = *live;
}

void flow_learn(struct flow *flow, const struct packet *expected, const struct packet *seen)
{
    learn_stamp(flow, expected, seen);
    learn_cookie(flow, expected, seen);
}

void flow_note_SYN(struct flow *flow, const struct packet *packet)
{
    const bool answers = packet->flags & FLAG_ACK;

    if (packet->protocol != PACKET_TCP || !(packet->flags & FLAG_SYN))
        return;
    if (packet->len > 0 && !answers) {
        flow->syn_has_data[packet->inbound] = true;
        flow->syn_data_seq[packet->inbound] = packet->seq + 1;
    }
    if (answers && flow->syn_has_data[!packet->inbound] &&
        (int32_t)(packet->ack - flow->syn_data_seq[!packet->inbound]) > 0)
        flow->syn_data = true;
}

void flow_take_cookie(struct flow *flow, const struct flow *other)
{
    flow->cookie_known = other->cookie_known;
    flow->cookie_script = other->cookie_script;
    flow->cookie_live = other->cookie_live;
}

static bool same_cookie(const struct packet_option *a, const struct packet_option *b)
{
    return a->count == b->count && memcmp(a->cookie, b->cookie, a->count) == 0;
}

/* ---- packets of the peer ------------------------------------------------------------------- */

static void option_to_wire(const struct flow *flow, struct packet_option *option)
{
    if (option->kind == OPTION_TS)
        option->value2 = stamp_to_wire(flow, option->value2);
    if (option->kind == OPTION_FO && flow->cookie_known &&
        same_cookie(option, &flow->cookie_script))
        *option = flow->cookie_live;
    for (unsigned i = 0; option->kind == OPTION_SACK && i < option->count; i++) {
        option->sack[i].start += flow->local_offset;
        option->sack[i].end += flow->local_offset;
    }
}

static void note_peer_SYN(struct flow *flow, const struct packet *packet)
{
    const struct packet_option *mss = packet_find_option(packet, OPTION_MSS);

    if (!(packet->flags & FLAG_SYN))
        return;
    flow->peer_mss = mss ? mss->value : 536;
    if (!flow->local_known || ((packet->flags & FLAG_ACK) && !flow->settled)) {
        flow->remote_isn = packet->seq;
    } else if (packet->seq != flow->remote_isn && !(packet->flags & FLAG_ACK)) {
        flow->reopened = true;
        flow->remote_isn_next = packet->seq;
    }
}

void flow_to_wire(struct flow *flow, struct packet *packet)
{
    packet->src_port = flow->remote_port;
    packet->dst_port = flow->local_port;
    if (packet->protocol == PACKET_ICMP) { /* the quoted packet is ours */
        packet->seq += flow->local_offset;
        return;
    }
    if (packet->protocol != PACKET_TCP)
        return;
    note_peer_SYN(flow, packet);
    packet->seq += flow->remote_offset + flow_remote_base(flow, packet);
    packet->ack += flow->local_offset;
    for (unsigned i = 0; i < packet->option_count; i++)
        option_to_wire(flow, &packet->options[i]);
}

/* ---- our packets --------------------------------------------------------------------------- */

static void note_our_SYN(struct flow *flow, const struct packet *packet,
                         const struct packet *expected)
{
    if (!(packet->flags & expected->flags & FLAG_SYN))
        return;
    if (flow->local_known && !flow->reopened)
        return;
    if (flow->reopened) {
        if (!(packet->flags & FLAG_ACK) || packet->seq == expected->seq + flow->local_offset)
            return;
        flow->remote_isn = flow->remote_isn_next;
        flow->reopened = false;
    }
    flow->local_known = true;
    flow->local_isn = expected->seq;
    flow->local_offset = packet->seq - expected->seq;
}

static void option_to_script(const struct flow *flow, struct packet_option *option, uint32_t remote)
{
    if (option->kind == OPTION_FO && flow->cookie_known && same_cookie(option, &flow->cookie_live))
        *option = flow->cookie_script;
    for (unsigned i = 0; option->kind == OPTION_SACK && i < option->count; i++) {
        option->sack[i].start -= remote;
        option->sack[i].end -= remote;
    }
}

void flow_to_script(struct flow *flow, struct packet *packet, const struct packet *expected)
{
    uint32_t remote;

    if (packet->protocol == PACKET_ICMP) {
        if (packet->quoted == PACKET_TCP)
            packet->seq -= flow->remote_offset + flow_remote_base(flow, packet);
        return;
    }
    if (packet->protocol != PACKET_TCP)
        return;
    note_our_SYN(flow, packet, expected);
    if ((packet->flags & (FLAG_ACK | FLAG_RST)) == FLAG_ACK)
        flow->settled = true;
    remote = flow->remote_offset + flow_remote_base(flow, packet);
    /* RFC 9293 3.10.7.1: a RST for a segment without ACK has sequence number 0, not one of ours */
    if (!(packet->flags & FLAG_RST) || packet->seq != 0)
        packet->seq -= flow->local_offset;
    if (packet->flags & FLAG_ACK)
        packet->ack -= remote;
    for (unsigned i = 0; i < packet->option_count; i++)
        option_to_script(flow, &packet->options[i], remote);
}
