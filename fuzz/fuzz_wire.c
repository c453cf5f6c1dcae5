/*
 * fuzz_wire.c -- two stacks with the fuzzer as the wire: it delivers, loses, repeats, reorders and
 * changes frames, lets time pass, and chooses the acts of both programs.
 *
 * Checks: received data equals the data sent, unless frames were changed and their checksums
 * corrected. Once the wire works again, both ends come to an end, and no buffer is lost.
 *
 * With LEAT_TEST_FAMILY=6 both use IPv6 with neighbour discovery, and the wire cuts packets into
 * fragments as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/leat.h>

#include "harness.h"
#include "steps.h"
#include "tcp_check.h"
#include "translate.h"

enum {
    PORT = 80,
    TURNS_MAX = 20000, /* limit of turns until everything has ended */
    STALLS = 64,
    IP6_BYTES = 40,
    FRAGMENT_BYTES = 8,
    FRAGMENT = 44
};

struct end {
    struct leat *stack;
    void *memory;
    struct fake_netif dev;
    struct leat_tcp *conn;
    uint64_t next_ns;
    uint32_t sent;  /* bytes given to leat_tcp_write() */
    uint32_t heard; /* bytes taken */
    enum leat_err why;
    bool ended; /* on_closed has come */
    bool reads;
    bool left; /* has closed or aborted: reads no more data */
};

static struct end ends[2];
static uint64_t now_ns;
static bool is_ipv6;
static bool forged; /* a frame was changed, and its checksum corrected */

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_wire: %s\n", what);
    abort();
}

static uint8_t pattern(unsigned from, uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) + from);
}

/* ---- the programs ------------------------------------------------------------------------- */

static void hear(struct end *end, struct leat_tcp *conn)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);
    uint8_t bytes[512];

    for (uint32_t at = 0; at < len;) {
        const uint32_t part = leat_buf_read(data, at, bytes, sizeof bytes);

        for (uint32_t i = 0; i < part && !forged; i++)
            demand(bytes[i] == pattern(end == &ends[0], end->heard + at + i), "wrong data");
        at += part;
    }
    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
    end->heard += len;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct end *end = arg;

    if (end->reads)
        hear(end, conn);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct end *end = arg;

    demand(end->conn == conn && !end->ended, "on_closed of a connection that isn't ours");
    end->conn = NULL;
    end->why = why;
    end->ended = true;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

static void accept_one(struct leat_tcp_listener *listener, void *arg)
{
    struct end *end = arg;

    if (!end->conn && !end->ended)
        end->conn = leat_tcp_accept(listener, &events, end);
}

static void write_data(struct end *end, uint32_t len)
{
    uint8_t bytes[2048];
    size_t taken = 0;

    len %= (uint32_t)sizeof bytes;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = pattern(end == &ends[1], end->sent + i);
    if (leat_tcp_write(end->conn, bytes, len, &taken) == LEAT_OK || taken > 0)
        end->sent += (uint32_t)taken;
}

/* ---- the stacks --------------------------------------------------------------------------- */

static const struct leat_config config = {
    .seed = {1},
    .buf_count = 96,
    .small_count = 96,
    .view_count = 128,
    .tx_queue_frames = 24,
    .arp_entries = 4,
    .routes = 2,
};

static const struct leat_tcp_config tcp_config = {
    .connections = 2,
    .half_open = 2,
    .time_wait = 2,
    .listeners = 1,
    .reorder_runs = 80,
    .sent_segments = 128,
    .receive_window_bytes = 16 * 1024,
    .send_queue_bytes = 8 * 1024,
};

static const struct leat_ipv6_config ipv6_config = {.no_duplicate_check = true};

static struct leat_ip address_of(unsigned number)
{
    struct leat_ip ip = {{0x20, 1, 0xd, 0xb8, [15] = 1}};

    ip.bytes[15] = (uint8_t)(1 + number);
    return is_ipv6 ? ip : leat_ip_v4(number == 0 ? IP_US : IP_PEER);
}

