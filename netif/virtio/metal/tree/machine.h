/* machine.h -- what the architectures with a device tree share: a machine of the devices in the
 * tree. */
#ifndef MACHINE_H
#define MACHINE_H

#include "tree.h"

/* The tree of this machine, once boot_info_read() has read it. */
const struct tree *machine_tree(void);

/* Reads the tree at @info and gives the program the largest piece of RAM below @end. */
struct boot_info machine_read(uintptr_t info, uint64_t hart, uint64_t end);

/* Gives out bytes of the tree's seed, each once. False: there aren't so many left. */
bool machine_seed(void *bytes, size_t len);

#endif
