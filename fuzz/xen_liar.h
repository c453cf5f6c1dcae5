/*
 * xen_liar.h -- a hypervisor that obeys the rules, and a store and another domain of Xen that
 * don't.
 *
 * The input chooses what the store answers and what the other domain does.  That domain reaches
 * only what it was granted.  Input bytes are used in order; after the end all are 0.
 */
#ifndef XEN_LIAR_H
#define XEN_LIAR_H

#include "netif/xen/bus.h"
#include "netif/xen/net.h"

enum {
    LIAR_FIRST_REF = 8,
    LIAR_WINDOW_PAGES = 32,
    LIAR_QUEUES = 2,
    LIAR_REFS = LIAR_FIRST_REF + LIAR_QUEUES * XEN_NET_PAGES + LIAR_WINDOW_PAGES,
    LIAR_PORT = 7 /* the first one */
};

struct liar_entry {
    const uint8_t *page; /* NULL: not granted */
    uint16_t domain;
    bool read_only;
    bool held; /* the other domain doesn't let go */
};

struct liar {
    struct xen_machine machine;
    const uint8_t *at, *end; /* of the input */
    struct liar_entry entries[LIAR_REFS];
    struct xen_store_ring ring;
    struct xen_store store;
    const struct xen_bus *bus; /* the driver's */
    /* the answers of an honest store, without which no input would get as far as a ring */
    const char *const *readings, *const *facts;
    uint32_t answers;
    uint32_t seen[2 * LIAR_QUEUES]; /* requests of each ring */
    uint32_t ports;                 /* open ones */
    uint64_t now_ns;
};

extern struct liar liar;

uint8_t next8(void);
uint16_t next16(void);
uint32_t next32(void);

/* Begins with an input; the rest of `liar` is set up but `readings` and `facts`. */
void liar_begin(const uint8_t *data, size_t size, const struct xen_bus *bus);

/* The store answers the last request, or does something else. */
void liar_store_answers(void);

/* The page that the other domain may write to; NULL: none. */
uint8_t *liar_page(uint32_t ref);

/* Writes anywhere into the page of a ring, or into its indices. */
void liar_scribble(uint32_t ref, bool anywhere);

/* Pages that the other domain keeps.  No other page is granted at the end. */
uint32_t liar_pages_held(void);

#endif
