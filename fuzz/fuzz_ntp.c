/*
 * fuzz_ntp.c -- arbitrary time servers: civil time changes only in a reported round, after the
 * first by at most the threshold, and every answer is counted once.
 *
 * The input is packets: a byte of flags for the parts that are set correctly, and 48 bytes.
 */
#include <stdlib.h>
#include <string.h>

#include <leat/civil.h>
#include <leat/leat.h>
#include <leat/sntp.h>

#include "fake_netif.h"
#include "frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    NTP_LEN = 48,
    STEP_BYTES = 1 + NTP_LEN,
    STEPS_MAX = 32,
    /* parts of the first byte */
    RIGHT_ORIGIN = 1,
    RIGHT_HEAD = 2,
    RIGHT_TIMES = 4,
    OTHER_SERVER = 8,
    LET_TIME_PASS = 0x30, /* one of four lengths */
    LONGER = 0x40
};

static const uint64_t second_ns = 1000000000;

static struct {
    struct leat *stack;
    struct fake_netif dev;
    struct leat_sntp *sntp;
    uint64_t now_ns;
    uint64_t civil_at_zero_ns;
    bool was_set;
    uint16_t port[2]; /* of the last request to each server */
    uint8_t transmit[2][8];
} fuzz;

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void on_news(struct leat_sntp *sntp, enum leat_sntp_news news,
                    const struct leat_sntp_report *report, void *arg)
{
    const uint64_t civil_at_zero_ns = leat_civil_ns(fuzz.stack) - leat_now_ns(fuzz.stack);
    const int64_t change_ns = (int64_t)(civil_at_zero_ns - fuzz.civil_at_zero_ns);

    (void)sntp;
    (void)arg;
    demand((report->answers > 0) == (news == LEAT_SNTP_SET || news == LEAT_SNTP_PANIC));
    if (news != LEAT_SNTP_SET) {
        demand(!fuzz.was_set || change_ns == 0);
        return;
    }
    demand(leat_civil_ns(fuzz.stack) != 0);
    if (fuzz.was_set) {
        demand(change_ns == report->offset_ns);
        demand(llabs(change_ns) <= (int64_t)(1000 * second_ns));
    }
    fuzz.was_set = true;
    fuzz.civil_at_zero_ns = civil_at_zero_ns;
}

static void poll_now(void)
{
    const struct fake_frame *frame;

    leat_poll(fuzz.stack, fuzz.now_ns);
    while ((frame = fake_netif_sent(&fuzz.dev))) {
        const unsigned which = frame_get32(frame->bytes + FRAME_IP + 16) == IP_OTHER;

        if (frame->bytes[FRAME_IP + 9] != 17 || frame_get16(frame->bytes + FRAME_L4 + 2) != 123)
            continue;
        fuzz.port[which] = (uint16_t)frame_get16(frame->bytes + FRAME_L4);
        memcpy(fuzz.transmit[which], frame->bytes + FRAME_UDP_DATA + 40, 8);
    }
}

static void feed(const struct frame *frame)
{
    fake_netif_feed(&fuzz.dev, frame->bytes, frame->len);
    poll_now();
}

static void wait_for(uint64_t ns)
{
    const uint64_t until_ns = fuzz.now_ns + ns;

    for (unsigned i = 0; i < 8; i++) {
        fuzz.now_ns += ns / 8;
        poll_now();
    }
    fuzz.now_ns = until_ns;
    poll_now();
}

static void meet(leat_ip4 ip, const struct leat_mac *mac)
{
    const struct frame request = frame_arp(1, mac, ip, IP_US);

    feed(&request);
}

static void take_step(const uint8_t *step)
{
    static const uint64_t waits_ns[] = {0, 300000000, 3000000000, 600000000000};
    const unsigned which = step[0] & OTHER_SERVER ? 1 : 0;
    const leat_ip4 ip = which ? IP_OTHER : IP_PEER;
    uint8_t ntp[NTP_LEN + 4] = {0};
    struct frame frame;

    wait_for(waits_ns[(step[0] & LET_TIME_PASS) >> 4]);
    memcpy(ntp, step + 1, NTP_LEN);
    if (step[0] & RIGHT_HEAD) {
        ntp[0] = (uint8_t)((ntp[0] & 0x40) | 4 << 3 | 4);
        ntp[1] &= 7;
        memset(ntp + 4, 0, 8);
    }
    if (step[0] & RIGHT_TIMES)
        memcpy(ntp + 32, ntp + 40, 8);
    if (step[0] & RIGHT_ORIGIN)
        memcpy(ntp + 24, fuzz.transmit[which], 8);
    meet(ip, which ? &MAC_OTHER : &MAC_PEER);
    frame = frame_udp(ip, 123, IP_US, fuzz.port[which], ntp,
                      step[0] & LONGER ? sizeof ntp : (uint32_t)NTP_LEN);
    frame_from(&frame, which ? &MAC_OTHER : &MAC_PEER);
    feed(&frame);
}

static void begin(void)
{
    static const struct leat_config config = {.seed = {1}, .buf_count = 64};
    const struct leat_sntp_config sntp = {
        .servers = {{.ip = leat_ip_v4(IP_PEER)}, {.ip = leat_ip_v4(IP_OTHER)}},
        .server_count = 2,
        .on_news = on_news};
    const size_t bytes =
        leat_memory_bytes(&config) + leat_udp_memory_bytes(NULL) + leat_sntp_memory_bytes();
    static void *memory;

    if (!memory)
        memory = malloc(bytes);
    demand(memory != NULL);
    memset(&fuzz, 0, sizeof fuzz);
    fake_netif_init(&fuzz.dev);
    fuzz.now_ns = second_ns;
    demand(leat_init(&fuzz.stack, memory, bytes, &config) == LEAT_OK);
    demand(leat_attach(fuzz.stack, &fuzz.dev.netif) == LEAT_OK);
    demand(leat_udp_register(fuzz.stack, NULL) == LEAT_OK);
    demand(leat_address_add(fuzz.stack, &fuzz.dev.netif, leat_ip_v4(IP_US), 24) == LEAT_OK);
    demand(leat_sntp_open(fuzz.stack, &fuzz.sntp, &sntp) == LEAT_OK);
    poll_now();
    meet(IP_PEER, &MAC_PEER);
    meet(IP_OTHER, &MAC_OTHER);
    leat_sntp_start(fuzz.sntp);
    wait_for(8192);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct leat_sntp_counts *counts;
    uint64_t counted;
    size_t steps = 0;

    begin();
    counts = leat_sntp_counts(fuzz.sntp);
    for (; steps < STEPS_MAX && size >= STEP_BYTES; steps++) {
        take_step(data);
        data += STEP_BYTES;
        size -= STEP_BYTES;
        counted = counts->answers + counts->drop_foreign + counts->drop_unsynchronized +
                  counts->drop_time + counts->kisses;
        demand(counted <= steps + 1); /* late answers find no socket */
        demand(fuzz.was_set || leat_civil_ns(fuzz.stack) == 0);
    }
    leat_sntp_stop(fuzz.sntp);
    demand(leat_stats_balance(leat_stats(fuzz.stack)));
    leat_close(fuzz.stack);
    return 0;
}
