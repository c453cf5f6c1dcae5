/*
 * streams.c -- extracts the data of TCP flows by leat's own receiver.
 *
 * Each direction of a flow gets a connection of a stack that plays its receiver: the client's by an
 * active open, the server's by a listener. It receives the recorded segments of the other side. Its
 * sequence numbers are its own, so acknowledgments of them are translated; because it sends no
 * data, they always have the same number. The stack alone handles checksums, windows,
 * retransmissions, overlaps, urgent data and RSTs.
 *
 * All flows share one stack, each with a peer address of its own: 11.0.0.0 plus twice the slot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flows.h"
#include "options.h"
#include "world.h"

enum {
    LISTEN_PORT = 7,
    CONNECT_PORT = 9,
    HELD_SYN_MAX = 1600,
    PATH_BYTES = 512,
    REMARK_BYTES = 32 + FLOW_WHY_BYTES,
    BUFFERS = 16384
};

static const leat_ip4 our_ip = IP4(10, 0, 0, 1);
static const leat_ip4 gateway_ip = IP4(10, 0, 0, 2);
static const leat_ip4 peers_ip = IP4(11, 0, 0, 0);
static const struct leat_mac our_mac = {{2, 0, 0, 0, 0, 1}};

/* The receiver of one side of a flow. */
struct receiver {
    struct streams *streams;
    struct flow *flow;
    enum side side;
    struct leat_tcp *conn; /* NULL: not open yet, or closed */
    bool has_iss;
    uint32_t iss;   /* the stack's */
    uint32_t tsval; /* its last timestamp */
    uint64_t bytes;
    uint64_t damaged; /* segments with a wrong checksum */
    bool at_end;
    bool is_closed;
    enum leat_err why;
    bool is_written; /* the file was created */
};

struct streams {
    const struct options *options;
    struct world world;
    struct clock clock;
    struct flows flows;
    struct receiver receivers[FLOWS_MAX][2];
    uint8_t *held_syn[FLOWS_MAX]; /* SYNs of clients, until the server's options are known */
    uint32_t held_len[FLOWS_MAX];
    struct leat_tcp_listener *listener;
    uint64_t frames, cut, fragments, incomplete;
    int status;
    bool any; /* a flow has been printed */
    uint8_t frame[PACKET_FRAME_MAX];
};

static struct receiver *receiver_of(struct streams *streams, leat_ip4 peer)
{
    const uint32_t index = peer - peers_ip;

    return index < 2 * FLOWS_MAX ? &streams->receivers[index / 2][index % 2] : NULL;
}

static struct leat_endpoint peer_of(const struct receiver *receiver)
{
    return leat_endpoint_of(
        leat_ip_v4(peers_ip + 2 * receiver->flow->slot + (uint32_t)receiver->side),
        receiver->flow->side[!receiver->side].endpoint.port);
}

static void path_of(const struct receiver *receiver, char path[PATH_BYTES])
{
    const char *folder = receiver->streams->options->out;
    char from[LEAT_ENDPOINT_TEXT_BYTES], to[LEAT_ENDPOINT_TEXT_BYTES];

    endpoint_text(&receiver->flow->side[!receiver->side].endpoint, from);
    endpoint_text(&receiver->flow->side[receiver->side].endpoint, to);
    *strchr(from, ':') = '.';
    *strchr(to, ':') = '.';
    snprintf(path, PATH_BYTES, "%.400s/%u-%s-%s.bin", folder ? folder : ".", receiver->flow->number,
             from, to);
}

/* Opens and closes the file for each write, because there may be thousands. */
static void receiver_write(struct receiver *receiver, const struct leat_buf *payload)
{
    char path[PATH_BYTES];
    FILE *file;
    bool good;

    path_of(receiver, path);
    file = fopen(path, receiver->is_written ? "ab" : "wb");
    good = file != NULL;
    receiver->is_written = true;
    for (; payload && good; payload = payload->next)
        good = fwrite(payload->data, 1, payload->len, file) == payload->len;
    if (file && fclose(file) != 0)
        good = false;
    if (good || receiver->streams->status == STATUS_WRONG)
        return;
    fprintf(stderr, "leat-replay: %s: %s\n", path, strerror(errno));
    receiver->streams->status = STATUS_WRONG;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct receiver *receiver = arg;
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    if (data) {
        receiver_write(receiver, data);
        receiver->bytes += len;
        leat_buf_free(data);
        leat_tcp_consumed(conn, len);
    }
    receiver->at_end = leat_tcp_at_end(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct receiver *receiver = arg;

    (void)conn;
    receiver->conn = NULL;
    receiver->is_closed = true;
    receiver->why = why;
}

static const struct leat_tcp_events receiver_events = {.on_readable = on_readable,
                                                       .on_closed = on_closed};

static const struct leat_tcp_events no_events = {0};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct streams *streams = arg;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &receiver_events, NULL))) {
        struct leat_tcp_info info;
        struct receiver *receiver;

        leat_tcp_get_info(conn, &info);
        receiver = receiver_of(streams, leat_ip_v4_number(info.remote.ip));
        if (!receiver) { /* only our receivers open connections */
            leat_tcp_abort(conn);
            continue;
        }
        receiver->conn = conn;
        leat_tcp_set_events(conn, &receiver_events, receiver);
    }
}

