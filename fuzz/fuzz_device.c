/*
 * fuzz_device.c -- a stack with a device that behaves in rare and in illegal ways.
 *
 * Two stacks talk; the first one's device is controlled by the input (device_model.h). It delivers
 * frames in pieces that are cut anywhere, also in headers, merges segments, and marks frames as
 * super-frames or as verified. It refuses frames, keeps them, and reports them as sent late and in
 * any order. Checks: the stack's frames obey netif.h, and no byte of them changes while the device
 * has them; data is right unless made-up frames were injected. After the device has become
 * well-behaved everything ends, and every buffer is back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device_model.h"
#include "base.h"
#include "steps.h"
#include "tcp_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PORT = 80,
    PERIOD = 251, /* period of the data: a prime */
    DATA_MAX = 8192,
    HOGS = 64,
    END_POLLS = 20000
};

struct end {
    struct leat *stack;
    void *memory;
    struct leat_tcp *conn;
    uint64_t next_ns;
    uint32_t sent, heard;
    bool ended, deaf;
};

static struct end ends[2];
static struct device_model device;
static struct fake_netif peer_dev;
static uint64_t now_ns;
static struct leat_buf *hogs[HOGS];
static uint8_t payload[PERIOD + DATA_MAX];

/* ---- the programs ------------------------------------------------------------------------- */

static void hear(struct end *end)
{
    struct leat_buf *heard = leat_tcp_receive(end->conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(heard);

    for (const struct leat_buf *piece = heard; piece; piece = piece->next) {
        device_demand(device.forged ||
                          (piece->len <= DATA_MAX &&
                           memcmp(piece->data, payload + end->heard % PERIOD, piece->len) == 0),
                      "wrong data");
        end->heard += piece->len;
    }
    leat_buf_free(heard);
    leat_tcp_consumed(end->conn, len);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct end *end = arg;

    end->conn = conn;
    if (!end->deaf)
        hear(end);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct end *end = arg;

    (void)why;
    device_demand(end->conn == conn && !end->ended, "on_closed of a connection that isn't ours");
    end->conn = NULL;
    end->ended = true;
}

static const struct leat_tcp_events events = {.on_readable = on_readable, .on_closed = on_closed};

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct end *end = arg;

    if (!end->conn && !end->ended)
        end->conn = leat_tcp_accept(listener, &events, end);
}

static void send(struct end *end, uint32_t len, bool lends)
{
    const uint8_t *from = payload + end->sent % PERIOD;
    size_t taken = 0;

    len %= DATA_MAX + 1u;
    if (lends) {
        struct leat_buf *lent = leat_buf_lend(leat_pool(end->stack), from, len, NULL, NULL);

        if (lent && leat_tcp_send(end->conn, lent) == LEAT_OK)
            taken = len;
    } else {
        (void)leat_tcp_write(end->conn, from, len, &taken);
    }
    end->sent += (uint32_t)taken;
}

/* ---- the stacks --------------------------------------------------------------------------- */

static void open_end(unsigned number, struct leat_netif *netif, bool small)
{
    const struct leat_config config = {.seed = {1, (uint8_t)number},
                                       .buf_count = small ? 40 : 128,
                                       .tx_queue_frames = 24,
                                       .arp_entries = 4,
                                       .routes = 2};
    static const struct leat_tcp_config tcp = {.connections = 2,
                                               .half_open = 2,
                                               .time_wait = 2,
                                               .listeners = 1,
                                               .reorder_runs = 80,
                                               .sent_segments = 128,
                                               .receive_window_bytes = 64 * 1024,
                                               .send_queue_bytes = 32 * 1024};
    struct end *end = &ends[number];
    const size_t bytes = leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp);
    void *memory = end->memory ? end->memory : malloc((size_t)1 << 20);

    device_demand(memory && bytes <= (size_t)1 << 20, "memory");
    *end = (struct end){.memory = memory, .next_ns = now_ns};
    device_demand(!leat_init(&end->stack, memory, bytes, &config), "init");
    device_demand(!leat_tcp_register(end->stack, &tcp), "tcp");
    device_demand(!leat_attach(end->stack, netif), "attach");
    device_demand(
        !leat_address_add(end->stack, netif, leat_ip_v4(number == 0 ? IP_US : IP_PEER), 24),
        "address");
}

static void poll_end(struct end *end)
{
    const char *wrong;

    end->next_ns = leat_poll(end->stack, now_ns);
    device_demand(end->next_ns >= now_ns, "leat_poll() wants to be called in the past");
    device_demand(leat_stats_balance(leat_stats(end->stack)), "the statistics don't balance");
    wrong = tcp_check(end->stack);
    device_demand(!wrong, wrong);
}

/* Delivers the frames of each stack to the other; to the first through its device. */
static void carry(void)
{
    const struct fake_frame *frame;

    while ((frame = fake_netif_sent(&peer_dev)))
        device_hears(&device, frame->bytes, frame->len);
    fake_netif_forget(&peer_dev);
    if (device.count > 0)
        ends[0].next_ns = now_ns;
    if (peer_dev.rx_count > 0)
        ends[1].next_ns = now_ns;
}

