/* sieve_lists.c -- see sieve_lists.h. */
#include "sieve_lists.h"

#include <stdio.h>
#include <string.h>

#include "sieve_report.h"

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
    bool are_sent;    /* they are no files of the command line */
    unsigned text_count;
    struct text texts[TEXTS];
} lists;

static _Alignas(16) unsigned char set_memory[2][SET_BYTES];
static _Alignas(16) unsigned char rules_memory[2][RULES_BYTES];
static char why[200];

const char *lists_add_file(struct leat_platform *platform, const char *name, bool allow)
{
    if (lists.text_count == TEXTS)
        return "too many lists";
    if (platform->read_file(platform, name, &lists.texts[lists.text_count].bytes,
                            &lists.texts[lists.text_count].len)) {
        snprintf(why, sizeof why, "can't read %.150s", name);
        return why;
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

bool lists_is_list(const struct leat_blocklist_text *text)
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
static void tell_files(const char *until)
{
    static const struct leat_blocklist_counts none;
    const struct leat_blocklist_counts *counts = leat_blocklist_counts(lists.sets[lists.serving]);
    struct leat_platform *platform = lists.platform;

    for (unsigned i = 0; i < lists.text_count; i++) {
        const struct leat_blocklist_text *lines = &lists.texts[i].lines;

        report_begin();
        report_add(lists_is_list(lines) ? "" : "looks like no list of names: ");
        report_add(lists.texts[i].name);
        report_add(": ");
        report_add_lines(lines);
        platform->say(platform, report());
    }
    report_begin();
    report_add_names(counts, &none);
    if (counts->names == 0) {
        report_add(": NOTHING IS BLOCKED");
        report_add(until);
    }
    platform->say(platform, report());
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

/* The most names that these bytes, and the files of the command line, can have. */
static uint64_t names_within(uint64_t bytes)
{
    return SPARE + text_bytes() / LINE_BYTES_MIN + bytes / LINE_BYTES_MIN;
}

/* Fills the set that doesn't serve from the files.  False: some names had no room. */
static bool make_set(void)
{
    read_texts(begin_set(SPARE + text_bytes() / LINE_BYTES), false);
    if (leat_blocklist_counts(lists.sets[!lists.serving])->full > 0) /* short lines */
        read_texts(begin_set(names_within(0)), false);
    return leat_blocklist_counts(lists.sets[!lists.serving])->full == 0;
}

void lists_open(struct leat_platform *platform)
{
    lists.stack = platform->stack;
    lists.platform = platform;
}

void lists_start(const char *until)
{
    if (lists.are_sent)
        return;
    make_set();
    lists.serving = !lists.serving;
    tell_files(until);
}

struct leat_blocklist *lists_begin(uint64_t bytes)
{
    return begin_set(names_within(bytes));
}

void lists_serve(void)
{
    lists.serving = !lists.serving;
    lists.are_sent = true;
}

bool lists_are_sent(void)
{
    return lists.are_sent;
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
        if (!lists_is_list(&lists.texts[i].lines)) {
            snprintf(why, sizeof why, "%.150s looks like no list of names", lists.texts[i].name);
            return why;
        }
    }
    return has_room ? NULL : "the lists have too many names";
}

/* True if a file has other names than exceptions. */
static bool has_lists(void)
{
    bool any = false;

    for (unsigned i = 0; i < lists.text_count; i++)
        any |= !lists.texts[i].allow;
    return any;
}

const char *lists_reload(void)
{
    static struct text former[TEXTS];
    const char *wrong;

    if (lists.are_sent && !has_lists()) {
        lists.platform->say(lists.platform, "no list is a file, so those that were sent stay");
        return NULL;
    }
    wrong = read_again(former);
    if (wrong) {
        snprintf(why, sizeof why, "can't read %.150s", wrong);
        return why;
    }
    wrong = fault_of(make_set());
    for (unsigned i = 0; i < lists.text_count; i++)
        leat_platform_free_file(lists.platform, (wrong ? lists.texts : former)[i].bytes);
    if (wrong) {
        memcpy(lists.texts, former, sizeof lists.texts);
        return wrong;
    }
    lists.serving = !lists.serving;
    lists.are_sent = false;
    tell_files("");
    return NULL;
}

const struct leat_blocklist *lists_serving(void)
{
    return lists.sets[lists.serving];
}
