/* device.c -- a device with faults. */
#include "device.h"

#include "attack.h"
#include "sim.h"

/* ---- times -------------------------------------------------------------------------------- */

/* The start of the window in the period of @now_ns. Its position differs from period to period,
 * because a timer of the same period would otherwise meet it always or never. */
static uint64_t window_begin_ns(const struct sim_window *window, uint64_t now_ns)
{
    const uint64_t period = window->every_ns > 0 ? (now_ns - window->at_ns) / window->every_ns : 0;
    struct sim_random random = {window->at_ns + period};
    const uint64_t slack_ns =
        window->every_ns > window->len_ns ? window->every_ns - window->len_ns : 0;

    return window->at_ns + period * window->every_ns + sim_random_between(&random, 0, slack_ns);
}

bool sim_window_is_open(const struct sim_window *window, uint64_t now_ns)
{
    uint64_t begin_ns;

    if (window->len_ns == 0 || now_ns < window->at_ns)
        return false;
    begin_ns = window_begin_ns(window, now_ns);
    return now_ns >= begin_ns && now_ns - begin_ns < window->len_ns;
}

uint64_t sim_window_end_ns(const struct sim_window *window, uint64_t now_ns)
{
    return window_begin_ns(window, now_ns) + window->len_ns;
}

static struct sim_window window_of(const uint64_t at_ms[2], const uint64_t ms[2],
                                   const uint64_t every_ms[2], unsigned end)
{
    return (struct sim_window){.at_ns = at_ms[end] * SIM_NS_PER_MS,
                               .len_ns = ms[end] * SIM_NS_PER_MS,
                               .every_ns = every_ms[end] * SIM_NS_PER_MS};
}

static struct sim_window stop_of(const struct sim_device *device)
{
    const struct sim_scenario *s = &device->sim->scenario;

    return window_of(s->stop_at_ms, s->stop_ms, s->stop_every_ms, device->end);
}

static bool is_down(const struct sim_device *device)
{
    const struct sim_scenario *s = &device->sim->scenario;
    const struct sim_window down =
        window_of(s->down_at_ms, s->down_ms, s->down_every_ms, device->end);

    return sim_window_is_open(&down, device->sim->now_ns);
}

struct sim_window sim_drought_window(const struct sim_scenario *s, unsigned end)
{
    return window_of(s->dry_at_ms, s->dry_ms, s->dry_every_ms, end);
}

/* Interrupts come at multiples of this. */
static uint64_t tick_ns(const struct sim_device *device)
{
    return device->sim->scenario.tick_us[device->end] * SIM_NS_PER_US;
}

static uint64_t last_tick_ns(const struct sim_device *device)
{
    const uint64_t now_ns = device->sim->now_ns;

    return tick_ns(device) > 0 ? now_ns - now_ns % tick_ns(device) : now_ns;
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Frames leave the ring one by one. */
static void ring_drain(struct sim_device *device)
{
    const uint64_t each_ns = device->sim->scenario.ring_us[device->end] * SIM_NS_PER_US;
    const uint64_t now_ns = device->sim->now_ns;

    while (device->ring_used > 0 && each_ns > 0 && device->ring_ns + each_ns <= now_ns) {
        device->ring_used--;
        device->ring_ns += each_ns;
    }
    if (device->ring_used == 0 || each_ns == 0)
        device->ring_ns = now_ns;
    if (each_ns == 0)
        device->ring_used = 0;
}

static uint32_t room(struct sim_device *device)
{
    const uint64_t ring = device->sim->scenario.ring_frames[device->end];
    const struct sim_window stop = stop_of(device);

    if (sim_window_is_open(&stop, device->sim->now_ns))
        return 0;
    if (ring == 0)
        return UINT32_MAX;
    ring_drain(device);
    return ring > device->ring_used ? (uint32_t)ring - device->ring_used : 0;
}

static uint32_t device_transmit_room(struct leat_netif *netif)
{
    struct sim_device *device = (struct sim_device *)(void *)netif;
    const uint32_t frames = room(device);

    device->refused += frames == 0;
    return frames;
}

static void device_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                            uint32_t frame_count)
{
    struct sim_device *device = (struct sim_device *)(void *)netif;

    (void)now_ns; /* the stack's clock; the wire's is the simulator's */
    if (frame_count > room(device))
        sim_fail(device->sim, "end %u: gave a device more frames than it takes", device->end);
    device->taken += frame_count;
    device->ring_used += frame_count;
    if (!is_down(device)) {
        device->wire->ops->transmit(device->wire, device->sim->now_ns, frames, frame_count);
        return;
    }
    device->lost_out += frame_count;
    for (uint32_t i = 0; i < frame_count; i++)
        leat_buf_free(frames[i]);
}

