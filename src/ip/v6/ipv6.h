/* ipv6.h -- the inside of IPv6: addresses, neighbours, packets in and out (RFC 8200). */
#ifndef IP_V6_IPV6_H
#define IP_V6_IPV6_H

#include <leat/ipv6.h>

#include "core/limiter.h"
#include "stack.h"
#include "wire/ipv6.h"

enum address6_state {
    ADDRESS6_NONE,
    ADDRESS6_TENTATIVE, /* being checked for a duplicate: not to be used (RFC 4862 2) */
    ADDRESS6_USABLE
};

struct address6 {
    struct timer timer; /* first: a timer is its address */
    struct ready ready;
    struct link *link;
    struct leat_ip ip;
    uint8_t prefix_bits;
    uint8_t state;      /* enum address6_state */
    uint8_t collisions; /* DAD_Counter of RFC 7217 */
    bool is_generated;  /* another identifier may take its place */
    bool asked;         /* the solicitation of the check has been sent */
    bool usable_news;   /* config.on_address is still to be called */
    bool conflict_news; /* config.on_conflict is still to be called */
    uint8_t nonce[6];   /* of that solicitation (RFC 7527) */
};

struct route6 {
    struct leat_ip network;
    struct leat_ip gateway;
    struct link *link;
    uint8_t prefix_bits;
};

struct ipv6 {
    struct leat_ipv6_config config; /* with the defaults filled in */
    struct siphash_key secret;
    struct address6 addresses[LEAT_NETIFS_MAX][LEAT_ADDRESSES_MAX];
    struct neighbours6 *neighbours;
    struct route6 *routes;
    uint32_t route_count;
};

/* An IPv6 packet on its way up: `buf` starts behind the headers, which lie right in front. */
struct packet6 {
    struct leat_buf *buf;
    struct link *link;
    struct leat_ip src;
    struct leat_ip dst;
    uint32_t header_bytes; /* extension headers included */
    uint32_t next_at;      /* offset of the Next Header field that names the upper layer */
    uint8_t next_header;
    uint8_t hop_limit;
    uint8_t traffic_class;
    bool is_group; /* to a group, by link or IPv6 address */
};

/* What the sender decides of a header. */
struct ipv6_header {
    struct leat_ip src;
    struct leat_ip dst;
    uint8_t next_header;
    uint8_t hop_limit; /* 0: the configuration's */
    uint8_t traffic_class;
};

/* True if the first @bits of both are the same. */
bool ip6_in_prefix(struct leat_ip a, struct leat_ip b, uint32_t bits);

/* ff02::1:ffXX:XXXX of @ip (RFC 4291 2.7.1). */
struct leat_ip ip6_solicited_node(struct leat_ip ip);

/* ---- address6.c --------------------------------------------------------------------------- */

/* The address @ip of @link in whatever state, or NULL. */
struct address6 *address6_find(struct link *link, struct leat_ip ip);

/* A usable address of @link to send to @dst from: of the same scope, by RFC 6724 5 as far as
 * scopes and prefixes go; NULL: there is none. */
const struct address6 *address6_toward(struct link *link, struct leat_ip dst);

/* True if @dst is on @link: link-local, or in a prefix of ours. */
bool address6_on_link(struct link *link, struct leat_ip dst);

/* True if we listen to the group @ip on @link (RFC 4291 2.8). */
bool address6_hears(struct link *link, struct leat_ip ip);

/* Another host has, or checks, the address that we check. */
void address6_collided(struct address6 *address);

/* Another host uses the address that we use: the program is told. */
void address6_claimed(struct address6 *address);

void address6_attached(struct link *link);
enum leat_err address6_add(struct link *link, struct leat_ip ip, uint8_t prefix_bits);
enum leat_err address6_remove(struct link *link, struct leat_ip ip);

/* ---- neighbour6.c, reachability.c
 * ------------------------------------------------------------------------- */

size_t neighbours6_cost(const struct leat_ipv6_config *config);
bool neighbours6_init(struct leat *stack);

/* Sends a packet from our address @src to the next hop, on-link or a group: at once if its Ethernet
 * address is known, else parks it and asks.  Takes @packet. */
void neighbour6_output(struct link *link, struct leat_ip src, struct leat_ip next_hop,
                       struct leat_buf *packet);

/* A solicitation from @ip says that it is at @mac (RFC 4861 7.2.3). */
void neighbour6_learn(struct link *link, struct leat_ip ip, const struct leat_mac *mac);

struct wire_ndp;

/* An advertisement (RFC 4861 7.2.5).  False: it concerns nobody that is known or asked for. */
bool neighbour6_advertised(struct link *link, const struct wire_ndp *ndp);

void neighbours6_close(struct leat *stack);
uint32_t neighbours6_pieces(const struct leat *stack);

/* ---- ndp.c, icmpv6.c ---------------------------------------------------------------------- */

/* Asks for @target from @src ("::": a check for duplicates, with @nonce); by @to, or by multicast
 * if that is NULL. */
void ndp_solicit(struct link *link, struct leat_ip src, struct leat_ip target,
                 const struct leat_mac *to, const uint8_t *nonce);

/* Sends a packet to a group on @link, by its Ethernet address.  Takes @packet. */
void ndp_output_to_group(struct link *link, struct leat_ip group, struct leat_buf *packet);

/* Takes a neighbour solicitation or advertisement whose checksum is right. */
void ndp_input(struct leat *stack, struct packet6 *packet);

void icmpv6_input(struct leat *stack, struct packet6 *packet);

/* Answers @packet with an error, if RFC 4443 2.4 allows it.  @even_groups: also what came to a
 * group.  Doesn't take packet->buf. */
void icmpv6_send_error(struct leat *stack, const struct packet6 *packet, uint8_t type, uint8_t code,
                       uint32_t detail, bool even_groups);

/* Writes the checksum of an ICMPv6 message, whose field is 0. */
void icmpv6_put_checksum(struct leat_buf *message, const struct leat_ip *src,
                         const struct leat_ip *dst);

/* ---- input.c, output.c -------------------------------------------------------------------- */

void ipv6_input(struct leat *stack, struct link *link, struct leat_buf *buf, bool is_group);

/* Puts the header in front of @payload and sends it by @link, by way of a route if it must.  Takes
 * @payload.  LEAT_ERR_NO_ROUTE, LEAT_ERR_TOO_BIG. */
enum leat_err ipv6_output(struct link *link, const struct ipv6_header *header,
                          struct leat_buf *payload);

#endif
