/* test_blocklist.c -- a blocklist compared with a linear search, and the formats of its text.
 */
#include "dns_test.h"

#include <leat/blocklist.h>

#include "proto/dns/blocklist.h"

enum {
    NAMES = 3000,
    MODEL_MAX = 20000
};

static const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static struct leat_blocklist *make(uint32_t names_max, void **memory)
{
    const size_t bytes = leat_blocklist_memory_bytes(names_max);
    struct leat_blocklist *list;

    *memory = malloc(bytes + 1);
    assert_int_equal(leat_blocklist_open(&list, (char *)*memory + 1, bytes, names_max, key),
                     LEAT_OK);
    return list;
}

static enum leat_blocklist_verdict find(const struct leat_blocklist *list, const char *text)
{
    struct leat_dns_name name;

    assert_int_equal(leat_dns_name_parse(text, &name), LEAT_OK);
    return leat_blocklist_find(list, &name);
}

/* ---- the set, compared with a model
 * ------------------------------------------------------------
 */

struct model {
    struct {
        char name[64];
        unsigned marks;
    } entries[MODEL_MAX];
    unsigned count;
};

static struct model model;

static unsigned model_marks(const char *name)
{
    unsigned marks = 0;

    for (unsigned i = 0; i < model.count; i++) {
        if (strcmp(model.entries[i].name, name) == 0)
            marks |= model.entries[i].marks;
    }
    return marks;
}

static enum leat_blocklist_verdict model_find(const char *name)
{
    unsigned marks = model_marks(name) & 5u;

    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
        marks |= model_marks(dot + 1) & 10u;
    return marks & 12u ? LEAT_BLOCKLIST_ALLOWED
           : marks     ? LEAT_BLOCKLIST_BLOCKED
                       : LEAT_BLOCKLIST_UNLISTED;
}

/* One of some hundred names of up to four labels, many of them below others. */
static void random_name(uint32_t *seed, char name[64])
{
    static const char *const labels[] = {"a", "bb", "ccc", "dddddddd", "eeeeeeeee"};
    unsigned count;

    *seed = *seed * 1664525u + 1013904223u;
    count = 1 + (*seed >> 16) % 4;
    name[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        sprintf(name + strlen(name), "%s%s", i > 0 ? "." : "", labels[(*seed >> 16) % 5]);
    }
}

static void test_it_finds_the_same_as_a_search(void **state)
{
    uint32_t seed = 1;
    void *memory;

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        struct leat_blocklist *list = make(1000, &memory);
        char text[64];

        model.count = 0;
        for (unsigned i = 0; i < 10 + round * 10; i++) {
            struct leat_dns_name name;

            random_name(&seed, text);
            model.entries[model.count].marks = 1 + (seed >> 20) % 15;
            strcpy(model.entries[model.count].name, text);
            leat_dns_name_parse(text, &name);
            assert_int_equal(leat_blocklist_add(list, &name, model.entries[model.count++].marks),
                             LEAT_OK);
        }
        for (unsigned i = 0; i < 2000; i++) {
            random_name(&seed, text);
            assert_int_equal(find(list, text), model_find(text));
        }
        assert_int_equal(leat_blocklist_counts(list)->names + leat_blocklist_counts(list)->again,
                         model.count);
        free(memory);
    }
}

/* A search ends at a free slot, so it takes long where many names lie side by side. */
static void test_names_lie_in_all_parts_of_the_table(void **state)
{
    enum {
        PARTS = 16
    };
    void *memory;
    struct leat_blocklist *list = make(NAMES, &memory);
    unsigned counts[PARTS] = {0}, together = 0;

    (void)state;
    for (unsigned i = 0; i < NAMES / 4; i++) {
        struct leat_dns_name name;
        char text[64];

        sprintf(text, "n%u.example.test", i);
        leat_dns_name_parse(text, &name);
        assert_int_equal(leat_blocklist_add(list, &name, 1), LEAT_OK);
    }
    for (uint32_t at = 0; at < list->slot_count; at++) {
        if (list->slots[at] != 0)
            counts[(uint64_t)at * PARTS / list->slot_count]++;
        together += list->slots[at] != 0;
    }
    assert_int_equal(together, NAMES / 4);
    for (unsigned i = 0; i < PARTS; i++)
        assert_in_range(counts[i], NAMES / 4 / PARTS / 2, NAMES / 4 / PARTS * 2);
    free(memory);
}

