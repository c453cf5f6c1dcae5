/*
 * stats.h -- the counters of the stack, with one for each reason to drop a frame.
 *
 * Three groups balance: every packet that comes IN is either TAKEN or DROPped, so
 *
 *      sum(IN) == sum(TAKEN) + sum(DROP)        whenever leat_poll() has returned.
 *
 * The fourth group, NOTE, counts other events.
 */
#ifndef LEAT_STATS_H
#define LEAT_STATS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The groups of counters. */
enum leat_stat_group {
    LEAT_STAT_IN,    /**< a packet entered */
    LEAT_STAT_TAKEN, /**< a packet reached its end */
    LEAT_STAT_DROP,  /**< a packet was refused */
    LEAT_STAT_NOTE   /**< not part of the balance */
};

/** Every counter: X(group, name, meaning). */
/* clang-format off */
#define LEAT_STATS(X)                                                                              \
    X(IN, rx_frames, "frames received from backends")                                              \
    X(IN, rx_loopback, "packets sent to ourselves")                                                \
    X(IN, ip_reassembled, "datagrams put together from fragments")                                 \
    X(TAKEN, taken_merged, "frames merged into the one before them: bursts of TCP data")           \
    X(TAKEN, taken_arp, "ARP packets processed")                                                   \
    X(TAKEN, taken_fragment, "fragments accepted for reassembly")                                  \
    X(TAKEN, taken_icmp, "ICMP messages processed")                                                \
    X(TAKEN, taken_udp, "UDP datagrams given to a socket")                                         \
    X(TAKEN, taken_tcp, "TCP segments given to a connection or listener")                          \
    X(TAKEN, taken_icmp6, "ICMPv6 messages processed, and packets without a content")              \
    X(TAKEN, taken_ndp, "messages of neighbour discovery processed")                               \
    X(TAKEN, taken_group, "messages of IGMP and MLD processed")                                    \
    X(DROP, drop_eth_short, "frame shorter than an Ethernet header")                               \
    X(DROP, drop_eth_not_ours, "frame for another station (MAC filter)")                           \
    X(DROP, drop_eth_source, "frame from a group address or from our own")                         \
    X(DROP, drop_eth_vlan, "frame with a VLAN tag")                                                \
    X(DROP, drop_eth_type, "unsupported EtherType")                                                \
    X(DROP, drop_arp_format, "ARP packet cut short or not Ethernet/IPv4 (RFC 826)")                \
    X(DROP, drop_arp_sender, "ARP packet with an impossible sender address")                       \
    X(DROP, drop_arp_not_ours, "ARP packet for other hosts")                                       \
    X(DROP, drop_arp_conflict, "ARP packet claiming an address of ours (RFC 5227)")                \
    X(DROP, drop_ip_header, "IPv4 header cut short, wrong version or length")                      \
    X(DROP, drop_ip_checksum, "IPv4 header checksum wrong")                                        \
    X(DROP, drop_ip_options, "IPv4 options malformed, or source routed")                           \
    X(DROP, drop_ip_source, "impossible IPv4 source address (martian)")                            \
    X(DROP, drop_ip_not_ours, "IPv4 packet for another host")                                      \
    X(DROP, drop_ip_protocol, "unsupported IPv4 protocol")                                         \
    X(DROP, drop_ip_fragment, "fragment malformed, overlapping or too long")                       \
    X(DROP, drop_ip_fragment_again, "fragment that was received before")                           \
    X(DROP, drop_ip_fragment_condemned, "fragment of a datagram that was given up before")         \
    X(DROP, drop_ip_fragment_limit, "fragment over a limit of reassembly")                         \
    X(DROP, drop_icmp_format, "ICMP message cut short")                                            \
    X(DROP, drop_icmp_checksum, "ICMP checksum wrong")                                             \
    X(DROP, drop_icmp_type, "ICMP type that we ignore (redirect, quench, mask, ...)")              \
    X(DROP, drop_icmp_broadcast, "ICMP echo request to a broadcast or multicast address")          \
    X(DROP, drop_icmp_quote, "ICMP error about a packet that we did not send")                     \
    X(DROP, drop_icmp_blind, "ICMP error that fits nothing in flight, or no socket (RFC 5927)")    \
    X(DROP, drop_icmp_limit, "ICMP echo request over the rate limit")                              \
    X(DROP, drop_ip6_header, "IPv6 header cut short, wrong version or length")                     \
    X(DROP, drop_ip6_headers, "IPv6 extension headers malformed, unknown options or too many")     \
    X(DROP, drop_ip6_source, "impossible IPv6 source address (martian)")                           \
    X(DROP, drop_ip6_not_ours, "IPv6 packet for another host or group")                            \
    X(DROP, drop_ip6_protocol, "IPv6 packet with an unsupported next header")                      \
    X(DROP, drop_icmp6_format, "ICMPv6 message cut short")                                         \
    X(DROP, drop_icmp6_checksum, "ICMPv6 checksum wrong")                                          \
    X(DROP, drop_icmp6_type, "ICMPv6 type that we ignore")                                         \
    X(DROP, drop_ndp_format, "neighbour discovery not as in RFC 4861 7.1, or not on-link")         \
    X(DROP, drop_ndp_not_ours, "neighbour discovery about other hosts, or not asked for")          \
    X(DROP, drop_group_format, "IGMP or MLD message malformed, or not from this link")             \
    X(DROP, drop_group_not_ours, "IGMP or MLD message about groups of others")                     \
    X(DROP, drop_udp_format, "UDP length wrong")                                                   \
    X(DROP, drop_udp_checksum, "UDP checksum wrong")                                               \
    X(DROP, drop_udp_port, "UDP datagram to a closed port")                                        \
    X(DROP, drop_udp_full, "UDP socket's receive queue full")                                      \
    X(DROP, drop_tcp_format, "TCP header cut short or data offset wrong")                          \
    X(DROP, drop_tcp_checksum, "TCP checksum wrong")                                               \
    X(DROP, drop_tcp_options, "TCP options malformed")                                             \
    X(DROP, drop_tcp_flags, "impossible combination of TCP flags")                                 \
    X(DROP, drop_tcp_broadcast, "TCP segment to or from a broadcast or multicast address")         \
    X(DROP, drop_tcp_port, "TCP segment to a closed port")                                         \
    X(DROP, drop_tcp_backlog, "TCP SYN or returned cookie that found the backlog full")            \
    X(DROP, drop_tcp_memory, "TCP segment for which there was no memory")                          \
    X(DROP, drop_tcp_unacceptable, "TCP segment outside of the window, or without a needed ACK")   \
    X(DROP, drop_tcp_impossible, "TCP event without a transition in tcp.rl")                       \
    X(DROP, drop_memory, "packet that needed a buffer when the pool was empty")                    \
    X(NOTE, tx_frames, "frames given to backends")                                                 \
    X(NOTE, tx_dropped, "frames dropped before a full transmit queue")                             \
    X(NOTE, tx_unresolved, "frames dropped because ARP got no answer")                             \
    X(NOTE, tx_parked_out, "frames pushed out of a full queue of parked frames")                   \
    X(NOTE, tx_no_memory, "packets not sent because the pool was empty")                           \
    X(NOTE, lends_refused, "buffers that weren't lent because the pool was short")                 \
    X(NOTE, copied_tx_bytes, "bytes copied because a backend can't gather")                        \
    X(NOTE, copied_compact_bytes, "bytes copied so that little data doesn't pin large buffers")    \
    X(NOTE, arp_requests_sent, "ARP requests sent")                                                \
    X(NOTE, arp_replies_sent, "ARP replies sent")                                                  \
    X(NOTE, arp_conflicts, "address conflicts seen (RFC 5227)")                                    \
    X(NOTE, arp_claims, "claims that a neighbour has another MAC: its old one is asked first")     \
    X(NOTE, arp_moves, "neighbours moved to another MAC: the old one didn't answer")               \
    X(NOTE, arp_evictions, "neighbours evicted from a full cache")                                 \
    X(NOTE, ndp_solicitations_sent, "neighbour solicitations sent")                                \
    X(NOTE, ndp_advertisements_sent, "neighbour advertisements sent")                              \
    X(NOTE, ndp_router_solicitations_sent, "router solicitations sent")                            \
    X(NOTE, ndp_limits_reached, "facts from routers that were left out because a table was full")  \
    X(NOTE, ndp_parts_ignored, "malformed or impossible options of routers, left out")             \
    X(NOTE, ndp_redirects, "destinations that routers have redirected")                            \
    X(NOTE, ndp_conflicts, "IPv6 addresses that another host has or wants, too")                   \
    X(NOTE, ndp_evictions, "IPv6 neighbours evicted from a full cache")                            \
    X(NOTE, group_reports_sent, "IGMP and MLD reports of our groups sent")                         \
    X(NOTE, ip_fragments_sent, "fragments sent")                                                   \
    X(NOTE, ip_reassembly_timeouts, "datagrams given up after the reassembly timeout")             \
    X(NOTE, ip_reassembly_failed, "datagrams given up: overlap, too long, too many fragments")     \
    X(NOTE, ip_reassembly_evicted, "incomplete datagrams given up to make room")                   \
    X(NOTE, icmp_echo_replies, "ICMP echo replies sent")                                           \
    X(NOTE, icmp_errors_sent, "ICMP errors sent")                                                  \
    X(NOTE, icmp_errors_limited, "ICMP errors not sent because of the rate limit")                 \
    X(NOTE, udp_sent, "UDP datagrams sent")                                                        \
    X(NOTE, tcp_sent, "TCP segments sent")                                                         \
    X(NOTE, tcp_rst_sent, "TCP segments with RST sent")                                            \
    X(NOTE, tcp_retransmitted, "TCP segments retransmitted")                                       \
    X(NOTE, tcp_timeouts, "TCP retransmission timeouts")                                           \
    X(NOTE, tcp_fast_recoveries, "TCP fast recoveries entered")                                    \
    X(NOTE, tcp_undone, "spurious TCP recoveries that were undone (RFC 4015)")                     \
    X(NOTE, tcp_ecn_reductions, "TCP windows reduced because of ECN marks (RFC 3168)")             \
    X(NOTE, tcp_lost_again, "TCP windows reduced once more: a retransmission was lost")            \
    X(NOTE, tcp_tail_probes, "TCP tail loss probes sent (RFC 8985)")                               \
    X(NOTE, tcp_probes, "TCP zero-window and keep-alive probes sent")                              \
    X(NOTE, tcp_challenge_acks, "TCP challenge ACKs sent (RFC 5961)")                              \
    X(NOTE, tcp_challenge_limited, "TCP challenge ACKs not sent because of the rate limit")        \
    X(NOTE, tcp_transfers_short, "times TCP data waited because all transfers were in use")        \
    X(NOTE, tcp_out_of_order, "TCP segments queued out of order")                                  \
    X(NOTE, tcp_cookies_sent, "SYN cookies sent (RFC 4987)")                                       \
    X(NOTE, tcp_cookies_taken, "TCP connections opened by a returned SYN cookie")                  \
    X(NOTE, tcp_fast_opens, "TCP connections opened by data in the SYN (RFC 7413)")                \
    X(NOTE, tcp_fast_opens_failed, "SYNs with Fast Open that failed: it is paused for a time")     \
    X(NOTE, tcp_timestamps_missing, "TCP segments accepted without the agreed timestamps")         \
    X(NOTE, tcp_evicted, "TCP connections reset because others needed their memory")               \
    X(NOTE, tcp_displaced, "TCP connections reset because a new one needed their entry")           \
    X(NOTE, tcp_limits_reached, "TCP connections reset because their listener limits them")        \
    X(NOTE, tcp_opened_active, "TCP connections opened by us")                                     \
    X(NOTE, tcp_opened_passive, "TCP connections opened by peers")                                 \
    X(NOTE, tcp_closed, "TCP connections closed regularly")                                        \
    X(NOTE, tcp_failed, "TCP connections ended by an error")                                       \
    X(NOTE, tcp_time_wait_recycled, "TIME-WAIT entries given up early because of the limit")
