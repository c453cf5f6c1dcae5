/*
 * mutate_dns.c -- changes one or two bytes of a legal query to the server, over UDP and over TCP,
 * and of a legal reply to the resolver, to edge values.
 *
 * The bytes are lengths of labels, pointers, counts, types, lengths of data.  The fuzz target has
 * the changes and the assertions.
 */
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    QUERY_BYTES = 47, /* of the messages in fuzz_dns.c */
    REPLY_BYTES = 140,
    UDP_QUERY = 101, /* numbers of its parts that start with a legal message */
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
                /* the last 0: the message isn't truncated */
                const uint8_t change[] = {
                    part, (uint8_t)a, edges[i % edge_count], (uint8_t)b, edges[i / edge_count], 0};

                if (a == b && i % edge_count != i / edge_count) /* one byte has one value */
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
