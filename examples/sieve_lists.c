/* sieve_lists.c -- see sieve_lists.h. */
#include "sieve_lists.h"

#include <stdio.h>
#include <string.h>

enum {
#if __STDC_HOSTED__
    NAMES_MAX = 4000000, /* Linux provides the memory only when it is used */
#else
    NAMES_MAX = 1000000,
#endif
    SET_BYTES = NAMES_MAX / 10 * 107, /* leat_blocklist_memory_bytes(NAMES_MAX), a little more */
    SPARE = 1000,                     /* names */
    RULES_BYTES = 1 << 20,            /* for conditions and regular expressions, in each set */
    LINE_BYTES = 16,                  /* of a list, usually more */
    LINE_BYTES_MIN = 4,               /* "a.b" */
    TEXTS = 32
};

/* A file. */
struct text {
    const char *name;
    const char *bytes;
    size_t len;
    bool allow;
    struct leat_blocklist_text lines;
};

static struct {
    struct leat *stack;
    struct leat_platform *platform;
    struct leat_blocklist *sets[2];
    unsigned serving; /* which of them */
    const char *token;
    bool uploading;
    struct leat_ip sender;               /* of the upload */
    struct leat_blocklist_counts before; /* of the new set, before the upload */
    unsigned text_count;
    struct text texts[TEXTS];
} lists;

static _Alignas(16) unsigned char set_memory[2][SET_BYTES];
static _Alignas(16) unsigned char rules_memory[2][RULES_BYTES];
static char line[1000];

const char *lists_add_file(struct leat_platform *platform, const char *name, bool allow)
{
    if (lists.text_count == TEXTS)
        return "too many lists";
    if (platform->read_file(platform, name, &lists.texts[lists.text_count].bytes,
                            &lists.texts[lists.text_count].len)) {
        snprintf(line, sizeof line, "can't read %.200s", name);
        return line;
    }
    lists.texts[lists.text_count].name = name;
    lists.texts[lists.text_count++].allow = allow;
    return NULL;
}

static uint64_t text_bytes(void)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < lists.text_count; i++)
        bytes += lists.texts[i].len;
    return bytes;
}

/* ---- reports ----------------------------------------------------------------------------------
 */

/* The end of the line, and the room behind it. An image has no vsnprintf(). */
static char *end(void)
{
    return line + strlen(line);
}

static size_t room(void)
{
    return sizeof line - strlen(line);
}

/* Adds the numbers of a text's lines, and the first ones that were refused. */
static void add_lines(const struct leat_blocklist_text *text)
{
    snprintf(end(), room(), "of %llu lines %llu understood, %llu ignored, %llu refused",
             (unsigned long long)text->lines, (unsigned long long)text->understood,
             (unsigned long long)text->ignored, (unsigned long long)text->refused);
    if (text->expressions > 0)
        snprintf(end(), room(), ", %llu of them regular expressions",
                 (unsigned long long)text->expressions);
    if (text->rewrites > 0)
        snprintf(end(), room(), ", %llu would rewrite names and do nothing",
                 (unsigned long long)text->rewrites);
    if (text->over_limit > 0)
        snprintf(end(), room(),
                 ", %llu refused because a list has at most %u regular expressions, all "
                 "together have limited work, and a name has at most %u conditions",
                 (unsigned long long)text->over_limit, (unsigned)LEAT_BLOCKLIST_EXPRESSIONS,
                 (unsigned)LEAT_BLOCKLIST_NAME_RULES);
    if (text->no_room > 0)
        snprintf(end(), room(), ", %llu refused because the memory for conditions is full",
                 (unsigned long long)text->no_room);
    for (unsigned i = 0; i < text->told; i++)
        snprintf(end(), room(), "%s line %llu \"%s\"", i == 0 ? ":" : ",",
                 (unsigned long long)text->first[i].number, text->first[i].text);
}

/* Adds the names that were added to the set since @before. */
static void add_names(const struct leat_blocklist_counts *counts,
                      const struct leat_blocklist_counts *before)
{
    snprintf(end(), room(), "%llu names, %llu repeated, %llu left out for want of room",
             (unsigned long long)(counts->names - before->names),
             (unsigned long long)(counts->again - before->again),
             (unsigned long long)(counts->full - before->full));
}

/* False: another text than a list, as an error page, an empty file, or a format that is unknown. */
static bool is_list(const struct leat_blocklist_text *text)
{
    return text->understood > 0 && text->understood >= text->refused;
}

/* ---- files ------------------------------------------------------------------------------------
 */

