/* judge.c -- compares a played side with the recorded one. */
#include "player.h"

#include "tcp/congestion/seq.h"

/* Both sides closed in the capture, and everything was acknowledged. */
static bool ended_in_order(const struct player *player)
{
    const struct flow_side *other = &player->flow.side[!player->side];

    return player->fin_wanted && other->has_fin && player->told.ready == other->end &&
           player->wrote.ready == player->fin_at && seq_le(player->fin_at + 2, player->ack_wanted);
}

/* The causes of an early end of a connection. */
static bool ended_as_recorded(const struct player *player)
{
    return player->why == LEAT_OK || (player->why == LEAT_ERR_ABORTED && player->aborted) ||
           ((player->why == LEAT_ERR_RESET || player->why == LEAT_ERR_REFUSED) &&
            player->peer_reset);
}

/* The connection must have the same end for the program as the recorded one. If the capture
 * is damaged, the stack lacks segments that the recorded host had; then only sent and delivered
 * data is compared. */
void player_judge(struct player *player)
{
    const struct leat_stats *stats = leat_stats(player->world.stack);

    player->damaged = stats->drop_tcp_checksum + stats->drop_ip_checksum;
    if (!leat_stats_balance(stats))
        player_finding(player, "its counters do not balance");
    if ((player->damaged > 0 || !(player->aborted || player->peer_reset)) &&
        player->delivered == 0 && player->played.data_segments == 0 &&
        player->told.ready + player->wrote.ready > 0)
        player_finding(player, "nothing came or went, recorded are %u bytes received and %u sent%s",
                       player->told.ready, player->wrote.ready,
                       player->damaged > 0 ? ": wrong checksums" : "");
    if (player->damaged > 0)
        return;
    if (player->is_closed && !ended_as_recorded(player))
        player_finding(player, "it ended: %s", leat_err_text(player->why));
    if (player->aborted || player->peer_reset)
        return;
    if (!player->is_open && seq_lt(0, player->ack_wanted))
        player_finding(player, "the connection never opened");
    if (player->delivered < player->told.ready)
        player_finding(player, "the program got %u of %u bytes", player->delivered,
                       player->told.ready);
    if (ended_in_order(player) && !player->is_closed)
        player_finding(player, "both sides closed, and it did not");
}
