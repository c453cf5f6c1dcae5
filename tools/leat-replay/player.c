/* player.c -- the stack plays one side of a recorded TCP flow. */
#include "player.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/congestion/seq.h"

enum {
    BUFFERS = 8192,
    HELD_ROUNDS = 256, /* limit of ACKs that one segment may release */
    PATH_BYTES = 512
};

static const uint64_t linger_ns = 5000000000u;
static const leat_ip4 our_ip = IP4(10, 0, 0, 1);
static const leat_ip4 peer_ip = IP4(10, 0, 0, 2);
static const struct leat_mac our_mac = {{2, 0, 0, 0, 0, 1}};

void player_finding(struct player *player, const char *format, ...)
{
    va_list arguments;

    if (player->finding_count < FINDINGS_MAX) {
        va_start(arguments, format);
        vsnprintf(player->findings[player->finding_count], FINDING_BYTES, format, arguments);
        va_end(arguments);
    }
    player->finding_count++;
}

/* Converts a time of the stack to recorded time since the first segment. */
static double seconds(const struct player *player, uint64_t now_ns)
{
    now_ns = clock_recorded(&player->clock, now_ns);
    return now_ns > player->first_ns ? (double)(now_ns - player->first_ns) / 1e9 : 0;
}

/* Prints one line per segment, for -v; the SYN is byte -1. */
static void print_segment(const struct player *player, const char *who, const struct packet *packet,
                          uint32_t seq, uint32_t ack, uint64_t now_ns)
{
    static const char *const flags[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};

    printf("    %10.6f  %-9s seq %d, %u bytes, ", seconds(player, now_ns), who, (int32_t)seq,
           packet->data_bytes);
    if (packet->tcp.flags & TCP_ACK)
        printf("ack %d, ", (int32_t)ack);
    printf("window %u", packet->tcp.window);
    for (unsigned i = 0; i < 8; i++) {
        if (packet->tcp.flags & 1u << i)
            printf(" %s", flags[i]);
    }
    printf("\n");
}

/* Counts a segment of our side, recorded or played; @end: the end of its data, since the SYN. */
static void count_answer(struct answers *answers, const struct packet *packet, uint32_t end,
                         uint8_t shift)
{
    const uint32_t window = (uint32_t)packet->tcp.window << shift;

    answers->segments++;
    if (!(packet->tcp.flags & (TCP_SYN | TCP_RST))) {
        if (packet->data_bytes == 0 && !(packet->tcp.flags & TCP_FIN))
            answers->acks++;
        if (answers->window_max == 0 || window < answers->window_min)
            answers->window_min = window;
        if (window > answers->window_max)
            answers->window_max = window;
    }
    if (packet->data_bytes == 0)
        return;
    answers->data_segments++;
    if (seq_le(end, answers->highest))
        answers->retransmissions++;
    else
        answers->highest = end;
}

/* Draws a segment: its data in its own direction, its ACK in the other. */
static void draw(struct player *player, const struct packet *packet, bool ours, uint32_t at,
                 uint32_t ack, uint8_t shift, uint64_t now_ns)
{
    struct plot *data = &player->plot[ours], *acks = &player->plot[!ours];

    if (!player->options->plot)
        return;
    now_ns = clock_recorded(&player->clock, now_ns);
    if (packet->data_bytes > 0 && at < DATA_MAX)
        plot_add_segment(data, now_ns, at, at + packet->data_bytes);
    if (packet->tcp.flags & TCP_RST)
        plot_add(data, now_ns, PLOT_RST, at, at < DATA_MAX ? at : 0);
    if (!(packet->tcp.flags & TCP_ACK) || (packet->tcp.flags & TCP_SYN) || ack > DATA_MAX)
        return;
    plot_add(acks, now_ns, PLOT_ACK, ack, ack);
    plot_add(acks, now_ns, PLOT_WINDOW, ack, ack + ((uint32_t)packet->tcp.window << shift));
    for (unsigned i = 0; i < packet->tcp.sack_count; i++) {
        const uint32_t base = packet->tcp.ack - ack;

        plot_add(acks, now_ns, PLOT_SACK, packet->tcp.sacks[i].left - base,
                 packet->tcp.sacks[i].right - base);
    }
}

/* The stack sends a RST that the recorded side didn't send.  Without the segments whose checksums
 * were wrong it has no connection, or another one, so then it is right (RFC 9293 3.10.7.1). */
static void note_reset(struct player *player, uint64_t now_ns)
{
    const struct leat_stats *stats = leat_stats(player->world.stack);

    if (stats->drop_tcp_checksum + stats->drop_ip_checksum > 0)
        player->resets_allowed++;
    else
        player_finding(player, "at %.6f s it sends a RST", seconds(player, now_ns));
}

