/*
 * solo5_swap.c -- the least that a program on Solo5 can do for a ping: swaps the addresses and
 * sends the frame back.  echo.spt is compared with it; bench/solo5.py tells the peer its MAC
 * address.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <solo5.h>

enum {
    FRAME_BYTES = 2048,
    MAC_BYTES = 6,
    TYPE = 12,
    IP_PROTOCOL = 14 + 9,
    IP_SOURCE = 14 + 12,
    IP_DESTINATION = 14 + 16,
    ICMP = 14 + 20,
    ICMP_SUM = ICMP + 2,
    ECHO_REQUEST = 8,
    SECOND_NS = 1000000000
};

static void swap(uint8_t *a, uint8_t *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

static bool is_ping(const uint8_t *frame, size_t len)
{
    return len > ICMP_SUM + 1 && frame[TYPE] == 8 && frame[TYPE + 1] == 0 &&
           frame[IP_PROTOCOL] == 1 && frame[ICMP] == ECHO_REQUEST;
}

/* The checksum of the reply differs only by the type, 8 less (RFC 1624). */
static void to_reply(uint8_t *frame)
{
    const uint32_t sum = ((uint32_t)frame[ICMP_SUM] << 8 | frame[ICMP_SUM + 1]) + 0x800;
    const uint32_t folded = (sum & 0xffff) + (sum >> 16);

    swap(frame, frame + MAC_BYTES, MAC_BYTES);
    swap(frame + IP_SOURCE, frame + IP_DESTINATION, 4);
    frame[ICMP] = 0;
    frame[ICMP_SUM] = (uint8_t)(folded >> 8);
    frame[ICMP_SUM + 1] = (uint8_t)folded;
}

int solo5_app_main(const struct solo5_start_info *start)
{
    static uint8_t frame[FRAME_BYTES];
    static const char ready[] = "swap: ready\n";
    struct solo5_net_info info;
    solo5_handle_t net;
    size_t len;

    (void)start;
    if (solo5_net_acquire("service", &net, &info) != SOLO5_R_OK)
        return SOLO5_EXIT_FAILURE;
    solo5_console_write(ready, sizeof ready - 1);
    for (;;) {
        while (solo5_net_read(net, frame, sizeof frame, &len) == SOLO5_R_OK) {
            if (is_ping(frame, len)) {
                to_reply(frame);
                solo5_net_write(net, frame, len);
            }
        }
        solo5_yield(solo5_clock_monotonic() + SECOND_NS, NULL);
    }
}
