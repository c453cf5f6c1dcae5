/* boot.c -- the vectors of a Cortex-M3, and what precedes main(). */
#include <stdint.h>
#include <string.h>

#include "board.h"

enum {
    VECTORS = 16, /* those of the processor; interrupts stay masked, so they have none */
    STACK_MARK = 0x5a
};

/* image.ld */
extern uint8_t image_data_from[], image_data[], image_data_end[], image_bss[], image_bss_end[];
extern uint8_t image_stack[], image_stack_top[];

int main(void);

/* The stack isn't cleared: this function uses it. Its bytes are marked up to that. */
static __attribute__((noinline)) void mark_stack(void)
{
    uint8_t *const here = __builtin_frame_address(0);

    for (volatile uint8_t *at = image_stack; at < here - 64; at++)
        *at = STACK_MARK;
}

void board_reset(void)
{
    __asm__ volatile("cpsid i");
    memcpy(image_data, image_data_from, (size_t)(image_data_end - image_data));
    memset(image_bss, 0, (size_t)(image_bss_end - image_bss));
    mark_stack();
    board_end(main());
}

static _Noreturn void fault(void)
{
    board_say("the processor has found a fault\n");
    board_end(125);
}

/* Armv7-M B1.5.2: the stack, then reset, NMI, faults */
__attribute__((used, section(".vectors"))) static const struct {
    void *stack;
    void (*handlers[VECTORS - 1])(void);
} vectors = {image_stack_top,
             {board_reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
              fault, fault, fault, fault}};
