/*
 * tcp_fsm.rl -- binds the specification in tcp.rl to C.  Ragel makes tcp_fsm.c of it (-C -F1): one
 * table of states and events, and one switch of actions.
 */
#include "tcp/tcp.h"

%%{
    machine tcp;
    # entry points reach the XML only if an action that is used names them
    action labels {
        (void)fentry(CLOSED);       (void)fentry(LISTEN);      (void)fentry(SYN_SENT);
        (void)fentry(SYN_RECEIVED); (void)fentry(ESTABLISHED); (void)fentry(FIN_WAIT_1);
        (void)fentry(FIN_WAIT_2);   (void)fentry(CLOSE_WAIT);  (void)fentry(CLOSING);
        (void)fentry(LAST_ACK);     (void)fentry(TIME_WAIT);
    }
    action create_TCB         { tcp_create_TCB(tcb, step); }
    action delete_TCB         { tcp_delete_TCB(tcb, step); }
    action snd_SYN            { tcp_snd_SYN(tcb, step); }
    action snd_SYN_ACK        { tcp_snd_SYN_ACK(tcb, step); }
    action snd_ACK            { tcp_snd_ACK(tcb, step); }
    action snd_FIN            { tcp_snd_FIN(tcb, step); }
    action snd_RST            { tcp_snd_RST(tcb, step); }
    action snd_probe          { tcp_snd_probe(tcb, step); }
    action reply_RST          { tcp_reply_RST(tcb, step); }
    action challenge_ACK      { tcp_challenge_ACK(tcb, step); }
    action retransmit         { tcp_retransmit(tcb, step); }
    action drop               { tcp_drop(tcb, step); }
    action learn_SYN          { tcp_learn_SYN(tcb, step); }
    action take_ACK           { tcp_take_ACK(tcb, step); }
    action take_text          { tcp_take_text(tcb, step); }
    action take_FIN           { tcp_take_FIN(tcb, step); }
    action queue_text         { tcp_queue_text(tcb, step); }
    action send_text          { tcp_send_text(tcb, step); }
    action receive_text       { tcp_receive_text(tcb, step); }
    action receive_rest       { tcp_receive_rest(tcb, step); }
    action start_FIN_WAIT_2   { tcp_start_FIN_WAIT_2(tcb, step); }
    action start_2MSL         { tcp_start_2MSL(tcb, step); }
    action soft_error         { tcp_soft_error(tcb, step); }
    action tell_open          { tcp_tell_open(tcb, step); }
    action tell_closed        { tcp_tell_closed(tcb, step); }
    action tell_closing       { tcp_tell_closing(tcb, step); }
    action tell_aborted       { tcp_tell_aborted(tcb, step); }
    action tell_refused       { tcp_tell_refused(tcb, step); }
    action tell_reset         { tcp_tell_reset(tcb, step); }
    action tell_timeout       { tcp_tell_timeout(tcb, step); }
    action tell_unreachable   { tcp_tell_unreachable(tcb, step); }
    action err_no_connection  { tcp_err_no_connection(tcb, step); }
    action err_exists         { tcp_err_exists(tcb, step); }
    action err_closing        { tcp_err_closing(tcb, step); }

    include tcp "tcp.rl";
    variable eof ((const unsigned char *)0);
}%%

%% write data noerror nofinal noentry;

void tcp_fsm_start(struct tcb *tcb)
{
    int cs;

    %% write init;

    tcb->state = (unsigned char)cs;
}

bool tcp_fsm_step(struct tcb *tcb, enum tcp_event event, struct tcp_step *step)
{
    const unsigned char letter = (unsigned char)event;
    const unsigned char *p = &letter;
    const unsigned char *const pe = p + 1;
    int cs = tcb->state;

    %% write exec;

    if (cs == 0) /* Ragel's error state: keep the old one */
        return false;
    tcb->state = (unsigned char)cs;
    return true;
}
