/*
 * board.c -- the board MPS2 with a Cortex-M3: clock, wait, entropy, serial port, end.
 *
 * Interrupts stay masked for ever (PRIMASK), so there is no handler, and nothing runs beside the
 * stack. WFI wakes up for a masked interrupt all the same: of the Ethernet controller, of the
 * serial port, or of SysTick, which counts down to the deadline. The clock is a timer of 32 bits
 * that runs freely at 25 MHz; it wraps after 171 s, and each wait ends earlier.
 *
 * The board has no generator of random numbers. The program asks the debugger for them, which QEMU
 * is here (semihosting). A product needs a generator of its own.
 */
#include "board.h"

#include <string.h>

#include "semihosting.h"

enum {
    NS_PER_TICK = 40,       /* 25 MHz */
    SYSTICK_MAX = 0xffffff, /* ticks: 0.67 s */
    IRQ_SERIAL = 0,         /* received by UART 0 */
    IRQ_ETHERNET = 13,
    END_OF_TRANSMISSION = 4, /* Ctrl-D on the serial port ends the program */
    STACK_MARK = 0x5a        /* what unused bytes of the stack have */
};

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* CMSDK's UART, and half of its dual timer (Arm DDI 0479) */
#define UART_DATA         REGISTER(0x40004000)
#define UART_STATE        REGISTER(0x40004004)
#define UART_CONTROL      REGISTER(0x40004008)
#define UART_INTERRUPT    REGISTER(0x4000400c)
#define UART_DIVIDER      REGISTER(0x40004010)
#define UART_TX_FULL      1u
#define UART_RX_FULL      2u
#define UART_RX_INTERRUPT 2u
#define UART_ENABLE       (1u | 2u | 8u) /* both directions, and the interrupt for a byte */
#define TIMER_VALUE       REGISTER(0x40002004)
#define TIMER_CONTROL     REGISTER(0x40002008)
#define TIMER_ENABLE      (1u << 7 | 1u << 1) /* freely, 32 bits */

/* the processor's own (Armv7-M B3.2, B3.3, B3.4) */
#define SYST_CONTROL          REGISTER(0xe000e010)
#define SYST_RELOAD           REGISTER(0xe000e014)
#define SYST_VALUE            REGISTER(0xe000e018)
#define SYST_ENABLE           7u /* by the processor's clock, with its interrupt */
#define NVIC_ENABLE           REGISTER(0xe000e100)
#define NVIC_NOT_PENDING      REGISTER(0xe000e280)
#define ICSR                  REGISTER(0xe000ed04)
#define ICSR_SYST_NOT_PENDING (1u << 25)

#define ETHERNET ((volatile uint32_t *)0x40200000)

/* image.ld */
extern uint8_t image_free[], image_stack[], image_stack_top[];

static struct {
    struct leat_host host;
    uint64_t ticks;
    uint32_t last; /* of the timer */
    char command_line[BOARD_COMMAND_LINE_BYTES];
} board;

/* ---- the host ----------------------------------------------------------------------------- */

static uint64_t now_ns(struct leat_host *host)
{
    const uint32_t up = ~TIMER_VALUE; /* it counts down */

    (void)host;
    board.ticks += up - board.last;
    board.last = up;
    return board.ticks * NS_PER_TICK;
}

/* True once Ctrl-D has come. */
static bool shall_end(void)
{
    if (!(UART_STATE & UART_RX_FULL))
        return false;
    UART_INTERRUPT = UART_RX_INTERRUPT;
    return (UART_DATA & 0xff) == END_OF_TRANSMISSION;
}

static bool wait(struct leat_host *host, uint64_t deadline_ns)
{
    const uint64_t from_ns = now_ns(host);
    const uint64_t left_ns = deadline_ns > from_ns ? deadline_ns - from_ns : 0;
    const uint64_t ticks = left_ns / NS_PER_TICK;

    if (ticks > 0) {
        SYST_RELOAD = ticks < SYSTICK_MAX ? (uint32_t)ticks : SYSTICK_MAX;
        SYST_VALUE = 0;
        SYST_CONTROL = SYST_ENABLE;
        __asm__ volatile("dsb\n\twfi" ::: "memory");
        SYST_CONTROL = 0;
    }
    ICSR = ICSR_SYST_NOT_PENDING;
    NVIC_NOT_PENDING = 1u << IRQ_ETHERNET | 1u << IRQ_SERIAL; /* a line that is still up returns */
    return !shall_end();
}

static enum leat_err entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    return semihosting_random(bytes, len) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

static void console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    while (len-- > 0) {
        while (UART_STATE & UART_TX_FULL) {
        }
        UART_DATA = (uint8_t)*text++;
    }
}

static uint64_t civil_ns(struct leat_host *host)
{
    (void)host;
    return semihosting_civil_ns();
}

void board_say(const char *text)
{
    console(&board.host, text, strlen(text));
}

/* ---- memory ------------------------------------------------------------------------------- */

void *board_memory(size_t *bytes)
{
    *bytes = (size_t)(image_stack - image_free);
    return image_free;
}

size_t board_stack_bytes(void)
{
    const uint8_t *at = image_stack;

    while (at < image_stack_top && *at == STACK_MARK)
        at++;
    return (size_t)(image_stack_top - at);
}

/* ---- begin and end ------------------------------------------------------------------------ */

struct leat_host *board_start(void)
{
    UART_DIVIDER = 217; /* 115,200 bit/s */
    UART_CONTROL = UART_ENABLE;
    TIMER_CONTROL = TIMER_ENABLE;
    board.last = ~TIMER_VALUE;
    board.host = (struct leat_host){.now_ns = now_ns,
                                    .wait = wait,
                                    .entropy = entropy,
                                    .console = console,
                                    .civil_ns = civil_ns};
    NVIC_ENABLE = 1u << IRQ_ETHERNET | 1u << IRQ_SERIAL;
    return &board.host;
}

char *board_command_line(void)
{
    return semihosting_command_line(board.command_line, sizeof board.command_line)
               ? board.command_line
               : NULL;
}

void board_end(int status)
{
    semihosting_exit(status);
}

/* An error of the program, or of leat itself. */
void leat_assert_failed(const char *file, unsigned line)
{
    char digits[] = "     \n";

    for (unsigned i = 5; i-- > 0 && line > 0; line /= 10)
        digits[i] = (char)('0' + line % 10);
    board_say("an assertion failed: ");
    board_say(file);
    board_say(digits);
    board_end(125);
}

/* ---- Ethernet ----------------------------------------------------------------------------- */

uint32_t board_read(void *bus, uint32_t at)
{
    (void)bus;
    return ETHERNET[at / 4];
}

void board_write(void *bus, uint32_t at, uint32_t value)
{
    (void)bus;
    ETHERNET[at / 4] = value;
}
