/* fetch_words.c -- see fetch_words.h. */
#include "fetch_words.h"

#include <stdio.h>
#include <string.h>

#include "idn.h"

enum {
    REDIRECTS = 5,      /* without -L */
    REDIRECTS_MAX = 50, /* with it, as curl's */
    USER_BYTES = 1024
};

const char fetch_options[] =
    "  -o FILE            write the body there; -O: to a file with the name in the URL\n"
    "  -C N               begin at byte N of it; -C -: behind what the file has\n"
    "  -u USER:PASSWORD   basic authentication\n"
    "  -H 'NAME: VALUE'   a field of the request; more than once\n"
    "  -L                 follow 50 redirects instead of 5\n"
    "  -f                 write no body of an error\n"
    "  -m SECONDS         how long all of it may take (--max-time)\n"
    "\nThe exit statuses are those of curl, with 22 for an error of HTTP.";

static const struct {
    char letter;
    const char *name;
    bool has_value;
} known[] = {
    {'o', "output", true}, {'O', "remote-name", false}, {'C', "continue-at", true},
    {'u', "user", true},   {'H', "header", true},       {'L', "location", false},
    {'f', "fail", false},  {'m', "max-time", true},
};

/* ---- Values ---------------------------------------------------------------------------------- */

/* "1.5" in units of 1/@scale. False: no number, or too large. */
static bool read_decimal(const char *text, uint64_t scale, uint64_t *number)
{
    uint64_t value = 0;
    bool fraction = false;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text == '.' && !fraction && scale > 1) {
            fraction = true;
            continue;
        }
        if (*text < '0' || *text > '9' || value > UINT64_MAX / 20)
            return false;
        if (fraction && scale == 1)
            continue; /* finer than it can be */
        value = 10 * value + (uint64_t)(*text - '0');
        scale /= fraction ? 10 : 1;
    }
    if (value > UINT64_MAX / scale)
        return false;
    *number = value * scale;
    return true;
}

static bool add_text(char *to, const char *text, size_t len)
{
    const size_t have = strlen(to);

    if (have + len >= FETCH_FIELDS_BYTES)
        return false;
    memcpy(to + have, text, len);
    to[have + len] = '\0';
    return true;
}

/* True if the field @name, in any letter case, begins a line of @fields. */
static bool is_field(const char *fields, const char *name)
{
    size_t at = 0;

    while (name[at] && (fields[at] | 0x20) == (name[at] | 0x20))
        at++;
    return !name[at] && fields[at] == ':';
}

static bool has_field(const char *fields, const char *name)
{
    for (const char *line = fields; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (is_field(line, name))
            return true;
    }
    return false;
}

static bool add_field(struct fetch_words *words, const char *field)
{
    const bool is_secret = is_field(field, "Authorization") || is_field(field, "Cookie");
    char *to = is_secret ? words->secrets : words->fields;

    return strchr(field, ':') && add_text(to, field, strlen(field)) && add_text(to, "\r\n", 2);
}

/* Basic authentication (RFC 7617), once: the last user counts, as curl has it. */
static bool add_user(struct fetch_words *words, const char *user, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char line[2 * USER_BYTES];
    size_t at = (size_t)snprintf(line, sizeof line, "Authorization: Basic ");

    if (len > USER_BYTES)
        return false;
    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const uint32_t bits = (uint32_t)(unsigned char)user[i] << 16 |
                              (left > 1 ? (uint32_t)(unsigned char)user[i + 1] << 8 : 0) |
                              (left > 2 ? (uint32_t)(unsigned char)user[i + 2] : 0);

        line[at++] = digits[bits >> 18];
        line[at++] = digits[bits >> 12 & 63];
        line[at++] = left > 1 ? digits[bits >> 6 & 63] : '=';
        line[at++] = left > 2 ? digits[bits & 63] : '=';
    }
    line[at] = '\0';
    return has_field(words->secrets, "Authorization") || add_field(words, line);
}

/* ---- URL ------------------------------------------------------------------------------------- */