/* Notes the stack's sequence numbers, which the translation needs. */
static void on_sent(void *arg, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    struct streams *streams = arg;
    struct packet packet;
    struct receiver *receiver;

    (void)now_ns;
    if (packet_parse(&packet, frame, len) != PACKET_TCP)
        return;
    receiver = receiver_of(streams, packet.ip.dst);
    if (!receiver)
        return;
    if (packet.tcp.flags & TCP_SYN) {
        receiver->iss = packet.tcp.seq;
        receiver->has_iss = true;
    }
    if (packet.tcp.has_ts)
        receiver->tsval = packet.tcp.tsval;
}

/* Delivers a peer's segment to a receiver. */
static void receiver_give(struct receiver *receiver, const struct packet *packet, uint64_t now_ns)
{
    struct streams *streams = receiver->streams;
    const struct leat_stats *stats = leat_stats(streams->world.stack);
    const uint64_t damaged = stats->drop_tcp_checksum + stats->drop_ip_checksum;
    const struct flow_side *recorded = &receiver->flow->side[receiver->side];
    struct translation how = {.src = peer_of(receiver),
                              .dst = leat_endpoint_of(leat_ip_v4(our_ip), receiver->side == SERVER
                                                                              ? LISTEN_PORT
                                                                              : CONNECT_PORT),
                              .mac = our_mac,
                              .ack = receiver->iss + 1,
                              .sack_shift = receiver->iss - recorded->iss,
                              .snd_nxt = receiver->iss + 1,
                              .tsecr = receiver->tsval,
                              .no_wind_shift = receiver->side == SERVER && !recorded->wind_shift,
                              .no_sack = receiver->side == SERVER && !recorded->sack,
                              .no_ts = receiver->side == SERVER && !recorded->ts,
                              .no_ecn = receiver->side == SERVER && !recorded->ecn,
                              .repair = streams->options->repair};

    world_queue(&streams->world, streams->frame, packet_translate(streams->frame, packet, &how));
    world_poll(&streams->world, now_ns);
    receiver->damaged += stats->drop_tcp_checksum + stats->drop_ip_checksum - damaged;
    if (!(packet->tcp.flags & TCP_SYN) || packet->data_bytes == 0 || receiver->side != SERVER ||
        !receiver->has_iss)
        return;
    how.ack = receiver->iss + 1; /* the acknowledgment that it has just sent */
    how.tsecr = receiver->tsval;
    world_queue(&streams->world, streams->frame, packet_syn_data(streams->frame, packet, &how));
    world_poll(&streams->world, now_ns);
}

/* Holds the client's SYN until the recorded answer shows the options that the server accepted. */
static void hold_syn(struct streams *streams, const struct flow *flow, const uint8_t *bytes,
                     uint32_t len)
{
    uint8_t **held = &streams->held_syn[flow->slot];

    if (*held || len > HELD_SYN_MAX)
        return;
    *held = malloc(HELD_SYN_MAX);
    if (!*held)
        return;
    memcpy(*held, bytes, len);
    streams->held_len[flow->slot] = len;
}

static void give_held_syn(struct streams *streams, const struct flow *flow, uint64_t now_ns)
{
    uint8_t **held = &streams->held_syn[flow->slot];
    struct packet packet;

    if (!*held)
        return;
    if (packet_parse(&packet, *held, streams->held_len[flow->slot]) == PACKET_TCP)
        receiver_give(&streams->receivers[flow->slot][SERVER], &packet, now_ns);
    free(*held);
    *held = NULL;
}

/* Opens the client's receiver at the time of the client's SYN. */
static void receiver_connect(struct receiver *receiver, uint64_t now_ns)
{
    struct streams *streams = receiver->streams;
    const struct leat_endpoint local = leat_endpoint_of(leat_ip_v4(our_ip), CONNECT_PORT);
    const struct leat_endpoint remote = peer_of(receiver);

    if (receiver->conn || receiver->has_iss)
        return;
    if (leat_tcp_connect(streams->world.stack, &receiver->conn, &remote, &local, &receiver_events,
                         receiver))
        receiver->conn = NULL;
    world_poll(&streams->world, now_ns);
}

