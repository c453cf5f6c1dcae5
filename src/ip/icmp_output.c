/* icmp_output.c -- sends ICMP errors (RFC 1122 3.2.2, RFC 1812 4.3.2). */
#include "ip/icmp.h"

#include "core/checksum.h"
#include "ip/icmp_error.h"
#include "ip/ipv4.h"
#include "link/address.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

enum {
    ERROR_BYTES_MAX = 576, /* RFC 1812 4.3.2.3 */
    QUOTE_BYTES_MAX = ERROR_BYTES_MAX - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES
};

/* True for ICMP messages other than echo: these never cause an error message. */
static bool is_icmp_error(const struct packet *packet)
{
    if (packet->protocol != IP_ICMP)
        return false;
    return packet->buf->len == 0 ||
           (packet->buf->data[0] != ICMP_ECHO && packet->buf->data[0] != ICMP_ECHO_REPLY);
}

/* True for a fragment that isn't the first; its header is in memory before the buffer. */
static bool is_later_fragment(const struct packet *packet)
{
    const uint8_t *header = packet->buf->data - packet->header_bytes;

    return ((header[6] & 0x1f) | header[7]) != 0;
}

/* RFC 1122 3.2.2: errors about these packets could cause storms. */
static bool error_is_allowed(struct leat *stack, const struct packet *packet)
{
    if (packet->is_group || is_icmp_error(packet) || is_later_fragment(packet))
        return false;
    /* an address that isn't one host's would get the error at many hosts, or nowhere */
    if (packet->link && ip4_is_no_host(packet->src))
        return false;
    return icmp_error_take(stack);
}

void icmp_send_error(struct leat *stack, const struct packet *packet, uint8_t type, uint8_t code,
                     uint32_t detail)
{
    const struct ipv4_options options = {.protocol = IP_ICMP};
    struct wire_icmp icmp = {.type = type, .code = code, .detail = detail};
    struct leat_buf *message;
    struct path path;

    if (!error_is_allowed(stack, packet))
        return;
    /* the error comes from the address that the packet was sent to, so that its sender recognizes
     * the flow */
    if (ipv4_path(stack, packet->dst, packet->src, &path) != LEAT_OK)
        return;
    message = icmp_error_about(stack, &icmp, packet->buf, packet->header_bytes, QUOTE_BYTES_MAX);
    if (!message)
        return;
    /* the message was emitted with a checksum of 0, and is emitted again with the right one */
    icmp.checksum = checksum_finish(checksum_list(message));
    wire_icmp_emit(&icmp, message->data);
    if (ipv4_output(stack, &path, &options, message) == LEAT_OK)
        stack->stats.icmp_errors_sent++;
}
