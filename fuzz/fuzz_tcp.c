/*
 * fuzz_tcp.c -- segments to a connection in any state of TCP, with numbers near to the connection's
 * own.
 *
 * The input is a sequence of steps (steps.h). The first sets the options of stack and peer, and the
 * state to reach. Each of the others is a segment with fields near to the current ones, an ICMP
 * error, a call of the program, or passing time. At the end the peer is silent, and everything must
 * end.
 */
#include "harness.h"

#include <string.h>

#include "peer.h"
#include "steps.h"

enum {
    FIN = 1,
    SYN = 2,
    RST = 4,
    PSH = 8,
    ACK = 16,
    PEER_PORT = 2000
};

struct world {
    struct harness *harness;
    struct peer peer;
    struct steps steps;
    uint8_t options; /* options of the peer, enum peer_option */
};

static struct leat_tcp *first_conn(const struct world *world)
{
    for (unsigned i = 0; i < HARNESS_CONNS; i++) {
        if (world->harness->conns[i])
            return world->harness->conns[i];
    }
    return NULL;
}

/* ---- the way to a state ------------------------------------------------------------------- */

static void say(struct world *world, uint8_t flags)
{
    peer_say(&world->peer, world->harness, flags, world->options);
}

/* The program closes, which sends a FIN. */
static void hang_up(struct world *world)
{
    struct leat_tcp *conn = first_conn(world);

    if (conn)
        (void)leat_tcp_shutdown(conn);
    harness_poll(world->harness);
    peer_learn(&world->peer, world->harness);
}

/* Leads to SYN-RECEIVED or SYN-SENT (@active); in the latter a SYN of the peer leads to
 * SYN-RECEIVED.
 */
static void open_half(struct world *world, bool active)
{
    if (!active) {
        say(world, SYN);
        return;
    }
    harness_connect(world->harness);
    harness_poll(world->harness);
    peer_learn(&world->peer, world->harness);
}

static void establish(struct world *world, bool active)
{
    open_half(world, active);
    if (active)
        say(world, SYN | ACK);
    say(world, ACK);
}

/* Leads to the state with this number, by one of two ways. */
static void lead_to(struct world *world, uint8_t state, bool active)
{
    switch (state % 11) {
    case 0: /* LISTEN alone */
        return;
    case 1: /* SYN-RECEIVED, or SYN-SENT */
        open_half(world, active);
        return;
    case 2: /* SYN-RECEIVED from SYN-SENT */
        open_half(world, true);
        say(world, SYN);
        return;
    case 3: /* SYN-RECEIVED, or SYN-SENT, closed before it opened */
        open_half(world, active);
        hang_up(world);
        return;
    default:
        establish(world, active);
        break;
    }
    switch (state % 11) {
    case 4: /* FIN-WAIT-1 */
        hang_up(world);
        break;
    case 5: /* FIN-WAIT-2 */
        hang_up(world);
        say(world, ACK);
        break;
    case 6: /* CLOSE-WAIT */
        say(world, FIN | ACK);
        break;
    case 7: /* LAST-ACK */
        say(world, FIN | ACK);
        hang_up(world);
        break;
    case 8: /* TIME-WAIT */
        hang_up(world);
        say(world, FIN | ACK);
        break;
    case 9: /* CLOSING: the peer's FIN doesn't acknowledge ours */
        hang_up(world);
        world->peer.nxt--;
        say(world, FIN | ACK);
        world->peer.nxt++;
        break;
    default: /* ESTABLISHED */
        break;
    }
}

/* ---- segments ----------------------------------------------------------------------------- */

/* A small distance in either direction, or a large one. */
static uint32_t distance(uint8_t how, uint8_t much)
{
    static const uint32_t units[] = {1, 100, 1460, 1u << 24};

    return (uint32_t)(int8_t)much * units[how >> 4 & 3];
}

static uint32_t draw_seq(struct world *world)
{
    const struct peer *peer = &world->peer;
    const uint8_t how = take(&world->steps);
    const uint8_t much = take(&world->steps);
    const uint32_t bases[] = {peer->want, peer->want,     peer->want,   peer->want,
                              peer->edge, peer->want - 1, PEER_SYN_ISS, peer->want + (1u << 31)};

    return bases[how & 7] + (how & 8 ? distance(how, much) : 0);
}

static uint32_t draw_ack(struct world *world)
{
    const struct peer *peer = &world->peer;
    const uint8_t how = take(&world->steps);
    const uint8_t much = take(&world->steps);
    const uint32_t bases[] = {peer->nxt, peer->nxt,     peer->nxt, peer->una,
                              peer->una, peer->nxt + 1, peer->irs, peer->nxt + (1u << 31)};
    const uint32_t ack = bases[how & 7] + (how & 8 ? distance(how, much) : 0);

    if ((int32_t)(ack - peer->una) > 0 && (int32_t)(ack - peer->nxt) <= 0)
        world->peer.una = ack;
    return ack;
}

static struct peer_lies draw_lies(struct world *world, uint8_t how)
{
    struct peer_lies lies = {0};

    if (how & 1)
        lies.tsval = distance(how, take(&world->steps));
    if (how & 2)
        lies.tsecr = distance(how, take(&world->steps));
    for (unsigned i = 0; how & 4 && i < 3; i++)
        lies.sacks[i] = take(&world->steps);
    return lies;
}

/* Sends a segment that is complete and has right checksums; fuzz_frame and fuzz_frames have
 * the others. */
