/*
 * dhcp6_fsm.rl -- Ragel's version of dhcp6.rl, compiled to XML: the names of its states and actions.
 *
 * tools/fsmgen.py makes the table of events6.c from that XML. It refuses a specification that Ragel reads differently.
 */

%%{
    machine dhcp6;
    # the XML has entry points only if a used action names them
    action labels {
        (void)fentry(STOPPED);
        (void)fentry(INIT);
        (void)fentry(INIT_REBOOT);
        (void)fentry(REBOOTING);
        (void)fentry(SOLICITING);
        (void)fentry(REQUESTING);
        (void)fentry(CHECKING);
        (void)fentry(DECLINING);
        (void)fentry(BOUND);
        (void)fentry(RENEWING);
        (void)fentry(REBINDING);
        (void)fentry(REREQUESTING);
        (void)fentry(CONFIRMING);
        (void)fentry(RELEASING);
        (void)fentry(INIT_INFORM);
        (void)fentry(INFORMING);
        (void)fentry(INFORMED);
    }
    action begin                   { }
    action snd_SOLICIT             { }
    action rest                    { }
    action keep_offer              { }
    action snd_REQUEST             { }
    action take_lease              { }
    action use_address             { }
    action tell_silence            { }
    action tell_refused            { }
    action back_off                { }
    action set_T1_T2               { }
    action tell_bound              { }
    action snd_DECLINE             { }
    action withdraw                { }
    action tell_declined           { }
    action snd_RELEASE             { }
    action snd_RENEW               { }
    action snd_REBIND              { }
    action snd_REBIND_kept         { }
    action tell_expired            { }
    action snd_CONFIRM             { }
    action extend                  { }
    action tell_renewed            { }
    action tell_moved              { }
    action snd_REQUEST_again       { }
    action resume                  { }
    action snd_INFORMATION_REQUEST { }
    action take_facts              { }
    action tell_informed           { }

    include dhcp6 "dhcp6.rl";
}%%

%% write data;
