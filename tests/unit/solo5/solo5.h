/* solo5.h -- the part of Solo5's interface that netif/solo5 uses, for a test that acts as the
 * tender. */
#ifndef SOLO5_H
#define SOLO5_H

#include <stddef.h>
#include <stdint.h>

enum {
    SOLO5_NET_ALEN = 6
};

typedef enum {
    SOLO5_R_OK,
    SOLO5_R_AGAIN,
    SOLO5_R_EINVAL,
    SOLO5_R_EUNSPEC
} solo5_result_t;

typedef uint64_t solo5_time_t;
typedef uint64_t solo5_handle_t;
typedef uint64_t solo5_handle_set_t;
typedef uint64_t solo5_off_t;

struct solo5_start_info {
    const char *cmdline;
    uintptr_t heap_start;
    size_t heap_size;
};

struct solo5_net_info {
    uint8_t mac_address[SOLO5_NET_ALEN];
    size_t mtu;
};

struct solo5_block_info {
    solo5_off_t capacity;
    solo5_off_t block_size;
};

solo5_time_t solo5_clock_monotonic(void);
solo5_time_t solo5_clock_wall(void);
solo5_result_t solo5_set_tls_base(uintptr_t base);
void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready);
void solo5_exit(int status) __attribute__((noreturn));
void solo5_abort(void) __attribute__((noreturn));
void solo5_console_write(const char *text, size_t len);
solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle,
                                 struct solo5_net_info *info);
solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *bytes, size_t len);
solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *bytes, size_t room, size_t *len);
solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle,
                                   struct solo5_block_info *info);
solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *bytes,
                                 size_t len);
solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *bytes,
                                size_t len);

#endif
