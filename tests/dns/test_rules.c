/* test_rules.c -- entries of a blocklist with conditions, and regular expressions. */
#include "dns_test.h"

#include "proto/dns/expression.h"

#include <leat/blocklist.h>

enum {
    NAMES = 1000,
    RULES_BYTES = 1 << 20
};

static struct leat_blocklist *list;
static void *memory, *rules;

/* Opens an empty set, with @bytes for rules; 0: without. */
static void open_with(size_t bytes)
{
    static const uint64_t key[2] = {1, 2};
    const size_t size = leat_blocklist_memory_bytes(NAMES);

    free(memory);
    free(rules);
    memory = malloc(size);
    rules = NULL;
    assert_int_equal(leat_blocklist_open(&list, memory, size, NAMES, key), LEAT_OK);
    if (bytes == 0)
        return;
    rules = malloc(bytes + 1);
    assert_int_equal(leat_blocklist_give_rules(list, (char *)rules + 1, bytes), LEAT_OK);
}

static int end(void **state)
{
    (void)state;
    free(memory);
    free(rules);
    memory = rules = NULL;
    return 0;
}

/* Reads @text, in pieces of @piece bytes. */
static void read_in(const char *text, size_t piece, bool allow)
{
    leat_blocklist_begin(list, allow);
    for (size_t left = strlen(text); left > 0;) {
        const size_t len = left < piece ? left : piece;

        leat_blocklist_read(list, text, len);
        text += len;
        left -= len;
    }
    leat_blocklist_end(list);
}

static void have(const char *text)
{
    open_with(RULES_BYTES);
    read_in(text, SIZE_MAX, false);
}

static struct leat_blocklist_answer ask_as(const char *text, uint16_t type, struct leat_ip client)
{
    const struct leat_dns_name name = name_of(text);
    const struct leat_blocklist_question question = {.name = &name, .type = type, .client = client};
    struct leat_blocklist_answer answer;

    leat_blocklist_ask(list, &question, &answer);
    return answer;
}

static bool blocks(const char *text)
{
    return ask_as(text, LEAT_DNS_A, LEAT_IP4(10, 0, 0, 1)).verdict == LEAT_BLOCKLIST_BLOCKED;
}

static bool blocks_type(const char *text, uint16_t type)
{
    return ask_as(text, type, LEAT_IP4(10, 0, 0, 1)).verdict == LEAT_BLOCKLIST_BLOCKED;
}

static bool blocks_for(const char *text, struct leat_ip client)
{
    return ask_as(text, LEAT_DNS_A, client).verdict == LEAT_BLOCKLIST_BLOCKED;
}

static void test_denyallow_excludes_names_from_its_rule_only(void **state)
{
    (void)state;
    have("||a.test^$denyallow=x.a.test|Y.test\n||b.test^$denyallow=x.b.test\n||x.b.test^\n");
    assert_true(blocks("a.test") && blocks("b.a.test") && blocks("xx.a.test"));
    assert_false(blocks("x.a.test"));
    assert_false(blocks("z.X.a.test"));
    assert_true(blocks("x.b.test")); /* by the other rule */
    assert_int_equal(leat_blocklist_text(list)->understood, 3);
}

static void test_dnstype_has_types_and_exceptions(void **state)
{
    (void)state;
    have("||a.test^$dnstype=AAAA|HTTPS\n||b.test^$dnstype=~A|~AAAA\n||c.test^$dnstype=TYPE64\n");
    assert_true(blocks_type("x.a.test", LEAT_DNS_AAAA) && blocks_type("a.test", 65));
    assert_false(blocks_type("a.test", LEAT_DNS_A));
    assert_false(blocks_type("b.test", LEAT_DNS_A));
    assert_true(blocks_type("b.test", LEAT_DNS_TXT));
    assert_true(blocks_type("c.test", 64));
    assert_false(blocks_type("c.test", 65));
}

