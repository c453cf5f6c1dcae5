/*
 * fuzz_frames.c -- a conversation: frames, time, and answers to the stack's frames.
 *
 * The input is a sequence of steps (steps.h), each an opcode with its operands. Most frames are
 * legal ones with a few changed bytes, because most attacks on stacks were of that kind.
 */
#include "harness.h"

#include <string.h>

#include "peer.h"
#include "steps.h"

struct script {
    struct steps steps;
    struct peer peer; /* tracks the expected numbers of the next TCP segment */
    uint8_t options;  /* enum peer_option, as in its last SYN */
};

/* Delivers @frame with up to three changed bytes, its checksums repaired or left wrong. */
static void feed_spoilt(struct harness *harness, struct script *script, struct frame *frame)
{
    const uint8_t how = take(&script->steps);

    for (unsigned i = how & 3; i > 0 && frame->len > 0; i--) {
        const uint16_t where = take16(&script->steps);

        frame->bytes[where % frame->len] = take(&script->steps);
    }
    if (how & 4) {
        const uint32_t len = take16(&script->steps);

        frame->len = len < frame->len ? len : frame->len;
    }
    if (!(how & 8))
        harness_repair(frame->bytes, frame->len);
    harness_feed(harness, frame->bytes, frame->len);
}

static void step_raw(struct harness *harness, struct script *script)
{
    struct frame frame = {.len = take(&script->steps) % 64};

    for (uint32_t i = 0; i < STEP_BYTES; i++) /* fuzz_frame has the long frames */
        frame.bytes[i] = take(&script->steps);
    feed_spoilt(harness, script, &frame);
}

static void step_arp(struct harness *harness, struct script *script)
{
    const uint16_t operation = 1 + take(&script->steps) % 2;
    const leat_ip4 spa = IP_US + take(&script->steps) % 16;
    const leat_ip4 tpa = IP_US + take(&script->steps) % 16;
    struct frame frame = frame_arp(operation, &MAC_PEER, spa, tpa);

    feed_spoilt(harness, script, &frame);
}

static void step_udp(struct harness *harness, struct script *script)
{
    static const uint8_t data[1400];
    const uint16_t port = take(&script->steps) % 2 ? HARNESS_ECHO_PORT : HARNESS_CLIENT_PORT;
    const uint32_t len = take16(&script->steps) % sizeof data;
    struct frame frame = frame_udp(IP_PEER, HARNESS_SERVER_PORT, IP_US, port, data, len);

    feed_spoilt(harness, script, &frame);
}

static void step_icmp(struct harness *harness, struct script *script)
{
    static const uint8_t types[] = {8, 3, 11, 12, 5};
    const struct frame ours =
        frame_udp(IP_US, HARNESS_CLIENT_PORT, IP_PEER, HARNESS_SERVER_PORT, "text", 4);
    const uint8_t type = types[take(&script->steps) % sizeof types];
    const uint8_t code = take(&script->steps);
    struct frame frame = frame_icmp(IP_PEER, IP_US, type, code, take16(&script->steps),
                                    ours.bytes + FRAME_IP, ours.len - FRAME_IP);

    feed_spoilt(harness, script, &frame);
}

static void step_fragment(struct harness *harness, struct script *script)
{
    static const uint8_t protocols[] = {17, 1, 6, 4};
    static const uint8_t data[1480];
    const uint8_t protocol = protocols[take(&script->steps) % sizeof protocols];
    const uint16_t id = take(&script->steps) % 8;
    const uint16_t where = take16(&script->steps);
    const uint32_t len = take(&script->steps) * 8u % sizeof data;
    struct frame frame =
        frame_fragment(protocol, id, (where & 0x1fffu) * 8, where & 0x8000, data, len);

    feed_spoilt(harness, script, &frame);
}

