/* iperf.h -- what clients of iperf 2 and we say to each other: words of 32 bits in network order.
 */
#ifndef IPERF_H
#define IPERF_H

#include "example.h"

/* The head of a test: at the start of a connection, and behind its own head in a datagram. */
enum iperf_word {
    IPERF_FLAGS = 0,
    IPERF_PORT = 2,   /* where the client listens for a test back */
    IPERF_AMOUNT = 5, /* bytes, or the complement of hundredths of a second */
    IPERF_MORE = 8,   /* more flags, if there is room for them */
    IPERF_WORDS = 9
};

enum iperf_flag {
    IPERF_EXTEND = 0x40000000,  /* there are more words than the first six */
    IPERF_BACK_NOW = 1,         /* with IPERF_BACK: at once, not after the test */
    IPERF_REVERSE = 0x04000000, /* in IPERF_MORE: we send, on this connection */
    IPERF_DUPLEX = 0x08000000   /* in IPERF_MORE: both send, on this connection */
};

#define IPERF_BACK 0x80000000u /* a test back, on a connection that we open */

static inline uint32_t iperf_get(const uint8_t *words, unsigned i)
{
    const uint8_t *at = words + 4 * i;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void iperf_put(uint8_t *words, unsigned i, uint32_t value)
{
    for (unsigned k = 0; k < 4; k++)
        words[4 * i + k] = (uint8_t)(value >> (24 - 8 * k));
}

/* "10.0.0.1:5001 sent 123 bytes in 1.234 s, 12.3 Mbit/s" on the platform's console. */
void iperf_say(struct example_platform *platform, const struct leat_endpoint *peer,
               const char *what, uint64_t bytes, uint64_t ns);

/* Takes tests by UDP (iperf_udp.c); false if the port can't be opened. */
bool iperf_udp_open(struct example_platform *platform);

#endif