static void test_client_has_networks_and_exceptions(void **state)
{
    const struct leat_ip six = {{0xfd, 0, [15] = 9}};

    (void)state;
    have("||a.test^$client=192.168.0.0/20|fd00::/8\n||b.test^$client=~10.0.0.9\n"
         "||c.test^$client='10.0.0.9',important\n@@||c.test^\n");
    assert_true(blocks_for("a.test", LEAT_IP4(192, 168, 15, 255)) && blocks_for("a.test", six));
    assert_false(blocks_for("a.test", LEAT_IP4(192, 168, 16, 0)));
    assert_false(blocks_for("b.test", LEAT_IP4(10, 0, 0, 9)));
    assert_true(blocks_for("b.test", LEAT_IP4(10, 0, 0, 8)) && blocks_for("b.test", six));
    assert_true(blocks_for("c.test", LEAT_IP4(10, 0, 0, 9)));
    assert_false(blocks_for("c.test", LEAT_IP4(10, 0, 0, 8)));
    assert_false(
        leat_blocklist_find(list, &(struct leat_dns_name){.len = 8, .wire = "\1a\4test"}) ==
        LEAT_BLOCKLIST_BLOCKED); /* an unknown client */
}

static void test_rewrites_to_addresses(void **state)
{
    struct leat_blocklist_answer answer;

    (void)state;
    have("||a.test^$dnsrewrite=10.1.1.1\n||a.test^$dnsrewrite=NOERROR;AAAA;fd00::5\n"
         "|b.test^$dnsrewrite=NOERROR;A;10.2.2.2\n||c.test^$dnsrewrite=NXDOMAIN;;\n||d.test^$"
         "dnsrewrite=REFUSED\n"
         "||e.test^$dnsrewrite=e.example\n||f.test^$dnsrewrite=NOERROR;CNAME;f.example\n@@||a.test^"
         "$dnsrewrite\n/^g/$dnsrewrite=e.example\n");
    answer = ask_as("x.a.test", LEAT_DNS_A, LEAT_IP_ANY);
    assert_int_equal(answer.verdict, LEAT_BLOCKLIST_BLOCKED);
    assert_true(answer.has_ip4 && leat_ip_equal(answer.ip4, LEAT_IP4(10, 1, 1, 1)));
    assert_true(answer.has_ip6 && answer.ip6.bytes[15] == 5);
    answer = ask_as("b.test", LEAT_DNS_A, LEAT_IP_ANY);
    assert_true(answer.has_ip4 && !answer.has_ip6 && answer.ip4.bytes[15] == 2);
    assert_false(blocks("x.b.test"));
    assert_true(blocks("c.test") && blocks("d.test") && !ask_as("c.test", 1, LEAT_IP_ANY).has_ip4);
    assert_false(blocks("e.test") || blocks("f.test") || blocks("g.test"));
    assert_int_equal(leat_blocklist_text(list)->rewrites, 4);
    assert_int_equal(leat_blocklist_text(list)->ignored, 4);
    assert_int_equal(leat_blocklist_text(list)->refused, 0);
}

static void test_badfilter_cancels_the_same_entry_wherever_it_stands(void **state)
{
    (void)state;
    have("||a.test^$badfilter\n||a.test^\n||b.test^\n|b.test^$badfilter\n||c.test^\n||c.test^$"
         "badfilter\n"
         "||c.test^$dnstype=A\n");
    assert_false(blocks("a.test") || blocks("x.a.test") || blocks("b.test"));
    assert_true(blocks("x.b.test"));
    assert_true(blocks_type("c.test", LEAT_DNS_A)); /* another entry */
    assert_false(blocks_type("c.test", LEAT_DNS_AAAA));
}

