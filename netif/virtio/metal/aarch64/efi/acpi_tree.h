/* acpi_tree.h -- a device tree of the machine that ACPI's tables describe, as far as leat's image
 * needs it. */
#ifndef METAL_ACPI_TREE_H
#define METAL_ACPI_TREE_H

#include <stdint.h>

enum {
    ACPI_TREE_BYTES = 8192, /* room for every tree */
    ACPI_TREE_PIECES = 16,
    ACPI_TREE_SEED = 32
};

struct acpi_piece {
    uint64_t start, end;
};

/* Facts that the tables don't have. */
struct acpi_facts {
    struct acpi_piece memory[ACPI_TREE_PIECES];
    unsigned memory_count;
    uint64_t affinity; /* of this processor: MPIDR_EL1 */
    uint8_t seed[ACPI_TREE_SEED];
    uint32_t seed_bytes; /* 0: the firmware gives none */
};

/* Adds memory that is free, in the order of its addresses.  Neighbours become one piece; of more
 * than ACPI_TREE_PIECES the smallest is left out. */
void acpi_add_memory(struct acpi_facts *facts, uint64_t start, uint64_t bytes);

/* Writes the tree to @to, which has ACPI_TREE_BYTES. Returns its bytes; 0: the tables have no
 * interrupt controller or no timer that leat knows. */
uint32_t acpi_tree_write(uint8_t *to, const void *rsdp, const struct acpi_facts *facts);

#endif
