/*
 * machine.h -- what a driver of Xen's devices needs of its hypervisor.
 *
 * The driver knows no hypercall and no processor, so that the same code runs in a guest and against
 * a model of the other domain.  Addresses of pages are those of an identity map.
 */
#ifndef XEN_MACHINE_H
#define XEN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    XEN_PAGE_BYTES = 4096
};

struct xen_machine;

struct xen_machine_ops {
    /* Lets domain @domain use @page under the reference @ref; nothing changes if it may already.
     * False: another domain still uses that reference. */
    bool (*grant)(struct xen_machine *machine, uint32_t ref, const void *page, uint16_t domain,
                  bool read_only);
    /* Ends the grant.  False: the domain still has the page mapped, and the grant stays. */
    bool (*revoke)(struct xen_machine *machine, uint32_t ref);
    /* Opens an event channel that @domain may bind to. */
    bool (*port_open)(struct xen_machine *machine, uint16_t domain, uint32_t *port);
    void (*port_close)(struct xen_machine *machine, uint32_t port);
    void (*notify)(struct xen_machine *machine, uint32_t port);
    /* Sleeps until an event, or until @deadline_ns.  Only while a device is opened or closed. */
    void (*wait)(struct xen_machine *machine, uint64_t deadline_ns);
    uint64_t (*now_ns)(struct xen_machine *machine);
};

struct xen_store_ring;

struct xen_machine {
    const struct xen_machine_ops *ops;
    struct xen_store_ring
        *store;                  /* the page that xenstored shares; that of a store's client only */
    uint32_t store_port;         /* likewise */
    uint32_t ref_first, ref_end; /* references that drivers may use */
};

/* ---- what a guest defines; the model of the tests needs none of it --------------------------- */

struct leat_metal;

/* True if this machine is a guest of Xen. */
bool xen_machine_is_here(void);

/* Fills in the members that a client of xenstore uses. False: there is no page of xenstore. */
bool xen_machine_find_store(struct xen_machine *machine);

/* Sets a function that is called after each wait of the program; true: the program shall end. */
void xen_machine_on_wait(bool (*asks_end)(uint64_t now_ns));

/* The tool stack shall start the domain again when it has ended, unless it has crashed. */
void xen_machine_end_is_reboot(bool reboot);

/* Opens the guest's hypervisor for one driver, with up to @refs references of its own.  NULL: then
 * *@why is one line with the failure. */
struct xen_machine *xen_machine_open(struct leat_metal *metal, uint32_t refs, const char **why);

/* @count pages of memory, whole ones; NULL: there aren't so many. */
void *xen_machine_pages(struct leat_metal *metal, uint32_t count);

#endif
