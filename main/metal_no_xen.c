/* metal_no_xen.c -- machines for which there is no backend of Xen. */
#include "metal_xen.h"

const struct metal_device *metal_xen(void)
{
    return NULL;
}