static int hex_of(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* The user in a URL, "%40" decoded. */
static bool take_user(struct fetch_words *words, const char *user, size_t len)
{
    static char plain[USER_BYTES];
    size_t at = 0;

    for (size_t i = 0; i < len; i++, at++) {
        if (at == sizeof plain)
            return false;
        plain[at] = user[i];
        if (user[i] == '%' && i + 2 < len && hex_of(user[i + 1]) >= 0 && hex_of(user[i + 2]) >= 0) {
            plain[at] = (char)(hex_of(user[i + 1]) << 4 | hex_of(user[i + 2]));
            i += 2;
        }
    }
    return add_user(words, plain, at);
}

/* Takes the user out of the URL, and writes its host in ASCII. */
static enum fetch_status read_url(struct fetch_words *words, const char *url, const char **why)
{
    const char *host = strstr(url, "://");
    const char *end, *at;
    static char ascii[LEAT_URL_BYTES];
    size_t name_len = 0;
    bool is_ascii = true;
    static struct leat_url parsed;
    enum leat_err err;

    host = host ? host + 3 : url;
    end = host + strcspn(host, "/?#");
    for (at = end; at > host && at[-1] != '@'; at--) {
    }
    if (at > host && !take_user(words, host, (size_t)(at - 1 - host)))
        return *why = "the user in that URL is too long", FETCH_BAD_URL;
    while (at + name_len < end && at[name_len] != ':' && at[0] != '[')
        is_ascii &= (unsigned char)at[name_len++] < 0x80;
    if (!is_ascii && !idn_to_ascii(at, name_len, ascii, sizeof ascii))
        return *why = "the name of that host can't be written as DNS has it", FETCH_BAD_URL;
    if (is_ascii)
        snprintf(ascii, sizeof ascii, "%.*s", (int)name_len, at);
    if (snprintf(words->url, sizeof words->url, "%.*s%s%s", (int)(host - url), url, ascii,
                 at + name_len) >= (int)sizeof words->url)
        return *why = "that URL is too long", FETCH_BAD_URL;
    err = leat_url_parse(&parsed, words->url);
    *why = "that is no URL of http or https";
    return err == LEAT_ERR_PROTOCOL && strstr(url, "://") ? FETCH_UNSUPPORTED
           : err                                          ? FETCH_BAD_URL
                                                          : FETCH_OK;
}

/* The last part of the URL's path, for -O; NULL: it has none. */
static const char *name_in(const char *url)
{
    static char name[256];
    static struct leat_url parsed;
    size_t from = 0, to = 0;

    if (leat_url_parse(&parsed, url))
        return NULL;
    while (to < parsed.target_len && parsed.target[to] != '?')
        to++;
    for (size_t i = 0; i < to; i++)
        from = parsed.target[i] == '/' ? i + 1 : from;
    if (to == from || to - from >= sizeof name || parsed.target[from] == '.')
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)(to - from), parsed.target + from);
    return name;
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* Takes an option; NULL, or what is wrong. */
static const char *take(struct fetch_words *words, char letter, const char *value)
{
    switch (letter) {
    case 'o':
        words->output = value;
        return NULL;
    case 'C':
        words->resume = true;
        if (strcmp(value, "-") == 0)
            return NULL;
        return read_decimal(value, 1, &words->from) && words->from > 0
                   ? NULL
                   : "-C takes a number of bytes, or - for those that the file has";
    case 'u':
        return add_user(words, value, strlen(value)) ? NULL : "-u: that is too long";
    case 'H':
        return add_field(words, value) ? NULL : "-H takes 'Name: value', 12 KiB of them";
    case 'm':
        return read_decimal(value, 1000000000, &words->max_ns) ? NULL : "-m takes seconds";
    case 'L':
        words->redirects_max = REDIRECTS_MAX;
        return NULL;
    default:
        words->fail = true;
        return NULL;
    }
}

/* The option with this letter, or this name; the count of them: none. */
static size_t find(char letter, const char *name)
{
    size_t i = 0;

    while (i < sizeof known / sizeof *known &&
           (name ? strcmp(known[i].name, name) != 0 : known[i].letter != letter))
        i++;
    return i;
}

/* Takes the options of one word, and of the next one its value. */
static const char *take_word(struct fetch_words *words, const struct leat_platform *platform,
                             int *at, bool *by_name)
{
    static char why[120];
    const char *word = platform->arguments[*at];
    const bool is_long = word[1] == '-';

    for (const char *c = word + (is_long ? 2 : 1); *c; c++) {
        const size_t which = find(*c, is_long ? c : NULL);
        const char *value = is_long ? "" : c + 1;
        const char *wrong;

        if (which == sizeof known / sizeof *known)
            return snprintf(why, sizeof why, "wrong option: %.80s; see --help", word), why;
        if (known[which].has_value && !*value) {
            if (++*at == platform->argument_count)
                return snprintf(why, sizeof why, "no value: %.80s; see --help", word), why;
            value = platform->arguments[*at];
        }
        *by_name |= known[which].letter == 'O';
        wrong = known[which].letter == 'O' ? NULL : take(words, known[which].letter, value);
        if (wrong || is_long || known[which].has_value)
            return wrong;
    }
    return NULL;
}

enum fetch_status fetch_words_read(struct fetch_words *words, const struct leat_platform *platform,
                                   const char **why)
{
    const char *url = NULL;
    enum fetch_status status;
    bool by_name = false;

    memset(words, 0, sizeof *words);
    words->redirects_max = REDIRECTS;
    for (int i = 0; i < platform->argument_count; i++) {
        const char *word = platform->arguments[i];

        if (word[0] == '-' && word[1]) {
            *why = take_word(words, platform, &i, &by_name);
            if (*why)
                return FETCH_USAGE;
        } else if (!url) {
            url = word;
        } else if (!words->body_file) {
            words->body_file = word;
        } else {
            url = NULL;
            break;
        }
    }
    *why = "fetch takes a URL, and perhaps a file to send there";
    if (!url)
        return FETCH_USAGE;
    status = read_url(words, url, why);
    if (status)
        return status;
    if (by_name && !(words->output = name_in(words->url)))
        return *why = "-O: that URL names no file", FETCH_NOT_WRITTEN;
    if (words->resume && (words->body_file || (!words->output && !words->from)))
        return *why = "-C - needs -o FILE, and -C no file to send", FETCH_USAGE;
    if (!has_field(words->fields, "User-Agent"))
        add_field(words, "User-Agent: leat");
    if (!has_field(words->fields, "Accept"))
        add_field(words, "Accept: */*");
    return FETCH_OK;
}
