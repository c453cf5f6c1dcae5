/*
 * small.c -- a configuration for devices with little memory.
 *
 * The members that aren't named are 0, so they get the defaults of leat_init().
 */
#include <leat/stack.h>

#include "core/cold.h"

COLD struct leat_config leat_small_config(void)
{
    return (struct leat_config){
        .buf_count = 8,
        .buf_bytes = 1664, /* headroom, a frame of 1,514 bytes, and alignment of both */
        .small_count = 12,
        .view_count = 16,
        .burst_frames = 4,
        .tx_queue_frames = 16,
        .arp_entries = 8,
        .arp_parked = 1,
        .arp_shared = 2,
        .routes = 2,
        .reassemblies = 2,
        .reassembly_fragments = 4,
    };
}
