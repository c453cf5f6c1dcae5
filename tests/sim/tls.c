/* tls.c -- encrypted connections. */
#include "tls.h"

#include <stdlib.h>
#include <string.h>

#include "early.h"
#include "sim.h"
#include "tls/tls.h"

static const uint64_t civil_begin_s = 1800000000; /* January 2027 */
static const uint64_t for_ever_ns = 3600u * (uint64_t)SIM_NS_PER_S;
static const char the_name[] = "sim.example";

bool sim_tls_is_on(const struct sim_side *side)
{
    return side->plan->tls[0] != 0;
}

static bool any_is_on(const struct sim_scenario *s)
{
    for (unsigned i = 0; i < s->pairs[0]; i++) {
        if (s->plans[i].tls[0])
            return true;
    }
    return false;
}

/* The timeout of handshakes and records. Without one, two kinds of sessions could wait for ever. A
 * changed byte may make a peer wait for bytes that never come. If both ends cut their streams
 * short, an end that has a part of a record may not see TCP's end, because the stream is in
 * between. */
static uint64_t patience_ns(const struct sim_scenario *s, unsigned end)
{
    for (unsigned i = 0; i < s->pairs[0] && s->tls_patience_ms[end] == 0; i++) {
        const struct sim_plan *plan = &s->plans[i];

        if (plan->flip_at[0] + plan->flip_at[1] > 0 || (plan->cut_at[0] > 0 && plan->cut_at[1] > 0))
            return 20u * (uint64_t)SIM_NS_PER_S;
    }
    return s->tls_patience_ms[end] > 0 ? s->tls_patience_ms[end] * SIM_NS_PER_MS : for_ever_ns;
}

/* Seconds since 1970, by the world's clock. */
static uint64_t civil_time(void *arg)
{
    const struct sim_end *end = arg;

    return civil_begin_s + end->sim->now_ns / SIM_NS_PER_S;
}

/* ---- an end ------------------------------------------------------------------------------- */

static void provider_open(struct sim_end *end, struct sim_tls *tls)
{
    const struct sim_scenario *s = &end->sim->scenario;

    tls->crypto = toy_open(&tls->toy, s->seed * 2 + end->index);
    tls->toy.one_group = s->tls_one_group[end->index] != 0;
    toy_certificate(tls->certificate, the_name);
    /* the same certificate twice, so that the flight has several segments */
    tls->identity.chain_count = 2;
    for (unsigned i = 0; i < 2; i++)
        tls->identity.chain[i] =
            (struct leat_crypto_piece){tls->certificate, sizeof tls->certificate};
    if (tls->crypto.ops->private_open(&tls->toy, &tls->identity.key, "", 0) != LEAT_OK)
        abort();
    tls->list[0] = &tls->identity;
}

void sim_tls_open(struct sim_end *end)
{
    const struct sim_scenario *s = &end->sim->scenario;
    const unsigned i = end->index;
    const uint64_t places = s->tls_handshakes[i] > 0 ? s->tls_handshakes[i] : s->pairs[0] + 4;
    const uint64_t patience = patience_ns(s, i);
    struct sim_tls *tls;

    if (!any_is_on(s))
        return;
    tls = calloc(1, sizeof *tls);
    if (!tls)
        abort();
    end->tls = tls;
    provider_open(end, tls);
    {
        struct leat_tls_config config = {
            .crypto = &tls->crypto,
            .identities = tls->list,
            .identity_count = 1,
            .server_handshakes = (uint16_t)places,
            .client_handshakes = (uint16_t)places,
            .cookie_handshakes = (uint16_t)s->tls_cookies[i],
            .sessions = (uint32_t)s->pairs[0] + 4,
            .signatures_per_turn = (uint16_t)s->tls_signatures[i],
            .handshake_ns = patience,
            .record_ns = patience,
            .linger_ns = patience,
            .records_per_key = s->tls_key_records[i],
            .ticket_lifetime_s = (uint32_t)s->tls_ticket_s[i],
            .civil_time_s = civil_time,
            .arg = end,
        };
        size_t bytes;

        sim_early_configure(end, &config);
        bytes = leat_tls_memory_bytes(&config);
        tls->memory = malloc(bytes);
        if (!tls->memory ||
            leat_tls_open(&tls->tls, end->stack, tls->memory, bytes, &config) != LEAT_OK)
            sim_fail(end->sim, "end %u: no sessions can be had", i);
    }
    tls->toy.fail_call = s->tls_fail_call[i];
    tls->toy.fail_per_m = s->tls_fail_per_m[i];
}

void sim_tls_close(struct sim_end *end)
{
    if (!end->tls)
        return;
    if (end->tls->tls)
        leat_tls_close(end->tls->tls);
    free(end->tls->memory);
    free(end->tls);
    end->tls = NULL;
}

static uint32_t handshakes_of(const struct tls_handshake *list)
{
    uint32_t count = 0;

    for (; list; list = list->next_free)
        count++;
    return count;
}

