/*
 * spread.c -- how much faster N stacks on N processors are than one, on paper.
 *
 *      spread              a table: N, and how many flows there are at a time
 *      spread 4|6 COUNT    asks COUNT times for the owner of a segment, for callgrind
 *
 * Assumptions: every flow wants the same work, a stack's work is that of its flows, and the busiest
 * stack bounds all.  So N stacks are (flows / flows of the busiest stack) times as fast as one.
 * The owner of a flow is that of netif/virtio/flows.c, with random keys, addresses and ports.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flows.h"

enum {
    TRIALS = 1000,
    STACKS_MAX = 16,
    TUPLE_BYTES = 12,
    FRAME_BYTES = 74
};

static const unsigned stacks[] = {2, 3, 4, 8, 16}, flow_counts[] = {16, 100, 1000, 10000};

static uint64_t state = 1;

/* splitmix64: the same table in each run */
static uint64_t random64(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void fill(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)random64();
}

/* Flows divided by those of the busiest stack, with one key. */
static double trial(unsigned stack_count, unsigned flow_count)
{
    static struct virtio_flows flows;
    unsigned counts[STACKS_MAX] = {0}, most = 0;
    uint8_t key[FLOWS_KEY_BYTES];

    fill(key, sizeof key);
    virtio_flows_init(&flows, key, stack_count);
    for (unsigned i = 0; i < flow_count; i++) {
        uint8_t tuple[TUPLE_BYTES];
        unsigned owner;

        fill(tuple, sizeof tuple);
        owner =
            flows.table[virtio_flows_hash(&flows, tuple, sizeof tuple) & (FLOWS_TABLE_ENTRIES - 1)];
        if (++counts[owner] > most)
            most = counts[owner];
    }
    return (double)flow_count / most;
}

static void print_table(void)
{
    printf("stacks");
    for (unsigned k = 0; k < sizeof flow_counts / sizeof *flow_counts; k++)
        printf(" %10u", flow_counts[k]);
    putchar('\n');
    for (unsigned i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        printf("%6u", stacks[i]);
        for (unsigned k = 0; k < sizeof flow_counts / sizeof *flow_counts; k++) {
            double sum = 0;

            for (unsigned t = 0; t < TRIALS; t++)
                sum += trial(stacks[i], flow_counts[k]);
            printf(" %10.2f", sum / TRIALS);
        }
        putchar('\n');
    }
}

static int ask(bool v6, unsigned long count)
{
    static struct virtio_flows flows;
    uint8_t key[FLOWS_KEY_BYTES], frame[FRAME_BYTES] = {0};
    unsigned sum = 0;

    fill(key, sizeof key);
    virtio_flows_init(&flows, key, 2);
    frame[12] = v6 ? 0x86 : 0x08;
    frame[13] = v6 ? 0xdd : 0;
    frame[14] = v6 ? 0x60 : 0x45;
    frame[v6 ? 20 : 23] = 6;
    for (unsigned long i = 0; i < count; i++) {
        frame[v6 ? 55 : 35] = (uint8_t)i;
        sum += virtio_flows_owner(&flows, frame, sizeof frame);
    }
    printf("%u\n", sum);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return ask(*argv[1] == '6', strtoul(argv[2], NULL, 10));
    print_table();
    return EXIT_SUCCESS;
}
