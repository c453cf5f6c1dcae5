/*
 * map.c -- the identity map: at first of the image and the tree, later of all memory that the tree
 * names.
 *
 * All other addresses are mapped as devices. A gibibyte that contains memory is mapped as
 * memory, so registers within it can't be used. The image has pages of 4 KiB, so that dividing a
 * larger page never takes away what the processor runs on.
 */
#include "../tree/machine.h"
#include "map.h"
#include "paging.h"

enum {
    ENTRIES = 512,
    IMAGE_PARTS = 5, /* so the image may have 8 MiB */
    LINE_BYTES = 16, /* the shortest line of a cache */
    TCR_FLAGS =
        0x803510 /* 48 bits from TTBR0, walks write-back and inner shareable, none from TTBR1 */
};

/* boot.S and image.ld */
extern METAL_HIDDEN uint64_t page_first[], page_image[], page_image_parts[];
extern METAL_HIDDEN char tables_start[], tables_end[];

uint64_t paging_boot(uintptr_t tree);

/* Runs with the MMU off: it touches the tables and the stack only. Returns TCR_EL1. */
uint64_t paging_boot(uintptr_t tree)
{
    const uintptr_t start = (uintptr_t)image_start, gib = start >> 30;
    const uintptr_t first_part = start >> 21;
    uint64_t range = SYSTEM_READ("id_aa64mmfr0_el1") & 7;

    page_root[0] = page_table(page_first);
    for (unsigned i = 1; i < ENTRIES; i++)
        page_root[i] = 0;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        const bool memory = i == gib || i == tree >> 30;

        page_first[i] = page_leaf(i << 30, memory ? PAGE_MEMORY : PAGE_DEVICE, 1);
        page_image[i] = page_leaf((gib << 30) + (i << 21), PAGE_MEMORY, 2);
    }
    for (unsigned part = 0; part < IMAGE_PARTS; part++) {
        uint64_t *table = page_image_parts + (uintptr_t)ENTRIES * part;

        for (uint64_t i = 0; i < ENTRIES; i++)
            table[i] = page_leaf(((first_part + part) << 21) + (i << 12), PAGE_MEMORY, 3);
        if ((first_part + part) >> 9 == gib)
            page_image[(first_part + part) & (ENTRIES - 1)] = page_table(table);
    }
    page_first[gib] = page_table(page_image);
    barrier();
    for (uintptr_t at = (uintptr_t)tables_start; at < (uintptr_t)tables_end; at += LINE_BYTES)
        drop_line(at);
    barrier();
    if (range > 5)
        range = 5; /* 48 bits; more would need other entries */
    return TCR_FLAGS | range << 32;
}

void map_memory(const struct tree *tree)
{
    const uint64_t image_gib = (uintptr_t)image_start >> 30;

    for (unsigned i = 0; i < tree->memory_count; i++) {
        const uint64_t last = (tree->memory[i].end - 1) >> 30;

        for (uint64_t gib = tree->memory[i].start >> 30; gib <= last && gib < ENTRIES; gib++) {
            if (gib != image_gib && (page_first[gib] & 0x1c) != (PAGE_MEMORY & 0x1c))
                page_replace(&page_first[gib], page_leaf(gib << 30, PAGE_MEMORY, 1), gib << 30);
        }
    }
}
