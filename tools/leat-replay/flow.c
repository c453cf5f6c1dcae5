/*
 * flow.c -- the stack plays one side of recorded flows, and is judged.
 *
 * The capture is read once to learn about its flows, and once more for each side that is played.
 */
#include <stdlib.h>
#include <string.h>

#include "player.h"

enum {
    LISTED_MAX = 65536, /* flows that can be played; the others are counted */
    PATH_BYTES = 1024
};

struct list {
    struct flow *flows;
    uint32_t count, room, left_out;
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

/* The first reading; the exit status. */
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
            if (packet_parse(&packet, frame.bytes, frame.captured_bytes) == PACKET_TCP)
                flows_find(flows, &packet, &from);
        }
        status = capture_end(options, capture);
        flows_end(flows);
    }
    leat_capture_close(capture);
    free(flows);
    return status;
}

/* A further reading, for one player, up to the last segment of its flow. */
static bool play(const struct options *options, struct player *player)
{
    struct leat_capture *capture = open_capture(options);
    struct flows *flows = calloc(1, sizeof *flows);
    uint64_t left = player->flow.side[CLIENT].frames + player->flow.side[SERVER].frames;
    struct leat_capture_frame frame;

    while (capture && flows && left > 0 && leat_capture_next(capture, &frame) == LEAT_OK) {
        struct packet packet;
        enum side from;

        if (packet_parse(&packet, frame.bytes, frame.captured_bytes) != PACKET_TCP ||
            flows_find(flows, &packet, &from)->number != player->flow.number)
            continue;
        player_take(player, &packet, from, frame.time_ns);
        left--;
    }
    player_end(player);
    leat_capture_close(capture);
    free(flows);
    return capture && flows;
}

static void print_answers_json(const char *name, const struct answers *answers)
{
    printf("\"%s\": {\"segments\": %llu, \"acks\": %llu, \"text_segments\": %llu, "
           "\"retransmissions\": %llu, \"window_min\": %u, \"window_max\": %u}",
           name, (unsigned long long)answers->segments, (unsigned long long)answers->acks,
           (unsigned long long)answers->text_segments, (unsigned long long)answers->retransmissions,
           answers->window_min, answers->window_max);
}

static void print_json(const struct player *player, bool first)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    char text[FLOW_ENDPOINT_BYTES];

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

/* What may differ: RFC 9293 leaves both to the implementation. */
static void print_allowed(const struct player *player)
{
    const struct answers *recorded = &player->recorded, *played = &player->played;

    if (recorded->acks != played->acks)
        printf("  allowed: %llu ACKs without text, recorded were %llu\n",
               (unsigned long long)played->acks, (unsigned long long)recorded->acks);
    if (recorded->text_segments != played->text_segments)
        printf("  allowed: its text in %llu segments (%llu of them repeated), recorded in %llu "
               "(%llu)\n",
               (unsigned long long)played->text_segments,
               (unsigned long long)played->retransmissions,
               (unsigned long long)recorded->text_segments,
               (unsigned long long)recorded->retransmissions);
    if (recorded->window_min != played->window_min || recorded->window_max != played->window_max)
        printf("  allowed: windows of %u to %u bytes, recorded were %u to %u\n", played->window_min,
               played->window_max, recorded->window_min, recorded->window_max);
    if (player->acks_held > 0)
        printf("  allowed: %llu segments acknowledge what it had not sent yet: held back\n",
               (unsigned long long)player->acks_held);
    if (player->damaged > 0)
        printf("  %llu segments had wrong checksums, and were dropped: see --repair-checksums\n",
               (unsigned long long)player->damaged);
    if (player->told.conflicts + player->wrote.conflicts > 0)
        printf("  the capture contradicts itself: %u bytes came in two versions\n",
               player->told.conflicts + player->wrote.conflicts);
}

static void print_player(const struct player *player)
{
    const struct flow_side *ours = &player->flow.side[player->side];
    char text[FLOW_ENDPOINT_BYTES];

    printf("flow %u, %s %s: %u bytes received, %u sent: %s\n", player->flow.number,
           player->side == SERVER ? "server" : "client", endpoint_text(&ours->endpoint, text),
           player->delivered, player->written, player->finding_count ? "FINDINGS" : "fine");
    print_allowed(player);
    for (unsigned i = 0; i < player->finding_count && i < FINDINGS_MAX; i++)
        printf("  finding: %s\n", player->findings[i]);
    if (player->finding_count > FINDINGS_MAX)
        printf("  and %u more\n", player->finding_count - FINDINGS_MAX);
}

/* FILE.svg; or FILE-N-SIDE.svg, where several are drawn. */
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

/* The direction with more text is the one to see. */
static bool draw_player(const struct player *player, bool several)
{
    const bool ours = player->plot[1].bytes > player->plot[0].bytes;
    const struct flow_side *side = player->flow.side;
    char from[FLOW_ENDPOINT_BYTES], to[FLOW_ENDPOINT_BYTES], title[160], path[PATH_BYTES];

    endpoint_text(&side[ours ? player->side : (enum side) !player->side].endpoint, from);
    endpoint_text(&side[ours ? (enum side) !player->side : player->side].endpoint, to);
    snprintf(title, sizeof title, "flow %u, %s%s > %s%s", player->flow.number, from,
             ours ? " (leat)" : "", to, ours ? "" : " (leat)");
    plot_path(player, several, path);
    return plot_write(&player->plot[ours], path, title);
}

/* Plays one side; the exit status.  @several: it is not the only play. */
static int play_side(const struct options *options, const struct flow *flow, enum side side,
                     bool first, bool several)
{
    struct player *player = calloc(1, sizeof *player);
    int status = STATUS_WRONG;

    if (player && player_open(player, options, flow, side) && play(options, player)) {
        progress_end(options);
        status = player->finding_count ? STATUS_FINDING : STATUS_FINE;
        if (options->json)
            print_json(player, first);
        else
            print_player(player);
        if (options->plot && !draw_player(player, several))
            status = STATUS_WRONG;
    }
    if (player)
        player_close(player);
    free(player);
    return status;
}

/* Whether a flow can be played: both SYNs must be there. */
static bool is_playable(const struct flow *flow)
{
    return flow->side[CLIENT].has_syn && flow->side[SERVER].has_syn;
}

static int worse(int one, int other)
{
    return one > other ? one : other;
}

static bool is_wanted(const struct options *options, const struct flow *flow)
{
    return options->flow == UINT32_MAX || options->flow == flow->number;
}

/* Plays what the options ask for. */
static int play_list(const struct options *options, const struct list *list)
{
    const bool both = !options->server && !options->client;
    int status = STATUS_FINE;
    uint32_t playable = 0, played = 0, skipped = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        playable += is_wanted(options, &list->flows[i]) && is_playable(&list->flows[i]);
        skipped += is_wanted(options, &list->flows[i]) && !is_playable(&list->flows[i]);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct flow *flow = &list->flows[i];
        const bool several = both || playable > 1;

        if (!is_wanted(options, flow) || !is_playable(flow))
            continue;
        progress_flows(options, flow->number, list->count);
        if (both || options->server)
            status = worse(status, play_side(options, flow, SERVER, played++ == 0, several));
        if (both || options->client)
            status = worse(status, play_side(options, flow, CLIENT, played++ == 0, several));
    }
    if (options->json)
        printf("],\n \"flow_count\": %u, \"skipped\": %u}\n", list->count, skipped);
    else if (skipped + list->left_out > 0)
        printf("%u flows not played: a SYN is missing; %u: too many\n", skipped, list->left_out);
    if (options->flow != UINT32_MAX && played == 0) {
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
