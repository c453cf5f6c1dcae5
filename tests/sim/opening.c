/* opening.c -- how a program gets its connection: by connecting, or from a listener. */
#include "sim.h"
#include "tls.h"

static const uint64_t retry_ns = 100 * SIM_NS_PER_MS; /* no memory for a connection */

/* Sets keep-alive for a side that may wait for a peer that is gone. Where records are few a stalled
 * connection may be evicted, and its RST may be lost. */
void sim_side_set_options(struct sim_side *side)
{
    const struct sim_plan *plan = side->plan;
    const uint64_t *records = side->sim->scenario.sent_segments;

    leat_tcp_set_nodelay(side->conn, plan->nodelay[side->end]);
    if (plan->bbr[side->end])
        leat_tcp_set_congestion(side->conn, &leat_tcp_bbr);
    leat_tcp_set_keepalive(side->conn, plan->end[0] != SIM_SHUTDOWN ||
                                           plan->end[1] != SIM_SHUTDOWN || records[0] > 0 ||
                                           records[1] > 0 || sim_has_faults(side->sim) ||
                                           side->sim->scenario.tasks[0] > 0 ||
                                           side->sim->scenario.tasks[1] > 0 || sim_tls_is_on(side));
}

void sim_side_accepted(struct sim_side *side, struct leat_tcp *conn)
{
    side->exists = true;
    side->opened = !sim_tls_is_on(side);
    side->accepted_ns = side->sim->now_ns;
    side->conn = conn;
    sim_side_set_options(side);
    sim_side_moved(side);
    sim_say(side->sim, "c%u end %u: accepted", side->pair, side->end);
}

void sim_program_accepted(struct sim_side *side, struct leat_tcp *conn)
{
    sim_side_accepted(side, conn);
    if (!sim_tls_begin(side))
        return;
    leat_stream_set_events(&side->stream,
                           sim_side_has_tasks(side) ? &sim_only_closed : &sim_program_events, side);
    if (!sim_side_has_tasks(side))
        sim_side_turn(side);
    else if (!sim_tasks_start(side)) /* there is no place for the task */
        sim_side_end_violently(side);
}

void sim_side_ends(const struct sim_side *side, struct leat_endpoint *local,
                   struct leat_endpoint *remote)
{
    const bool both = side->plan->role[0] == 2;
    const uint16_t port = (uint16_t)(SIM_PORT_ACTIVE + side->pair);

    *local = leat_endpoint_of(LEAT_IP_ANY, port);
    *remote =
        leat_endpoint_of(sim_address(side->sim, 1 - side->end), both ? port : SIM_PORT_LISTEN);
}

void sim_side_open(struct sim_side *side)
{
    struct sim *sim = side->sim;
    struct leat_endpoint local, remote;
    enum leat_err err;

    side->wake_ns = LEAT_NEVER_NS;
    if (sim_side_has_tasks(side)) {
        if (!sim_tasks_start(side))
            sim_side_wake_at(side, sim->now_ns + retry_ns);
        return;
    }
    sim_side_ends(side, &local, &remote);
    err = leat_tcp_connect(sim->ends[side->end].stack, &side->conn, &remote, &local,
                           &sim_program_events, side);
    if (err == LEAT_ERR_MEMORY && sim_may_lack(sim, side->end)) {
        sim->ends[side->end].connects_refused++;
        sim_side_wake_at(side, sim->now_ns + retry_ns);
        return;
    }
    if (err != LEAT_OK) {
        sim_fail(sim, "c%u end %u: connect says %s", side->pair, side->end, leat_err_text(err));
        return;
    }
    side->exists = true;
    sim_side_moved(side);
    sim_say(sim, "c%u end %u: connect", side->pair, side->end);
    sim_side_set_options(side);
    if (!sim_tls_begin(side))
        return;
    leat_stream_set_events(&side->stream, &sim_program_events, side);
    sim_side_maybe_end(side); /* a program that aborts after 0 bytes does so here, in SYN-SENT */
    if (sim->scenario.fast_open[side->end] > 0 && side->conn && !side->violent &&
        !sim_tls_is_on(side))
        sim_side_write_chunk(side); /* sent with the SYN, if a cookie is known */
}