/* Handles a frame that the stack sends. */
static void on_sent(void *arg, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    struct player *player = arg;
    const struct flow_side *other = &player->flow.side[!player->side];
    struct packet packet;
    uint32_t at, end, where = 0;

    if (packet_parse(&packet, frame, len) != PACKET_TCP)
        return;
    if (packet.tcp.flags & TCP_SYN) {
        player->iss = packet.tcp.seq;
        player->has_iss = true;
        player->shift = packet.tcp.wind_shift == WIRE_TCP_NO_SHIFT || !other->wind_shift
                            ? 0
                            : packet.tcp.wind_shift;
    }
    if (packet.tcp.has_ts)
        player->tsval = packet.tcp.tsval;
    at = packet.tcp.seq - player->iss - 1;
    end = packet.tcp.seq + packet.data_bytes + !!(packet.tcp.flags & (TCP_SYN | TCP_FIN));
    if (!(packet.tcp.flags & TCP_RST) && seq_lt(player->snd_nxt, end))
        player->snd_nxt = end;
    if (packet.tcp.flags & TCP_SYN)
        player->snd_nxt = end;
    count_answer(&player->played, &packet, at + packet.data_bytes, player->shift);
    draw(player, &packet, true, at, packet.tcp.ack - other->iss - 1, player->shift, now_ns);
    if (player->options->verbose)
        print_segment(player, "leat", &packet, at, packet.tcp.ack - other->iss - 1, now_ns);
    if (packet.data_bytes > 0 &&
        !data_equal(&player->wrote, at, packet.data, packet.data_bytes, &where))
        player_finding(player, "at %.6f s it sends another byte %u", seconds(player, now_ns),
                       where);
    /* the peer has this data already, so it repeats its ACK */
    if (end != packet.tcp.seq && !(packet.tcp.flags & TCP_SYN) &&
        seq_le(end, player->iss + player->ack_given))
        player->ack_again = true;
    /* a segment for a closed connection gets a RST (RFC 9293 3.10.7.1) */
    if ((packet.tcp.flags & TCP_RST) && !player->aborted && !player->peer_reset &&
        !player->is_closed && !(player->heard_odd_ack && !player->is_open))
        note_reset(player, now_ns);
}

static void on_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    ((struct player *)arg)->is_open = true;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct player *player = arg;
    struct leat_buf *payload = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(payload);
    uint32_t where = 0;

    for (struct leat_buf *piece = payload; piece; piece = piece->next) {
        if (!data_equal(&player->told, player->delivered, piece->data, piece->len, &where))
            player_finding(player, "the program gets another byte %u", where);
        if (player->out)
            fwrite(piece->data, 1, piece->len, player->out);
        player->delivered += piece->len;
    }
    if (payload) {
        leat_buf_free(payload);
        leat_tcp_consumed(conn, len);
    }
    player->at_end = leat_tcp_at_end(conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct player *player = arg;

    (void)conn;
    player->conn = NULL;
    player->is_closed = true;
    player->why = why;
}

static const struct leat_tcp_events player_events = {
    .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct player *player = arg;

    if (player->conn)
        return;
    player->conn = leat_tcp_accept(listener, &player_events, player);
    if (!player->conn)
        return;
    player->is_open = true;
    leat_tcp_set_nodelay(player->conn, true); /* the recording determines when to send */
}

/* Performs the program's next step, as far as it is possible now. */
static void act(struct player *player)
{
    size_t taken = 0;

    if (!player->conn)
        return;
    if (player->wrote.ready > player->written &&
        leat_tcp_write(player->conn, player->wrote.bytes + player->written,
                       player->wrote.ready - player->written, &taken) == LEAT_OK)
        player->written += (uint32_t)taken;
    if (player->fin_wanted && !player->fin_done && player->written == player->fin_at)
        player->fin_done = leat_tcp_shutdown(player->conn) == LEAT_OK;
    if (player->aborted)
        leat_tcp_abort(player->conn);
}

static struct translation translation_to_us(const struct player *player)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    const bool server = player->side == SERVER;

    return (struct translation){
        .src =
            leat_endpoint_of(leat_ip_v4(peer_ip), player->flow.side[!player->side].endpoint.port),
        .dst = leat_endpoint_of(leat_ip_v4(our_ip), ours->endpoint.port),
        .mac = our_mac,
        .sack_shift = player->iss - ours->iss,
        .snd_nxt = player->snd_nxt,
        .tsecr = player->tsval,
        .no_wind_shift = server && !ours->wind_shift,
        .no_sack = server && !ours->sack,
        .no_ts = server && !ours->ts,
        .no_ecn = server && !ours->ecn,
        .repair = player->options->repair};
}

