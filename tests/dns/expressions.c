/* expressions.c -- matches names with regular expressions, for expressions.py: a line "=EXPRESSION"
 * is compiled and answered by a number (enum expression_why), a line "NAME" by 1 or 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dns/expression.h"

enum {
    LINE_BYTES = 4096,
    MEMORY_BYTES = 1 << 20
};

int main(void)
{
    static char line[LINE_BYTES];
    static struct expression_work work;
    struct expression expression;
    void *memory = malloc(MEMORY_BYTES);
    size_t bytes = 0;

    while (memory && fgets(line, sizeof line, stdin)) {
        const size_t len = strcspn(line, "\n");
        enum expression_why why = EXPRESSION_OK;

        if (line[0] != '=') {
            printf("%d\n", expression_matches(&expression, (const uint8_t *)line, len));
            continue;
        }
        why = expression_parse(&work, line + 1, len - 1);
        bytes = MEMORY_BYTES;
        if (!why)
            why = expression_build(&work, &expression, memory, &bytes);
        printf("%d", why);
        /* the literals, one of which is in each name that matches */
        for (unsigned i = 0; !why && i < work.parts[0].literal_count; i++) {
            const struct expression_literal *literal = &work.parts[0].literals[i];

            putchar(' ');
            for (unsigned at = 0; at < literal->len; at++)
                putchar(expression.symbols[literal->begin + at]);
        }
        putchar('\n');
        fflush(stdout);
    }
    free(memory);
    return 0;
}
