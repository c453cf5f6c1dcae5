/* open.c -- opens a network interface of the guest that this machine is. */
#include <string.h>

#include "guest.h"
#include "net.h"

enum {
    IMAGE_AT = 1 << 20,          /* where the loader puts images */
    QUEUE_MEMORY_BYTES = 1 << 25 /* of the guest, for each queue of 3 MiB */
};

/* Queues come first, and the rest of the references is the window's. It begins where memory does,
 * so that all of it may be granted. */
static void share_refs(struct leat_xen *xen)
{
    const struct xen_machine *machine = xen->machine;
    const uint32_t refs = machine->ref_end - machine->ref_first;

    if (xen->queues_max > refs / XEN_NET_PAGES)
        xen->queues_max = refs / XEN_NET_PAGES;
    xen->window = IMAGE_AT;
    xen->window_pages = refs - xen->queues_max * XEN_NET_PAGES;
    if (xen->window_pages > XEN_NET_WINDOW_PAGES)
        xen->window_pages = XEN_NET_WINDOW_PAGES;
}

static uint32_t choose_queues(const struct leat_xen_config *config)
{
    const size_t wanted =
        config->queues ? config->queues : config->metal->memory_bytes / QUEUE_MEMORY_BYTES;
    const size_t most = wanted < XEN_NET_QUEUES ? wanted : (size_t)XEN_NET_QUEUES;

    return most > 1 ? (uint32_t)most : 1;
}

static struct xen_queue *take_queue(struct leat_xen *xen)
{
    struct xen_queue *queue = leat_metal_take(xen->metal, sizeof *queue);
    uint8_t *pages = xen_machine_pages(xen->metal, XEN_NET_PAGES);

    if (!queue || !pages)
        return NULL;
    queue->pages = pages;
    xen_queue_init(queue, xen, xen->queue_count);
    return queue;
}

bool leat_xen_here(void)
{
    return xen_machine_is_here();
}

enum leat_err leat_xen_open(struct leat_xen **xen, const struct leat_xen_config *config,
                            const char **why)
{
    struct leat_metal *metal = config->metal;
    const uintptr_t end = (uintptr_t)metal->memory + metal->memory_bytes;
    const size_t memory_pages = end > IMAGE_AT ? (end - IMAGE_AT) / XEN_PAGE_BYTES : 0;
    const uint32_t window = memory_pages < XEN_NET_WINDOW_PAGES ? (uint32_t)memory_pages
                                                                : (uint32_t)XEN_NET_WINDOW_PAGES;
    static bool was_opened;
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
    made->metal = metal;
    made->queues_max = choose_queues(config);
    *why = "there is no page of xenstore";
    made->store = xen_guest_store();
    if (!made->store)
        return LEAT_ERR_DEVICE;
    made->machine = xen_machine_open(metal, made->queues_max * XEN_NET_PAGES + window, why);
    if (!made->machine)
        return LEAT_ERR_DEVICE;
    *why = "Xen allows too few grants";
    share_refs(made);
    if (made->queues_max == 0)
        return LEAT_ERR_DEVICE;
    *why = "no memory for rings and pages";
    made->queues[0] = take_queue(made);
    if (!made->queues[0])
        return LEAT_ERR_MEMORY;
    made->take_queue = take_queue;
    made->no_offload = config->no_offload;
    made->untrusted = config->untrusted;
    *xen = made;
    return xen_net_start(made, config->number, config->mac, config->mtu, why);
}
