/*
 * fuzz_tree.c -- a device tree that may be anything, in a block of exactly its size.
 *
 * Reading it must stay within the block and end. The memory that is chosen
 * lies in a piece that the tree names. It overlaps neither the image, nor the tree, nor a reserved piece.
 */
#include <stdlib.h>
#include <string.h>

#include "../netif/virtio/metal/tree/tree.h"
#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool overlap(struct tree_piece a, struct tree_piece b)
{
    return a.start < b.end && b.start < a.end;
}

static bool is_named(const struct tree *tree, struct tree_piece piece)
{
    for (unsigned i = 0; i < tree->memory_count; i++) {
        if (piece.start >= tree->memory[i].start && piece.end <= tree->memory[i].end)
            return true;
    }
    return false;
}

static void check(const struct tree *tree)
{
    const struct tree_piece image = {0x40080000, 0x40200000};
    const struct tree_piece piece = tree_memory(tree, image, UINT64_C(1) << 39);

    demand(tree->memory_count <= TREE_PIECES_MAX && tree->reserved_count <= TREE_PIECES_MAX);
    demand(tree->window_count <= TREE_WINDOWS_MAX && tree->pci.pin_count <= TREE_PINS_MAX);
    demand(tree->seed_len <= TREE_SEED_BYTES && tree->pci.buses <= 256);
    demand(strlen(tree->command_line) < TREE_COMMAND_LINE_BYTES);
    demand(piece.start <= piece.end && piece.end <= UINT64_C(1) << 39);
    if (piece.start == piece.end)
        return;
    demand(is_named(tree, piece) && !overlap(piece, image));
    for (unsigned i = 0; i < tree->reserved_count; i++)
        demand(tree->reserved[i].start >= tree->reserved[i].end ||
               !overlap(piece, tree->reserved[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tree tree;
    uint8_t *exact =
        malloc(size ? size : 1); /* a sanitizer sees each byte that is read behind it */
    const char *why;

    demand(exact != NULL);
    memcpy(exact, data, size);
    why = tree_read(&tree, exact, size, size % 3);
    demand(why || tree.memory_count > 0);
    check(&tree);
    free(exact);
    return 0;
}