static void test_expressions_block_and_allow(void **state)
{
    (void)state;
    have("/^ad[0-9]+\\./\n/(^|\\.)track(er|ing)\\.test$/\n@@/^ad7\\.good/\n/[0-9]{5}/"
         "$important\n@@||55555.test^\n"
         "/x\\.odd$/$dnstype=AAAA\n/y\\.cli$/$client=10.0.0.0/8\n");
    assert_true(blocks("ad1.test") && blocks("AD22.x") && blocks("a.TRACKING.test") &&
                blocks("tracker.test"));
    assert_false(blocks("xad1.test") || blocks("ad.test") || blocks("tracker.test.a") ||
                 blocks("xtracker.test"));
    assert_false(blocks("ad7.good.test"));
    assert_true(blocks("ad7.goo.test") && blocks("55555.test"));
    assert_true(blocks_type("x.odd", LEAT_DNS_AAAA));
    assert_false(blocks_type("x.odd", LEAT_DNS_A));
    assert_true(blocks_for("y.cli", LEAT_IP4(10, 9, 9, 9)));
    assert_false(blocks_for("y.cli", LEAT_IP4(11, 9, 9, 9)));
    assert_int_equal(leat_blocklist_text(list)->expressions, 6);
}

static void test_what_is_refused_is_counted_and_told(void **state)
{
    (void)state;
    have("/(?!a)b/\n/(a)\\1/\n/a*/\n/(/\n/((a{99}){99}){99}/\n/a/$third-party\n//\n/"
         "a\n||a.test^$client=laptop\n"
         "||a.test^$dnstype=NONE\n||a.test^$denyallow=a..b\n||a.test^$denyallow=\n/x/##.banner\n");
    assert_int_equal(leat_blocklist_text(list)->understood, 0);
    assert_int_equal(leat_blocklist_text(list)->ignored, 1);
    assert_int_equal(leat_blocklist_text(list)->refused, 12);
    assert_int_equal(leat_blocklist_text(list)->expressions_refused, 5);
    assert_string_equal(leat_blocklist_text(list)->first[1].text, "/(a)\\1/");
    assert_false(blocks("a.test") || blocks("b.test"));
}

static void test_texts_in_pieces(void **state)
{
    static const char text[] = "||a.test^$denyallow=x.a.test\r\n/^q[0-9]+\\./\r\n@@/^q7/ \n/^r/";

    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        open_with(RULES_BYTES);
        read_in(text, piece, false);
        assert_true(blocks("a.test") && blocks("q1.b") && blocks("r.b"));
        assert_false(blocks("x.a.test") || blocks("q7.b"));
        assert_int_equal(leat_blocklist_text(list)->understood, 4);
    }
}

static void test_a_text_of_exceptions(void **state)
{
    (void)state;
    have("/^ads/$important\n||a.test^$important\n");
    assert_true(blocks("ads.test") && blocks("a.test"));
    read_in("/^ads\\.fine/\n||a.test^$dnstype=A\n", 3, true);
    assert_true(blocks("ads.test") && blocks_type("a.test", LEAT_DNS_TXT));
    assert_false(blocks("ads.fine") || blocks("a.test"));
}

static void test_memory_for_rules(void **state)
{
    char text[60];
    unsigned added = 0;

    (void)state;
    open_with(0);
    read_in("/^ads/\n||a.test^$dnstype=A\n||b.test^\n", 99, false);
    assert_int_equal(leat_blocklist_text(list)->no_room, 2);
    assert_false(blocks("ads.test") || blocks("a.test"));
    assert_true(blocks("b.test"));
    open_with(LEAT_BLOCKLIST_RULES_BYTES_MIN);
    for (leat_blocklist_begin(list, false); leat_blocklist_text(list)->no_room < 3; added++) {
        snprintf(text, sizeof text, "/^n%u\\.[a-z]{9}\\./\n", added);
        leat_blocklist_read(list, text, strlen(text));
    }
    assert_in_range(added, 40, 1000);
    assert_int_equal(leat_blocklist_text(list)->understood, added - 3);
    assert_true(blocks("n7.abcdefghi.x"));
    snprintf(text, sizeof text, "n%u.abcdefghi.x", added - 4);
    assert_true(blocks(text)); /* the last one that had room */
    snprintf(text, sizeof text, "n%u.abcdefghi.x", added - 1);
    assert_false(blocks(text));
    assert_int_equal(leat_blocklist_give_rules(list, text, sizeof text), LEAT_ERR_MEMORY);
}

