/*
 * tcp.pml -- a Spin model of two ends over an unreliable wire.  The ends behave as tcp.rl says
 * (tcp_fsm.pml is generated from it); here are the programs, the wire, the clock, and the properties.
 *
 * Events may happen in any order, with one exception: a timer fires only when nothing else can
 * happen (or once too early). So a wire that loses fewer segments than an end retransmits never
 * makes it give up.  Each action of an adversary has a budget, so no run is endless: a cycle would
 * be a livelock, and Spin searches for cycles, too.
 *
 * Properties: the table has every pair (state, event) that occurs; each state keeps the promise of
 * its name; no run stops before both ends are CLOSED; an end that is told of an orderly close has
 * received all data; an end gives up only with a reason.
 *
 * The model has one incarnation of the connection, one or two bytes of data, and a window of the
 * same size.  The scene (the budgets) is read from the environment, so that one verifier serves all
 * scenes: SCENE="LOSSES=1 DATA1=2".  Events are classified as in src/tcp/machine/classify.c, for
 * sequence numbers that don't wrap.
 */
#define ISS  2 /* of both ends: 0 and 1 are older numbers */
#define R2   (loss_max + 3)
#define FAR  30

#define S 1 /* flags */
#define A 2
#define F 4
#define R 8

#define NOTHING 99 /* no event */

/* Reasons for which an end was closed. */
mtype = { none, refused, reset, timed_out, unreachable, aborted, orderly };

/* The mutation under test: a row of the table has another next state (or is missing, with bent_to
 * MISSING), or lacks an action.  `seen` records the rows taken; it isn't part of the state. */
#define NO      255
#define MISSING 254
byte bent_row = NO, bent_to = NO, bent_action = NO;
c_decl {
    \#include <stdio.h>
    \#include <stdlib.h>
    \#include <string.h>
    static unsigned char seen[256];
    static void look(int row)
    {
        if (!seen[row])
            printf("took %d\n", row);
        seen[row] = 1;
    }
    static const char *scene;
    static int of_scene(const char *name, int otherwise)
    {
        const char *at = scene ? strstr(scene, name) : 0;

        return at ? atoi(at + strlen(name)) : otherwise;
    }
    static void read_bend(unsigned char *row, unsigned char *to, unsigned char *action)
    {
        const char *text = getenv("BEND");

        if (text && sscanf(text, "%hhu %hhu %hhu", row, to, action) != 3)
            exit(2);
    }
}

inline impossible() { printf("impossible: state %d, event %d\n", st[me], ev); assert(false) }

#define hit(row)  c_code { look(row); }; assert(bent_row != row || bent_to != MISSING)
#define act(row, place, call) \
    if :: bent_row == row && bent_action == place :: else -> call; did = true fi
#define go(row, state)        st[me] = (bent_row == row && bent_to != NO -> bent_to : state)

#include "tcp_fsm.pml"

byte st[2] = CLOSED;
bool tcb[2];
bool begun[2];       /* the program has opened */
bool opened[2];      /* the program was told that it is open */
bool left[2];        /* the program has closed */
bool no_reader[2];   /* the program has closed and stopped reading */
mtype why[2] = none;
byte snd_una[2] = ISS;
byte snd_nxt[2] = ISS;
byte rcv_nxt[2];     /* 0: the peer's SYN is unknown */
byte data[2];        /* bytes queued so far */
bool fin_queued[2];
bool fin_taken[2];
bool fin_first[2];   /* the peer's FIN came before we closed */
byte got[2];         /* bytes received */
byte unread[2];
byte snd_wnd[2] = 1;
byte tries[2];       /* timeouts without an answer */
bool wait_2MSL[2];
bool wait_FIN_WAIT_2[2];
bool fast[2];        /* opened by data in the peer's SYN, own SYN not acknowledged: RFC 7413 */
bool credit[2] = true; /* for one limited ACK */
bool probed[2];