bool sim_tls_is_idle(const struct sim_end *end)
{
    const struct leat_tls *tls = end->tls ? end->tls->tls : NULL;
    uint32_t sessions = 0;

    if (!tls)
        return true;
    for (const struct tls_session *at = tls->free_session; at; at = at->next_free)
        sessions++;
    return sessions == tls->session_count && end->tls->toy.opened == 0 &&
           handshakes_of(tls->free_server) == tls->config.server_handshakes &&
           handshakes_of(tls->free_client) == tls->config.client_handshakes;
}

/* ---- a session ---------------------------------------------------------------------------- */

/* A place for @side's ticket that is not in use; NULL: none. */
static struct leat_tls_ticket *take_ticket(struct sim_tls *tls, const struct sim_side *side)
{
    for (unsigned i = 0; i < SIM_TICKETS; i++) {
        if (!tls->owners[i]) {
            tls->owners[i] = side;
            return &tls->tickets[i];
        }
    }
    return NULL;
}

/* If both ends connect, one of them must be TLS's server. */
static bool serves(const struct sim_side *side)
{
    const uint64_t role = side->plan->role[0];

    return role == 2 ? side->end == 1 : role != side->end;
}

bool sim_tls_begin(struct sim_side *side)
{
    const bool server = serves(side);
    struct sim_end *end = &side->sim->ends[side->end];
    struct leat_stream below;
    enum leat_err err;

    side->stream = leat_stream_of_tcp(side->conn);
    if (!sim_tls_is_on(side))
        return true;
    below = sim_below_open(&side->below, side, side->conn);
    side->client = (struct leat_tls_client){.name = the_name, .anchors = &end->tls->anchors};
    if (!server && side->sim->scenario.tls_tickets[side->end])
        side->client.ticket = take_ticket(end->tls, side);
    if (side->client.ticket)
        sim_early_offer(side);
    err = server ? leat_tls_accept(end->tls->tls, &below, &side->stream)
                 : leat_tls_connect(end->tls->tls, &below, &side->client, &side->stream);
    if (err == LEAT_OK)
        return true;
    if (err != LEAT_ERR_MEMORY || side->sim->scenario.tls_handshakes[side->end] == 0)
        sim_fail(side->sim, "c%u end %u: a session says %s", side->pair, side->end,
                 leat_err_text(err));
    end->tls->refused++;
    sim_say(side->sim, "c%u end %u: no place for a session", side->pair, side->end);
    side->ended = side->violent = true;
    leat_tcp_set_events(side->conn, &sim_only_closed, side);
    leat_tcp_abort(side->conn);
    return false;
}

void sim_tls_ended(const struct sim_side *side)
{
    struct sim_tls *tls = side->sim->ends[side->end].tls;

    for (unsigned i = 0; tls && i < SIM_TICKETS; i++) {
        if (tls->owners[i] == side)
            tls->owners[i] = NULL;
    }
}

/* ---- permitted results -------------------------------------------------------------------- */

static bool end_has_trouble(const struct sim_end *end)
{
    return patience_ns(&end->sim->scenario, end->index) < for_ever_ns ||
           end->tls->toy.failures > 0 || leat_tls_counts(end->tls->tls)->displaced > 0;
}

bool sim_tls_has_trouble(const struct sim_side *side)
{
    return sim_tls_is_on(side) && side->sim->ends[0].tls && side->sim->ends[1].tls &&
           (side->below.cut || side->below.flipped || side->peer->below.cut ||
            side->peer->below.flipped || end_has_trouble(&side->sim->ends[0]) ||
            end_has_trouble(&side->sim->ends[1]));
}

void sim_tls_check_end(const struct sim_side *side)
{
    if (side->exists && side->why == LEAT_OK && sim_below_harmed(&side->peer->below) &&
        !sim_early_was_in_vain(side->peer))
        sim_fail(side->sim, "c%u end %u: closed in order, though what its peer said was %s",
                 side->pair, side->end, side->peer->below.flipped ? "changed" : "cut");
}

/* ---- the bytes that TCP has --------------------------------------------------------------- */

bool sim_sent_is(struct sim_side *side, uint64_t offset, const uint8_t *bytes, uint32_t len)
{
    if (sim_tls_is_on(side))
        return sim_below_see(&side->below, offset, bytes, len);
    return offset + len <= side->written &&
           memcmp(bytes, sim_pattern(side->sim, side->pair, side->end, offset), len) == 0;
}

bool sim_sent_ends(const struct sim_side *side, uint64_t offset)
{
    if (!sim_tls_is_on(side))
        return side->ended && (uint32_t)offset == (uint32_t)side->written;
    if (sim_below_is_between(side))
        return side->below.ended && (uint32_t)offset == (uint32_t)side->below.len;
    return (uint32_t)offset >=
           (uint32_t)side->below.len; /* bytes lost between session and TCP are unknown */
}
