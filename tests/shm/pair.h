/* pair.h -- two backends over the same memory. */
#ifndef SHM_PAIR_H
#define SHM_PAIR_H

#include <sys/socket.h>

#include "unit_pool.h"

#include <leat/shm.h>

#include "inside.h"

enum {
    BURST = 64
};

static const struct leat_mac mac = {{2, 0, 0, 0, 0, 1}};

static struct unit_pool unit;
static struct leat_shm *left, *right; /* left creates the memory */
static char why[LEAT_WHY_BYTES];

static inline void open_pair(uint16_t mtu, uint32_t buffers)
{
    struct leat_shm_config config = {.mtu = mtu, .mac = &mac};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    unit_pool_open(&unit, buffers, 2048, buffers, 4 * buffers);
    config.fd = ends[0];
    assert_int_equal(leat_shm_open(&left, &config, why), LEAT_OK);
    config.fd = ends[1];
    config.listen = true;
    assert_int_equal(leat_shm_open(&right, &config, why), LEAT_OK);
}

static inline void close_pair(void)
{
    leat_shm_close(left);
    leat_shm_close(right);
    unit_pool_close(&unit);
}

static inline uint32_t receive(struct leat_shm *shm, struct leat_buf **frames, uint32_t max)
{
    struct leat_netif *netif = leat_shm_netif(shm);

    return netif->ops->receive(netif, 0, &unit.pool, frames, max);
}

static inline uint32_t room(struct leat_shm *shm)
{
    struct leat_netif *netif = leat_shm_netif(shm);

    return netif->ops->transmit_room(netif);
}

static inline uint8_t byte_of(uint32_t len, uint32_t at)
{
    return (uint8_t)(len + at * 13 + (at >> 8));
}

/* A frame of @len bytes, with contents that identify it. */
static inline struct leat_buf *make_frame(uint32_t len)
{
    static uint8_t bytes[1 << 17];

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = byte_of(len, i);
    return leat_buf_copy(&unit.pool, bytes, len);
}

static inline void transmit(struct leat_shm *shm, struct leat_buf **frames, uint32_t count)
{
    struct leat_netif *netif = leat_shm_netif(shm);

    room(shm); /* as the stack does; the peer's progress is read there */
    netif->ops->transmit(netif, 0, frames, count);
}

static inline void send_one(struct leat_shm *shm, uint32_t len)
{
    struct leat_buf *frame = make_frame(len);

    assert_non_null(frame);
    transmit(shm, &frame, 1);
}

static inline void expect_bytes(struct leat_buf *frame, uint32_t len)
{
    static uint8_t bytes[1 << 17];

    assert_int_equal(leat_buf_total(frame), len);
    assert_true(frame->len >= (len < 134 ? len : 134));
    leat_buf_read(frame, 0, bytes, len);
    for (uint32_t i = 0; i < len; i++)
        if (bytes[i] != byte_of(len, i))
            fail_msg("frame of %u bytes: byte %u is wrong", len, i);
    leat_buf_free(frame);
}

static inline void expect_one(struct leat_shm *shm, uint32_t len)
{
    struct leat_buf *frames[BURST];

    assert_int_equal(receive(shm, frames, BURST), 1);
    expect_bytes(frames[0], len);
}

/* Both are connected and asleep. */
static inline void settle_pair(void)
{
    struct leat_buf *frames[BURST];

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(receive(right, frames, BURST), 0);
        assert_int_equal(receive(left, frames, BURST), 0);
    }
}

#endif
