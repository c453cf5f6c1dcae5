/*
 * attack.c -- the forged frames of attackers.
 *
 * No two random draws are in one list of arguments or initial values. The order of evaluation
 * depends on the compiler, so a seed would mean different runs.
 */
#include "attack.h"

#include <string.h>

#include "attack6.h"
#include "forge.h"
#include "segment.h"
#include "translate.h"

enum {
    ATTACKS_MAX = 1500, /* against one end in one run */
    FIN = SIM_FIN,
    SYN = SIM_SYN,
    RST = SIM_RST,
    ACK = SIM_ACK,
    URG = FORGE_URG,
    IP_AT = FORGE_IP_AT,
    PART_AT = FORGE_PART_AT,
    ICMP = FORGE_ICMP,
    TCP = FORGE_TCP,
    UDP = FORGE_UDP
};

/* ---- Ethernet, ARP ------------------------------------------------------------------------ */

static void short_frame(struct forge *f)
{
    forge_ethernet(f, 0x0800);
    f->len = forge_any(f, 1, 13 + 19);
}

static void vlan_tag(struct forge *f)
{
    forge_ethernet(f, forge_any(f, 0, 1) ? 0x8100 : 0x88a8);
    f->len = forge_any(f, 14, 60);
}

static void foreign_mac(struct forge *f)
{
    const struct forge_segment reset = {.seq = f->info.rcv_nxt, .flags = RST};

    forge_live(f, &reset);
    f->bytes[5] = 0x77;
}

static void arp(struct forge *f, unsigned operation, leat_ip4 sender, leat_ip4 target)
{
    static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};

    forge_ethernet(f, 0x0806);
    memcpy(f->bytes + 14, head, sizeof head);
    forge_put16(f->bytes + 20, operation);
    memcpy(f->bytes + 22, f->bytes + 6, 6);
    forge_put32(f->bytes + 28, sender);
    forge_put32(f->bytes + 38, target);
}

static void arp_lengths(struct forge *f)
{
    unsigned which;

    arp(f, 1, forge_stranger(f), forge_ours(f));
    which = forge_any(f, 0, 1);
    f->bytes[18 + which] = (uint8_t)forge_any(f, 7, 255);
    if (forge_any(f, 0, 1))
        f->len = forge_any(f, 14, 41);
}

static void arp_claims_ours(struct forge *f)
{
    arp(f, forge_any(f, 1, 2), forge_ours(f), forge_ours(f));
}

static void arp_flood(struct forge *f)
{
    const leat_ip4 sender = forge_stranger(f);

    arp(f, forge_any(f, 1, 2), sender, forge_ours(f));
    f->bytes[26] = (uint8_t)forge_any(f, 0, 255);
}

/* ---- IP ----------------------------------------------------------------------------------- */

static void ip_lengths(struct forge *f)
{
    const struct forge_segment reset = {.seq = f->info.rcv_nxt, .flags = RST};

    forge_live(f, &reset);
    if (forge_any(f, 0, 1))
        f->bytes[IP_AT] = (uint8_t)(0x40 | forge_any(f, 0, 4));
    else
        forge_put16(f->bytes + IP_AT + 2,
                    forge_any(f, 0, 1) ? forge_any(f, 0, 39) : forge_any(f, 61, 0xffff));
    forge_seal_ip(f);
}

static void ip_options(struct forge *f)
{
    static const uint8_t options[][4] = {{7, 0, 4, 0},   {7, 255, 4, 0}, {131, 3, 4, 0},
                                         {137, 3, 4, 0}, {68, 1, 0, 0},  {131, 7, 4, 10}};

    forge_ip(f, forge_peers(f), UDP, 12);
    f->bytes[IP_AT] = 0x46;
    memcpy(f->bytes + PART_AT, options[forge_any(f, 0, 5)], 4);
    forge_seal_ip(f);
}