static void flow_begin(struct streams *streams, struct flow *flow)
{
    for (int side = CLIENT; side <= SERVER; side++)
        streams->receivers[flow->slot][side] =
            (struct receiver){.streams = streams, .flow = flow, .side = (enum side)side};
    flow->user = streams;
}

static bool is_wanted(const struct options *options, const struct flow *flow)
{
    return options->flow == UINT32_MAX || options->flow == flow->number;
}

static void take_segment(struct streams *streams, const struct packet *packet, uint64_t recorded_ns,
                         const uint8_t *bytes, uint32_t len)
{
    enum side from;
    struct flow *flow = flows_find(&streams->flows, packet, &from);
    struct receiver *receiver;
    uint64_t now_ns;

    if (!flow->user)
        flow_begin(streams, flow);
    if (!is_wanted(streams->options, flow))
        return;
    now_ns = clock_next(&streams->clock, recorded_ns);
    world_run_until(&streams->world, now_ns);
    clock_set(&streams->clock, recorded_ns, now_ns);
    if (packet->tcp.flags & TCP_SYN) /* some captures have the answer before the SYN */
        receiver_connect(&streams->receivers[flow->slot][CLIENT], now_ns);
    if (from == CLIENT && (packet->tcp.flags & TCP_SYN)) {
        hold_syn(streams, flow, bytes, len);
        if (flow->side[SERVER].has_syn)
            give_held_syn(streams, flow, now_ns);
        return;
    }
    if (from == SERVER && (packet->tcp.flags & TCP_SYN))
        give_held_syn(streams, flow, now_ns);
    receiver = &streams->receivers[flow->slot][from == CLIENT ? SERVER : CLIENT];
    if (receiver->has_iss && !receiver->is_closed)
        receiver_give(receiver, packet, now_ns);
}

static void take_frame(struct streams *streams, const struct leat_capture_frame *frame)
{
    struct flow *flow;
    struct packet packet;

    switch (packet_parse(&packet, frame->bytes, frame->captured_bytes)) {
    case PACKET_TCP:
        take_segment(streams, &packet, frame->time_ns, frame->bytes, frame->captured_bytes);
        break;
    case PACKET_CUT:
        streams->cut++;
        flow = flows_note_cut(&streams->flows, &packet);
        if (flow && !flow->user)
            flow_begin(streams, flow);
        break;
    case PACKET_FRAGMENT:
        streams->fragments++;
        break;
    case PACKET_OTHER:
        break;
    }
}

/* A remark about a direction, beside its length; NULL: none. */
static const char *remark(const struct receiver *receiver, char text[REMARK_BYTES])
{
    const struct flow_side *from = &receiver->flow->side[!receiver->side];
    char why[FLOW_WHY_BYTES];

    if (!from->has_syn || !receiver->flow->side[receiver->side].has_syn) {
        snprintf(text, REMARK_BYTES, "not followed: %s", flow_why_not(receiver->flow, why));
        return text;
    }
    if (receiver->is_closed && receiver->why != LEAT_OK && receiver->bytes < from->end)
        snprintf(text, REMARK_BYTES, "%u bytes were sent; then %s", from->end,
                 leat_err_text(receiver->why));
    else if (receiver->bytes < from->end && from->has_rst)
        snprintf(text, REMARK_BYTES, "%u bytes were sent, %llu before a reset", from->end,
                 (unsigned long long)receiver->bytes);
    else if (receiver->bytes < from->end && receiver->damaged > 0)
        snprintf(text, REMARK_BYTES, "%u bytes were sent, with %llu wrong checksums%s", from->end,
                 (unsigned long long)receiver->damaged,
                 from->unfinished > 0 ? ": the sender's device completes them (offload)" : "");
    else if (from->cut > 0)
        snprintf(text, REMARK_BYTES, "the capture has truncated %llu of its segments",
                 (unsigned long long)from->cut);
    else if (receiver->bytes < from->end)
        snprintf(text, REMARK_BYTES, "%u bytes were sent: those after %llu never fitted", from->end,
                 (unsigned long long)receiver->bytes);
    else if (from->rst_bytes > 0)
        snprintf(text, REMARK_BYTES, "%u bytes of a RST say why, and are not of the stream",
                 from->rst_bytes);
    else if (!receiver->at_end && !receiver->is_closed)
        return "no end in the capture";
    else
        return NULL;
    return text;
}