static void step_segment(struct world *world)
{
    static const uint8_t flags[] = {ACK,      ACK,       PSH | ACK, ACK | FIN, SYN,       SYN | ACK,
                                    RST,      RST | ACK, ACK | FIN, PSH | ACK, SYN | FIN, ACK | 224,
                                    64 | ACK, 0,         255,       32 | ACK};
    static const uint16_t windows[] = {65535, 0, 1, 500};
    static const uint8_t data[1400];
    struct harness *harness = world->harness;
    const uint8_t which = take(&world->steps);
    const uint8_t how = take(&world->steps);
    uint8_t options[PEER_OPTIONS_BYTES];
    struct frame_segment segment = {.src_port = world->peer.port,
                                    .dst_port = world->peer.stack_port,
                                    .flags = flags[which & 15],
                                    .window = windows[which >> 4 & 3],
                                    .options = options};
    struct peer_lies lies;
    struct frame frame;
    uint32_t len;

    peer_learn(&world->peer, harness);
    segment.seq = draw_seq(world);
    segment.ack = draw_ack(world);
    len = take16(&world->steps) % sizeof data;
    lies = draw_lies(world, take(&world->steps));
    segment.options_len = peer_options(&world->peer, harness->now_ns, segment.flags,
                                       how & 128 ? how & 63 : world->options, &lies, options);
    if (how & 64 && segment.options_len > 0) { /* one byte of the options is changed */
        const uint32_t where = take(&world->steps) % segment.options_len;

        options[where] = take(&world->steps);
    }
    segment.urgent = (uint16_t)len;
    frame = frame_tcp(&segment, data, which & 64 ? len : 0);
    frame.bytes[FRAME_IP + 1] = which >> 7 ? how & 3 : 0; /* a mark of congestion */
    frame_seal_ip(&frame);
    harness_feed(harness, frame.bytes, frame.len);
}

/* Sends an ICMP error about the newest segment, or numbers near it. */
static void step_icmp(struct world *world)
{
    static const uint8_t types[] = {3, 3, 11, 12};
    const uint8_t type = types[take(&world->steps) % sizeof types];
    const uint8_t code = take(&world->steps) % 16;
    const uint16_t mtu = take16(&world->steps);
    uint32_t len, seq;
    struct frame frame;

    peer_learn(&world->peer, world->harness);
    len = world->peer.last.len;
    if (len == 0)
        return;
    seq = frame_get32(world->peer.last.bytes + FRAME_L4 + 4) + take(&world->steps);
    frame_put32(world->peer.last.bytes + FRAME_L4 + 4, seq);
    frame = frame_icmp(IP_PEER, IP_US, type, code, mtu, world->peer.last.bytes + FRAME_IP,
                       (len - FRAME_IP) % 100);
    harness_feed(world->harness, frame.bytes, frame.len);
}

/* ---- what else happens -------------------------------------------------------------------- */

static void call(struct leat_tcp *conn, struct steps *steps)
{
    static const uint8_t data[4000];
    const uint8_t what = take(steps);
    size_t taken;

    switch (what % 10) {
    case 0:
        (void)leat_tcp_close(conn);
        break;
    case 1:
        (void)leat_tcp_shutdown(conn);
        break;
    case 2:
        leat_tcp_abort(conn);
        break;
    case 3:
        leat_tcp_set_keepalive(conn, what & 128);
        break;
    case 4:
        leat_tcp_set_user_timeout(conn, (uint64_t)1000 << take(steps) % 28);
        break;
    case 5:
        leat_tcp_set_nodelay(conn, what & 128);
        break;
    default:
        (void)leat_tcp_write(conn, data, take16(steps) % sizeof data, &taken);
        break;
    }
}

static void step_call(struct world *world)
{
    struct leat_tcp *conn = first_conn(world);

    if (conn)
        call(conn, &world->steps);
    harness_poll(world->harness);
}

static void step_wait(struct world *world)
{
    harness_wait(world->harness, (uint64_t)1000 << take(&world->steps) % 28);
}

/* A device without room, an address that is removed and added, a changed seed, or another
 * connection.
 */
static void step_trouble(struct world *world)
{
    struct harness *harness = world->harness;
    const uint8_t what = take(&world->steps);
    const uint8_t seed[LEAT_SEED_BYTES] = {what, 1};

    if (what & 128)
        (void)leat_address_remove(harness->stack, &harness->dev.netif, leat_ip_v4(IP_US));
    if (what & 64)
        (void)leat_address_add(harness->stack, &harness->dev.netif, leat_ip_v4(IP_US), 24);
    if (what & 32)
        (void)leat_reseed(harness->stack, seed);
    if (what & 16)
        world->peer.port++;
    harness->dev.room = what & 8 ? what % 8 : UINT32_MAX;
    harness->dev.verified = what & 4;
    harness_poll(harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct world *) = {
        step_segment, step_segment, step_segment, step_segment, step_segment, step_segment,
        step_segment, step_segment, step_icmp,    step_call,    step_call,    step_call,
        step_wait,    step_wait,    step_trouble, step_wait};
    struct world world = {.steps = steps_of(data, size),
                          .peer = peer_of(PEER_PORT, HARNESS_ECHO_PORT)};
    uint8_t state, what;

    if (!steps_next(&world.steps))
        return 0;
    world.harness = harness_open(take(&world.steps));
    state = take(&world.steps);
    what = take(&world.steps);
    world.options = what & 63;
    lead_to(&world, state, what & 64);
    while (steps_next(&world.steps))
        kinds[take(&world.steps) % (sizeof kinds / sizeof kinds[0])](&world);
    harness_end_all(world.harness);
    harness_close(world.harness);
    return 0;
}