static void open_end(unsigned number)
{
    const size_t bytes = leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp_config) +
                         leat_ipv6_memory_bytes(&ipv6_config);
    struct end *end = &ends[number];
    struct leat_config own = config;

    if (!end->memory)
        end->memory = malloc(bytes);
    demand(end->memory != NULL, "malloc");
    own.seed[1] = (uint8_t)number;
    fake_netif_init(&end->dev);
    end->dev.netif.mac = number == 0 ? MAC_US : MAC_PEER;
    end->conn = NULL;
    end->next_ns = now_ns;
    end->sent = end->heard = 0;
    end->ended = end->left = false;
    end->reads = true;
    demand(leat_init(&end->stack, end->memory, bytes, &own) == LEAT_OK, "init");
    if (is_ipv6)
        demand(leat_ipv6_register(end->stack, &ipv6_config) == LEAT_OK, "ipv6");
    demand(leat_attach(end->stack, &end->dev.netif) == LEAT_OK, "attach");
    demand(leat_address_add(end->stack, &end->dev.netif, address_of(number), is_ipv6 ? 64 : 24) ==
               LEAT_OK,
           "address");
    demand(leat_tcp_register(end->stack, &tcp_config) == LEAT_OK, "tcp");
}

static void poll_end(struct end *end)
{
    const char *wrong;

    end->next_ns = leat_poll(end->stack, now_ns);
    demand(end->next_ns >= now_ns, "leat_poll() wants to be called in the past");
    demand(leat_stats_balance(leat_stats(end->stack)), "the statistics don't balance");
    wrong = tcp_check(end->stack);
    demand(!wrong, wrong);
}

/* ---- the wire ----------------------------------------------------------------------------- */

/* Takes the oldest frame of @end off the wire; NULL: there is none. */
static struct fake_frame *next_frame(struct end *end)
{
    struct fake_netif *dev = &end->dev;

    if (dev->tx_first == dev->tx_count) {
        fake_netif_forget(dev);
        return NULL;
    }
    return &dev->tx[dev->tx_first++];
}

static void deliver(struct end *from, const struct fake_frame *frame)
{
    struct end *to = from == &ends[0] ? &ends[1] : &ends[0];

    fake_netif_feed(&to->dev, frame->bytes, frame->len);
    poll_end(to);
}

static void deliver_some(struct end *from, unsigned count)
{
    const struct fake_frame *frame;

    while (count-- > 0 && (frame = next_frame(from)))
        deliver(from, frame);
}

static void swap_frames(struct end *from)
{
    struct fake_netif *dev = &from->dev;

    if (dev->tx_count - dev->tx_first >= 2) {
        const struct fake_frame kept = dev->tx[dev->tx_first];

        dev->tx[dev->tx_first] = dev->tx[dev->tx_first + 1];
        dev->tx[dev->tx_first + 1] = kept;
    }
}

/* Changes a byte after the Ethernet header, which checksums detect, or several bytes with
 * corrected checksums. */
static void change_frame(struct end *from, struct steps *steps)
{
    struct fake_frame *frame = next_frame(from);
    const uint8_t how = take(steps);

    if (!frame)
        return;
    for (unsigned i = how & 128 ? 1 + how % 3 : 1; i > 0; i--) {
        const uint32_t where = FRAME_IP + take16(steps) % (frame->len - FRAME_IP);

        frame->bytes[where] ^= take(steps);
    }
    if (how & 128) {
        const struct leat_mac *to = from == &ends[0] ? &MAC_PEER : &MAC_US;

        forged = true;
        harness_repair(frame->bytes, frame->len);
        memcpy(frame->bytes, to->octet, sizeof to->octet);
    } else if (frame->len > FRAME_IP + 1 && frame_get16(frame->bytes + 12) == 0x0806) {
        forged = true; /* ARP has no checksum */
    }
    deliver(from, frame);
}