static void martian(struct forge *f)
{
    static const leat_ip4 sources[] = {IP4(127, 0, 0, 1), IP4(224, 0, 0, 1), IP4_BROADCAST,
                                       IP4(10, 0, 0, 255), 0};
    const unsigned which = forge_any(f, 0, 5);
    const struct forge_segment syn = {.seq = forge_any(f, 0, UINT32_MAX), .flags = SYN};

    forge_tcp(f, which < 5 ? sources[which] : forge_ours(f), SIM_PORT_LISTEN, SIM_PORT_LISTEN,
              &syn);
}

/* Fragments of few datagrams, so that some belong together. */
static void fragment(struct forge *f, uint32_t offset, uint32_t len, bool more)
{
    const uint8_t protocol = forge_any(f, 0, 1) ? TCP : UDP;

    forge_ip(f, forge_any(f, 0, 1) ? forge_peers(f) : forge_stranger(f), protocol, len);
    memset(f->bytes + PART_AT, 0x55, len);
    forge_put16(f->bytes + IP_AT + 4, forge_any(f, 0, 3));
    forge_put16(f->bytes + IP_AT + 6, offset / 8 | (more ? 0x2000u : 0));
    forge_seal_ip(f);
}

static void ping_of_death(struct forge *f)
{
    const uint32_t len = forge_any(f, 8, 400);

    fragment(f, 65528, len, forge_any(f, 0, 1));
}

static void teardrop(struct forge *f)
{
    const uint32_t offset = 8 * forge_any(f, 0, 12);
    const uint32_t len = 8 * forge_any(f, 1, 8);

    fragment(f, offset, len, forge_any(f, 0, 3) > 0);
}

static void endless_fragments(struct forge *f)
{
    fragment(f, 8 * forge_any(f, 1, 8000), 400, true);
    forge_put16(f->bytes + IP_AT + 4, forge_any(f, 0, 0xffff));
    forge_seal_ip(f);
}

static void packet_in_packet(struct forge *f)
{
    forge_ip(f, forge_stranger(f), 4, 40);
    memcpy(f->bytes + PART_AT, f->bytes + IP_AT, 20);
}

/* ---- ICMP, UDP ---------------------------------------------------------------------------- */

static void icmp(struct forge *f, leat_ip4 src, uint8_t type, uint8_t code, uint32_t len)
{
    forge_ip(f, src, ICMP, len);
    f->bytes[PART_AT] = type;
    f->bytes[PART_AT + 1] = code;
    forge_seal_part(f);
}

static void icmp_short(struct forge *f)
{
    const uint8_t type = forge_any(f, 0, 1) ? 8 : 3;
    const uint8_t code = (uint8_t)forge_any(f, 0, 4);

    icmp(f, forge_peers(f), type, code, forge_any(f, 4, 27));
    f->len = PART_AT + forge_any(f, 0, 8);
}

/* An ICMP error about a segment of the connection with @seq. */
static void icmp_about(struct forge *f, uint8_t type, uint8_t code, uint32_t seq)
{
    uint8_t *quote = f->bytes + PART_AT + 8;
    uint8_t inner[28] = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, TCP};

    forge_put32(inner + 12, forge_ours(f));
    forge_put32(inner + 16, forge_peers(f));
    forge_put16(inner + 10, forge_sum(0, inner, 20));
    forge_put16(inner + 20, f->info.local.port);
    forge_put16(inner + 22, f->info.remote.port);
    forge_put32(inner + 24, seq);
    icmp(f, forge_any(f, 0, 1) ? forge_peers(f) : forge_stranger(f), type, code, 8 + sizeof inner);
    forge_put16(f->bytes + PART_AT + 6, forge_any(f, 0, 3) * 500); /* the next hop's MTU */
    memcpy(quote, inner, sizeof inner);
    forge_seal_part(f);
}

static void icmp_blind(struct forge *f)
{
    const uint8_t type = forge_any(f, 0, 1) ? 3 : 11;
    const uint8_t code = (uint8_t)forge_any(f, 0, 15);

    icmp_about(f, type, code, forge_ack_wrong(f));
}

