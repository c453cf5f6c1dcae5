%%{
# acme.rl -- the state machine of a client of ACME (RFC 8555 7.1.6, 7.4), with its store and with renewal
# information (RFC 9773).  This file is the specification: the C tables, the picture, the table in the manual and the
# list of transitions that the tests must take are all made from it.
#
# How to read it:
#     STATE: ( event  @action @action  -> NEXT_STATE  | ... )
# A pair (state, event) without a line is impossible: it fails an assertion in debug builds, and does
# nothing otherwise.
#
# A request that needs a nonce, and its repetition after the error badNonce (6.5), are one step here.  The action that
# reads a reply chooses the event that follows in the next state, before any other.
machine acme;
alphtype unsigned char;

# ---- Events --------------------------------------------------------------------------------
# Times
export due                      = 0;   # the time for the next step has come
# The store
export kept                     = 1;   # it has read the value, or has written it
export absent                   = 2;   # it has no such value
export keep_failed              = 3;   # it can't read or write
# The authority
export replied                  = 4;   # a reply of success is complete
export refused                  = 5;   # an error, whose document is in the reply (6.7)
export broken                   = 6;   # no reply, a redirect, or one beyond our limits
# Results of reading a reply
export flaw                     = 7;   # it lacks something or breaks a rule: the reason is noted
export lacks_account            = 8;   # a certificate is wanted, and there is no key of an account
export has_account              = 9;   # a certificate is wanted
export suggests                 = 10;  # there is a certificate, and the authority has renewal information
export satisfied                = 11;  # nothing is to be done now
export accepted                 = 12;  # it is as it should be
export is_pending               = 13;  # 7.1.6: the status of the object
export is_processing            = 14;
export is_ready                 = 15;
export is_valid                 = 16;
export others_wait              = 17;  # an authorization is valid, and there is another one

lost   = refused | broken;

# ---- From the store to the certificate ------------------------------------------------------
main := (
start: '' -> START,

START: (
    due          @load_account                      -> LOADING_ACCOUNT      # ours
) >/labels,

LOADING_ACCOUNT: (
    kept         @read_account_key @load_certificate -> LOADING_CERTIFICATE # ours
  | absent       @load_certificate                  -> LOADING_CERTIFICATE  # ours
  | keep_failed  @fail                              -> START                # ours: no second account
),

LOADING_CERTIFICATE: (
    kept         @read_kept_certificate             -> IDLE                 # ours
  | absent       @plan                              -> IDLE                 # ours
  | keep_failed  @fail                              -> START                # ours
),

IDLE: (
    due          @ask_directory                     -> WAIT_DIRECTORY       # 7.1.1
),

WAIT_DIRECTORY: (
    replied      @read_directory                    -> RECVD_DIRECTORY      # 7.1.1
  | lost         @fail                              -> IDLE                 # 6.7
),

RECVD_DIRECTORY: (
    lacks_account @make_account                     -> KEEPING_ACCOUNT      # 7.3
  | has_account  @ask_account                       -> WAIT_ACCOUNT         # 7.3.1
  | suggests     @ask_renewal                       -> WAIT_RENEWAL         # RFC 9773 4.1
  | satisfied    @plan                              -> IDLE                 # ours
  | flaw         @fail                              -> IDLE                 # 7.1.1
),

# A lifetime is known without the authority's suggestion.
WAIT_RENEWAL: (
    replied      @read_renewal                      -> RECVD_RENEWAL        # RFC 9773 4.2
  | lost         @plan                              -> IDLE                 # RFC 9773 4.3.3
),

RECVD_RENEWAL: (
    lacks_account @make_account                     -> KEEPING_ACCOUNT      # 7.3
  | has_account  @ask_account                       -> WAIT_ACCOUNT         # RFC 9773 4.2
  | satisfied    @plan                              -> IDLE                 # RFC 9773 4.2
),

# The key is kept first: an account whose key is lost can't be used again.
KEEPING_ACCOUNT: (
    kept         @ask_account                       -> WAIT_ACCOUNT         # 7.3
  | keep_failed  @fail                              -> IDLE                 # ours
),

WAIT_ACCOUNT: (
    replied      @read_account                      -> RECVD_ACCOUNT        # 7.3, 7.3.1
  | lost         @fail                              -> IDLE                 # 6.7
),

RECVD_ACCOUNT: (
    accepted     @ask_order                         -> WAIT_ORDER           # 7.4
  | flaw         @fail                              -> IDLE                 # 7.3
),

# The reply to a new order, to a look at it, and to its end has the same object.
WAIT_ORDER: (
    replied      @read_order                        -> RECVD_ORDER          # 7.1.3
  | lost         @fail                              -> IDLE                 # 6.7
),

RECVD_ORDER: (
    is_pending   @ask_authorization                 -> WAIT_AUTHORIZATION   # 7.5
  | is_ready     @finalize                          -> WAIT_ORDER           # 7.4
  | is_processing @pause                            -> PAUSED_ORDER         # 7.4
  | is_valid     @ask_chain                         -> WAIT_CHAIN           # 7.4.2
  | flaw         @fail                              -> IDLE                 # 7.1.6
),

PAUSED_ORDER: (
    due          @look_at_order                     -> WAIT_ORDER           # 7.4
),

WAIT_AUTHORIZATION: (
    replied      @read_authorization                -> RECVD_AUTHORIZATION  # 7.1.4
  | lost         @fail                              -> IDLE                 # 6.7
),

RECVD_AUTHORIZATION: (
    is_pending   @answer_challenge                  -> WAIT_CHALLENGE       # 7.5.1
  | is_processing @pause                            -> PAUSED_AUTHORIZATION # 7.5.1
  | others_wait  @ask_authorization                 -> WAIT_AUTHORIZATION   # 7.5
  | is_valid     @look_at_order                     -> WAIT_ORDER           # 7.5.1
  | flaw         @fail                              -> IDLE                 # 7.1.6
),

WAIT_CHALLENGE: (
    replied      @pause                             -> PAUSED_AUTHORIZATION # 7.5.1
  | lost         @fail                              -> IDLE                 # 6.7
),

PAUSED_AUTHORIZATION: (
    due          @ask_authorization                 -> WAIT_AUTHORIZATION   # 7.5.1
),

WAIT_CHAIN: (
    replied      @read_chain                        -> RECVD_CHAIN          # 7.4.2
  | lost         @fail                              -> IDLE                 # 6.7
),

RECVD_CHAIN: (
    accepted     @keep_certificate                  -> KEEPING_CERTIFICATE  # ours
  | flaw         @fail                              -> IDLE                 # ours: a chain for another key
),

# A certificate that can't be kept is used all the same.
KEEPING_CERTIFICATE: (
    kept         @use_certificate                   -> IDLE                 # ours
  | keep_failed  @use_certificate                   -> IDLE                 # ours
)
);
}%%
