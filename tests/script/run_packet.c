/* run_packet.c -- delivers packets of the peer, and compares ours with the script. */
#include <stdlib.h>

#include "expect.h"
#include "run.h"

static const uint64_t any_time_ns = 1000000000000; /* an event at * may wait so long */

/* ---- conversations ------------------------------------------------------------------------ */

static struct flow *find_flow(struct run *run, enum packet_protocol protocol, uint16_t name)
{
    struct flow *flow = run->flows;

    while (flow < run->flows + FLOWS_MAX && flow->used &&
           (flow->protocol != protocol || flow->name != name))
        flow++;
    return flow < run->flows + FLOWS_MAX ? flow : &run->flows[FLOWS_MAX - 1];
}

/* A Fast Open cookie belongs to addresses and not to ports, so it is the same in every flow. */
static void begin_flow(struct run *run, struct flow *flow, enum packet_protocol protocol,
                       uint16_t local_port, uint16_t remote_port)
{
    struct flow known = {0};

    for (const struct flow *other = run->flows; other < run->flows + FLOWS_MAX; other++) {
        if (other->cookie_known)
            known = *other;
    }
    flow_init(flow, protocol, local_port, remote_port);
    flow_take_cookie(flow, &known);
}

/* The conversation of a packet of the script, which may open it. */
static struct flow *flow_of(struct run *run, enum packet_protocol protocol, uint16_t name)
{
    struct flow *flow = find_flow(run, protocol, name);
    const struct flow *usual = find_flow(run, protocol, 0);
    const uint16_t local_port = usual->used ? usual->local_port : run->settings.bind_port;

    if (!flow->used) {
        begin_flow(run, flow, protocol, local_port, name ? name : FLOW_PORT);
        flow->name = name;
    }
    if (protocol == PACKET_UDP) { /* the port that the socket has now */
        const struct sockets *sockets = &run->sockets;

        if (sockets->udp_local.port > 0)
            flow->local_port = sockets->udp_local.port;
        if (sockets->udp_remote.port > 0 && name == 0)
            flow->remote_port = sockets->udp_remote.port;
    }
    return flow;
}

