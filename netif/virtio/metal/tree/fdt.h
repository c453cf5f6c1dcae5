/*
 * fdt.h -- reads a flattened device tree (Devicetree Specification 0.4, chapter 5), byte by byte
 * and within its bounds.
 *
 * The tree comes from a loader, so it may be anything: no offset, length or count in it is
 * believed. Nothing is copied and nothing is aligned; values point into the tree.
 */
#ifndef FDT_H
#define FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FDT_DEPTH_MAX = 8, /* deeper nodes are left out */
    FDT_BYTES_MAX = 2 << 20
};

struct fdt {
    const uint8_t *bytes;
    uint32_t size;
    uint32_t nodes, nodes_end; /* the structure block */
    uint32_t names, names_end; /* the strings block */
    uint32_t reserved;         /* the memory reservation block */
};

/* The bytes of a property. */
struct fdt_value {
    const uint8_t *bytes; /* NULL: there is no such property */
    uint32_t len;
};

/* A node, and the way to it. Zeroed it stands in front of the root. */
struct fdt_node {
    uint32_t at;      /* its first property */
    uint32_t next;    /* where the search for the next node goes on */
    unsigned depth;   /* 1: the root */
    const char *name; /* without the folders above, with the unit address; NUL-terminated */
    struct {
        uint8_t address_cells, size_cells; /* of the children */
        bool identity;                     /* the children's addresses are those of the processor */
    } above[FDT_DEPTH_MAX + 1];
};

/* Reads the header. False: these @size_max bytes begin with no tree that is whole. */
bool fdt_open(struct fdt *fdt, const void *bytes, size_t size_max);

/* Goes to the next node, depth first. False: there is none, or the rest of the tree is broken. */
bool fdt_next(const struct fdt *fdt, struct fdt_node *node);

struct fdt_value fdt_property(const struct fdt *fdt, const struct fdt_node *node, const char *name);

/* True if the list of strings @value contains @text. */
bool fdt_lists(struct fdt_value value, const char *text);

/* The @index-th cell of a value; @missing if there are fewer. */
uint32_t fdt_cell(struct fdt_value value, uint32_t index, uint32_t missing);

/* A number of @cells cells from the @index-th on. False: they aren't there, or it has more than 64
 * bits. */
bool fdt_number(struct fdt_value value, uint32_t index, unsigned cells, uint64_t *number);

/* The @index-th pair of the property reg: an address of the processor's, and bytes. False: there is
 * none, or it would have to be translated. */
bool fdt_reg(const struct fdt *fdt, const struct fdt_node *node, unsigned index, uint64_t *address,
             uint64_t *bytes);

/* The @index-th piece of the memory reservation block. False: that was the last one. */
bool fdt_reserved(const struct fdt *fdt, unsigned index, uint64_t *address, uint64_t *bytes);

#endif