/* ---- receiving ---------------------------------------------------------------------------- */

static bool has_arrived(const struct sim_device *device)
{
    const uint64_t now_ns = device->sim->now_ns;

    return device->wire->ops->next_look_ns(device->wire, 0) <= now_ns;
}

/* Frames from the wire, unless they are lost at the device. */
static uint32_t from_wire(struct sim_device *device, struct leat_pool *pool,
                          struct leat_buf **frames, uint32_t frames_max)
{
    const uint32_t count =
        device->wire->ops->receive(device->wire, last_tick_ns(device), pool, frames, frames_max);

    if (!is_down(device))
        return count;
    device->lost_in += count;
    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(frames[i]);
    return 0;
}

static uint32_t from_attackers(struct sim_device *device, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    uint8_t bytes[SIM_ATTACK_BYTES];
    uint32_t count = 0;

    while (count < frames_max && device->attack_ns <= device->sim->now_ns) {
        const uint32_t len = sim_attack(&device->sim->ends[device->end], bytes);

        device->attack_ns = sim_attack_next_ns(&device->sim->ends[device->end]);
        frames[count] = leat_buf_copy(pool, bytes, len);
        if (frames[count]) /* else the device dropped it for lack of a buffer */
            count++;
    }
    device->injected += count;
    return count;
}

static uint32_t device_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                               struct leat_buf **frames, uint32_t frames_max)
{
    struct sim_device *device = (struct sim_device *)(void *)netif;
    const struct sim_window stop = stop_of(device);
    uint32_t count;

    (void)now_ns;
    if (sim_window_is_open(&stop, device->sim->now_ns)) {
        device->withheld += has_arrived(device);
        return 0;
    }
    count = from_attackers(device, pool, frames, frames_max);
    count += from_wire(device, pool, frames + count, frames_max - count);
    device->withheld += count == 0 && tick_ns(device) > 0 && has_arrived(device);
    device->given += count;
    return count;
}

uint64_t sim_device_wake_ns(struct sim_device *device)
{
    const struct sim_window stop = stop_of(device);
    const uint64_t now_ns = device->sim->now_ns;
    const uint64_t tick = tick_ns(device);
    uint64_t at_ns = device->wire->ops->next_look_ns(device->wire, 0);

    if (at_ns != LEAT_NEVER_NS && tick > 0)
        at_ns = (at_ns + tick - 1) / tick * tick;
    if (device->attack_ns < at_ns)
        at_ns = device->attack_ns;
    if (at_ns < now_ns)
        at_ns = now_ns;
    return sim_window_is_open(&stop, now_ns) ? sim_window_end_ns(&stop, now_ns) : at_ns;
}

/* No interrupt reports room in the ring: a stack that waits for it must poll. */
uint64_t sim_device_look_ns(struct sim_device *device)
{
    const struct sim_window stop = stop_of(device);
    uint64_t at_ns = sim_device_wake_ns(device);

    if (!sim_window_is_open(&stop, device->sim->now_ns) && room(device) == 0) {
        const uint64_t room_ns =
            device->ring_ns + device->sim->scenario.ring_us[device->end] * SIM_NS_PER_US;

        at_ns = room_ns < at_ns ? room_ns : at_ns;
    }
    return at_ns;
}

/* In the stack's own clock. */
static uint64_t device_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct sim_device *device = (struct sim_device *)(void *)netif;
    const uint64_t at_ns = sim_device_look_ns(device);

    return at_ns == LEAT_NEVER_NS ? at_ns : now_ns + (at_ns - device->sim->now_ns);
}

static void device_close(struct leat_netif *netif)
{
    struct sim_device *device = (struct sim_device *)(void *)netif;

    device->wire->ops->close(device->wire);
}

static const struct leat_netif_ops device_ops = {
    .receive = device_receive,
    .transmit_room = device_transmit_room,
    .transmit = device_transmit,
    .next_look_ns = device_next_look_ns,
    .close = device_close,
};

void sim_device_init(struct sim_device *device, struct sim *sim, unsigned end)
{
    device->wire = leat_link_end(sim->link, (int)end);
    device->netif = *device->wire;
    device->netif.ops = &device_ops;
    device->netif.name = "device";
    device->sim = sim;
    device->end = end;
    device->attack_ns = sim_attack_next_ns(&sim->ends[end]);
}
