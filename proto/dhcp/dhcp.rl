%%{
# dhcp.rl -- the DHCPv4 client's state machine of RFC 2131 (figure 5; sections 3 and 4.4), with the
# check of RFC 5227 before an address is used, rapid commit (RFC 4039), DHCPINFORM (3.4) and the
# IPv6-only preference (RFC 8925).  This file is the specification: the C tables, the picture, the
# table in the manual and the list of transitions that the tests must take are all generated from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) with no line is claimed to be impossible: an assertion in debug builds, and
# nothing otherwise.  Messages that the RFC discards have a line with @drop.
#
# A message becomes an event if it belongs to the exchange: a well-formed reply with our chaddr and
# xid, from the chosen server if there is one, and with legal addresses and times.
machine dhcp;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# Calls of the program
export start_fresh        = 0;   # without a kept address
export start_with_lease   = 1;   # with a kept address (3.2)
export start_inform       = 2;   # with an address configured by other means (3.4)
export stop               = 3;   # keeps the lease, so that it can be requested again
export release            = 4;   # gives the lease back (4.4.6)
export lease_accepted     = 5;   # the acknowledged lease is accepted
export lease_refused      = 6;   # the program refuses it, or the stack has no room
# Messages
export rcv_OFFER          = 7;
export rcv_ACK            = 8;
export rcv_NAK            = 9;
export rcv_rapid_ACK      = 10;  # an ACK for a DISCOVER (RFC 4039 3.1)
export rcv_IPv6_only      = 11;  # an OFFER with the IPv6-only preference (RFC 8925 3.2)
# Timeouts
export timeout_wait       = 12;  # before the first message, or before the next attempt
export timeout_rexmt      = 13;  # no answer (4.1)
export timeout_give_up    = 14;  # no answer to the last try
export timeout_T1         = 15;  # renew (4.4.5)
export timeout_T2         = 16;  # rebind
export timeout_lease      = 17;  # the lease has expired
# The address (RFC 5227)
export address_free       = 18;  # the check found no other host
export address_taken      = 19;  # another host uses it

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
  | message            @drop                                 -> STOPPED       # late message
) >/labels,

INIT: (
    timeout_wait       @snd_DISCOVER                         -> SELECTING     # 4.4.1
  | message            @drop                                 -> INIT          # late message
  | end                @rest                                 -> STOPPED       # by the program
),

SELECTING: (
    rcv_OFFER          @take_offer @snd_REQUEST              -> REQUESTING    # 4.4.1: the first acceptable offer
  | rcv_rapid_ACK      @take_lease @ask_program              -> CHECKING      # RFC 4039 3.1
  | rcv_IPv6_only      @wait_without_IPv4 @tell_IPv6_only    -> IPV6_ONLY     # RFC 8925 3.2
  | ( rcv_ACK | rcv_NAK ) @drop                              -> SELECTING     # figure 5
  | timeout_rexmt      @snd_DISCOVER @tell_silence           -> SELECTING     # 4.1
  | end                @rest                                 -> STOPPED       # by the program
),

REQUESTING: (
    rcv_ACK            @take_lease @ask_program              -> CHECKING      # 4.4.1
  | rcv_NAK            @tell_refused @back_off               -> INIT          # 3.1 item 5; after a delay
  | ( offer | rcv_rapid_ACK ) @drop                          -> REQUESTING    # figure 5
  | timeout_rexmt      @snd_REQUEST                          -> REQUESTING    # 4.1
  | timeout_give_up    @tell_silence @back_off               -> INIT          # 3.1 item 5
  | end                @rest                                 -> STOPPED       # by the program
),

INIT_REBOOT: (
    timeout_wait       @snd_REQUEST_reboot                   -> REBOOTING     # 4.4.2
  | message            @drop                                 -> INIT_REBOOT   # late message
  | end                @rest                                 -> STOPPED       # by the program
),

REBOOTING: (
    rcv_ACK            @take_lease @ask_program              -> CHECKING      # 4.4.2
  | rcv_NAK            @begin                                -> INIT          # 3.2 item 4
  | ( offer | rcv_rapid_ACK ) @drop                          -> REBOOTING     # figure 5
  | timeout_rexmt      @snd_REQUEST_reboot                   -> REBOOTING     # 4.1
  | timeout_give_up    @tell_silence @begin                  -> INIT          # 3.2: an unconfirmed lease isn't used
  | end                @rest                                 -> STOPPED       # by the program
),

CHECKING: (
    lease_accepted     @use_address                          -> CHECKING      # 4.4.1, RFC 5227 2.1
  | lease_refused      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 3.1 item 5
  | address_free       @set_T1_T2 @tell_bound                        -> BOUND         # 4.4.1
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 4.4.1: waits at least ten seconds
  | timeout_lease      @withdraw @back_off                   -> INIT          # expired during the check
  | message            @drop                                 -> CHECKING      # late message
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

BOUND: (
    timeout_T1         @snd_REQUEST_renew                    -> RENEWING      # 4.4.5
  | timeout_T2         @snd_REQUEST_rebind                   -> REBINDING     # 4.4.5: slept through T1
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # slept until the lease expired
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 4.4.1: a conflict after the check
  | message            @drop                                 -> BOUND         # figure 5
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

RENEWING: (
    rcv_ACK            @take_lease @set_T1_T2 @tell_renewed           -> BOUND         # 4.4.5
  | rcv_NAK            @withdraw @tell_refused @begin        -> INIT          # 4.4.5
  | ( offer | rcv_rapid_ACK ) @drop                          -> RENEWING      # figure 5
  | timeout_rexmt      @snd_REQUEST_renew                    -> RENEWING      # 4.4.5
  | timeout_T2         @snd_REQUEST_rebind                   -> REBINDING     # 4.4.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # 4.4.5
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 4.4.1: a conflict after the check
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

REBINDING: (
    rcv_ACK            @take_lease @set_T1_T2 @tell_renewed           -> BOUND         # 4.4.5
  | rcv_NAK            @withdraw @tell_refused @begin        -> INIT          # 4.4.5
  | ( offer | rcv_rapid_ACK ) @drop                          -> REBINDING     # figure 5
  | timeout_rexmt      @snd_REQUEST_rebind @tell_silence     -> REBINDING     # 4.4.5
  | timeout_lease      @withdraw @tell_expired @begin        -> INIT          # 4.4.5
  | address_taken      @snd_DECLINE @withdraw @tell_declined @back_off -> INIT # 4.4.1: a conflict after the check
  | stop               @withdraw @rest                       -> STOPPED       # by the program
  | release            @snd_RELEASE @withdraw @rest          -> STOPPED       # 4.4.6
),

INFORMING: (
    rcv_ACK            @take_parameters @tell_informed       -> INFORMED      # 4.4.3
  | ( offer | rcv_rapid_ACK | rcv_NAK ) @drop                -> INFORMING     # 4.4.3
  | timeout_rexmt      @snd_INFORM @tell_silence             -> INFORMING     # 4.1
  | end                @rest                                 -> STOPPED       # by the program
),

INFORMED: (
    message            @drop                                 -> INFORMED      # late message
  | end                @rest                                 -> STOPPED       # by the program
),

IPV6_ONLY: (
    timeout_wait       @begin                                -> INIT          # RFC 8925 3.2: V6ONLY_WAIT is over
  | message            @drop                                 -> IPV6_ONLY     # RFC 8925 3.2
  | end                @rest                                 -> STOPPED       # by the program
)
);
}%%
