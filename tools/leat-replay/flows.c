/* flows.c -- assigns segments to TCP flows. */
#include "flows.h"

#include <stdio.h>
#include <string.h>

#include "tcp/congestion/seq.h"

/* A hash that is the same for both directions. */
static struct flow **bucket_of(struct flows *flows, const struct leat_endpoint *a,
                               const struct leat_endpoint *b)
{
    const uint32_t key = (leat_ip_v4_number(a->ip) + leat_ip_v4_number(b->ip)) * 2654435761u ^
                         (uint32_t)(a->port + b->port) * 40503u;

    return &flows->buckets[(key ^ key >> 16) % FLOWS_MAX];
}

static void forget(struct flows *flows, struct flow *flow)
{
    struct flow **at = bucket_of(flows, &flow->side[CLIENT].endpoint, &flow->side[SERVER].endpoint);

    if (flows->on_end)
        flows->on_end(flows->arg, flow);
    while (*at != flow)
        at = &(*at)->next;
    *at = flow->next;
    flow->used = false;
}

static struct flow *begin(struct flows *flows, const struct leat_endpoint *client,
                          const struct leat_endpoint *server)
{
    const uint32_t number = flows->count++;
    struct flow *flow = &flows->flow[number % FLOWS_MAX];
    struct flow **bucket = bucket_of(flows, client, server);

    if (flow->used)
        forget(flows, flow);
    *flow =
        (struct flow){.next = *bucket, .number = number, .slot = number % FLOWS_MAX, .used = true};
    flow->side[CLIENT].endpoint = *client;
    flow->side[SERVER].endpoint = *server;
    *bucket = flow;
    return flow;
}

/* The first packet of the other side is a SYN: a simultaneous open (RFC 9293 3.5). */
static bool syns_cross(const struct flow *flow)
{
    const struct flow_side *client = &flow->side[CLIENT];

    return client->has_syn && client->end == 0 && !client->has_rst && !client->has_fin;
}

/* True for a SYN with other numbers than the flow's: the ports are used again. */
static bool begins_anew(const struct flow *flow, enum side from, const struct packet *packet)
{
    const struct flow_side *side = &flow->side[from];

    if ((packet->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
        return false;
    if (side->has_syn)
        return side->iss != packet->tcp.seq;
    return side->frames + side->cut > 0 || (from == SERVER && !syns_cross(flow));
}

static void note(struct flow_side *side, const struct packet *packet)
{
    const struct wire_tcp *tcp = &packet->tcp;
    const enum packet_sum sum = packet_sum(packet);
    uint32_t end;

    side->frames++;
    side->wrong += sum == SUM_WRONG;
    side->unfinished += sum == SUM_UNFINISHED;
    side->data_frames += packet->data_bytes > 0;
    side->data_bytes += packet->data_bytes;
    if (tcp->flags & TCP_RST) {
        side->has_rst = true;
        side->rst_bytes += packet->data_bytes;
    }
    if ((tcp->flags & TCP_SYN) && !side->has_syn) {
        side->has_syn = true;
        side->iss = tcp->seq;
        side->wind_shift = tcp->wind_shift != WIRE_TCP_NO_SHIFT;
        side->shift = side->wind_shift ? tcp->wind_shift : 0;
        side->sack = tcp->sack_permitted;
        side->ts = tcp->has_ts;
        side->ecn = (tcp->flags & TCP_ECE) != 0;
    }
    if (!side->has_syn || (tcp->flags & (TCP_SYN | TCP_RST)))
        return;
    end = tcp->seq - side->iss - 1 + packet->data_bytes;
    if (!side->has_fin && seq_lt(side->end, end))
        side->end = end;
    if (tcp->flags & TCP_FIN) {
        side->has_fin = true;
        side->end = end;
    }
}

/* Finds or adds the flow of a segment, and doesn't count it. */
static struct flow *find(struct flows *flows, const struct packet *packet, enum side *from)
{
    const struct leat_endpoint src = leat_endpoint_of(packet->src, packet->tcp.src_port);
    const struct leat_endpoint dst = leat_endpoint_of(packet->dst, packet->tcp.dst_port);
    const bool answers = (packet->tcp.flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
    struct flow *flow = *bucket_of(flows, &src, &dst);

    for (; flow; flow = flow->next) { /* the youngest comes first */
        if (leat_endpoint_equal(&src, &flow->side[CLIENT].endpoint) &&
            leat_endpoint_equal(&dst, &flow->side[SERVER].endpoint))
            *from = CLIENT;
        else if (leat_endpoint_equal(&dst, &flow->side[CLIENT].endpoint) &&
                 leat_endpoint_equal(&src, &flow->side[SERVER].endpoint))
            *from = SERVER;
        else
            continue;
        break;
    }
    if (!flow || begins_anew(flow, *from, packet)) {
        *from = answers ? SERVER : CLIENT;
        flow = answers ? begin(flows, &dst, &src) : begin(flows, &src, &dst);
    }
    return flow;
}

struct flow *flows_find(struct flows *flows, const struct packet *packet, enum side *from)
{
    struct flow *flow = find(flows, packet, from);

    note(&flow->side[*from], packet);
    return flow;
}

struct flow *flows_note_cut(struct flows *flows, const struct packet *packet)
{
    struct flow *flow;
    enum side from;

    if (!packet->has_ends)
        return NULL;
    flow = find(flows, packet, &from);
    flow->side[from].cut++;
    return flow;
}

const char *flow_why_not(const struct flow *flow, char why[FLOW_WHY_BYTES])
{
    const struct flow_side *client = &flow->side[CLIENT], *server = &flow->side[SERVER];
    const unsigned long long cut = client->cut + server->cut;
    const unsigned long long all = client->frames + server->frames + cut;

    if (cut > 0) {
        snprintf(why, FLOW_WHY_BYTES, "the capture has truncated %llu of its %llu segments", cut,
                 all);
        return why;
    }
    if (client->has_syn && server->has_syn)
        return NULL;
    if (!client->has_syn && !server->has_syn)
        return "both SYNs are missing: the capture begins after them";
    if (!client->has_syn)
        return "the client's SYN is missing";
    if (server->frames == 0)
        return "the client's SYN was not answered";
    return server->has_rst ? "the server refused it with a RST" : "the server's SYN is missing";
}

void flows_end(struct flows *flows)
{
    const uint32_t first = flows->count > FLOWS_MAX ? flows->count - FLOWS_MAX : 0;

    for (uint32_t number = first; number < flows->count; number++) {
        if (flows->flow[number % FLOWS_MAX].used)
            forget(flows, &flows->flow[number % FLOWS_MAX]);
    }
}

char *endpoint_text(const struct leat_endpoint *endpoint, char text[LEAT_ENDPOINT_TEXT_BYTES])
{
    leat_endpoint_format(endpoint, text);
    return text;
}
