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
    PART_BYTES = 1 << 16,             /* that are read in a poll */
    TEXTS = 32
};

/* A file, or a list that is fetched. */
struct text {
    const char *name;
    const struct copy *copy; /* NULL: it is a file */
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
    bool are_sent;    /* they are no files or copies of the command line */
    bool give_way;    /* but the first list that is fetched replaces them */
    unsigned text_count;
    struct text texts[TEXTS];
} lists;

/* A set that is made poll by poll. */
static struct {
    struct copy *copy; /* the draft takes its place; NULL: no set is made */
    void (*on_done)(const char *wrong);
    struct leat_timer timer;
    unsigned text;   /* that is read */
    size_t at;       /* the next byte of it */
    bool is_begun;   /* that text */
    bool is_largest; /* each byte of the lists has room */
    struct leat_blocklist_text former[TEXTS];
} trial;

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

const char *lists_add_copy(const struct copy *copy, bool allow)
{
    if (lists.text_count == TEXTS)
        return "too many lists";
    lists.texts[lists.text_count++] =
        (struct text){.name = copy->url, .copy = copy, .allow = allow};
    return NULL;
}

/* The bytes of a text. */
static const char *bytes_of(const struct text *text, size_t *len)
{
    if (text->copy && text->copy == trial.copy)
        return copies_draft(len);
    *len = text->copy ? text->copy->len : text->len;
    return text->copy ? copies_bytes(text->copy) : text->bytes;
}

static uint64_t text_bytes(void)
{
    uint64_t bytes = 0;
    size_t len;

    for (unsigned i = 0; i < lists.text_count; i++) {
        bytes_of(&lists.texts[i], &len);
        bytes += len;
    }
    return bytes;
}

bool lists_is_list(const struct leat_blocklist_text *text)
{
    return text->understood > 0 && text->understood >= text->refused;
}

/* ---- files and copies ------------------------------------------------------------------------ */

/* Adds the texts that are exceptions, or the others. */
static void read_texts(struct leat_blocklist *list, bool allow)
{
    size_t len;

    for (unsigned i = 0; i < lists.text_count; i++) {
        const char *bytes = bytes_of(&lists.texts[i], &len);

        if (lists.texts[i].allow != allow)
            continue;
        leat_blocklist_begin(list, allow);
        leat_blocklist_read(list, bytes, len);
        leat_blocklist_end(list);
        lists.texts[i].lines = *leat_blocklist_text(list);
    }
    leat_blocklist_begin(list, false);
}

/* Reports a text. */
static void tell_text(const struct text *text)
{
    struct leat_platform *platform = lists.platform;
    const bool is_there = !text->copy || text->copy->len > 0;

    report_begin();
    report_add(lists_is_list(&text->lines) || !is_there ? "" : "looks like no list of names: ");
    report_add(text->name);
    report_add(is_there ? ": " : ": not fetched yet");
    if (is_there)
        report_add_lines(&text->lines);
    platform->say(platform, report());
}

/* Reports each text, and the set that serves. */
static void tell_texts(const char *until)
{
    static const struct leat_blocklist_counts none;
    const struct leat_blocklist_counts *counts = leat_blocklist_counts(lists.sets[lists.serving]);
    struct leat_platform *platform = lists.platform;

    for (unsigned i = 0; i < lists.text_count; i++)
        tell_text(&lists.texts[i]);
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

/* The most names that these bytes, and the texts of the command line, can have. */
static uint64_t names_within(uint64_t bytes)
{
    return SPARE + text_bytes() / LINE_BYTES_MIN + bytes / LINE_BYTES_MIN;
}

/* Fills the set that doesn't serve from the texts.  False: some names had no room. */
static bool make_set(void)
{
    read_texts(begin_set(SPARE + text_bytes() / LINE_BYTES), false);
    if (leat_blocklist_counts(lists.sets[!lists.serving])->full > 0) /* short lines */
        read_texts(begin_set(names_within(0)), false);
    return leat_blocklist_counts(lists.sets[!lists.serving])->full == 0;
}

/* Frees the bytes of files that aren't read again. When a list is fetched, all texts are; when one
 * is sent, only exceptions. */
static void free_texts(void)
{
    for (unsigned i = 0; i < lists.text_count; i++) {
        if (lists.texts[i].copy)
            return;
    }
    for (unsigned i = 0; i < lists.text_count; i++) {
        if (lists.texts[i].allow)
            continue;
        leat_platform_free_file(lists.platform, lists.texts[i].bytes);
        lists.texts[i].bytes = NULL;
    }
}

void lists_open(struct leat_platform *platform)
{
    lists.stack = platform->stack;
    lists.platform = platform;
}

void lists_start(const char *until)
{
    if (!lists.are_sent) {
        make_set();
        lists.serving = !lists.serving;
        tell_texts(until);
    }
    free_texts();
}

struct leat_blocklist *lists_begin(uint64_t bytes)
{
    if (trial.copy)
        return NULL;
    return begin_set(names_within(bytes));
}

void lists_serve(void)
{
    lists.serving = !lists.serving;
    lists.are_sent = true;
    lists.give_way = false;
}

bool lists_are_sent(void)
{
    return lists.are_sent;
}

bool lists_hold(void)
{
    return lists.are_sent && !lists.give_way;
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

        if (text->copy || !platform->read_file(platform, text->name, &text->bytes, &text->len))
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
        if (!lists.texts[i].copy && !lists_is_list(&lists.texts[i].lines)) {
            snprintf(why, sizeof why, "%.150s looks like no list of names", lists.texts[i].name);
            return why;
        }
    }
    return has_room ? NULL : "the lists have too many names";
}