/* Adds the files that are exceptions, or the others. */
static void read_texts(struct leat_blocklist *list, bool allow)
{
    for (unsigned i = 0; i < lists.text_count; i++) {
        if (lists.texts[i].allow != allow)
            continue;
        leat_blocklist_begin(list, allow);
        leat_blocklist_read(list, lists.texts[i].bytes, lists.texts[i].len);
        leat_blocklist_end(list);
        lists.texts[i].lines = *leat_blocklist_text(list);
    }
    leat_blocklist_begin(list, false);
}

/* Reports each file, and the set that serves. */
static void tell_files(struct leat_platform *platform)
{
    static const struct leat_blocklist_counts none;
    const struct leat_blocklist_counts *counts = leat_blocklist_counts(lists.sets[lists.serving]);

    for (unsigned i = 0; i < lists.text_count; i++) {
        const struct leat_blocklist_text *lines = &lists.texts[i].lines;

        line[0] = '\0';
        snprintf(end(), room(), "%s%.200s: ", is_list(lines) ? "" : "looks like no list of names: ",
                 lists.texts[i].name);
        add_lines(lines);
        platform->say(platform, line);
    }
    line[0] = '\0';
    add_names(counts, &none);
    if (counts->names == 0)
        snprintf(end(), room(), ": NOTHING IS BLOCKED%s",
                 lists.token ? " until lists are sent" : "");
    platform->say(platform, line);
}

/* Empties the set that doesn't serve, but for the exceptions of the command line, with room for
 * @names: a smaller set is cleared faster, and more of it fits into the caches. */
static struct leat_blocklist *begin_set(uint64_t names)
{
    const uint32_t room = names < NAMES_MAX ? (uint32_t)names : NAMES_MAX;
    const unsigned other = !lists.serving;
    const uint64_t key[2] = {leat_random(lists.stack), leat_random(lists.stack)};

    if (leat_blocklist_open(&lists.sets[other], set_memory[other], SET_BYTES, room, key))
        return NULL;
    if (leat_blocklist_give_rules(lists.sets[other], rules_memory[other], RULES_BYTES))
        return NULL;
    read_texts(lists.sets[other], true);
    return lists.sets[other];
}

/* ---- uploads ----------------------------------------------------------------------------------
 */

static void answer(struct leat_http_exchange *exchange, uint16_t status, const char *text)
{
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    leat_http_answer(exchange, &head, text, (uint32_t)strlen(text));
}

/* The same for the line, which will change. */
static void tell(struct leat_http_exchange *exchange, uint16_t status)
{
    const struct leat_http_head head = {
        .status = status, .type = "text/plain", .len = strlen(line) + 1};

    leat_http_reply(exchange, &head);
    leat_http_write(exchange, line, strlen(line));
    leat_http_write(exchange, "\n", 1);
    leat_http_finish(exchange);
}

/* A token in the URL keeps out foreign web pages that are open in a browser of the home. */
static bool is_allowed(const struct leat_http_exchange *exchange)
{
    size_t len;
    const char *query = leat_http_request_query(exchange, &len);
    unsigned differ = 0;

    if (!lists.token || len == 0 || strlen(lists.token) != len) /* an empty one is none */
        return false;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(query[i] ^ lists.token[i]);
    return differ == 0;
}

/* The most names that these bytes, and the files of the command line, can have. */
static uint64_t names_within(uint64_t bytes)
{
    return SPARE + text_bytes() / LINE_BYTES_MIN + bytes / LINE_BYTES_MIN;
}

/* Reports an upload to the console: its sender, and @what became of it. */
static void say_upload(struct leat_ip sender, const char *what)
{
    static char report[sizeof line + LEAT_IP_TEXT_BYTES + 20];
    char ip[LEAT_IP_TEXT_BYTES];

    leat_ip_format(sender, ip);
    snprintf(report, sizeof report, "%s has sent lists: %s", ip, what);
    lists.platform->say(lists.platform, report);
}

/* Reports a sender without the token. A flood is told once a second. */
static void say_refused(struct leat_ip sender)
{
    static uint64_t told_at_ns;
    const uint64_t now_ns = leat_now_ns(lists.stack);

    if (told_at_ns > 0 && now_ns - told_at_ns < 1000000000u)
        return;
    told_at_ns = now_ns;
    say_upload(sender, lists.token
                           ? "they are refused, because the token is wrong or missing."
                           : "they are refused, because the program was started without token=.");
}

static void begin_upload(struct leat_ip sender)
{
    lists.sender = sender;
    lists.before = *leat_blocklist_counts(lists.sets[!lists.serving]);
    lists.uploading = true;
}

