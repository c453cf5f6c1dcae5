%%{
# dhcp6.rl -- the DHCPv6 client's state machine of RFC 8415 (section 18.2): an address (IA_NA), or
# other facts without one.  Addresses are checked by RFC 4862 before they are used.
# This file is the specification: the C tables, the picture, the table in the manual and the list of
# transitions that the tests must take are all generated from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) with no line is claimed to be impossible: an assertion in debug builds, and
# nothing otherwise.
#
# A message becomes an event if it answers our last message: a well-formed Reply, or Advertise after
# a Solicit, with our xid and client identifier, from the server that was asked if there is one. The
# result for our one address determines the event. Messages without a useful result, and those that
# come while none is awaited, make no event.
machine dhcp6;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# Calls of the program
export start_managed      = 0;   # an address and other facts
export start_kept         = 1;   # the same, with the address of an earlier start (18.2.12)
export start_inform       = 2;   # only other facts (18.2.6)
export stop               = 3;   # keeps the lease, so that it can be requested again
export release            = 4;   # gives the lease back (18.2.7)
export confirm            = 5;   # we may be on another link (18.2.3)
export address_refused    = 6;   # the stack has no room for the address
# Messages
export rcv_ADVERTISE      = 7;   # an offer; a better one may follow
export rcv_ADVERTISE_now  = 8;   # an offer of preference 255, or after the first wait (18.2.9)
export rcv_REPLY          = 9;   # the address that we have, or the first one
export rcv_REPLY_rapid    = 10;  # the same for a Solicit (18.2.1)
export rcv_REPLY_other    = 11;  # another address than the one that we have
export rcv_REPLY_zero     = 12;  # our address with a lifetime of 0: stop using it
export rcv_REPLY_done     = 13;  # to Confirm, Decline, Release
export rcv_REPLY_facts    = 14;  # to Information-request
export rcv_NoBinding      = 15;  # the server doesn't know our address
export rcv_NoAddrs        = 16;  # no address for us
export rcv_NotOnLink      = 17;  # our address isn't valid on this link
# Timeouts
export timeout_wait       = 18;  # before the first message, or before the next attempt
export timeout_rexmt      = 19;  # no answer (15)
export timeout_choose     = 20;  # the first wait is over, and there are offers (18.2.1)
export timeout_give_up    = 21;  # no answer to the last try
export timeout_T1         = 22;  # renew (18.2.4)
export timeout_T2         = 23;  # rebind (18.2.5)
export timeout_lease      = 24;  # the valid lifetime is over
export timeout_refresh    = 25;  # the information refresh time is (21.23)
# The address (RFC 4862 5.4)
export address_free       = 26;  # the check found no other host
export address_taken      = 27;  # another host uses it

end       = stop | release;

# ---- Section 18.2 --------------------------------------------------------------------------
main := (
start: '' -> STOPPED,

STOPPED: (
    start_managed      @begin                                -> INIT          # 18.2.1
  | start_kept         @begin                                -> INIT_REBOOT   # 18.2.12
  | start_inform       @begin                                -> INIT_INFORM   # 18.2.6
) >/labels,

INIT_REBOOT: (
    timeout_wait       @snd_REBIND_kept                      -> REBOOTING     # 18.2.12
  | end                @rest                                 -> STOPPED       # by the program
),

REBOOTING: (
    rcv_REPLY          @take_lease @use_address              -> CHECKING      # 18.2.10.1
  | ( rcv_REPLY_zero | rcv_NoBinding ) @begin                -> INIT          # 18.2.10.1: the address isn't ours any more
  | timeout_rexmt      @snd_REBIND_kept                      -> REBOOTING     # 15
  | timeout_give_up    @begin                                -> INIT          # 18.3.5: a server that doesn't know us may be silent
  | end                @rest                                 -> STOPPED       # by the program
),

INIT: (
    timeout_wait       @snd_SOLICIT                          -> SOLICITING    # 18.2.1
  | end                @rest                                 -> STOPPED       # by the program
),

SOLICITING: (
    rcv_ADVERTISE      @keep_offer                           -> SOLICITING    # 18.2.1: keeps the best offer of the first wait
  | rcv_ADVERTISE_now  @keep_offer @snd_REQUEST              -> REQUESTING    # 18.2.1
  | timeout_choose     @snd_REQUEST                          -> REQUESTING    # 18.2.1
  | rcv_REPLY_rapid    @take_lease @use_address              -> CHECKING      # 18.2.1
  | timeout_rexmt      @snd_SOLICIT @tell_silence            -> SOLICITING    # 15
  | end                @rest                                 -> STOPPED       # by the program
),

REQUESTING: (
    rcv_REPLY          @take_lease @use_address              -> CHECKING      # 18.2.10.1
  | ( rcv_NoAddrs | rcv_NotOnLink ) @tell_refused @back_off  -> INIT          # 18.2.10.1; after a delay
  | timeout_rexmt      @snd_REQUEST                          -> REQUESTING    # 15
  | timeout_give_up    @tell_silence @back_off               -> INIT          # 18.2.2
  | end                @rest                                 -> STOPPED       # by the program
),

CHECKING: (
    address_free       @set_T1_T2 @tell_bound                -> BOUND         # 18.2.10.1
  | address_taken      @snd_DECLINE @withdraw @tell_declined -> DECLINING     # 18.2.8
  | address_refused    @tell_declined @back_off              -> INIT          # no room in the stack; the lease expires at the server
  | timeout_lease      @withdraw @back_off                   -> INIT          # expired during the check
  | confirm            @withdraw @begin                      -> INIT          # another link: the address, not used yet, is asked for again
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @withdraw @snd_RELEASE                -> RELEASING     # 18.2.7
),

DECLINING: (
    rcv_REPLY_done     @back_off                             -> INIT          # 18.2.10.3
  | timeout_rexmt      @snd_DECLINE                          -> DECLINING     # 18.2.8
  | timeout_give_up    @back_off                             -> INIT          # 18.2.8
  | end                @rest                                 -> STOPPED       # by the program
),

BOUND: (
    timeout_T1         @snd_RENEW                            -> RENEWING      # 18.2.4
  | timeout_T2         @snd_REBIND                           -> REBINDING     # 18.2.5: we slept through T1
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # slept until the lease expired
  | confirm            @snd_CONFIRM                          -> CONFIRMING    # 18.2.3
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @withdraw @snd_RELEASE                -> RELEASING     # 18.2.7
),

RENEWING: (
    rcv_REPLY          @take_lease @extend @set_T1_T2 @tell_renewed  -> BOUND # 18.2.10.1
  | rcv_REPLY_other    @withdraw @take_lease @tell_moved @use_address -> CHECKING # 18.2.10.1: renumbered
  | rcv_REPLY_zero     @withdraw @tell_refused @begin        -> INIT          # 18.2.10.1
  | rcv_NoBinding      @snd_REQUEST_again                    -> REREQUESTING  # 18.2.10.1
  | timeout_rexmt      @snd_RENEW                            -> RENEWING      # 18.2.4
  | timeout_T2         @snd_REBIND                           -> REBINDING     # 18.2.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # slept until the lease expired
  | confirm            @snd_CONFIRM                          -> CONFIRMING    # 18.2.3
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @withdraw @snd_RELEASE                -> RELEASING     # 18.2.7
),

REBINDING: (
    rcv_REPLY          @take_lease @extend @set_T1_T2 @tell_renewed  -> BOUND # 18.2.10.1
  | rcv_REPLY_other    @withdraw @take_lease @tell_moved @use_address -> CHECKING # 18.2.10.1: renumbered
  | rcv_REPLY_zero     @withdraw @tell_refused @begin        -> INIT          # 18.2.10.1
  | rcv_NoBinding      @snd_REQUEST_again                    -> REREQUESTING  # 18.2.10.1
  | timeout_rexmt      @snd_REBIND @tell_silence             -> REBINDING     # 18.2.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # 18.2.5
  | confirm            @snd_CONFIRM                          -> CONFIRMING    # 18.2.3
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @withdraw @snd_RELEASE                -> RELEASING     # 18.2.7
),

REREQUESTING: (
    rcv_REPLY          @take_lease @extend @set_T1_T2 @tell_renewed  -> BOUND # 18.2.10.1
  | rcv_REPLY_other    @withdraw @take_lease @tell_moved @use_address -> CHECKING # 18.2.10.1: renumbered
  | ( rcv_NoAddrs | rcv_NotOnLink ) @withdraw @tell_refused @back_off -> INIT # 18.2.10.1
  | timeout_rexmt      @snd_REQUEST_again                    -> REREQUESTING  # 15
  | timeout_T2         @snd_REBIND                           -> REBINDING     # 18.2.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # the lease expires unless it was renewed
  | confirm            @snd_CONFIRM                          -> CONFIRMING    # 18.2.3
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @withdraw @snd_RELEASE                -> RELEASING     # 18.2.7
),

CONFIRMING: (
    rcv_REPLY_done     @resume                               -> BOUND         # 18.2.10.3
  | rcv_NotOnLink      @withdraw @tell_refused @begin        -> INIT          # 18.2.10.3
  | timeout_rexmt      @snd_CONFIRM                          -> CONFIRMING    # 18.2.3
  | timeout_give_up    @resume                               -> BOUND         # 18.2.3: no server objects
  | timeout_T1         @snd_RENEW                            -> RENEWING      # 18.2.4
  | timeout_T2         @snd_REBIND                           -> REBINDING     # 18.2.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # 18.2.3
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @withdraw @snd_RELEASE                -> RELEASING     # 18.2.7
),

RELEASING: (
    rcv_REPLY_done     @rest                                 -> STOPPED       # 18.2.10.2
  | timeout_rexmt      @snd_RELEASE                          -> RELEASING     # 18.2.7
  | timeout_give_up    @rest                                 -> STOPPED       # 18.2.7
  | start_managed      @begin                                -> INIT          # by the program
  | start_kept         @begin                                -> INIT_REBOOT   # by the program
  | start_inform       @begin                                -> INIT_INFORM   # by the program
  | stop               @rest                                 -> STOPPED       # by the program
),

INIT_INFORM: (
    timeout_wait       @snd_INFORMATION_REQUEST              -> INFORMING     # 18.2.6
  | end                @rest                                 -> STOPPED       # by the program
),

INFORMING: (
    rcv_REPLY_facts    @take_facts @tell_informed            -> INFORMED      # 18.2.10.4
  | timeout_rexmt      @snd_INFORMATION_REQUEST @tell_silence -> INFORMING    # 15
  | end                @rest                                 -> STOPPED       # by the program
),

INFORMED: (
    timeout_refresh    @snd_INFORMATION_REQUEST              -> INFORMING     # 21.23
  | end                @rest                                 -> STOPPED       # by the program
)
);
}%%
