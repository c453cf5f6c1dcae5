/* xen_console.h -- the console of a guest of Xen: a page that another domain shares. */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    XEN_CONSOLE_IN_BYTES = 1024,
    XEN_CONSOLE_OUT_BYTES = 2048,
    XEN_CONSOLE_YIELDS_MAX = 1000 /* then a domain takes nothing */
};

/* struct xencons_interface (public/io/console.h); bytes are at their number modulo the length. */
struct xen_console_page {
    char in[XEN_CONSOLE_IN_BYTES];
    char out[XEN_CONSOLE_OUT_BYTES];
    uint32_t in_taken, in_put;   /* ours, theirs */
    uint32_t out_taken, out_put; /* theirs, ours */
};

/* Begins to use the console, after xen_guest_init(). */
void xen_console_init(void);

/* Writes text, and waits for room.  If there is no console, or the domain behind it takes nothing
 * for long, the rest goes into Xen's own log. */
void xen_console_write(const char *text, size_t len);

/* Takes all that was typed; true: a Ctrl-D was among it. */
bool xen_console_take_end(void);

#endif
