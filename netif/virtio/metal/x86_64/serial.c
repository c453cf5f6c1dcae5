/* serial.c -- the console: the first serial port (a 16550) and a debug port, or Xen's. */
#include "cpu.h"
#include "xen_console.h"
#include "xen_guest.h"
#include "../metal.h"

enum {
    SERIAL_PIN = 4, /* of the I/O APIC: ISA's COM1 */
    SERIAL_DATA = 0x3f8,
    SERIAL_INTERRUPT_ENABLE = 0x3f9,
    SERIAL_FIFO = 0x3fa,
    SERIAL_LINE_CONTROL = 0x3fb,
    SERIAL_MODEM_CONTROL = 0x3fc,
    SERIAL_LINE_STATUS = 0x3fd,
    RECEIVED = 0x01, /* of the line status */
    TRANSMIT_EMPTY = 0x20,
    NO_PORT = 0xff,
    END_OF_TRANSMISSION = 4,
    SPINS_MAX = 1 << 20,
    READ_MAX = 64
};

static bool has_debug_port; /* a hypervisor's debug console, beside the serial port */

void serial_init(void)
{
    if (xen_guest()) {
        xen_console_init();
        xen_events_init(); /* one of them says that something was typed */
        return;
    }
    has_debug_port = in8(DEBUG_PORT) == DEBUG_PORT; /* one that is there reads as its number */
    out8(SERIAL_LINE_CONTROL, 0x03);                /* 8 bits, no parity, one stop bit */
    out8(SERIAL_FIFO, 0x07);                        /* on, empty */
    out8(SERIAL_MODEM_CONTROL, 0x0b);               /* ready; OUT2 lets interrupts through */
    out8(SERIAL_INTERRUPT_ENABLE, 0x01);            /* on received data, which ends the wait */
    leat_metal_route(SERIAL_PIN, leat_metal_on_interrupt(NULL, NULL));
}

static void write_byte(char c)
{
    for (uint32_t i = 0; i < SPINS_MAX; i++) {
        if (in8(SERIAL_LINE_STATUS) & TRANSMIT_EMPTY)
            break;
    }
    out8(SERIAL_DATA, (uint8_t)c);
}

void serial_write(const char *text, size_t len)
{
    if (xen_guest()) { /* its terminal adds the carriage returns itself */
        xen_console_write(text, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (has_debug_port)
            out8(DEBUG_PORT, (uint8_t)text[i]);
        if (text[i] == '\n')
            write_byte('\r');
        write_byte(text[i]);
    }
}

bool serial_take_end(void)
{
    if (xen_guest())
        return xen_console_take_end();
    for (unsigned i = 0; i < READ_MAX; i++) {
        const uint8_t status = in8(SERIAL_LINE_STATUS);

        /* Without a port all bits are ones, and would look like received data for ever. */
        if (status == NO_PORT || !(status & RECEIVED))
            break;
        if (in8(SERIAL_DATA) == END_OF_TRANSMISSION)
            return true;
    }
    return false;
}
