/* ipv6.h -- the inside of IPv6: addresses, neighbours, input and output (RFC 8200). */
#ifndef IP_V6_IPV6_H
#define IP_V6_IPV6_H

#include <leat/ipv6.h>
#include <leat/slaac.h>

#include "ip/groups.h"
#include "link/link.h"
#include "wire/ipv6.h"

struct flow_headers; /* ip/flow_headers.h */
struct path;         /* ip/ipv4.h, as the next */
struct ipv4_options;
struct packet; /* family.h */

#define IP6_FOR_EVER UINT64_MAX /* a time in ns that never comes */

enum address6_state {
    ADDRESS6_NONE,
    ADDRESS6_FAILED,     /* all identifiers tried are taken: unusable for its lifetime */
    ADDRESS6_TENTATIVE,  /* checked for duplicates, not to be used (RFC 4862 2) */
    ADDRESS6_OPTIMISTIC, /* checked for duplicates, and used meanwhile (RFC 4429) */
    ADDRESS6_USABLE
};

/* The origin of an address. */
enum address6_kind {
    ADDRESS6_GIVEN, /* assigned by the program */
    ADDRESS6_LINK_LOCAL,
    ADDRESS6_LEASED,   /* by a server (RFC 8415), with a watch */
    ADDRESS6_STABLE,   /* from a router's prefix; so is the next */
    ADDRESS6_TEMPORARY /* for a limited time (RFC 8981) */
};

struct address6 {
    struct timer timer; /* first, so that a timer can be cast to its address */
    struct ready ready;
    struct link *link;
    struct leat_ip ip;
    uint8_t prefix_bits;
    uint8_t state;               /* enum address6_state */
    uint8_t collisions;          /* DAD_Counter of RFC 7217 */
    uint8_t kind;                /* enum address6_kind */
    bool asked;                  /* the solicitation of the check was sent */
    bool listens;                /* joined its solicited-node group */
    bool usable_news;            /* config.on_address is pending */
    bool conflict_news;          /* config.on_conflict is pending */
    bool wants_successor;        /* ADDRESS6_TEMPORARY: a successor is due */
    uint8_t nonce[6];            /* nonce of the solicitation (RFC 7527) */
    uint64_t preferred_until_ns; /* deprecated from then on (RFC 4862 5.5.4) */
    uint64_t valid_until_ns;
    uint64_t preferred_max_ns; /* ADDRESS6_TEMPORARY: routers can't prolong it further */
    uint64_t valid_max_ns;
    struct leat_ip routers[2];   /* the last ones that advertised its prefix (RFC 6724 5, 5.5) */
    struct address_watch *watch; /* link/watch.h; NULL: only the program is told */
};

/* Parameters of a link, from routers or by default. */
struct link6 {
    struct leat_slaac *slaac; /* ip/v6/slaac.h; NULL: not configured by routers */
    uint64_t retrans_ns;      /* RFC 4861 6.3.2: RetransTimer, BaseReachableTime */
    uint64_t reachable_ns;
    uint16_t mtu; /* 0: the link's */
    uint8_t hop_limit;
};

enum {
    PMTUS6_MAX = 16,
    PMTUS6_ECHO_MAX = 4, /* entries for echo replies, at most */
    ECHOED6_MAX = 4
};

/* The path MTU to @dst, as a router has reported it. */
struct pmtu6 {
    struct leat_ip dst;
    uint64_t until_ns;
    uint16_t mtu;
    bool of_echo; /* reported for an echo reply */
};

/* An echo reply that may be too long for its path. */
struct echoed6 {
    struct leat_ip dst;
    uint32_t identity; /* identifier and sequence number (RFC 4443 4.2) */
};

/* The next hop from one address to another: the result of ipv6_next_hop(), valid for this turn,
 * because lifetimes may change it. */
struct way6 {
    uint64_t now_ns;
    const struct link *link;
    uint32_t route_generation; /* stack->route_generation at that time; 0: unused */
    struct leat_ip src;
    struct leat_ip dst;
    struct leat_ip next_hop;
    struct route6 *ask; /* as in struct choice6 */
};