static void test_a_full_list_takes_no_more_and_finds_all_names(void **state)
{
    void *memory;
    struct leat_blocklist *list = make(NAMES, &memory);
    struct leat_dns_name name;
    char text[64];

    (void)state;
    for (unsigned i = 0; i < NAMES + 10; i++) {
        sprintf(text, "n%u.example.test", i);
        leat_dns_name_parse(text, &name);
        assert_int_equal(leat_blocklist_add(list, &name, LEAT_BLOCKLIST_BLOCK_NAME),
                         i < NAMES ? LEAT_OK : LEAT_ERR_FULL);
    }
    for (unsigned i = 0; i < NAMES + 10; i++) {
        sprintf(text, "N%u.Example.test", i);
        assert_int_equal(find(list, text),
                         i < NAMES ? LEAT_BLOCKLIST_BLOCKED : LEAT_BLOCKLIST_UNLISTED);
    }
    leat_dns_name_parse("n7.example.test", &name);
    assert_int_equal(leat_blocklist_add(list, &name, LEAT_BLOCKLIST_ALLOW_NAME), LEAT_OK);
    assert_int_equal(find(list, "n7.example.test"), LEAT_BLOCKLIST_ALLOWED);
    assert_int_equal(leat_blocklist_counts(list)->names, NAMES);
    assert_int_equal(leat_blocklist_counts(list)->full, 10);
    free(memory);
}

static void test_a_name_takes_eleven_bytes(void **state)
{
    struct leat_blocklist *list;
    char memory[8];

    (void)state;
    assert_in_range(leat_blocklist_memory_bytes(1000000), 1, 10700000);
    assert_int_equal(leat_blocklist_open(&list, memory, sizeof memory, 1, key), LEAT_ERR_MEMORY);
    assert_int_equal(leat_blocklist_open(&list, memory, sizeof memory, 0, key), LEAT_ERR_ARGUMENT);
}

static void test_the_root_and_the_longest_names(void **state)
{
    void *memory;
    struct leat_blocklist *list = make(10, &memory);
    struct leat_dns_name name = {.len = 255};

    (void)state;
    for (unsigned i = 0; i < 254; i += 2) { /* 127 labels of one letter */
        name.wire[i] = 1;
        name.wire[i + 1] = 'X';
    }
    name.wire[254] = 0;
    assert_int_equal(leat_blocklist_find(list, &name), LEAT_BLOCKLIST_UNLISTED);
    leat_blocklist_add(list, &name, LEAT_BLOCKLIST_BLOCK_NAME);
    name.wire[1] = 'x';
    assert_int_equal(leat_blocklist_find(list, &name), LEAT_BLOCKLIST_BLOCKED);
    name.wire[1] = 'y';
    assert_int_equal(leat_blocklist_find(list, &name), LEAT_BLOCKLIST_UNLISTED);
    assert_int_equal(find(list, "."), LEAT_BLOCKLIST_UNLISTED);
    leat_dns_name_parse(".", &name);
    leat_blocklist_add(list, &name, LEAT_BLOCKLIST_BLOCK_BELOW);
    assert_int_equal(find(list, "example.test"), LEAT_BLOCKLIST_BLOCKED);
    assert_int_equal(find(list, "."), LEAT_BLOCKLIST_UNLISTED);
    free(memory);
}

/* ---- its text ----------------------------------------------------------------------------------
 */

/* The names that a text blocks: a letter for each of a.test, x.a.test, y.x.a.test, b.test, test:
 * '.', B, A.
 */
static const char *say(const struct leat_blocklist *list)
{
    static const char *const names[] = {"a.test", "x.a.test", "y.x.a.test", "b.test", "test"};
    static char said[6];

    for (unsigned i = 0; i < 5; i++)
        said[i] = ".BA"[find(list, names[i])];
    return said;
}

struct form {
    const char *text;
    const char *said;
    unsigned other, local;
};

