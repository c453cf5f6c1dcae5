/*
 * receive6.c -- checks a datagram, and turns it into an event.
 *
 * A message passes take_message() (format, exchange and server), take_answer() (facts beside the
 * address) and take_grant(), take_word() or take_facts(), depending on `awaits`. Each drop has a
 * counter and a reason.
 */
#include <string.h>

#include "proto/dhcp/dhcp6.h"
#include "core/assert.h"
#include "core/refusal.h"

/* Reads the DUID in option @code; false: absent, or of an illegal length. */
static bool read_duid(const struct wire_dhcp6_options *options, uint16_t code,
                      struct dhcp6_duid *duid)
{
    struct wire_dhcp6_option option;

    if (!wire_dhcp6_find(options, code, &option) || option.len < DHCP6_DUID_MIN ||
        option.len > DHCP6_DUID_MAX)
        return false;
    duid->len = (uint8_t)option.len;
    memcpy(duid->bytes, option.bytes, option.len);
    return true;
}

static bool is_same(const struct dhcp6_duid *a, const struct dhcp6_duid *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Notes why the last message isn't taken. */
static void note(struct leat_dhcp6 *dhcp6, const char *why)
{
    refusal_note(&dhcp6->refusal, dhcp6->read_from, why);
}

/* Counts a refused answer, and notes the reason. */
static void refuse(struct leat_dhcp6 *dhcp6, uint64_t *count, const char *why)
{
    (*count)++;
    note(dhcp6, why);
}

/* RFC 8415 16.3, 16.10: true if the message repeats our client identifier. */
static bool is_our_id(const struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    struct wire_dhcp6_option option;

    return wire_dhcp6_find(&message->options, DHCP6_CLIENT_ID, &option) &&
           option.len == dhcp6->duid.len &&
           memcmp(option.bytes, dhcp6->duid.bytes, dhcp6->duid.len) == 0;
}

/* True if the message has the type that we await. */
static bool is_awaited(const struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    struct wire_dhcp6_option option;

    if (dhcp6->awaits == DHCP6_SOLICIT && message->type == DHCP6_REPLY)
        return dhcp6->config.rapid_commit &&
               wire_dhcp6_find(&message->options, DHCP6_RAPID_COMMIT, &option);
    return message->type == (dhcp6->awaits == DHCP6_SOLICIT ? DHCP6_ADVERTISE : DHCP6_REPLY);
}

/* True if the last message is from the server that we asked, or we asked all servers. Another
 * server can't know the binding, and its status would end a lease that is valid. */
static bool is_chosen(const struct leat_dhcp6 *dhcp6)
{
    const bool was_asked = dhcp6->awaits == DHCP6_REQUEST || dhcp6->awaits == DHCP6_RENEW ||
                           dhcp6->awaits == DHCP6_RELEASE || dhcp6->awaits == DHCP6_DECLINE;

    return !was_asked || is_same(&dhcp6->read_server, &dhcp6->server);
}

static void take(struct leat_dhcp6 *dhcp6, enum dhcp6_event event)
{
    dhcp6->counts.taken++;
    dhcp6_event(dhcp6, event);
}

/* Handles an Advertise, or a Reply with rapid commit. RFC 8415 18.2.1: a preference of 255 ends the
 * wait for better offers, and so does the end of the first wait. */
static void take_offer(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    dhcp6->read_preference = 0;
    wire_dhcp6_find8(&message->options, DHCP6_PREFERENCE, &dhcp6->read_preference);
    if (message->type == DHCP6_REPLY)
        take(dhcp6, DHCP6_rcv_REPLY_rapid);
    else if (dhcp6->read_preference == DHCP6_PREFERENCE_MAX || dhcp6->tries > 1)
        take(dhcp6, DHCP6_rcv_ADVERTISE_now);
    else
        take(dhcp6, DHCP6_rcv_ADVERTISE);
}

/* To follow "answered, but", for a verdict that grants nothing. */
static const char *why_not(enum dhcp6_verdict verdict)
{
    static const char *const all[] = {
        [DHCP6_IS_ZERO] = "with an address whose lifetime is 0",
        [DHCP6_IS_NONE] = "without an address that a host can have",
        [DHCP6_SAYS_NO_BINDING] = "with the status NoBinding: it knows no lease of ours",
        [DHCP6_SAYS_NO_ADDRS] = "with the status NoAddrsAvail: it has no address for us",
        [DHCP6_SAYS_NOT_ON_LINK] = "with the status NotOnLink: our address isn't of this link",
        [DHCP6_SAYS_NOTHING] = "with a status of failure",
        [DHCP6_FLAW_FORMAT] = "with a malformed association, address or status",
        [DHCP6_FLAW_TIME] = "with a lease that is too short, or was over when it came",
    };

    leat_assert(verdict < sizeof all / sizeof *all && all[verdict]);
    return all[verdict];
}

/* Handles a Reply to Request, Renew or Rebind that grants nothing (RFC 8415 18.2.10.1). */
static void take_refusal(struct leat_dhcp6 *dhcp6, enum dhcp6_verdict verdict)
{
    const bool is_request = dhcp6->awaits == DHCP6_REQUEST;

    note(dhcp6, why_not(verdict));
    if (verdict == DHCP6_SAYS_NOTHING ||
        (!is_request && (verdict == DHCP6_SAYS_NO_ADDRS || verdict == DHCP6_SAYS_NOT_ON_LINK)))
        dhcp6->counts.drop_status++;
    else if (is_request)
        take(dhcp6, verdict == DHCP6_SAYS_NOT_ON_LINK ? DHCP6_rcv_NotOnLink : DHCP6_rcv_NoAddrs);
    else if (verdict == DHCP6_SAYS_NO_BINDING)
        take(dhcp6, DHCP6_rcv_NoBinding);
    else if (verdict == DHCP6_IS_ZERO)
        take(dhcp6, DHCP6_rcv_REPLY_zero);
    else
        dhcp6->counts.drop_address++; /* our address stays as it is */
}

static void take_grant(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    const enum dhcp6_verdict verdict = dhcp6_lease_read(dhcp6, message);
    const bool grants = verdict == DHCP6_IS_OURS || verdict == DHCP6_IS_OTHER;

    if (verdict == DHCP6_FLAW_FORMAT)
        refuse(dhcp6, &dhcp6->counts.drop_format, why_not(verdict));
    else if (verdict == DHCP6_FLAW_TIME)
        refuse(dhcp6, &dhcp6->counts.drop_time, why_not(verdict));
    else if (grants && dhcp6->awaits == DHCP6_SOLICIT)
        take_offer(dhcp6, message);
    else if (grants)
        take(dhcp6, verdict == DHCP6_IS_OURS ? DHCP6_rcv_REPLY : DHCP6_rcv_REPLY_other);
    else if (dhcp6->awaits != DHCP6_SOLICIT)
        take_refusal(dhcp6, verdict);
    else if (verdict == DHCP6_IS_NONE || verdict == DHCP6_IS_ZERO) /* RFC 8415 18.2.9 */
        refuse(dhcp6, &dhcp6->counts.drop_address, why_not(verdict));
    else
        refuse(dhcp6, &dhcp6->counts.drop_status, why_not(verdict));
}

/* Handles a Reply to Confirm, Decline or Release; any status ends the latter two (18.2.10.2). A
 * message that is cut may have lost its status. */
static void take_word(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    uint16_t status;

    if (message->is_cut || !wire_dhcp6_status(&message->options, &status))
        refuse(dhcp6, &dhcp6->counts.drop_format, "with a malformed status");
    else if (dhcp6->awaits != DHCP6_CONFIRM || status == DHCP6_SUCCESS)
        take(dhcp6, DHCP6_rcv_REPLY_done);
    else if (status == DHCP6_NOT_ON_LINK)
        take(dhcp6, DHCP6_rcv_NotOnLink);
    else
        refuse(dhcp6, &dhcp6->counts.drop_status, why_not(DHCP6_SAYS_NOTHING));
}

static void take_facts(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    uint16_t status;

    if (!wire_dhcp6_status(&message->options, &status))
        refuse(dhcp6, &dhcp6->counts.drop_format, "with a malformed status");
    else if (status == DHCP6_SUCCESS)
        take(dhcp6, DHCP6_rcv_REPLY_facts);
    else
        refuse(dhcp6, &dhcp6->counts.drop_status, why_not(DHCP6_SAYS_NOTHING));
}

/* Handles an answer of the server that we have asked. */
static void take_answer(struct leat_dhcp6 *dhcp6, const struct wire_dhcp6 *message)
{
    memset(&dhcp6->read, 0, sizeof dhcp6->read);
    dhcp6->read.server_bytes = dhcp6->read_server.len;
    memcpy(dhcp6->read.server, dhcp6->read_server.bytes, dhcp6->read_server.len);
    /* 18.2.9: SOL_MAX_RT counts even in a message that offers no address. */
    dhcp6_facts_read(dhcp6, &message->options);
    if (dhcp6->awaits == DHCP6_INFORMATION_REQUEST)
        take_facts(dhcp6, message);
    else if (dhcp6->awaits == DHCP6_CONFIRM || dhcp6->awaits == DHCP6_DECLINE ||
             dhcp6->awaits == DHCP6_RELEASE)
        take_word(dhcp6, message);
    else
        take_grant(dhcp6, message);
}

/* Checks in this order: well formed, ours, from a server, sound. An answer with another xid is
 * late or another client's, and dropped without a note. */
static void take_message(struct leat_dhcp6 *dhcp6, const uint8_t *bytes, uint32_t len)
{
    struct leat_dhcp6_counts *counts = &dhcp6->counts;
    struct wire_dhcp6 message;

    if (!wire_dhcp6_parse(&message, bytes, len))
        refuse(dhcp6, &counts->drop_format, "with a message that is cut short");
    else if (message.type == DHCP6_RECONFIGURE)
        refuse(dhcp6, &counts->drop_forced, "with a Reconfigure that is not signed");
    else if (dhcp6->awaits == 0 || message.xid != dhcp6->xid)
        counts->drop_foreign++;
    else if (!is_our_id(dhcp6, &message))
        refuse(dhcp6, &counts->drop_foreign, "without our client identifier (option 1)");
    else if (!is_awaited(dhcp6, &message))
        refuse(dhcp6, &counts->drop_foreign, "with a message of another type than is awaited");
    else if (!read_duid(&message.options, DHCP6_SERVER_ID, &dhcp6->read_server))
        refuse(dhcp6, &counts->drop_server, "without saying which server it is (option 2)");
    else if (!is_chosen(dhcp6))
        refuse(dhcp6, &counts->drop_server, "as another server than the one that was chosen");
    else
        take_answer(dhcp6, &message);
}

/* Finds the client of a datagram: servers answer to our link-local address, and its zone is
 * the link's number. */
static struct leat_dhcp6 *client_of(struct leat *stack, const struct leat_endpoint *local)
{
    struct dhcp6_clients *clients = service_dhcp6_clients(stack);

    for (unsigned i = 0; i < clients->open; i++) {
        if (local->zone == service_zone(stack, clients->all[i].netif))
            return &clients->all[i];
    }
    return 0;
}

void dhcp6_on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                       const struct leat_endpoint *peer, const struct leat_endpoint *local,
                       void *arg)
{
    struct leat *stack = arg;
    struct leat_dhcp6 *dhcp6 = client_of(stack, local);
    uint8_t *received = service_dhcp6_clients(stack)->received;

    (void)udp;
    if (dhcp6)
        dhcp6->read_from = peer->ip;
    if (dhcp6 && payload->next) /* in small buffers, or in fragments */
        take_message(dhcp6, received, leat_buf_read(payload, 0, received, DHCP6_RECEIVED_BYTES));
    else if (dhcp6)
        take_message(dhcp6, payload->data, payload->len);
    leat_buf_free(payload);
}
