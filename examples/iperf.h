/* iperf.h -- the messages of iperf 2: words of 32 bits in network order.
 */
#ifndef IPERF_H
#define IPERF_H

#include "example.h"

/* The head of a test: at the start of a connection, and behind its own head in a datagram. */
enum iperf_word {
    IPERF_FLAGS = 0,
    IPERF_PORT = 2,       /* where the client listens for a test back */
    IPERF_LENGTH = 3,     /* of a datagram; 0: the usual */
    IPERF_AMOUNT = 5,     /* bytes, or the complement of hundredths of a second */
    IPERF_MORE = 8,       /* more flags, if there is room for them */
    IPERF_WORDS = 9,      /* that TCP uses */
    IPERF_RATE = 12,      /* bits a second, */
    IPERF_RATE_HIGH = 13, /* and what is over 32 bits of them, times 256 */
    IPERF_UDP_WORDS = 14
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

/* How much must be sent. */
struct iperf_goal {
    uint64_t bytes; /* or UINT64_MAX: until ... */
    uint64_t until_ns;
};

/* As the head of a test says. */
struct iperf_goal iperf_goal(const uint8_t *head, uint64_t now_ns);

/* The data that is sent: it lies in static memory. */
enum {
    IPERF_PATTERN_BYTES = 65536
};

const char *iperf_pattern(void);

/* "10.0.0.1:5001 sent 123 bytes in 1.234 s, 12.3 Mbit/s" on the platform's console. */
void iperf_say(struct leat_platform *platform, const struct leat_endpoint *peer, const char *what,
               uint64_t bytes, uint64_t ns);

/* Serves tests by UDP (iperf_udp.c); false if the port can't be opened.  @any_rate: all clients
 * that ask for datagrams get all of them, even if the address may be forged. */
bool iperf_udp_open(struct leat_platform *platform, bool any_rate);

/* Sends datagrams to @peer, from @from, as @head (all of IPERF_UDP_WORDS) says (iperf_udp_send.c),
 * if it doesn't already.  @peer_ns: the time of its clock.  @any_rate: no burst alone. */
void iperf_udp_send(struct leat_platform *platform, struct leat_udp *udp,
                    const struct leat_endpoint *peer, struct leat_ip from, const uint8_t *head,
                    uint64_t peer_ns, bool any_rate);

/* Stops sending, because the peer is gone. */
void iperf_udp_stop(struct leat_platform *platform, const struct leat_endpoint *peer);

#endif
