/* told.c -- see told.h. */
#include "told.h"

struct seen seen[SEEN_MAX];
unsigned seen_count;

void on_access(void *arg, const struct leat_dns_access *access)
{
    struct seen *to = &seen[seen_count++ % SEEN_MAX];

    assert_ptr_equal(arg, seen);
    to->access = *access;
    snprintf(to->name, sizeof to->name, "-");
    if (access->name)
        leat_dns_name_format(access->name, to->name, sizeof to->name);
}

const char *line_of(const struct seen *one)
{
    static char line[LEAT_DNS_NAME_TEXT_BYTES + 60];
    static const char *const words[] = {"udp", "tcp", "slip", "tls", "https"};
    char type[10] = "-";

    if (one->access.name)
        leat_dns_type_format(one->access.type, type);
    snprintf(line, sizeof line, "%s %s %s %s %s", words[one->access.transport], type, one->name,
             one->access.complete ? leat_dns_rcode_text(one->access.rcode) : "lost",
             leat_dns_how_text(one->access.how));
    return line;
}

const struct seen *last(void)
{
    assert_true(seen_count > 0);
    return &seen[(seen_count - 1) % SEEN_MAX];
}

void assert_told(unsigned count, const char *line)
{
    assert_int_equal(seen_count, count);
    assert_string_equal(line_of(last()), line);
    assert_int_equal(last()->access.reply_bytes > 0, last()->access.complete);
}