/* Has the new set serve, if the upload was a list that found room. Returns the status of HTTP. */
static uint16_t end_upload(struct leat_blocklist *list)
{
    const struct leat_blocklist_text *text = leat_blocklist_text(list);
    const struct leat_blocklist_counts *counts = leat_blocklist_counts(list);
    uint16_t status = 200;

    line[0] = '\0';
    lists.uploading = false;
    if (!is_list(text))
        status = 422;
    else if (counts->full > lists.before.full)
        status = 413;
    else
        lists.serving = !lists.serving;
    if (status != 200)
        snprintf(end(), room(), "The former lists stay: this %s. ",
                 status == 413 ? "has too many names" : "looks like no list of names");
    add_names(counts, &lists.before);
    snprintf(end(), room(), "; ");
    add_lines(text);
    return status;
}

static void on_lists(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    if (!is_allowed(exchange)) {
        say_refused(leat_http_request_peer(exchange));
        answer(exchange, 403, "That is not the token, or there is none.\n");
    } else if (lists.uploading || !begin_set(names_within(leat_http_request_length(exchange)))) {
        answer(exchange, 503, "Other lists are just coming.\n");
    } else {
        begin_upload(leat_http_request_peer(exchange));
    }
}

static void on_lists_body(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_blocklist *list = lists.sets[!lists.serving];
    struct leat_buf *text;
    uint16_t status;

    (void)arg;
    while ((text = leat_http_receive(exchange, UINT32_MAX))) {
        const uint32_t len = leat_buf_total(text);

        for (const struct leat_buf *part = text; part; part = part->next)
            leat_blocklist_read(list, part->data, part->len);
        leat_buf_free(text);
        leat_http_consumed(exchange, len);
    }
    if (!leat_http_body_over(exchange))
        return;
    leat_blocklist_end(list);
    status = end_upload(list);
    say_upload(lists.sender, line);
    tell(exchange, status);
}

static void on_lists_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)why;
    (void)arg;
    lists.uploading = false;
    say_upload(lists.sender, "they were cut. The former lists stay.");
}

const struct leat_http_route lists_route = {.path = "/lists",
                                            .methods = LEAT_HTTP_PUT,
                                            .body_bytes_max = LEAT_HTTP_ANY,
                                            .on_request = on_lists,
                                            .on_body = on_lists_body,
                                            .on_failed = on_lists_failed};

/* Fills the set that doesn't serve from the files.  False: some names had no room. */
static bool make_set(void)
{
    read_texts(begin_set(SPARE + text_bytes() / LINE_BYTES), false);
    if (leat_blocklist_counts(lists.sets[!lists.serving])->full > 0) /* short lines */
        read_texts(begin_set(names_within(0)), false);
    return leat_blocklist_counts(lists.sets[!lists.serving])->full == 0;
}

void lists_start(struct leat_platform *platform, const char *token)
{
    lists.stack = platform->stack;
    lists.platform = platform;
    lists.token = token;
    make_set();
    lists.serving = !lists.serving;
    tell_files(platform);
}

/* ---- files, again -------------------------------------------------------------------------- */

/* Reads the files again, in the place of the former bytes, which are then in `former`.  Returns the
 * name of a file that can't be read, after which all is as it was, or NULL. */
static const char *read_again(struct text former[TEXTS])
{
    struct leat_platform *platform = lists.platform;

    memcpy(former, lists.texts, sizeof lists.texts);
    for (unsigned i = 0; i < lists.text_count; i++) {
        struct text *text = &lists.texts[i];

        if (!platform->read_file(platform, text->name, &text->bytes, &text->len))
            continue;
        while (i-- > 0)
            leat_platform_free_file(platform, lists.texts[i].bytes);
        memcpy(lists.texts, former, sizeof lists.texts);
        return text->name;
    }
    return NULL;
}

/* The reason why the set that was made of the files can't serve, or NULL. */
static const char *fault_of(bool has_room)
{
    for (unsigned i = 0; i < lists.text_count; i++) {
        if (!is_list(&lists.texts[i].lines)) {
            snprintf(line, sizeof line, "%.150s looks like no list of names", lists.texts[i].name);
            return line;
        }
    }
    return has_room ? NULL : "the lists have too many names";
}

const char *lists_reload(void)
{
    static struct text former[TEXTS];
    const char *wrong;

    if (lists.uploading)
        return "lists are just being sent: try again";
    wrong = read_again(former);
    if (wrong) {
        snprintf(line, sizeof line, "can't read %.150s", wrong);
        return line;
    }
    wrong = fault_of(make_set());
    for (unsigned i = 0; i < lists.text_count; i++)
        leat_platform_free_file(lists.platform, (wrong ? lists.texts : former)[i].bytes);
    if (wrong) {
        memcpy(lists.texts, former, sizeof lists.texts);
        return wrong;
    }
    lists.serving = !lists.serving;
    tell_files(lists.platform);
    return NULL;
}

const struct leat_blocklist *lists_serving(void)
{
    return lists.sets[lists.serving];
}
