#include "options.h"
int flow(const struct options *options)
{
    (void)options;
    return STATUS_WRONG;
}