/* The memory ends at each place of a rule; the last rule is then left out as a whole. */
static void test_memory_may_end_within_a_rule(void **state)
{
    char text[120];

    (void)state;
    for (size_t more = 0; more < 256; more++) {
        unsigned added = 0;

        open_with(LEAT_BLOCKLIST_RULES_BYTES_MIN + more);
        for (leat_blocklist_begin(list, false); leat_blocklist_text(list)->no_room == 0; added++) {
            assert_true(added < NAMES);
            snprintf(text, sizeof text,
                     "||n%03u.test^$client=10.0.0.1|10.0.0.2,dnstype=A|TXT,"
                     "denyallow=x.n%03u.test\n",
                     added, added);
            leat_blocklist_read(list, text, strlen(text));
        }
        assert_int_equal(leat_blocklist_text(list)->understood, added - 1);
        for (unsigned i = 0; i < added; i++) {
            snprintf(text, sizeof text, "n%03u.test", i);
            assert_int_equal(blocks(text), i + 1 < added);
        }
    }
}

static void test_expressions_that_are_too_long_or_too_deep_are_refused(void **state)
{
    char text[1200];

    (void)state;
    open_with(RULES_BYTES);
    leat_blocklist_begin(list, false);
    for (unsigned depth = 23; depth <= 24; depth++) {
        snprintf(text, sizeof text, "/^%.*sn%u%.*s$/\n", (int)depth, "((((((((((((((((((((((((",
                 depth, (int)depth, "))))))))))))))))))))))))");
        leat_blocklist_read(list, text, strlen(text));
    }
    assert_int_equal(leat_blocklist_text(list)->refused, 1);
    assert_true(blocks("n23") && !blocks("n24"));
    memset(text, 'a', sizeof text);
    text[0] = text[sizeof text - 2] = '/';
    text[sizeof text - 1] = '\n';
    leat_blocklist_read(list, text, sizeof text);
    assert_int_equal(leat_blocklist_text(list)->refused, 2);
    leat_blocklist_read(list, "/^b/\n", 5);
    assert_true(blocks("b.test"));
}

/* Each copy of a part adds as many tokens, until one doesn't fit. */
static void test_a_part_is_copied_whole_or_refused(void **state)
{
    static struct expression_work work;
    char text[100];

    (void)state;
    for (unsigned len = 2; len <= 32; len++) {
        enum expression_why why = EXPRESSION_OK;
        unsigned before = 0, each = 0;

        for (unsigned times = 1; times < 256; times++) {
            snprintf(text, sizeof text, "(%.*s){%u}", (int)len,
                     "abcdefghijklmnopqrstuvwxyzabcdefgh", times);
            assert_true(why == EXPRESSION_OK || times > 2);
            if (why != EXPRESSION_OK) {
                assert_int_equal(expression_parse(&work, text, strlen(text)), why);
                continue;
            }
            why = expression_parse(&work, text, strlen(text));
            if (why != EXPRESSION_OK) {
                assert_int_equal(why, EXPRESSION_TOO_LONG);
                assert_in_range(before, EXPRESSION_TOKENS_MAX - each - 1, EXPRESSION_TOKENS_MAX);
                continue;
            }
            assert_true(times <= 2 || work.token_count - before == each);
            each = work.token_count - before;
            before = work.token_count;
        }
    }
}

static void test_threat_N13_the_work_of_expressions_is_limited(void **state)
{
    char text[120];

    (void)state;
    open_with(RULES_BYTES);
    leat_blocklist_begin(list, false);
    for (unsigned i = 0; i < LEAT_BLOCKLIST_EXPRESSIONS + 7; i++) {
        snprintf(text, sizeof text, "/^n%u$/\n", i);
        leat_blocklist_read(list, text, strlen(text));
    }
    assert_int_equal(leat_blocklist_text(list)->expressions, LEAT_BLOCKLIST_EXPRESSIONS);
    assert_int_equal(leat_blocklist_text(list)->over_limit, 7);
    assert_int_equal(leat_blocklist_text(list)->refused, 7);
    assert_true(blocks("n1023"));
    assert_false(blocks("n1024"));
    read_in("/^other$/\n", 99, false); /* another list */
    assert_true(blocks("other"));
    /* long ones: 250 positions are 1,000 units of work */
    open_with(RULES_BYTES);
    leat_blocklist_begin(list, false);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "/[ab]{244}x%02u$/\n", i);
        leat_blocklist_read(list, text, strlen(text));
    }
    assert_int_equal(leat_blocklist_text(list)->expressions, LEAT_BLOCKLIST_WORK / 1000);
    assert_int_equal(leat_blocklist_text(list)->over_limit,
                     100 - leat_blocklist_text(list)->expressions);
}

