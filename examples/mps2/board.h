/*
 * board.h -- Arm's board MPS2 with a Cortex-M3 (AN385), which QEMU has as mps2-an385: a leat_host,
 * and the registers of its Ethernet controller.
 *
 * A port to another board is a copy of board.c: a clock that never goes back, a wait for an
 * interrupt, bytes from a generator, a line of text, and the bus of the controller.
 */
#ifndef MPS2_BOARD_H
#define MPS2_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include <leat/host.h>

enum {
    BOARD_COMMAND_LINE_BYTES = 256 /* with the path of the image */
};

/* Where the processor begins. */
_Noreturn void board_reset(void);

/* Starts the serial port, the clock and the interrupts. */
struct leat_host *board_start(void);

/* The memory between the program's data and its stack. */
void *board_memory(size_t *bytes);

/* The most bytes of the stack that have been in use. */
size_t board_stack_bytes(void);

/* The debugger's command line, to be cut into words, of which the first is the image's path. NULL:
 * it has BOARD_COMMAND_LINE_BYTES or more. */
char *board_command_line(void);

/* Registers of the LAN9118, for struct leat_lan9118_config. */
uint32_t board_read(void *bus, uint32_t at);
void board_write(void *bus, uint32_t at, uint32_t value);

/* Writes text to the serial port. */
void board_say(const char *text);

/* Ends the machine: QEMU ends with @status. */
_Noreturn void board_end(int status);

#endif
