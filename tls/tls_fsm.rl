/*
 * tls_fsm.rl -- tls.rl as Ragel compiles it to XML: the names of its states and actions.
 *
 * tools/fsmgen.py makes the table of events.c from that, and refuses a specification that Ragel
 * compiles to anything else than its text says.
 */

%%{
    machine tls;
    # entry points are in the XML only if an action that is used names them
    action labels {
        (void)fentry(START);
        (void)fentry(WAIT_SH);
        (void)fentry(RECVD_HRR);
        (void)fentry(WAIT_SH_2);
        (void)fentry(WAIT_EE);
        (void)fentry(WAIT_CERT_CR);
        (void)fentry(WAIT_CERT);
        (void)fentry(WAIT_CV);
        (void)fentry(WAIT_FINISHED);
        (void)fentry(SND_FINISHED);
        (void)fentry(WAIT_CH);
        (void)fentry(RECVD_CH);
        (void)fentry(WAIT_CH_2);
        (void)fentry(RECVD_CH_2);
        (void)fentry(WAIT_EOED);
        (void)fentry(WAIT_FLIGHT2);
        (void)fentry(CONNECTED);
        (void)fentry(SENT_CLOSE);
        (void)fentry(RECVD_CLOSE);
        (void)fentry(CLOSED);
        (void)fentry(FAILED);
    }
    action make_share                  { }
    action snd_ClientHello             { }
    action await                       { }
    action read_ServerHello            { }
    action read_HelloRetryRequest      { }
    action refuse                      { }
    action drop                        { }
    action snd_alert                   { }
    action note_alert                  { }
    action note_end                    { }
    action cancel                      { }
    action note_timeout                { }
    action read_EncryptedExtensions    { }
    action read_Certificate            { }
    action read_CertificateRequest     { }
    action read_CertificateVerify      { }
    action read_Finished               { }
    action snd_client_flight           { }
    action open_session                { }
    action read_ClientHello            { }
    action snd_server_flight           { }
    action snd_HelloRetryRequest       { }
    action forget_hello                { }
    action read_second_ClientHello     { }
    action take_early                  { }
    action hold_early                  { }
    action read_EndOfEarlyData         { }
    action hand_up                     { }
    action snd_NewSessionTicket        { }
    action read_NewSessionTicket       { }
    action read_KeyUpdate              { }
    action snd_KeyUpdate               { }
    action note_close                  { }
    action snd_close_notify            { }
    action note_cut                    { }

    include tls "tls.rl";
}%%

%% write data;
