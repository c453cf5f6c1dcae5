/* ipv6.h -- the inside of IPv6: addresses, neighbours, packets in and out (RFC 8200). */
#ifndef IP_V6_IPV6_H
#define IP_V6_IPV6_H

#include <leat/ipv6.h>
#include <leat/slaac.h>

#include "ip/groups.h"
#include "stack.h"
#include "wire/ipv6.h"

#define IP6_FOR_EVER UINT64_MAX /* a time in ns that doesn't come */

enum address6_state {
    ADDRESS6_NONE,
    ADDRESS6_FAILED, /* others have all identifiers that were tried: none will be until it ends */
    ADDRESS6_TENTATIVE,  /* being checked for a duplicate: not to be used (RFC 4862 2) */
    ADDRESS6_OPTIMISTIC, /* being checked, and used meanwhile (RFC 4429) */
    ADDRESS6_USABLE
};

/* Whose an address is. */
enum address6_kind {
    ADDRESS6_GIVEN, /* the program's */
    ADDRESS6_LINK_LOCAL,
    ADDRESS6_LEASED,   /* a server's (RFC 8415), by way of a watch */
    ADDRESS6_STABLE,   /* from here on: made of a router's prefix */
    ADDRESS6_TEMPORARY /* the same, for a while (RFC 8981) */
};

struct address6 {
    struct timer timer; /* first: a timer is its address */
    struct ready ready;
    struct link *link;
    struct leat_ip ip;
    uint8_t prefix_bits;
    uint8_t state;               /* enum address6_state */
    uint8_t collisions;          /* DAD_Counter of RFC 7217 */
    uint8_t kind;                /* enum address6_kind */
    bool asked;                  /* the solicitation of the check has been sent */
    bool listens;                /* routers are told of the group that it is asked by */
    bool usable_news;            /* config.on_address is still to be called */
    bool conflict_news;          /* config.on_conflict is still to be called */
    bool wants_successor;        /* ADDRESS6_TEMPORARY: another one is to take its place */
    uint8_t nonce[6];            /* of that solicitation (RFC 7527) */
    uint64_t preferred_until_ns; /* from then on it is deprecated (RFC 4862 5.5.4) */
    uint64_t valid_until_ns;
    uint64_t preferred_max_ns; /* ADDRESS6_TEMPORARY: no router prolongs it beyond */
    uint64_t valid_max_ns;
    struct leat_ip routers[2];   /* that advertised its prefix last (RFC 6724 5, rule 5.5) */
    struct address_watch *watch; /* link/address.h; NULL: nobody but the program */
};

/* What is known of a link, from routers or by default. */
struct link6 {
    struct leat_slaac *slaac; /* ip/v6/slaac.h; NULL: nobody hears routers */
    uint64_t retrans_ns;      /* RFC 4861 6.3.2: RetransTimer, BaseReachableTime */
    uint64_t reachable_ns;
    uint16_t mtu; /* 0: the link's */
    uint8_t hop_limit;
};

enum {
    PMTUS6_MAX = 16,
    PMTUS6_ECHO_MAX = 4, /* of these, for echo replies */
    ECHOED6_MAX = 4
};

/* What a router said of the way to @dst. */
struct pmtu6 {
    struct leat_ip dst;
    uint64_t until_ns;
    uint16_t mtu;
    bool of_echo; /* of an echo reply */
};

/* An echo reply that may be too long for its path. */
struct echoed6 {
    struct leat_ip dst;
    uint32_t identity; /* identifier and sequence number (RFC 4443 4.2) */
};

/* Where packets from one address to another go in this turn: the answer of ipv6_next_hop(), which
 * lifetimes may change. */
struct way6 {
    uint64_t now_ns;
    const struct link *link;
    uint32_t route_generation; /* of the stack then; 0: none was asked for */
    struct leat_ip src;
    struct leat_ip dst;
    struct leat_ip next_hop;
    struct route6 *ask; /* struct choice6's */
};

