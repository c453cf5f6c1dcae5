/* host.h -- the services that the loop needs from its machine. */
#ifndef LEAT_HOST_H
#define LEAT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat;

/** A machine: POSIX, a hypervisor's guest, or a test's virtual clock. */
struct leat_host {
    /** Nanoseconds since any fixed moment; never goes back. */
    uint64_t (*now_ns)(struct leat_host *host);

    /**
     * Returns when a device has input or @p deadline_ns has come, whichever is first; may return
     * early.  False: the program shall end (a signal, end of input).  It is called again then,
     * while connections end.
     */
    bool (*wait)(struct leat_host *host, uint64_t deadline_ns);

    /** Fills @p bytes with unpredictable bytes.  After an error the program must not start. */
    enum leat_err (*entropy)(struct leat_host *host, void *bytes, size_t len);

    /** Writes @p len bytes of text for a human. */
    void (*console)(struct leat_host *host, const char *text, size_t len);

    /**
     * Civil time in nanoseconds since 1970-01-01 00:00 UTC; 0: unknown.  It is only as right as the
     * host's clock was set.  NULL: the host has no such clock.
     */
    uint64_t (*civil_ns)(struct leat_host *host);
};

/**
 * Polls the stack and waits, until leat_stop(); returns its status.  When host->wait() returns
 * false it calls leat_end(): servers finish their work first, and after a second false the loop
 * ends at once (leat/life.h).  A wait() that has called leat_stop() ends the loop by returning
 * false.
 */
int leat_run(struct leat *stack, struct leat_host *host);

/**
 * Called when an assertion of leat fails, in line @p line of its source @p file.  Only an error of
 * the program or of leat itself can cause that.  It must not return, nor call the stack.  leat's
 * default traps; the one in leat-posix first writes the place to the standard error.  A program may
 * define this function to say more and to dump its flight recorder, as main/bare/bare_main.c
 * does.
 */
__attribute__((noreturn)) void leat_assert_failed(const char *file, unsigned line);

#ifdef __cplusplus
}
#endif
#endif
