/* bus.c -- the handshake over xenstore, step by step. */
#include "bus.h"
#include "readings.h"

#include <leat/assert.h>

#include <string.h>

enum {
    STEPS_MAX = 8, /* of one call */
    DECIMAL_BYTES = 11,
    KEY_MAX = 30,   /* bytes of a key's name */
    QUEUE_BYTES = 8 /* of the name of a queue's folder, with a slash */
};

_Static_assert(XEN_BUS_RINGS_MAX <= 10, "the number of a queue is one digit");

_Static_assert(XEN_STORE_VALUE_MAX + 1 + KEY_MAX < XEN_STORE_PATH_MAX, "each path fits");

static const uint64_t answer_ns = 5000000000; /* after which a request is given up */
static const uint64_t look_ns = 50000000;     /* between looks at a state that must change */
static const uint64_t retry_ns = 1000000000;  /* after a connection, or a request, has ended */
static const uint64_t turn_ns = 1000000;      /* while another driver has the store */

static const char *write_number(char text[DECIMAL_BYTES], uint32_t number)
{
    char *at = text + DECIMAL_BYTES - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

/* Writes "device/vif/<number>/<key>", as the kind is, or the key of the other domain's folder. */
static void make_path(const struct xen_bus *bus, bool is_theirs, const char *key,
                      char path[XEN_STORE_PATH_MAX])
{
    char digits[DECIMAL_BYTES];
    const char *parts[] = {is_theirs ? bus->backend : bus->kind->folder,
                           is_theirs ? "" : write_number(digits, bus->number), "/", key};
    size_t len = 0;

    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t part_len = strlen(parts[i]);

        leat_assert(len + part_len < XEN_STORE_PATH_MAX); /* see KEY_MAX */
        memcpy(path + len, parts[i], part_len);
        len += part_len;
    }
    path[len] = '\0';
}

/* ---- asking ------------------------------------------------------------------------------- */

static void go_to(struct xen_bus *bus, enum xen_bus_phase phase, uint64_t again_ns)
{
    bus->phase = phase;
    bus->step = 0;
    bus->asked = false;
    bus->again_ns = again_ns;
    xen_store_release(bus->store, bus);
}

static void fail(struct xen_bus *bus, const char *why)
{
    go_to(bus, XEN_BUS_FAILED, UINT64_MAX);
    bus->why = why;
}

static void ask(struct xen_bus *bus, uint64_t now_ns, enum xen_store_type type, bool is_theirs,
                const char *key, const char *value)
{
    char path[XEN_STORE_PATH_MAX];

    make_path(bus, is_theirs, key, path);
    bus->asked_ns = now_ns;
    bus->asked_state = false;
    bus->asked = xen_store_ask(bus->store, bus, type, path, value);
    if (!bus->asked)
        bus->again_ns = now_ns + (bus->store->owner ? turn_ns : retry_ns);
}

static void write_state(struct xen_bus *bus, uint64_t now_ns, enum xen_bus_state state)
{
    char digits[DECIMAL_BYTES];

    ask(bus, now_ns, XEN_STORE_WRITE, false, "state", write_number(digits, state));
    bus->asked_state = bus->asked;
    if (bus->asked)
        bus->wrote_state = (uint8_t)state;
}

/* The state that ours must follow with while there is no connection; 0: none. A domain
 * that is still connected to an earlier driver is led down, and up again. */
static enum xen_bus_state reaction_to(const struct xen_bus *bus, uint32_t state)
{
    if (state == XEN_BUS_CONNECTED)
        return XEN_BUS_CLOSING;
    if (state == XEN_BUS_CLOSING)
        return XEN_BUS_CLOSED;
    if (state == XEN_BUS_CLOSED && bus->numbers[XEN_BUS_ONLINE] != 0)
        return XEN_BUS_INITIALISING;
    return 0;
}