/* clang-format on */

/** The counters, 64 bits each. */
struct leat_stats {
#define LEAT_STATS_FIELD(group, name, text) uint64_t name;
    LEAT_STATS(LEAT_STATS_FIELD)
#undef LEAT_STATS_FIELD
};

/** Index of each counter in its struct, and their number. */
enum leat_stat {
#define LEAT_STATS_INDEX(group, name, text) LEAT_STAT_##name,
    LEAT_STATS(LEAT_STATS_INDEX)
#undef LEAT_STATS_INDEX
    LEAT_STAT_COUNT
};

/** The counter's name, for messages; as in the next two functions, @p stat < LEAT_STAT_COUNT. */
const char *leat_stat_name(enum leat_stat stat);

/** The counter's meaning, in a few words. */
const char *leat_stat_text(enum leat_stat stat);

/** The counter's group. */
enum leat_stat_group leat_stat_group(enum leat_stat stat);

/** The value of one counter. */
uint64_t leat_stat_value(const struct leat_stats *stats, enum leat_stat stat);

/** The users of the pool: X(name, meaning).  Buffers and descriptors are counted alike. */
/* clang-format off */
#define LEAT_HOLDINGS(X)                                                                           \
    X(held_free, "buffers and descriptors that are free")                                          \
    X(held_receive, "... held by data in order that the program has not taken")                    \
    X(held_early, "... by data out of order")                                                      \
    X(held_send, "... by data that is not acknowledged")                                           \
    X(held_reassembly, "... by fragments")                                                         \
    X(held_parked, "... by frames that wait for ARP")                                              \
    X(held_others, "... by the program, devices and frames in transit")
/* clang-format on */

/** The number that each user holds. */
struct leat_holdings {
#define LEAT_HOLDINGS_FIELD(name, text) uint32_t name;
    LEAT_HOLDINGS(LEAT_HOLDINGS_FIELD)
#undef LEAT_HOLDINGS_FIELD
};

struct leat;

/** Walks everything that the stack holds: for reports, too slow for each packet. */
void leat_holdings(const struct leat *stack, struct leat_holdings *holdings);

/** True if sum(IN) == sum(TAKEN) + sum(DROP). */
bool leat_stats_balance(const struct leat_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
