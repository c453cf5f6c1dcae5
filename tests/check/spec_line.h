/* spec_line.h -- a line of a state machine's specification, for tests that take each line.
 */
#ifndef LEAT_SPEC_LINE_H
#define LEAT_SPEC_LINE_H

#include <stdbool.h>
#include <string.h>

/* In fsmgen.py's format "cover". */
struct line {
    const char *name; /* "STATE + event" */
    unsigned state, event, next;
    const char *actions; /* separated by a space */
};

/* True if @word is among @words, which are separated by a space. */
static inline bool is_among(const char *words, const char *word)
{
    const size_t len = strlen(word);
    const char *at = words;

    while ((at = strstr(at, word))) {
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
        at++;
    }
    return false;
}

static inline bool line_does(const struct line *line, const char *action)
{
    return is_among(line->actions, action);
}

#endif
