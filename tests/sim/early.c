/*
 * early.c -- early data (0-RTT) of encrypted connections.
 *
 * A client's early data is the start of its data. Until the session is open it is unknown how much
 * of it the server will accept. Data that the server has not accepted is written again, so data
 * that it took twice, or lost, shows up at the wrong offset.
 */
#include "early.h"

#include "sim.h"
#include "tls.h"
#include "tls/tls.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- the server --------------------------------------------------------------------------- */

static void on_early(void *arg)
{
    struct sim_side *side = arg;
    struct leat_buf *payload;

    if (side->opened || !side->conn)
        sim_fail(side->sim, "c%u end %u: early data, though it %s", side->pair, side->end,
                 side->opened ? "is open" : "has ended");
    while ((payload = leat_tls_receive_early(&side->stream,
                                             (uint32_t)side->plan->read_max[side->end])) != NULL) {
        const uint32_t len = leat_buf_total(payload);

        for (const struct leat_buf *piece = payload; piece; piece = piece->next)
            sim_side_read(side, piece->data, piece->len);
        side->early_read += len;
        leat_buf_free(payload);
        leat_stream_consumed(&side->stream, len);
        sim_side_moved(side);
    }
    if (side->sim->scenario.tls_early_how[side->end] == SIM_EARLY_ANSWERS)
        sim_side_write_chunk(side);
}

void sim_early_configure(const struct sim_end *end, struct leat_tls_config *config)
{
    const struct sim_scenario *s = &end->sim->scenario;

    config->early = &leat_tls_early;
    config->early_bytes = (uint32_t)s->tls_early[end->index];
    config->early_hellos = (uint32_t)s->tls_early_hellos[end->index];
    if (s->tls_early_how[end->index] != SIM_EARLY_WAITS && s->tasks[end->index] == 0)
        config->on_early = on_early;
}

/* ---- the client --------------------------------------------------------------------------- */

void sim_early_offer(struct sim_side *side)
{
    const uint64_t wanted = side->sim->scenario.tls_early[side->end];

    side->early = least(least(wanted, side->plan->bytes[side->end]), SIM_PATTERN_RUN);
    if (side->early == 0)
        return;
    side->client.early = sim_pattern(side->sim, side->pair, side->end, 0);
    side->client.early_len = side->early;
    side->early_offered = true;
}

void sim_early_opened(struct sim_side *side)
{
    struct leat_tls_info info;

    if (!side->early_offered)
        return;
    leat_tls_get_info(&side->stream, &info);
    if (info.early_bytes > side->early || side->written > 0)
        sim_fail(side->sim, "c%u end %u: %u bytes of early data were taken of %llu", side->pair,
                 side->end, info.early_bytes, (unsigned long long)side->early);
    if (side->peer->early_read > info.early_bytes)
        sim_fail(side->sim, "c%u end %u: read %llu bytes of early data, said to be taken were %u",
                 side->pair, 1 - side->end, (unsigned long long)side->peer->early_read,
                 info.early_bytes);
    side->written = info.early_bytes;
    side->early = 0;
    side->early_taken = info.early_bytes > 0;
    sim_say(side->sim, "c%u end %u: %u bytes of early data were taken", side->pair, side->end,
            info.early_bytes);
}

bool sim_early_is_sent(const struct sim_side *side)
{
    const struct tls_session *session = side->stream.end;

    return side->early_offered && session->early != TLS_EARLY_NONE &&
           (session->state == TLS_WAIT_SH ||
            (session->state >= TLS_WAIT_EE && session->state <= TLS_WAIT_FINISHED));
}

bool sim_early_was_in_vain(const struct sim_side *side)
{
    return side->early_offered && !side->early_taken && side->below.flipped_early;
}
