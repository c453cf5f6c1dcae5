#include "options.h"
int unhex(const struct options *options)
{
    (void)options;
    return STATUS_WRONG;
}
