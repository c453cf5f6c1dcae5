/*
 * tcp.h -- connections (RFC 9293).
 *
 * Callbacks come from leat_poll() and never from inside another call, so a callback may do
 * anything, even close its own connection.  A handle stays valid until its on_closed has returned.
 *
 * Receiving: on_readable reports that there is data; leat_tcp_receive() hands over the buffers that
 * the device filled; leat_tcp_consumed() opens the window again.  leat_tcp_read() copies, and does
 * all of that in one call.
 * Sending: leat_tcp_send() takes a buffer (no copy), leat_tcp_write() copies; both obey
 * leat_tcp_send_room(), and on_writable reports that a full queue has room again.
 */
#ifndef LEAT_TCP_H
#define LEAT_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_tcp;
struct leat_tcp_listener;

/** A congestion control: one of those below.  A program links those that it names, and CUBIC. */
struct leat_tcp_congestion;
extern const struct leat_tcp_congestion leat_tcp_cubic; /**< RFC 9438, with HyStart++ (RFC 9406) */
extern const struct leat_tcp_congestion leat_tcp_newreno; /**< RFC 5681 */
/** BBRv3 (draft-ietf-ccwg-bbr).  Without memory for its model the stack's own is used, or CUBIC. */
extern const struct leat_tcp_congestion leat_tcp_bbr;

/** Explicit Congestion Notification (RFC 3168), with the feedback of RFC 9768 (AccECN) for peers
 * that ask for it. */
enum leat_tcp_ecn {
    LEAT_TCP_ECN_ACCEPT,      /**< if the peer asks for it */
    LEAT_TCP_ECN_ASK,         /**< also ask for it in our SYNs */
    LEAT_TCP_ECN_OFF,         /**< never */
    LEAT_TCP_ECN_ASK_ACCURATE /**< ask for AccECN; accept the answer of a peer without it */
};

enum {
    LEAT_TCP_INITIAL_WINDOW_MAX = 63 /**< segments */
};