struct ipv6 {
    struct leat_ipv6_config config; /* with the defaults filled in */
    struct siphash_key secret;
    struct link6 links[LEAT_NETIFS_MAX];
    struct address6 addresses[LEAT_NETIFS_MAX][LEAT_IPV6_ADDRESSES_MAX];
    struct neighbours6 *neighbours;
    struct route6 *routes; /* ip/v6/route6.h */
    uint32_t route_count;
    struct neighbour6 *hop; /* to whom neighbour6_output() sent last; NULL: a group */
    struct sent6 *sent;     /* path6.c */
    struct blocks6 *blocks; /* block6.c */
    struct way6 way;        /* that was asked for last */
    uint32_t suspects;      /* routes whose gateway doesn't answer */
    struct timer suspects_timer;
    struct pmtu6 pmtus[PMTUS6_MAX];
    uint32_t pmtu_count;
    struct echoed6 echoed[ECHOED6_MAX]; /* the latest ones */
    uint32_t echoed_at;
    struct groups groups;                 /* of our addresses, and those that programs join */
    uint32_t joined;                      /* how many of the latter */
    struct leat_slaac *slaacs;            /* config.slaacs of them */
    struct leat_slaac_facts facts_before; /* while the program is told of others */
};

/* An IPv6 packet on its way up: `buf` starts behind the headers, which lie right in front. */
struct packet6 {
    struct leat_buf *buf;
    struct link *link; /* NULL: from ourselves */
    struct leat_ip src;
    struct leat_ip dst;
    uint32_t header_bytes; /* extension headers included */
    uint32_t next_at;      /* offset of the Next Header field that names the upper layer */
    uint8_t next_header;
    uint8_t hop_limit;
    uint8_t traffic_class;
    bool is_group;      /* to a group, by link or IPv6 address */
    bool had_fragments; /* it has, or had, a fragment header */
    bool is_alert;      /* a Router Alert says that it is MLD */
};

/* What the sender decides of a header. */
struct ipv6_header {
    struct leat_ip src;
    struct leat_ip dst;
    uint8_t next_header;
    uint8_t hop_limit; /* 0: the configuration's */
    uint8_t traffic_class;
    uint32_t flow_label; /* 20 bits; 0: it is no flow's (RFC 6437) */
    bool may_fragment;   /* a packet that is too long leaves in fragments */
};

enum {
    HOSTS6_MIN = 64 /* addresses with numbers (ip/host.h) */
};

static inline struct link6 *link6_of(const struct link *link)
{
    return &link->stack->ipv6->links[link - link->stack->links];
}

/* LEAT_IPV6_ADDRESSES_MAX places. */
static inline struct address6 *addresses6_of(const struct link *link)
{
    struct leat *stack = link->stack;

    return stack->ipv6->addresses[link - stack->links];
}

/* ---- bits6.c ------------------------------------------------------------------------------ */

/* True if the first @bits of both are the same. */
bool ip6_in_prefix(struct leat_ip a, struct leat_ip b, uint32_t bits);

/* Bits in front that both have in common. */
uint32_t ip6_common_bits(struct leat_ip a, struct leat_ip b);

/* ff02::1:ffXX:XXXX of @ip (RFC 4291 2.7.1). */
struct leat_ip ip6_solicited_node(struct leat_ip ip);

/* True for what stays on one link: fe80::/10, ff01::/16 and ff02::/16. */
bool ip6_stays_on_link(struct leat_ip ip);

/* Writes the checksum of an ICMPv6 message, whose field is 0. */
void icmpv6_put_checksum(struct leat_buf *message, const struct leat_ip *src,
                         const struct leat_ip *dst);

/* ---- link6.c ------------------------------------------------------------------------------ */

/* What holds of a link of which no router says anything. */
void link6_defaults(struct link *link);

/* The hop limit of a packet that leaves by @link, unless its sender wants another one. */
uint8_t ipv6_hop_limit(const struct link *link);

/* The largest packet that leaves by @link. */
uint16_t ipv6_mtu(const struct link *link);

/* ---- addresses6.c ------------------------------------------------------------------------- */

