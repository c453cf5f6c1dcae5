/* test_info.c -- a connection as a line of text for humans. */
#include "unit.h"

#include <leat/tcp.h>

static struct leat_tcp_info quiet_info(void)
{
    return (struct leat_tcp_info){
        .state = LEAT_TCP_ESTABLISHED,
        .local = {LEAT_IP4(10, 0, 0, 1), 7, 0},
        .remote = {LEAT_IP4(10, 0, 0, 2), 4000, 0},
        .srtt_ns = 1234567,
        .rto_ns = 200000000,
        .congestion = "cubic",
        .cwnd_bytes = 14600,
        .ssthresh_bytes = 0x7fffffff, /* not known yet: omitted */
        .snd_wnd_bytes = 65535,
        .rcv_wnd_bytes = 1000,
        .mss_bytes = 1460,
    };
}

static void line_describes_a_connection(void **state)
{
    struct leat_tcp_info info = quiet_info();
    char text[LEAT_TCP_INFO_TEXT_BYTES];
    size_t len;

    (void)state;
    len = leat_tcp_info_text(&info, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, "ESTABLISHED 10.0.0.1:7 > 10.0.0.2:4000 rtt 1234us rto 200ms cubic "
                              "cwnd 14600 flight 0 lost 0 again 0 snd_wnd 65535 rcv_wnd 1000 "
                              "mss 1460 queued 0");
    info.ssthresh_bytes = 2920;
    info.in_flight_bytes = 1460;
    info.lost_bytes = 1;
    info.retransmits = 2;
    info.queued_bytes = 3;
    info.timestamps = info.sack = info.ecn = true;
    info.repair = LEAT_TCP_REPAIR_FAST;
    leat_tcp_info_text(&info, text);
    assert_string_equal(text, "ESTABLISHED 10.0.0.1:7 > 10.0.0.2:4000 rtt 1234us rto 200ms cubic "
                              "cwnd 14600 ssthresh 2920 flight 1460 lost 1 again 2 snd_wnd 65535 "
                              "rcv_wnd 1000 mss 1460 queued 3 ts sack ecn fast-recovery");
    info.repair = LEAT_TCP_REPAIR_LOSS;
    info.accurate_ecn = true;
    leat_tcp_info_text(&info, text);
    assert_non_null(strstr(text, " sack accecn loss-recovery"));
}

/* The largest possible numbers. */
static void line_never_outgrows_its_room(void **state)
{
    static const char longest[] =
        "SYN-RECEIVED [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%255]:65535 > ";
    struct leat_tcp_info info;
    char text[LEAT_TCP_INFO_TEXT_BYTES + 1];
    size_t len;

    (void)state;
    memset(&info, 0xff, sizeof info);
    info.state = LEAT_TCP_SYN_RECEIVED;
    info.timestamps = info.sack = info.ecn = info.accurate_ecn = true;
    info.repair = LEAT_TCP_REPAIR_FAST;
    info.congestion = "a congestion control of a very long name, which goes on, and on, and on, "
                      "so that nothing is left of the line for the parts behind, whatever they are";
    text[LEAT_TCP_INFO_TEXT_BYTES] = '#';
    len = leat_tcp_info_text(&info, text);
    assert_int_equal(len, strlen(text));
    assert_int_equal(strlen(text), LEAT_TCP_INFO_TEXT_BYTES - 1); /* fills the buffer exactly */
    assert_int_equal(text[LEAT_TCP_INFO_TEXT_BYTES], '#');
    assert_memory_equal(text, longest, sizeof longest - 1);
}

static void states_have_the_names_of_RFC_9293(void **state)
{
    (void)state;
    assert_string_equal(leat_tcp_state_text(LEAT_TCP_CLOSED), "CLOSED");
    assert_string_equal(leat_tcp_state_text(LEAT_TCP_FIN_WAIT_2), "FIN-WAIT-2");
    assert_string_equal(leat_tcp_state_text(LEAT_TCP_TIME_WAIT), "TIME-WAIT");
    assert_string_equal(leat_tcp_state_text((enum leat_tcp_state)100), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_describes_a_connection),
        cmocka_unit_test(line_never_outgrows_its_room),
        cmocka_unit_test(states_have_the_names_of_RFC_9293),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
