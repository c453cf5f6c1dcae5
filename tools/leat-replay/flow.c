/*
 * flow.c -- the stack plays one side of recorded flows, and the result is compared.
 *
 * The capture is read once to list its flows, and once more for each batch of sides that are
 * played; a batch has as many as may reasonably have a stack each.
 */
#include <stdlib.h>
#include <string.h>

#include "player.h"

enum {
    LISTED_MAX = 65536, /* flows that can be played; the others are counted */
    BATCH_MAX = 16,
    SAID_MAX = 16,
    PATH_BYTES = 1024
};

struct list {
    struct flow *flows;
    uint32_t count, room, left_out;
    uint64_t frames, cut, fragments; /* of the whole capture */
};

static void on_listed(void *arg, struct flow *flow)
{
    struct list *list = arg;

    if (list->count == list->room) {
        const uint32_t room = list->room ? 2 * list->room : 64;
        struct flow *larger =
            list->count < LISTED_MAX ? realloc(list->flows, room * sizeof *larger) : NULL;

        if (!larger) {
            list->left_out++;
            return;
        }
        list->flows = larger;
        list->room = room;
    }
    list->flows[list->count++] = *flow;
}

/* The first pass; returns the exit status. */
static int list_flows(const struct options *options, struct list *list)
{
    struct leat_capture *capture = open_capture(options);
    struct flows *flows = calloc(1, sizeof *flows);
    struct leat_capture_frame frame;
    int status = STATUS_WRONG;

    if (capture && flows) {
        flows->on_end = on_listed;
        flows->arg = list;
        for (uint64_t count = 1; leat_capture_next(capture, &frame) == LEAT_OK; count++) {
            struct packet packet;
            enum side from;

            progress(options, capture, count);
            switch (packet_parse(&packet, frame.bytes, frame.captured_bytes)) {
            case PACKET_TCP:
                flows_find(flows, &packet, &from);
                break;
            case PACKET_CUT:
                list->cut++;
                flows_note_cut(flows, &packet);
                break;
            case PACKET_FRAGMENT:
                list->fragments++;
                break;
            case PACKET_OTHER:
                break;
            }
            list->frames = count;
        }
        status = capture_end(options, capture);
        flows_end(flows);
    }
    leat_capture_close(capture);
    free(flows);
    return status;
}

/* The sides that are played in one pass over the capture. */
struct batch {
    const struct options *options;
    struct player *players[BATCH_MAX];
    struct world_memory memory[BATCH_MAX]; /* memory of their stacks, reused in later batches */
    unsigned count;
    bool several; /* more than one play in all batches together */
    bool begun;   /* output has begun */
};

static uint64_t frames_of(const struct flow *flow)
{
    return flow->side[CLIENT].frames + flow->side[SERVER].frames;
}

/* Passes a segment to the players of its flow; returns their number. */
static unsigned give(const struct batch *batch, uint32_t number, const struct packet *packet,
                     enum side from, uint64_t time_ns)
{
    unsigned given = 0;

    for (unsigned i = 0; i < batch->count; i++) {
        if (batch->players[i]->flow.number != number)
            continue;
        player_take(batch->players[i], packet, from, time_ns);
        given++;
    }
    return given;
}

/* A pass over the capture for all players of the batch, up to the last segment of their flows. */
static bool play(const struct batch *batch)
{
    struct leat_capture *capture = open_capture(batch->options);
    struct flows *flows = calloc(1, sizeof *flows);
    struct leat_capture_frame frame;
    uint64_t left = 0;

    for (unsigned i = 0; i < batch->count; i++)
        left += frames_of(&batch->players[i]->flow);
    while (capture && flows && left > 0 && leat_capture_next(capture, &frame) == LEAT_OK) {
        struct packet packet;
        const enum packet_kind kind = packet_parse(&packet, frame.bytes, frame.captured_bytes);
        enum side from;

        if (kind == PACKET_CUT)
            flows_note_cut(flows, &packet); /* keeps the flows' numbers */
        if (kind == PACKET_TCP) {
            const struct flow *flow = flows_find(flows, &packet, &from);

            left -= give(batch, flow->number, &packet, from, frame.time_ns);
        }
    }
    for (unsigned i = 0; i < batch->count; i++)
        player_end(batch->players[i]);
    leat_capture_close(capture);
    free(flows);
    return capture && flows;
}

