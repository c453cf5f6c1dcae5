/*
 * talk.h -- conversations with one TCP connection, segment by segment, in virtual time.
 *
 *      talk_setup, talk_teardown     of every test
 *      rx(talk, flags, seq, ack, len)    the peer sends
 *      tx(talk, flags, seq, ack, len)    we must have sent this, next
 *      quiet(talk)                       ... and nothing more
 *
 * Sequence numbers are relative: each side's SYN is 0, its first byte 1. The peer's ISN is close to
 * 2^32, so every test crosses the wrap.
 */
#ifndef TALK_H
#define TALK_H

#include "world.h"

#include "tcp_states.h"

enum {
    FIN = 1,
    SYN = 2,
    RST = 4,
    PSH = 8,
    ACK = 16,
    URG = 32,
    ECE = 64,
    CWR = 128
};

enum {
    PORT_US = 7,
    PORT_PEER = 4000,
    WINDOW_PEER = 60000,
    MSS_PEER = 1460
};

#define IRS 0xfffffff0u /* the peer's ISN */

struct talk {
    struct world *world;
    struct leat_tcp *conn; /* NULL before on_open and after on_closed */
    struct leat_tcp_listener *listener;
    uint32_t iss;         /* our ISS, from our SYN */
    uint16_t port_us;     /* in our segments */
    uint16_t port_peer;   /* in the peer's segments, and required in ours */
    uint16_t window_peer; /* in the peer's segments */
    uint8_t options[40];  /* TCP options of the peer's next SYN */
    uint32_t options_len;
    uint8_t extra[40]; /* options of all other segments of the peer */
    uint32_t extra_len;
    struct leat_tcp_listen_config listen; /* for talk_listen(), which sets port and callback */
    bool hold_on_accept;                  /* don't accept automatically */
    bool read_nothing;                    /* don't read the data */
    /* noted by the callbacks */
    unsigned opened, readable, writable, closed;
    enum leat_err why;
    enum leat_err err; /* result of the last call */
    uint8_t data[65536];
    uint32_t data_len;
    void (*in_readable)(struct talk *talk); /* called from on_readable */
    void (*in_closed)(struct talk *talk);   /* called from on_closed */
    /* the last segment that tx() has seen */
    struct fake_frame last;
    uint16_t last_window;
};

/* Transitions that the whole program has taken: [state][event] is the next state + 1. */
extern uint8_t talk_taken[TCP_NSTATES][TCP_NEVENTS];
extern unsigned talk_last_state, talk_last_event;

/* Each test runs over IPv4 and, with LEAT_TEST_FAMILY=6, over IPv6. A test writes and reads IPv4
 * frames in both cases. For IPv6 the device translates the test's frames to IPv6, and the stack's
 * frames to IPv4 (tests/family/translate.h). */
bool talk_is_ipv6(void);
void talk_choose_family(struct world *world); /* between world_create() and world_init() */
struct leat_endpoint talk_remote(const struct talk *talk, leat_ip4 ip, uint16_t port);

/* The host number by which layers above IP know the address (src/ip/host.h). */
leat_ip4 talk_host(const struct talk *talk, leat_ip4 ip);

/* Chooses an expectation by family. */
#define by_family(ipv4, ipv6) (talk_is_ipv6() ? (ipv6) : (ipv4))

