/*
 * config.rl -- configuration files: a setting a line, "NAME = VALUE", or "NAME" for a switch.
 *
 * Names are those of the options.  A value goes on to the end of its line, or lies in quotes, where
 * \" and \\ stand for " and \.  '#' and ';' begin a comment, at the begin of a line or behind a
 * space.  Below "[NAME]" stand settings for the program NAME alone; those above the first "[...]"
 * are for every program.
 */
#include "config.h"

#include <string.h>

static const char expected_setting[] =
    "must be NAME = VALUE, [PROGRAM], or a comment behind #; names have small letters, digits and -";
static const char expected_value[] = "the value has a control character";
static const char expected_quote[] =
    "a quoted value ends with \" in its line, and has no other \\ than \\\" and \\\\";
static const char expected_end[] = "nothing but a comment may follow";
static const char expected_section[] = "a section is [PROGRAM]";

/* Takes the escapes out of a quoted value. */
static void unescape(struct config *config)
{
    size_t to = 0;

    for (size_t from = 0; from < config->value_len; from++) {
        if (config->value[from] == '\\')
            from++; /* the machine has seen what follows */
        config->value[to++] = config->value[from];
    }
    config->value_len = to;
}

/* The whole line is known, so its words can get their ends; false: a setting is wrong. */
static bool end_line(struct config *config)
{
    char *name = config->name, *value = config->value;

    if (!name)
        return true;
    name[config->name_len] = '\0';
    if (config->is_section) {
        config->is_left_out = strcmp(name, config->section) != 0;
        return true;
    }
    if (config->is_left_out)
        return true;
    if (value && config->is_quoted)
        unescape(config);
    if (value)
        value[config->value_len] = '\0';
    config->why = config->take(config->arg, name, value, config->line);
    return !config->why;
}

static void begin_line(struct config *config)
{
    config->line++;
    config->name = config->value = NULL;
    config->is_quoted = config->is_section = false;
    config->expected = expected_setting;
}

%%{
    machine config;

    action name_begin { config->name = p; }
    action name_end { config->name_len = (size_t)(p - config->name); }
    action section { config->is_section = true; config->expected = expected_section; }
    action plain { config->value = p; config->expected = expected_value; }
    action plain_word { config->value_len = (size_t)(p - config->value); }
    action quote { config->is_quoted = true; config->value = p + 1; config->expected = expected_quote; }
    action quoted_end { config->value_len = (size_t)(p - config->value); config->expected = expected_end; }
    action end_line {
        if (!end_line(config))
            return false;
        begin_line(config);
    }

    gap = [ \t];
    other = any - 0..32 - 127;
    comment = [#;] (other | gap)*;
    name = ([a-z0-9] [a-z0-9\-]*) >name_begin %name_end;
    program = ([A-Za-z0-9] [A-Za-z0-9_\-]*) >name_begin %name_end;
    plain = ((other - [#;"]) other*) >plain %plain_word (gap+ ((other - [#;]) other*) %plain_word)*;
    quoted = '"' >quote (((other | gap) - ["\\]) | '\\' ["\\])* %quoted_end '"';
    setting = name (gap* '=' gap* (plain | quoted)?)?;
    section = '[' >section gap* program gap* ']';
    line = gap* (setting | section)? (gap* | gap+ comment) | gap* comment;
    main := (line '\r'? '\n' @end_line)*;

    write data nofinal noentry;
}%%

bool config_read(struct config *config)
{
    char *p = config->text;
    char *const pe = p + config->len;
    int cs;

    if (config->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) /* a mark of UTF-8 */
        p += 3;
    config->line = 0;
    config->why = NULL;
    config->is_left_out = false;
    begin_line(config);
    %% write init;
    %% write exec;
    if (cs == config_error)
        config->why = config->expected;
    return !config->why;
}
