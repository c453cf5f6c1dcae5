/* small.c -- limits of TCP for a device with little memory. */
#include <leat/tcp.h>

#include "core/cold.h"

COLD struct leat_tcp_config leat_tcp_small_config(uint32_t connections)
{
    return (struct leat_tcp_config){
        .connections = connections,
        .half_open = connections,
        .time_wait = connections,
        .listeners = 2,
        .reorder_runs = 2 * connections,
        .reorder_runs_per_connection = 4,
        .sent_segments = 4 * connections,
        .receive_window_bytes = 8 * 1024,
        .send_queue_bytes = 8 * 1024,
    };
}