/* The address @ip of @link in whatever state, or NULL. */
struct address6 *address6_find(struct link *link, struct leat_ip ip);

/* True if @ip is an address of @link that may be used. */
bool address6_is_usable(const struct link *link, struct leat_ip ip);

/* True while one of ours is being checked, and not used meanwhile. */
bool addresses6_are_probed(const struct leat *stack);

/* True for a usable address of ours, and for ::1. */
bool ipv6_is_ours(const struct leat *stack, struct leat_ip ip);

/* The link-local address of @link, if it may be used; else "::". */
struct leat_ip address6_link_local(const struct link *link);

/* True if @dst is on @link: link-local, in the prefix of an address that the program gave, or in
 * one that routers say is (RFC 5942 4). */
bool address6_on_link(const struct link *link, struct leat_ip dst);

/* True if we listen to the group @ip on @link (RFC 4291 2.8). */
bool address6_hears(struct link *link, struct leat_ip ip);

/* The address of @link that was made of @prefix to stay, in whatever state, or NULL. */
struct address6 *address6_stable(struct link *link, struct leat_ip prefix);

/* How many addresses of @link are made of routers' prefixes: LEAT_SLAAC_ADDRESSES_MAX at most. */
unsigned addresses6_of_routers(const struct link *link);

/* True if @router advertised the prefix of @address. */
bool address6_is_of_router(const struct address6 *address, struct leat_ip router);

/* A global address of @link that is usable and not deprecated, the first; NULL: there is none. */
const struct address6 *address6_preferred(const struct link *link);

/* When the next address of @link is deprecated. */
uint64_t addresses6_next_deprecation_ns(const struct link *link);

/* True if a temporary address that is preferred until then needs a successor now. */
bool address6_ends_soon(const struct leat *stack, uint64_t preferred_until_ns);

/* When something of @address, of whatever kind, which is usable, is next to be done. */
uint64_t address6_next_ns(const struct address6 *address);

/* ---- address6.c --------------------------------------------------------------------------- */

/* Another host has, or checks, the address that we check. */
void address6_collided(struct address6 *address);

/* Another host uses the address that we use: the program is told. */
void address6_claimed(struct address6 *address);

/* A place for another address of @link, with no end; NULL: none is left.  Its owner says what kind
 * it is, and until when it is good, before address6_start(). */
struct address6 *address6_place(struct link *link, struct leat_ip ip, uint8_t prefix_bits);

/* Begins to check an address, or to use it if that is not wanted. */
void address6_start(struct address6 *address);

/* It is ours no more, and nothing is told of it. */
void address6_stop(struct address6 *address);

/* valid_until_ns has changed. */
void address6_ends_anew(struct address6 *address);

void address6_attached(struct link *link);

/* ---- given6.c ----------------------------------------------------------------------------- */

enum leat_err address6_add(struct link *link, struct leat_ip ip, uint8_t prefix_bits);
enum leat_err address6_remove(struct link *link, struct leat_ip ip);

/* struct ipv6_family's functions for servers' leases. */
enum leat_err address6_lease(struct link *link, struct leat_ip ip, uint64_t preferred_until_ns,
                             uint64_t valid_until_ns, struct address_watch *watch);

/* ---- source6.c ---------------------------------------------------------------------------- */

/* A usable address of @link to send to @dst from, by the rules of RFC 6724 5; NULL: there is none.
 */
const struct address6 *address6_toward(struct link *link, struct leat_ip dst);

/* The same for a neighbour, whatever its prefix: to it there is no route. */
const struct address6 *address6_beside(struct link *link, struct leat_ip neighbour);

/* leat's ipv6_family.source_facts. */
void address6_source_facts(const struct link *link, struct leat_ip ip, uint8_t *prefix_bits,
                           bool *is_deprecated);

/* ---- identifier6.c ------------------------------------------------------------------------ */

/* The identifier of @address, whose prefix stands: opaque and stable, or drawn. */
void identifier6_make(struct address6 *address);
void identifier6_draw(struct address6 *address);

/* ---- stable6.c, temporary6.c --------------------------------------------------------------- */