/* With a number that is in flight: it may slow an established connection, but not end it. */
static void icmp_near(struct forge *f)
{
    const bool open = f->info.state >= LEAT_TCP_ESTABLISHED && f->info.state < LEAT_TCP_TIME_WAIT;
    const uint8_t code = (uint8_t)forge_any(f, 0, 4);

    icmp_about(f, 3, code, open ? f->info.snd_una : forge_ack_wrong(f));
}

static void icmp_control(struct forge *f)
{
    static const uint8_t types[] = {4, 5, 9, 10, 13, 15, 17};
    const uint8_t type = types[forge_any(f, 0, 6)];

    icmp_about(f, type, (uint8_t)forge_any(f, 0, 3), f->info.snd_una);
}

static void ping(struct forge *f)
{
    const leat_ip4 src = forge_any(f, 0, 1) ? forge_peers(f) : forge_stranger(f);

    icmp(f, src, 8, 0, forge_any(f, 8, 200));
}

static void udp_spray(struct forge *f)
{
    const leat_ip4 src = forge_any(f, 0, 1) ? forge_peers(f) : forge_stranger(f);

    forge_ip(f, src, UDP, 20);
    forge_put16(f->bytes + PART_AT, forge_any(f, 1, 0xffff));
    forge_put16(f->bytes + PART_AT + 2, forge_any(f, 1, 0xffff));
    forge_put16(f->bytes + PART_AT + 4,
                forge_any(f, 0, 2) > 0 ? 20 : forge_any(f, 0, 60)); /* true or false */
    forge_seal_part(f);
}

/* ---- TCP ---------------------------------------------------------------------------------- */

static void data_offset(struct forge *f)
{
    const struct forge_segment segment = {
        .seq = f->info.rcv_nxt, .ack = f->info.snd_una, .flags = ACK};

    forge_live(f, &segment);
    f->bytes[PART_AT + 12] =
        (uint8_t)((forge_any(f, 0, 1) ? forge_any(f, 0, 4) : forge_any(f, 9, 15)) << 4);
    forge_seal_part(f);
}

static void option_loops(struct forge *f)
{
    static const uint8_t options[][8] = {{2, 0, 0, 0, 0, 0, 0, 0},   {3, 1, 0, 0, 0, 0, 0, 0},
                                         {8, 255, 0, 0, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 1, 254},
                                         {5, 9, 0, 0, 0, 0, 0, 0},   {253, 0, 0, 0, 0, 0, 0, 0}};
    struct forge_segment segment = {
        .seq = f->info.rcv_nxt, .ack = f->info.snd_una, .options_len = 8};

    segment.flags = forge_any(f, 0, 1) ? ACK : RST;
    segment.options = options[forge_any(f, 0, 5)];
    forge_live(f, &segment);
}

/* With MSS 0 to 64 and a scale over 14; the answer reaches no host, or a peer without such a
 * connection. */
static void syn_flood(struct forge *f)
{
    const uint8_t mss = (uint8_t)forge_any(f, 0, 64);
    const uint8_t scale = (uint8_t)forge_any(f, 0, 255);
    const uint8_t options[8] = {2, 4, 0, mss, 3, 3, scale, 0};
    const struct forge_segment syn = {
        .seq = forge_any(f, 0, UINT32_MAX), .flags = SYN, .options = options, .options_len = 8};
    const leat_ip4 src = forge_any(f, 0, 3) ? forge_stranger(f) : forge_peers(f);

    forge_tcp(f, src, (uint16_t)forge_any(f, 20000, 60000), SIM_PORT_LISTEN, &syn);
}

/* The ACK isn't acceptable. With an acceptable one, an attacker who knows the sequence numbers
 * could SACK data that hasn't arrived. */
static void sack_nonsense(struct forge *f)
{
    uint8_t options[20] = {1, 1, 5, 18};
    const struct forge_segment segment = {.seq = f->info.rcv_nxt,
                                          .ack = forge_ack_wrong(f),
                                          .flags = ACK,
                                          .options = options,
                                          .options_len = sizeof options};

    for (unsigned i = 4; i < sizeof options; i += 4)
        forge_put32(options + i, f->info.snd_una + forge_any(f, 0, 200000) - 100000);
    forge_live(f, &segment);
}