/* A SYN of ours from another port opens another conversation. */
static struct flow *flow_of_sent(struct run *run, const struct packet *expected,
                                 const struct packet *seen)
{
    const enum packet_protocol protocol =
        seen->protocol != PACKET_ICMP ? seen->protocol : seen->quoted;
    struct flow *flow = flow_of(run, protocol, expected->peer_port);

    if (protocol == PACKET_TCP && (seen->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN &&
        (seen->src_port != flow->local_port || seen->dst_port != flow->remote_port)) {
        begin_flow(run, flow, PACKET_TCP, seen->src_port, seen->dst_port);
        flow->name = expected->peer_port;
    }
    return flow;
}

/* ---- in ----------------------------------------------------------------------------------- */

static bool fits_mtu(struct run *run, const struct event *event)
{
    const struct packet *packet = &event->packet;
    const uint32_t headers = packet->protocol == PACKET_TCP ? 40 : 28;

    if (packet->protocol == PACKET_ICMP || packet->len + headers <= run->settings.mtu)
        return true;
    report_failure(run, event->at, "the packet is longer than the MTU of %u", run->settings.mtu);
    return false;
}

void run_inbound(struct run *run, const struct event *event)
{
    struct packet packet = event->packet;
    struct flow *flow = flow_of(
        run, packet.protocol == PACKET_ICMP ? packet.quoted : packet.protocol, packet.peer_port);
    uint8_t *data;
    uint32_t at;

    if (!fits_mtu(run, event))
        return;
    flow_note_SYN(flow, &packet);
    flow_to_wire(flow, &packet);
    packet.src = run->settings.remote_ip;
    packet.dst = run->settings.local_ip;
    at = flow_data_at(flow, &event->packet);
    data = malloc(packet.len + 1);
    if (!data)
        abort();
    for (uint32_t i = 0; i < packet.len; i++)
        data[i] = flow_byte(at + i);
    packet.data = data;
    device_feed(&run->machine->device, &packet);
    free(data);
    run_settle(run);
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Only the fields in the script are shown. */
static void hide_unasked(struct packet *seen, const struct packet *expected)
{
    seen->has_ttl = expected->has_ttl;
    if (expected->df_check == DF_ANY)
        seen->df_check = DF_ANY;
    seen->peer_port = expected->peer_port;
    if (expected->tos_check == TOS_EXACT)
        seen->tos_check = TOS_EXACT;
    else if (expected->tos_check == TOS_ANY && (seen->tos & 3) == 0)
        seen->tos_check = TOS_ANY;
}

static bool data_is_right(const struct flow *flow, const struct packet *seen)
{
    const uint32_t at = flow_data_at(flow, seen);

    if (seen->protocol == PACKET_ICMP || (seen->protocol == PACKET_TCP && !flow->local_known))
        return true;
    for (uint32_t i = 0; i < seen->len; i++) {
        if (seen->data[i] != flow_byte(at + i))
            return false;
    }
    return true;
}

static void compare(struct run *run, const struct event *event, const struct packet *expected,
                    struct sent *sent)
{
    struct packet seen = sent->packet;
    struct flow *flow = flow_of_sent(run, expected, &sent->packet);
    char differences[DIFFERENCES_BYTES];
    bool same;

    flow_to_script(flow, &seen, expected);
    hide_unasked(&seen, expected);
    same = expect_same(expected, &seen, run->mode.relaxed, differences);
    if (!same) {
        report_failure(run, event->at, "wrong packet at %s: %s", report_time(run, sent->at_ns).text,
                       differences);
        report_line(run, "expected", expected);
        report_line(run, "seen", &seen);
    } else if (seen.src_port != flow->local_port || seen.dst_port != flow->remote_port) {
        report_failure(run, event->at, "sent from port %u to %u, expected from %u to %u",
                       seen.src_port, seen.dst_port, flow->local_port, flow->remote_port);
    } else if (seen.src != run->settings.local_ip) {
        report_failure(run, event->at, "sent from another address than ours");
    } else if (!data_is_right(flow, &seen)) {
        report_failure(run, event->at, "the data is not what was written there");
    } else if (!flow_stamp_fits(flow, expected, &seen, run->settings.ts_tick_ns,
                                run_tolerance_ns(run, sent->at_ns))) {
        report_failure(run, event->at, "the timestamp is not as far from the first as it should");
        report_line(run, "expected", expected);
        report_line(run, "seen", &seen);
    }
    flow_note_SYN(flow, &seen);
    flow_learn(flow, expected, &seen);
}

static void check_time(struct run *run, const struct event *event, const struct sent *sent,
                       uint64_t from_ns, uint64_t until_ns, uint64_t tolerance_ns)
{
    if (event->when.kind == WHEN_ANY ||
        (sent->at_ns + tolerance_ns >= from_ns && sent->at_ns <= until_ns + tolerance_ns))
        return;
    report_failure(run, event->at, "sent at %s, expected at %s%s%s (tolerance %.1f ms)",
                   report_time(run, sent->at_ns).text, report_time(run, from_ns).text,
                   until_ns > from_ns ? " to " : "",
                   until_ns > from_ns ? report_time(run, until_ns).text : "",
                   (double)tolerance_ns / 1e6);
    report_line(run, "expected", &event->packet);
}

/* True if the packet sent is only the beginning of the script's packet, which is longer than
 * any segment of this connection. In packetdrill such packets are not segmented by the device yet.
 */
static bool begins_large(struct run *run, const struct packet *rest, const struct packet *seen)
{
    const struct flow *flow = flow_of(run, PACKET_TCP, rest->peer_port);
    const uint32_t options = packet_find_option(rest, OPTION_TS) ? 12 : 0;
    const uint32_t mtu_mss = run->settings.mtu - 40u;
    const uint32_t mss = flow->peer_mss < mtu_mss ? flow->peer_mss : mtu_mss;

    return rest->protocol == PACKET_TCP && seen->protocol == PACKET_TCP && seen->len > 0 &&
           seen->len < rest->len && rest->len > mss - options;
}

/* Compares the packet sent with the expected one, or with its beginning; @rest gets the
 * remainder. */
static void compare_part(struct run *run, const struct event *event, struct sent *sent,
                         struct packet *rest)
{
    struct packet part = *rest;

    if (begins_large(run, rest, &sent->packet)) {
        part.len = sent->packet.len;
        part.flags = (uint16_t)(part.flags & ~(FLAG_FIN | FLAG_PSH));
        part.flags |= sent->packet.flags & FLAG_PSH; /* of a write that ends here */
    }
    compare(run, event, &part, sent);
    rest->seq += part.len;
    rest->len -= part.len;
}

/* The next packet must be @rest, or its beginning; sets the new remainder. */
static void take_part(struct run *run, const struct event *event, uint64_t base_ns,
                      struct packet *rest)
{
    const struct when *when = &event->when;
    const uint64_t from_ns = base_ns + when->ns, until_ns = base_ns + when->end_ns;
    const uint64_t tolerance_ns = run_tolerance_ns(run, until_ns);
    struct sent *sent;

    run_until(run, when->kind == WHEN_ANY ? base_ns + any_time_ns : until_ns + tolerance_ns, true);
    sent = device_take(&run->machine->device);
    if (!sent) {
        report_failure(run, event->at, "nothing was sent until %s",
                       report_time(run, run->machine->now_ns).text);
        report_line(run, "expected", rest);
        return;
    }
    if (sent->wrong) {
        report_failure(run, event->at, "the packet sent at %s has %s",
                       report_time(run, sent->at_ns).text, sent->wrong);
        report_line(run, "expected", rest);
    } else {
        compare_part(run, event, sent, rest);
        check_time(run, event, sent, from_ns, until_ns, tolerance_ns);
    }
    free(sent);
}

void run_outbound(struct run *run, const struct event *event)
{
    const uint64_t base_ns =
        event->when.kind == WHEN_ABSOLUTE ? run->machine->start_ns : run->machine->now_ns;
    struct packet rest = event->packet;

    do
        take_part(run, event, base_ns, &rest);
    while (run->outcome == RUN_PASSED && rest.len > 0);
}

void run_check_quiet(struct run *run, const struct event *event)
{
    const struct sent *sent = run->machine->device.out;
    struct packet seen;
    struct flow *flow;

    if (!sent || sent->at_ns + run->settings.tolerance_ns >= run->machine->now_ns)
        return;
    report_failure(run, event->at, "a packet that the script does not expect was sent at %s",
                   report_time(run, sent->at_ns).text);
    seen = sent->packet;
    if (sent->wrong || seen.protocol == PACKET_ICMP)
        return;
    flow = flow_of(run, seen.protocol, 0);
    flow_to_script(flow, &seen, &(struct packet){0});
    hide_unasked(&seen, &(struct packet){0});
    report_line(run, "seen", &seen);
}
