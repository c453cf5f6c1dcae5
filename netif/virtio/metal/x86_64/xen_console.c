/*
 * xen_console.c -- the console of a guest of Xen.
 *
 * The domain behind it isn't trusted.  Our own two indices are never read back from the page, its
 * two are read once, and each position is taken within the page.
 */
#include "xen_console.h"

#include "xen_guest.h"

enum {
    YIELD = 0,       /* of XEN_SCHED_OP */
    PARAM_PAGE = 17, /* of the domain */
    PARAM_PORT = 18,
    END_OF_TRANSMISSION = 4
};

static struct xen_console_page *page; /* NULL: there is no console */
static uint32_t port;
static uint32_t taken, put; /* of the input, of the output */
static bool is_stuck;

void xen_console_init(void)
{
    page = xen_param_page(PARAM_PAGE);
    port = (uint32_t)xen_param(PARAM_PORT);
    taken = page ? page->in_taken : 0; /* a loader may have used the page before us */
    put = page ? page->out_put : 0;
    is_stuck = false;
}

static bool is_full(void)
{
    return put - __atomic_load_n(&page->out_taken, __ATOMIC_ACQUIRE) >= XEN_CONSOLE_OUT_BYTES;
}

/* False: there is no room for long. A domain that was found so is not waited for again. */
static bool wait_for_room(void)
{
    for (unsigned i = 0; is_full(); i++) {
        if (is_stuck || i == XEN_CONSOLE_YIELDS_MAX)
            return false;
        xen_notify(port);
        xen_call(XEN_SCHED_OP, YIELD, NULL, 0);
    }
    return true;
}

void xen_console_write(const char *text, size_t len)
{
    size_t done = 0;

    for (; page && done < len; done++) {
        is_stuck = !wait_for_room();
        if (is_stuck)
            break;
        page->out[put++ % XEN_CONSOLE_OUT_BYTES] = text[done];
        __atomic_store_n(&page->out_put, put, __ATOMIC_RELEASE);
    }
    if (page)
        xen_notify(port);
    xen_log(text + done, len - done);
}

bool xen_console_take_end(void)
{
    const uint32_t ready = page ? __atomic_load_n(&page->in_put, __ATOMIC_ACQUIRE) : taken;
    bool end = false;

    if (ready == taken)
        return false;
    for (unsigned i = 0; i < XEN_CONSOLE_IN_BYTES && taken != ready; i++)
        end |= page->in[taken++ % XEN_CONSOLE_IN_BYTES] == END_OF_TRANSMISSION;
    taken = ready;
    __atomic_store_n(&page->in_taken, taken, __ATOMIC_RELEASE);
    xen_notify(port);
    return end;
}
