/* httpd_folder.c -- see httpd_folder.h. */
#include "httpd_folder.h"

#include <stdio.h>
#include <string.h>

#include "httpd_passwords.h"

enum {
    REDIRECTS_MAX = 256,
    REDIRECT_BYTES = 32768 /* of their lines */
};

/* The contents of the two files.  A new version is read beside the current one. */
struct lines {
    struct leat_http_redirect redirects[REDIRECTS_MAX];
    uint16_t redirect_count;
    char text[REDIRECT_BYTES];
    struct leat_http_passwords passwords;
};

static struct lines lines[2];
static unsigned serving;
static struct leat_files *files;
static const char *root;
static struct leat_http_folder folder;
static char why[320];

/* Ends the word at @at; returns what follows it. */
static char *end_word(char *at)
{
    while (*at && *at != ' ' && *at != '\t' && *at != '\r')
        at++;
    while (*at == ' ' || *at == '\t' || *at == '\r')
        *at++ = '\0';
    return at;
}

/* Takes one line: "/from /to [STATUS]".  False: it has another form. */
static bool take_redirect(struct lines *to, char *line)
{
    struct leat_http_redirect *redirect = &to->redirects[to->redirect_count];
    char *target = end_word(line), *status = end_word(target), *rest = end_word(status);

    *redirect = (struct leat_http_redirect){.from = line, .to = target};
    if (*status) {
        if (strlen(status) != 3 || status[0] != '3' || status[1] != '0' || status[2] < '1' ||
            status[2] > '8')
            return false;
        redirect->status = (uint16_t)(300 + status[2] - '0');
    }
    to->redirect_count++;
    return *target && !*rest;
}

static const char *read_redirects(struct leat_platform *platform, struct lines *to)
{
    const char *bytes;
    size_t len;
    unsigned number = 0;
    char *line = to->text;

    to->redirect_count = 0;
    if (!platform->redirects)
        return NULL;
    if (platform->read_file(platform, platform->redirects, &bytes, &len) || len >= REDIRECT_BYTES)
        return snprintf(why, sizeof why, "can't read %.200s, or it is longer than 32 KiB",
                        platform->redirects),
               why;
    memcpy(to->text, bytes, len);
    to->text[len] = '\0';
    leat_platform_free_file(platform, bytes);
    while (*line) {
        char *end = strchr(line, '\n');

        number++;
        if (end)
            *end = '\0';
        if (*line && *line != '#' && *line != '\r' &&
            (to->redirect_count == REDIRECTS_MAX || !take_redirect(to, line)))
            return snprintf(why, sizeof why, "%.200s, line %u: %s", platform->redirects, number,
                            to->redirect_count == REDIRECTS_MAX ? "there can be 256 redirects"
                                                                : "must be /from /to [STATUS]"),
                   why;
        line = end ? end + 1 : line + strlen(line);
    }
    return NULL;
}

/* The reason why a line can't be used, or NULL. */
static const char *fault_of(struct leat_platform *platform, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);

    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len == 0 || *line == '#')
        return NULL;
    if (!colon)
        return "must be name:password";
    return colon + 1 < line + len && colon[1] == '$'
               ? passwords_fault(platform, colon + 1, len - (size_t)(colon + 1 - line))
               : NULL;
}

/* Refuses lines that no password can match: without a colon, or with an unknown hash. */
static const char *check_passwords(struct leat_platform *platform,
                                   const struct leat_http_passwords *passwords)
{
    const char *line = passwords->lines, *end = passwords->lines + passwords->len;

    for (unsigned number = 1; line < end; number++) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        const size_t len = (size_t)((next ? next : end) - line);
        const char *wrong = fault_of(platform, line, len);

        if (wrong)
            return snprintf(why, sizeof why, "%.150s, line %u: %s", platform->passwords, number,
                            wrong),
                   why;
        line += len + 1;
    }
    return NULL;
}

static const char *read_passwords(struct leat_platform *platform, struct lines *to)
{
    if (!platform->passwords)
        return NULL;
    if (platform->read_file(platform, platform->passwords, &to->passwords.lines,
                            &to->passwords.len))
        return snprintf(why, sizeof why, "can't read %.200s", platform->passwords), why;
    to->passwords.verify = passwords_verify;
    return check_passwords(platform, &to->passwords);
}

/* Makes the folder by the two files. */
static const char *make_folder(const struct leat_platform *platform, struct lines *said)
{
    const struct leat_http_folder_config config = {.files = files,
                                                   .root = root,
                                                   .redirects = said->redirects,
                                                   .redirect_count = said->redirect_count,
                                                   .judge =
                                                       platform->passwords ? passwords_judge : NULL,
                                                   .allows_arg = &said->passwords};
    struct leat_http_folder made;

    if (leat_http_folder_open(&made, &config))
        return "a redirect must lead from a path (/...) to a path or URL, with status 301, 302, "
               "303, 307 or 308; and no part of the path of --files can begin with a dot";
    folder = made;
    return NULL;
}

const char *folder_reload(struct leat_platform *platform)
{
    struct lines *said = &lines[!serving];
    const char *wrong;

    said->passwords = (struct leat_http_passwords){.lines = NULL};
    wrong = read_redirects(platform, said);
    if (!wrong)
        wrong = read_passwords(platform, said);
    if (!wrong)
        wrong = make_folder(platform, said);
    if (wrong) {
        leat_platform_free_file(platform, said->passwords.lines);
        return wrong;
    }
    leat_platform_free_file(platform, lines[serving].passwords.lines);
    lines[serving].passwords.lines = NULL;
    serving = !serving;
    return NULL;
}

const char *folder_open(struct leat_platform *platform)
{
    const char *wrong = platform->open_folder(platform, &files, &root);

    return wrong ? wrong : folder_reload(platform);
}

struct leat_http_folder *folder_served(void)
{
    return &folder;
}