/** Limits of TCP.  Every 0 means the default named beside it. */
struct leat_tcp_config {
    uint32_t connections; /**< connections at a time: 1024 */
    uint32_t half_open; /**< connections in SYN-RECEIVED at a time: eight times the connections, 64
                             to 1024 by default */
    uint32_t time_wait; /**< TIME-WAIT entries: four times the connections, 64 to 4096 by
                             default; at the limit the oldest is removed */
    uint16_t listeners; /**< listeners at a time: 16 */
    uint32_t reorder_runs; /**< runs of data out of order, of all connections: as many as
                                connections, 64 to 1024 by default */
    uint32_t
        reorder_runs_per_connection; /**< of one connection: 64.  A segment out of order is
                                    compared with all of them, so a peer can make each cost that
                                  */
    uint32_t sent_segments;          /**< segments in flight, of all connections: 16 times the
                                          connections, 128 to 4096 by default; the last quarter
                                          is reserved for connections that have none */
    uint32_t transfers;              /**< connections with data queued, in flight or out of order at
                                          a time: as many as connections, at most sent_segments.
                                          Others wait, which tcp_transfers_short counts */
    uint32_t bbr_connections;        /**< connections that may use BBR at a time, while they have a
                                          transfer: as many as transfers with leat_tcp_bbr, else 0.
                                          Each takes about 500 bytes, and each of sent_segments 40
                                          more */
    uint32_t peers;                  /**< remote addresses whose shares are counted separately: as
                                          many as connections, at most 1,024 by default and 65,534;
                                          others share an account */
    uint16_t share_percent;          /**< most that one remote address may hold of the pool, in each
                                          direction, in percent of the free rest: 100; at most 1000.
                                           One connection may hold half of that */
    uint32_t receive_window_bytes;   /**< largest window offered to a peer: 4 MiB; it begins
                                          with 256 KiB and grows while memory is free */
    uint32_t send_queue_bytes;       /**< data queued but not yet acknowledged: 4 MiB; begins
                                          with 256 KiB and grows with the congestion window */
    uint64_t rto_min_ns;             /**< the retransmission timeout is the round-trip time plus at
                                          least this: 200 ms (RFC 6298 2.4 wants 1 s in all; it must
                                          outlast a delayed ACK) */
    uint64_t rto_max_ns;             /**< its ceiling: 60 s (RFC 6298 2.5); 274 s at most */
    uint64_t delayed_ack_ns;     /**< an ACK is delayed at most: 40 ms (RFC 1122 4.2.3.2: < 500) */
    uint64_t msl_ns;             /**< maximum segment lifetime: 30 s; TIME-WAIT lasts two of them.
                                      At most 12 days; the times below at most 24 */
    uint64_t fin_wait_2_ns;      /**< an abandoned FIN-WAIT-2 lasts: 60 s */
    uint64_t user_timeout_ns;    /**< unacknowledged data ends a connection: 100 s (R2) */
    uint64_t connect_timeout_ns; /**< an unanswered SYN ends a connection: 180 s (RFC 1122
                                      4.2.3.5) */
    uint64_t keepalive_idle_ns;  /**< idle time before probes: 2 h (RFC 1122 4.2.3.6) */
    uint64_t keepalive_interval_ns; /**< time between probes: 75 s */
    uint8_t keepalive_probes;       /**< unanswered probes that end a connection: 9, at most 127 */
    const struct leat_tcp_congestion *congestion; /**< default: &leat_tcp_cubic */
    uint16_t initial_window_segments; /**< initial window, also after an idle time: 10 (RFC 6928),
                                         at most LEAT_TCP_INITIAL_WINDOW_MAX.  In bytes it is as
                                         many times 1,460, or two segments if these are larger.  Use
                                           more for known paths only */
    enum leat_tcp_ecn ecn;            /**< default: accept */
    bool no_timestamps;               /**< neither offer nor accept timestamps (RFC 7323) */
    bool no_sack;    /**< the same for SACK (RFC 2018): losses are found as in RFC 6582 */
    bool fast_open;  /**< send and accept data in SYNs (RFC 7413): a server must tolerate that such
                          data comes twice */
    bool no_cookies; /**< drop SYNs when the backlog is full, instead of SYN cookies (RFC 4987) */
    bool no_pacing;  /**< send bursts as large as the window allows, instead of pacing them; BBR
                          paces nevertheless */
    bool no_rack;    /**< find losses as in RFC 6675 instead of RACK-TLP (RFC 8985) */
    /** Reports every transition, for traces and tests.  May be NULL.  Must not call the stack. */
    void (*on_transition)(void *arg, unsigned state, unsigned event, unsigned next_state);
    void *on_transition_arg;          /**< its first argument */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** The callbacks of a connection.  Any may be NULL. */
struct leat_tcp_events {
    /** The connection is established. */
    void (*on_open)(struct leat_tcp *conn, void *arg);
    /** Data has arrived; also called after the last data, when leat_tcp_at_end() becomes true. */
    void (*on_readable)(struct leat_tcp *conn, void *arg);
    /** A send queue that was full has room: for at least half of its size, or for as much as
     * leat_tcp_want_room() asked for. */
    void (*on_writable)(struct leat_tcp *conn, void *arg);
    /**
     * The last callback.  LEAT_OK: both sides have closed.  Otherwise the reason: REFUSED, RESET,
     * ABORTED, TIMEOUT, UNREACHABLE; or MEMORY: we reset the connection, because memory was short
     * and its peer took none of the data that it held.  The handle is invalid once the callback
     * returns.
     */
    void (*on_closed)(struct leat_tcp *conn, enum leat_err why, void *arg);
    /**
     * leat_drain() asks about a connection that a peer has opened, every 20 ms or more, and at its
     * deadline about each.  @p quiet: all data is read and acknowledged, and nothing has come or
     * gone for half a second, or the deadline has come.  True: work is under way, or the program
     * has closed the connection.  False: the stack closes it when it is quiet.  NULL: always false.
     */
    bool (*on_drain)(struct leat_tcp *conn, bool quiet, void *arg);
};

/** An option that a listener sets for its connections. */
enum leat_tcp_choice {
    LEAT_TCP_AS_STACK, /**< as in leat_tcp_config */
    LEAT_TCP_ON,
    LEAT_TCP_OFF
};

/** Options and limits of a listener. */
struct leat_tcp_listen_config {
    struct leat_ip ip; /**< LEAT_IP_ANY: all of our addresses of both families; LEAT_IP4_ANY: all
                            of IPv4; LEAT_IP_ANY with `v6_only`: all of IPv6.  A port has at most
                            one listener for all addresses of a family */
    uint16_t port;     /**< 1..65535 */
    uint16_t backlog;  /**< connections that are half open or not yet accepted: 0 means 128 */
    uint32_t
        connections; /**< connections of this listener at a time: 0 means no limit of its own */
    uint32_t per_address;     /**< of one remote address: 0 means no limit until only a 64th of the
                                   entries is free, and then a share of those */
    uint64_t idle_timeout_ns; /**< a connection whose peer is silent for so long is reset, and
                                   on_closed gets LEAT_ERR_TIMEOUT: 0 means never */
    uint64_t lifetime_ns;     /**< so is a connection of this age, or up to a third more: 0 means
                                   never */
    bool displace; /**< when all connections of this listener, or 15/16 of the table, are taken, one
                        more ends the one that was silent for longest, at least for a second.  That
                        one is of the same address or of one with more connections, and gets
                        LEAT_ERR_MEMORY */
    bool v6_only;  /**< with LEAT_IP_ANY: no connections over IPv4 (RFC 3493 5.3) */
    uint16_t mss_max; /**< most data in a segment of its connections, in both directions: 0 means as
                           much as the path carries; 48 at least */
    uint32_t
        send_queue_bytes; /**< of its connections: leat_tcp_set_send_queue(); 0: as the stack */
    enum leat_tcp_choice fast_open;   /**< accept data in SYNs (RFC 7413) */
    uint16_t initial_window_segments; /**< of its connections; 0: as in leat_tcp_config */
    /** For its connections, until leat_tcp_set_congestion(); NULL: as in leat_tcp_config. */
    const struct leat_tcp_congestion *congestion;
    /** Connections wait for leat_tcp_accept().  Called from leat_poll() when a new one waits, and
     * again in the next turn if the callback has accepted some and others still wait. */
    void (*on_acceptable)(struct leat_tcp_listener *listener, void *arg);
    void *arg;                        /**< its second argument */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** States in the order of RFC 9293 3.3.2, for struct leat_tcp_info. */
enum leat_tcp_state {
    LEAT_TCP_CLOSED,
    LEAT_TCP_LISTEN,
    LEAT_TCP_SYN_SENT,
    LEAT_TCP_SYN_RECEIVED,
    LEAT_TCP_ESTABLISHED,
    LEAT_TCP_FIN_WAIT_1,
    LEAT_TCP_FIN_WAIT_2,
    LEAT_TCP_CLOSE_WAIT,
    LEAT_TCP_CLOSING,
    LEAT_TCP_LAST_ACK,
    LEAT_TCP_TIME_WAIT
};

/** The state of loss recovery, for struct leat_tcp_info. */
enum leat_tcp_repair {
    LEAT_TCP_REPAIR_NONE,    /**< nothing is known to be lost */
    LEAT_TCP_REPAIR_REDUCED, /**< the window is being reduced because of ECN */
    LEAT_TCP_REPAIR_FAST,    /**< fast recovery */
    LEAT_TCP_REPAIR_LOSS     /**< after a retransmission timeout */
};

/** The state of a connection (RFC 9293 3.9.1.6 STATUS). */
struct leat_tcp_info {
    enum leat_tcp_state state;   /**< as in RFC 9293 3.3.2 */
    struct leat_endpoint local;  /**< our end */
    struct leat_endpoint remote; /**< the peer's */
    uint32_t snd_una;            /**< oldest sequence number not acknowledged (RFC 9293 3.3.1) */
    uint32_t snd_nxt;            /**< next one to be sent */
    uint32_t rcv_nxt;            /**< next one expected */
    uint32_t snd_wnd_bytes;      /**< the peer's receive window */
    uint32_t rcv_wnd_bytes;      /**< our receive window */
    uint32_t cwnd_bytes;         /**< congestion window (RFC 5681) */
    uint32_t ssthresh_bytes;     /**< slow start ends here (RFC 5681) */
    uint16_t mss_bytes;          /**< most data that we send in one segment */
    uint8_t snd_wind_shift;      /**< scale of the windows that the peer sends (RFC 7323 2.3) */
    uint8_t rcv_wind_shift;      /**< scale of the windows that we send */
    uint64_t srtt_ns;            /**< smoothed round-trip time (RFC 6298), 0: not measured yet */
    uint64_t rttvar_ns;          /**< its variation */
    uint64_t rto_ns;             /**< current retransmission timeout */
    uint64_t retransmits;        /**< segments sent again, modulo 1,024 */
    uint16_t path_mtu_bytes;     /**< largest IP datagram to the peer, as far as we know */
    bool timestamps;             /**< agreed on (RFC 7323) */
    bool sack;                   /**< agreed on (RFC 2018) */
    bool ecn;                    /**< agreed on (RFC 3168) */
    bool accurate_ecn;           /**< agreed on, with the feedback of RFC 9768 */
    enum leat_tcp_repair repair; /**< state of loss recovery */
    uint32_t in_flight_bytes;    /**< estimate of the bytes in flight (RFC 6675 "pipe") */
    uint32_t sacked_bytes;       /**< received by the peer out of order */
    uint32_t lost_bytes;         /**< presumed lost, and not sent again yet */
    uint64_t min_rtt_ns;         /**< least round-trip time lately, 0: not measured yet */
    const char *congestion;      /**< "cubic", "newreno" or "bbr"; static memory */
    uint32_t queued_bytes;       /**< accepted by leat_tcp_send(), not yet acknowledged */
    uint32_t readable_bytes;     /**< waiting for leat_tcp_receive() */
    enum leat_err soft_error;    /**< last ICMP error, which did not end it (RFC 5461) */
    uint64_t reserved[LEAT_RESERVED_REPORT]; /**< for members of later versions; all 0 */
};

/**
 * Limits for a device with little memory: @p connections at a time, as many half open and in
 * TIME-WAIT, four segments in flight for each, windows and send queues of 8 KiB, 2 listeners.
 * Use it together with leat_small_config().
 */
struct leat_tcp_config leat_tcp_small_config(uint32_t connections);

/** Bytes that leat_tcp_register() takes from the stack's block. */
size_t leat_tcp_memory_bytes(const struct leat_tcp_config *config);

/** Adds TCP to the stack, once, before the first poll.  @p config may be NULL (defaults).
 * LEAT_ERR_ARGUMENT also if its tables would take more than 16 GB. */
enum leat_err leat_tcp_register(struct leat *stack, const struct leat_tcp_config *config);

/**
 * Passive OPEN.  Connections wait in the backlog until leat_tcp_accept().
 * Errors: LEAT_ERR_IN_USE, LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (port 0, not our address, an initial
 * window that is too large, `v6_only` with an address), LEAT_ERR_PROTOCOL (no leat_tcp_register()).
 */
enum leat_err leat_tcp_listen(struct leat *stack, struct leat_tcp_listener **listener,
                              const struct leat_tcp_listen_config *config);

/**
 * Takes the connection that has waited longest; NULL if none waits.  It is established, and may
 * already have data or be closed by the peer: on_readable and on_closed will report that.
 */
struct leat_tcp *leat_tcp_accept(struct leat_tcp_listener *listener,
                                 const struct leat_tcp_events *events, void *arg);

/** Stops listening; connections that were not accepted are aborted. */
void leat_tcp_listener_close(struct leat_tcp_listener *listener);

/** The stack of a listener. */
struct leat *leat_tcp_listener_stack(const struct leat_tcp_listener *listener);

/**
 * Active OPEN to @p remote.  @p local may be NULL, or fix our address, port or both (0: chosen).
 * on_open or on_closed reports the outcome.  A link-local IPv6 address is on the netif of
 * @p remote's zone, or on the first one without a zone.
 * Errors: LEAT_ERR_NO_ROUTE, LEAT_ERR_IN_USE, LEAT_ERR_MEMORY (also struct leat_ipv6_config.hosts),
 * LEAT_ERR_ARGUMENT, LEAT_ERR_PROTOCOL, LEAT_ERR_FAMILY (IPv6 without leat_ipv6_register(), or no
 * such zone).
 */
enum leat_err leat_tcp_connect(struct leat *stack, struct leat_tcp **conn,
                               const struct leat_endpoint *remote,
                               const struct leat_endpoint *local,
                               const struct leat_tcp_events *events, void *arg);

/**
 * Bytes that leat_tcp_send() and leat_tcp_write() accept now; 0 once our side is closed.  The next
 * of these calls in this turn will accept as much, even if buffers for it are allocated in between.
 * If the result is 0 because the queue is full, or because the connection or its remote address
 * holds its share of the pool (leat_tcp_config.share_percent), on_writable follows.
 */
uint32_t leat_tcp_send_room(struct leat_tcp *conn);

/**
 * Asks for one on_writable when leat_tcp_send_room() is at least @p bytes and the pool has buffers:
 * for programs that send whole records, or found no buffer.  (If the queue can't hold so many, its
 * size counts.)  If that is so already, it comes in the next turn.  If memory was short in between,
 * it may come with less room: then ask again.  It doesn't come once our side is closed.
 */
void leat_tcp_want_room(struct leat_tcp *conn, uint32_t bytes);

/**
 * Queues the buffer list @p data; takes it, whatever is returned.  All or nothing.
 * Errors: LEAT_ERR_FULL (more than leat_tcp_send_room()), LEAT_ERR_CLOSING, LEAT_ERR_CLOSED.
 */
enum leat_err leat_tcp_send(struct leat_tcp *conn, struct leat_buf *data);

/**
 * Copies up to @p len bytes into buffers of the pool and queues them; @p taken is their number.  If
 * that is fewer, the queue or the pool is full, and on_writable follows.
 * Errors: LEAT_ERR_CLOSING, LEAT_ERR_CLOSED, LEAT_ERR_FULL (nothing taken).
 */
enum leat_err leat_tcp_write(struct leat_tcp *conn, const void *bytes, size_t len, size_t *taken);

/**
 * Takes up to @p bytes_max of data, in order.  NULL if there is none, or no descriptor for a part
 * of a piece; on_readable follows.  The list belongs to the program.  Until leat_tcp_consumed() the
 * window stays as small as if the data were still here.
 */
struct leat_buf *leat_tcp_receive(struct leat_tcp *conn, uint32_t bytes_max);

/** Tells that the program is done with @p bytes of received data: the window opens by as much. */
void leat_tcp_consumed(struct leat_tcp *conn, uint32_t bytes);

/**
 * Copies up to @p len bytes of data, in order, to @p bytes, and opens the window by as much.
 * Returns how many: 0 if there is none now (on_readable follows), or at the end, which
 * leat_tcp_at_end() tells.
 */
size_t leat_tcp_read(struct leat_tcp *conn, void *bytes, size_t len);

/** Bytes that leat_tcp_receive() would give. */
uint32_t leat_tcp_readable(const struct leat_tcp *conn);

/** True once all data has been received and the peer has closed its side. */
bool leat_tcp_at_end(const struct leat_tcp *conn);

/** True if a reader can only wait: leat_tcp_receive() would return nothing, and it isn't the end.
 */
bool leat_tcp_awaits_data(const struct leat_tcp *conn);

/**
 * CLOSE as in RFC 9293 3.9.1.4: "I have no more to send".  Queued data is still delivered, and data
 * may still be received (half-close).  Before the peer has answered our SYN the connection just
 * ends (3.10.4, SYN-SENT).  LEAT_ERR_CLOSING if closed already.
 */
enum leat_err leat_tcp_shutdown(struct leat_tcp *conn);

/**
 * Closes both directions: as leat_tcp_shutdown(), and no more data is accepted.  Data that arrives
 * or waits resets the connection, to tell the peer that it was lost (RFC 1122 4.2.2.13).
 */
enum leat_err leat_tcp_close(struct leat_tcp *conn);

/** ABORT: sends a RST and discards all data.  on_closed(LEAT_ERR_ABORTED) follows. */
void leat_tcp_abort(struct leat_tcp *conn);

/** Aborts each connection that has these callbacks and this argument, without a call: for a server
 * that ends and keeps no list of its idle connections.  It looks at the whole table. */
void leat_tcp_abort_of(struct leat *stack, const struct leat_tcp_events *events, const void *arg);

/** Sends little data at once (true), or waits for an ACK to fill segments: Nagle, the default. */
void leat_tcp_set_nodelay(struct leat_tcp *conn, bool nodelay);

/** Turns keep-alive probes on; off is the default (RFC 1122 4.2.3.6). */
void leat_tcp_set_keepalive(struct leat_tcp *conn, bool keepalive);

/**
 * Sets the Diffserv field (RFC 2474) of all further segments: @p dscp is 0..63, initially 0.  TCP
 * itself keeps the two bits of ECN (RFC 3168) beside it.
 */
void leat_tcp_set_dscp(struct leat_tcp *conn, uint8_t dscp);

/**
 * Limits the data in a segment to @p bytes, 48 at least.  It applies to segments that we send from
 * now on.  If the SYN has not left, as before the poll after leat_tcp_connect(), it also applies to
 * those of the peer, by the MSS option.  The limit can only be lowered; options of each segment
 * count as data here (RFC 6691).
 */
void leat_tcp_set_mss_max(struct leat_tcp *conn, uint16_t bytes);

/**
 * Limits the data that is queued but not yet acknowledged to @p bytes, rounded up to a power of
 * two, 2 KiB at least and 32 MiB at most; 0, the default, means leat_tcp_config.send_queue_bytes.
 * Queued data stays.
 */
void leat_tcp_set_send_queue(struct leat_tcp *conn, uint32_t bytes);

/**
 * Whether the SYN asks for a cookie and carries data (RFC 7413); the default is
 * leat_tcp_config.fast_open.  Call it between leat_tcp_connect() and the next poll.
 */
void leat_tcp_set_fast_open(struct leat_tcp *conn, bool fast_open);

/**
 * Sets the congestion control from now on; NULL, the default, means leat_tcp_config.congestion. BBR
 * needs memory, leat_tcp_config.bbr_connections; leat_tcp_info.congestion shows whether it got
 * some.
 */
void leat_tcp_set_congestion(struct leat_tcp *conn, const struct leat_tcp_congestion *congestion);

/** Ends the connection when data is not acknowledged for @p ns (RFC 9293 3.9.1.3), or up to a
 * thousandth longer; 0: default; at most 24 days. */
void leat_tcp_set_user_timeout(struct leat_tcp *conn, uint64_t ns);

/** Replaces the callbacks. @p events must outlive the connection. */
void leat_tcp_set_events(struct leat_tcp *conn, const struct leat_tcp_events *events, void *arg);

/** STATUS (RFC 9293 3.9.1.6). */
void leat_tcp_get_info(const struct leat_tcp *conn, struct leat_tcp_info *info);

/**
 * Walks the connections, except those in TIME-WAIT and those that have not shaken hands with a
 * listener of ours.  Returns the first one at or behind place *@p index of the table, and sets
 * *@p index behind it; begin with 0.  NULL: no more.  Connections may come and go between two
 * calls; one that stays is found once.
 */
const struct leat_tcp *leat_tcp_next(const struct leat *stack, uint32_t *index);

/** How many connections leat_tcp_next() finds; costs no walk. */
uint32_t leat_tcp_count(const struct leat *stack);

enum {
    LEAT_TCP_RTT_BUCKETS = 20 /**< of struct leat_tcp_rtts that have a bound */
};

/** Histogram of round-trip times since the start: each sample of RFC 6298 3 from data, of all
 * connections. */
struct leat_tcp_rtts {
    uint64_t counts[LEAT_TCP_RTT_BUCKETS + 1]; /**< samples up to leat_tcp_rtt_bound_ns() and above
                                                    the bound before; the last: longer ones */
    uint64_t sum_ns;                           /**< of all samples */
};

/** The histogram; live.  NULL without TCP. */
const struct leat_tcp_rtts *leat_tcp_rtts(const struct leat *stack);

/** The bound of bucket @p index: 65.536 us, each twice the one before, up to 34 s. */
uint64_t leat_tcp_rtt_bound_ns(unsigned index);

/** Bytes that leat_tcp_info_text() may write, the final NUL included. */
#define LEAT_TCP_INFO_TEXT_BYTES 320

/** Writes @p info as one line without its end; returns the length without the NUL. */
size_t leat_tcp_info_text(const struct leat_tcp_info *info, char text[LEAT_TCP_INFO_TEXT_BYTES]);

/** "ESTABLISHED", as in RFC 9293; static memory. */
const char *leat_tcp_state_text(enum leat_tcp_state state);

/** The stack of a connection. */
struct leat *leat_tcp_stack(const struct leat_tcp *conn);

#ifdef __cplusplus
}
#endif
#endif
