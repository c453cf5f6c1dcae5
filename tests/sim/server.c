/* server.c -- the listeners: accepts, late if at all, and stops listening. */
#include "sim.h"

static uint64_t accept_ns(const struct sim_end *end)
{
    return end->sim->scenario.accept_at_ms[end->index] * SIM_NS_PER_MS;
}

static uint64_t unlisten_ns(const struct sim_end *end)
{
    const uint64_t at_ms = end->sim->scenario.unlisten_at_ms[end->index];

    return at_ms > 0 ? at_ms * SIM_NS_PER_MS : LEAT_NEVER_NS;
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct sim_end *end = arg;
    struct sim *sim = end->sim;
    struct leat_tcp_info info;
    struct leat_tcp *conn;

    if (sim->now_ns < accept_ns(end)) {
        end->not_accepted++;
        return;
    }
    while ((conn = leat_tcp_accept(listener, NULL, NULL))) {
        unsigned pair;

        leat_tcp_get_info(conn, &info);
        pair = info.remote.port - SIM_PORT_ACTIVE;
        if (pair >= sim->scenario.pairs[0] || sim->sides[pair][end->index].exists) {
            /* an old SYN that is repeated after the connection makes a new one, which its client
             * resets; RFC 9293 3.5 */
            sim_say(sim, "end %u: a connection that no client has opened", end->index);
            leat_tcp_abort(conn);
            continue;
        }
        sim_program_accepted(&sim->sides[pair][end->index], conn);
    }
}

void sim_program_listen(struct sim_end *end)
{
    const struct leat_tcp_listen_config config = {
        .port = SIM_PORT_LISTEN,
        .backlog = (uint16_t)end->sim->scenario.backlog[end->index],
        .on_acceptable = on_acceptable,
        .arg = end,
    };

    if (leat_tcp_listen(end->stack, &end->listener, &config) != LEAT_OK)
        sim_fail(end->sim, "end %u: can't listen", end->index);
}

bool sim_server_wake(struct sim_end *end)
{
    const uint64_t now_ns = end->sim->now_ns;
    bool did = false;

    if (end->listener && now_ns >= unlisten_ns(end)) {
        sim_say(end->sim, "end %u: stops listening", end->index);
        leat_tcp_listener_close(end->listener);
        end->listener = NULL;
        did = true;
    }
    if (end->listener && end->not_accepted > 0 && !end->accepts && now_ns >= accept_ns(end)) {
        end->accepts = did = true;
        on_acceptable(end->listener, end);
    }
    return did;
}

uint64_t sim_server_next_ns(const struct sim_end *end)
{
    uint64_t next_ns = end->listener ? unlisten_ns(end) : LEAT_NEVER_NS;

    if (end->listener && end->not_accepted > 0 && !end->accepts && accept_ns(end) < next_ns)
        next_ns = accept_ns(end);
    return next_ns;
}