static void print_answers_json(const char *name, const struct answers *answers)
{
    printf("\"%s\": {\"segments\": %llu, \"acks\": %llu, \"data_segments\": %llu, "
           "\"retransmissions\": %llu, \"window_min\": %u, \"window_max\": %u}",
           name, (unsigned long long)answers->segments, (unsigned long long)answers->acks,
           (unsigned long long)answers->data_segments, (unsigned long long)answers->retransmissions,
           answers->window_min, answers->window_max);
}

static void print_json(const struct player *player, bool first)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    char text[LEAT_ENDPOINT_TEXT_BYTES];

    printf("%s\n  {\"flow\": %u, \"side\": \"%s\", \"endpoint\": \"%s\", \"delivered\": %u, "
           "\"sent\": %u, \"acks_held\": %llu, \"damaged\": %llu, ",
           first ? "" : ",", player->flow.number, player->side == SERVER ? "server" : "client",
           endpoint_text(&ours->endpoint, text), player->delivered, player->written,
           (unsigned long long)player->acks_held, (unsigned long long)player->damaged);
    print_answers_json("recorded", &player->recorded);
    printf(", ");
    print_answers_json("leat", &player->played);
    printf(", \"findings\": [");
    for (unsigned i = 0; i < player->finding_count && i < FINDINGS_MAX; i++) {
        printf("%s", i ? ", " : "");
        json_string(stdout, player->findings[i]);
    }
    printf("]}");
}

/* Segments with wrong checksums, and what follows from that. */
static void print_checksums(const struct player *player)
{
    const struct flow_side *peer = &player->flow.side[!player->side];

    if (player->damaged == 0)
        return;
    printf("  %llu segments had wrong checksums, and were dropped: see --repair-checksums\n",
           (unsigned long long)player->damaged);
    if (peer->unfinished > 0)
        printf(
            "  %llu of them have no complete checksum: the sender's device computes it (offload), "
            "and the capture was made before that\n",
            (unsigned long long)peer->unfinished);
    if (player->resets_allowed > 0)
        printf("  allowed: %llu RSTs for a connection whose segments were dropped\n",
               (unsigned long long)player->resets_allowed);
}

/* Differences that RFC 9293 leaves to the implementation. */
static void print_allowed(const struct player *player)
{
    const struct answers *recorded = &player->recorded, *played = &player->played;

    if (recorded->acks != played->acks)
        printf("  allowed: %llu ACKs without data, recorded were %llu\n",
               (unsigned long long)played->acks, (unsigned long long)recorded->acks);
    if (recorded->data_segments != played->data_segments)
        printf("  allowed: its data in %llu segments (%llu of them repeated), recorded in %llu "
               "(%llu)\n",
               (unsigned long long)played->data_segments,
               (unsigned long long)played->retransmissions,
               (unsigned long long)recorded->data_segments,
               (unsigned long long)recorded->retransmissions);
    if (recorded->window_min != played->window_min || recorded->window_max != played->window_max)
        printf("  allowed: windows of %u to %u bytes, recorded were %u to %u\n", played->window_min,
               played->window_max, recorded->window_min, recorded->window_max);
    if (player->acks_held > 0)
        printf("  allowed: %llu segments acknowledge what it had not sent yet: held back\n",
               (unsigned long long)player->acks_held);
    print_checksums(player);
    if (player->told.conflicts + player->wrote.conflicts > 0)
        printf("  the capture contradicts itself: %u bytes came in two versions\n",
               player->told.conflicts + player->wrote.conflicts);
}

