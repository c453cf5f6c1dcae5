%%{
# ndp.rl -- the IPv6 neighbour's state machine of RFC 4861 (appendix C; sections 7.2 and 7.3): can it
# be reached?  This file is the specification: the C tables, the picture, the table in the manual and
# the list of transitions that the tests must take are all made from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) with no line is claimed to be impossible: an assertion in debug builds, and
# nothing otherwise.  What the RFC discards is written out (@drop).
#
# An advertisement becomes an event by what it says: solicited or not; and whether its address is the
# one that the entry has.  One without an address says nothing against that.
machine ndp;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# Of ourselves
export packet_to_send     = 0;   # to this neighbour
export reachable_over     = 1;   # the same, and it was heard of too long ago (7.3.2)
export evict              = 2;   # another neighbour needs the entry
# Times
export timeout_rexmt      = 3;   # no answer for RETRANS_TIMER
export timeout_give_up    = 4;   # ... nor to the last question
export timeout_delay      = 5;   # DELAY_FIRST_PROBE_TIME is over
# Advertisements
export rcv_solicited      = 6;   # the entry's address, or none
export rcv_solicited_new  = 7;   # another one with Override; the first one, with or without
export rcv_unsolicited    = 8;   # as the two above
export rcv_unsolicited_new = 9;
export rcv_disputed       = 10;  # another one without Override
export rcv_empty          = 11;  # none, and the entry has none
# Solicitations that say where their sender is
export rcv_claim          = 12;  # as we know
export rcv_claim_new      = 13;  # elsewhere, or we didn't know

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
  | ( rcv_unsolicited_new | rcv_claim_new ) @take_address @send_parked @hope -> DELAY # 7.2.5, 7.2.3; what is sent at once takes STALE to DELAY
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
  | rcv_disputed        @rest                                -> STALE         # 7.2.5: whom shall we believe?
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