/* Sixteen expressions of 256 positions are all the work that is allowed. */
static void test_the_work_of_expressions_may_reach_its_limit(void **state)
{
    char text[40];

    (void)state;
    open_with(RULES_BYTES);
    leat_blocklist_begin(list, false);
    for (unsigned i = 0; i < 18; i++) {
        snprintf(text, sizeof text, "/[ab]{252}x%02u$/\n", i);
        leat_blocklist_read(list, text, strlen(text));
    }
    assert_int_equal(leat_blocklist_text(list)->expressions, LEAT_BLOCKLIST_WORK / 1024);
    assert_int_equal(leat_blocklist_text(list)->over_limit, 2);
    leat_blocklist_read(list, "/^b/\n", 5); /* not even a short one */
    assert_int_equal(leat_blocklist_text(list)->over_limit, 3);
}

static void test_threat_N13_a_name_has_a_limited_number_of_conditions(void **state)
{
    char text[60];

    (void)state;
    open_with(RULES_BYTES);
    leat_blocklist_begin(list, false);
    for (unsigned i = 1; i <= LEAT_BLOCKLIST_NAME_RULES + 3; i++) {
        snprintf(text, sizeof text, "||a.test^$dnstype=TYPE%u\n||a%u.test^$dnstype=A\n", 1000 + i,
                 i);
        leat_blocklist_read(list, text, strlen(text));
    }
    assert_int_equal(leat_blocklist_text(list)->over_limit, 3);
    assert_true(blocks_type("a.test", 1000 + LEAT_BLOCKLIST_NAME_RULES));
    assert_false(blocks_type("a.test", 1001 + LEAT_BLOCKLIST_NAME_RULES));
    assert_true(blocks("a67.test"));
}

/* As in Pi-hole's lists; a page has such lines, too. */
static void test_expressions_by_themselves(void **state)
{
    (void)state;
    have(
        "^ad([sxv]?[0-9]*|system)[_.-]([^.[:space:]]+\\.){1,}|[_.-]ad([sxv]?[0-9]*|system)[_.-]\r\n"
        "(^|\\.)track(er|ing)\\.test$ \n(c) 2026 "
        "a person\n(function(){a=1})()\n^a;querytype=A\n(\n");
    assert_true(blocks("ads.x.test") && blocks("ad7-x.test") && blocks("x.ad.test") &&
                blocks("a.tracker.test"));
    assert_false(blocks("bad.test") || blocks("a.test") || blocks("xtracker.test"));
    assert_int_equal(leat_blocklist_text(list)->understood, 2);
    assert_int_equal(leat_blocklist_text(list)->refused, 4);
    read_in("(^|\\.)tracker\\.test$", 99, true);
    assert_false(blocks("a.tracker.test"));
}

