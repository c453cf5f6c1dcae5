/*
 * main.c -- runs the kit with the named backends, or with all that need no device.
 *
 *      test_backend [tap:FIRST,SECOND | xdp:FIRST,SECOND] [RULE]
 */
#include <stdio.h>
#include <string.h>

#include "ends.h"
#include "unit.h"

static int run_all(void)
{
    static const struct kit_backend *const all[] = {
        &kit_link,   &kit_recorder, &kit_flight,   &kit_vlan, &kit_untagged,
        &kit_socket, &kit_marks,    &kit_datagram, &kit_shm,  &kit_lan9118};
    int failed = 0;

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        failed += kit_run(all[i], NULL);
    return failed;
}

int main(int count, char **words)
{
    if (count == 3)
        cmocka_set_test_filter(words[2]);
    if (count == 1)
        return run_all() != 0;
    if (count > 1 && strncmp(words[1], "tap:", 4) == 0)
        return kit_run(&kit_tap, words[1] + 4) != 0;
#ifdef LEAT_HAS_XDP
    if (count > 1 && strncmp(words[1], "xdp:", 4) == 0)
        return kit_run(&kit_xdp, words[1] + 4) != 0;
#endif
    fprintf(stderr, "usage: test_backend [tap:FIRST,SECOND | xdp:FIRST,SECOND] [RULE]\n");
    return 2;
}
