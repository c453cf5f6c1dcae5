/* served.c -- see served.h. */
#include "served.h"

void open_server(struct served *served, struct leat_dns_server_config config)
{
    const size_t bytes = leat_dns_server_memory_bytes(&config);

    served->world = world_create();
    served->zone = zone_of(test_zone_text, &served->zone_memory);
    config.zones = (struct leat_dns_zones){.list = &served->zone, .count = 1};
    served->server_memory = malloc(bytes + 1);
    assert_int_equal(leat_dns_server_open(&served->server, served->world->stacks[SERVER],
                                          (char *)served->server_memory + 1, bytes, &config),
                     LEAT_OK);
    served->counts = leat_dns_server_counts(served->server);
    assert_int_equal(
        leat_udp_open(served->world->stacks[CLIENT], &served->udp, &datagrams_events, &served->got),
        LEAT_OK);
    assert_int_equal(leat_udp_bind(served->udp, LEAT_IP_ANY, 0), LEAT_OK);
}

int set_up_served(void **state)
{
    *state = calloc(1, sizeof(struct served));
    return *state ? 0 : -1;
}

int tear_down_served(void **state)
{
    struct served *served = *state;

    leat_udp_close(served->udp);
    leat_dns_server_close(served->server);
    world_destroy(served->world);
    free(served->server_memory);
    free(served->zone_memory);
    free(served);
    return 0;
}
