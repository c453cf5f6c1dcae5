/*
 * device.h -- the device between a stack and the wire: it refuses frames, stops, loses its link,
 * delivers late, and lets attackers in.  A backend that wraps another one.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/netif.h>

struct sim;

struct sim_device {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct leat_netif *wire;
    struct sim *sim;
    unsigned end;
    uint64_t given; /* frames that the stack got */
    uint64_t taken; /* frames that the stack gave */
    uint64_t injected;
    uint64_t lost_in; /* while the link was down */
    uint64_t lost_out;
    uint64_t refused;  /* times that the stack asked and there was no room */
    uint64_t withheld; /* times that frames had arrived, but weren't given yet */
    uint32_t ring_used;
    uint64_t ring_ns;   /* when ring_used was true */
    uint64_t attack_ns; /* when the next attack comes */
};

void sim_device_init(struct sim_device *device, struct sim *sim, unsigned end);

/* When it wants to be looked at, in the simulator's time: what a host would wait for. */
uint64_t sim_device_wake_ns(struct sim_device *device);

/* When it tells the stack to look: also when it has room again. */
uint64_t sim_device_look_ns(struct sim_device *device);

#endif
