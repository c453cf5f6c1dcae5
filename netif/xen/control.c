/* control.c -- requests of the tool stack to the guest as a whole. */
#include "control.h"

#include <string.h>

enum {
    STEPS_MAX = 8 /* of one call */
};

static const uint64_t answer_ns = 5000000000; /* after which a request to the store is given up */
static const uint64_t look_ns = 1000000000; /* between looks without a watch, and after failures */
static const uint64_t turn_ns = 1000000;    /* while a driver has the store */

static const char key[] = "control/shutdown";

void xen_control_open(struct xen_control *control, struct xen_store *store)
{
    *control = (struct xen_control){.store = store};
}

static void ask(struct xen_control *control, uint64_t now_ns)
{
    static const struct {
        enum xen_store_type type;
        const char *path, *value;
    } requests[] = {[XEN_CONTROL_POWEROFF] = {XEN_STORE_WRITE, "control/feature-poweroff", "1"},
                    [XEN_CONTROL_REBOOT] = {XEN_STORE_WRITE, "control/feature-reboot", "1"},
                    [XEN_CONTROL_WATCH] = {XEN_STORE_WATCH, key, "leat"},
                    [XEN_CONTROL_READ] = {XEN_STORE_READ, key, NULL},
                    [XEN_CONTROL_ACKNOWLEDGE] = {XEN_STORE_WRITE, key, ""}};

    control->asked_ns = now_ns;
    control->asked = xen_store_ask(control->store, control, requests[control->step].type,
                                   requests[control->step].path, requests[control->step].value);
    if (!control->asked)
        control->again_ns = now_ns + (control->store->owner ? turn_ns : look_ns);
}

/* The next look: after an event, or after a second. */
static void rest(struct xen_control *control, uint64_t now_ns)
{
    control->step = XEN_CONTROL_READ;
    control->again_ns = control->is_polled ? now_ns + look_ns : UINT64_MAX;
}

/* The key was read; true: it asks for the end. */
static bool is_end(struct xen_control *control, const char *value)
{
    if (!value)
        return false;
    control->reboot = strcmp(value, "reboot") == 0;
    return control->reboot || strcmp(value, "poweroff") == 0 || strcmp(value, "halt") == 0;
}

/* True: a request to end has been acknowledged, or the store doesn't take that. */
static bool take_answer(struct xen_control *control, uint64_t now_ns, const char *value)
{
    const char *answer = control->store->answer;

    control->again_ns = now_ns;
    switch (control->step) {
    case XEN_CONTROL_POWEROFF:
        control->step = XEN_CONTROL_REBOOT;
        return false;
    case XEN_CONTROL_REBOOT:
        control->step = XEN_CONTROL_WATCH;
        return false;
    case XEN_CONTROL_WATCH: /* first, so that no change can be missed behind the first look */
        control->is_polled = !value && strcmp(answer, "EEXIST") != 0;
        control->step = XEN_CONTROL_READ;
        return false;
    case XEN_CONTROL_READ:
        if (is_end(control, value))
            control->step = XEN_CONTROL_ACKNOWLEDGE;
        else
            rest(control, now_ns);
        return false;
    case XEN_CONTROL_ACKNOWLEDGE:
    default:
        rest(control, now_ns);
        return true;
    }
}

/* An answer that doesn't come is one that says no, except of the first read. */
static bool give_up(struct xen_control *control, uint64_t now_ns)
{
    const bool was_end = control->step == XEN_CONTROL_ACKNOWLEDGE;

    control->asked = false;
    xen_store_release(control->store, control);
    if (was_end)
        rest(control, now_ns);
    else
        control->again_ns = now_ns + look_ns;
    return was_end;
}

/* An event that comes while an answer is awaited waits too: that answer may be older. */
static bool was_told(const struct xen_control *control)
{
    return !control->asked && control->step == XEN_CONTROL_READ &&
           control->watch_events != control->store->watch_events;
}

bool xen_control_take_end(struct xen_control *control, uint64_t now_ns)
{
    struct xen_store *store = control->store;
    bool end = false;

    for (unsigned i = 0; i < STEPS_MAX && !end && !store->broken; i++) {
        if (xen_store_is_due(store))
            xen_store_poll(store);
        if (was_told(control)) {
            control->watch_events = store->watch_events;
            control->again_ns = now_ns;
        }
        if (!control->asked) {
            if (now_ns < control->again_ns)
                return false;
            ask(control, now_ns);
        } else if (store->state != XEN_STORE_ASKED) {
            control->asked = false;
            xen_store_release(store, control);
            end = take_answer(control, now_ns,
                              store->state == XEN_STORE_ANSWERED ? store->answer : NULL);
        } else if (now_ns - control->asked_ns >= answer_ns) {
            end = give_up(control, now_ns);
        } else if (!xen_store_is_due(store)) {
            return false;
        }
    }
    return end;
}
