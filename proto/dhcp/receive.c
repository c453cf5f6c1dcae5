/*
 * receive.c -- checks a datagram, and turns it into an event.
 *
 * A message passes take_message() (format and xid), take_answer() (the server) and take_grant()
 * (the lease), and becomes an event of the table. Each drop has a counter and, unless it is another
 * client's, a reason that leat_dhcp_refusal() tells.
 */
#include <string.h>

#include "proto/dhcp/dhcp.h"
#include "core/refusal.h"
#include "core/second.h"

static bool is_for_us(const struct leat_dhcp *dhcp, const struct wire_dhcp *message,
                      const struct leat_endpoint *peer)
{
    const struct leat_mac *ours = &dhcp->netif->mac;

    /* The hardware address, too: a broadcast answer reaches all clients of the link. */
    return message->op == DHCP_BOOTREPLY && message->xid == dhcp->xid &&
           peer->port == DHCP_SERVER_PORT && memcmp(&message->chaddr, ours, sizeof *ours) == 0;
}

/* RFC 6842 3: a server may repeat our identifier, and must not send another one. */
static bool is_our_id(const struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    uint8_t ours[DHCP_CLIENT_ID_MAX], said[DHCP_CLIENT_ID_MAX];
    const int32_t len = wire_dhcp_option(options, DHCP_CLIENT_ID, said, sizeof said);

    return len < 0 ||
           (len == (int32_t)dhcp_client_id(dhcp, ours) && memcmp(said, ours, (size_t)len) == 0);
}

/* Counts a refused answer, and notes the reason. */
static void refuse(struct leat_dhcp *dhcp, uint64_t *count, const struct leat_endpoint *peer,
                   const char *why)
{
    (*count)++;
    refusal_note(&dhcp->refusal, peer->ip, why);
}

/* RFC 2131 table 3: OFFER, ACK and NAK name their server. An OFFER or ACK that names none, or an
 * impossible address, counts as the chosen server's, or its sender's before one is chosen. Other
 * clients accept such servers, too. A NAK without a server is dropped. */
static bool is_of_server(const struct leat_dhcp *dhcp, const struct wire_dhcp_options *options,
                         uint8_t type, const struct leat_endpoint *peer, leat_ip4 *server)
{
    if (wire_dhcp_option32(options, DHCP_SERVER_ID, server) && !ip4_is_no_host(*server))
        return dhcp->server_want == IP4_ANY || dhcp->server_want == *server;
    *server = dhcp->server_want != IP4_ANY ? dhcp->server_want : leat_ip_v4_number(peer->ip);
    return type != DHCP_NAK && !ip4_is_no_host(*server);
}

/* Counts a faulty lease; false if there is a fault. */
static bool is_sound(struct leat_dhcp *dhcp, enum dhcp_flaw flaw, const struct leat_endpoint *peer)
{
    struct leat_dhcp_counts *counts = &dhcp->counts;

    if (flaw == DHCP_FLAW_ADDRESS)
        refuse(dhcp, &counts->drop_address, peer, "with an address that no host can have");
    else if (flaw == DHCP_FLAW_EDGE)
        refuse(dhcp, &counts->drop_address, peer,
               "with the first or the last address of a network, which no host can have");
    else if (flaw == DHCP_FLAW_TIME)
        refuse(dhcp, &counts->drop_time, peer, "with a lease that is too short");
    return flaw == DHCP_SOUND;
}

/* True if the lease has expired before its ACK arrived. */
static bool is_over(const struct leat_dhcp *dhcp)
{
    return dhcp->read.lease_s != 0 && dhcp->read.lease_s != LEAT_DHCP_FOR_EVER &&
           leat_now_ns(dhcp->stack) >= dhcp->asked_ns + dhcp->read.lease_s * second_ns;
}

