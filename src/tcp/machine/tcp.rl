%%{
# tcp.rl -- the TCP connection state machine of RFC 9293 (section 3.3.2, Figure 5; event processing
# of section 3.10). This file is the specification: the C tables, the picture and the table in the
# manual, the model and the list of transitions that the tests must take are all generated from it.
# It holds no C.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) with no line is claimed to be impossible: an assertion in debug builds, a
# counted drop otherwise. Events that the RFC ignores have a line with @drop.
#
# A TCB begins in CLOSED. A passive open makes a child for each SYN, and the listener stays in
# LISTEN, so the RFC's "return to LISTEN" is the end of the child. Our API has no SEND, RECEIVE,
# ABORT or active OPEN for a listener, hence no lines for them.
machine tcp;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# User calls (3.9.1)
export active_OPEN        = 0;
export passive_OPEN       = 1;
export SEND               = 2;
export RECEIVE            = 3;
export CLOSE              = 4;
export ABORT              = 5;
# Segments (3.10.7): the events into which the classifier translates one segment, in the RFC's order
# of checks. One segment may be several events, e.g. rcv_ACK_of_FIN rcv_FIN.
export rcv_unacceptable   = 6;   # first: sequence number not acceptable, no RST
export rcv_dup_SYN        = 7;   # ... a repetition of the SYN that we know
export rcv_other_SYN      = 34;  # ... that SYN, but with the other kind of ECN (RFC 9768 3.1.5)
export rcv_dup_FIN        = 8;   # ... a repetition of the peer's FIN
export rcv_RST            = 9;   # second: RST, SEG.SEQ = RCV.NXT (SYN-SENT: ACK acceptable)
export rcv_RST_in_window  = 10;  # ... RST in the window but not exact (RFC 5961 3.2)
export rcv_bad_RST        = 11;  # ... RST outside of the window (SYN-SENT: ACK not acceptable)
export rcv_SYN            = 12;  # SYN that may open a connection
export rcv_SYN_ACK        = 13;  # SYN,ACK whose ACK is acceptable (SYN-SENT)
export rcv_SYN_in_window  = 14;  # fourth: SYN on a synchronized connection (RFC 5961 4.2)
export rcv_newer_SYN      = 15;  # ... SYN that may reopen from TIME-WAIT (MAY-2, RFC 6191)
export rcv_no_ACK         = 16;  # fifth: no ACK where there must be one
export rcv_bad_ACK        = 17;  # ... ACK of data that we never sent, or too old (RFC 5961 5.2)
export rcv_ACK            = 18;  # ... acceptable ACK (new data, duplicate, window update)
export rcv_ACK_of_SYN     = 19;  # ... the ACK that first covers our SYN
export rcv_ACK_of_FIN     = 20;  # ... the ACK that first covers our FIN
export rcv_data           = 21;  # seventh: data in the window
export rcv_data_no_reader = 22;  # ... data, but the user has closed its reading side
export rcv_FIN            = 23;  # eighth: FIN, and all data before it is here
# Timeouts (3.10.8) and ICMP (3.9.2.2)
export timeout_rexmt      = 24;  # retransmission timer, below R2
export timeout_R2         = 25;  # too many retransmissions: give up (3.8.3)
export timeout_user       = 26;  # user timeout (3.10.8)
export timeout_persist    = 27;  # the peer's window is closed, or silly (3.8.6)
export timeout_idle       = 28;  # idle for long: ask whether the peer is there (3.8.4)
export timeout_keepalive  = 29;  # keep-alive probes unanswered (3.8.4)
export timeout_FIN_WAIT_2 = 30;  # the peer doesn't send its FIN, and the program has closed the connection
export timeout_2MSL       = 31;  # TIME-WAIT over
export rcv_SYN_data       = 33;  # data of the SYN just processed, which had a good cookie (RFC 7413)
export ICMP_hard_error    = 32;  # destination unreachable, codes 2-4, about unacknowledged data

probe   = timeout_persist | timeout_idle;
blind   = rcv_RST_in_window | rcv_SYN_in_window;   # an off-path attacker can send these

# ---- Figure 5 ------------------------------------------------------------------------------
main := (
start: '' -> CLOSED,

CLOSED: (
    passive_OPEN       @create_TCB                           -> LISTEN        # 3.10.1
  | active_OPEN        @create_TCB @snd_SYN                  -> SYN_SENT      # 3.10.1
  | ( SEND | CLOSE | ABORT ) @err_no_connection              -> CLOSED        # 3.10.2, 3.10.4-5
  | RECEIVE            @receive_data                         -> CLOSED        # 3.10.3; data received before the end stays
  | rcv_RST            @drop                                 -> CLOSED        # 3.10.7.1
  | ( rcv_SYN | rcv_bad_ACK | rcv_no_ACK ) @reply_RST        -> CLOSED        # 3.10.7.1
) >/labels,

LISTEN: (
    passive_OPEN       @err_exists                           -> LISTEN        # 3.10.1
  | CLOSE              @delete_TCB                           -> CLOSED        # 3.10.4
  | rcv_RST            @drop                                 -> LISTEN        # 3.10.7.2 first
  | rcv_bad_ACK        @reply_RST                            -> LISTEN        # 3.10.7.2 second
  | rcv_SYN            @learn_SYN @snd_SYN_ACK               -> SYN_RECEIVED  # 3.10.7.2 third
  | rcv_no_ACK         @drop                                 -> LISTEN        # 3.10.7.2 fourth
),

SYN_SENT: (
    active_OPEN        @err_exists                           -> SYN_SENT      # 3.10.1
  | SEND               @queue_data                           -> SYN_SENT      # 3.10.2
  | RECEIVE            @receive_data                         -> SYN_SENT      # 3.10.3
  | CLOSE              @tell_aborted @delete_TCB             -> CLOSED        # 3.10.4
  | ABORT              @tell_aborted @delete_TCB             -> CLOSED        # 3.10.5
  | rcv_bad_ACK        @reply_RST                            -> SYN_SENT      # 3.10.7.3 first
  | rcv_RST            @tell_refused @delete_TCB             -> CLOSED        # 3.10.7.3 second
  | rcv_bad_RST        @drop                                 -> SYN_SENT      # 3.10.7.3 first, second
  | rcv_SYN_ACK        @learn_SYN @take_ACK @snd_ACK @tell_open -> ESTABLISHED # 3.10.7.3 fourth
  | rcv_SYN            @learn_SYN @snd_SYN_ACK               -> SYN_RECEIVED  # 3.10.7.3 fourth
  | rcv_no_ACK         @drop                                 -> SYN_SENT      # 3.10.7.3 fifth
  | timeout_rexmt      @snd_SYN                              -> SYN_SENT      # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | ICMP_hard_error    @tell_unreachable @delete_TCB         -> CLOSED        # 3.9.2.2
),

SYN_RECEIVED: (
    active_OPEN        @err_exists                           -> SYN_RECEIVED  # 3.10.1
  | SEND               @send_data                            -> SYN_RECEIVED  # 3.10.2; sent before the end of the handshake only after rcv_SYN_data
  | RECEIVE            @receive_data                         -> SYN_RECEIVED  # 3.10.3
  | CLOSE              @snd_FIN                              -> FIN_WAIT_1    # 3.10.4
  | ABORT              @snd_RST @tell_aborted @delete_TCB    -> CLOSED        # 3.10.5
  | rcv_unacceptable   @snd_ACK                              -> SYN_RECEIVED  # 3.10.7.4 first
  | rcv_SYN_data       @take_data @snd_SYN_ACK @tell_open    -> SYN_RECEIVED  # RFC 7413 4.2
  | rcv_data           @keep_data                            -> SYN_RECEIVED  # 3.10.7.3 fourth: data of a SYN that crossed ours
  | rcv_dup_SYN        @snd_SYN_ACK                          -> SYN_RECEIVED  # our SYN,ACK was lost; a bare ACK (3.10.7.4) would be ignored
  | rcv_other_SYN      @snd_RST @tell_refused @delete_TCB    -> CLOSED        # RFC 9768 3.1.5: we can't know which of the two the peer uses
  | rcv_RST            @tell_refused @delete_TCB             -> CLOSED        # 3.10.7.4 second; the error is RESET if on_open was called (RFC 7413)
  | rcv_bad_RST        @drop                                 -> SYN_RECEIVED  # 3.10.7.4 first
  | blind              @challenge_ACK                        -> SYN_RECEIVED  # RFC 5961 3.2, 4.2
  | rcv_no_ACK         @drop                                 -> SYN_RECEIVED  # 3.10.7.4 fifth
  | rcv_bad_ACK        @reply_RST                            -> SYN_RECEIVED  # 3.10.7.4 fifth
  | rcv_ACK_of_SYN     @take_ACK @tell_open                  -> ESTABLISHED   # 3.10.7.4 fifth
  | timeout_rexmt      @snd_SYN_ACK                          -> SYN_RECEIVED  # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | ICMP_hard_error    @tell_unreachable @delete_TCB         -> CLOSED        # 3.9.2.2
),

ESTABLISHED: (
    active_OPEN        @err_exists                           -> ESTABLISHED   # 3.10.1
  | SEND               @send_data                            -> ESTABLISHED   # 3.10.2
  | RECEIVE            @receive_data                         -> ESTABLISHED   # 3.10.3
  | CLOSE              @snd_FIN                              -> FIN_WAIT_1    # 3.10.4
  | ABORT              @snd_RST @tell_aborted @delete_TCB    -> CLOSED        # 3.10.5
  | rcv_unacceptable   @snd_ACK                              -> ESTABLISHED   # 3.10.7.4 first
  | rcv_RST            @tell_reset @delete_TCB               -> CLOSED        # 3.10.7.4 second
  | rcv_bad_RST        @drop                                 -> ESTABLISHED   # 3.10.7.4 first
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> ESTABLISHED   # RFC 5961 3.2, 4.2, 5.2
  | rcv_no_ACK         @drop                                 -> ESTABLISHED   # 3.10.7.4 fifth
  | rcv_ACK            @take_ACK                             -> ESTABLISHED   # 3.10.7.4 fifth
  | rcv_data           @take_data                            -> ESTABLISHED   # 3.10.7.4 seventh
  | rcv_FIN            @take_FIN @snd_ACK                    -> CLOSE_WAIT    # 3.10.7.4 eighth
  | timeout_rexmt      @retransmit                           -> ESTABLISHED   # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | probe              @snd_probe                            -> ESTABLISHED   # 3.8.6.1, 3.8.4
  | timeout_keepalive  @snd_RST @tell_timeout @delete_TCB    -> CLOSED        # 3.8.4
  | ICMP_hard_error    @soft_error                           -> ESTABLISHED   # RFC 5461 4.1
),

FIN_WAIT_1: (
    active_OPEN        @err_exists                           -> FIN_WAIT_1    # 3.10.1
  | ( SEND | CLOSE )   @err_closing                          -> FIN_WAIT_1    # 3.10.2, 3.10.4
  | RECEIVE            @receive_data                         -> FIN_WAIT_1    # 3.10.3
  | ABORT              @snd_RST @tell_aborted @delete_TCB    -> CLOSED        # 3.10.5
  | rcv_unacceptable   @snd_ACK                              -> FIN_WAIT_1    # 3.10.7.4 first
  | rcv_dup_SYN        @snd_SYN_ACK                          -> FIN_WAIT_1    # closed in SYN-RECEIVED; as in that state
  | rcv_other_SYN      @snd_RST @tell_reset @delete_TCB      -> CLOSED        # as in SYN-RECEIVED
  | rcv_RST            @tell_reset @delete_TCB               -> CLOSED        # 3.10.7.4 second
  | rcv_bad_RST        @drop                                 -> FIN_WAIT_1    # 3.10.7.4 first
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> FIN_WAIT_1    # RFC 5961 3.2, 4.2, 5.2
  | rcv_no_ACK         @drop                                 -> FIN_WAIT_1    # 3.10.7.4 fifth
  | ( rcv_ACK | rcv_ACK_of_SYN ) @take_ACK                   -> FIN_WAIT_1    # 3.10.7.4 fifth
  | rcv_ACK_of_FIN     @take_ACK @start_FIN_WAIT_2           -> FIN_WAIT_2    # 3.10.7.4 fifth
  | rcv_data           @take_data                            -> FIN_WAIT_1    # 3.10.7.4 seventh
  | rcv_data_no_reader @snd_RST @tell_reset @delete_TCB      -> CLOSED        # 3.6.1
  | rcv_FIN            @take_FIN @snd_ACK                    -> CLOSING       # 3.10.7.4 eighth
  | timeout_rexmt      @retransmit                           -> FIN_WAIT_1    # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | timeout_persist    @snd_probe                            -> FIN_WAIT_1    # 3.8.6.1
  | ICMP_hard_error    @soft_error                           -> FIN_WAIT_1    # RFC 5461 4.1
),

FIN_WAIT_2: (
    active_OPEN        @err_exists                           -> FIN_WAIT_2    # 3.10.1
  | SEND               @err_closing                          -> FIN_WAIT_2    # 3.10.2
  | CLOSE              @err_closing @start_FIN_WAIT_2        -> FIN_WAIT_2    # 3.10.4; the program may have stopped reading now
  | RECEIVE            @receive_data                         -> FIN_WAIT_2    # 3.10.3
  | ABORT              @snd_RST @tell_aborted @delete_TCB    -> CLOSED        # 3.10.5
  | rcv_unacceptable   @snd_ACK                              -> FIN_WAIT_2    # 3.10.7.4 first
  | rcv_RST            @tell_reset @delete_TCB               -> CLOSED        # 3.10.7.4 second
  | rcv_bad_RST        @drop                                 -> FIN_WAIT_2    # 3.10.7.4 first
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> FIN_WAIT_2    # RFC 5961 3.2, 4.2, 5.2
  | rcv_no_ACK         @drop                                 -> FIN_WAIT_2    # 3.10.7.4 fifth
  | rcv_ACK            @take_ACK                             -> FIN_WAIT_2    # 3.10.7.4 fifth
  | rcv_data           @take_data                            -> FIN_WAIT_2    # 3.10.7.4 seventh
  | rcv_data_no_reader @snd_RST @tell_reset @delete_TCB      -> CLOSED        # 3.6.1
  | rcv_FIN            @take_FIN @snd_ACK @tell_closed @start_2MSL -> TIME_WAIT # 3.10.7.4 eighth
  | timeout_FIN_WAIT_2 @tell_timeout @delete_TCB             -> CLOSED        # not in the RFC: the peer is gone, the program has closed the connection
  | timeout_idle       @snd_probe                            -> FIN_WAIT_2    # 3.8.4
  | timeout_keepalive  @snd_RST @tell_timeout @delete_TCB    -> CLOSED        # 3.8.4
),

CLOSE_WAIT: (
    active_OPEN        @err_exists                           -> CLOSE_WAIT    # 3.10.1
  | SEND               @send_data                            -> CLOSE_WAIT    # 3.10.2
  | RECEIVE            @receive_data                         -> CLOSE_WAIT    # 3.10.3
  | CLOSE              @snd_FIN                              -> LAST_ACK      # 3.10.4
  | ABORT              @snd_RST @tell_aborted @delete_TCB    -> CLOSED        # 3.10.5
  | ( rcv_unacceptable | rcv_dup_FIN ) @snd_ACK              -> CLOSE_WAIT    # 3.10.7.4 first
  | rcv_RST            @tell_reset @delete_TCB               -> CLOSED        # 3.10.7.4 second
  | rcv_bad_RST        @drop                                 -> CLOSE_WAIT    # 3.10.7.4 first
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> CLOSE_WAIT    # RFC 5961 3.2, 4.2, 5.2
  | rcv_no_ACK         @drop                                 -> CLOSE_WAIT    # 3.10.7.4 fifth
  | rcv_ACK            @take_ACK                             -> CLOSE_WAIT    # 3.10.7.4 fifth
  | rcv_data           @drop                                 -> CLOSE_WAIT    # 3.10.7.4 seventh
  | rcv_FIN            @snd_ACK                              -> CLOSE_WAIT    # 3.10.7.4 eighth: a second FIN, behind the first
  | timeout_rexmt      @retransmit                           -> CLOSE_WAIT    # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | probe              @snd_probe                            -> CLOSE_WAIT    # 3.8.6.1, 3.8.4
  | timeout_keepalive  @snd_RST @tell_timeout @delete_TCB    -> CLOSED        # 3.8.4
  | ICMP_hard_error    @soft_error                           -> CLOSE_WAIT    # RFC 5461 4.1
),

CLOSING: (
    active_OPEN        @err_exists                           -> CLOSING       # 3.10.1
  | ( SEND | CLOSE )   @err_closing                          -> CLOSING       # 3.10.2, 3.10.4
  | RECEIVE            @receive_data                         -> CLOSING       # 3.10.3; data received before the FIN stays
  | ABORT              @tell_aborted @delete_TCB             -> CLOSED        # 3.10.5
  | ( rcv_unacceptable | rcv_dup_FIN ) @snd_ACK              -> CLOSING       # 3.10.7.4 first
  | rcv_RST            @tell_reset @delete_TCB               -> CLOSED        # 3.10.7.4 second
  | rcv_bad_RST        @drop                                 -> CLOSING       # 3.10.7.4 first
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> CLOSING       # RFC 5961 3.2, 4.2, 5.2
  | rcv_no_ACK         @drop                                 -> CLOSING       # 3.10.7.4 fifth
  | rcv_ACK            @take_ACK                             -> CLOSING       # 3.10.7.4 fifth
  | rcv_ACK_of_FIN     @take_ACK @tell_closed @start_2MSL    -> TIME_WAIT     # 3.10.7.4 fifth
  | rcv_data           @drop                                 -> CLOSING       # 3.10.7.4 seventh
  | rcv_FIN            @snd_ACK                              -> CLOSING       # 3.10.7.4 eighth: a second FIN, behind the first
  | timeout_rexmt      @retransmit                           -> CLOSING       # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | timeout_persist    @snd_probe                            -> CLOSING       # 3.8.6.1
  | ICMP_hard_error    @soft_error                           -> CLOSING       # RFC 5461 4.1
),

LAST_ACK: (
    active_OPEN        @err_exists                           -> LAST_ACK      # 3.10.1
  | ( SEND | CLOSE )   @err_closing                          -> LAST_ACK      # 3.10.2, 3.10.4
  | RECEIVE            @receive_data                         -> LAST_ACK      # 3.10.3; data received before the FIN stays
  | ABORT              @tell_aborted @delete_TCB             -> CLOSED        # 3.10.5
  | ( rcv_unacceptable | rcv_dup_FIN ) @snd_ACK              -> LAST_ACK      # 3.10.7.4 first
  | rcv_RST            @tell_reset @delete_TCB               -> CLOSED        # 3.10.7.4 second
  | rcv_bad_RST        @drop                                 -> LAST_ACK      # 3.10.7.4 first
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> LAST_ACK      # RFC 5961 3.2, 4.2, 5.2
  | rcv_no_ACK         @drop                                 -> LAST_ACK      # 3.10.7.4 fifth
  | rcv_ACK            @take_ACK                             -> LAST_ACK      # 3.10.7.4 fifth
  | rcv_ACK_of_FIN     @take_ACK @tell_closed @delete_TCB    -> CLOSED        # 3.10.7.4 fifth
  | rcv_data           @drop                                 -> LAST_ACK      # 3.10.7.4 seventh
  | rcv_FIN            @snd_ACK                              -> LAST_ACK      # 3.10.7.4 eighth: a second FIN, behind the first
  | timeout_rexmt      @retransmit                           -> LAST_ACK      # 3.10.8
  | ( timeout_R2 | timeout_user ) @tell_timeout @delete_TCB  -> CLOSED        # 3.8.3, 3.10.8
  | timeout_persist    @snd_probe                            -> LAST_ACK      # 3.8.6.1
  | ICMP_hard_error    @soft_error                           -> LAST_ACK      # RFC 5461 4.1
),

TIME_WAIT: (
    active_OPEN        @err_exists                           -> TIME_WAIT     # 3.10.1
  | ( SEND | CLOSE )   @err_closing                          -> TIME_WAIT     # 3.10.2, 3.10.4
  | RECEIVE            @receive_data                         -> TIME_WAIT     # 3.10.3; data received before the FIN stays
  | ABORT              @delete_TCB                           -> CLOSED        # 3.10.5
  | rcv_unacceptable   @snd_ACK                              -> TIME_WAIT     # 3.10.7.4 first
  | ( rcv_dup_FIN | rcv_FIN ) @snd_ACK @start_2MSL           -> TIME_WAIT     # 3.10.7.4 eighth; also a second FIN, behind the first
  | ( rcv_RST | rcv_bad_RST ) @drop                          -> TIME_WAIT     # RFC 1337 (RFC 9293: delete the TCB)
  | ( blind | rcv_bad_ACK ) @challenge_ACK                   -> TIME_WAIT     # RFC 5961 3.2, 4.2, 5.2
  | rcv_newer_SYN      @delete_TCB                           -> CLOSED        # MAY-2; when the handshake of the new connection is over: until then the SYN may be an old duplicate
  | rcv_no_ACK         @drop                                 -> TIME_WAIT     # 3.10.7.4 fifth
  | ( rcv_ACK | rcv_data ) @drop                             -> TIME_WAIT     # 3.10.7.4 fifth, seventh
  | timeout_2MSL       @delete_TCB                           -> CLOSED        # 3.10.8
)
);
}%%