static void run(uint64_t ns, unsigned polls)
{
    const uint64_t until_ns = now_ns + ns;

    ends[0].next_ns = ends[1].next_ns = now_ns; /* the programs have made calls since */
    for (; polls > 0; polls--) {
        struct end *end = &ends[ends[1].next_ns < ends[0].next_ns];

        if (end->next_ns > until_ns)
            break;
        if (end->next_ns > now_ns)
            now_ns = end->next_ns;
        poll_end(end);
        carry();
    }
    now_ns = until_ns;
    poll_end(&ends[0]);
    poll_end(&ends[1]);
    carry();
}

/* ---- steps -------------------------------------------------------------------------------- */

static void call(struct end *end, struct steps *steps)
{
    const uint8_t what = take(steps);

    if (!end->conn)
        return;
    switch (what % 8) {
    case 0:
        (void)leat_tcp_shutdown(end->conn);
        break;
    case 1:
        if (what >= 128) /* more seldom */
            (void)leat_tcp_close(end->conn);
        break;
    case 2:
        if (what >= 192)
            leat_tcp_abort(end->conn);
        break;
    case 3:
        end->deaf = !end->deaf;
        if (!end->deaf)
            hear(end);
        break;
    default:
        send(end, take16(steps), what & 128);
        break;
    }
    poll_end(end);
}

/* Holds buffers of the first stack. */
static void hog(uint8_t leave)
{
    struct leat_pool *pool = leat_pool(ends[0].stack);
    unsigned count = 0;

    while (count < HOGS && hogs[count])
        count++;
    while (count < HOGS && leave < 128 && leat_pool_free_count(pool) > leave % 32u) {
        hogs[count++] = leat_buf_alloc(pool, 0);
    }
    while (count > 0 && leave >= 128) {
        leat_buf_free(hogs[--count]);
        hogs[count] = NULL;
    }
}

static void step(struct steps *steps)
{
    const uint8_t what = take(steps);
    uint8_t from;

    switch (what & 15) {
    case 0:
    case 1:
        for (unsigned i = 0; i < DEVICE_CUTS; i++)
            device.cuts[i] = take16(steps);
        device.cut_how = take(steps);
        break;
    case 2:
        device.checksum = take(steps);
        device.marks_sum = what & 128;
        device.segment_bytes = take16(steps);
        device.marks_super = what & 64;
        device.marks_left = take(steps);
        break;
    case 3:
        device.merge_max = take(steps);
        break;
    case 4:
        device.room = what & 128 ? UINT32_MAX : take(steps) % 16u;
        device.look = take(steps);
        break;
    case 5:
        device.hold_max = take(steps) % (DEVICE_HELD + 1u);
        break;
    case 6:
        from = take(steps);
        device_done(&device, from, take(steps));
        break;
    case 7:
        from = take(steps);
        device_invents(&device, steps, from);
        break;
    case 8:
        hog(take(steps));
        break;
    case 9:
    case 10:
    case 11:
        call(&ends[what >> 7], steps);
        break;
    case 12: /* well-behaved again */
        device_is_good(&device);
        break;
    default:
        run((uint64_t)1000 << take(steps) % 28, 200);
        break;
    }
    carry();
}

/* The device is well-behaved, and both programs close: everything must end. */
static void end_well(void)
{
    device_is_good(&device);
    hog(128);
    for (unsigned i = 0; i < 2; i++) {
        ends[i].deaf = false;
        if (ends[i].conn)
            hear(&ends[i]);
    }
    run(1000000000u, END_POLLS);
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i].conn)
            (void)leat_tcp_close(ends[i].conn);
    }
    run(400000000000u, END_POLLS);
    device_demand(!ends[0].conn && !ends[1].conn, "a connection doesn't end");
    run(100000000000u, END_POLLS); /* TIME-WAIT, and parked packets */
    for (unsigned i = 0; i < 2; i++) {
        leat_close(ends[i].stack);
        device_demand(pool_is_whole(&ends[i].stack->pool), "a buffer is lost");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct leat_endpoint server = leat_endpoint_of(leat_ip_v4(IP_PEER), PORT);
    const struct leat_tcp_listen_config listen = {
        .port = PORT, .backlog = 2, .on_acceptable = on_acceptable, .arg = &ends[1]};
    struct steps steps = steps_of(data, size);
    struct leat_tcp_listener *listener;

    if (!steps_next(&steps))
        return 0;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i % PERIOD);
    now_ns = 1000000000u;
    fake_netif_init(&peer_dev);
    peer_dev.netif.mac = MAC_PEER;
    device_start(&device, take(&steps), &peer_dev);
    memset(hogs, 0, sizeof hogs);
    open_end(0, &device.netif, take(&steps) & 1);
    open_end(1, &peer_dev.netif, false);
    device_demand(!leat_tcp_listen(ends[1].stack, &listener, &listen), "listen");
    device_demand(!leat_tcp_connect(ends[0].stack, &ends[0].conn, &server, NULL, &events, &ends[0]),
                  "connect");
    run(1000, 50);
    while (steps_next(&steps))
        step(&steps);
    end_well();
    return 0;
}
