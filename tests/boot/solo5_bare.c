/* solo5_bare.c -- for the images libc and cpp on Solo5: the functions of leat's own machine that they call. */
#include <stdlib.h>

#include <leat/metal.h>
#include <leat/solo5.h>

#include <solo5.h>

_Noreturn void leat_metal_exit(int status)
{
    solo5_exit(status);
}

int solo5_app_main(const struct solo5_start_info *start)
{
    static struct leat_solo5 solo5;
    static struct leat_metal metal;

    leat_solo5_init(&solo5, start);
    metal = (struct leat_metal){.host = &solo5.host,
                                .command_line = solo5.command_line,
                                .memory = solo5.memory,
                                .memory_bytes = solo5.memory_bytes};
    exit(leat_metal_main(&metal)); /* runs destructors, as a return does elsewhere */
}
