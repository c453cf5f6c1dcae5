/* crash.c -- echoes datagrams; "crash" makes it violate an assertion. */
#include "example.h"

#include <string.h>

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    (void)arg;
    if (payload->len == 5 && memcmp(payload->data, "crash", 5) == 0)
        leat_buf_push(payload, leat_buf_headroom(payload) + 1); /* stopped by an assertion */
    leat_udp_send_from(udp, payload, peer, local->ip);
}

static const struct leat_udp_events events = {.on_datagram = on_datagram};

static const char *start(struct leat_platform *platform)
{
    struct leat_udp *udp;

    if (leat_udp_open(platform->stack, &udp, &events, NULL) ||
        leat_udp_bind(udp, LEAT_IP_ANY, platform->port))
        return "can't open the UDP port";
    return NULL;
}

const struct leat_app example = {.name = "crash",
                                 .summary = "Echoes datagrams, and crashes when told so.",
                                 .arguments = "",
                                 .default_port = 7,
                                 .start = start};