/* The key that is read next. */
static const struct xen_reading *reading_of(const struct xen_bus *bus)
{
    return &(bus->phase == XEN_BUS_LEARNING ? bus->kind->facts : bus->kind->readings)[bus->step];
}

static void step_reading(struct xen_bus *bus, uint64_t now_ns, const char *value)
{
    const struct xen_reading *reading = reading_of(bus);
    enum xen_bus_state reaction = 0;
    enum xen_outcome outcome;
    uint32_t state;

    bus->asked = false;
    if (bus->asked_state) { /* it was written */
        go_to(bus, XEN_BUS_READING, now_ns + look_ns);
        return;
    }
    outcome = reading->take(bus, reading, value);
    if (outcome == XEN_FAIL) {
        fail(bus, bus->why);
    } else if (outcome == XEN_NEXT) {
        bus->step++;
        if (bus->phase == XEN_BUS_LEARNING && bus->step == bus->kind->fact_count)
            go_to(bus, XEN_BUS_UP, now_ns);
        else if (bus->phase == XEN_BUS_READING && bus->step == bus->kind->reading_count)
            go_to(bus, XEN_BUS_READY, UINT64_MAX);
    } else {
        if (xen_read_number(value, &state))
            reaction = reaction_to(bus, state);
        if (reaction != 0 && reaction != bus->wrote_state)
            write_state(bus, now_ns, reaction);
        else /* from the start: the tool stack may have changed or removed the interface */
            go_to(bus, XEN_BUS_READING, now_ns + look_ns);
    }
}

/* ---- what is written ---------------------------------------------------------------------- */

static void ask_key(struct xen_bus *bus, uint64_t now_ns, const char *name,
                    const struct xen_bus_key *key, const uint32_t *values)
{
    char digits[DECIMAL_BYTES];

    ask(bus, now_ns, XEN_STORE_WRITE, false, name,
        key->text ? key->text : write_number(digits, values[key->value]));
}

/* The keys of one ring lie with the others, those of several ones in a folder for each. */
static void ask_ring_key(struct xen_bus *bus, uint64_t now_ns)
{
    const uint32_t ring = bus->step / bus->kind->ring_key_count;
    const struct xen_bus_key *key = &bus->kind->ring_keys[bus->step % bus->kind->ring_key_count];
    char name[KEY_MAX] = "queue-0/";

    leat_assert(QUEUE_BYTES + strlen(key->name) < KEY_MAX);
    name[QUEUE_BYTES - 2] = (char)('0' + ring);
    memcpy(name + QUEUE_BYTES, key->name, strlen(key->name) + 1);
    ask_key(bus, now_ns, bus->ring_count > 1 ? name : key->name, key, bus->rings[ring]);
}

static void ask_write(struct xen_bus *bus, uint64_t now_ns)
{
    const uint32_t ring_keys = bus->ring_count * bus->kind->ring_key_count;
    const struct xen_bus_key *keys = bus->kind->keys;
    const uint32_t step = bus->step - ring_keys;

    /* The state is last, because the other domain reads the keys when it sees it. */
    if (bus->step < ring_keys)
        ask_ring_key(bus, now_ns);
    else if (step < bus->kind->key_count)
        ask_key(bus, now_ns, keys[step].name, &keys[step], bus->values);
    else
        write_state(bus, now_ns, XEN_BUS_CONNECTED);
}

static void step_writing(struct xen_bus *bus, uint64_t now_ns, const char *value)
{
    bus->asked = false;
    if (!value)
        fail(bus, "xenstore refuses the keys of the device");
    else if (bus->wrote_state == XEN_BUS_CONNECTED)
        go_to(bus, XEN_BUS_ANSWERING, now_ns);
    else
        bus->step++;
}

/* ---- states ------------------------------------------------------------------------------- */

/* True if the other domain has ended the connection. If it was connected and waits for a driver
 * now, it has begun again: a look that comes late finds only its last state. */
