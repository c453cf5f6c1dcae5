/* acpi.h -- the little of ACPI that a program without devices of its own needs: power-off, the
 * power button, the processors, and the id that changes when the machine is copied. */
#ifndef ACPI_H
#define ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ACPI_PROCESSORS_MAX = 64
};

/* Fields of the fixed ACPI description table (FADT), and of others; 0: not there. */
struct acpi {
    uint16_t status_port;                  /* PM1 event block: the status register, */
    uint16_t enable_port;                  /* and the enable register behind it */
    uint16_t control_port, control_port_b; /* PM1 control blocks */
    uint16_t command_port;                 /* where enable_value turns ACPI on */
    uint8_t enable_value;
    bool reduced; /* a machine without all these, which has only: */
    uint16_t sleep_port;
    bool has_sleep_type;
    uint8_t sleep_type, sleep_type_b; /* of S5 */
    uint64_t generation;              /* the address of the machine's generation id; 0: none */
    uint8_t processor_count;          /* that can be used */
    uint8_t processors[ACPI_PROCESSORS_MAX]; /* the ids of their local APICs */
};

/* Reads the tables from their root pointer on. @memory: the @bytes at a physical address, or NULL
 * if they can't be read. False: they are not there, or broken. */
bool acpi_read(struct acpi *acpi, uint64_t root,
               const void *(*memory)(uint64_t address, size_t bytes));

/* The address of the generation id that the whole table of @len bytes names, or 0. */
uint64_t acpi_generation(const uint8_t *table, uint32_t len);

/* Takes the root pointer that the loader gave, 0: none. */
void acpi_find(uintptr_t root);

/* Turns ACPI on, so that the power button is a bit and no longer ends the machine. */
void acpi_init(void);

/* The ids of the local APICs of the processors that can be used; returns how many. */
unsigned acpi_processors(const uint8_t **ids);

/* True once for each press of the power button. */
bool acpi_button(void);

/* Turns the machine off; returns if that isn't possible. */
void acpi_sleep(void);

#endif