/* A router's prefix of which addresses are made, with its lifetimes (RFC 4862 5.5.3). */
struct wire_ra_option;
void address6_advertised(struct link *link, struct leat_ip router,
                         const struct wire_ra_option *said);

/* Makes the successors of temporary addresses that end soon. */
void addresses6_succeed(struct link *link);

/* Removes what was made of routers' prefixes. */
void addresses6_withdraw(struct link *link);

/* A router has advertised the prefix of @stable, or a temporary address of it nears its end: there
 * is one that is preferred for a while, if the program wants such. */
void temporary6_ensure(const struct address6 *stable);

/* No later than it may: what a router has prolonged. */
void temporary6_clamp(struct address6 *address);

/* ---- neighbour6.c, reachability.c ---------------------------------------------------------- */

size_t neighbours6_cost(const struct leat_ipv6_config *config);
bool neighbours6_init(struct leat *stack);

/* Sends a packet from our address @src to the next hop, on-link or a group: at once if its Ethernet
 * address is known, else parks it and asks.  Takes @packet. */
void neighbour6_output(struct link *link, struct leat_ip src, struct leat_ip next_hop,
                       struct leat_buf *packet);

/* Something that went there has arrived (RFC 4861 7.3.1). */
void neighbour6_confirmed(struct link *link, struct leat_ip ip);

/* Finds out whether @ip is there, without a packet for it; @src is ours. */
void neighbour6_ask(struct link *link, struct leat_ip src, struct leat_ip ip);

/* A solicitation from @ip says that it is at @mac (RFC 4861 7.2.3). */
void neighbour6_learn(struct link *link, struct leat_ip ip, const struct leat_mac *mac);

struct wire_ndp;

/* An advertisement (RFC 4861 7.2.5).  False: it concerns nobody that is known or asked for. */
bool neighbour6_advertised(struct link *link, const struct wire_ndp *ndp);

void neighbours6_close(struct leat *stack);
uint32_t neighbours6_pieces(const struct leat *stack);

/* ---- ndp_output.c ------------------------------------------------------------------------- */

/* The message from @src to @dst; NULL: no memory, which is counted. */
struct leat_buf *ndp_packet(struct leat *stack, const struct wire_ndp *ndp, struct leat_ip src,
                            struct leat_ip dst);

/* Asks for @target from @src ("::": a check for duplicates, with @nonce); by @to, or by multicast
 * if that is NULL. */
void ndp_solicit(struct link *link, struct leat_ip src, struct leat_ip target,
                 const struct leat_mac *to, const uint8_t *nonce);

/* Asks for routers, from the link-local address if it may be used (RFC 4861 6.3.7). */
void ndp_solicit_routers(struct link *link);

/* Sends a packet to a group on @link, by its Ethernet address.  Takes @packet. */
void ndp_output_to_group(struct link *link, struct leat_ip group, struct leat_buf *packet);

/* ---- ndp.c, icmpv6.c, icmpv6_output.c ----------------------------------------------------- */

/* Takes a neighbour solicitation or advertisement whose checksum is right. */
void ndp_input(struct leat *stack, struct packet6 *packet);

void icmpv6_input(struct leat *stack, struct packet6 *packet);

/* Answers @packet with an error, if RFC 4443 2.4 allows it.  @even_groups: also what came to a
 * group.  Doesn't take packet->buf. */
void icmpv6_send_error(struct leat *stack, const struct packet6 *packet, uint8_t type, uint8_t code,
                       uint32_t detail, bool even_groups);

/* ---- pmtu6.c ------------------------------------------------------------------------------- */

/* The largest packet that may leave by @link for @dst, if what is larger may leave in fragments. */
uint16_t pmtu6_to(const struct link *link, struct leat_ip dst);

/* A Packet Too Big says so of what was on its way to @dst: a datagram, or an echo reply (@of_echo).
 */
void pmtu6_told(struct leat *stack, struct leat_ip dst, uint32_t mtu, bool of_echo);

