/* chosen.h -- writes the loader's words into a flattened device tree (Devicetree Specification
 * 0.4, 3.6 and 5). */
#ifndef METAL_CHOSEN_H
#define METAL_CHOSEN_H

#include <stddef.h>
#include <stdint.h>

enum {
    CHOSEN_MORE_BYTES = 512 /* of a new tree, besides the command line */
};

struct chosen {
    const char *command_line;
    size_t command_line_bytes;     /* with its NUL */
    uint64_t archive, archive_end; /* equal: there is none */
    uint64_t civil_s;              /* since 1970; 0: unknown */
};

/* The bytes of a tree; 0: it is none that can be copied. */
uint32_t chosen_tree_bytes(const void *tree);

/* Writes a copy of @tree with these words to @to, which has the bytes of the tree, of the command
 * line, and CHOSEN_MORE_BYTES. Returns the bytes of the copy; 0: the tree is broken. */
uint32_t chosen_write(uint8_t *to, const void *tree, const struct chosen *chosen);

#endif