static bool has_ended(const struct xen_bus *bus, uint32_t state)
{
    const bool waits = state == XEN_BUS_INITIALISING || state == XEN_BUS_INIT_WAIT;

    return state == XEN_BUS_CLOSING || state == XEN_BUS_CLOSED ||
           (waits && bus->phase == XEN_BUS_UP);
}

/* The other domain's state is read: until it is connected, and then after each event of the
 * watch. */
static void step_state(struct xen_bus *bus, uint64_t now_ns, const char *value)
{
    uint32_t state = 0;

    bus->asked = false;
    xen_read_number(value, &state);
    if (!value || has_ended(bus, state))
        go_to(bus, XEN_BUS_DOWN, UINT64_MAX);
    else if (bus->phase == XEN_BUS_ANSWERING && state == XEN_BUS_CONNECTED)
        go_to(bus, bus->kind->fact_count > 0 ? XEN_BUS_LEARNING : XEN_BUS_UP, now_ns);
    else
        bus->again_ns = bus->watching              ? UINT64_MAX
                        : bus->phase == XEN_BUS_UP ? now_ns + retry_ns
                                                   : now_ns + look_ns;
}

/* The watch comes first, so that no change can be missed behind the first look. One that is refused
 * as a second one is there since an earlier connection. */
static void step_up(struct xen_bus *bus, uint64_t now_ns, const char *value)
{
    if (bus->step == 1) {
        step_state(bus, now_ns, value);
        return;
    }
    bus->asked = false;
    bus->watching = value || strcmp(bus->store->answer, "EEXIST") == 0;
    bus->step = 1;
}

