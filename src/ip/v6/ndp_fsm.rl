/*
 * ndp_fsm.rl -- lets Ragel compile ndp.rl to XML, with the names of states and actions.
 *
 * tools/fsmgen.py generates the table of reachability.c from the XML. It refuses a specification
 * that Ragel compiles to something other than the text says.
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