static void test_patterns_with_stars_are_expressions(void **state)
{
    (void)state;
    have("||stat*.a.test^\n||*ads*.b.test^$important\n@@||okads.b.test^\n||c.*^\n@@|d*.c.test^\r\n|"
         "e*.test^ \n"
         "||*.f*.test^\n||g.*\n||h*.test/"
         "x\n||i*.test^$third-party\n||j.test\n*$removeparam=x\n||*^\n||k..*^\n"
         "||l*.test \t\n||m*.test x\n");
    assert_true(blocks("stats.a.test") && blocks("x.statistic.a.test") && blocks("stat.x.a.test"));
    assert_false(blocks("xstat.a.test") || blocks("stats.a.test.x"));
    assert_true(blocks("okads.b.test") && blocks("xadsy.b.test"));
    assert_true(blocks("c.com") && blocks("x.c.com") && blocks("c.test"));
    assert_false(blocks("dx.c.test") || blocks("xc.com"));
    assert_true(blocks("ex.test") && blocks("x.fa.test") && blocks("g.anything"));
    assert_false(blocks("x.ex.test") || blocks("fa.test") || blocks("h.test") || blocks("i.test"));
    assert_true(blocks("j.test") && blocks("x.j.test"));
    assert_true(blocks("lx.test") && !blocks("mx.test"));
    assert_int_equal(leat_blocklist_text(list)->refused, 5);
    assert_int_equal(leat_blocklist_text(list)->expressions, 8);
}

/* The log of a program says why a name is blocked. */
static void test_the_answer_names_its_entry(void **state)
{
    struct leat_blocklist_answer answer;
    uint32_t first;

    (void)state;
    open_with(RULES_BYTES);
    read_in("||a.b.test^\n||c.test^$dnstype=A\n", 5, false);
    first = leat_blocklist_text(list)->number;
    read_in("# expressions\n\n/^ads/\n", 99, false);
    answer = ask_as("x.y.a.b.test", LEAT_DNS_A, LEAT_IP_ANY);
    assert_int_equal(answer.labels, 3);
    assert_int_equal(answer.text, 0);
    answer = ask_as("x.c.test", LEAT_DNS_A, LEAT_IP_ANY);
    assert_int_equal(answer.labels, 2);
    assert_int_equal(answer.text, first);
    assert_int_equal(answer.line, 2);
    answer = ask_as("ads.test", LEAT_DNS_A, LEAT_IP_ANY);
    assert_int_equal(answer.labels, 0);
    assert_int_equal(answer.text, first + 1);
    assert_int_equal(answer.line, 3);
}

/* A label may have a dot, which is no end of it. */
static void test_dots_within_labels(void **state)
{
    (void)state;
    have("/^a\\.b$/\n/^c.d$/\n");
    assert_true(blocks("a.b"));
    assert_false(blocks("a\\.b"));
    assert_true(blocks("c\\.d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_denyallow_excludes_names_from_its_rule_only, end),
        cmocka_unit_test_teardown(test_dnstype_has_types_and_exceptions, end),
        cmocka_unit_test_teardown(test_client_has_networks_and_exceptions, end),
        cmocka_unit_test_teardown(test_rewrites_to_addresses, end),
        cmocka_unit_test_teardown(test_badfilter_cancels_the_same_entry_wherever_it_stands, end),
        cmocka_unit_test_teardown(test_expressions_block_and_allow, end),
        cmocka_unit_test_teardown(test_what_is_refused_is_counted_and_told, end),
        cmocka_unit_test_teardown(test_texts_in_pieces, end),
        cmocka_unit_test_teardown(test_a_text_of_exceptions, end),
        cmocka_unit_test_teardown(test_memory_for_rules, end),
        cmocka_unit_test_teardown(test_memory_may_end_within_a_rule, end),
        cmocka_unit_test_teardown(test_expressions_that_are_too_long_or_too_deep_are_refused, end),
        cmocka_unit_test_teardown(test_a_part_is_copied_whole_or_refused, end),
        cmocka_unit_test_teardown(test_threat_N13_the_work_of_expressions_is_limited, end),
        cmocka_unit_test_teardown(test_the_work_of_expressions_may_reach_its_limit, end),
        cmocka_unit_test_teardown(test_threat_N13_a_name_has_a_limited_number_of_conditions, end),
        cmocka_unit_test_teardown(test_expressions_by_themselves, end),
        cmocka_unit_test_teardown(test_patterns_with_stars_are_expressions, end),
        cmocka_unit_test_teardown(test_the_answer_names_its_entry, end),
        cmocka_unit_test_teardown(test_dots_within_labels, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