/* Asserts that the frame was dropped, for the reason of its family, as assert_dropped(). */
#define assert_dropped_by_family(world, ipv4, ipv6)                                                \
    do {                                                                                           \
        world_assert_end(world, by_family(LEAT_STAT_##ipv4, LEAT_STAT_##ipv6));                    \
        assert_silent(world);                                                                      \
        world_assert_no_growth(world);                                                             \
    } while (0)

int talk_setup(void **state);
int talk_teardown(void **state);
#define talk_test(function) cmocka_unit_test_setup_teardown(function, talk_setup, talk_teardown)

/* talk_setup() for a test that changes talk->world->tcp_config before talk_begin(). */
int talk_setup_later(void **state);
void talk_begin(struct talk *talk);

#define talk_test_later(function)                                                                  \
    cmocka_unit_test_setup_teardown(function, talk_setup_later, talk_teardown)

/* Makes the listener on PORT_US, with the limits of talk->listen. */
void talk_listen(struct talk *talk);

/* With hold_on_accept: accepts the first waiting connection, or sets talk->conn to NULL. */
void talk_accept(struct talk *talk);

/* Connects to the peer. The test must expect the SYN. */
void talk_connect(struct talk *talk);

void rx(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);
void rx_data(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack, const void *data,
             uint32_t len);
void tx(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);
void quiet(struct talk *talk);

/* A frame of the conversation, for tests that corrupt it. */
struct frame talk_frame(struct talk *talk, uint8_t flags, uint32_t seq, uint32_t ack,
                        const void *data, uint32_t len);

/* The payload of the last segment that tx() has checked. */
const uint8_t *talk_data(const struct talk *talk);

/* Option @kind in that segment, or NULL. */
const uint8_t *talk_option(const struct talk *talk, uint8_t kind);

/* The peer's next SYN carries a MSS option, and a window scale unless @shift is NO_SHIFT. */
enum {
    NO_SHIFT = 0xff
};
void talk_options(struct talk *talk, uint16_t mss, uint8_t shift);

/* The peer's next segments carry these options: a timestamp, or SACK blocks of relative numbers. */
void talk_extra_ts(struct talk *talk, uint32_t tsval, uint32_t tsecr);
void talk_extra_sack(struct talk *talk, uint32_t left, uint32_t right);
void talk_extra_none(struct talk *talk);

/* The peer's next SYN offers SACK, and timestamps from @tsval on if that isn't 0. */
void talk_offer(struct talk *talk, uint32_t tsval);

/* The peer's next SYN carries a Fast Open cookie of 8 bytes or, with NULL, requests one. */
void talk_fast_open(struct talk *talk, const uint8_t *cookie);

/* Gets a cookie for the peer by a first handshake, which the peer then resets. */
void talk_get_cookie(struct talk *talk, uint8_t cookie[8]);

/* Receives an ICMP error about the last segment that tx() has checked. */
void rx_icmp(struct talk *talk, uint8_t type, uint8_t code, uint32_t detail);

/* Queues @len bytes of a pattern; the first function also polls. */
void talk_send(struct talk *talk, uint32_t len);
void talk_queue(struct talk *talk, uint32_t len);

/* With read_nothing: the program reads and consumes up to @bytes_max. */
void talk_read(struct talk *talk, uint32_t bytes_max);

/* Lets @ns pass. */
void talk_wait(struct talk *talk, uint64_t ns);

/* Asserts that nothing is sent for @ns less 5 ms; the next segment is due in the 10 ms after
 * that. */
void talk_silence(struct talk *talk, uint64_t ns);

enum leat_tcp_state talk_state(const struct talk *talk);
struct leat_tcp_info talk_info(const struct talk *talk);

/* Asserts that the program has received @len bytes so far, with the right contents. */
void talk_heard(const struct talk *talk, uint32_t len);

/* How far a counter has grown since the last segment came in. */
#define talk_grown(talk, name) world_grown((talk)->world, LEAT_STAT_##name)

/* A passive open, accepted: ESTABLISHED, with next numbers of 1 on both sides. */
void talk_establish(struct talk *talk);

/* talk_establish() with the options of talk_options(). */
void talk_establish_with(struct talk *talk, uint16_t mss, uint8_t shift);

/* Our side closes: a FIN, acknowledged. */
void talk_shut(struct talk *talk);

/* To TIME-WAIT; the program doesn't hold the connection any more. */
void talk_close_actively(struct talk *talk);

/* Byte @at of the pattern that both sides send. */
static inline uint8_t talk_byte(uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8));
}

#endif
