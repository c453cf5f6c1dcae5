/* guest.c -- the guest's client of xenstore, which its drivers share, and what the tool stack asks
 * by it. */
#include "guest.h"

#include <stddef.h>

#include "control.h"

static struct xen_machine machine;
static struct xen_store store;
static struct xen_control control;

static bool asks_end(uint64_t now_ns)
{
    if (!xen_control_take_end(&control, now_ns))
        return false;
    xen_machine_end_is_reboot(control.reboot);
    return true;
}

struct xen_store *xen_guest_store(void)
{
    static bool is_open;

    if (!is_open) {
        if (!xen_machine_find_store(&machine))
            return NULL;
        xen_store_open(&store, &machine);
        xen_control_open(&control, &store);
        xen_machine_on_wait(asks_end);
        is_open = true;
    }
    return &store;
}
