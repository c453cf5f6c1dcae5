/* member.c -- joins the given groups, and echoes datagrams to them. "leave" ends its
 * memberships, "send" makes it send to the group. */
#include "example.h"

#include <string.h>

enum {
    GROUPS_MAX = 4
};

static struct leat_ip groups[GROUPS_MAX];
static int count;

static void send_to_groups(struct leat_udp *udp)
{
    for (int i = 0; i < count; i++) {
        const struct leat_endpoint to = leat_endpoint_of(groups[i], leat_udp_local(udp).port);

        leat_udp_send_to(udp, leat_buf_copy(leat_pool(leat_udp_stack(udp)), "member", 6), &to);
    }
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    char word[6] = "";

    (void)arg;
    leat_buf_read(payload, 0, word, sizeof word - 1);
    if (strcmp(word, "leave") == 0)
        leat_udp_leave(udp, NULL, local->ip);
    else if (strcmp(word, "send") == 0)
        send_to_groups(udp);
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static const struct leat_udp_events events = {.on_datagram = on_datagram};

static const char *start(struct leat_platform *platform)
{
    struct leat_udp *udp;

    if (leat_udp_open(platform->stack, &udp, &events, NULL) ||
        leat_udp_bind(udp, LEAT_IP_ANY, platform->port))
        return "can't open the UDP port";
    for (int i = 0; i < platform->argument_count && i < GROUPS_MAX; i++) {
        if (!leat_ip_parse(platform->arguments[i], &groups[i]) ||
            leat_udp_join(udp, NULL, groups[i]))
            return "can't join the group";
        count++;
    }
    return NULL;
}

const struct leat_app example = {.name = "member",
                                 .summary = "Joins groups, and sends back what comes to them.",
                                 .arguments = "GROUP...",
                                 .default_port = 7,
                                 .start = start};