/* A fragment of an IPv6 packet, with its bytes from @at to @at + @len. */
static struct fake_frame fragment_of(const struct fake_frame *whole, uint32_t at, uint32_t len,
                                     uint8_t id)
{
    const uint32_t payload = whole->len - FRAME_IP - IP6_BYTES;
    struct fake_frame made = *whole;
    uint8_t *ip = made.bytes + FRAME_IP, *fragment = ip + IP6_BYTES;

    memset(fragment, 0, FRAGMENT_BYTES);
    fragment[0] = ip[6];
    frame_put16(fragment + 2, (uint16_t)(at | (at + len < payload)));
    fragment[7] = id;
    memcpy(fragment + FRAGMENT_BYTES, whole->bytes + FRAME_IP + IP6_BYTES + at, len);
    ip[6] = FRAGMENT;
    frame_put16(ip + 4, (uint16_t)(FRAGMENT_BYTES + len));
    made.len = FRAME_IP + IP6_BYTES + FRAGMENT_BYTES + len;
    return made;
}

/* Delivers a packet in two fragments, in either order. */
static void cut_frame(struct end *from, struct steps *steps)
{
    const struct fake_frame *frame = next_frame(from);
    const uint8_t how = take(steps), where = take(steps);
    struct fake_frame parts[2];
    uint32_t payload, cut;

    if (!frame)
        return;
    payload = frame->len > FRAME_IP + IP6_BYTES ? frame->len - FRAME_IP - IP6_BYTES : 0;
    if (frame_get16(frame->bytes + 12) != 0x86dd || payload <= 8 ||
        frame->len + FRAGMENT_BYTES > sizeof frame->bytes ||
        frame->bytes[FRAME_IP + 6] == FRAGMENT) {
        deliver(from, frame);
        return;
    }
    cut = 8 * (1 + where % ((payload - 1) / 8));
    parts[0] = fragment_of(frame, 0, cut, how);
    parts[1] = fragment_of(frame, cut, payload - cut, how);
    deliver(from, &parts[how & 1]);
    if (!(how & 2)) /* otherwise it is lost */
        deliver(from, &parts[1 - (how & 1)]);
}

static void wait(uint64_t ns)
{
    const uint64_t until_ns = now_ns + ns;

    for (unsigned i = 0; i < 200; i++) {
        struct end *first = ends[0].next_ns <= ends[1].next_ns ? &ends[0] : &ends[1];

        if (first->next_ns > until_ns)
            break;
        if (first->next_ns > now_ns)
            now_ns = first->next_ns;
        poll_end(first);
    }
    now_ns = until_ns;
    poll_end(&ends[0]);
    poll_end(&ends[1]);
}

/* Delivers all frames, for a bounded number of turns; true: both stacks are idle. */
static bool be_honest(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        const struct fake_frame *one = next_frame(&ends[0]);
        const struct fake_frame *other = next_frame(&ends[1]);
        uint64_t next_ns;

        if (one)
            deliver(&ends[0], one);
        if (other)
            deliver(&ends[1], other);
        if (one || other)
            continue;
        next_ns = ends[0].next_ns < ends[1].next_ns ? ends[0].next_ns : ends[1].next_ns;
        if (next_ns == LEAT_NEVER_NS)
            return true;
        if (ends[0].ended && ends[1].ended)
            return true;
        now_ns = next_ns > now_ns ? next_ns : now_ns;
        poll_end(&ends[0]);
        poll_end(&ends[1]);
    }
    return false;
}

/* ---- steps -------------------------------------------------------------------------------- */