struct ipv6 {
    struct leat_ipv6_config config; /* with the defaults filled in */
    struct siphash_key secret;
    struct link6 links[LEAT_NETIFS_MAX];
    struct address6 addresses[LEAT_NETIFS_MAX][LEAT_IPV6_ADDRESSES_MAX];
    struct neighbours6 *neighbours;
    struct route6 *routes; /* ip/v6/route6.h */
    uint32_t route_count;
    struct neighbour6 *hop; /* last destination of neighbour6_output(); NULL: a group */
    struct sent6 *sent;     /* path6.c; so are the labels of flows */
    struct flow6 *flows;
    struct flow6 *last_flow; /* of the last packet */
    uint32_t flow_mask;
    struct blocks6 *blocks; /* block6.c */
    struct way6 way;        /* result of the last lookup */
    uint32_t suspects;      /* routes whose gateway doesn't answer */
    struct timer suspects_timer;
    struct pmtu6 pmtus[PMTUS6_MAX];
    uint32_t pmtu_count;
    struct echoed6 echoed[ECHOED6_MAX]; /* the last ones */
    uint32_t echoed_at;
    struct groups groups;                 /* of our addresses, and those joined by programs */
    uint32_t joined;                      /* number of the latter */
    struct leat_slaac *slaacs;            /* config.slaacs of them */
    struct leat_slaac_facts facts_before; /* for comparison, while the program is told */
};

/* A received IPv6 packet: `buf` starts after the headers, which are still in memory before it. */
struct packet6 {
    struct leat_buf *buf;
    struct link *link; /* NULL: from ourselves */
    struct leat_ip src;
    struct leat_ip dst;
    uint32_t header_bytes; /* with extension headers */
    uint32_t next_at;      /* offset of the Next Header field that names the upper layer */
    uint8_t next_header;
    uint8_t hop_limit;
    uint8_t traffic_class;
    bool is_group;      /* sent to a group, by its link or IPv6 address */
    bool had_fragments; /* has or had a fragment header */
    bool is_alert;      /* has the router alert option for MLD */
};

/* The fields of a header that the sender chooses. */
struct ipv6_header {
    struct leat_ip src;
    struct leat_ip dst;
    uint8_t next_header;
    uint8_t hop_limit; /* 0: the configured one */
    uint8_t traffic_class;
    uint32_t flow_label; /* 20 bits; 0: none (RFC 6437) */
    bool may_fragment;   /* fragment a packet that is too long */
};

enum {
    HOSTS6_MIN = 64 /* entries of the table in host6.c, at least */
};

static inline struct link6 *link6_of(const struct link *link)
{
    return &link->stack->ipv6->links[link - link->stack->links];
}

/* The LEAT_IPV6_ADDRESSES_MAX entries of @link. */
static inline struct address6 *addresses6_of(const struct link *link)
{
    struct leat *stack = link->stack;

    return stack->ipv6->addresses[link - stack->links];
}

/* ---- bits6.c ------------------------------------------------------------------------------ */

/* True if the first @bits of both are equal. */
bool ip6_in_prefix(struct leat_ip a, struct leat_ip b, uint32_t bits);

/* The number of leading bits that both have in common. */
uint32_t ip6_common_bits(struct leat_ip a, struct leat_ip b);

/* The solicited-node group of @ip, ff02::1:ffXX:XXXX (RFC 4291 2.7.1). */
struct leat_ip ip6_solicited_node(struct leat_ip ip);

/* True for addresses that are valid on one link only: fe80::/10, ff01::/16 and ff02::/16. */
bool ip6_stays_on_link(struct leat_ip ip);

/* Stores the checksum of an ICMPv6 message, whose checksum field must be 0. */
void icmpv6_put_checksum(struct leat_buf *message, const struct leat_ip *src,
                         const struct leat_ip *dst);

/* ---- link6.c ------------------------------------------------------------------------------ */

/* Resets the parameters of @link to those without a router. */
void link6_defaults(struct link *link);

/* The default hop limit of packets sent on @link. */
static inline uint8_t ipv6_hop_limit(const struct link *link)
{
    return link6_of(link)->hop_limit;
}

/* The largest packet that may be sent on @link. */
uint16_t ipv6_mtu(const struct link *link);

/* ---- addresses6.c ------------------------------------------------------------------------- */

/* The address @ip of @link in any state, or NULL. */
struct address6 *address6_find(struct link *link, struct leat_ip ip);

