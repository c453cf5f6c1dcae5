/*
 * dhcp_fsm.rl -- Ragel's version of dhcp.rl, compiled to XML: the names of its states and actions.
 *
 * tools/fsmgen.py makes the table of events.c from that XML. It refuses a specification that Ragel reads differently.
 */

%%{
    machine dhcp;
    # the XML has entry points only if a used action names them
    action labels {
        (void)fentry(STOPPED);
        (void)fentry(INIT);
        (void)fentry(SELECTING);
        (void)fentry(REQUESTING);
        (void)fentry(INIT_REBOOT);
        (void)fentry(REBOOTING);
        (void)fentry(CHECKING);
        (void)fentry(BOUND);
        (void)fentry(RENEWING);
        (void)fentry(REBINDING);
        (void)fentry(INFORMING);
        (void)fentry(INFORMED);
        (void)fentry(IPV6_ONLY);
    }
    action begin                { }
    action snd_INFORM           { }
    action drop                 { }
    action snd_DISCOVER         { }
    action rest                 { }
    action take_offer           { }
    action snd_REQUEST          { }
    action take_lease           { }
    action ask_program          { }
    action wait_without_IPv4    { }
    action tell_IPv6_only       { }
    action tell_silence         { }
    action tell_refused         { }
    action back_off             { }
    action snd_REQUEST_reboot   { }
    action use_address          { }
    action snd_DECLINE          { }
    action withdraw             { }
    action tell_declined        { }
    action set_T1_T2            { }
    action tell_bound           { }
    action snd_RELEASE          { }
    action snd_REQUEST_renew    { }
    action snd_REQUEST_rebind   { }
    action tell_expired         { }
    action tell_renewed         { }
    action take_parameters      { }
    action tell_informed        { }

    include dhcp "dhcp.rl";
}%%

%% write data;
