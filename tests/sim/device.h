/*
 * device.h -- the device between a stack and the wire: it refuses frames, stops, loses its link,
 * delivers late, and injects attacks. A backend that wraps another one.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/netif.h>

struct sim;

struct sim_device {
    struct leat_netif netif; /* first: the functions get its address */
    struct leat_netif *wire;
    struct sim *sim;
    unsigned end;
    uint64_t given; /* frames given to the stack */
    uint64_t taken; /* frames taken from the stack */
    uint64_t injected;
    uint64_t lost_in; /* while the link was down */
    uint64_t lost_out;
    uint64_t refused;  /* times that the stack asked and found no room */
    uint64_t withheld; /* times that frames had arrived, but were not given yet */
    uint32_t ring_used;
    uint64_t ring_ns;   /* the time for which ring_used is valid */
    uint64_t attack_ns; /* the time of the next attack */
};

void sim_device_init(struct sim_device *device, struct sim *sim, unsigned end);

/* When it has something to do, in the simulator's time, as a host would wait for it. */
uint64_t sim_device_wake_ns(struct sim_device *device);

/* When the stack should poll it, also because it has room again. */
uint64_t sim_device_look_ns(struct sim_device *device);

#endif