/* True if a file or copy has other names than exceptions. */
static bool has_lists(void)
{
    bool any = false;

    for (unsigned i = 0; i < lists.text_count; i++)
        any |= !lists.texts[i].allow && (!lists.texts[i].copy || lists.texts[i].copy->len > 0);
    return any;
}

const char *lists_reload(void)
{
    static struct text former[TEXTS];
    const char *wrong;

    if (lists.are_sent && !has_lists()) {
        lists.give_way = true;
        lists.platform->say(lists.platform,
                            "no list is a file or was fetched, so those that were sent stay");
        return NULL;
    }
    if (trial.copy)
        return "a list that was fetched is just being read: try again";
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
    tell_texts("");
    free_texts();
    return NULL;
}

/* ---- a new copy ------------------------------------------------------------------------------ */

static void begin_trial_set(uint64_t names)
{
    begin_set(names);
    trial.text = 0;
    trial.at = 0;
    trial.is_begun = false;
}

/* The reason why the new set can't serve, or NULL. */
static const char *fault_of_trial(void)
{
    for (unsigned i = 0; i < lists.text_count; i++) {
        if (lists.texts[i].copy == trial.copy && !lists_is_list(&lists.texts[i].lines))
            return "it looks like no list of names";
    }
    return leat_blocklist_counts(lists.sets[!lists.serving])->full > 0
               ? "the lists have too many names with it"
               : NULL;
}

static void end_trial(void)
{
    const char *wrong = fault_of_trial();

    if (wrong) {
        for (unsigned i = 0; i < lists.text_count; i++)
            lists.texts[i].lines = trial.former[i];
    } else {
        copies_take(trial.copy);
        lists.serving = !lists.serving;
        lists.are_sent = false;
    }
    trial.copy = NULL;
    trial.on_done(wrong);
}

/* Reads the next part of a text that is no list of exceptions. */
static void read_part(struct text *text)
{
    struct leat_blocklist *list = lists.sets[!lists.serving];
    size_t len;
    const char *bytes = bytes_of(text, &len);
    const size_t part = len - trial.at < PART_BYTES ? len - trial.at : (size_t)PART_BYTES;

    if (!trial.is_begun)
        leat_blocklist_begin(list, false);
    trial.is_begun = true;
    leat_blocklist_read(list, bytes + trial.at, part);
    trial.at += part;
    if (trial.at < len)
        return;
    leat_blocklist_end(list);
    text->lines = *leat_blocklist_text(list);
    trial.text++;
    trial.at = 0;
    trial.is_begun = false;
}

static void on_trial(struct leat_timer *timer, void *arg)
{
    (void)arg;
    while (trial.text < lists.text_count && lists.texts[trial.text].allow)
        trial.text++;
    if (trial.text < lists.text_count) {
        read_part(&lists.texts[trial.text]);
    } else if (leat_blocklist_counts(lists.sets[!lists.serving])->full > 0 && !trial.is_largest) {
        trial.is_largest = true; /* the lines are short */
        begin_trial_set(names_within(0));
    } else {
        end_trial();
        return;
    }
    leat_timer_set(lists.stack, timer, leat_now_ns(lists.stack));
}

void lists_try(struct copy *copy, void (*on_done)(const char *wrong))
{
    trial.copy = copy;
    trial.on_done = on_done;
    trial.is_largest = false;
    trial.timer.on_time = on_trial;
    for (unsigned i = 0; i < lists.text_count; i++)
        trial.former[i] = lists.texts[i].lines;
    begin_trial_set(SPARE + text_bytes() / LINE_BYTES);
    leat_timer_set(lists.stack, &trial.timer, leat_now_ns(lists.stack));
}

const struct leat_blocklist_text *lists_lines(const struct copy *copy)
{
    for (unsigned i = 0; i < lists.text_count; i++) {
        if (lists.texts[i].copy == copy && copy->len > 0)
            return &lists.texts[i].lines;
    }
    return NULL;
}

const struct leat_blocklist *lists_serving(void)
{
    return lists.sets[lists.serving];
}