/* remaining budgets */
byte losses, duplicates, swaps;
byte spurious;      /* retransmissions too early */
byte attacks;       /* segments of an attacker */
byte misuses;       /* calls in any state */
byte aborts, idles, icmps;
byte cuts;          /* of the wire, permanent */
/* the scene's other settings */
byte data_max[2];   /* bytes that each end wants to send */
byte window_max;
byte loss_max, abort_max;
bool active_1;      /* end 1 may open actively, too */
bool leaves;        /* a program that closes may stop reading */
bool cookie;        /* end 0 has a cookie, and data for its SYN */
bool cut, attacked;

chan wire[2] = [3] of { byte, byte, byte, byte, byte }; /* to each end: flags seq ack size window */
byte flying[2];      /* segments in it, because Spin allows no `else` beside a channel operation */

#define end_of(i)    (ISS + 1 + data[i])             /* the FIN's number */
#define unacked(i)   (snd_una[i] < snd_nxt[i])
#define waiting(i)   (tcb[i] && snd_una[i] > ISS && snd_nxt[i] < end_of(i) + fin_queued[i])
#define rcv_wnd(i)   (window_max - unread[i])
#define synced(i)    (rcv_nxt[i] != 0)
#define may_speak(i) (synced(i) && (snd_una[i] > ISS || fast[i]))
#define irs(i)       (fast[i] -> ISS : rcv_nxt[i] - 1)
#define most(a, b)   (a > b -> a : b)

/* ---- the wire ------------------------------------------------------------------------------ */

inline emit(flags_, seq_, ack_, size_) {
  sent = true;
  if
  :: cut || flying[1 - me] == 3 -> skip
  :: else -> flying[1 - me]++; wire[1 - me]!flags_, seq_, ack_, size_, rcv_wnd(me)
  fi
}

inline limited_ACK() {
  if
  :: credit[me] -> credit[me] = false; emit(A, snd_nxt[me], rcv_nxt[me], 0)
  :: else -> skip
  fi
}

/* ---- actions of tcp.rl --------------------------------------------------------------------- */

