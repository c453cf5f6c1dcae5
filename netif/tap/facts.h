/* facts.h -- the kernel's facts about an existing TAP device. */
#ifndef TAP_FACTS_H
#define TAP_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct tap_facts {
    bool tap, tun;    /* neither: some other kind of device */
    bool multi_queue; /* made for several queues, and to be opened so */
    uint32_t queues;  /* that programs have open, of a device with several */
    bool has_owner, has_group;
    uint32_t owner, group; /* they may open it; without both, all users may */
};

/* Asks for the facts of @device; false: the kernel doesn't tell (or, before Linux 4.20, can't). */
bool leat_tap_facts(const char *device, struct tap_facts *facts);

#endif