/* True if @ip is a usable address of @link. */
bool address6_is_usable(const struct link *link, struct leat_ip ip);

/* True while an address of ours is tentative, and not used meanwhile. */
bool addresses6_are_probed(const struct leat *stack);

/* True if a usable address of ours is more than link-local. */
bool addresses6_are_global(const struct leat *stack);

/* True for a usable address of ours, and for ::1. */
bool ipv6_is_ours(const struct leat *stack, struct leat_ip ip);

/* The link-local address of @link if it is usable, else "::". */
struct leat_ip address6_link_local(const struct link *link);

/* True if @dst is on @link: link-local, in the prefix of an address from the program, or in one
 * that routers declare on-link (RFC 5942 4). */
bool address6_on_link(const struct link *link, struct leat_ip dst);

/* True if we are a member of the group @ip on @link (RFC 4291 2.8). */
bool address6_hears(struct link *link, struct leat_ip ip);

/* The stable address of @link made from @prefix, in any state, or NULL. */
struct address6 *address6_stable(struct link *link, struct leat_ip prefix);

/* The number of addresses of @link made from routers' prefixes: LEAT_SLAAC_ADDRESSES_MAX at
 * most. */
unsigned addresses6_of_routers(const struct link *link);

/* True if @router advertised the prefix of @address. */
bool address6_is_of_router(const struct address6 *address, struct leat_ip router);

/* The first global address of @link that is usable and not deprecated, or NULL. */
const struct address6 *address6_preferred(const struct link *link);

/* The time when the next address of @link becomes deprecated. */
uint64_t addresses6_next_deprecation_ns(const struct link *link);

/* True if a temporary address that is preferred until then needs a successor now. */
bool address6_ends_soon(const struct leat *stack, uint64_t preferred_until_ns);

/* The time of the next event of a usable @address of any kind. */
uint64_t address6_next_ns(const struct address6 *address);

/* ---- address6.c --------------------------------------------------------------------------- */

/* Handles a duplicate: another host has, or checks, the address that we check. */
void address6_collided(struct address6 *address);

/* Handles another host's use of our address: the program is told. */
void address6_claimed(struct address6 *address);

/* A new entry for an address of @link, without an end; NULL: none is free.  The caller sets its
 * kind and lifetimes before address6_start(). */
struct address6 *address6_place(struct link *link, struct leat_ip ip, uint8_t prefix_bits);

/* Starts to check an address, or to use it if checks are disabled. */
void address6_start(struct address6 *address);

/* Removes an address without telling anyone. */
void address6_stop(struct address6 *address);

/* To be called when valid_until_ns has changed. */
void address6_ends_anew(struct address6 *address);

void address6_attached(struct link *link);

/* ---- given6.c ----------------------------------------------------------------------------- */

enum leat_err address6_add(struct link *link, struct leat_ip ip, uint8_t prefix_bits);
enum leat_err address6_remove(struct link *link, struct leat_ip ip);

/* Adds or renews a leased address: `address_lease` of struct ipv6_family. */
enum leat_err address6_lease(struct link *link, struct leat_ip ip, uint64_t preferred_until_ns,
                             uint64_t valid_until_ns, struct address_watch *watch);

/* ---- source6.c ---------------------------------------------------------------------------- */

/* The source address on @link for packets to @dst, by the rules of RFC 6724 5; NULL: there is
 * none. */
const struct address6 *address6_toward(struct link *link, struct leat_ip dst);

/* address6_toward() for a neighbour, whatever its prefix: no route is looked up. */
const struct address6 *address6_beside(struct link *link, struct leat_ip neighbour);

/* `source_facts` of struct ipv6_family. */
void address6_source_facts(const struct link *link, struct leat_ip ip, uint8_t *prefix_bits,
                           bool *is_deprecated);

/* ---- identifier6.c ------------------------------------------------------------------------ */

/* RFC 5453: identifiers of anycast addresses, and 0. */
static inline bool identifier6_is_reserved(uint64_t identifier)
{
    return identifier == 0 || (identifier >= UINT64_C(0xfdffffffffffff80) &&
                               identifier <= UINT64_C(0xfdffffffffffffff));
}

/* Makes the identifier of @address, whose prefix is set: opaque and stable, or random. */
void identifier6_make(struct address6 *address);
void identifier6_draw(struct address6 *address);

