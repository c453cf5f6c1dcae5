/* pci_bus.h -- functions on PCI: their configuration, base addresses and interrupts, for drivers.
 */
#ifndef PCI_BUS_H
#define PCI_BUS_H

#include <stdbool.h>
#include <stdint.h>

/* --- the common part (pci_bus.c) -------------------------------------------------------------- */

/* A function that was found. */
struct pci_function {
    uint16_t at;    /* bus << 8 | device << 3 | function */
    uint32_t id;    /* vendor, and the device in the upper half */
    unsigned buses; /* to be searched; 0: not known yet */
    uint64_t next;  /* where the next base address may be assigned that firmware has left at 0 */
    uint64_t end;   /* behind the last one */
    uint8_t vector; /* of its messages, 0: it sends none */
};

enum {
    PCI_CAPABILITY_VENDOR = 0x09
};

/* Goes to the next function after *@function, from bus 0 on and behind bridges; begin with a zeroed
 * struct. False: there is none. */
bool pci_next(struct pci_function *function);

uint32_t pci_read(const struct pci_function *function, uint32_t at);
void pci_write(const struct pci_function *function, uint32_t at, uint32_t value);
uint8_t pci_read8(const struct pci_function *function, uint32_t at);

/* The offset of the next capability with this id behind @after (0: the first); 0: there is none. */
uint32_t pci_capability(const struct pci_function *function, uint8_t id, uint32_t after);

/* The bridge in front of @function's bus; false: it is on bus 0. */
bool pci_bridge_of(const struct pci_function *function, struct pci_function *bridge);

/* The address behind a memory base address register, assigned if it has none. 0: it is not usable.
 */
uintptr_t pci_bar(struct pci_function *function, unsigned bar);

/* Lets the device answer and read memory. */
void pci_enable(const struct pci_function *function);

/* Has the device's first MSI-X vector end the wait. False: it has no MSI-X, or the machine takes no
 * such messages. */
bool pci_use_msix(struct pci_function *function);

/* After that: has further MSI-X vectors, 1 and so on, end the wait of the processors with these
 * numbers, up to @processors in all.  Returns for how many processors there are vectors. */
unsigned pci_spread_msix(struct pci_function *function, unsigned processors);

/* Has the device's interrupt pin call @handler, which acknowledges it. False: it isn't known where
 * the pin leads. */
bool pci_use_pin(const struct pci_function *function, void (*handler)(void *arg), void *arg);

/* --- pci_unplug.c ----------------------------------------------------------------------------- */

/* True once @function has been taken out of the machine.  If the host asks for it, it is given back
 * first: by the slot of PCI Express, or by pci_give_back(). */
bool pci_unplugged(const struct pci_function *function);

/* --- what an architecture defines ------------------------------------------------------------- */

/* Buses that the configuration space has, 0: there is no PCI. */
unsigned pci_bus_count(void);
uint32_t pci_config_read(uint16_t function, uint32_t at);
void pci_config_write(uint16_t function, uint32_t at, uint32_t value);

/* Gives @function back to the host if that asks for it by the firmware's registers.  Nothing, where
 * there are none. */
void pci_give_back(const struct pci_function *function);

/* A piece of address space for the base addresses of the function; 0 to 0: there is none. */
void pci_space(uint16_t function, uint64_t *start, uint64_t *end);

/* The message of MSI that runs the handler of @vector on @processor. False: the machine takes none.
 */
bool pci_message(unsigned processor, uint8_t vector, uint64_t *address, uint32_t *data);

/* The line of the function's interrupt pin (1: A), for leat_metal_route(). False: it isn't known.
 */
bool pci_pin_line(uint16_t function, uint8_t pin, uint32_t *line);

#endif
