/*
 * ip_link.h -- links without Ethernet: a netif for a carrier of IP packets, such as a TUN device or
 * an encrypted tunnel.
 *
 * The carrier is a struct leat_netif whose frames are bare IP packets of either family: each starts
 * with its IP header, and its `mac` is not used.  This wrapper makes a netif of it that a stack can
 * attach.  It adds an Ethernet header to each received packet and removes it from each sent one, by
 * moving the view; no byte of a packet is copied.  All hosts are behind one station on the other
 * side, so the wrapper itself answers ARP requests and neighbour solicitations; neither reaches the
 * carrier.
 *
 *      the carrier -> leat_ip_link_init -> leat_ip_link_netif -> leat_attach
 *
 * Received packets need 14 bytes of headroom; a carrier that allocates with LEAT_BUF_HEADROOM has
 * them, and its IP headers then lie on a multiple of 4.
 */
#ifndef LEAT_IP_LINK_H
#define LEAT_IP_LINK_H

#include <stddef.h>
#include <stdint.h>

#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Counters of packets that did not pass. */
struct leat_ip_link_counts {
    uint64_t answered; /**< ARP requests and neighbour solicitations answered for the other side */
    uint64_t rx_malformed; /**< packets of neither IPv4 nor IPv6, or without headroom */
    uint64_t tx_kept;      /**< frames that the other side doesn't need: probes and announcements of
                                our addresses, and frames of neither IPv4 nor IPv6 */
    uint64_t tx_no_memory; /**< requests that got no answer for lack of a buffer */
};

struct leat_ip_link;

/** Bytes that leat_ip_link_init() needs. */
size_t leat_ip_link_memory_bytes(void);

/**
 * Makes a netif of @p carrier, and closes the carrier when it is closed.  @p memory (any alignment)
 * of leat_ip_link_memory_bytes() belongs to it until then.
 */
struct leat_ip_link *leat_ip_link_init(void *memory, struct leat_netif *carrier);

/** The backend to give to leat_attach(). */
struct leat_netif *leat_ip_link_netif(struct leat_ip_link *link);

/** The counters; live. */
const struct leat_ip_link_counts *leat_ip_link_counts(const struct leat_ip_link *link);

#ifdef __cplusplus
}
#endif
#endif
