/* options.c -- the command line of leat-replay, and the output that all commands share. */
#include "options.h"

#include <string.h>
#include <unistd.h>

#include "compressed.h"

static int wrong(const char *message, const char *word)
{
    fprintf(stderr, "leat-replay: %s%s; see --help\n", message, word);
    return STATUS_WRONG;
}

/* Parses an integer of at most @max. */
static bool parse_number(const char *text, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;

    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9' || value > max)
            return false;
        value = 10 * value + (uint64_t)(*at - '0');
    }
    *number = (uint32_t)value;
    return *text && value <= max;
}

/* Options without a value. */
static bool take_flag(struct options *options, const char *name)
{
    if (strcmp(name, "-v") == 0 || strcmp(name, "--verbose") == 0)
        options->verbose = true;
    else if (strcmp(name, "-q") == 0 || strcmp(name, "--quiet") == 0)
        options->quiet = true;
    else if (strcmp(name, "--json") == 0)
        options->json = true;
    else if (strcmp(name, "--all") == 0)
        options->flow = UINT32_MAX;
    else if (strcmp(name, "--repair-checksums") == 0)
        options->repair = true;
    else if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0)
        options->help = true;
    else if (strcmp(name, "--version") == 0)
        options->version = true;
    else
        return false;
    return true;
}

static bool take_listen(struct options *options, const char *value)
{
    uint32_t port;

    if (options->listen_count == LISTEN_MAX || !parse_number(value, UINT16_MAX, &port) || !port)
        return false;
    options->listen[options->listen_count++] = (uint16_t)port;
    return true;
}

static bool take_ip(struct options *options, const char *value)
{
    return leat_ip_parse(value, &options->ip);
}

static bool take_side(struct options *options, const char *value)
{
    options->server = strcmp(value, "server") == 0;
    options->client = strcmp(value, "client") == 0;
    return options->server || options->client;
}

/* The member for the text of an option; NULL: it is another kind of option. */
static const char **text_of(struct options *options, const char *name)
{
    if (strcmp(name, "--out") == 0)
        return &options->out;
    if (strcmp(name, "--record") == 0)
        return &options->record;
    if (strcmp(name, "--plot") == 0)
        return &options->plot;
    if (strcmp(name, "--program") == 0)
        return &options->program;
    return NULL;
}

/* Options with a value: 1: set, 0: no such option, -1: a wrong value. */
static int take_value(struct options *options, const char *name, const char *value)
{
    const char **text = text_of(options, name);
    bool good;

    if (text) {
        *text = value;
        return 1;
    }
    if (strcmp(name, "--ip") == 0)
        good = take_ip(options, value);
    else if (strcmp(name, "--listen") == 0)
        good = take_listen(options, value);
    else if (strcmp(name, "--flow") == 0)
        good = parse_number(value, UINT32_MAX - 1, &options->flow);
    else if (strcmp(name, "--side") == 0)
        good = take_side(options, value);
    else
        return 0;
    return good ? 1 : -1;
}

static int take_word(struct options *options, const char *word)
{
    if (options->command && options->path)
        return wrong("one capture at a time: ", word);
    if (options->command) {
        options->path = word;
        return -1;
    }
    if (!help_knows(word))
        return wrong("no such command: ", word);
    options->command = word;
    return -1;
}

/* Handles the option @word, and @value if it has one; returns the number of words used, or 0
 * after it has printed an error. */
static int take_option(struct options *options, const char *word, const char *value)
{
    int taken;

    if (take_flag(options, word))
        return 1;
    taken = take_value(options, word, value ? value : "");
    if (taken == 0)
        wrong("no such option: ", word);
    else if (taken < 0 || !value)
        wrong("that can't be: ", word);
    return taken > 0 && value ? 2 : 0;
}

/* Refuses options of other commands, which would have no effect. */
static bool belong(const struct options *options, const char *const *used, unsigned count)
{
    char message[64];

    for (unsigned i = 0; i < count; i++) {
        if (help_has(options->command, used[i]))
            continue;
        snprintf(message, sizeof message, "%s has no option ", options->command);
        wrong(message, used[i]);
        return false;
    }
    return true;
}

