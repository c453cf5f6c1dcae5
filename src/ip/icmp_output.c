/* icmp_output.c -- ICMP errors out (RFC 1122 3.2.2, RFC 1812 4.3.2). */
#include "ip/icmp.h"

#include "core/checksum.h"
#include "ip/ipv4.h"
#include "link/address.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

enum {
    ERROR_BYTES_MAX = 576, /* RFC 1812 4.3.2.3 */
    QUOTE_BYTES_MAX = ERROR_BYTES_MAX - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES
};

/* True for ICMP messages that are no questions: about those no error is ever sent. */
static bool is_icmp_error(const struct packet *packet)
{
    if (packet->protocol != IP_ICMP)
        return false;
    return packet->buf->len == 0 ||
           (packet->buf->data[0] != ICMP_ECHO && packet->buf->data[0] != ICMP_ECHO_REPLY);
}

/* True for a fragment that isn't the first: the header lies in front of the buffer. */
static bool is_later_fragment(const struct packet *packet)
{
    const uint8_t *header = packet->buf->data - packet->header_bytes;

    return ((header[6] & 0x1f) | header[7]) != 0;
}

/* RFC 1122 3.2.2: errors about these would be storms. */
static bool error_is_allowed(struct leat *stack, const struct packet *packet)
{
    if (packet->is_group || is_icmp_error(packet) || is_later_fragment(packet))
        return false;
    if (packet->link && address_is_no_host(packet->src))
        return false;
    if (!limiter_take(&stack->icmp_errors, stack->now_ns, leat_random(stack))) {
        stack->stats.icmp_errors_limited++;
        return false;
    }
    return true;
}

/* The IP header and the start of what follows, shared with the packet.  NULL: no memory. */
static struct leat_buf *quote_of(const struct packet *packet)
{
    struct leat_buf *buf = packet->buf;
    struct leat_buf *quote;
    uint32_t total;

    leat_buf_push(buf, packet->header_bytes);
    total = leat_buf_total(buf);
    quote = leat_buf_slice(buf, 0, total < QUOTE_BYTES_MAX ? total : QUOTE_BYTES_MAX);
    leat_buf_pull(buf, packet->header_bytes);
    return quote;
}

void icmp_send_error(struct leat *stack, const struct packet *packet, uint8_t type, uint8_t code,
                     uint32_t detail)
{
    const struct ipv4_options options = {.protocol = IP_ICMP};
    struct wire_icmp icmp = {.type = type, .code = code, .detail = detail};
    struct leat_buf *message, *quote;
    struct path path;
    uint8_t *at;

    if (!error_is_allowed(stack, packet))
        return;
    if (ipv4_path(stack, packet->dst, packet->src, &path) != LEAT_OK)
        return;
    message = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM);
    quote = message ? quote_of(packet) : 0;
    at = quote ? leat_buf_put(message, ICMP_HEADER_BYTES) : 0;
    if (!at) {
        stack->stats.tx_no_memory++;
        leat_buf_free(quote);
        leat_buf_free(message);
        return;
    }
    wire_icmp_emit(&icmp, at);
    leat_buf_append(message, quote);
    icmp.checksum = checksum_finish(checksum_list(message));
    wire_icmp_emit(&icmp, at);
    if (ipv4_output(stack, &path, &options, message) == LEAT_OK)
        stack->stats.icmp_errors_sent++;
}
