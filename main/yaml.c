/* yaml.c -- see yaml.h. */
#include "yaml.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool fail(struct yaml *yaml, const char *why)
{
    yaml->why = why;
    yaml->at = yaml->end;
    yaml->list = NULL;
    return false;
}

/* Takes the spaces off both ends of a text. */
static void trim(const char **from, const char **to)
{
    while (*from < *to && is_space(**from))
        (*from)++;
    while (*to > *from && is_space((*to)[-1]))
        (*to)--;
}

/* Where the text ends: at @end, before a comment, or before @stop outside of quotes. */
static const char *find_end(const char *from, const char *end, char stop)
{
    char quote = '\0';

    for (const char *at = from; at < end; at++) {
        if (quote) {
            quote = *at == quote ? '\0' : quote;
            continue;
        }
        if ((*at == '"' || *at == '\'') && (at == from || is_space(at[-1]) || stop == ','))
            quote = *at;
        if ((*at == '#' && (at == from || is_space(at[-1]))) || (stop && *at == stop))
            return at;
    }
    return end;
}

/* Takes a word, without its quotes. */
static bool take_word(struct yaml *yaml, const char *from, const char *to)
{
    trim(&from, &to);
    if (from < to && (*from == '"' || *from == '\'')) {
        if (to - from < 2 || to[-1] != *from)
            return fail(yaml, "a quoted word must end in its line, with nothing behind it");
        from++;
        to--;
        if (memchr(from, '\\', (size_t)(to - from)))
            return fail(yaml, "a word with \\ isn't read");
    } else if (from < to && strchr("{}[]&*|>!%@`", *from)) {
        return fail(yaml, "only mappings, lists and words are read, and no {...}, | or &");
    }
    yaml->word = from;
    yaml->word_len = (size_t)(to - from);
    return true;
}

/* Goes up to the levels left of @column. An entry of a list may stand below its key. */
static void go_up(struct yaml *yaml, uint32_t column, bool is_entry)
{
    while (yaml->depth > 0) {
        const struct yaml_level *top = &yaml->levels[yaml->depth - 1];

        if (top->column < column || (is_entry && top->key && top->column == column))
            return;
        yaml->depth--;
    }
}

static bool go_down(struct yaml *yaml, const char *key, const char *end, uint32_t column)
{
    if (yaml->depth == YAML_LEVELS_MAX)
        return fail(yaml, "it has more than 12 levels");
    yaml->levels[yaml->depth++] = (struct yaml_level){
        .key = key, .key_len = (uint32_t)(end - key), .column = column, .number = ++yaml->count};
    return true;
}

/* The colon behind a key; NULL: the text is a word. */
static const char *find_colon(const char *from, const char *end)
{
    for (const char *at = from; at < end; at++) {
        if (*at == ':' && (at + 1 == end || is_space(at[1])))
            return at;
        if (*at == '"' || *at == '\'')
            return NULL;
    }
    return NULL;
}

/* Takes the next word of a [...]. False: it is over, or wrong. */
static bool next_of_list(struct yaml *yaml)
{
    const char *end;

    if (!yaml->list)
        return false;
    end = find_end(yaml->list, yaml->list_end, ',');
    yaml->levels[yaml->depth - 1].number = ++yaml->count;
    if (!take_word(yaml, yaml->list, end))
        return false;
    yaml->list = end < yaml->list_end ? end + 1 : NULL;
    if (yaml->word_len == 0 && yaml->list)
        return fail(yaml, "a word of the list is missing");
    return yaml->word_len > 0;
}

/* Takes the value behind a key or a dash. False: there is none here, or it is wrong. */
static bool take_value(struct yaml *yaml, const char *from, const char *to)
{
    trim(&from, &to);
    if (from == to)
        return false;
    if (*from != '[')
        return take_word(yaml, from, to);
    if (to[-1] != ']')
        return fail(yaml, "a list must end with ] in its line");
    if (!go_down(yaml, NULL, NULL, UINT32_MAX))
        return false;
    yaml->list = from + 1;
    yaml->list_end = to - 1;
    return next_of_list(yaml);
}

/* Reads a line. True: it has a word. */
static bool take_line(struct yaml *yaml, const char *line, const char *end)
{
    const char *at = line, *colon;

    end = find_end(line, end, '\0');
    while (at < end && *at == ' ')
        at++;
    if (at < end && *at == '\t')
        return fail(yaml, "spaces must indent it, no tabs");
    trim(&at, &end);
    if (at == end || (end - at == 3 && memcmp(at, "---", 3) == 0))
        return false;
    while (*at == '-' && (at + 1 == end || is_space(at[1]))) {
        go_up(yaml, (uint32_t)(at - line), true);
        if (!go_down(yaml, NULL, NULL, (uint32_t)(at - line)))
            return false;
        for (at++; at < end && is_space(*at);)
            at++;
        if (at == end)
            return false;
    }
    colon = find_colon(at, end);
    if (!colon)
        return take_value(yaml, at, end);
    go_up(yaml, (uint32_t)(at - line), false);
    return go_down(yaml, at, colon, (uint32_t)(at - line)) && take_value(yaml, colon + 1, end);
}

bool yaml_next(struct yaml *yaml)
{
    if (next_of_list(yaml))
        return true;
    while (yaml->at < yaml->end) {
        const char *line = yaml->at;
        const char *new_line = memchr(line, '\n', (size_t)(yaml->end - line));
        const char *end = new_line ? new_line : yaml->end;

        yaml->line++;
        yaml->at = new_line ? new_line + 1 : yaml->end;
        if (end > line && end[-1] == '\r')
            end--;
        if (take_line(yaml, line, end))
            return true;
    }
    return false;
}

static bool is_level(const struct yaml_level *level, const char *name, size_t len)
{
    if (!level->key)
        return len == 1 && *name == '-';
    return (len == 1 && *name == '?') ||
           (level->key_len == len && memcmp(level->key, name, len) == 0);
}

bool yaml_is(const struct yaml *yaml, const char *path)
{
    for (uint32_t i = 0; i < yaml->depth; i++) {
        const char *slash = strchr(path, '/');
        const size_t len = slash ? (size_t)(slash - path) : strlen(path);

        if (!is_level(&yaml->levels[i], path, len))
            return false;
        path += len;
        if (!slash)
            return i + 1 == yaml->depth;
        path++;
    }
    return false;
}

uint32_t yaml_number(const struct yaml *yaml, uint32_t depth)
{
    return depth < yaml->depth ? yaml->levels[depth].number : 0;
}