static void print_player(const struct player *player)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    char text[LEAT_ENDPOINT_TEXT_BYTES];

    printf("flow %u, %s %s: %u bytes received, %u sent: %s\n", player->flow.number,
           player->side == SERVER ? "server" : "client", endpoint_text(&ours->endpoint, text),
           player->delivered, player->written,
           player->finding_count ? "FINDINGS"
           : player->damaged     ? "fine, as far as it got"
                                 : "fine");
    print_allowed(player);
    for (unsigned i = 0; i < player->finding_count && i < FINDINGS_MAX; i++)
        printf("  finding: %s\n", player->findings[i]);
    if (player->finding_count > FINDINGS_MAX)
        printf("  and %u more\n", player->finding_count - FINDINGS_MAX);
}

/* FILE.svg; with several plays FILE-N-SIDE.svg. */
static void plot_path(const struct player *player, bool several, char path[PATH_BYTES])
{
    const char *given = player->options->plot;
    const char *dot = strrchr(given, '.');
    const size_t stem = dot && !strchr(dot, '/') ? (size_t)(dot - given) : strlen(given);

    if (several)
        snprintf(path, PATH_BYTES, "%.*s-%u-%s%s", (int)stem, given, player->flow.number,
                 player->side == SERVER ? "server" : "client", given + stem);
    else
        snprintf(path, PATH_BYTES, "%s", given);
}

/* Draws the direction with more data. */
static bool draw_player(const struct player *player, bool several)
{
    const bool ours = player->plot[1].bytes > player->plot[0].bytes;
    const struct flow_side *side = player->flow.side;
    char from[LEAT_ENDPOINT_TEXT_BYTES], to[LEAT_ENDPOINT_TEXT_BYTES], title[160], path[PATH_BYTES];

    endpoint_text(&side[ours ? player->side : (enum side) !player->side].endpoint, from);
    endpoint_text(&side[ours ? (enum side) !player->side : player->side].endpoint, to);
    snprintf(title, sizeof title, "flow %u, %s%s > %s%s", player->flow.number, from,
             ours ? " (leat)" : "", to, ours ? "" : " (leat)");
    plot_path(player, several, path);
    return plot_write(&player->plot[ours], path, title);
}

static int worse(int one, int other)
{
    return one > other ? one : other;
}

/* Prints the result of one side; returns the exit status. */
static int report(struct batch *batch, const struct player *player)
{
    if (batch->options->json)
        print_json(player, !batch->begun);
    else
        print_player(player);
    batch->begun = true;
    if (batch->options->plot && !draw_player(player, batch->several))
        return STATUS_WRONG;
    return player->finding_count ? STATUS_FINDING : STATUS_FINE;
}

/* Plays the gathered sides, and empties the batch; returns the exit status. */
static int play_batch(struct batch *batch)
{
    const bool played = batch->count == 0 || play(batch);
    int status = played ? STATUS_FINE : STATUS_WRONG;

    progress_end(batch->options);
    for (unsigned i = 0; i < batch->count; i++) {
        if (played)
            status = worse(status, report(batch, batch->players[i]));
        player_close(batch->players[i]);
        free(batch->players[i]);
    }
    batch->count = 0;
    return status;
}

/* Adds a side to the batch, after playing a full batch; returns the exit status of that. A
 * play that is printed segment by segment has a batch of its own. */
static int add_side(struct batch *batch, const struct flow *flow, enum side side)
{
    struct player *player = calloc(1, sizeof *player);

    if (!player)
        return STATUS_WRONG;
    if (!player_open(player, batch->options, flow, side, &batch->memory[batch->count])) {
        player_close(player);
        free(player);
        return STATUS_WRONG;
    }
    batch->players[batch->count++] = player;
    return batch->count == BATCH_MAX || batch->options->verbose ? play_batch(batch) : STATUS_FINE;
}

