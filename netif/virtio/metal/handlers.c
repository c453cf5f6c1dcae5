/* handlers.c -- the handlers of interrupts, by vector. */
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
    if (vector >= 1 && vector <= handler_count && handlers[vector - 1].run)
        handlers[vector - 1].run(handlers[vector - 1].arg);
}