/* The highest acknowledgment that is valid for the stack now, since the SYN. */
static uint32_t ack_for_now(struct player *player, uint32_t recorded)
{
    const uint32_t sent = player->snd_nxt - player->iss;

    if (seq_lt(player->ack_wanted, recorded))
        player->ack_wanted = recorded;
    if (seq_lt(sent, recorded)) {
        player->acks_held++;
        return sent;
    }
    return recorded;
}

/* Delivers acknowledgments that were held back, once the stack has sent the data that they
 * cover.
 */
static void give_held(struct player *player, uint64_t now_ns)
{
    for (unsigned i = 0; i < HELD_ROUNDS && player->has_peer && player->is_open; i++) {
        const uint32_t sent = player->snd_nxt - player->iss;
        const uint32_t ack = seq_lt(sent, player->ack_wanted) ? sent : player->ack_wanted;
        struct translation how = translation_to_us(player);

        if (!seq_lt(player->ack_given, ack) && !player->ack_again)
            return;
        player->ack_given = ack;
        player->ack_again = false;
        how.ack = player->iss + ack;
        world_queue(&player->world, player->frame,
                    packet_ack(player->frame, &player->peer, &how, player->peer_nxt,
                               player->peer.tcp.window));
        world_poll(&player->world, now_ns);
        act(player);
        world_poll(&player->world, now_ns);
    }
}

/* Translates a segment's acknowledgment to the stack's numbers. Before the SYN,ACK a recorded
 * client may get an acknowledgment of data that it never sent. It stays as wrong for the stack,
 * which answers it with a RST: @odd (RFC 9293 3.10.7.3). */
static uint32_t hear_ack(struct player *player, const struct packet *packet, bool *odd)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    const uint32_t recorded = packet->tcp.ack - ours->iss;
    uint32_t ack;

    *odd = false;
    if (!(packet->tcp.flags & TCP_ACK))
        return player->iss;
    *odd = player->side == CLIENT && !player->synchronized &&
           recorded - 1 > ours->end + player->wrote.ready;
    if (*odd)
        return player->iss + recorded;
    ack = ack_for_now(player, recorded);
    if (seq_lt(player->ack_given, ack))
        player->ack_given = ack;
    return player->iss + ack;
}

/* Opens a client with the first segment of its flow, because some captures have the answer
 * before the SYN. */
static void open_if_due(struct player *player, uint64_t now_ns)
{
    const struct leat_endpoint local =
        leat_endpoint_of(leat_ip_v4(our_ip), player->flow.side[CLIENT].endpoint.port);
    const struct leat_endpoint remote =
        leat_endpoint_of(leat_ip_v4(peer_ip), player->flow.side[SERVER].endpoint.port);

    if (player->side != CLIENT || player->has_iss)
        return;
    if (leat_tcp_connect(player->world.stack, &player->conn, &remote, &local, &player_events,
                         player)) {
        player_finding(player, "it can't connect");
        return;
    }
    leat_tcp_set_nodelay(player->conn, true); /* the recording determines when to send */
    world_poll(&player->world, now_ns);
}

/* Opens a client again: the recorded one was refused, and has repeated its SYN. */
static void open_again(struct player *player)
{
    if (player->side != CLIENT || !player->is_closed || player->why != LEAT_ERR_REFUSED)
        return;
    player->has_iss = player->is_closed = player->peer_reset = false;
    player->ack_given = 0;
}

/* Derives the program's steps from a segment of the recorded side. */
static void take_ours(struct player *player, const struct packet *packet, uint64_t now_ns)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    const struct flow_side *other = &player->flow.side[!player->side];
    const uint32_t at = packet->tcp.seq - ours->iss - 1;

    count_answer(&player->recorded, packet, at + packet->data_bytes,
                 other->wind_shift ? ours->shift : 0);
    if (player->options->verbose)
        print_segment(player, "recorded", packet, at, packet->tcp.ack - other->iss - 1, now_ns);
    if (packet->tcp.flags & TCP_SYN)
        open_again(player);
    open_if_due(player, now_ns);
    if (player->side == SERVER)
        player->synchronized |= (packet->tcp.flags & TCP_SYN) != 0;
    if (!(packet->tcp.flags & TCP_RST))
        data_put(&player->wrote, at + !!(packet->tcp.flags & TCP_SYN), packet->data,
                 packet->data_bytes);
    if (packet->tcp.flags & TCP_FIN) {
        player->fin_wanted = true;
        player->fin_at = at + packet->data_bytes;
    }
    /* without a connection a RST refuses a SYN, or an ACK in SYN-SENT (RFC 9293 3.10.7) */
    if (packet->tcp.flags & TCP_RST)
        player->aborted |= player->synchronized;
}

