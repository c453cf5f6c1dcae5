/* sink_target.c -- reads the value of an option that names a sink. */
#include "sink.h"

#include <string.h>

static bool parse_server(const char *text, struct sink_target *target)
{
    target->kind = SINK_SYSLOG;
    target->tcp = strncmp(text, "tcp:", 4) == 0;
    return leat_endpoint_parse(target->tcp ? text + 4 : text, &target->server) &&
           !leat_ip_is_any(target->server.ip) && target->server.port > 0;
}

bool sink_parse(const char *text, bool posix, struct sink_target *target)
{
    /* these would be files by mistake */
    static const char *const no_files[] = {"", "-", "stderr", "syslog", "none", "off"};

    *target = (struct sink_target){.kind = SINK_OUTPUT};
    if (strcmp(text, "stdout") == 0)
        return true;
    if (strncmp(text, "syslog:", 7) == 0)
        return parse_server(text + 7, target);
    for (size_t i = 0; i < sizeof no_files / sizeof *no_files; i++) {
        if (strcmp(text, no_files[i]) == 0)
            return false;
    }
    target->kind = SINK_FILE;
    target->path = text;
    return posix;
}