/* Swaps two fields. */
static void swap(uint8_t *a, uint8_t *b, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        const uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

/* Answers the stack's last frame: an ARP request with a reply, a packet with itself, source
 * and destination swapped. */
static void step_reply(struct harness *harness, struct script *script)
{
    const struct fake_frame *sent = fake_netif_sent(&harness->dev);
    struct frame frame;

    if (!sent)
        return;
    frame.len = sent->len;
    memcpy(frame.bytes, sent->bytes, sent->len);
    frame_to(&frame, &MAC_US);
    frame_from(&frame, &MAC_PEER);
    if (frame_get16(frame.bytes + 12) == 0x0806) {
        frame_put16(frame.bytes + 20, 2);
        swap(frame.bytes + 22, frame.bytes + 32, 10);
        memcpy(frame.bytes + 22, MAC_PEER.octet, 6);
    } else {
        swap(frame.bytes + 26, frame.bytes + 30, 4);
        if (frame.bytes[23] != 1)
            swap(frame.bytes + FRAME_L4, frame.bytes + FRAME_L4 + 2, 2);
    }
    feed_spoilt(harness, script, &frame);
}

static void step_tcp(struct harness *harness, struct script *script)
{
    static const uint8_t data[1400];
    static const uint8_t flags[] = {2, 16, 16, 24, 17, 4, 18, 20};
    static const uint16_t windows[] = {65535, 0, 1, 1000};
    static const struct peer_lies none;
    const uint8_t which = take(&script->steps);
    const uint8_t odd = take(&script->steps);
    struct peer *peer = &script->peer;
    uint8_t options[PEER_OPTIONS_BYTES];
    struct frame_segment segment;
    struct frame frame;

    peer_learn(peer, harness);
    segment = (struct frame_segment){.src_port = peer->port,
                                     .dst_port = peer->stack_port,
                                     .seq = peer->want,
                                     .ack = peer->nxt,
                                     .flags = flags[which & 7],
                                     .window = windows[which >> 3 & 3],
                                     .options = options};
    /* a different connection at times */
    if (which >> 6 == 3)
        segment.src_port = (uint16_t)(segment.src_port + which % 4);
    if (segment.flags & 2)
        script->options = (uint8_t)(PEER_MSS | PEER_WINDOW_SCALE | (odd >> 3 & 31) << 2);
    segment.options_len =
        peer_options(peer, harness->now_ns, segment.flags, script->options, &none, options);
    if (odd & 1)
        segment.seq += (uint32_t)take(&script->steps) * 100 - 5000;
    if (odd & 2)
        segment.ack += (uint32_t)take(&script->steps) * 100 - 5000;
    frame = frame_tcp(&segment, data, odd & 4 ? take16(&script->steps) % sizeof data : 0);
    feed_spoilt(harness, script, &frame);
}

static void step_connect(struct harness *harness, struct script *script)
{
    (void)script;
    harness_connect(harness);
    harness_poll(harness);
}

/* The program sends to the peer, to an absent host, to the broadcast address, or to itself. */
static void step_send(struct harness *harness, struct script *script)
{
    static const uint8_t data[8000];
    static const leat_ip4 others[] = {IP4_BROADCAST, IP4(127, 0, 0, 1), IP4(224, 0, 0, 9),
                                      IP4(192, 0, 2, 1)};
    const uint8_t whom = take(&script->steps);
    const uint32_t len = take16(&script->steps) % sizeof data;
    struct leat_buf *payload = leat_buf_lend(leat_pool(harness->stack), data, len, 0, 0);
    const struct leat_endpoint peer = leat_endpoint_of(
        leat_ip_v4(whom < 128 ? IP_US + whom % 16 : others[whom % 4]), HARNESS_ECHO_PORT);

    leat_udp_set_broadcast(harness->echo, whom & 64);
    leat_udp_send_to(harness->echo, payload, &peer);
    harness_poll(harness);
}

/* The program makes a call on one of its connections. */
static void step_call(struct harness *harness, struct script *script)
{
    static const uint8_t data[3000];
    const uint8_t what = take(&script->steps);
    struct leat_tcp *conn = harness->conns[what % HARNESS_CONNS];
    size_t taken;

    if (!conn)
        return;
    switch (what / HARNESS_CONNS % 8) {
    case 0:
        leat_tcp_close(conn);
        break;
    case 1:
        leat_tcp_shutdown(conn);
        break;
    case 2:
        leat_tcp_abort(conn);
        break;
    case 3:
        leat_tcp_set_keepalive(conn, what & 128);
        break;
    case 4:
        leat_tcp_set_user_timeout(conn, (uint64_t)1000 << take(&script->steps) % 28);
        break;
    default:
        (void)leat_tcp_write(conn, data, take16(&script->steps) % sizeof data, &taken);
        break;
    }
    harness_poll(harness);
}

static void step_wait(struct harness *harness, struct script *script)
{
    /* from a microsecond to a few minutes */
    harness_wait(harness, (uint64_t)1000 << take(&script->steps) % 28);
}

/* The device has no room for some frames, or the address is removed and added again. */
static void step_trouble(struct harness *harness, struct script *script)
{
    const uint8_t what = take(&script->steps);

    if (what & 128) {
        leat_address_remove(harness->stack, &harness->dev.netif, leat_ip_v4(IP_US));
        harness_poll(harness);
    }
    if (what & 64)
        leat_address_add(harness->stack, &harness->dev.netif, leat_ip_v4(IP_US), 24);
    harness->dev.room = what & 32 ? what % 8 : UINT32_MAX;
    harness->dev.netif.capabilities = what & 16 ? LEAT_NETIF_GATHER : 0;
    harness_poll(harness);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    typedef void step(struct harness * harness, struct script * script);
    static step *const kinds[] = {step_raw,   step_arp,  step_udp,  step_icmp,    step_fragment,
                                  step_reply, step_send, step_wait, step_trouble, step_connect,
                                  step_call,  step_call, step_tcp,  step_tcp,     step_tcp,
                                  step_tcp,   step_tcp,  step_tcp};
    struct script script = {steps_of(data, size), peer_of(2000, HARNESS_ECHO_PORT), 0};
    /* depends on the length, because the first steps are of all kinds */
    struct harness *harness = harness_open(size / STEP_BYTES % 2 ? HARNESS_FAST_OPEN : 0);

    while (steps_next(&script.steps))
        kinds[take(&script.steps) % (sizeof kinds / sizeof kinds[0])](harness, &script);
    harness_wait(harness, 1000000000u);
    harness_end_all(harness);
    harness_close(harness);
    return 0;
}
