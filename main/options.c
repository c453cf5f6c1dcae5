/*
 * options.c -- the command line of leat_main(): the same on POSIX and on machines without a libc.
 *
 * "--name VALUE" or "--name=VALUE", in any order, also behind arguments; "--" ends the options.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "option_list.h"
#include "option_take.h"
#include "options_config.h"

enum {
    FLIGHT_KIB = 64,
    FLIGHT_SNAP = 96,
    IDLE_S = 300,
    DRAIN_S = 5
};

static void print_help(const struct options_world *world, const struct leat_app *what)
{
    snprintf(world->line, OPTIONS_LINE_BYTES, "usage: %s [options] %s\n%s\n", what->name,
             what->arguments ? what->arguments : "", what->summary);
    world->print(world, world->line);
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        const struct option *option = &all_options[i];
        char head[40];

        if (option->posix_only && !world->posix)
            continue;
        snprintf(head, sizeof head, "--%s %s", option->name, option->value ? option->value : "");
        snprintf(world->line, OPTIONS_LINE_BYTES, "  %-18s %s", head, option->text);
        world->print(world, world->line);
    }
    if (what->own_options)
        world->print(world, what->own_options);
    if (what->default_port == 0)
        return;
    snprintf(world->line, OPTIONS_LINE_BYTES, "\nThe default port is %u.",
             (unsigned)what->default_port);
    world->print(world, world->line);
}

/* The option of @word ("--name" or "--name=value"), or KEY_COUNT. */
static unsigned find(const struct options_world *world, const char *word, const char **value)
{
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        const size_t len = strlen(all_options[i].name);

        if (strncmp(word + 2, all_options[i].name, len) != 0 ||
            (all_options[i].posix_only && !world->posix))
            continue;
        *value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
        if (word[2 + len] == '\0' || (*value && all_options[i].value))
            return i;
    }
    return KEY_COUNT;
}

/* Prints "NAME: MESSAGE; see --help". */
static enum options_outcome wrong(const struct options_world *world, const struct leat_app *what,
                                  const char *message, const char *word, const char *value)
{
    snprintf(world->line, OPTIONS_LINE_BYTES, "%s: %s%.80s%s%.80s%s; see --help", what->name,
             value ? "" : message, word, value && *word ? " " : "", value ? value : "",
             value ? message : "");
    world->complain(world, world->line);
    return OPTIONS_WRONG;
}

/* Handles options that end the program right away; OPTIONS_RUN: it is not one of these. */
static enum options_outcome answer(const struct options_world *world, const struct leat_app *what,
                                   unsigned key)
{
    if (key == KEY_HELP) {
        print_help(world, what);
        return OPTIONS_DONE;
    }
    if (key == KEY_VERSION) {
        snprintf(world->line, OPTIONS_LINE_BYTES, "%s (leat) %s", what->name, LEAT_VERSION);
        world->print(world, world->line);
        return OPTIONS_DONE;
    }
    return OPTIONS_RUN;
}

/* Takes the options out of @words, so that only the arguments are left. */
static enum options_outcome parse(struct options *options, const struct options_world *world,
                                  const struct leat_app *what, int count, char **words)
{
    int arguments = 0;

    for (int i = 0; i < count; i++) {
        const char *word = words[i], *value = NULL, *trouble;
        char text[64];
        unsigned key;
        bool is_apart;

        if (strcmp(word, "--") == 0) {
            while (++i < count)
                words[arguments++] = words[i];
            break;
        }
        key = word[0] == '-' && word[1] == '-' ? find(world, word, &value) : (unsigned)KEY_COUNT;
        if (word[0] != '-' || word[1] == '\0' || (key == KEY_COUNT && what->own_options)) {
            words[arguments++] = words[i];
            continue;
        }
        if (key == KEY_COUNT)
            return wrong(world, what, "wrong option: ", word, NULL);
        if (answer(world, what, key) == OPTIONS_DONE)
            return OPTIONS_DONE;
        is_apart = all_options[key].value && !value;
        if (is_apart && ++i == count)
            return wrong(world, what, "no value: ", word, NULL);
        if (is_apart)
            value = words[i];
        options->source[option_kind(key)] = OPTION_WORD;
        trouble = option_too_many(options, key);
        if (!trouble && !option_take(options, key, value))
            trouble = option_expectation(key, value, text, sizeof text);
        if (trouble)
            return wrong(world, what, trouble, is_apart ? word : "", is_apart ? value : word);
    }
    if (arguments > 0 && (!what->arguments || what->arguments[0] == '\0'))
        return wrong(world, what, "takes no arguments: ", words[0], NULL);
    options->argument_count = arguments;
    options->arguments = (const char *const *)words;
    return OPTIONS_RUN;
}

