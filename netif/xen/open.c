/* open.c -- opens a network interface of the guest that this machine is. */
#include <string.h>

#include "guest.h"
#include "net.h"

/* The window begins where memory does, so that all of it may be granted. */
static void set_window(struct leat_xen *xen, uintptr_t from)
{
    const struct xen_machine *machine = xen->machine;
    const uint32_t refs = machine->ref_end - machine->ref_first;

    xen->window = from;
    xen->window_pages = refs > XEN_NET_PAGES ? refs - XEN_NET_PAGES : 0;
    if (xen->window_pages > XEN_NET_WINDOW_PAGES)
        xen->window_pages = XEN_NET_WINDOW_PAGES;
}

bool leat_xen_here(void)
{
    return xen_machine_is_here();
}

enum leat_err leat_xen_open(struct leat_xen **xen, const struct leat_xen_config *config,
                            const char **why)
{
    enum {
        IMAGE_AT = 1 << 20
    }; /* where the loader puts images */
    struct leat_metal *metal = config->metal;
    const uintptr_t end = (uintptr_t)metal->memory + metal->memory_bytes;
    const size_t memory_pages = end > IMAGE_AT ? (end - IMAGE_AT) / XEN_PAGE_BYTES : 0;
    const uint32_t window = memory_pages < XEN_NET_WINDOW_PAGES ? (uint32_t)memory_pages
                                                                : (uint32_t)XEN_NET_WINDOW_PAGES;
    static bool was_opened;
    struct xen_machine *machine;
    struct leat_xen *made;

    *why = LEAT_RESERVED_WHY;
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_ERR_ARGUMENT;
    *why = "this is no guest of Xen";
    if (!xen_machine_is_here())
        return LEAT_ERR_NOT_FOUND;
    *why = "a guest of Xen can open one network interface";
    if (was_opened)
        return LEAT_ERR_DEVICE;
    was_opened = true;
    *why = "no memory for rings and pages";
    made = leat_metal_take(metal, sizeof *made);
    if (!made)
        return LEAT_ERR_MEMORY;
    memset(made, 0, sizeof *made);
    made->pages = xen_machine_pages(metal, XEN_NET_PAGES);
    if (!made->pages)
        return LEAT_ERR_MEMORY;
    *why = "there is no page of xenstore";
    made->store = xen_guest_store();
    if (!made->store)
        return LEAT_ERR_DEVICE;
    machine = xen_machine_open(metal, XEN_NET_PAGES + window, why);
    if (!machine)
        return LEAT_ERR_DEVICE;
    made->machine = machine;
    *why = "Xen allows too few grants";
    if (machine->ref_end - machine->ref_first < XEN_NET_PAGES)
        return LEAT_ERR_DEVICE;
    set_window(made, IMAGE_AT);
    made->no_offload = config->no_offload;
    made->untrusted = config->untrusted;
    *xen = made;
    return xen_net_start(made, config->number, config->mac, config->mtu, why);
}