static void print_direction(struct receiver *receiver)
{
    struct streams *streams = receiver->streams;
    char from[LEAT_ENDPOINT_TEXT_BYTES], to[LEAT_ENDPOINT_TEXT_BYTES], path[PATH_BYTES];
    char text[REMARK_BYTES];
    const char *said = remark(receiver, text);
    const bool json = streams->options->json;

    endpoint_text(&receiver->flow->side[!receiver->side].endpoint, from);
    endpoint_text(&receiver->flow->side[receiver->side].endpoint, to);
    if (!json) {
        printf("flow %u: %s > %s: %llu bytes%s%s\n", receiver->flow->number, from, to,
               (unsigned long long)receiver->bytes, said ? "; " : "", said ? said : "");
        return;
    }
    path_of(receiver, path);
    printf("%s\n  {\"flow\": %u, \"from\": \"%s\", \"to\": \"%s\", \"bytes\": %llu, \"sent\": %u, "
           "\"wrong_checksums\": %llu, \"complete\": %s, \"file\": ",
           streams->any ? "," : "", receiver->flow->number, from, to,
           (unsigned long long)receiver->bytes, receiver->flow->side[!receiver->side].end,
           (unsigned long long)receiver->damaged, said ? "false" : "true");
    json_string(stdout, path);
    printf(", \"remark\": ");
    if (said)
        json_string(stdout, said);
    else
        printf("null");
    printf("}");
    streams->any = true;
}

/* Ends a flow that is over, or was dropped from the table. */
static void on_flow_end(void *arg, struct flow *flow)
{
    struct streams *streams = arg;

    free(streams->held_syn[flow->slot]);
    streams->held_syn[flow->slot] = NULL;
    for (int side = SERVER; side >= CLIENT && is_wanted(streams->options, flow); side--) {
        struct receiver *receiver = &streams->receivers[flow->slot][side];

        if (!receiver->is_written)
            receiver_write(receiver, NULL);
        print_direction(receiver);
        if (receiver->conn) { /* no further callbacks */
            leat_tcp_set_events(receiver->conn, &no_events, NULL);
            leat_tcp_abort(receiver->conn);
        }
    }
}

static bool streams_open(struct streams *streams, const struct options *options)
{
    struct world_config config = {
        .ip = leat_ip_v4(our_ip),
        .gateway = gateway_ip,
        .mac = our_mac,
        .buffers = BUFFERS,
        .tcp = {.connections = 2 * FLOWS_MAX, .half_open = FLOWS_MAX, .no_cookies = true},
        .seed = {1},
        .on_sent = on_sent,
        .arg = streams};
    const struct leat_tcp_listen_config listen = {
        .port = LISTEN_PORT, .backlog = FLOWS_MAX, .on_acceptable = on_acceptable, .arg = streams};

    streams->options = options;
    streams->flows.on_end = on_flow_end;
    streams->flows.arg = streams;
    return world_open(&streams->world, &config) &&
           leat_tcp_listen(streams->world.stack, &streams->listener, &listen) == LEAT_OK;
}

static void print_end(const struct streams *streams)
{
    const struct leat_stats *stats = leat_stats(streams->world.stack);

    if (streams->options->json) {
        printf("],\n \"frames\": %llu, \"flow_count\": %u, \"cut\": %llu, \"fragments\": %llu, "
               "\"wrong_checksums\": %llu}\n",
               (unsigned long long)streams->frames, streams->flows.count,
               (unsigned long long)streams->cut, (unsigned long long)streams->fragments,
               (unsigned long long)(stats->drop_tcp_checksum + stats->drop_ip_checksum));
        return;
    }
    printf("%llu frames, %u flows", (unsigned long long)streams->frames, streams->flows.count);
    if (streams->cut + streams->fragments > 0)
        printf("; left out: %llu segments cut by the capture, %llu fragments",
               (unsigned long long)streams->cut, (unsigned long long)streams->fragments);
    if (stats->drop_tcp_checksum + stats->drop_ip_checksum > 0)
        printf("; %llu wrong checksums: see --repair-checksums",
               (unsigned long long)(stats->drop_tcp_checksum + stats->drop_ip_checksum));
    printf("\n");
}

int streams(const struct options *options)
{
    struct leat_capture *capture = open_capture(options);
    struct streams *all = calloc(1, sizeof *all);
    struct leat_capture_frame frame;
    int status = STATUS_WRONG;

    if (capture && all && streams_open(all, options)) {
        if (options->json)
            printf("{\"streams\": [");
        while (leat_capture_next(capture, &frame) == LEAT_OK) {
            progress(options, capture, ++all->frames);
            take_frame(all, &frame);
        }
        status = capture_end(options, capture);
        flows_end(&all->flows);
        print_end(all);
        if (all->status)
            status = all->status;
        world_close(&all->world);
    }
    leat_capture_close(capture);
    free(all);
    return status;
}