static void call(struct end *end, struct steps *steps)
{
    const uint8_t what = take(steps) % 8;

    if (!end->conn)
        return;
    end->left |= what == 1 || what == 2;
    if (what == 0)
        leat_tcp_shutdown(end->conn);
    else if (what == 1)
        leat_tcp_close(end->conn);
    else if (what == 2)
        leat_tcp_abort(end->conn);
    else if (what == 3)
        end->reads = !end->reads;
    else if (what == 4)
        leat_tcp_set_keepalive(end->conn, true);
    else
        write_data(end, take16(steps));
    if (end->reads && end->conn && leat_tcp_readable(end->conn) > 0)
        hear(end, end->conn);
    poll_end(end);
}

static void step(struct steps *steps)
{
    const uint8_t what = take(steps);
    struct end *end = &ends[what >> 7];
    const struct fake_frame *frame;

    switch (what & 15) {
    case 0:
        (void)next_frame(end); /* lost */
        break;
    case 1:
        if ((frame = next_frame(end))) {
            deliver(end, frame);
            deliver(end, frame);
        }
        break;
    case 2:
        swap_frames(end);
        break;
    case 3:
        change_frame(end, steps);
        break;
    case 4:
        wait((uint64_t)1000 << take(steps) % 28);
        break;
    case 5:
        end->dev.room = take(steps) % 16;
        break;
    case 6:
        end->dev.room = UINT32_MAX;
        break;
    case 7:
        be_honest(take(steps));
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        call(end, steps);
        break;
    case 12:
        if (is_ipv6) {
            cut_frame(end, steps);
            break;
        }
        /* fall through */
    default:
        deliver_some(end, 1 + take(steps) % 8);
        break;
    }
}

/* After an orderly end on both sides all data has arrived, unless frames were forged. */
static void check_data(void)
{
    if (forged || !ends[0].ended || !ends[1].ended || ends[0].why || ends[1].why)
        return;
    demand((ends[0].left || ends[0].heard == ends[1].sent) &&
               (ends[1].left || ends[1].heard == ends[0].sent),
           "an orderly end without all of the data");
}

/* Both programs read, disable keep-alives, and shut their side down. A program whose peer is
 * gone closes its connection. Everything must end. */
static void end_well(void)
{
    for (unsigned i = 0; i < 2; i++) {
        ends[i].dev.room = UINT32_MAX;
        ends[i].reads = true;
        if (ends[i].conn)
            leat_tcp_set_keepalive(ends[i].conn, false); /* keep-alives would go on for ever */
        if (ends[i].conn && leat_tcp_readable(ends[i].conn) > 0)
            hear(&ends[i], ends[i].conn);
        poll_end(&ends[i]);
    }
    be_honest(TURNS_MAX / 4);
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i].conn)
            leat_tcp_shutdown(ends[i].conn);
        poll_end(&ends[i]);
    }
    be_honest(TURNS_MAX / 4);
    check_data();
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i].conn)
            leat_tcp_close(ends[i].conn);
        poll_end(&ends[i]);
    }
    be_honest(TURNS_MAX);
    demand(!ends[0].conn && !ends[1].conn, "a connection doesn't end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leat_endpoint server;
    const struct leat_tcp_listen_config listen = {
        .port = PORT, .backlog = 2, .on_acceptable = accept_one, .arg = &ends[1]};
    struct steps steps = steps_of(data, size);
    struct leat_tcp_listener *listener;

    is_ipv6 = translate_wanted();
    server = leat_endpoint_of(address_of(1), PORT);
    now_ns = 1000000000u;
    forged = false;
    open_end(0);
    open_end(1);
    demand(leat_tcp_listen(ends[1].stack, &listener, &listen) == LEAT_OK, "listen");
    demand(leat_tcp_connect(ends[0].stack, &ends[0].conn, &server, 0, &events, &ends[0]) == LEAT_OK,
           "connect");
    poll_end(&ends[1]);
    poll_end(&ends[0]);
    while (steps_next(&steps))
        step(&steps);
    end_well();
    for (unsigned i = 0; i < 2; i++) {
        leat_close(ends[i].stack);
        demand(leat_pool_free_count(leat_pool(ends[i].stack)) == config.buf_count,
               "a buffer is lost");
    }
    return 0;
}