/* True if a flow can be played: the capture has both SYNs. */
static bool is_playable(const struct flow *flow)
{
    char why[FLOW_WHY_BYTES];

    return !flow_why_not(flow, why);
}

static bool is_wanted(const struct options *options, const struct flow *flow)
{
    return options->flow == UINT32_MAX || options->flow == flow->number;
}

/* Says why flows were not played: of the first SAID_MAX, in JSON of all. */
static void print_not_played(const struct options *options, const struct list *list)
{
    char why[FLOW_WHY_BYTES], from[LEAT_ENDPOINT_TEXT_BYTES], to[LEAT_ENDPOINT_TEXT_BYTES];
    uint32_t said = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct flow *flow = &list->flows[i];
        const char *reason = flow_why_not(flow, why);

        if (!reason || !is_wanted(options, flow))
            continue;
        endpoint_text(&flow->side[CLIENT].endpoint, from);
        endpoint_text(&flow->side[SERVER].endpoint, to);
        if (options->json)
            printf("%s\n  {\"flow\": %u, \"client\": \"%s\", \"server\": \"%s\", \"why\": \"%s\"}",
                   said ? "," : "", flow->number, from, to, reason);
        else if (said < SAID_MAX)
            printf("flow %u, %s > %s: not played: %s\n", flow->number, from, to, reason);
        said++;
    }
    if (!options->json && said > SAID_MAX)
        printf("and %u more flows not played\n", said - SAID_MAX);
}

/* Sums up what no flow has. */
static void print_end(const struct options *options, const struct list *list, uint32_t skipped)
{
    if (options->json) {
        printf("],\n \"not_played\": [");
        print_not_played(options, list);
        printf("],\n \"flow_count\": %u, \"skipped\": %u, \"cut\": %llu, \"fragments\": %llu}\n",
               list->count, skipped, (unsigned long long)list->cut,
               (unsigned long long)list->fragments);
        return;
    }
    print_not_played(options, list);
    if (list->count == 0)
        printf("no TCP flow in %llu frames\n", (unsigned long long)list->frames);
    if (list->cut + list->fragments > 0)
        printf("left out: %llu segments that the capture has truncated, %llu fragments\n",
               (unsigned long long)list->cut, (unsigned long long)list->fragments);
    if (list->left_out > 0)
        printf("%u flows not played: too many\n", list->left_out);
}

/* Plays the flows that the options select. */
static int play_list(const struct options *options, const struct list *list)
{
    const bool both = !options->server && !options->client;
    struct batch batch = {.options = options};
    int status = STATUS_FINE;
    uint32_t playable = 0, skipped = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        playable += is_wanted(options, &list->flows[i]) && is_playable(&list->flows[i]);
        skipped += is_wanted(options, &list->flows[i]) && !is_playable(&list->flows[i]);
    }
    batch.several = playable > 1 || (both && playable > 0);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct flow *flow = &list->flows[i];

        if (!is_wanted(options, flow) || !is_playable(flow))
            continue;
        progress_flows(options, flow->number, list->count);
        if (both || options->server)
            status = worse(status, add_side(&batch, flow, SERVER));
        if (both || options->client)
            status = worse(status, add_side(&batch, flow, CLIENT));
    }
    status = worse(status, play_batch(&batch));
    for (unsigned i = 0; i < BATCH_MAX; i++)
        free(batch.memory[i].block);
    print_end(options, list, skipped);
    if (options->flow != UINT32_MAX && playable == 0) {
        fprintf(stderr, "leat-replay: %s: no flow %u that can be played\n", options->name,
                options->flow);
        return STATUS_WRONG;
    }
    return status;
}

int flow(const struct options *options)
{
    struct list list = {0};
    int status = list_flows(options, &list);

    if (list.count > 0 || status == STATUS_FINE) {
        if (options->json)
            printf("{\"played\": [");
        status = worse(status, play_list(options, &list));
    }
    free(list.flows);
    return status;
}