/* Delivers a segment of the other side to the stack. */
static void take_theirs(struct player *player, const struct packet *packet, uint64_t now_ns)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    const struct flow_side *other = &player->flow.side[!player->side];
    const uint32_t at = packet->tcp.seq - other->iss - 1;
    const uint32_t end =
        packet->tcp.seq + packet->data_bytes + !!(packet->tcp.flags & (TCP_SYN | TCP_FIN));
    struct translation how;
    bool odd;

    open_if_due(player, now_ns);
    if (!(packet->tcp.flags & TCP_RST))
        data_put(&player->told, at + !!(packet->tcp.flags & TCP_SYN), packet->data,
                 packet->data_bytes);
    how = translation_to_us(player);
    how.ack = hear_ack(player, packet, &odd);
    player->heard_odd_ack |= odd;
    player->peer_reset |= (packet->tcp.flags & TCP_RST) && !odd;
    player->synchronized |= player->side == CLIENT && (packet->tcp.flags & TCP_SYN) && !odd;
    if (!odd && (!player->has_peer || seq_lt(player->peer_nxt, end)))
        player->peer_nxt = end;
    player->peer = *packet;
    player->has_peer |= !odd;
    draw(player, packet, false, at, packet->tcp.ack - ours->iss - 1,
         ours->wind_shift ? other->shift : 0, now_ns);
    if (player->options->verbose)
        print_segment(player, "peer", packet, at, packet->tcp.ack - ours->iss - 1, now_ns);
    world_queue(&player->world, player->frame, packet_translate(player->frame, packet, &how));
    if (!(packet->tcp.flags & TCP_SYN) || packet->data_bytes == 0 || player->side != SERVER)
        return;
    world_poll(&player->world, now_ns);
    if (!player->has_iss)
        return;
    how = translation_to_us(player);
    how.ack = player->iss + 1;
    world_queue(&player->world, player->frame, packet_syn_data(player->frame, packet, &how));
}

void player_take(struct player *player, const struct packet *packet, enum side from,
                 uint64_t recorded_ns)
{
    const uint64_t now_ns = clock_next(&player->clock, recorded_ns);

    if (player->first_ns == 0)
        player->first_ns = recorded_ns;
    world_run_until(&player->world, now_ns);
    clock_set(&player->clock, recorded_ns, now_ns);
    if (from == player->side)
        take_ours(player, packet, now_ns);
    else
        take_theirs(player, packet, now_ns);
    act(player);
    world_poll(&player->world, now_ns);
    act(player); /* a connection may have been accepted */
    world_poll(&player->world, now_ns);
    give_held(player, now_ns);
}

void player_end(struct player *player)
{
    const uint64_t end_ns = player->world.now_ns + linger_ns;

    while (player->world.next_ns < end_ns && player->world.now_ns < end_ns) {
        world_poll(&player->world, player->world.next_ns);
        act(player);
        give_held(player, player->world.now_ns);
    }
    player_judge(player);
}

bool player_open(struct player *player, const struct options *options, const struct flow *flow,
                 enum side side, struct world_memory *memory)
{
    struct world_config config = {.ip = leat_ip_v4(our_ip),
                                  .mac = our_mac,
                                  .buffers = BUFFERS,
                                  .tcp = {.connections = 16,
                                          .ecn = flow->side[CLIENT].ecn && side == CLIENT
                                                     ? LEAT_TCP_ECN_ASK
                                                     : LEAT_TCP_ECN_ACCEPT,
                                          .user_timeout_ns = 3600000000000u,
                                          .no_pacing = true, /* the recording determines when
                                                              * to send */
                                          .no_timestamps = side == CLIENT && !flow->side[CLIENT].ts,
                                          .no_sack = side == CLIENT && !flow->side[CLIENT].sack},
                                  .seed = {1},
                                  .memory = memory,
                                  .on_sent = on_sent,
                                  .arg = player};
    const struct leat_tcp_listen_config listen = {
        .port = flow->side[SERVER].endpoint.port, .on_acceptable = on_acceptable, .arg = player};
    char path[PATH_BYTES];

    memset(player, 0, sizeof *player);
    player->options = options;
    player->flow = *flow;
    player->side = side;
    if (!world_open(&player->world, &config))
        return false;
    if (side == SERVER && leat_tcp_listen(player->world.stack, &player->listener, &listen))
        return false;
    if (!options->out)
        return true;
    snprintf(path, sizeof path, "%.400s/%u-%s.bin", options->out, flow->number,
             side == SERVER ? "server" : "client");
    player->out = fopen(path, "wb");
    if (!player->out)
        perror(path);
    return player->out != NULL;
}

void player_close(struct player *player)
{
    if (player->out && fclose(player->out) != 0)
        perror(player->options->out);
    world_close(&player->world);
    data_free(&player->wrote);
    data_free(&player->told);
    plot_free(&player->plot[0]);
    plot_free(&player->plot[1]);
}
