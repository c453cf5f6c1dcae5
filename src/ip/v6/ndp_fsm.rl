/*
 * ndp_fsm.rl -- ndp.rl as Ragel compiles it, to XML: the names of its states and actions.
 *
 * tools/fsmgen.py makes the table of reachability.c from that, and refuses a specification of which
 * Ragel makes something else than its text says.
 */

%%{
    machine ndp;
    # entry points reach the XML only if an action that is used names them
    action labels {
        (void)fentry(NONE);
        (void)fentry(INCOMPLETE);
        (void)fentry(REACHABLE);
        (void)fentry(STALE);
        (void)fentry(DELAY);
        (void)fentry(PROBE);
    }
    action park                 { }
    action ask                  { }
    action take_address         { }
    action forget               { }
    action confirm              { }
    action send_parked          { }
    action hope                 { }
    action drop                 { }
    action transmit             { }
    action rest                 { }
    action note                 { }

    include ndp "ndp.rl";
}%%

%% write data;