static void urgent(struct forge *f)
{
    struct forge_segment segment = {.flags = ACK | URG};

    segment.seq = forge_seq_inside(f);
    segment.ack = forge_ack_wrong(f);
    segment.data_len = forge_any(f, 0, 100);
    forge_live(f, &segment);
    forge_put16(f->bytes + PART_AT + 18, forge_any(f, 0, 2) * 32767);
    forge_seal_part(f);
}

/* Never RST alone, nor an ACK: those are below. */
static void flags(struct forge *f)
{
    static const uint8_t bits[] = {
        0, FIN, URG, 0xe9, SYN | FIN, SYN | RST, SYN | FIN | RST, SYN | FIN | ACK};
    struct forge_segment segment = {0};

    segment.seq = forge_any(f, 0, 1) ? f->info.rcv_nxt : forge_seq_inside(f);
    segment.ack = forge_ack_wrong(f);
    segment.flags = bits[forge_any(f, 0, 7)];
    forge_live(f, &segment);
    if (f->bytes[PART_AT + 13] & RST) /* with SYN, a receiver may take it for a RST */
        forge_put32(f->bytes + PART_AT + 4, forge_seq_outside(f));
    forge_seal_part(f);
}

static void blind_reset(struct forge *f)
{
    struct forge_segment segment = {0};

    segment.seq = forge_any(f, 0, 1) ? forge_seq_inside(f) : forge_seq_outside(f);
    segment.ack = forge_ack_wrong(f);
    segment.flags = forge_any(f, 0, 1) ? RST : RST | ACK;
    forge_live(f, &segment);
}

static void blind_syn(struct forge *f)
{
    /* a connecting end must take any SYN for a simultaneous open (RFC 9293 3.5) */
    const bool answers = forge_any(f, 0, 1) || f->info.state == LEAT_TCP_SYN_SENT;
    struct forge_segment segment = {.flags = answers ? SYN | ACK : SYN};

    segment.seq = forge_any(f, 0, 1) ? forge_seq_inside(f) : forge_seq_outside(f);
    segment.ack = forge_ack_wrong(f);
    forge_live(f, &segment);
}

static void blind_data(struct forge *f)
{
    struct forge_segment segment = {0};

    segment.seq = forge_any(f, 0, 3) ? forge_seq_inside(f) : f->info.rcv_nxt;
    segment.ack = forge_ack_wrong(f);
    segment.flags = forge_any(f, 0, 3) ? ACK : ACK | FIN;
    segment.data_len = forge_any(f, 0, 300);
    forge_live(f, &segment);
}

static void blind_ack(struct forge *f)
{
    const struct forge_segment segment = {
        .seq = forge_seq_outside(f), .ack = f->info.snd_nxt, .flags = ACK};

    forge_live(f, &segment);
}

/* A timestamp from the future at the edge of the window. If it is kept before the ACK is checked,
 * all later segments of the peer are old (RFC 7323 4.3). */
static void poison_time(struct forge *f)
{
    uint8_t options[12] = {1, 1, 8, 10};
    struct forge_segment segment = {
        .flags = ACK, .data_len = 20, .options = options, .options_len = sizeof options};

    segment.seq = f->info.rcv_nxt - forge_any(f, 0, 10);
    segment.ack = forge_ack_wrong(f);
    forge_put32(options + 4, f->peer_ts + (1u << 30));
    forge_live(f, &segment);
}

static void wrong_sums(struct forge *f)
{
    const struct forge_segment reset = {.seq = f->info.rcv_nxt, .flags = RST};

    unsigned at;

    forge_live(f, &reset);
    at = forge_any(f, 0, 1) ? IP_AT + 10 : PART_AT + 16;
    f->bytes[at] ^= (uint8_t)forge_any(f, 1, 255);
}

