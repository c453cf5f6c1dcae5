/*
 * processors.c -- leat_host for each processor beside the first one.
 *
 * The processors share the memory and the clock.  The devices belong to the first one: it starts
 * the others, reads the console and the power button, and tells the others of an end.  A processor
 * only writes words of its own in struct processor, and the first one only `run` and `arg`, before
 * the start.
 */
#include "processors.h"

#include <leat/assert.h>

#include "metal.h"

struct processor {
    struct leat_host host; /* first: its functions get this address */
    void (*run)(struct leat_host *host, void *arg);
    void *arg;
    uint32_t ends_heard; /* of end_requests */
    bool started;
    bool ended; /* run() has returned: the first processor reads it */
};

static struct processor processors[LEAT_METAL_PROCESSORS_MAX];
static uint32_t end_requests;
static uint64_t civil_start_ns; /* civil time when the clock was 0; 0: unknown */

static uint64_t processor_now_ns(struct leat_host *host)
{
    (void)host;
    return clock_ns();
}

static bool processor_wait(struct leat_host *host, uint64_t deadline_ns)
{
    struct processor *processor = (struct processor *)host; /* its first member */

    if (__atomic_load_n(&end_requests, __ATOMIC_ACQUIRE) == processor->ends_heard)
        metal_sleep_until(deadline_ns);
    /* A request between the two looks interrupts the sleep, or keeps it from beginning. */
    if (__atomic_load_n(&end_requests, __ATOMIC_ACQUIRE) == processor->ends_heard)
        return true;
    processor->ends_heard++;
    return false;
}

/* By the processor itself: a device for entropy serves the first processor. */
static enum leat_err processor_entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    return entropy_from_cpu(bytes, len) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

static void processor_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    metal_console(text, len);
}

/* The real-time clock's two ports serve the first processor, which has read it once. */
static uint64_t processor_civil_ns(struct leat_host *host)
{
    (void)host;
    return civil_start_ns ? civil_start_ns + clock_ns() : 0;
}

unsigned leat_metal_processors(void)
{
    return processors_count();
}

bool leat_metal_start_processor(struct leat_metal *metal, unsigned number,
                                void (*run)(struct leat_host *host, void *arg), void *arg)
{
    struct processor *processor;
    void *memory;

    if (number == 0 || number >= processors_count() || processors[number].started)
        return false;
    processor = &processors[number];
    memory = leat_metal_take(metal, processor_bytes());
    if (!memory)
        return false;
    if (civil_start_ns == 0) {
        const uint64_t civil_ns = rtc_civil_ns();

        civil_start_ns = civil_ns ? civil_ns - clock_ns() : 0;
    }
    *processor = (struct processor){.host = {.now_ns = processor_now_ns,
                                             .wait = processor_wait,
                                             .entropy = processor_entropy,
                                             .console = processor_console,
                                             .civil_ns = processor_civil_ns},
                                    .run = run,
                                    .arg = arg,
                                    .ends_heard = end_requests};
    processor->started = processor_start(number, memory);
    return processor->started;
}

void processors_run(unsigned number)
{
    struct processor *processor = &processors[number];

    leat_assert(processor->run != NULL);
    processor->run(&processor->host, processor->arg);
    __atomic_store_n(&processor->ended, true, __ATOMIC_RELEASE);
    leat_metal_wake(0);
}

bool leat_metal_processor_ended(unsigned number)
{
    return number < LEAT_METAL_PROCESSORS_MAX &&
           __atomic_load_n(&processors[number].ended, __ATOMIC_ACQUIRE);
}

void leat_metal_wake(unsigned number)
{
    if (number < processors_count())
        processor_interrupt(number);
}

void processors_ask_end(void)
{
    __atomic_store_n(&end_requests, end_requests + 1, __ATOMIC_RELEASE);
    for (unsigned i = 1; i < LEAT_METAL_PROCESSORS_MAX; i++) {
        if (processors[i].started)
            processor_interrupt(i);
    }
}
