/*
 * control.c -- control data of datagrams: their address, TTL and TOS (IP_PKTINFO, RFC 3542).
 *
 * A program asks for it by options, which are the server's. So each received datagram's header has
 * the kinds that are wanted. As on Linux, data without room in the program's buffer is cut off, and
 * MSG_CTRUNC tells so.
 */
#include <errno.h>
#include <netinet/in.h>

#include "inside.h"

enum {
    INTERFACE = 1 /* the number of the only one */
};

/* ---- received -------------------------------------------------------------------------------- */

/* The rest of the program's buffer. */
struct room {
    uint8_t *at;
    size_t bytes;
    int flags;
};

/* Appends a part as Linux's put_cmsg() does. */
static void put(struct room *room, int level, int type, const void *data, size_t len)
{
    struct cmsghdr head = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
    size_t space = CMSG_SPACE(len);

    if (!room->at || room->bytes < sizeof head) {
        room->flags |= MSG_CTRUNC;
        return;
    }
    if (room->bytes < head.cmsg_len) {
        room->flags |= MSG_CTRUNC;
        head.cmsg_len = room->bytes;
    }
    memcpy(room->at, &head, sizeof head);
    memcpy(room->at + sizeof head, data, head.cmsg_len - sizeof head);
    space = space < room->bytes ? space : room->bytes;
    room->at += space;
    room->bytes -= space;
}

static void put_v4(struct room *room, const struct run_datagram *header)
{
    const uint8_t tos = (uint8_t)header->tos;
    const int ttl = header->ttl;

    if (header->wants & RUN_WANTS_PKTINFO) {
        struct in_pktinfo info = {.ipi_ifindex = INTERFACE};

        memcpy(&info.ipi_addr, header->local.ip + 12, sizeof info.ipi_addr);
        info.ipi_spec_dst = info.ipi_addr;
        put(room, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    if (header->wants & RUN_WANTS_TTL)
        put(room, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    if (header->wants & RUN_WANTS_TOS)
        put(room, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
}

/* A datagram of IPv4 has no part but its address. */
static void put_v6(struct room *room, const struct run_datagram *header)
{
    const bool is_v4 = memcmp(header->local.ip, endpoint_any('4').ip, 12) == 0;
    const int ttl = header->ttl, tos = header->tos;

    if (header->wants & RUN_WANTS_PKTINFO6) {
        struct in6_pktinfo info = {.ipi6_ifindex = INTERFACE};

        memcpy(&info.ipi6_addr, header->local.ip, sizeof info.ipi6_addr);
        put(room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    if ((header->wants & RUN_WANTS_TTL6) && !is_v4)
        put(room, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof ttl);
    if ((header->wants & RUN_WANTS_TOS6) && !is_v4)
        put(room, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
}

void control_write(struct msghdr *message, char family, const struct run_datagram *header)
{
    struct room room = {.at = message->msg_control, .bytes = message->msg_controllen};

    if (family == '6')
        put_v6(&room, header);
    else
        put_v4(&room, header);
    message->msg_controllen -= room.bytes;
    message->msg_flags |= room.flags;
}

/* ---- sent ------------------------------------------------------------------------------------ */

/* The number in a part; -1 means the default. */
static int read_number(const struct cmsghdr *part, int low, int16_t *number)
{
    int value;

    if (part->cmsg_len != CMSG_LEN(sizeof value))
        return EINVAL;
    memcpy(&value, CMSG_DATA(part), sizeof value);
    if (value < low || value > 255)
        return EINVAL;
    *number = (int16_t)value;
    return 0;
}

static int read_v4(const struct cmsghdr *part, struct run_datagram *header)
{
    struct in_pktinfo info;

    if (part->cmsg_type == IP_TTL)
        return read_number(part, 1, &header->ttl);
    if (part->cmsg_type == IP_TOS && part->cmsg_len == CMSG_LEN(1)) {
        header->tos = *CMSG_DATA(part);
        return 0;
    }
    if (part->cmsg_type == IP_TOS)
        return read_number(part, 0, &header->tos);
    if (part->cmsg_type != IP_PKTINFO || part->cmsg_len != CMSG_LEN(sizeof info))
        return EINVAL;
    memcpy(&info, CMSG_DATA(part), sizeof info);
    header->local = endpoint_any('4');
    memcpy(header->local.ip + 12, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
    return 0;
}

static int read_v6(const struct cmsghdr *part, struct run_datagram *header)
{
    struct in6_pktinfo info;
    int16_t hops;
    int error;

    if (part->cmsg_type == IPV6_TCLASS)
        return read_number(part, -1, &header->tos);
    if (part->cmsg_type == IPV6_HOPLIMIT) {
        error = read_number(part, -1, &hops);
        if (!error)
            header->ttl = hops > 0 ? hops : -1;
        return error || hops != 0 ? error : EINVAL; /* it would not leave this host */
    }
    if (part->cmsg_type != IPV6_PKTINFO || part->cmsg_len != CMSG_LEN(sizeof info))
        return EINVAL;
    memcpy(&info, CMSG_DATA(part), sizeof info);
    memcpy(header->local.ip, &info.ipi6_addr, sizeof header->local.ip);
    return 0;
}

int control_read(const struct msghdr *message, struct run_datagram *header)
{
    struct msghdr whole = *message; /* CMSG_NXTHDR() wants it without const */
    const uint8_t *end = (const uint8_t *)whole.msg_control + whole.msg_controllen;
    int error = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(&whole); part && !error;
         part = CMSG_NXTHDR(&whole, part)) {
        if (part->cmsg_len < CMSG_LEN(0) || part->cmsg_len > (size_t)(end - (const uint8_t *)part))
            return EINVAL;
        if (part->cmsg_level == IPPROTO_IP)
            error = read_v4(part, header);
        else if (part->cmsg_level == IPPROTO_IPV6)
            error = read_v6(part, header);
        else if (part->cmsg_level == SOL_SOCKET)
            error = EINVAL;
    }
    return error;
}
