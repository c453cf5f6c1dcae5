#include "options.h"
int recorded(const struct options *options)
{
    (void)options;
    return STATUS_WRONG;
}