inline create_TCB()   { assert(!tcb[me]); tcb[me] = true }
inline delete_TCB()   { assert(tcb[me]); tcb[me] = false }
inline snd_SYN() {
  assert(snd_una[me] == ISS);
  if
  :: ev == active_OPEN && data[me] > 0 -> snd_nxt[me] = ISS + 2; emit(S, ISS, 0, 1)
  :: else -> snd_nxt[me] = most(snd_nxt[me], ISS + 1); emit(S, ISS, 0, 0)
  fi
}
inline snd_SYN_ACK()  {
  assert(snd_una[me] == ISS && synced(me));
  snd_nxt[me] = most(snd_nxt[me], ISS + 1);
  if
  :: ev2 == rcv_SYN_data -> skip /* one answer suffices, after the data */
  :: else -> emit(S + A, ISS, rcv_nxt[me], 0)
  fi
}
inline snd_ACK() {
  assert(synced(me));
  if
  :: size == 0 && !(flags & (F + S)) -> limited_ACK()
  :: else -> ack_due = true
  fi
}
inline challenge_ACK() { limited_ACK() }
inline snd_FIN()      { assert(!fin_queued[me]); fin_queued[me] = true; fin_first[me] = fin_taken[me] }
inline snd_RST()      { emit(R + A, snd_nxt[me], rcv_nxt[me], 0) }
inline reply_RST() {
  if
  :: flags & A -> emit(R, ack, 0, 0)
  :: else -> emit(R + A, 0, seq + size + (flags & S -> 1 : 0) + (flags & F -> 1 : 0), 0)
  fi
}
inline retransmit() {
  assert(unacked(me));
  if
  :: snd_una[me] == ISS -> emit(S + A, ISS, rcv_nxt[me], 0)
  :: snd_una[me] == end_of(me) -> emit(F + A, snd_una[me], rcv_nxt[me], 0)
  :: else -> emit(A, snd_una[me], rcv_nxt[me], 1)
  fi
}
inline snd_probe()    { assert(!unacked(me)); emit(A, snd_una[me] - 1, rcv_nxt[me], 0) }
inline drop()         { skip }
inline learn_SYN()    { assert(!synced(me)); rcv_nxt[me] = seq + 1; snd_wnd[me] = window }
inline take_ACK() {
  assert(ack <= snd_nxt[me]);
  snd_wnd[me] = window;
  fast[me] = fast[me] && ack <= ISS;
  if
  :: ack > snd_una[me] -> snd_una[me] = ack; tries[me] = 0
  :: else -> skip
  fi
}
inline take_data() {
  assert(!fin_taken[me] && !no_reader[me]);
  if
  :: seq == rcv_nxt[me] && size <= rcv_wnd(me) ->
       rcv_nxt[me] = rcv_nxt[me] + size; got[me] = got[me] + size; unread[me] = unread[me] + size
  :: else -> skip
  fi;
  fast[me] = fast[me] || ev == rcv_SYN_data;
  ack_due = ack_due || ev != rcv_SYN_data
}
/* for a SYN that crossed ours: no scene has crossing SYNs with data */
inline keep_data()    { take_data() }
inline take_FIN()     { assert(!fin_taken[me]); fin_taken[me] = true; rcv_nxt[me] = rcv_nxt[me] + 1 }
inline queue_data()   { assert(!fin_queued[me]); data[me] = data[me] + 1 }
inline send_data()    { assert(!fin_queued[me] && synced(me)); data[me] = data[me] + 1 }
inline receive_data() { /* an opening window is announced, but not after the peer's FIN */
  ack_due = ack_due || (!fin_taken[me] && may_speak(me) && rcv_wnd(me) == 0); unread[me] = 0
}
inline start_FIN_WAIT_2() { wait_FIN_WAIT_2[me] = no_reader[me] }
inline start_2MSL()   { assert(fin_taken[me]); wait_2MSL[me] = true }
inline soft_error()   { assert(opened[me] || fin_queued[me]) }
inline tell(what)     { assert(tcb[me] && why[me] == none); why[me] = what }
inline tell_open() {
  assert(why[me] == none && may_speak(me));
  assert(!opened[me] || (cookie && ev == rcv_ACK_of_SYN)); /* the program was told already when the SYN came */
  opened[me] = true
}
inline tell_closed()  { assert(fin_taken[me] && snd_una[me] == end_of(me) + 1); tell(orderly) }
inline tell_aborted() { tell(aborted) }
inline tell_refused() { assert(!opened[me] || cookie); tell(refused) }
inline tell_reset()   { tell(reset) }
inline tell_timeout() { tell(timed_out) }
inline tell_unreachable() { assert(!opened[me] || cookie); tell(unreachable) }
inline err_no_connection() { assert(!tcb[me]) }
inline err_exists()   { assert(tcb[me]) }
inline err_closing()  { assert(fin_queued[me]) }

/* Sends after a step: data and FIN as the window allows, else an ACK that is due. */
inline output() {
  do
  :: tcb[me] && may_speak(me) && snd_nxt[me] < end_of(me) &&
     snd_nxt[me] < snd_una[me] + snd_wnd[me] ->
       emit(A, snd_nxt[me], rcv_nxt[me], 1); snd_nxt[me] = snd_nxt[me] + 1; ack_due = false
  :: tcb[me] && may_speak(me) && snd_nxt[me] == end_of(me) && fin_queued[me] &&
     snd_nxt[me] < snd_una[me] + snd_wnd[me] ->
       emit(F + A, snd_nxt[me], rcv_nxt[me], 0); snd_nxt[me] = snd_nxt[me] + 1; ack_due = false
  :: else -> break
  od;
  if
  :: ack_due && (tcb[me] || !opened[me]) -> emit(A, snd_nxt[me], rcv_nxt[me], 0)
  :: else -> skip
  fi
}

/* ---- classification of segments: src/tcp/machine/classify.c ------------------------------- */

#define ack_fits (flags & A && ack <= snd_nxt[me] && \
    (snd_una[me] == ISS -> ack > ISS : ack + window_max >= snd_una[me]))