static const struct form forms[] = {
    /* hosts(5): blocks the name alone */
    {"0.0.0.0 a.test\n", "B....", 0, 0},
    {"127.0.0.1\ta.test  b.test # c.test\r\n", "B..B.", 0, 0},
    {"::1 x.a.test", ".B...", 0, 0},
    {":: a.test\n0 b.test\n127.0.0.53 x.a.test.\n", "BB.B.", 0, 0},
    {"127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\n", ".....", 0,
     3 + 1},
    {"fe80::1%lo0 localhost\n255.255.255.255 broadcasthost\n0.0.0.0 0.0.0.0\n", ".....", 0, 3},
    {"0.0.0.0 a..test -.b.test\n", ".....", 1, 0},
    {"192.0.2.1 a.test\n1.2.3 b.test\n", ".....", 2, 0},
    {"0.0.0.0\n0.0.0.0 \n", ".....", 0, 2},
    /* names: block all names below, too */
    {"a.test\n", "BBB..", 0, 0},
    {"*.A.TEST", "BBB..", 0, 0},
    {"a.test. # why\nb.test ; why\n# c\n; d\n! e\n\n \n", "BBBB.", 0, 0},
    {"test\n", ".....", 1, 0},
    {"<html>\nMoved to a.test\na.test<br>\n", ".....", 3, 0},
    {"a.test/ads\nhttp://a.test\na.test:80\na b.test\nb.test#x\n", ".....", 5, 0},
    {"a\xc3\xa4.test\n", ".....", 1, 0},
    {"\xef\xbb\xbf"
     "a.test\n",
     "BBB..", 0, 0},
    {".a.test\n", ".....", 1, 0},
    {"12.34\n", ".....", 1, 0},
    {"192.0.2.1\naddress=/192.0.2.1/\n", ".....", 0, 2},
    {"||a.test^$dnsrewrite=NXDOMAIN;;\n||b.test^$dnsrewrite=1.2.3.4\n", "BBB..", 1, 0},
    {"server=/a.test/127.0.0.1\n", "BBB..", 0, 0},
    /* Adblock's */
    {"[Adblock Plus 2.0]\n! Title: x\n||a.test^\n", "BBB..", 0, 0},
    {"||a.test^$important\n||b.test^|\n", "BBBB.", 0, 0},
    {"||test^\n", "BBBBB", 0, 0},
    {"||a.test^\n@@||x.a.test^\n", "BAA..", 0, 0},
    {"@@||x.a.test^|$important\n||a.test^$all,document\n", "BAA..", 0, 0},
    {"||a.test\n", "BBB..", 0, 0},
    {"||a.test^$third-party\n||a.test/x^\n|a.test|\n/ads/\n", ".....", 4, 0},
    {"||*.a.test^\n", ".BB..", 0, 0},
    {"|a.test^\n@@|x.a.test^\n||b.test^\n", "BA.B.", 0, 0},
    /* what is important wins over exceptions, and important exceptions over that */
    {"||a.test^$important\n@@||x.a.test^\n", "BBB..", 0, 0},
    {"||a.test^$important\n@@||x.a.test^$important\n", "BAA..", 0, 0},
    {"@@||test^\n||a.test^$popup,important\n||b.test^\n", "BBBAA", 0, 0},
    /* rules about the content of pages concern no name */
    {"##.ad\na.test##.ad\na.test,b.test#@#.ad\n*#?#div:has(.x)\n~a.test#$#a { b: c }\n", ".....", 0,
     0},
    {"@@a.test\n||a.test^$important,dnstype=A\n||a.test^$client=x\n", ".....", 3, 0},
    /* dnsmasq */
    {"address=/a.test/\naddress=/b.test/0.0.0.0\n", "BBBB.", 0, 0},
    {"address=/x.a.test/#\nlocal=/b.test/ # why\n", ".BBB.", 0, 0},
    {"address=/a.test/::\naddress=/a.test/#\nserver=/x.a.test/#\n", "BAA..", 0, 0},
    {"address=/a.test/::\naddress=/b.test/::1\n", ".....", 0, 0},
    /* the longest name counts, in any order */
    {"server=/a.test/#\naddress=/x.a.test/#\n", "ABB..", 0, 0},
    {"address=/y.x.a.test/\nserver=/x.a.test/#\naddress=/a.test/#\n", "BAB..", 0, 0},
    {"address=/test/\nserver=/a.test/#\n", "AAABB", 0, 0},
    {"||a.test^$important\nserver=/x.a.test/#\n", "BBB..", 0, 0},
    {"local-zone: \"a.test\" transparent\nlocal-zone: x.a.test static\n", "ABB..", 0, 0},
    {"*.a.test CNAME rpz-passthru.\nx.a.test CNAME .\n", ".BA..", 0, 0},
    {"*.a.test CNAME rpz-passthru.\n*.x.a.test CNAME .\n", ".AB..", 0, 0},
    {"server=/a.test/\n", "BBB..", 0, 0},
    {"address=/a.test/192.0.2.1\nserver=/a.test/192.0.2.1\naddress=/a.test/b.test/"
     "\ndomain-needed\n",
     ".....", 4, 0},
    /* unbound */
    {"server:\nlocal-zone: \"a.test.\" always_null\n  local-zone: 'b.test' static\n", "BBBB.", 0,
     0},
    {"local-zone: a.test refuse\nlocal-zone: \"x.a.test\" transparent\n", "BAA..", 0, 0},
    {"local-zone: \"a.test\" redirect\nlocal-data: \"a.test A 0.0.0.0\"\n", "BBB..", 0, 0},
    {"local-data: \"a.test. 60 IN AAAA ::\"\n", "B....", 0, 0},
    {"local-zone: \"a.test\" redirect\nlocal-data: \"a.test CNAME b.test\"\n", ".....", 1, 0},
    {"local-zone: \"a.test\" redirect\n\nlocal-data: \"a.test. A 0.0.0.0\"\n", "BBB..", 0, 0},
    {"local-zone: \"a.test\" redirect\nlocal-data: \"b.test A 0.0.0.0\"\nlocal-data: \"test A "
     "0.0.0.0\"\n",
     "...BB", 0, 0},
    {"local-zone: \"a.test\" redirect\nlocal-data: \"a.test AAAA ::\"\nlocal-data: \"a.test A "
     "0.0.0.0\"\n",
     "BBB..", 0, 0},
    {"local-zone: \"a..test\" redirect\n", ".....", 1, 0},
    {"local-zone: \"a.test\" typo\nlocal-zone \"a.test\" static\n", ".....", 2, 0},
    /* response policy zones */
    {"$TTL 2h\n@ IN SOA localhost. root. 1 2 3 4 5\n  NS localhost.\n;\na.test CNAME .\n", "B....",
     0, 0},
    {"*.a.test CNAME .\n", ".BB..", 0, 0},
    {"a.test 300 IN CNAME *.\nb.test IN 5m cname rpz-DROP.\n", "B..B.", 0, 0},
    {"a.test CNAME .\n*.a.test CNAME .\nx.a.test CNAME rpz-passthru.\n", "BAB..", 0, 0},
    {"a.test A 0.0.0.0\nb.test IN AAAA ::\n", "B..B.", 0, 0},
    {"@ SOA a. b. (\n 2024010101 ; serial\n 2h\n 30m )\n a.test CNAME .\n", ".....", 1, 0},
    {"a.test CNAME b.test.\na.test A 192.0.2.1\na.test TXT x\n", ".....", 3, 0},
    {"24.0.2.0.192.rpz-ip CNAME .\na.test.rpz-nsdname CNAME .\n", ".....", 2, 0},
    {"a.test CNAME rpz-tcp-only.\n", ".....", 1, 0},
    {"*.test CNAME .\n", "BBBB.", 0, 0},
    {"a.test A 127.0.0.1\nb.test AAAA ::1\n", "B..B.", 0, 0},
    /* owners that are absolute lie below the origin, which is no part of the name */
    {"$ORIGIN rpz.zone.\na.test.rpz.zone. CNAME .\n*.b.rpz.zone. CNAME .\nb.test CNAME .\n",
     "B..B.", 0, 0},
    {"rpz.zone. 60 IN SOA a. b. 1 2 3 4 5\nrpz.zone. IN NS localhost.\n*.a.test.RPZ.zone. CNAME "
     ".\n",
     ".BB..", 0, 0},
    {"$ORIGIN rpz.zone.\na.test. CNAME .\nrpz.zone. CNAME .\nxrpz.zone. CNAME .\n", ".....", 3, 0},
    {"a.test. CNAME .\n", "B....", 0, 0},
    {"$ORIGIN rpz.zone.\n24.0.2.0.192.rpz-ip.rpz.zone. CNAME .\na.rpz-nsdname.rpz.zone. CNAME "
     ".\na.test.rpz.zone. CNAME .\n",
     "B....", 2, 0},
};

