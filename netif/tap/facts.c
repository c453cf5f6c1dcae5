/* facts.c -- asks the kernel about a TAP device, by rtnetlink: what "ip -details link" shows. */
#include "facts.h"

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REPLY_BYTES = 32768
};

/* The kernel's own macros lose a const here, and mix signs. */
static const void *payload_of(const struct rtattr *attribute)
{
    return (const uint8_t *)attribute + RTA_LENGTH(0);
}

static size_t payload_bytes(const struct rtattr *attribute)
{
    return attribute->rta_len - RTA_LENGTH(0);
}

/* The attribute @type among @len bytes of them, or NULL. */
static const struct rtattr *find(const void *attributes, size_t len, unsigned short type)
{
    const uint8_t *next = attributes;

    /* Attributes lie behind each other, padded to a multiple of four, and nest: the facts of a TAP
     * device are in IFLA_LINKINFO, IFLA_INFO_DATA. */
    while (len >= sizeof(struct rtattr)) {
        const struct rtattr *attribute = (const void *)next;
        const size_t step = RTA_ALIGN((size_t)attribute->rta_len);

        if (attribute->rta_len < sizeof *attribute || attribute->rta_len > len)
            break;
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
        next += step;
        len -= step < len ? step : len;
    }
    return NULL;
}

/* The attribute @type inside of @parent; NULL if there is no parent either. */
static const struct rtattr *find_in(const struct rtattr *parent, unsigned short type)
{
    return parent ? find(payload_of(parent), payload_bytes(parent), type) : NULL;
}

/* A number of one or four bytes; 0 without one. */
static uint32_t number(const struct rtattr *attribute)
{
    uint32_t wide;

    if (!attribute || payload_bytes(attribute) == 0)
        return 0;
    if (payload_bytes(attribute) < sizeof wide)
        return *(const uint8_t *)payload_of(attribute);
    memcpy(&wide, payload_of(attribute), sizeof wide);
    return wide;
}

static void read_facts(const struct nlmsghdr *reply, struct tap_facts *facts)
{
    /* the two headers in front of the attributes */
    const size_t head = NLMSG_SPACE(sizeof(struct ifinfomsg));
    const struct rtattr *info =
        find((const uint8_t *)reply + head, reply->nlmsg_len - head, IFLA_LINKINFO);
    const struct rtattr *kind = find_in(info, IFLA_INFO_KIND);
    const struct rtattr *data = find_in(info, IFLA_INFO_DATA);

    /* TAP and TUN devices are of one kind, "tun"; IFLA_TUN_TYPE tells them apart. */
    const bool is_ours = kind && payload_bytes(kind) >= sizeof "tun" &&
                         memcmp(payload_of(kind), "tun", sizeof "tun") == 0;

    facts->tap = is_ours && number(find_in(data, IFLA_TUN_TYPE)) == IFF_TAP;
    facts->tun = is_ours && number(find_in(data, IFLA_TUN_TYPE)) == IFF_TUN;
    facts->multi_queue = number(find_in(data, IFLA_TUN_MULTI_QUEUE)) != 0;
    facts->queues = number(find_in(data, IFLA_TUN_NUM_QUEUES));
    facts->has_owner = find_in(data, IFLA_TUN_OWNER) != NULL;
    facts->owner = number(find_in(data, IFLA_TUN_OWNER));
    facts->has_group = find_in(data, IFLA_TUN_GROUP) != NULL;
    facts->group = number(find_in(data, IFLA_TUN_GROUP));
}

bool leat_tap_facts(const char *device, struct tap_facts *facts)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {.header = {.nlmsg_len = sizeof request,
                            .nlmsg_type = RTM_GETLINK,
                            .nlmsg_flags = NLM_F_REQUEST},
                 .link = {.ifi_index = (int)if_nametoindex(device)}};
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct nlmsghdr *reply = malloc(REPLY_BYTES);
    ssize_t len = -1;
    bool good;

    if (fd >= 0 && reply && send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request)
        len = recv(fd, reply, REPLY_BYTES, 0);
    /* An unknown device gets NLMSG_ERROR instead. */
    good = len > 0 && NLMSG_OK(reply, (size_t)len) && reply->nlmsg_type == RTM_NEWLINK;
    if (good)
        read_facts(reply, facts);
    free(reply);
    if (fd >= 0)
        close(fd);
    return good;
}
