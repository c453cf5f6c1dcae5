/*
 * mutate_dns.c -- a legal query to the server, over UDP and over TCP, and a legal reply to the
 * resolver, with one or two bytes changed to each edge value: lengths of labels, pointers, counts,
 * types, lengths of data.  What must hold is in the fuzz target, whose changes these are.
 */
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    QUERY_BYTES = 47, /* of the messages in fuzz_dns.c */
    REPLY_BYTES = 140,
    UDP_QUERY = 101, /* numbers of its parts, with a legal message to begin with */
    TCP_QUERY = 102,
    REPLY = 103
};

/* 0xc0: a pointer; 0x40 and 0x80: neither a pointer nor a length of a label. */
static const uint8_t edges[] = {0, 1, 2, 12, 63, 64, 127, 128, 192, 193, 254, 255};

static unsigned long run(uint8_t part, unsigned len)
{
    const unsigned edge_count = sizeof edges;
    unsigned long cases = 0;

    for (unsigned a = 0; a < len; a++)
        for (unsigned b = a; b < len; b++)
            for (unsigned i = 0; i < edge_count * edge_count; i++) {
                /* the last 0: nothing is cut off */
                const uint8_t change[] = {
                    part, (uint8_t)a, edges[i % edge_count], (uint8_t)b, edges[i / edge_count], 0};

                if (a == b && i % edge_count != i / edge_count) /* one byte, one value */
                    continue;
                LLVMFuzzerTestOneInput(change, sizeof change);
                cases++;
            }
    return cases;
}

int main(void)
{
    const unsigned long cases =
        run(UDP_QUERY, QUERY_BYTES) + run(TCP_QUERY, QUERY_BYTES) + run(REPLY, REPLY_BYTES);

    printf("%lu messages\n", cases);
    return 0;
}
