/* writer.h -- writes a flattened device tree (Devicetree Specification 0.4, 5). */
#ifndef METAL_WRITER_H
#define METAL_WRITER_H

#include <stdbool.h>
#include <stdint.h>

struct tree_writer {
    uint8_t *to;
    uint32_t at, room;
    bool is_full;
};

void tree_begin(struct tree_writer *writer, uint8_t *to, uint32_t room);

/* A node, and its end. The root's name is empty. */
void tree_node(struct tree_writer *writer, const char *name);
void tree_node_end(struct tree_writer *writer);

/* A property of the last node, in front of its own nodes; @name is one of those in writer.c. Its
 * value follows: @len bytes, by tree_cell() and tree_number(). */
void tree_property(struct tree_writer *writer, const char *name, uint32_t len);
void tree_cell(struct tree_writer *writer, uint32_t value);
void tree_number(struct tree_writer *writer, uint64_t value); /* two cells */

/* A whole property. */
void tree_text(struct tree_writer *writer, const char *name, const char *text);
void tree_bytes(struct tree_writer *writer, const char *name, const uint8_t *bytes, uint32_t len);

/* The bytes of the tree; 0: there was no room for it. */
uint32_t tree_finish(struct tree_writer *writer);

#endif
