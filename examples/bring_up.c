/* bring_up.c -- from the command line to a stack that speaks. */
#include "bring_up.h"

enum leat_err bring_up(struct leat *stack, struct leat_netif *netif, const struct options *options,
                       const struct leat_tcp_config *tcp, const char **step)
{
    enum leat_err err;

    *step = netif->name;
    err = leat_attach(stack, netif);
    if (err)
        return err;
    *step = "--ip";
    err = leat_address_add(stack, netif, options->ip, options->prefix_bits);
    if (err)
        return err;
    *step = "--gateway";
    if (options->gateway != LEAT_IP4_ANY)
        err = leat_route_add(stack, LEAT_IP4_ANY, 0, options->gateway);
    if (err)
        return err;
    *step = "UDP and TCP";
    err = leat_udp_register(stack, NULL);
    return err ? err : leat_tcp_register(stack, tcp);
}
