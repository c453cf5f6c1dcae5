/* host.h -- what a loop asks of the machine it runs on. */
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
     * early.  False: the program shall end (a signal, end of input).
     */
    bool (*wait)(struct leat_host *host, uint64_t deadline_ns);

    /** Fills @p bytes with unpredictable bytes; an error means: do not start. */
    enum leat_err (*entropy)(struct leat_host *host, void *bytes, size_t len);

    /** Writes @p len bytes of text for a human. */
    void (*console)(struct leat_host *host, const char *text, size_t len);

    /**
     * What its clock for people says, nanoseconds since 1970-01-01 00:00 UTC; 0: it doesn't know.
     * Whoever set that clock may have been wrong.  NULL: it has none.
     */
    uint64_t (*civil_ns)(struct leat_host *host);
};

/** Polls the stack and waits, until host->wait() says that it is over. */
void leat_run(struct leat *stack, struct leat_host *host);

/**
 * Called when an assertion of leat fails, which only an error of the program or of leat itself can
 * make: in line @p line of its source @p file.  It must not return, nor call the stack.  leat's own
 * traps; that of leat-posix says where first, on the standard error.  A program that defines one,
 * with this name, can say more and dump its flight recorder (examples/bare/bare_main.c does).
 */
__attribute__((noreturn)) void leat_assert_failed(const char *file, unsigned line);

#ifdef __cplusplus
}
#endif
#endif