static void step_ending(struct xen_bus *bus, uint64_t now_ns, const char *value)
{
    uint32_t state = 0;

    bus->asked = false;
    if (bus->wrote_state == XEN_BUS_CLOSED) {
        go_to(bus, XEN_BUS_ENDED, UINT64_MAX);
        return;
    }
    if (bus->step == 0) { /* our state was written */
        bus->step = 1;
        return;
    }
    xen_read_number(value, &state);
    if (!value || state == XEN_BUS_CLOSING || state == XEN_BUS_CLOSED)
        write_state(bus, now_ns, XEN_BUS_CLOSED);
    else
        bus->again_ns = now_ns + look_ns;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void ask_next(struct xen_bus *bus, uint64_t now_ns)
{
    const struct xen_reading *reading;

    if (bus->phase == XEN_BUS_READING || bus->phase == XEN_BUS_LEARNING) {
        reading = reading_of(bus);
        ask(bus, now_ns, XEN_STORE_READ, reading->is_theirs, reading->key, NULL);
    } else if (bus->phase == XEN_BUS_WRITING)
        ask_write(bus, now_ns);
    else if (bus->phase == XEN_BUS_UP && bus->step == 0)
        ask(bus, now_ns, XEN_STORE_WATCH, true, "state", "leat");
    else if (bus->phase == XEN_BUS_ENDING && bus->step == 0)
        write_state(bus, now_ns, XEN_BUS_CLOSING);
    else
        ask(bus, now_ns, XEN_STORE_READ, true, "state", NULL);
}

static void take_answer(struct xen_bus *bus, uint64_t now_ns, const char *value)
{
    xen_store_release(bus->store, bus);
    switch (bus->phase) {
    case XEN_BUS_READING:
    case XEN_BUS_LEARNING:
        step_reading(bus, now_ns, value);
        break;
    case XEN_BUS_WRITING:
        step_writing(bus, now_ns, value);
        break;
    case XEN_BUS_ANSWERING:
        step_state(bus, now_ns, value);
        break;
    case XEN_BUS_UP:
        step_up(bus, now_ns, value);
        break;
    case XEN_BUS_ENDING:
        step_ending(bus, now_ns, value);
        break;
    case XEN_BUS_READY:
    case XEN_BUS_DOWN:
    case XEN_BUS_ENDED:
    case XEN_BUS_FAILED:
        bus->asked = false;
        break;
    }
}

static bool is_at_rest(const struct xen_bus *bus)
{
    return bus->phase == XEN_BUS_READY || bus->phase == XEN_BUS_DOWN ||
           bus->phase == XEN_BUS_ENDED || bus->phase == XEN_BUS_FAILED;
}

/* True if an event of the watch has come since the last look.  One that comes while an answer is
 * awaited waits too, because that answer may be older than the event. */
static bool was_told(const struct xen_bus *bus)
{
    return bus->phase == XEN_BUS_UP && !bus->asked && bus->watch_events != bus->store->watch_events;
}

void xen_bus_step(struct xen_bus *bus, uint64_t now_ns)
{
    for (unsigned i = 0; i < STEPS_MAX && !is_at_rest(bus); i++) {
        const enum xen_store_state state = xen_store_poll(bus->store);

        if (bus->store->broken && bus->phase != XEN_BUS_UP) {
            fail(bus, "xenstore broke the rules of its ring");
            return;
        }
        if (was_told(bus)) {
            bus->watch_events = bus->store->watch_events;
            bus->again_ns = now_ns;
        }
        if (!bus->asked) {
            if (now_ns < bus->again_ns)
                return;
            bus->again_ns = now_ns;
            ask_next(bus, now_ns);
        } else if (state == XEN_STORE_ASKED) {
            if (now_ns - bus->asked_ns < answer_ns)
                return;
            bus->asked = false; /* given up: the same again, later */
            bus->again_ns = now_ns + retry_ns;
            xen_store_release(bus->store, bus);
        } else {
            take_answer(bus, now_ns, state == XEN_STORE_ANSWERED ? bus->store->answer : NULL);
        }
    }
}

uint64_t xen_bus_due_ns(const struct xen_bus *bus)
{
    if (is_at_rest(bus) || bus->store->broken)
        return UINT64_MAX;
    /* another driver's look may have taken the answer out of the ring */
    if (was_told(bus) || (bus->asked && bus->store->state != XEN_STORE_ASKED))
        return 0;
    return bus->asked ? bus->asked_ns + answer_ns : bus->again_ns;
}

void xen_bus_open(struct xen_bus *bus, const struct xen_bus_kind *kind, struct xen_store *store,
                  unsigned number)
{
    *bus = (struct xen_bus){.kind = kind, .store = store, .number = number};
    go_to(bus, XEN_BUS_READING, 0);
}

void xen_bus_connect(struct xen_bus *bus)
{
    leat_assert(bus->phase == XEN_BUS_READY);
    bus->wrote_state = 0;
    go_to(bus, XEN_BUS_WRITING, 0);
}

void xen_bus_again(struct xen_bus *bus, uint64_t now_ns)
{
    leat_assert(bus->phase == XEN_BUS_DOWN || bus->phase == XEN_BUS_ENDED);
    bus->wrote_state = 0;
    bus->watching = false;
    go_to(bus, XEN_BUS_READING, now_ns);
}

void xen_bus_close(struct xen_bus *bus, uint64_t now_ns)
{
    bus->wrote_state = 0;
    go_to(bus, XEN_BUS_ENDING, now_ns);
}

bool xen_bus_run(struct xen_bus *bus, struct xen_machine *machine, enum xen_bus_phase phase,
                 uint64_t most_ns, bool (*serve)(void *arg, uint64_t now_ns), void *arg)
{
    uint64_t now_ns = machine->ops->now_ns(machine);
    const uint64_t end_ns = now_ns + most_ns;

    while (bus->phase != phase && now_ns < end_ns && serve(arg, now_ns)) {
        const uint64_t due_ns = xen_bus_due_ns(bus);

        if (bus->phase != phase && due_ns > now_ns)
            machine->ops->wait(machine, due_ns < end_ns ? due_ns : end_ns);
        now_ns = machine->ops->now_ns(machine);
    }
    return bus->phase == phase;
}