/* ---- stable6.c, temporary6.c --------------------------------------------------------------- */

/* Processes a router's prefix for addresses, with its lifetimes (RFC 4862 5.5.3). */
struct wire_ra_option;
bool address6_advertised(struct link *link, struct leat_ip router,
                         const struct wire_ra_option *said);

/* Makes the successors of temporary addresses that end soon. */
void addresses6_succeed(struct link *link);

/* Removes the addresses that were made from routers' prefixes. */
void addresses6_withdraw(struct link *link);

/* Ensures that the prefix of @stable has a temporary address which is preferred for a while, if the
 * program wants that. Called when a router advertises the prefix, or the present one ends soon. */
void temporary6_ensure(const struct address6 *stable);

/* Reduces the lifetimes of @address to its own maximum, after a router has prolonged them. */
void temporary6_clamp(struct address6 *address);

/* ---- neighbour6.c, reachability.c ---------------------------------------------------------- */

size_t neighbours6_cost(const struct leat_ipv6_config *config);
bool neighbours6_init(struct leat *stack);

/* Sends a packet from our address @src to the next hop, an on-link host or a group. If its Ethernet
 * address isn't known, the packet is parked and a solicitation is sent.  Takes @packet. */
void neighbour6_output(struct link *link, struct leat_ip src, struct leat_ip next_hop,
                       struct leat_buf *packet);

/* Confirms that the neighbour is reachable, because a packet has arrived there (RFC 4861 7.3.1). */
void neighbour6_confirmed(struct link *link, struct leat_ip ip);

/* Probes whether @ip is reachable, without a packet for it; @src is our address. */
void neighbour6_ask(struct link *link, struct leat_ip src, struct leat_ip ip);

/* Records the sender of a solicitation: @ip has the link-layer address @mac (RFC 4861 7.2.3). */
void neighbour6_learn(struct link *link, struct leat_ip ip, const struct leat_mac *mac);

struct wire_ndp;

/* Processes an advertisement (RFC 4861 7.2.5).  False: the neighbour isn't in the cache. */
bool neighbour6_advertised(struct link *link, const struct wire_ndp *ndp);

void neighbours6_close(struct leat *stack);
uint32_t neighbours6_pieces(const struct leat *stack);

/* ---- ndp_output.c ------------------------------------------------------------------------- */

/* A packet with the message from @src to @dst; NULL: no memory, which is counted. */
struct leat_buf *ndp_packet(struct leat *stack, const struct wire_ndp *ndp, struct leat_ip src,
                            struct leat_ip dst);

/* Sends a solicitation for @target from @src ("::": a check for duplicates, with @nonce) to the
 * Ethernet address @to, or by multicast if that is NULL. */
void ndp_solicit(struct link *link, struct leat_ip src, struct leat_ip target,
                 const struct leat_mac *to, const uint8_t *nonce);

/* Sends a router solicitation, from the link-local address if it is usable (RFC 4861 6.3.7). */
void ndp_solicit_routers(struct link *link);

/* Sends a packet to the Ethernet address of @group on @link.  Takes @packet. */
void ndp_output_to_group(struct link *link, struct leat_ip group, struct leat_buf *packet);

/* ---- ndp.c, icmpv6.c, icmpv6_output.c ----------------------------------------------------- */

/* Takes a neighbour solicitation, advertisement or redirect with a correct checksum. */
void ndp_input(struct leat *stack, struct packet6 *packet);

void icmpv6_input(struct leat *stack, struct packet6 *packet);

/* Sends an error about @packet, if RFC 4443 2.4 allows it.  @even_groups: even for a packet to a
 * group. Doesn't take packet->buf. */
void icmpv6_send_error(struct leat *stack, const struct packet6 *packet, uint8_t type, uint8_t code,
                       uint32_t detail, bool even_groups);

/* ---- pmtu6.c ------------------------------------------------------------------------------- */

/* The largest packet that may be sent on @link to @dst, if larger ones may be fragmented. */
uint16_t pmtu6_to(const struct link *link, struct leat_ip dst);

/* Records the MTU of a Packet Too Big, sent because of a datagram to @dst or an echo reply
 * (@of_echo). */
void pmtu6_told(struct leat *stack, struct leat_ip dst, uint32_t mtu, bool of_echo);