#define acceptable ( \
    (size + (flags & F -> 1 : 0) == 0 \
       -> seq >= rcv_nxt[me] && seq <= rcv_nxt[me] + rcv_wnd(me) \
       :  (seq + size + (flags & F -> 1 : 0) > rcv_nxt[me] && \
           seq < rcv_nxt[me] + rcv_wnd(me)) || \
          (seq == rcv_nxt[me])))
#define known_FIN (flags & F && fin_taken[me] && seq + size + 1 == rcv_nxt[me])

inline ack_event() {
  if
  :: fin_queued[me] && ack == end_of(me) + 1 && snd_una[me] <= end_of(me) -> ev = rcv_ACK_of_FIN
  :: else -> if :: snd_una[me] == ISS -> ev = rcv_ACK_of_SYN :: else -> ev = rcv_ACK fi
  fi
}

inline classify_synchronized() {
  if
  :: flags & R ->
     if
     :: seq == rcv_nxt[me] -> ev = rcv_RST
     :: seq > rcv_nxt[me] && seq < rcv_nxt[me] + rcv_wnd(me) -> ev = rcv_RST_in_window
     :: else -> ev = rcv_bad_RST
     fi
  :: else -> if
  :: flags & S ->
     if
     :: snd_una[me] == ISS && seq == (irs(me)) && ack_fits -> ack_event()
     :: snd_una[me] == ISS && seq == (irs(me)) && !ack_fits -> ev = rcv_dup_SYN
     :: snd_una[me] == ISS && seq == (irs(me)) && flags == S && attacked ->
        ev = rcv_other_SYN /* the model has no ECN: this event stands for it */
     :: else -> if
        :: st[me] == TIME_WAIT && !(flags & A) && seq > rcv_nxt[me] -> ev = rcv_newer_SYN
        :: else -> ev = rcv_SYN_in_window
        fi
     fi
  :: else -> if
  :: !acceptable -> if :: known_FIN -> ev = rcv_dup_FIN :: else -> ev = rcv_unacceptable fi
  :: else -> if
  :: !(flags & A) -> ev = rcv_no_ACK
  :: else -> if
  :: !ack_fits -> ev = rcv_bad_ACK
  :: else ->
     ack_event();
     if
     :: seq < rcv_nxt[me] && size > 0 -> size = 0; seq = rcv_nxt[me]
     :: else -> skip
     fi;
     if
     :: size > 0 && size > rcv_wnd(me) -> size = 0; flags = flags & ~F; ack_due = true
     :: else -> skip
     fi;
     if
     :: size > 0 -> ev2 = (!fin_taken[me] && no_reader[me] -> rcv_data_no_reader : rcv_data)
     :: else -> skip
     fi;
     fin_due = ((flags & F) != 0)
  fi fi fi fi fi
}

inline classify() {
  if
  :: st[me] == CLOSED || st[me] == LISTEN ->
     if
     :: flags & R -> ev = rcv_RST
     :: else -> if
     :: flags & A -> ev = rcv_bad_ACK
     :: else -> if :: (flags & (S + F)) == S -> ev = rcv_SYN :: else -> ev = rcv_no_ACK fi
     fi fi;
     if
     :: true
     :: st[me] == LISTEN && ev == rcv_SYN && size > 0 -> ev2 = rcv_SYN_data /* the cookie is valid */
     fi
  :: st[me] == SYN_SENT ->
     if
     :: flags & R -> if :: ack_fits -> ev = rcv_RST :: else -> ev = rcv_bad_RST fi
     :: else -> if
     :: flags & A && !ack_fits -> ev = rcv_bad_ACK
     :: else -> if
     :: (flags & (S + F)) == S -> if :: ack_fits -> ev = rcv_SYN_ACK :: else -> ev = rcv_SYN fi
     :: else -> ev = rcv_no_ACK
     fi fi fi
  :: else -> classify_synchronized()
  fi
}

/* ---- invariants of the states --------------------------------------------------------------- */

#define open_here(i)   (tcb[i] && synced(i) && snd_una[i] > ISS)
#define fin_acked(i)   (fin_queued[i] && snd_una[i] == end_of(i) + 1)
#define pending(i)     (fin_queued[i] && !fin_acked(i))