static void take_grant(struct leat_dhcp *dhcp, enum dhcp_message type,
                       const struct wire_dhcp *message, const struct wire_dhcp_options *options,
                       const struct leat_endpoint *peer, leat_ip4 server)
{
    const bool is_rapid =
        dhcp->config.rapid_commit && wire_dhcp_option(options, DHCP_RAPID_COMMIT, 0, 0) >= 0;
    struct leat_dhcp_counts *counts = &dhcp->counts;

    if (!is_sound(dhcp, dhcp_lease_read(dhcp, message, options, server), peer))
        return;
    /* RFC 2131 4.4.1: an ACK grants what was requested. In a renewal, another address would replace
     * the one that is in use. */
    if (dhcp->ip_want != IP4_ANY && leat_ip_v4_number(dhcp->read.ip) != dhcp->ip_want) {
        refuse(dhcp, &counts->drop_address, peer, "with another address than was asked for");
        return;
    }
    if (type == DHCP_ACK && is_over(dhcp)) {
        refuse(dhcp, &counts->drop_time, peer, "so late that its lease was over");
        return;
    }
    counts->taken++;
    if (type == DHCP_ACK)
        dhcp_event(dhcp, is_rapid ? DHCP_rcv_rapid_ACK : DHCP_rcv_ACK);
    else
        dhcp_event(dhcp, dhcp->read.ipv6_only_s ? DHCP_rcv_IPv6_only : DHCP_rcv_OFFER);
}

/* Handles a message to us of a type that servers send. */
static void take_answer(struct leat_dhcp *dhcp, uint8_t type, const struct wire_dhcp *message,
                        const struct wire_dhcp_options *options, const struct leat_endpoint *peer)
{
    leat_ip4 server;

    if (!is_of_server(dhcp, options, type, peer, &server)) {
        refuse(dhcp, &dhcp->counts.drop_server, peer,
               dhcp->server_want != IP4_ANY ? "as another server than the one that was chosen"
                                            : "without saying which server it is");
    } else if (type == DHCP_NAK) {
        dhcp->counts.taken++;
        refusal_note(&dhcp->refusal, peer->ip, "with a NAK: it doesn't grant us that address");
        dhcp_event(dhcp, DHCP_rcv_NAK);
    } else {
        take_grant(dhcp, (enum dhcp_message)type, message, options, peer, server);
    }
}

/* RFC 2131 3.1. Checks in this order: well formed, ours, from a server, sound. An answer to
 * another client is dropped without a note, because it is no refusal. */
static void take_message(struct leat_dhcp *dhcp, const uint8_t *bytes, uint32_t len,
                         const struct leat_endpoint *peer)
{
    struct leat_dhcp_counts *counts = &dhcp->counts;
    struct wire_dhcp_options options;
    struct wire_dhcp message;
    uint8_t type = 0;

    if (!wire_dhcp_parse(&message, &options, bytes, len))
        refuse(dhcp, &counts->drop_format, peer, "with a message that is cut short or not DHCP's");
    else if (!wire_dhcp_option8(&options, DHCP_MESSAGE_TYPE, &type))
        refuse(dhcp, &counts->drop_format, peer, "without a message type (option 53)");
    else if (type == DHCP_FORCERENEW)
        refuse(dhcp, &counts->drop_forced, peer, "with a FORCERENEW that is not signed");
    else if (!is_for_us(dhcp, &message, peer) || !is_our_id(dhcp, &options))
        counts->drop_foreign++;
    else if (type != DHCP_OFFER && type != DHCP_ACK && type != DHCP_NAK)
        refuse(dhcp, &counts->drop_format, peer, "with a message that only clients send");
    else
        take_answer(dhcp, type, &message, &options, peer);
}

void dhcp_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                      const struct leat_endpoint *peer, const struct leat_endpoint *local,
                      void *arg)
{
    struct leat_dhcp *dhcp = arg;

    (void)udp;
    (void)local;
    if (payload->next) /* in small buffers, or in fragments */
        take_message(dhcp, dhcp->message,
                     leat_buf_read(payload, 0, dhcp->message, sizeof dhcp->message), peer);
    else
        take_message(dhcp, payload->data, payload->len, peer);
    leat_buf_free(payload);
}
