%%{
# dhcp.rl -- the DHCPv4 client's state machine of RFC 2131 (figure 5; sections 3 and 4.4), with the
# check of RFC 5227 before an address is used, rapid commit (RFC 4039), DHCPINFORM (3.4) and the
# IPv6-only preference (RFC 8925).  This file is the specification: the C tables, the picture, the
# table in the manual and the list of transitions that the tests must take are all made from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) with no line is claimed to be impossible: an assertion in debug builds, and
# nothing otherwise.  What the RFC discards is written out (@drop).
#
# A message becomes an event when it is one of the exchange: a reply, for our chaddr, with our xid,
# well formed, of the server that was chosen if one was, and with legal addresses and times.
machine dhcp;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# Of the program
export start_fresh        = 0;   # without an address that it remembers
export start_with_lease   = 1;   # with one (3.2)
export start_inform       = 2;   # it has an address by other means (3.4)
export stop               = 3;   # the lease stays ours: it may be asked for again
export release            = 4;   # ... it doesn't (4.4.6)
export lease_accepted     = 5;   # what was acknowledged is welcome
export lease_refused      = 6;   # ... it isn't, or the stack can't have it
# Messages
export rcv_OFFER          = 7;
export rcv_ACK            = 8;
export rcv_NAK            = 9;
export rcv_rapid_ACK      = 10;  # an ACK for a DISCOVER (RFC 4039 3.1)
export rcv_IPv6_only      = 11;  # an OFFER that says: do without IPv4 (RFC 8925 3.2)
# Times
export timeout_wait       = 12;  # before the first message, or before the next attempt
export timeout_rexmt      = 13;  # no answer (4.1)
export timeout_give_up    = 14;  # ... for long
export timeout_T1         = 15;  # renew (4.4.5)
export timeout_T2         = 16;  # rebind
export timeout_lease      = 17;  # the lease has expired
# The address (RFC 5227)
export address_free       = 18;  # it may be used
export address_taken      = 19;  # another host has it

offer     = rcv_OFFER | rcv_IPv6_only;
ack       = rcv_ACK | rcv_rapid_ACK;
message   = offer | ack | rcv_NAK;
end       = stop | release;

# ---- Figure 5 ------------------------------------------------------------------------------
main := (
start: '' -> STOPPED,

STOPPED: (
    start_fresh        @begin                                -> INIT          # 4.4.1
  | start_with_lease   @begin                                -> INIT_REBOOT   # 4.4.2
  | start_inform       @begin @snd_INFORM                    -> INFORMING     # 4.4.3
  | message            @drop                                 -> STOPPED       # late
) >/labels,

INIT: (
    timeout_wait       @snd_DISCOVER                         -> SELECTING     # 4.4.1
  | message            @drop                                 -> INIT          # late
  | end                @rest                                 -> STOPPED       # the program's
),

SELECTING: (
    rcv_OFFER          @take_offer @snd_REQUEST              -> REQUESTING    # 4.4.1: the first that will do
  | rcv_rapid_ACK      @take_lease @ask_program              -> CHECKING      # RFC 4039 3.1
  | rcv_IPv6_only      @wait_without_IPv4 @tell_IPv6_only    -> IPV6_ONLY     # RFC 8925 3.2
  | ( rcv_ACK | rcv_NAK ) @drop                              -> SELECTING     # figure 5
  | timeout_rexmt      @snd_DISCOVER @tell_silence           -> SELECTING     # 4.1
  | end                @rest                                 -> STOPPED       # the program's
),

REQUESTING: (
    rcv_ACK            @take_lease @ask_program              -> CHECKING      # 4.4.1
  | rcv_NAK            @tell_refused @back_off               -> INIT          # 3.1 item 5; never at once
  | ( offer | rcv_rapid_ACK ) @drop                          -> REQUESTING    # figure 5
  | timeout_rexmt      @snd_REQUEST                          -> REQUESTING    # 4.1
  | timeout_give_up    @tell_silence @back_off               -> INIT          # 3.1 item 5
  | end                @rest                                 -> STOPPED       # the program's
),

INIT_REBOOT: (
    timeout_wait       @snd_REQUEST_reboot                   -> REBOOTING     # 4.4.2
  | message            @drop                                 -> INIT_REBOOT   # late
  | end                @rest                                 -> STOPPED       # the program's
),

REBOOTING: (
    rcv_ACK            @take_lease @ask_program              -> CHECKING      # 4.4.2
  | rcv_NAK            @begin                                -> INIT          # 3.2 item 4
  | ( offer | rcv_rapid_ACK ) @drop                          -> REBOOTING     # figure 5
  | timeout_rexmt      @snd_REQUEST_reboot                   -> REBOOTING     # 4.1
  | timeout_give_up    @tell_silence @begin                  -> INIT          # 3.2: the lease isn't used unconfirmed
  | end                @rest                                 -> STOPPED       # the program's
),

CHECKING: (
    lease_accepted     @use_address                          -> CHECKING      # 4.4.1, RFC 5227 2.1
  | lease_refused      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 3.1 item 5
  | address_free       @set_T1_T2 @tell_bound                        -> BOUND         # 4.4.1
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 4.4.1: at least ten seconds
  | timeout_lease      @withdraw @back_off                   -> INIT          # shorter than the check
  | message            @drop                                 -> CHECKING      # late
  | stop               @withdraw @rest                       -> STOPPED       # the program's
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

BOUND: (
    timeout_T1         @snd_REQUEST_renew                    -> RENEWING      # 4.4.5
  | timeout_T2         @snd_REQUEST_rebind                   -> REBINDING     # 4.4.5: we slept through T1
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # ... through all of it
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 4.4.1: used while it was checked
  | message            @drop                                 -> BOUND         # figure 5
  | stop               @withdraw @rest                       -> STOPPED       # the program's
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

RENEWING: (
    rcv_ACK            @take_lease @set_T1_T2 @tell_renewed           -> BOUND         # 4.4.5
  | rcv_NAK            @withdraw @tell_refused @begin        -> INIT          # 4.4.5
  | ( offer | rcv_rapid_ACK ) @drop                          -> RENEWING      # figure 5
  | timeout_rexmt      @snd_REQUEST_renew                    -> RENEWING      # 4.4.5
  | timeout_T2         @snd_REQUEST_rebind                   -> REBINDING     # 4.4.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # 4.4.5
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # as in BOUND
  | stop               @withdraw @rest                       -> STOPPED       # the program's
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

REBINDING: (
    rcv_ACK            @take_lease @set_T1_T2 @tell_renewed           -> BOUND         # 4.4.5
  | rcv_NAK            @withdraw @tell_refused @begin        -> INIT          # 4.4.5
  | ( offer | rcv_rapid_ACK ) @drop                          -> REBINDING     # figure 5
  | timeout_rexmt      @snd_REQUEST_rebind @tell_silence     -> REBINDING     # 4.4.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # 4.4.5
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # as in BOUND
  | stop               @withdraw @rest                       -> STOPPED       # the program's
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

INFORMING: (
    rcv_ACK            @take_parameters @tell_informed       -> INFORMED      # 4.4.3
  | ( offer | rcv_rapid_ACK | rcv_NAK ) @drop                -> INFORMING     # 4.4.3
  | timeout_rexmt      @snd_INFORM @tell_silence             -> INFORMING     # 4.1
  | end                @rest                                 -> STOPPED       # the program's
),

INFORMED: (
    message            @drop                                 -> INFORMED      # late
  | end                @rest                                 -> STOPPED       # the program's
),

IPV6_ONLY: (
    timeout_wait       @begin                                -> INIT          # RFC 8925 3.2: V6ONLY_WAIT is over
  | message            @drop                                 -> IPV6_ONLY     # RFC 8925 3.2
  | end                @rest                                 -> STOPPED       # the program's
)
);
}%%