inline check() {
  if
  :: st[me] == CLOSED       -> assert(!tcb[me])
  :: st[me] == LISTEN       -> assert(tcb[me] && snd_nxt[me] == ISS && !synced(me))
  :: st[me] == SYN_SENT     -> assert(tcb[me] && snd_una[me] == ISS && !synced(me) &&
                                      (snd_nxt[me] == ISS + 1 || cookie))
  :: st[me] == SYN_RECEIVED -> assert(tcb[me] && snd_una[me] == ISS && synced(me) &&
                                      (snd_nxt[me] == ISS + 1 || cookie) && !fin_queued[me])
  :: st[me] == ESTABLISHED  -> assert(open_here(me) && opened[me] && !fin_queued[me] && !fin_taken[me])
  :: st[me] == FIN_WAIT_1   -> assert(tcb[me] && synced(me) && pending(me) && !fin_taken[me])
  :: st[me] == FIN_WAIT_2   -> assert(open_here(me) && fin_acked(me) && !fin_taken[me])
  :: st[me] == CLOSE_WAIT   -> assert(open_here(me) && !fin_queued[me] && fin_taken[me])
  :: st[me] == CLOSING      -> assert(open_here(me) && pending(me) && fin_taken[me] && !fin_first[me])
  :: st[me] == LAST_ACK     -> assert(open_here(me) && pending(me) && fin_taken[me] && fin_first[me])
  :: st[me] == TIME_WAIT    -> assert(open_here(me) && fin_acked(me) && fin_taken[me] &&
                                      !fin_first[me] && wait_2MSL[me] && why[me] == orderly)
  fi;
  /* a program with a connection, or one under way, is told when it ends */
  assert(tcb[me] || snd_nxt[me] == ISS || why[me] != none);
  /* every event has an effect: even an ignored segment is dropped under a name */
  assert(did);
  /* the abort of an open connection is sent to the peer */
  assert(ev != ABORT || sent || !before)
}

/* ---- possible events ----------------------------------------------------------------------- */

#define PROGRAM(i) \
  :: !begun[i] -> \
     me = i; begun[i] = true; \
     if \
     :: i == 1 -> ev = passive_OPEN \
     :: i == 0 || active_1 -> \
        ev = active_OPEN; \
        if :: true :: cookie && data_max[i] > 0 -> data[i] = 1 fi \
     fi \
  :: begun[i] && tcb[i] && st[i] != LISTEN && !left[i] && data[i] < data_max[i] -> me = i; ev = SEND \
  :: tcb[i] && unread[i] > 0 -> me = i; ev = RECEIVE \
  :: begun[i] && tcb[i] && !left[i] -> \
     me = i; left[i] = true; ev = CLOSE; \
     if :: true :: leaves && st[i] != LISTEN && st[i] != SYN_SENT -> no_reader[i] = true fi \
  :: aborts > 0 && tcb[i] && st[i] != LISTEN -> me = i; aborts--; left[i] = true; ev = ABORT \
  :: misuses > 0 && (st[i] == LISTEN || st[i] == CLOSED) && begun[i] -> \
     me = i; misuses--; \
     if \
     :: st[i] == LISTEN -> ev = passive_OPEN \
     :: st[i] == CLOSED -> if :: ev = SEND :: ev = RECEIVE :: ev = CLOSE :: ev = ABORT fi \
     fi \
  :: misuses > 0 && tcb[i] && st[i] != LISTEN -> \
     me = i; misuses--; \
     if \
     :: ev = active_OPEN :: ev = RECEIVE \
     :: fin_queued[i] -> ev = SEND \
     :: fin_queued[i] -> ev = CLOSE; \
        if :: true :: leaves -> no_reader[i] = true fi \
     fi

#define WIRE(i) \
  :: flying[i] > 0 -> me = i; flying[i]--; wire[i]?flags, seq, ack, size, window; arrived = true \
  :: flying[i] > 0 && losses > 0 -> me = i; losses--; flying[i]--; wire[i]?_, _, _, _, _ \
  :: flying[i] > 0 && duplicates > 0 -> \
     me = i; duplicates--; wire[i]?<flags, seq, ack, size, window>; arrived = true \
  :: flying[i] > 1 && swaps > 0 -> \
     me = i; swaps--; wire[i]?flags, seq, ack, size, window; wire[i]!flags, seq, ack, size, window

