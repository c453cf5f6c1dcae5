/* xen_guest.h -- the hypervisor Xen, under which the machine is a guest of type PVH: no PC, but
 * hypercalls and shared pages. */
#ifndef XEN_GUEST_H
#define XEN_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xen_hypercall { /* Xen, public/xen.h */
    XEN_MEMORY_OP = 12,
    XEN_GRANT_TABLE_OP = 20,
    XEN_SCHED_OP = 29,
    XEN_EVENT_CHANNEL_OP = 32,
    XEN_HVM_OP = 34
};

enum {
    XEN_DOMID_SELF = 0x7ff0,
    XEN_MAP_SHARED_INFO = 0, /* of xen_map_page() */
    XEN_MAP_GRANT_TABLE = 1,
    XEN_PARAM_STORE_PAGE = 1, /* of xen_param() */
    XEN_PARAM_STORE_PORT = 2
};

/* Looks whether the machine is one, and sets up hypercalls and the shared page. Before
 * anything else of Xen. NULL, or a line that says why the machine can't start. */
const char *xen_guest_init(void);

/* True if it is one. */
bool xen_guest(void);

/* A hypercall with its arguments; negative: an error of Xen. */
long xen_call(enum xen_hypercall number, uint64_t command, void *arguments, uint64_t count);

/* A parameter of the domain (public/hvm/params.h); 0: there is none. */
uint64_t xen_param(uint32_t index);

/* The page that a parameter gives; NULL: there is none. */
void *xen_param_page(uint32_t index);

/* Puts a page of Xen's at the place of our page at @address, whose memory is lost. */
bool xen_map_page(unsigned space, uint32_t index, uintptr_t address);

/* Sends an event. */
void xen_notify(uint32_t port);

/* Writes text into Xen's own log, which shows it if its level of messages is low (guest_loglvl). */
void xen_log(const char *text, size_t len);

/* Makes events end interrupts_wait(), after interrupts_init(). */
void xen_events_init(void);

/* Nanoseconds of a tick of the time-stamp counter, times 2^32, as Xen has measured it last. */
uint64_t xen_ns_per_tick(void);

/* Xen's own clock: nanoseconds since Xen began. */
uint64_t xen_clock_ns(void);

/* Nanoseconds since 1970; 0: unknown. */
uint64_t xen_civil_ns(void);

/* Sets a function that is called after each wait; true: the tool stack asks the program to end. */
void xen_on_wait(bool (*asks_end)(uint64_t now_ns));

/* Calls it, if there is one. */
bool xen_asks_end(uint64_t now_ns);

/* The tool stack shall start the domain again when it has ended, unless it has crashed. */
void xen_end_is_reboot(bool reboot);

/* Ends the domain; returns if it is none of Xen's. */
void xen_shutdown(int status);

#endif
