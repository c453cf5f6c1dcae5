/* serial.c -- the console that the device tree names: a PL011 of Arm's, or a 16550. */
#include <stddef.h>

#include "cpu.h"
#include "machine.h"

enum {
    PL011_DATA = 0x00,
    PL011_FLAGS = 0x18,
    PL011_RECEIVE_EMPTY = 0x10, /* of the flags */
    PL011_TRANSMIT_FULL = 0x20,
    PL011_LINE_CONTROL = 0x2c,
    PL011_LINE_8_FIFO = 0x70,
    PL011_CONTROL = 0x30,
    PL011_ON = 0x301, /* with both directions */
    PL011_INTERRUPT_MASK = 0x38,
    PL011_INTERRUPT_RECEIVED = 0x50 /* data, and data that has waited */
};

enum { /* registers of a 16550 */
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
    UART_RECEIVED = 0x01, /* of the line status */
    UART_TRANSMIT_EMPTY = 0x20
};

enum {
    NOTHING = 256, /* more than any byte */
    END_OF_TRANSMISSION = 4,
    SPINS_MAX = 1 << 20,
    READ_MAX = 64
};

static uintptr_t port; /* 0: there is no console */
static bool is_pl011;
static uint32_t shift;
static bool ended;

static uint8_t uart_read(uint32_t reg)
{
    return mmio_read8(port + ((uintptr_t)reg << shift));
}

static void uart_write(uint32_t reg, uint8_t value)
{
    mmio_write8(port + ((uintptr_t)reg << shift), value);
}

static bool is_full(void)
{
    if (is_pl011)
        return mmio_read32(port + PL011_FLAGS) & PL011_TRANSMIT_FULL;
    return !(uart_read(UART_LINE_STATUS) & UART_TRANSMIT_EMPTY);
}

static unsigned take_byte(void)
{
    if (is_pl011)
        return mmio_read32(port + PL011_FLAGS) & PL011_RECEIVE_EMPTY
                   ? NOTHING
                   : mmio_read32(port + PL011_DATA) & 0xff;
    return uart_read(UART_LINE_STATUS) & UART_RECEIVED ? uart_read(UART_DATA) : NOTHING;
}

/* Notes whether Ctrl-D is among the bytes that have come. */
static void read_all(void)
{
    unsigned byte;

    for (unsigned i = 0; i < READ_MAX && port != 0 && (byte = take_byte()) != NOTHING; i++)
        ended |= byte == END_OF_TRANSMISSION;
}

static void interrupted(void *arg)
{
    (void)arg;
    read_all(); /* the line falls when the port is empty */
}

void serial_init(void)
{
    const struct tree *tree = machine_tree();

    if (tree->console.kind == TREE_NONE || !metal_map(tree->console.address))
        return;
    port = (uintptr_t)tree->console.address;
    is_pl011 = tree->console.kind == TREE_PL011;
    shift = tree->console.shift;
    if (is_pl011) {
        mmio_write32(port + PL011_LINE_CONTROL, PL011_LINE_8_FIFO);
        mmio_write32(port + PL011_CONTROL, PL011_ON);
        mmio_write32(port + PL011_INTERRUPT_MASK, PL011_INTERRUPT_RECEIVED);
    } else {
        uart_write(UART_LINE_CONTROL, 0x03); /* 8 bits, no parity, one stop bit */
        uart_write(UART_FIFO, 0x07);         /* on, empty */
        uart_write(UART_MODEM_CONTROL, 0x0b);
        uart_write(UART_INTERRUPT_ENABLE, 0x01); /* on received data */
    }
    if (tree->console.line != 0)
        leat_metal_route(tree->console.line, leat_metal_on_interrupt(interrupted, NULL));
}

static void write_byte(char c)
{
    /* A port that never empties must not stop the machine: then the byte is lost. */
    for (uint32_t i = 0; i < SPINS_MAX && is_full(); i++)
        continue;
    if (is_pl011)
        mmio_write32(port + PL011_DATA, (uint8_t)c);
    else
        uart_write(UART_DATA, (uint8_t)c);
}

void serial_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len && port != 0; i++) {
        if (text[i] == '\n')
            write_byte('\r');
        write_byte(text[i]);
    }
}

bool serial_take_end(void)
{
    bool taken;

    read_all();
    taken = ended;
    ended = false;
    return taken;
}