#define TROUBLE(i) \
  :: spurious > 0 && tcb[i] && unacked(i) -> me = i; spurious--; ev = timeout_rexmt \
  :: spurious > 0 && !unacked(i) && waiting(i) -> me = i; spurious--; ev = timeout_persist \
  :: cut && tcb[i] && unacked(i) -> \
     me = i; if :: ev = timeout_R2 :: ev = timeout_user fi \
  :: idles > 0 && !unacked(i) && !waiting(i) && \
     (st[i] == ESTABLISHED || st[i] == CLOSE_WAIT || st[i] == FIN_WAIT_2) -> \
     me = i; idles--; probed[i] = true; ev = timeout_idle \
  :: cut && probed[i] && !unacked(i) && \
     (st[i] == ESTABLISHED || st[i] == CLOSE_WAIT || st[i] == FIN_WAIT_2) -> \
     me = i; ev = timeout_keepalive \
  :: icmps > 0 && tcb[i] && unacked(i) -> me = i; icmps--; ev = ICMP_hard_error \
  :: attacks > 0 && begun[i] -> me = i; attacks--; attacked = true; forged = true

inline attack() {
  if
  :: flags = 0 :: flags = R :: flags = S :: flags = A :: flags = S + A :: flags = F + A
  :: flags = A; size = 1 :: flags = R + A :: flags = F
  fi;
  if
  :: seq = rcv_nxt[me] :: rcv_nxt[me] > 0 -> seq = rcv_nxt[me] - 1 :: seq = rcv_nxt[me] + 1
  :: seq = FAR
  fi;
  if
  :: ack = snd_una[me] :: ack = snd_nxt[me] :: ack = snd_nxt[me] + 1
  fi;
  window = window_max
}

/* Neither end has anything to do: time passes. */
#define TIMERS(i) \
  :: tcb[i] && unacked(i) && tries[i] < R2 -> me = i; tries[i]++; ev = timeout_rexmt \
  :: tcb[i] && unacked(i) && tries[i] >= R2 -> \
     assert(cut || attacked); me = i; \
     if :: ev = timeout_R2 :: ev = timeout_user fi \
  :: !unacked(i) && waiting(i) && tries[i] < R2 -> me = i; tries[i]++; ev = timeout_persist \
  :: !unacked(i) && waiting(i) && tries[i] >= R2 -> \
     assert(cut || attacked); me = i; ev = timeout_user

/* Neither end retransmits any more: a long time passes. */
#define LONG_TIMERS(i) \
  :: wait_2MSL[i] && tcb[i] -> me = i; ev = timeout_2MSL \
  :: st[i] == FIN_WAIT_2 && wait_FIN_WAIT_2[i] -> \
     assert(!tcb[1 - i] || cut || attacked); me = i; ev = timeout_FIN_WAIT_2 \
  :: st[i] == FIN_WAIT_2 && !wait_FIN_WAIT_2[i] && tries[i] < R2 -> \
     me = i; tries[i]++; ev = timeout_idle \
  :: st[i] == FIN_WAIT_2 && !wait_FIN_WAIT_2[i] && tries[i] >= R2 -> \
     assert(cut || attacked); me = i; ev = timeout_keepalive

#define undisturbed (!cut && !attacked && abort_max == 0 && !no_reader[0] && !no_reader[1])

inline finish() {
  assert(st[0] == CLOSED && st[1] == CLOSED);
  assert(begun[0] && begun[1]);
  /* an undisturbed connection that was open at both ends ends in order, with all data received */
  assert(!undisturbed || !opened[0] || !opened[1] ||
         (why[0] == orderly && why[1] == orderly && got[0] == data[1] && got[1] == data[0]))
}