/* An echo reply that may be too long for its path leaves for @dst. */
void pmtu6_echoed(struct leat *stack, struct leat_ip dst, uint32_t identity);

/* True if it was one of the latest ones. */
bool pmtu6_has_echoed(const struct leat *stack, struct leat_ip dst, uint32_t identity);

/* ---- mld.c -------------------------------------------------------------------------------- */

size_t mld_cost(const struct leat_ipv6_config *config);
bool mld_init(struct leat *stack);

/* Tells routers that @link listens, or doesn't any more, to the group that @ip is asked by. */
void mld_listen(struct link *link, struct leat_ip ip);
void mld_unlisten(struct link *link, struct leat_ip ip);

/* @link has a link-local address to speak from (RFC 3590 4). */
void mld_link_local(struct link *link);

/* Takes a query or a report whose checksum is right. */
void mld_input(struct leat *stack, struct packet6 *packet);

/* A program's. */
enum leat_err mld_join(struct link *link, struct leat_ip group);
void mld_leave(struct link *link, struct leat_ip group);

/* ---- host6.c, path6.c, transport6.c ------------------------------------------------------- */

size_t hosts6_cost(const struct leat_ipv6_config *config);
bool hosts6_init(struct leat *stack);

/* The number of @ip (ip/host.h); @zone says which link's, if it is good on one alone. */
leat_ip4 host6_of(struct leat *stack, struct leat_ip ip, uint8_t zone);

/* struct ipv6_family's. */
leat_ip4 host6_known(const struct leat *stack, const uint8_t *ip);

/* struct ipv6_family's functions for UDP and TCP. */
enum leat_err ipv6_path(struct leat *stack, struct path *path);
enum leat_err ipv6_send(struct leat *stack, const struct path *path,
                        const struct ipv4_options *options, struct leat_buf *payload);
void ipv6_reached(struct path *path);
void transport6_port_unreachable(struct leat *stack, const struct packet *packet);

/* Gives a packet to its transport, if that is registered.  Takes packet->buf then; else false. */
bool transport6_input(struct leat *stack, struct packet6 *packet);

/* An ICMPv6 error whose checksum is right: whose packet was it about?  Takes packet->buf. */
void transport6_error(struct leat *stack, struct packet6 *packet);

/* ---- ipv6_deliver.c ----------------------------------------------------------------------- */

/* False: the chain's headers are not to be had, and the packet has ended. */
bool ipv6_chain_is_good(struct leat *stack, struct packet6 *packet,
                        const struct wire_ipv6_chain *chain, enum ipv6_chain verdict);

/* Gives a packet whose @chain has been walked to its end to its protocol.  Takes packet->buf. */
void ipv6_deliver_behind(struct leat *stack, struct packet6 *packet,
                         const struct wire_ipv6_chain *chain);

/* Takes a packet that came in fragments, from its IPv6 header on, whose addresses have been
 * checked.
 */
void ipv6_whole_input(struct leat *stack, struct packet6 *packet);

/* ---- ipv6_input.c, ipv6_output.c ---------------------------------------------------------- */

void ipv6_input(struct leat *stack, struct link *link, struct leat_buf *buf, bool is_group);

/* Where packets from @src ("::": it isn't chosen yet) to @dst, no group, go by @link; NULL: there
 * is no way.  Good until the next one is asked for. */
struct way6 *ipv6_next_hop(const struct link *link, struct leat_ip src, struct leat_ip dst);

/* To ourselves.  Takes @payload. */
void ipv6_send_home(struct leat *stack, const struct ipv6_header *header, struct leat_buf *payload);

enum leat_err slaac_start(struct link *link, struct leat_slaac **slaac,
                          const struct leat_slaac_config *config);
void slaac_stop(struct leat_slaac *slaac);

/* Puts the header in front of @payload and sends it by @link, by way of a route if it must.  Takes
 * @payload.  LEAT_ERR_NO_ROUTE, LEAT_ERR_TOO_BIG. */
enum leat_err ipv6_output(struct link *link, const struct ipv6_header *header,
                          struct leat_buf *payload);

#endif