/* Parses the text in pieces of @step bytes. */
static void read_all(struct leat_blocklist *list, const char *text, size_t step)
{
    const size_t len = strlen(text);

    for (size_t at = 0; at < len; at += step) {
        const size_t piece = len - at < step ? len - at : step;
        char *copy = malloc(piece);

        memcpy(copy, text + at, piece);
        leat_blocklist_read(list, copy, piece);
        free(copy);
    }
    leat_blocklist_end(list);
}

static void test_the_forms_in_which_lists_are_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        for (size_t step = 1; step < 80; step += step < 8 ? 1 : 20) {
            const struct form *form = &forms[i];
            void *memory;
            struct leat_blocklist *list = make(100, &memory);
            const struct leat_blocklist_counts *counts = leat_blocklist_counts(list);
            unsigned lines = 0;

            leat_blocklist_begin(list, false);
            read_all(list, form->text, step);
            for (const char *c = form->text; *c; c++)
                lines += *c == '\n' || c[1] == '\0';
            if (strcmp(say(list), form->said) != 0 || counts->other != form->other ||
                counts->local != form->local || counts->lines != lines)
                fail_msg("%s: %s, %u other, %u local, %u lines", form->text, say(list),
                         (unsigned)counts->other, (unsigned)counts->local, (unsigned)counts->lines);
            free(memory);
        }
    }
}