/* An attacker without knowledge of the sequence numbers can't change the state (RFC 9293 3.10.7.4, RFC 5961). */
#define changes_nothing (ev == rcv_unacceptable || ev == rcv_RST_in_window || ev == rcv_bad_RST || \
    ev == rcv_SYN_in_window || ev == rcv_no_ACK || ev == rcv_bad_ACK)

active proctype world()
{
  byte me, ev, ev2, flags, seq, ack, size, window;
  bool arrived, forged, ack_due, fin_due, did, sent, before, unmoved;
  byte was, una, nxt;

  c_code {
    read_bend(&now.bent_row, &now.bent_to, &now.bent_action);
    scene = getenv("SCENE");
    now.losses = now.loss_max = of_scene("LOSSES=", 0);
    now.duplicates = of_scene("DUPLICATES=", 0);
    now.swaps = of_scene("SWAPS=", 0);
    now.spurious = of_scene("SPURIOUS=", 0);
    now.attacks = of_scene("ATTACKS=", 0);
    now.misuses = of_scene("MISUSES=", 0);
    now.aborts = now.abort_max = of_scene("ABORTS=", 0);
    now.idles = of_scene("IDLES=", 0);
    now.icmps = of_scene("ICMPS=", 0);
    now.cuts = of_scene("CUTS=", 0);
    now.data_max[0] = of_scene("DATA0=", 1);
    now.data_max[1] = of_scene("DATA1=", 0);
    now.window_max = of_scene("WINDOW=", 2);
    now.active_1 = of_scene("ACTIVE1=", 0);
    now.leaves = of_scene("LEAVES=", 0);
    now.cookie = of_scene("COOKIE=", 0);
  };
again:
  atomic {
    ev = NOTHING;
    ev2 = NOTHING;
    if
    PROGRAM(0) PROGRAM(1)
    WIRE(0) WIRE(1)
    TROUBLE(0) TROUBLE(1)
    :: cuts > 0 && begun[0] ->
       cuts--; cut = true;
       do
       :: flying[0] > 0 -> flying[0]--; wire[0]?_, _, _, _, _
       :: flying[1] > 0 -> flying[1]--; wire[1]?_, _, _, _, _
       :: else -> break
       od
    :: else ->
       credit[0] = true;
       credit[1] = true;
       if
       TIMERS(0) TIMERS(1)
       :: else ->
          if
          LONG_TIMERS(0) LONG_TIMERS(1)
          :: else -> finish(); goto end_both_closed
          fi
       fi
    fi;
    if
    :: forged -> forged = false; attack(); arrived = true
    :: else -> skip
    fi;
    if
    :: arrived -> arrived = false; classify()
    :: else -> skip
    fi;
    do
    :: ev != NOTHING ->
       printf("end %d: state %d, event %d; flags %d seq %d ack %d size %d\n", me, st[me], ev, flags,
              seq, ack, size);
       did = false;
       sent = false;
       before = tcb[me] && synced(me) && !(fin_queued[me] && fin_taken[me]);
       was = st[me]; una = snd_una[me]; nxt = rcv_nxt[me];
       unmoved = changes_nothing;
       fsm();
       check();
       assert(!unmoved || (st[me] == was && snd_una[me] == una && rcv_nxt[me] == nxt));
       if
       :: !tcb[me] || st[me] == LISTEN -> break
       :: else -> if
       :: ev2 != NOTHING ->
          if :: ev2 == rcv_SYN_data -> seq = rcv_nxt[me] :: else -> skip fi;
          ev = ev2; ev2 = NOTHING
       :: else -> if
       :: !fin_due -> break
       :: else ->
          fin_due = false;
          if
          :: fin_taken[me] || seq + size == rcv_nxt[me] -> ev = rcv_FIN
          :: else -> ack_due = true; break
          fi
       fi fi fi
    :: else -> break
    od;
    output();
    flags = 0; seq = 0; ack = 0; size = 0; window = 0; ev = NOTHING; ev2 = NOTHING; me = 0;
    ack_due = false; fin_due = false; did = false; sent = false; before = false;
    unmoved = false; was = 0; una = 0; nxt = 0
  };
  goto again;
end_both_closed:
  skip
}
