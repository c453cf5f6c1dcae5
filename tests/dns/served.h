/* served.h -- a name server on a wire, and a client's socket. */
#ifndef SERVED_H
#define SERVED_H

#include "dns_world.h"

struct served {
    struct dns_world *world;
    void *zone_memory, *server_memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_server *server;
    const struct leat_dns_server_counts *counts;
    struct leat_udp *udp; /* the client's */
    struct datagrams got;
};

/* Serves the test's zone with @config. */
void open_server(struct served *served, struct leat_dns_server_config config);

/* For a test that calls open_server(). */
int set_up_served(void **state);
int tear_down_served(void **state);

#endif
