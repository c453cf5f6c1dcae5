/*
 * handlers.c -- the handlers of interrupts, by vector.
 *
 * A device registers its handler before its interrupt is routed, and gets a vector, from 1 on. 0
 * means that there is none left: the device is polled then. Handlers run within interrupts_wait()
 * only, so they need no lock.
 */
#include "metal.h"

struct handler {
    void (*run)(void *arg);
    void *arg;
};

static struct handler handlers[METAL_VECTORS];
static uint8_t handler_count;

uint8_t leat_metal_on_interrupt(void (*handler)(void *arg), void *arg)
{
    if (handler_count == METAL_VECTORS)
        return 0;
    handlers[handler_count++] = (struct handler){handler, arg};
    return handler_count;
}

void handlers_run(uint8_t vector)
{
    /* MSI-X and the serial port need no handler: the interrupt has ended the wait, and that is
     * all. */
    if (vector >= 1 && vector <= handler_count && handlers[vector - 1].run)
        handlers[vector - 1].run(handlers[vector - 1].arg);
}