/* ---- the kinds ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*forge)(struct forge *f);
} kinds[] = {
    {"E1 short frame", short_frame},
    {"E1 VLAN tag", vlan_tag},
    {"E3 foreign MAC", foreign_mac},
    {"A1 ARP lengths", arp_lengths},
    {"A2 ARP claim", arp_claims_ours},
    {"A3 ARP flood", arp_flood},
    {"I1 IP lengths", ip_lengths},
    {"I2 IP options", ip_options},
    {"I3 martians, LAND", martian},
    {"I4 ping of death", ping_of_death},
    {"I5 teardrop", teardrop},
    {"I6 endless fragments", endless_fragments},
    {"I7 packet in packet", packet_in_packet},
    {"C1 short ICMP", icmp_short},
    {"C2 blind ICMP", icmp_blind},
    {"C2 near ICMP", icmp_near},
    {"C3 ICMP control", icmp_control},
    {"C4 pings", ping},
    {"U1, C4 UDP spray", udp_spray},
    {"H1 data offset", data_offset},
    {"H2 option loops", option_loops},
    {"H3, H4, R1 SYN flood", syn_flood},
    {"H5 SACK nonsense", sack_nonsense},
    {"H6 urgent", urgent},
    {"H7 flags", flags},
    {"S1 blind RST", blind_reset},
    {"S2, S5 blind SYN", blind_syn},
    {"S3, R2 blind data", blind_data},
    {"S4 ACK probes", blind_ack},
    {"S3 poisoned time", poison_time},
    {"wrong sums", wrong_sums},
    /* against ends with IPv6 */
    {"V1 NDP envelope", attack6_envelope},
    {"V2, V3 routers", attack6_router},
    {"V7 redirects", attack6_redirect},
    {"V8 extension headers", attack6_headers},
};

enum {
    KINDS = sizeof kinds / sizeof kinds[0],
    KINDS_OF_BOTH = KINDS - 4
};

unsigned sim_attack_kinds(void)
{
    return KINDS;
}

const char *sim_attack_name(unsigned kind)
{
    return kinds[kind].name;
}

/* Chooses one of the connections that @end has, or had. */
static void choose_victim(struct forge *f, struct sim_end *end)
{
    struct sim *sim = end->sim;
    const uint64_t pair = forge_any(f, 0, sim->scenario.pairs[0] - 1);

    f->side = &sim->sides[pair][end->index];
    f->info = f->side->info;
    f->peer_ts = sim->watcher.voices[pair][1 - end->index].ts_value;
    if (f->side->conn)
        leat_tcp_get_info(f->side->conn, &f->info);
    if (f->info.local.port == 0) { /* it has no address yet, but its ports are no secret */
        const bool active = sim->scenario.plans[pair].role[0] == end->index;
        const uint16_t port = (uint16_t)(SIM_PORT_ACTIVE + pair);

        f->info.local.port = active ? port : SIM_PORT_LISTEN;
        f->info.remote.port = active ? SIM_PORT_LISTEN : port;
    }
}

uint32_t sim_attack(struct sim_end *end, uint8_t bytes[SIM_ATTACK_BYTES])
{
    struct forge f = {.random = &end->attack_random, .end = end->index, .bytes = bytes};
    const uint64_t only = end->sim->scenario.attack_kind[end->index];
    const bool ipv6 = end->sim->scenario.ipv6[0] != 0;
    const unsigned last = (ipv6 ? KINDS : KINDS_OF_BOTH) - 1;
    const unsigned kind = (only > 0 ? (unsigned)only - 1 : forge_any(&f, 0, last)) % KINDS;

    choose_victim(&f, end);
    kinds[kind].forge(&f);
    end->attacks[kind]++;
    end->attack_count++;
    if (ipv6 && kind < KINDS_OF_BOTH)
        f.len = translate_to_ipv6(bytes, f.len);
    return f.len > 0 ? f.len : 14; /* an attack without a frame: a header alone */
}

uint64_t sim_attack_next_ns(struct sim_end *end)
{
    const uint64_t per_s = end->sim->scenario.attack_per_s[end->index];

    if (per_s == 0 || end->attack_count >= ATTACKS_MAX || sim_all_closed(end->sim))
        return LEAT_NEVER_NS;
    return end->sim->now_ns + sim_random_between(&end->attack_random, 0, 2 * SIM_NS_PER_S / per_s);
}