static void test_names_of_any_length(void **state)
{
    void *memory;
    struct leat_blocklist *list = make(1000, &memory);
    const struct leat_blocklist_counts *counts = leat_blocklist_counts(list);
    char text[600];

    (void)state;
    for (unsigned len = 1; len < 300; len++) { /* labels of 63 letters at most, the last of 4 */
        for (unsigned i = 0; i < len; i++)
            text[i] = i % 64 == 63 ? '.' : 'a';
        text[len] = '\0';
        if (text[len - 1] == '.')
            continue;
        strcat(text, ".test\n");
        leat_blocklist_read(list, text, strlen(text));
        leat_blocklist_read(list, "b", 1);
        leat_blocklist_read(list, text + len, 6);
        assert_int_equal(counts->names, 1 + (len + 5 <= 253 ? len - len / 64 : 248 - 3));
    }
    memset(text, 'a', 64);
    strcpy(text + 64, ".test\n");
    leat_blocklist_begin(list, false);
    leat_blocklist_read(list, text, 70);
    assert_int_equal(find(list, "b.test"), LEAT_BLOCKLIST_BLOCKED);
    free(memory);
}

static void test_a_list_of_exceptions(void **state)
{
    void *memory;
    struct leat_blocklist *list = make(100, &memory);

    (void)state;
    leat_blocklist_begin(list, true);
    read_all(list, "0.0.0.0 a.test\n||x.a.test^\nb.te", 5);
    leat_blocklist_begin(list, true);
    read_all(list, "b.test", 100);
    leat_blocklist_begin(list, false);
    read_all(list, "||test^\n", 3);
    assert_string_equal(say(list), "AAAAB");
    free(memory);
}

/* Each line is one of three kinds; the first refused ones are kept, in whatever pieces they came.
 */
static void test_the_first_lines_that_were_refused_are_told(void **state)
{
    static const char text[] =
        "a.test\n# x\nwhat is this?\r\n0.0.0.0 localhost\n0.0.0.0 b.test -..x "
        "-..y\n\n\x01\xc3\xa4!\n"
        "123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_1\n"
        "five\nb.test";
    static const struct leat_blocklist_line first[] = {
        {3, "what is this?"},
        {5, "0.0.0.0 b.test -..x -..y"},
        {7, "?\?\?!"},
        {8, "123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789"}};

    (void)state;
    for (size_t step = 1; step < sizeof text; step++) {
        void *memory;
        struct leat_blocklist *list = make(100, &memory);
        const struct leat_blocklist_text *lines = leat_blocklist_text(list);

        read_all(list, "an older text, with a line that was refused\n", 100);
        leat_blocklist_begin(list, false);
        read_all(list, text, step);
        assert_int_equal(lines->lines, 10);
        assert_int_equal(lines->understood, 2);
        assert_int_equal(lines->ignored, 3);
        assert_int_equal(lines->refused, 5);
        assert_int_equal(lines->told, LEAT_BLOCKLIST_TOLD);
        for (unsigned i = 0; i < LEAT_BLOCKLIST_TOLD; i++) {
            assert_int_equal(lines->first[i].number, first[i].number);
            assert_string_equal(lines->first[i].text, first[i].text);
        }
        assert_int_equal(leat_blocklist_counts(list)->other, 1 + 5);
        assert_int_equal(leat_blocklist_counts(list)->other_line, 1);
        assert_string_equal(say(list), "BBBB.");
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_finds_the_same_as_a_search),
        cmocka_unit_test(test_names_lie_in_all_parts_of_the_table),
        cmocka_unit_test(test_a_full_list_takes_no_more_and_finds_all_names),
        cmocka_unit_test(test_a_name_takes_eleven_bytes),
        cmocka_unit_test(test_the_root_and_the_longest_names),
        cmocka_unit_test(test_the_forms_in_which_lists_are_written),
        cmocka_unit_test(test_names_of_any_length),
        cmocka_unit_test(test_a_list_of_exceptions),
        cmocka_unit_test(test_the_first_lines_that_were_refused_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