/* The first address of the network, which becomes passt's own. */
static struct leat_ip first_of(const struct options_address *address)
{
    const uint32_t host = address->prefix_bits < 32 ? UINT32_MAX >> address->prefix_bits : 0;

    return leat_ip_v4((leat_ip_v4_number(address->ip) & ~host) + 1);
}

enum options_outcome options_parse(struct options *options, const struct options_world *world,
                                   const struct leat_app *what, int count, char **words)
{
    enum options_outcome outcome;
    const char *trouble;

    /* field by field: a whole one would lie on the stack first */
    memset(options, 0, sizeof *options);
    options->posix = world->posix;
    options->ips[0] = (struct options_address){LEAT_IP4(10, 0, 0, 2), 24};
    options->port = what->default_port;
    options->idle_ns = IDLE_S * UINT64_C(1000000000);
    options->drain_ns = DRAIN_S * UINT64_C(1000000000);
    options->flight_kib = FLIGHT_KIB;
    options->flight_snap = FLIGHT_SNAP;
    outcome = parse(options, world, what, count, words);
    if (outcome != OPTIONS_RUN)
        return outcome;
    trouble = options_config(options, world, what);
    if (trouble) {
        snprintf(world->line, OPTIONS_LINE_BYTES, "%s: %.250s", what->name, trouble);
        world->complain(world, world->line);
        return OPTIONS_WRONG;
    }
    trouble = options_contradiction(options, what);
    if (trouble)
        return wrong(world, what, trouble, "", NULL);
    if (!options->tap)
        options->tap = "leat0";
    if (options->passt && leat_ip_is_any(options->gateway))
        options->gateway = first_of(&options->ips[0]);
    options_config_keep();
    return OPTIONS_RUN;
}

enum options_outcome options_parse_again(struct options *options, const struct options_world *world,
                                         const struct leat_app *what)
{
    memcpy(world->room, world->words, (size_t)world->count * sizeof *world->words);
    return options_parse(options, world, what, world->count, world->room);
}

void options_platform(const struct options *options, struct leat_platform *platform)
{
    platform->gateway = options->gateway;
    platform->server = leat_ip_is_any(options->server) ? options->gateway : options->server;
    platform->port = options->port;
    platform->certificate = options->certificate;
    platform->key = options->key;
    platform->dot = options->dot;
    platform->doh = options->doh;
    platform->early_data = options->early_data;
    platform->folder = options->folder;
    platform->redirects = options->redirects;
    platform->passwords = options->passwords;
    platform->ticket_keys = options->ticket_keys;
    platform->acme = options->acme;
    platform->acme_directory = options->acme_directory;
    platform->acme_contact = options->acme_contact;
    platform->acme_binding = options->acme_binding;
    platform->acme_trust = options->acme_trust;
    platform->acme_folder = options->acme_folder;
    platform->acme_agree = options->acme_agree;
    platform->idle_ns = options->idle_ns;
    platform->argument_count = options->argument_count;
    platform->arguments = options->arguments;
}

bool options_want_clock(const struct options *options)
{
    return (options->access_log.kind != SINK_NONE || options->dashboard_port > 0) &&
           !options->record && !options->replay;
}

struct leat_tcp_config options_tcp(const struct options *options, const struct leat_app *app)
{
    struct leat_tcp_config tcp = {0};

    if (app->tcp)
        tcp = *app->tcp;
    if (options->connections > 0)
        tcp.connections = options->connections;
    tcp.fast_open |= options->fast_open;
    if (options->congestion)
        tcp.congestion = options->congestion;
    return tcp;
}

/* The first name of a list with commas, in @path; returns what follows it, or NULL. */
static const char *next_path(const char *list, char path[OPTIONS_LINE_BYTES])
{
    const char *comma = strchr(list, ',');

    snprintf(path, OPTIONS_LINE_BYTES, "%.*s", (int)(comma ? comma - list : (long)strlen(list)),
             list);
    return comma ? comma + 1 : NULL;
}

/* Several certificates have commas between them, as the keys do. */
static const char *check_list(struct leat_platform *platform, const char *option, const char *list)
{
    static char path[OPTIONS_LINE_BYTES], why[OPTIONS_LINE_BYTES];
    const char *bytes;
    size_t len;

    while (list) {
        list = next_path(list, path);
        if (platform->read_file(platform, path, &bytes, &len)) {
            snprintf(why, sizeof why,
                     "%s: can't read %.200s: no such file, or no right to read it, or a folder",
                     option, path);
            return why;
        }
        leat_platform_free_file(platform, bytes);
    }
    return NULL;
}

const char *options_check_files(const struct options *options, struct leat_platform *platform,
                                const struct leat_app *app)
{
    const char *wrong = check_list(platform, "--cert", options->certificate);

    if (!wrong)
        wrong = check_list(platform, "--key", options->key);
    return wrong || !app->check ? wrong : app->check(platform);
}
