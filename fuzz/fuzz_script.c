/*
 * fuzz_script.c -- the parser of scripts: it terminates, stays within its memory, and reports
 * errors.
 *
 * A parsed packet that is printed must be parsed in the same way.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_script: %s\n", what);
    abort();
}

static void print_and_read_again(const struct packet *packet)
{
    char first[PACKET_TEXT_BYTES], second[PACKET_TEXT_BYTES], line[PACKET_TEXT_BYTES + 2] = "0 ";
    struct diagnostic diagnostic;
    struct script script;

    packet_format(packet, first);
    if (strlen(first) == PACKET_TEXT_BYTES - 1) /* truncated: more options than fit */
        return;
    strcpy(line + 2, first);
    if (!script_parse(&script, line, strlen(line), 0, &diagnostic)) {
        fprintf(stderr, "%s: %u: %s\n", line, diagnostic.at.column, diagnostic.text);
        abort();
    }
    packet_format(&script.events->packet, second);
    demand(strcmp(first, second) == 0, "a packet is read otherwise than it was printed");
    script_free(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostic diagnostic = {.text = ""};
    struct script script;

    if (size == 0)
        return 0;
    if (script_parse(&script, (const char *)data, size, 0, &diagnostic)) {
        for (const struct event *event = script.events; event; event = event->next) {
            if (event->kind == EVENT_PACKET)
                print_and_read_again(&event->packet);
        }
    } else {
        demand(diagnostic.at.line > 0 && diagnostic.at.column > 0, "an error without a place");
        demand(diagnostic.text[0] != 0, "an error without a word");
    }
    script_free(&script);
    return 0;
}
