/*
 * bus.h -- the handshake of a device with the domain that serves it, over xenstore.
 *
 * Theory of operation.  Each end has a folder in xenstore, with a `state` that only it writes
 * (Xen, public/io/xenbus.h).  Ours is device/vif/<number>, or device/vbd/<number> of a disk; its
 * key `backend` names the other one.  The driver reads their keys step by step until the other
 * domain waits for it.  Then it makes rings, writes where they are, and says that it is connected.
 * The other domain connects, and may have written facts before.  From then on a watch tells of
 * changes; if the store refuses the watch, the state is read each second.  If the other domain ends
 * the connection, the rings are taken down, and the steps begin again.
 *
 * No step waits: xen_bus_step() does what is possible, and says when it wants to be called again.
 * Each value of the store is checked where it is taken, because a backend may lie there.
 */
#ifndef XEN_BUS_H
#define XEN_BUS_H

#include <leat/addr.h>

#include "store.h"

enum xen_bus_state { /* enum xenbus_state */
    XEN_BUS_INITIALISING = 1,
    XEN_BUS_INIT_WAIT = 2,
    XEN_BUS_CONNECTED = 4,
    XEN_BUS_CLOSING = 5,
    XEN_BUS_CLOSED = 6
};

enum xen_bus_phase {
    XEN_BUS_READING,   /* the tool stack's keys, and the other domain's state and features */
    XEN_BUS_READY,     /* all is read: the owner makes rings, and calls xen_bus_connect() */
    XEN_BUS_WRITING,   /* our keys */
    XEN_BUS_ANSWERING, /* the other domain connects to the rings */
    XEN_BUS_LEARNING,  /* its facts, if the kind of device has any */
    XEN_BUS_UP,
    XEN_BUS_DOWN, /* the other domain has ended the connection: the owner takes down the rings, and
                     calls xen_bus_again() */
    XEN_BUS_ENDING, /* xen_bus_close() was called */
    XEN_BUS_ENDED,
    XEN_BUS_FAILED /* see `why` */
};

/* Features that the other domain offers; or-ed. */
enum xen_bus_feature {
    XEN_BUS_SG = 1 << 0,
    XEN_BUS_GSO_TCPV4 = 1 << 1,
    XEN_BUS_GSO_TCPV6 = 1 << 2,
    XEN_BUS_CSUM_V6 = 1 << 3,
    XEN_BUS_FLUSH = 1 << 4, /* of a disk */
    XEN_BUS_MULTICAST = 1 << 5,
    XEN_BUS_RX_COPY = 1 << 6 /* the only way to receive that the driver has */
};

/* Numbers that are read. */
enum xen_bus_number {
    XEN_BUS_ONLINE,  /* not 0: the tool stack doesn't take the device away */
    XEN_BUS_TRUSTED, /* of a network interface, as the next ones; without the key it is (XSA-403) */
    XEN_BUS_MTU,     /* 0: not given */
    XEN_BUS_QUEUES,  /* that the other domain offers; 0: as 1 */
    XEN_BUS_DISK_INFO, /* of a disk, as the next one */
    XEN_BUS_SECTOR_BYTES,
    XEN_BUS_NUMBERS
};

struct xen_reading;

enum {
    XEN_BUS_VALUES = 3,
    XEN_BUS_RINGS_MAX = 4, /* or pairs of rings */
    XEN_BUS_RING_VALUES = 3
};

/* A key that is written. */
struct xen_bus_key {
    const char *name;
    const char *text; /* NULL: a number */
    uint8_t value;    /* its place in `values`, or in a line of `rings` */
};

/* A kind of device: its keys in xenstore. */
struct xen_bus_kind {
    const char *folder;                  /* of all its devices, with a slash at the end */
    const char *missing;                 /* the line that says that there is no such device */
    const struct xen_reading *readings;  /* read until the other domain waits */
    const struct xen_reading *facts;     /* read after it has connected */
    const struct xen_bus_key *ring_keys; /* written first: for each ring, or pair of rings */
    const struct xen_bus_key *keys;      /* written then, before our state */
    uint8_t reading_count, fact_count, ring_key_count, key_count;
};

extern const struct xen_bus_kind xen_bus_vif, xen_bus_vbd;

struct xen_bus {
    struct xen_store *store;
    const struct xen_bus_kind *kind;
    enum xen_bus_phase phase;
    uint8_t step;        /* of the phase */
    uint8_t wrote_state; /* enum xen_bus_state; 0: none yet */
    bool asked;          /* a request is on its way */
    bool asked_state;    /* it writes our state */
    bool watching;       /* XEN_BUS_UP: events tell of changes of the other domain's state */
    bool missing;        /* XEN_BUS_FAILED, because there is no such device */
    const char *why;
    uint64_t asked_ns, again_ns;
    uint32_t watch_events; /* seen */
    unsigned number;
    /* what is written: filled in before xen_bus_connect() */
    uint32_t values[XEN_BUS_VALUES];
    uint32_t rings[XEN_BUS_RINGS_MAX][XEN_BUS_RING_VALUES];
    uint32_t ring_count;
    /* what was read */
    uint16_t domain;
    uint32_t features;
    uint32_t numbers[XEN_BUS_NUMBERS];
    bool has_mac;
    struct leat_mac mac;
    uint64_t disk_units; /* of a disk: its length in units of 512 bytes */
    char backend[XEN_STORE_VALUE_MAX + 1];
};

void xen_bus_open(struct xen_bus *bus, const struct xen_bus_kind *kind, struct xen_store *store,
                  unsigned number);

/* Does what is possible.  Then `phase` may be another one. */
void xen_bus_step(struct xen_bus *bus, uint64_t now_ns);

/* When xen_bus_step() has something to do even if the store writes nothing. */
uint64_t xen_bus_due_ns(const struct xen_bus *bus);

/* In XEN_BUS_READY: tells the other domain where the rings are, by the keys of the kind. */
void xen_bus_connect(struct xen_bus *bus);

/* In XEN_BUS_DOWN and XEN_BUS_ENDED: begins from the start. */
void xen_bus_again(struct xen_bus *bus, uint64_t now_ns);

/* Ends the connection: XEN_BUS_ENDED follows when the other domain has let go. */
void xen_bus_close(struct xen_bus *bus, uint64_t now_ns);

/* While a device is opened or closed: calls @serve(@arg) and waits, until @phase is reached, for at
 * most @most_ns, or until it returns false. True: @phase is reached. */
bool xen_bus_run(struct xen_bus *bus, struct xen_machine *machine, enum xen_bus_phase phase,
                 uint64_t most_ns, bool (*serve)(void *arg, uint64_t now_ns), void *arg);

#endif
