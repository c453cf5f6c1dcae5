/*
 * acme_fsm.rl -- acme.rl as Ragel compiles it to XML: the names of its states and actions.
 *
 * tools/fsmgen.py makes the table of events.c from that, and refuses a specification that Ragel
 * compiles to anything else than its text says.
 */

%%{
    machine acme;
    # entry points are in the XML only if an action that is used names them
    action labels {
        (void)fentry(START);
        (void)fentry(LOADING_ACCOUNT);
        (void)fentry(LOADING_CERTIFICATE);
        (void)fentry(IDLE);
        (void)fentry(WAIT_DIRECTORY);
        (void)fentry(RECVD_DIRECTORY);
        (void)fentry(WAIT_RENEWAL);
        (void)fentry(RECVD_RENEWAL);
        (void)fentry(KEEPING_ACCOUNT);
        (void)fentry(WAIT_ACCOUNT);
        (void)fentry(RECVD_ACCOUNT);
        (void)fentry(WAIT_ORDER);
        (void)fentry(RECVD_ORDER);
        (void)fentry(PAUSED_ORDER);
        (void)fentry(WAIT_AUTHORIZATION);
        (void)fentry(RECVD_AUTHORIZATION);
        (void)fentry(WAIT_CHALLENGE);
        (void)fentry(PAUSED_AUTHORIZATION);
        (void)fentry(WAIT_CHAIN);
        (void)fentry(RECVD_CHAIN);
        (void)fentry(KEEPING_CERTIFICATE);
    }
    action load_account          { }
    action read_account_key      { }
    action load_certificate      { }
    action fail                  { }
    action read_kept_certificate { }
    action plan                  { }
    action ask_directory         { }
    action read_directory        { }
    action make_account          { }
    action ask_account           { }
    action ask_renewal           { }
    action read_renewal          { }
    action read_account          { }
    action ask_order             { }
    action read_order            { }
    action ask_authorization     { }
    action finalize              { }
    action pause                 { }
    action ask_chain             { }
    action look_at_order         { }
    action read_authorization    { }
    action answer_challenge      { }
    action read_chain            { }
    action keep_certificate      { }
    action use_certificate       { }

    include acme "acme.rl";
}%%

%% write data;
