/* options_config.c -- options from metadata, and from the file of --config: the command line wins.
 */
#include "options_config.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "option_take.h"

enum {
    CONFIG_BYTES = 8192,
    TEXTS = 3, /* the first, the one in force, and the next */
    WHY_BYTES = 160
};

static struct {
    struct options *options;
    const struct options_world *world;
    const struct leat_app *app;
    enum option_source source[KEY_COUNT]; /* before the text was read */
    enum option_source now;               /* what is read */
    bool had_arguments;                   /* the same of arguments */
    unsigned lines[KEY_COUNT];            /* where each was set in it; 0: nowhere */
    char texts[TEXTS][CONFIG_BYTES + 1];
    unsigned kept; /* files */
    char expectation[80];
    char why[WHY_BYTES];
    char line[OPTIONS_LINE_BYTES];
} file;

/* The option of a setting, or KEY_COUNT. */
static unsigned find(const char *name)
{
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (strcmp(all_options[i].name, name) == 0 &&
            !(all_options[i].posix_only && !file.world->posix))
            return i;
    }
    return KEY_COUNT;
}

static const char *complain(const char *name, const char *value, const char *message)
{
    snprintf(file.why, sizeof file.why, "%.30s%s%.30s%.90s", name, value ? " = " : "",
             value ? value : "", message);
    return file.why;
}

/* True if the command line or a text before has it, or a device instead of the file's. */
static bool is_given(unsigned key)
{
    bool has_device = false;

    for (unsigned i = 0; i < KEY_COUNT; i++)
        has_device |= option_is_device(i) && file.source[i] != OPTION_DEFAULT;
    return file.source[option_kind(key)] != OPTION_DEFAULT ||
           (has_device && (option_is_device(key) || option_is_of_device(key)));
}

/* "stats", "stats = yes": true or false; NULL: neither. */
static const char *take_flag(unsigned key, const char *name, const char *value)
{
    static const char *const words[] = {"no", "false", "off", "yes", "true", "on"};
    const size_t count = sizeof words / sizeof *words;
    size_t i = count - 1;

    if (value) {
        for (i = 0; i < count && strcmp(words[i], value) != 0;)
            i++;
    }
    if (i == count)
        return complain(name, value, ": must be yes or no");
    if (i >= count / 2 && !is_given(key))
        option_take(file.options, key, NULL);
    return NULL;
}

static const char *take_argument(const char *value)
{
    struct options *options = file.options;

    if (!value)
        return "argument needs a value: argument = WORD";
    if (!file.app->arguments || file.app->arguments[0] == '\0')
        return complain("argument", value, ": the program takes no arguments");
    if (file.had_arguments)
        return NULL; /* those of the command line, or of a text before */
    if (options->argument_count == CONFIG_ARGUMENTS_MAX)
        return "argument: one too many, a file can have 64";
    options->config_arguments[options->argument_count++] = value;
    options->arguments = options->config_arguments;
    return NULL;
}

/* Why the option can't be in the text; NULL: it can. */
static const char *misplaced(unsigned key)
{
    const bool is_file = file.now == OPTION_FILE;

    if (key == KEY_CONFIG || key == KEY_CHECK_CONFIG || key == KEY_HELP || key == KEY_VERSION ||
        key == KEY_STORE_FORMAT || /* it would erase the store at each start */
        key == KEY_ARCHIVE ||      /* the file may lie there */
        (!is_file && (key == KEY_METADATA || key == KEY_METADATA_DISK)))
        return ": belongs on the command line";
    return !is_file && file.world->late && option_is_early(key)
               ? ": belongs on the command line, because metadata come by the network"
               : NULL;
}

static const char *take(void *arg, const char *name, const char *value, unsigned line)
{
    const unsigned key = find(name);
    const char *trouble;

    (void)arg;
    if (strcmp(name, "argument") == 0)
        return take_argument(value);
    if (key == KEY_COUNT)
        return complain(name, NULL, ": there is no such option; see --help");
    trouble = misplaced(key);
    if (trouble)
        return complain(name, NULL, trouble);
    if (file.lines[key] > 0 && !option_is_list(key)) {
        snprintf(file.why, sizeof file.why,
                 "%.40s: set before, in line %u: leave out one of the two", name, file.lines[key]);
        return file.why;
    }
    file.lines[key] = line;
    if (!all_options[key].value)
        return take_flag(key, name, value);
    if (!value) {
        snprintf(file.why, sizeof file.why, "%.40s needs a value: %.40s = %.40s", name, name,
                 all_options[key].value);
        return file.why;
    }
    if (is_given(key))
        return NULL;
    file.options->source[option_kind(key)] = file.now;
    trouble = option_too_many(file.options, key);
    if (!trouble && !option_take(file.options, key, value))
        trouble = option_expectation(key, value, file.expectation, sizeof file.expectation);
    return trouble ? complain(name, value, trouble) : NULL;
}

/* Where the next file belongs: first, then two places in turn. */
static char *next_text(void)
{
    return file.texts[file.kept == 0 ? 0 : 1 + (file.kept - 1) % (TEXTS - 1)];
}

void options_config_keep(void)
{
    file.kept++;
}

/* Reads the file into the next text; returns what is wrong, or NULL. */
static const char *load(const char *path, size_t *len)
{
    const char *bytes;
    enum leat_err err;

    if (!file.world->read)
        return "there are no files here";
    err = file.world->read(file.world, path, &bytes, len);
    if (err == LEAT_ERR_NOT_FOUND)
        return "there is no such file, or it may not be read";
    if (err)
        return "it can't be read, or is a folder";
    if (*len > CONFIG_BYTES)
        return "it has more than 8,192 bytes";
    memcpy(next_text(), bytes, *len);
    next_text()[(*len)++] = '\n'; /* the last line may lack it */
    return NULL;
}

/* Reads the settings of a text.  NULL, or what is wrong. */
static const char *read_text(char *text, size_t len, const char *name, enum option_source now)
{
    struct config config = {.section = file.app->name, .take = take, .text = text, .len = len};

    file.now = now;
    file.had_arguments = file.options->argument_count > 0;
    memcpy(file.source, file.options->source, sizeof file.source);
    memset(file.lines, 0, sizeof file.lines);
    if (config_read(&config))
        return NULL;
    snprintf(file.line, sizeof file.line, "%.100s:%u: %.160s", name, config.line, config.why);
    return file.line;
}

/* Values of an earlier parse lie in the same room. They stay as they are, because the same bytes
 * get there and are read in the same way. */
static const char *read_metadata(const struct options_text *text)
{
    memcpy(text->room, text->bytes, text->len);
    text->room[text->len] = '\n';
    return read_text(text->room, text->len + 1, text->name, OPTION_METADATA);
}

const char *options_config(struct options *options, const struct options_world *world,
                           const struct leat_app *app)
{
    const char *why = NULL;
    size_t len;

    file.options = options;
    file.world = world;
    file.app = app;
    for (unsigned i = 0; i < OPTIONS_TEXTS && world->texts && !why; i++) {
        if (world->texts[i].len > 0)
            why = read_metadata(&world->texts[i]);
    }
    if (why || !options->config)
        return why;
    why = load(options->config, &len);
    if (!why)
        return read_text(next_text(), len, options->config, OPTION_FILE);
    snprintf(file.line, sizeof file.line, "--config %.120s: %.120s", options->config, why);
    return file.line;
}
