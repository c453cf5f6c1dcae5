/* watcher.c -- the rules of the wire, segment by segment. */
#include "watcher.h"

#include <string.h>

#include "segment.h"
#include "sim.h"
#include "tls.h"

/* The segment that is checked. */
struct sight {
    struct sim *sim;
    const struct sim_segment *segment;
    struct sim_voice *voice; /* the direction of the segment */
    struct sim_voice *peer;
    unsigned end;
    unsigned pair;
    uint64_t now_ns;
};

static void wrong(const struct sight *sight, const char *rule)
{
    const struct sim_segment *s = sight->segment;

    sim_fail(sight->sim, "c%u end %u sent seq %u len %u flags 0x%02x ack %u win %u: %s",
             sight->pair, sight->end, s->seq - sight->voice->hello.iss, s->data_len, s->flags,
             s->ack - sight->peer->hello.iss, s->window, rule);
}

/* @a - @b as a signed distance (RFC 9293 3.4). */
static int32_t distance(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* ---- SYN ---------------------------------------------------------------------------------- */

/* The SYN,ACK of a simultaneous open leaves out options that the peer doesn't have; all else
 * stays. */
static void see_SYN_again(const struct sight *sight, const struct sim_hello *now)
{
    const struct sim_hello *was = &sight->voice->hello;
    const bool scales = was->wind_scale && (!now->answers || sight->peer->hello.wind_scale);

    if (was->mss != now->mss || scales != now->wind_scale ||
        (scales && was->wind_shift != now->wind_shift) ||
        (was->answers == now->answers && was->sack_ok != now->sack_ok))
        wrong(sight, "a repeated SYN has other options");
}

static void start_voice(struct sim_voice *voice, const struct sim_hello *hello)
{
    struct sim_voice started = {.syn_sent = true, .hello = *hello, .seq_max = hello->iss + 1};

    memcpy(started.hellos, voice->hellos, sizeof started.hellos);
    memcpy(started.to_attackers, voice->to_attackers, sizeof started.to_attackers);
    started.to_attacker_count = voice->to_attacker_count;
    started.hellos[voice->hello_count % SIM_HELLOS_MAX] = *hello;
    started.hello_count = voice->hello_count + 1;
    *voice = started;
}

/* A listener may have answered with several cookies. @next, the number after the SYN, tells which
 * of them made the connection. */
static void choose_hello(struct sim_voice *voice, uint32_t next)
{
    for (unsigned i = 0; i < SIM_HELLOS_MAX && i < voice->hello_count; i++) {
        if (voice->hellos[i].iss + 1 != next || voice->hello.iss + 1 == next || voice->data_sent)
            continue;
        voice->hello = voice->hellos[i];
        voice->seq_max = next;
    }
}

static void check_hello(const struct sight *sight, const struct sim_hello *hello)
{
    const struct sim_hello *theirs = &sight->peer->hello;
    const struct sim_scenario *s = &sight->sim->scenario;

    if (hello->mss == 0 || hello->mss + (s->ipv6[0] ? 60u : 40u) > s->mtu[0])
        wrong(sight, "MSS option missing or larger than the MTU allows (RFC 9293 3.7.1)");
    if (hello->wind_shift > 14)
        wrong(sight, "window scale over 14 (RFC 7323 2.3)");
    if (hello->answers &&
        ((hello->wind_scale && !theirs->wind_scale) || (hello->sack_ok && !theirs->sack_ok) ||
         (hello->timestamps && !theirs->timestamps)))
        wrong(sight, "a SYN,ACK has an option that the SYN had not");
}

static void see_SYN(const struct sight *sight)
{
    const struct sim_segment *s = sight->segment;
    const struct sim_hello hello = {.iss = s->seq,
                                    .window = s->window,
                                    .mss = s->mss,
                                    .wind_shift = s->wind_shift,
                                    .answers = s->flags & SIM_ACK,
                                    .wind_scale = s->has_wind_shift,
                                    .sack_ok = s->sack_ok,
                                    .timestamps = s->has_timestamp};

    const bool over = hello.answers && sight->sim->sides[sight->pair][sight->end].closed;

    /* a SYN cookie for a late copy of the SYN has the same ISS as before the connection ended */
    if (sight->voice->syn_sent && sight->voice->hello.iss == s->seq && !over)
        see_SYN_again(sight, &hello);
    else /* also a listener that has forgotten the other end, or doesn't know it yet */
        start_voice(sight->voice, &hello);
    sight->voice->began_again |= over;
    check_hello(sight, &hello);
}

/* ---- ACK and window ----------------------------------------------------------------------- */

/* True if this end's connection has ended, and a late copy of the ACK that returned a SYN cookie
 * opens it again (docs/security.md). This end then accepts the data once more. */
static bool cookie_came_again(const struct sight *sight)
{
    return sight->sim->sides[sight->pair][sight->end].closed &&
           leat_stats(sight->sim->ends[sight->end].stack)->tcp_cookies_sent > 0 &&
           sight->segment->seq == sight->voice->hello.iss + 1 && sight->segment->data_len == 0;
}

static void see_ACK(const struct sight *sight)
{
    const struct sim_segment *s = sight->segment;
    struct sim_voice *voice = sight->voice;
    const bool scaled =
        !(s->flags & SIM_SYN) && voice->hello.wind_scale && sight->peer->hello.wind_scale;
    const uint8_t shift = scaled ? voice->hello.wind_shift : 0;
    const uint32_t edge = s->ack + ((uint32_t)s->window << shift);

    if (!sight->peer->syn_sent) {
        wrong(sight, "an ACK, but the other end never sent a SYN");
        return;
    }
    if (distance(s->ack, sight->peer->seq_max) > 0)
        wrong(sight, "ACK of data that was never sent");
    if (cookie_came_again(sight))
        voice->has_ack = false;
    if (voice->has_ack && distance(s->ack, voice->ack) < 0)
        wrong(sight, "ACK goes back");
    if (voice->has_ack && distance(edge, voice->right_edge) < 0) {
        /* less than a unit of the scale is rounding (RFC 7323 2.4); and a retransmitted SYN,ACK,
         * without a scale, can't offer as much as an ACK in between */
        if (!(s->flags & SIM_SYN) && distance(edge + (1u << shift), voice->right_edge) <= 0)
            wrong(sight, "right edge of the window moves left (RFC 9293 3.8.6)");
    } else {
        voice->right_edge = edge;
    }
    voice->has_ack = true;
    voice->ack = s->ack;
}

static void see_SACK(const struct sight *sight)
{
    const struct sim_segment *s = sight->segment;

    if (s->sack_count > 0 && !sight->peer->hello.sack_ok)
        wrong(sight, "SACK without permission (RFC 2018 2)");
    for (unsigned i = 0; i < s->sack_count; i++) {
        const uint32_t left = s->sack[i][0];
        const uint32_t right = s->sack[i][1];

        /* the first may report an attacker's data as duplicate (RFC 2883) */
        if (i == 0 && sight->sim->ends[sight->end].attack_count > 0)
            continue;
        if (distance(left, right) >= 0 || distance(right, sight->peer->seq_max) > 0 ||
            distance(left, sight->peer->hello.iss) <= 0)
            wrong(sight, "SACK of data that was never sent");
        else if (i > 0 && distance(left, s->ack) < 0) /* the first may be a D-SACK (RFC 2883) */
            wrong(sight, "SACK below the ACK");
    }
}

/* ---- data --------------------------------------------------------------------------------- */

static void see_bytes(const struct sight *sight)
{
    const struct sim_segment *s = sight->segment;
    struct sim_side *side = &sight->sim->sides[sight->pair][sight->end];
    const uint32_t seq = s->seq + ((s->flags & SIM_SYN) != 0);
    const uint64_t offset = seq - (sight->voice->hello.iss + 1);

    if (distance(seq, sight->voice->hello.iss) <= 0 ||
        !sim_sent_is(side, offset, s->data, s->data_len))
        wrong(sight, "data that the program never wrote there");
}

static void see_window(const struct sight *sight, uint32_t seq_end)
{
    const struct sim_voice *peer = sight->peer;
    const uint32_t edge =
        peer->has_ack ? peer->right_edge : sight->voice->hello.iss + 1 + peer->hello.window;
    const int32_t beyond = distance(seq_end, edge);

    if (!peer->syn_sent)
        wrong(sight, "data before the other end's SYN");
    else if (beyond > 1 || (beyond == 1 && seq_end - sight->segment->seq > 1))
        wrong(sight, "beyond the peer's window (RFC 9293 3.8.6)");
    if (sight->segment->data_len + sight->segment->options_len > peer->hello.mss)
        wrong(sight, "longer than the peer's MSS allows (RFC 6691)");
}

/* The initial window (RFC 6928 2), until the first frame is received. */
static void see_first_flight(const struct sight *sight, uint32_t seq_end)
{
    const uint32_t mss = sight->peer->hello.mss;
    const uint32_t two = 2 * mss > 14600 ? 2 * mss : 14600;
    const uint32_t limit = 10 * mss < two ? 10 * mss : two;
    const uint64_t heard = sim_heard(&sight->sim->ends[sight->end]);
    const struct sim_scenario *s = &sight->sim->scenario;
    /* while the first segments wait for a device, duplicate ACKs may come (RFC 3042) */
    uint32_t more = s->ring_us[sight->end] + s->stop_ms[sight->end] > 0 ? 2 * mss : 0;

    if (!sight->voice->data_sent) {
        sight->voice->data_ns = sight->now_ns;
        sight->voice->data_heard = heard;
        sight->voice->data_first = sight->segment->seq;
    } else if (sight->now_ns > sight->voice->data_ns) {
        more += mss; /* a tail loss probe may be a new segment (RFC 8985 7.3) */
    }
    if (sight->voice->data_heard == heard &&
        seq_end - sight->voice->data_first > limit + more + 1 &&
        sim_unsent(&sight->sim->ends[sight->end]) == 0)
        wrong(sight, "more than the initial window (RFC 6928)");
    sight->voice->data_sent = true;
}

static void see_FIN(const struct sight *sight)
{
    const struct sim_side *side = &sight->sim->sides[sight->pair][sight->end];
    const uint32_t seq = sight->segment->seq + sight->segment->data_len;

    if (!sim_sent_ends(side, seq - (sight->voice->hello.iss + 1)))
        wrong(sight, "FIN, but the program has not closed, or has data behind it");
    if (sight->voice->fin_sent && sight->voice->fin_seq != seq)
        wrong(sight, "FIN at two places");
    sight->voice->fin_sent = true;
    sight->voice->fin_seq = seq;
}

/* The expected wait after @wait_ns: twice as long, up to the maximum. A late one says less about
 * the timer, and so does a probe at its minimum (200 ms), or a wait for memory. */
static uint64_t next_wait_ns(const struct sight *sight, uint64_t wait_ns)
{
    const struct sim_scenario *scenario = &sight->sim->scenario;
    const uint64_t max_ns = scenario->rto_max_ms[sight->end] * SIM_NS_PER_MS;
    const uint64_t late_ns = scenario->late_us[sight->end] * SIM_NS_PER_US +
                             scenario->freeze_ms[sight->end] * SIM_NS_PER_MS + SIM_NS_PER_MS;

    if (wait_ns <= late_ns)
        return 0;
    wait_ns -= late_ns;
    if (wait_ns > 200 * SIM_NS_PER_MS && sim_unsent(&sight->sim->ends[sight->end]) == 0)
        wait_ns = 2 * wait_ns - SIM_NS_PER_MS;
    return wait_ns < max_ns - SIM_NS_PER_MS ? wait_ns : max_ns - SIM_NS_PER_MS;
}

/* RFC 6298 5.5: without an answer, each wait is twice as long as the last. */
static void see_repeats(const struct sight *sight)
{
    const struct sim *sim = sight->sim;
    const uint64_t min_ns = sim->scenario.rto_min_us[sight->end] * SIM_NS_PER_US;
    const uint64_t heard = sim_heard(&sim->ends[sight->end]);
    struct sim_voice *voice = sight->voice;
    const uint64_t wait_ns = sight->now_ns - voice->last_ns;

    if (voice->last_ns == sight->now_ns) /* replies to several frames of one poll */
        return;
    if (voice->last_ns == 0 || sight->segment->seq != voice->last_seq || heard != voice->heard ||
        !sim_is_punctual(sim, sight->end)) {
        voice->repeats = 0;
    } else {
        voice->repeats++;
        if (voice->repeats >= 2 && wait_ns + SIM_NS_PER_US < min_ns)
            wrong(sight, "repeated sooner than the smallest RTO allows");
        if (voice->repeats >= 3 && wait_ns < next_wait_ns(sight, voice->wait_ns))
            wrong(sight, "repeated too soon after the time before (RFC 6298 5.5)");
    }
    voice->last_seq = sight->segment->seq;
    voice->last_ns = sight->now_ns;
    voice->wait_ns = wait_ns;
    voice->heard = heard;
}

static void see_data(const struct sight *sight)
{
    const struct sim_segment *s = sight->segment;
    struct sim_voice *voice = sight->voice;
    const bool fin = s->flags & SIM_FIN;
    const bool syn = s->flags & SIM_SYN;
    const uint32_t seq_end = s->seq + s->data_len + fin + syn;

    if (s->data_len + fin + syn == 0) {
        if (distance(s->seq, voice->seq_max) > 0 && sim_unsent(&sight->sim->ends[sight->end]) == 0)
            wrong(sight, "sequence number beyond what was sent");
        return;
    }
    see_repeats(sight);
    if (s->data_len > 0 || fin)
        see_bytes(sight);
    if (!syn) {
        see_window(sight, seq_end);
        see_first_flight(sight, seq_end);
        if (distance(s->seq, voice->seq_max) > 0 && sim_unsent(&sight->sim->ends[sight->end]) == 0)
            wrong(sight, "a gap before what is sent first");
    }
    if (fin)
        see_FIN(sight);
    if (distance(seq_end, voice->seq_max) > 0)
        voice->seq_max = seq_end;
}

/* RFC 7323 3.2, 5.2: once agreed, in every segment, and never decreasing. */
static void see_timestamp(const struct sight *sight)
{
    const struct sim_time_said *said = &sight->sim->watcher.times_said[sight->pair][1 - sight->end];
    const struct sim_segment *s = sight->segment;
    struct sim_voice *voice = sight->voice;

    if ((s->flags & SIM_SYN) || !voice->hello.timestamps || !sight->peer->hello.timestamps)
        return;
    if (!s->has_timestamp)
        wrong(sight, "no timestamp, though both have offered them (RFC 7323 3.2)");
    else if (voice->ts_value != 0 && distance(s->ts_value, voice->ts_value) < 0)
        wrong(sight, "timestamp goes back");
    voice->ts_value = s->ts_value;
    /* RFC 7323 4.3: not even a forged segment's, if it was dropped */
    if (said->any && distance(s->ts_echo, said->newest) > 0)
        wrong(sight, "echoes a time that the peer has not said yet");
}

static void note_time_said(const struct sight *sight)
{
    struct sim_time_said *said = &sight->sim->watcher.times_said[sight->pair][sight->end];
    const struct sim_segment *s = sight->segment;

    if (!s->has_timestamp || (said->any && distance(s->ts_value, said->newest) < 0))
        return;
    said->newest = s->ts_value;
    said->any = true;
}

/* ---- a frame ------------------------------------------------------------------------------ */

/* Finds the connection of a segment, by the port of the connecting end. */
static bool find_pair(const struct sim *sim, const struct sim_segment *segment, unsigned from,
                      unsigned *pair)
{
    const uint16_t ports[2] = {segment->src_port, segment->dst_port};

    for (unsigned i = 0; i < 2; i++) {
        if (ports[i] < SIM_PORT_ACTIVE || ports[i] - SIM_PORT_ACTIVE >= (int)sim->scenario.pairs[0])
            continue;
        *pair = ports[i] - (unsigned)SIM_PORT_ACTIVE;
        /* the active port is that of the connecting end */
        if (sim->scenario.plans[*pair].role[0] == (i == 0 ? from : 1 - from))
            return ports[1 - i] == SIM_PORT_LISTEN;
        if (sim->scenario.plans[*pair].role[0] == 2)
            return ports[0] == ports[1];
    }
    return false;
}

/* A server that sent a cookie keeps nothing. If the first ACK is lost or late, the segments after
 * it belong to no connection, and are reset. */
static void see_RST(const struct sight *sight)
{
    struct sim_side *client = &sight->sim->sides[sight->pair][1 - sight->end];
    const struct leat_stats *stats = leat_stats(sight->sim->ends[sight->end].stack);

    const struct sim_side *server = client->peer;

    /* the first ACK may come in the same burst, and the RST may wait for its device */
    if (stats->tcp_cookies_sent > 0 && sight->peer->has_ack &&
        sight->segment->seq == sight->peer->ack &&
        (!server->exists || sight->now_ns - server->accepted_ns < SIM_NS_PER_S))
        client->cookie_lost = true;
}

/* A SYN,ACK answers only one number, that of its peer's SYN (RFC 9293 3.10.7.2). Any other answers
 * an attacker, even if the honest peer has data. Later segments of that half-open connection
 * continue from its first number. */
static bool is_for_attacker(const struct sight *sight)
{
    const struct sim_segment *s = sight->segment;
    const struct sim_voice *peer = sight->peer;
    struct sim_voice *voice = sight->voice;

    if (!peer->syn_sent || distance(s->ack, peer->seq_max) > 0 ||
        distance(s->ack, peer->hello.iss) <= 0 ||
        ((s->flags & SIM_SYN) && s->ack != peer->hello.iss + 1)) {
        if (s->flags & SIM_SYN)
            voice->to_attackers[voice->to_attacker_count++ % SIM_HELLOS_MAX] = s->seq;
        return true;
    }
    for (unsigned i = 0; i < SIM_HELLOS_MAX && i < voice->to_attacker_count; i++) {
        if (!(s->flags & SIM_SYN) && s->seq == voice->to_attackers[i] + 1)
            return true;
    }
    return false;
}

/* True if a half-open connection for an attacker may answer, because the end has no connection yet,
 * or no more. A cookie may also have answered an attacker in the burst that brought the
 * connection. */
static bool answers_attacker(const struct sight *sight)
{
    const struct sim_side *side = &sight->sim->sides[sight->pair][sight->end];
    const struct sim_segment *s = sight->segment;
    const bool was_cookie = (s->flags & SIM_SYN) && side->accepted_ns > 0 &&
                            sight->now_ns - side->accepted_ns < SIM_NS_PER_S;
    struct leat_tcp_info info = {.state = LEAT_TCP_CLOSED};

    if (side->conn) /* it may exist only for the program */
        leat_tcp_get_info(side->conn, &info);
    return sight->sim->ends[sight->end].attack_count > 0 &&
           (info.state == LEAT_TCP_CLOSED || info.state == LEAT_TCP_TIME_WAIT || was_cookie) &&
           (s->flags & SIM_ACK) && s->data_len == 0 && is_for_attacker(sight);
}

static void see_segment(struct sim *sim, unsigned from, uint64_t now_ns,
                        const struct sim_segment *segment)
{
    struct sight sight = {.sim = sim, .segment = segment, .end = from, .now_ns = now_ns};
    const bool attacked = sim->ends[0].attack_count + sim->ends[1].attack_count > 0;

    if (!find_pair(sim, segment, from, &sight.pair)) {
        /* a RST could answer a segment whose ports were corrupted in spite of the checksum: never.
         * Attackers get replies, but no data */
        if (!attacked || segment->data_len > 0)
            sim_fail(sim, "end %u sent a segment of no connection: ports %u to %u", from,
                     segment->src_port, segment->dst_port);
        return;
    }
    sight.voice = &sim->watcher.voices[sight.pair][from];
    sight.peer = &sim->watcher.voices[sight.pair][1 - from];
    sim->watcher.segments++;
    note_time_said(&sight);
    if (segment->flags & SIM_RST) {
        if (segment->data_len > 0 || (segment->flags & (SIM_SYN | SIM_FIN)))
            wrong(&sight, "RST with data, SYN or FIN");
        see_RST(&sight);
        return;
    }
    if (answers_attacker(&sight))
        return;
    if (segment->flags & SIM_SYN)
        see_SYN(&sight);
    else if (!(segment->flags & SIM_ACK))
        wrong(&sight, "neither SYN, RST nor ACK (RFC 9293 3.10.7.4)");
    else
        choose_hello(sight.voice, segment->seq);
    if (segment->flags & SIM_ACK)
        choose_hello(sight.peer, segment->ack);
    see_data(&sight);
    if (sight.peer->began_again && segment->ack != sight.peer->hello.iss + 1)
        return; /* it concerns the old connection */
    if (segment->flags & SIM_ACK)
        see_ACK(&sight);
    see_SACK(&sight);
    see_timestamp(&sight);
}

static void hash(struct sim *sim, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i += 8) {
        uint64_t word = 0;

        memcpy(&word, bytes + i, len - i < 8 ? len - i : 8);
        sim->hash = (sim->hash ^ word) * 0x100000001b3u; /* FNV-1a, by words */
        sim->hash ^= sim->hash >> 29;
    }
}

void sim_watcher_see(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len)
{
    struct sim_watcher *watcher = arg;
    struct sim *sim = watcher->sim;
    const unsigned from = (unsigned)from_end;
    const uint64_t head[3] = {now_ns, from, len};
    struct sim_segment segment;
    const char *why = sim_segment_parse(&segment, frame, len, from, sim->scenario.ipv6[0] != 0);

    watcher->frames++;
    hash(sim, (const uint8_t *)head, sizeof head);
    hash(sim, frame, len);
    if (sim->record)
        sim_record_frame(sim->record, now_ns, frame, len);
    if (why)
        sim_fail(sim, "end %u sent a frame of %u bytes: %s", from, len, why);
    else if (segment.to_stranger && sim->ends[from].attack_count == 0)
        sim_fail(sim, "end %u sent a packet to a stranger", from);
    else if (!segment.is_tcp || segment.to_stranger)
        watcher->arp_ns[from] = now_ns;
    else
        see_segment(sim, from, now_ns, &segment);
}
