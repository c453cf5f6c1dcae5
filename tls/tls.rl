%%{
# tls.rl -- the TLS state machine of RFC 8446 (appendix A, both ends), with HelloRetryRequest,
# key updates and the two ways of closing.  This file is the specification: the C tables, the picture, the
# table in the manual and the list of transitions that the tests must take are all made from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) without a line is impossible: it fails an assertion in debug builds, and does
# nothing otherwise. Messages that a peer must not send have a line (@refuse, which sends the alert
# unexpected_message), and so have those that come too late (@drop).
#
# A message becomes an event when it is complete. If the action that reads it finds a flaw, the event
# `flaw` follows in the next state, before any other. Application data becomes an event when its
# record was authenticated.
machine tls;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# From the program
export connect                  = 0;   # be the client
export accept                   = 1;   # be the server
export shutdown                 = 2;   # the program has no more to send
# Handshake messages
export rcv_ClientHello          = 3;
export rcv_ServerHello          = 4;
export rcv_HelloRetryRequest    = 5;   # a ServerHello with a certain random (4.1.3)
export rcv_NewSessionTicket     = 6;
export rcv_EncryptedExtensions  = 7;
export rcv_Certificate          = 8;
export rcv_CertificateRequest   = 9;
export rcv_CertificateVerify    = 10;
export rcv_Finished             = 11;
export rcv_KeyUpdate            = 12;
export rcv_unknown              = 13;  # a type that no peer may send
# Results of reading a message
export hello_accepted           = 14;  # a ClientHello with all that we need (4.1.1)
export hello_lacks_share        = 15;  # the same, but without a share for a common group, or a cookie
export flaw                     = 16;  # the message breaks a rule: the alert is in session->alert
# Other records
export rcv_application_data     = 17;
export rcv_change_cipher_spec   = 18;  # for middleboxes (D.4)
export rcv_close_notify         = 19;
export rcv_alert                = 20;  # any other one
# Others
export flight_sent              = 21;  # the last message of our flight was sent
export key_is_worn              = 22;  # we have sent as much as our key should (5.5)
export end                      = 23;  # the stream below has ended
export timeout                  = 24;  # the peer is too slow
export uses_ticket              = 25;  # the server has accepted our ticket and sends no certificate
export rcv_EndOfEarlyData       = 26;
export hello_brings_early       = 27;  # hello_accepted, with early data that we accept (4.2.10)

hello     = rcv_ClientHello | rcv_ServerHello | rcv_HelloRetryRequest;
early     = rcv_EncryptedExtensions | rcv_Certificate | rcv_CertificateRequest | rcv_CertificateVerify;
late      = rcv_NewSessionTicket | rcv_KeyUpdate;
message   = hello | early | rcv_EndOfEarlyData | rcv_Finished | late | rcv_unknown;
strange   = message - late - rcv_HelloRetryRequest;  # after the handshake, where no random is checked
record    = message | rcv_application_data | rcv_change_cipher_spec;
alert     = rcv_close_notify | rcv_alert;

# ---- Appendix A ----------------------------------------------------------------------------
main := (
start: '' -> START,

START: (
    connect               @make_share @snd_ClientHello          -> WAIT_SH      # A.1
  | accept                @await                                -> WAIT_CH      # A.2
) >/labels,

# ---- The client (A.1)
WAIT_SH: (
    rcv_ServerHello       @read_ServerHello                     -> WAIT_EE      # 4.1.3
  | rcv_HelloRetryRequest @read_HelloRetryRequest               -> RECVD_HRR    # 4.1.4
  | ( message - rcv_ServerHello - rcv_HelloRetryRequest ) @refuse -> FAILED     # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_SH      # 5, D.4
  | flight_sent           @await                                -> WAIT_SH      # 4.1.2
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

RECVD_HRR: (
    hello_accepted        @snd_ClientHello                      -> WAIT_SH_2    # 4.1.2
  | flaw                  @snd_alert                            -> FAILED       # 6.2
),

WAIT_SH_2: (
    rcv_ServerHello       @read_ServerHello                     -> WAIT_EE      # 4.1.3
  | ( message - rcv_ServerHello ) @refuse                       -> FAILED       # 4.1.4: never a second retry
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_SH_2    # 5, D.4
  | flight_sent           @await                                -> WAIT_SH_2    # 4.1.2
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

WAIT_EE: (
    rcv_EncryptedExtensions @read_EncryptedExtensions           -> WAIT_CERT_CR # 4.3.1
  | ( message - rcv_EncryptedExtensions ) @refuse               -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_EE      # 5, D.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

WAIT_CERT_CR: (
    rcv_Certificate       @read_Certificate                     -> WAIT_CV      # 4.4.2
  | rcv_CertificateRequest @read_CertificateRequest             -> WAIT_CERT    # 4.3.2
  | uses_ticket           @await                                -> WAIT_FINISHED # A.1
  | ( message - rcv_Certificate - rcv_CertificateRequest ) @refuse -> FAILED    # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_CERT_CR # 5, D.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

WAIT_CERT: (
    rcv_Certificate       @read_Certificate                     -> WAIT_CV      # 4.4.2
  | ( message - rcv_Certificate ) @refuse                       -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_CERT    # 5, D.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

WAIT_CV: (
    rcv_CertificateVerify @read_CertificateVerify               -> WAIT_FINISHED # 4.4.3
  | ( message - rcv_CertificateVerify ) @refuse                 -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_CV      # 5, D.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

WAIT_FINISHED: (
    rcv_Finished          @read_Finished @snd_client_flight     -> SND_FINISHED # 4.4.4
  | ( message - rcv_Finished ) @refuse                          -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_FINISHED # 5, D.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

# no record is read in this state: our flight waits for room
SND_FINISHED: (
    flight_sent           @open_session                         -> CONNECTED    # 4.4.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

# ---- The server (A.2)
WAIT_CH: (
    rcv_ClientHello       @read_ClientHello                     -> RECVD_CH     # 4.1.2
  | ( message - rcv_ClientHello ) @refuse                       -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @refuse                              -> FAILED       # 5: not before a ClientHello
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

RECVD_CH: (
    hello_accepted        @snd_server_flight                    -> WAIT_FLIGHT2 # 4.1.3
  | hello_brings_early    @take_early @snd_server_flight        -> WAIT_EOED    # 4.2.10
  | hello_lacks_share     @snd_HelloRetryRequest                -> WAIT_CH_2    # 4.1.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
),

WAIT_CH_2: (
    rcv_ClientHello       @read_second_ClientHello              -> RECVD_CH_2   # 4.1.2
  | ( message - rcv_ClientHello ) @refuse                       -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_CH_2    # 5, D.4
  | flight_sent           @forget_hello                         -> WAIT_CH_2    # 4.1.4, 4.2.2
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

RECVD_CH_2: (
    hello_accepted        @snd_server_flight                    -> WAIT_FLIGHT2 # 4.1.3
  | flaw                  @snd_alert                            -> FAILED       # 6.2
),

# the client's first flight goes on after our flight
WAIT_EOED: (
    rcv_EndOfEarlyData    @read_EndOfEarlyData                  -> WAIT_FLIGHT2 # 4.5
  | rcv_application_data  @hold_early                           -> WAIT_EOED    # 4.2.10
  | ( message - rcv_EndOfEarlyData ) @refuse                    -> FAILED       # 4
  | rcv_change_cipher_spec @drop                                -> WAIT_EOED    # 5, D.4
  | flight_sent           @await                                -> WAIT_EOED    # 4.4.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

WAIT_FLIGHT2: (
    rcv_Finished          @read_Finished @open_session @snd_NewSessionTicket -> CONNECTED # 4.4.4, 4.6.1
  | ( message - rcv_Finished ) @refuse                          -> FAILED       # 4
  | rcv_application_data  @refuse                               -> FAILED       # 5
  | rcv_change_cipher_spec @drop                                -> WAIT_FLIGHT2 # 5, D.4
  | flight_sent           @await                                -> WAIT_FLIGHT2 # 4.4.4
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | alert                 @note_alert                           -> FAILED       # 6
  | end                   @note_end                             -> FAILED       # 6.1
  | shutdown              @cancel                               -> FAILED       # 6.1
  | timeout               @note_timeout                         -> FAILED       # ours
),

# ---- Both
CONNECTED: (
    rcv_application_data  @hand_up                              -> CONNECTED    # 5
  | rcv_NewSessionTicket  @read_NewSessionTicket                -> CONNECTED    # 4.6.1
  | rcv_KeyUpdate         @read_KeyUpdate                       -> CONNECTED    # 4.6.3
  | key_is_worn           @snd_KeyUpdate                        -> CONNECTED    # 5.5
  | strange               @refuse                               -> FAILED       # 4
  | rcv_change_cipher_spec @refuse                              -> FAILED       # 5: not after Finished
  | rcv_close_notify      @note_close                           -> RECVD_CLOSE  # 6.1
  | shutdown              @snd_close_notify                     -> SENT_CLOSE   # 6.1
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | rcv_alert             @note_alert                           -> FAILED       # 6
  | end                   @note_cut                             -> FAILED       # 6.1
),

SENT_CLOSE: (
    rcv_application_data  @hand_up                              -> SENT_CLOSE   # 6.1: they may go on
  | rcv_NewSessionTicket  @read_NewSessionTicket                -> SENT_CLOSE   # 4.6.1
  | rcv_KeyUpdate         @read_KeyUpdate                       -> SENT_CLOSE   # 4.6.3
  | strange               @refuse                               -> FAILED       # 4
  | rcv_change_cipher_spec @refuse                              -> FAILED       # 5
  | rcv_close_notify      @note_close                           -> CLOSED       # 6.1
  | flaw                  @snd_alert                            -> FAILED       # 6.2
  | rcv_alert             @note_alert                           -> FAILED       # 6
  | end                   @note_cut                             -> FAILED       # 6.1
),

# no record is read in this state: data after close_notify is ignored
RECVD_CLOSE: (
    shutdown              @snd_close_notify                     -> CLOSED       # 6.1
  | key_is_worn           @snd_KeyUpdate                        -> RECVD_CLOSE  # 5.5
),

# No event arrives in these two states. Without their lines, Ragel would merge them.
CLOSED: (
    end                   @drop                                 -> CLOSED       # 6.1
),

FAILED: (
    shutdown              @drop                                 -> FAILED       # 6.2
  | end                   @drop                                 -> FAILED       # 6.2
)
);
}%%