/* Records that an echo reply to @dst was sent which may be too long for its path. */
void pmtu6_echoed(struct leat *stack, struct leat_ip dst, uint32_t identity);

/* True if this echo reply is among those recorded last. */
bool pmtu6_has_echoed(const struct leat *stack, struct leat_ip dst, uint32_t identity);

/* ---- mld.c -------------------------------------------------------------------------------- */

size_t mld_cost(const struct leat_ipv6_config *config);
bool mld_init(struct leat *stack);

/* Joins or leaves the solicited-node group of @ip on @link. */
void mld_listen(struct link *link, struct leat_ip ip);
void mld_unlisten(struct link *link, struct leat_ip ip);

/* Repeats the reports of @link, now that it has a link-local address as their source (RFC 3590
 * 4). */
void mld_link_local(struct link *link);

/* Takes a query or a report with a correct checksum. */
void mld_input(struct leat *stack, struct packet6 *packet);

/* Joins and leaves for programs. */
enum leat_err mld_join(struct link *link, struct leat_ip group);
void mld_leave(struct link *link, struct leat_ip group);

/* ---- host6.c, path6.c, transport6.c ------------------------------------------------------- */

size_t hosts6_cost(const struct leat_ipv6_config *config);
bool hosts6_init(struct leat *stack);

/* The host number of @ip (ip/host.h); @zone: the link, for addresses that are valid on one link
 * only. */
host_id host6_of(struct leat *stack, struct leat_ip ip, uint8_t zone);

/* `host_known` of struct ipv6_family. */
host_id host6_known(const struct leat *stack, const uint8_t *ip);

/* Functions of struct ipv6_family for UDP and TCP. */
enum leat_err ipv6_path(struct leat *stack, struct path *path);
enum leat_err ipv6_send(struct leat *stack, const struct path *path,
                        const struct ipv4_options *options, struct leat_buf *payload);
void ipv6_flow_headers(struct leat *stack, const struct path *path, uint8_t protocol,
                       uint32_t ports, struct flow_headers *made);
void ipv6_reached(struct path *path);
void transport6_port_unreachable(struct leat *stack, const struct packet *packet);

/* Passes a packet to its transport.  Takes packet->buf; false: no such transport, and not taken. */
bool transport6_input(struct leat *stack, struct packet6 *packet);

/* Passes an ICMPv6 error with a correct checksum to the transport of the quoted packet.  Takes
 * packet->buf. */
void transport6_error(struct leat *stack, struct packet6 *packet);

/* ---- ipv6_deliver.c ----------------------------------------------------------------------- */

/* False: the header chain is invalid, and the packet has been dropped. */
bool ipv6_chain_is_good(struct leat *stack, struct packet6 *packet,
                        const struct wire_ipv6_chain *chain, enum ipv6_chain verdict);

/* Passes a packet, whose @chain has been walked to its end, to its protocol.  Takes packet->buf. */
void ipv6_deliver_behind(struct leat *stack, struct packet6 *packet,
                         const struct wire_ipv6_chain *chain);

/* Takes a reassembled packet, from its IPv6 header on; its addresses have been checked. */
void ipv6_whole_input(struct leat *stack, struct packet6 *packet);

/* ---- ipv6_input.c, ipv6_output.c ---------------------------------------------------------- */

void ipv6_input(struct leat *stack, struct link *link, struct leat_buf *buf, bool is_group);

/* The next hop on @link from @src ("::": not chosen yet) to the unicast address @dst; NULL: no
 * route. Valid until the next call. */
struct way6 *ipv6_next_hop(const struct link *link, struct leat_ip src, struct leat_ip dst);

/* Queues a packet to ourselves.  Takes @payload. */
void ipv6_send_home(struct leat *stack, const struct ipv6_header *header, struct leat_buf *payload);

enum leat_err slaac_start(struct link *link, struct leat_slaac **slaac,
                          const struct leat_slaac_config *config);
void slaac_stop(struct leat_slaac *slaac);

/* Prepends the header to @payload and sends it on @link, through a gateway if needed.  Takes
 * @payload. LEAT_ERR_NO_ROUTE, LEAT_ERR_TOO_BIG. */
enum leat_err ipv6_output(struct link *link, const struct ipv6_header *header,
                          struct leat_buf *payload);

#endif