/* Handles --help and --version after all words; returns a status, or -1 to continue. */
static int settle(struct options *options, const char *const *used, unsigned count)
{
    if (options->help) {
        help_print(options->command);
        return STATUS_FINE;
    }
    if (options->version)
        return printf("leat-replay (leat) %s\n", LEAT_VERSION) < 0 ? STATUS_WRONG : STATUS_FINE;
    if (!options->command || !options->path)
        return wrong(options->command ? "no capture" : "no command", "");
    options->name = strcmp(options->path, "-") == 0 ? "standard input" : options->path;
    return belong(options, used, count) ? -1 : STATUS_WRONG;
}

int options_parse(struct options *options, int argc, char **argv)
{
    const char *used[OPTIONS_MAX];
    unsigned count = 0;

    *options = (struct options){.flow = UINT32_MAX};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        int taken;

        if (word[0] != '-' || word[1] == '\0') {
            if (take_word(options, word) >= 0)
                return STATUS_WRONG;
            continue;
        }
        if (count == OPTIONS_MAX)
            return wrong("too many options: ", word);
        taken = take_option(options, word, i + 1 < argc ? argv[i + 1] : NULL);
        if (taken == 0)
            return STATUS_WRONG;
        used[count++] = word;
        i += taken - 1;
    }
    return settle(options, used, count);
}

/* Replaces the path in the message, which is that of a temporary file for standard input. */
static void print_why(const struct options *options, const char *why)
{
    const size_t len = strlen(options->path);
    const bool same = strncmp(why, options->path, len) == 0 && why[len] == ':';

    if (same)
        fprintf(stderr, "leat-replay: %s%s\n", options->name, why + len);
    else
        fprintf(stderr, "leat-replay: %s\n", why);
}

struct leat_capture *open_capture(const struct options *options)
{
    struct leat_capture *capture = NULL;
    char why[LEAT_WHY_BYTES];

    if (compressed_open(&capture, options->path, why))
        print_why(options, why);
    else
        leat_capture_unwrap(capture);
    return capture;
}

struct leat_capture *open_recording(const struct options *options)
{
    struct leat_capture *capture = NULL;
    char why[LEAT_WHY_BYTES];

    if (leat_capture_open(&capture, options->path, why))
        print_why(options, why);
    return capture;
}

int capture_end(const struct options *options, const struct leat_capture *capture)
{
    const struct leat_capture_left_out left_out = leat_capture_left_out(capture);

    progress_end(options);
    if (leat_capture_why(capture)[0]) {
        print_why(options, leat_capture_why(capture));
        return STATUS_WRONG;
    }
    if (left_out.frames > 0)
        fprintf(stderr, "leat-replay: %s: %llu frames left out, the first of link type %u (%s)\n",
                options->name, (unsigned long long)left_out.frames, left_out.link_type,
                left_out.name);
    return STATUS_FINE;
}

static bool shows_progress(const struct options *options)
{
    return !options->quiet && !options->verbose && isatty(STDERR_FILENO);
}

void progress_show(const struct options *options, const struct leat_capture *capture,
                   uint64_t frames)
{
    enum {
        WIDTH = 40
    };
    static const char bar[WIDTH + 1] = "########################################";
    const uint64_t size = leat_capture_size(capture);
    int done;

    if (!shows_progress(options))
        return;
    if (size == 0) {
        fprintf(stderr, "\r%llu frames", (unsigned long long)frames);
        return;
    }
    done = (int)(leat_capture_position(capture) * WIDTH / size);
    fprintf(stderr, "\r[%-*.*s] %3d%%  %llu frames", WIDTH, done, bar, done * 100 / WIDTH,
            (unsigned long long)frames);
}

void progress_flows(const struct options *options, uint32_t number, uint32_t count)
{
    if (shows_progress(options))
        fprintf(stderr, "\rflow %u of %u", number, count);
}

void progress_end(const struct options *options)
{
    if (shows_progress(options))
        fputs("\r\033[K", stderr);
}

void json_string(FILE *to, const char *text)
{
    putc('"', to);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            fprintf(to, "\\u%04x", c);
        else
            putc(c, to);
    }
    putc('"', to);
}
