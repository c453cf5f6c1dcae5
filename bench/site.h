/* site.h -- the target of floods: a stack on a device made of arrays, with an echo, a sink and
 * connections. */
#ifndef SITE_H
#define SITE_H

#include <leat/leat.h>

#include "fake_netif.h"
#include "frames.h"

enum {
    CONNECTIONS = 512,
    DATA = 1000,
    PORT_ECHO = 7,
    ISS_PEER = 1000,
    /* flags */
    SYN = 2,
    RST = 4,
    ACK = 16
};

static const uint64_t second_ns = 1000000000u;

struct end {
    uint32_t iss;          /* ours */
    struct leat_tcp *conn; /* NULL: closed */
};

struct site {
    struct leat *stack;
    struct fake_netif dev;
    uint64_t now_ns;
    struct end ends[CONNECTIONS]; /* ports 2000 and above of the peer */
    uint32_t ends_count;
    uint32_t sent; /* bytes of the peer's data in the connection 0 */
    uint8_t data[DATA];
    bool ipv6; /* frames are translated into it (tests/family) */
};

/* The configuration of its stack. */
extern const struct leat_config site_config;

/* Ends the program with the message @what if @condition is false. */
void demand(bool condition, const char *what);

/* Bytes that site_open() needs. */
size_t site_bytes(void);

/* Builds it in @memory; @ipv6: with IPv6 addresses only, and router advertisements are accepted. */
struct site *site_open(void *memory, size_t bytes, bool ipv6);
uint64_t site_poll(struct site *site);
void site_feed(struct site *site, const struct frame *frame);

/* Lets time pass. */
void site_wait(struct site *site, uint64_t ns);

/* A segment of the peer, in the connection @end. */
struct frame site_segment(const struct site *site, uint32_t end, uint8_t flags, uint32_t seq,
                          uint16_t window, uint32_t len);

/* The handshakes of @count connections, with these options. */
void site_connect(struct site *site, uint32_t count, const void *options, uint32_t options_len);

#endif
