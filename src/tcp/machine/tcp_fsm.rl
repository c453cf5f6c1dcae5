/*
 * tcp_fsm.rl -- tcp.rl with names of states and actions, for Ragel, which compiles it to XML.
 *
 * tools/fsmgen.py generates the table of events.c from the XML. It refuses a specification whose
 * XML has other transitions than its lines say.
 */

%%{
    machine tcp;
    # entry points are in the XML only if an action that is used names them
    action labels {
        (void)fentry(CLOSED);       (void)fentry(LISTEN);      (void)fentry(SYN_SENT);
        (void)fentry(SYN_RECEIVED); (void)fentry(ESTABLISHED); (void)fentry(FIN_WAIT_1);
        (void)fentry(FIN_WAIT_2);   (void)fentry(CLOSE_WAIT);  (void)fentry(CLOSING);
        (void)fentry(LAST_ACK);     (void)fentry(TIME_WAIT);
    }
    action create_TCB         { }
    action delete_TCB         { }
    action snd_SYN            { }
    action snd_SYN_ACK        { }
    action snd_ACK            { }
    action snd_FIN            { }
    action snd_RST            { }
    action snd_probe          { }
    action reply_RST          { }
    action challenge_ACK      { }
    action retransmit         { }
    action drop               { }
    action learn_SYN          { }
    action take_ACK           { }
    action take_data          { }
    action keep_data          { }
    action take_FIN           { }
    action queue_data         { }
    action send_data          { }
    action receive_data       { }
    action start_FIN_WAIT_2   { }
    action start_2MSL         { }
    action soft_error         { }
    action tell_open          { }
    action tell_closed        { }
    action tell_aborted       { }
    action tell_refused       { }
    action tell_reset         { }
    action tell_timeout       { }
    action tell_unreachable   { }
    action err_no_connection  { }
    action err_exists         { }
    action err_closing        { }

    include tcp "tcp.rl";
}%%

%% write data;
