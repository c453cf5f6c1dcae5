%%{
# ndp.rl -- the IPv6 neighbour's state machine of RFC 4861 (appendix C; sections 7.2 and 7.3), which
# tracks its reachability.  This file is the specification: the C tables, the picture, the table in
# the manual and the list of transitions that the tests must take are generated from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) without a line is impossible: it fails an assertion in debug builds, and has
# no effect otherwise.  Messages that the RFC discards have an explicit @drop.
#
# The event of an advertisement depends on two facts: solicited or not, and whether its link-layer
# address is that of the entry.  An advertisement without an address counts as the same address.
machine ndp;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# Our own
export packet_to_send     = 0;   # to this neighbour
export reachable_over     = 1;   # the same, but the reachable time has passed (7.3.2)
export evict              = 2;   # another neighbour needs the entry
# Timers
export timeout_rexmt      = 3;   # no answer for RETRANS_TIMER
export timeout_give_up    = 4;   # the same, after the last solicitation
export timeout_delay      = 5;   # DELAY_FIRST_PROBE_TIME has passed
# Advertisements
export rcv_solicited      = 6;   # with the entry's address, or without an address
export rcv_solicited_new  = 7;   # with another address and Override, or with the entry's first address
export rcv_unsolicited    = 8;   # like rcv_solicited
export rcv_unsolicited_new = 9;  # like rcv_solicited_new
export rcv_disputed       = 10;  # with another address, without Override
export rcv_empty          = 11;  # without an address, and the entry has none
# Solicitations with their sender's link-layer address
export rcv_claim          = 12;  # the entry's address
export rcv_claim_new      = 13;  # another address, or the entry had none

# ---- Appendix C ----------------------------------------------------------------------------
main := (
start: '' -> NONE,

NONE: (
    packet_to_send      @park @ask                           -> INCOMPLETE    # 7.2.2
  | rcv_claim_new       @take_address                        -> STALE         # 7.2.3
) >/labels,

INCOMPLETE: (
    packet_to_send      @park                                -> INCOMPLETE    # 7.2.2
  | timeout_rexmt       @ask                                 -> INCOMPLETE    # 7.2.2
  | timeout_give_up     @forget                              -> NONE          # 7.2.2
  | rcv_solicited_new   @take_address @confirm @send_parked  -> REACHABLE     # 7.2.5
  | ( rcv_unsolicited_new | rcv_claim_new ) @take_address @send_parked @hope -> DELAY # 7.2.5, 7.2.3; sending the parked packets takes STALE to DELAY
  | rcv_empty           @drop                                -> INCOMPLETE    # 7.2.5
  | evict               @forget                              -> NONE          # RFC 6583
),

REACHABLE: (
    packet_to_send      @transmit                            -> REACHABLE     # 7.3.1
  | reachable_over      @rest                                -> STALE         # 7.3.2
  | rcv_solicited       @confirm                             -> REACHABLE     # 7.2.5
  | rcv_solicited_new   @take_address @confirm               -> REACHABLE     # 7.2.5
  | ( rcv_unsolicited | rcv_claim ) @note                    -> REACHABLE     # 7.2.5
  | ( rcv_unsolicited_new | rcv_claim_new ) @take_address @rest -> STALE      # 7.2.5
  | rcv_disputed        @rest                                -> STALE         # 7.2.5: keep the address, probe on use
  | evict               @forget                              -> NONE          # RFC 6583
),

STALE: (
    packet_to_send      @transmit @hope                      -> DELAY         # 7.3.3
  | rcv_solicited       @confirm                             -> REACHABLE     # 7.2.5
  | rcv_solicited_new   @take_address @confirm               -> REACHABLE     # 7.2.5
  | ( rcv_unsolicited | rcv_claim | rcv_disputed ) @note     -> STALE         # 7.2.5
  | ( rcv_unsolicited_new | rcv_claim_new ) @take_address @rest -> STALE      # 7.2.5
  | evict               @forget                              -> NONE          # RFC 6583
),

DELAY: (
    packet_to_send      @transmit                            -> DELAY         # 7.3.3
  | timeout_delay       @ask                                 -> PROBE         # 7.3.3
  | rcv_solicited       @confirm                             -> REACHABLE     # 7.2.5
  | rcv_solicited_new   @take_address @confirm               -> REACHABLE     # 7.2.5
  | ( rcv_unsolicited | rcv_claim | rcv_disputed ) @note     -> DELAY         # 7.2.5
  | ( rcv_unsolicited_new | rcv_claim_new ) @take_address @rest -> STALE      # 7.2.5
  | evict               @forget                              -> NONE          # RFC 6583
),

PROBE: (
    packet_to_send      @transmit                            -> PROBE         # 7.3.3
  | timeout_rexmt       @ask                                 -> PROBE         # 7.3.3
  | timeout_give_up     @forget                              -> NONE          # 7.3.3
  | rcv_solicited       @confirm                             -> REACHABLE     # 7.2.5
  | rcv_solicited_new   @take_address @confirm               -> REACHABLE     # 7.2.5
  | ( rcv_unsolicited | rcv_claim | rcv_disputed ) @note     -> PROBE         # 7.2.5
  | ( rcv_unsolicited_new | rcv_claim_new ) @take_address @rest -> STALE      # 7.2.5
  | evict               @forget                              -> NONE          # RFC 6583
)
);
}%%
