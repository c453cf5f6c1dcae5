/*
 * tls.pml -- a Spin model of two ends of TLS with an attacker between them.  The ends behave as
 * tls.rl says (tls_fsm.pml is generated from it); here are the programs, the records in transit, and
 * the properties.
 *
 * The attacker deletes, repeats, reorders and reflects records, replaces them by hellos of another
 * connection, and ends the stream: each as often as the scene allows.  He has no key, so an
 * encrypted record can be opened only in its direction, with its generation of the key, in its
 * turn.  An end itself may lie: it sends any message with its own keys.  A transcript is the set of
 * its messages, and whether one is of another connection; keys are those of the transcript that ends
 * with the ServerHello.  The stream below is TCP's, in order; the attacker changes whole records.
 *
 * Properties: the table has every pair (state, event) that occurs; an end opens only if the other
 * has sent its Finished, and both have the same transcript; data arrives in order, once, all of it
 * before a close_notify; every run ends with both ends CLOSED or FAILED; and without an attack or a
 * lie both are CLOSED, with all data received.
 */
#define START_S 0 /* stages of a key */
#define SHAKES  1
#define TALKS   2

#define CH1  1    /* messages of a transcript */
#define HRR  2
#define CH2  4
#define SH   8
#define EE   16
#define CR   32
#define CERT 64
#define CV   128
#define SFIN 256
#define CCERT 512
#define CFIN 1024
#define OLDC 2048 /* a ClientHello of another connection */
#define OLDS 4096 /* a ServerHello, or a retry */
#define OLD  (OLDC + OLDS)
#define PSK  8192 /* the ServerHello accepts a ticket */

#define NOTHING 99  /* no event */
#define END     100 /* the end of the stream, as a record */

#define OWES_HELLO   1
#define OWES_RETRY   2
#define OWES_FLIGHT  4
#define OWES_TICKET  8
#define OWES_UPDATE  16
#define OWES_CLOSE   32
#define OWES_ALERT   64
#define A_FLIGHT (OWES_HELLO + OWES_RETRY + OWES_FLIGHT)

#define NO      255
#define MISSING 254
#define NO_ROW  (-1) /* there are more than 255 rows */
short bent_row = NO_ROW;
byte bent_to = NO, bent_action = NO;
c_decl {
    \#include <stdio.h>
    \#include <stdlib.h>
    \#include <string.h>
    static unsigned char seen[512];
    static void look(int row)
    {
        if (!seen[row])
            printf("took %d\n", row);
        seen[row] = 1;
    }
    static int of_scene(const char *name)
    {
        const char *scene = getenv("SCENE"), *at = scene ? strstr(scene, name) : 0;

        return at ? atoi(at + strlen(name)) : 0;
    }
    static void read_bend(short *row, unsigned char *to, unsigned char *action)
    {
        const char *text = getenv("BEND");

        if (text && sscanf(text, "%hd %hhu %hhu", row, to, action) != 3)
            exit(2);
    }
}

inline impossible() { printf("impossible: end %d, state %d, event %d\n", me, st[me], ev); assert(false) }

#define hit(row)  c_code { look(row); }; assert(bent_row != row || bent_to != MISSING)
#define act(row, place, call) \
    if :: bent_row == row && bent_action == place :: else -> call fi
#define go(row, state)        st[me] = (bent_row == row && bent_to != NO -> bent_to : state)

#include "tls_fsm.pml"

#define CLIENT 0
#define SERVER 1

byte st[2] = START;
byte owes[2];
bool opened[2], shut[2], said_last[2], told_end[2];
bool broken[2];         /* an alert was sent, or the session was given up */
bool share;             /* the client has a key share */
bool ticket;            /* the client has received one */
bool forgot;            /* the server has freed the state of a first hello */
bool lied;              /* an end has sent a false message */
bool client_done;       /* its Finished was sent */
short tr[2];            /* transcript */
short agreed[2];        /* transcript when our Finished was sent */
short ktr[2];           /* transcript of the keys */
byte rstage[2], wstage[2], rgen[2], wgen[2], rseq[2], wseq[2];
byte said[2], got[2];   /* records of data */
bool retried, asked, resumed, wants_update[2];

/* the scene */
byte deletes, repeats, swaps, reflects, olds, cuts, wears, cancels, payloads, lies;
bool may_retry, may_ask, may_resume;
bool troubled;
bool cut[2];            /* no more records arrive there */

#define ROOM 10
/* kind, stage, transcript of the keys, generation, sequence, content, sender */
chan wire[2] = [ROOM] of { byte, byte, short, byte, byte, short, byte };
byte flying[2];

/* ---- Sending ------------------------------------------------------------------------------- */

inline put(to, kind_, stage_, ktr_, gen_, seq_, x_, from_) {
  if
  :: cut[to] -> skip
  :: else -> assert(flying[to] < ROOM); flying[to]++; wire[to]!kind_, stage_, ktr_, gen_, seq_, x_, from_
  fi
}
inline emit(kind_, x_) {
  if
  :: said_last[me] -> skip
  :: else ->
     put(1 - me, kind_, wstage[me], ktr[me], wgen[me], wseq[me], x_, me);
     wseq[me] = (wstage[me] > START_S -> wseq[me] + 1 : 0)
  fi
}
inline plain(kind_) {
  if :: said_last[me] -> skip :: else -> put(1 - me, kind_, START_S, 0, 0, 0, 0, me) fi
}
inline last_word() {
  if
  :: said_last[me] -> skip
  :: else -> said_last[me] = true; put(1 - me, END, START_S, 0, 0, 0, 0, me)
  fi
}
inline write_key(stage_) { wstage[me] = stage_; wgen[me] = 0; wseq[me] = 0 }
inline read_key(stage_)  { rstage[me] = stage_; rgen[me] = 0; rseq[me] = 0 }

/* Sends any message, or one that breaks a rule, among correct ones. */
inline lie() {
  troubled = true;
  lied = true;
  if
  :: kind = rcv_ClientHello
  :: kind = rcv_ServerHello
  :: kind = rcv_HelloRetryRequest
  :: kind = rcv_NewSessionTicket
  :: kind = rcv_EncryptedExtensions
  :: kind = rcv_Certificate
  :: kind = rcv_CertificateRequest
  :: kind = rcv_CertificateVerify
  :: kind = rcv_Finished
  :: kind = rcv_KeyUpdate
  :: kind = rcv_unknown
  :: kind = rcv_EndOfEarlyData
  :: kind = rcv_application_data
  :: kind = rcv_close_notify
  :: kind = rcv_alert
  :: kind = rcv_change_cipher_spec
  :: kind = flaw
  fi;
  if
  :: kind == rcv_change_cipher_spec -> plain(rcv_change_cipher_spec)
  :: else -> emit(kind, 0)
  fi
}
inline may_lie() {
  if
  :: lies > 0 -> lies--; lie()
  :: true
  fi
}

inline send_server_flight() {
  if
  :: may_resume -> tr[me] = tr[me] | PSK
  :: true
  fi;
  tr[me] = tr[me] | SH;
  put(CLIENT, rcv_ServerHello, START_S, 0, 0, 0, tr[me] & PSK, me);
  if :: !retried -> plain(rcv_change_cipher_spec) :: else -> skip fi;
  ktr[me] = tr[me];
  read_key(SHAKES);
  write_key(SHAKES);
  may_lie();
  emit(rcv_EncryptedExtensions, 0);
  tr[me] = tr[me] | EE;
  if
  :: tr[me] & PSK -> skip
  :: else ->
     may_lie();
     emit(rcv_Certificate, 0);
     tr[me] = tr[me] | CERT;
     may_lie();
     emit(rcv_CertificateVerify, tr[me]);
     tr[me] = tr[me] | CV
  fi;
  may_lie();
  emit(rcv_Finished, tr[me]);
  tr[me] = tr[me] | SFIN;
  agreed[me] = tr[me];
  write_key(TALKS)
}
/* A server that requests a certificate isn't leat's, which never does. */
inline send_strange_flight() {
  tr[me] = tr[me] | SH;
  put(CLIENT, rcv_ServerHello, START_S, 0, 0, 0, 0, me);
  ktr[me] = tr[me];
  read_key(SHAKES);
  write_key(SHAKES);
  may_lie();
  emit(rcv_EncryptedExtensions, 0);
  may_lie();
  emit(rcv_CertificateRequest, 0);
  may_lie();
  emit(rcv_Certificate, 0);
  tr[me] = tr[me] | EE | CR | CERT;
  may_lie();
  emit(rcv_CertificateVerify, tr[me]);
  tr[me] = tr[me] | CV;
  may_lie();
  emit(rcv_Finished, tr[me]);
  tr[me] = tr[me] | SFIN | CCERT;
  agreed[me] = tr[me];
  write_key(TALKS)
}
inline send_flight() {
  if
  :: owes[me] & OWES_HELLO ->
     emit(rcv_ClientHello, (tr[me] & CH1 -> CH2 : CH1));
     tr[me] = tr[me] | (tr[me] & CH1 -> CH2 : CH1)
  :: owes[me] & OWES_RETRY ->
     tr[me] = tr[me] | HRR;
     plain(rcv_HelloRetryRequest);
     plain(rcv_change_cipher_spec)
  :: (owes[me] & OWES_FLIGHT) && me == SERVER && !may_ask -> send_server_flight()
  :: (owes[me] & OWES_FLIGHT) && me == SERVER && may_ask -> send_strange_flight()
  :: (owes[me] & OWES_FLIGHT) && me == CLIENT ->
     plain(rcv_change_cipher_spec);
     tr[me] = tr[me] | (asked -> CCERT : 0);
     emit(rcv_Finished, tr[me]);
     agreed[me] = tr[me];
     client_done = true
  fi;
  owes[me] = owes[me] & ~A_FLIGHT;
  ev = flight_sent
}
inline send_late() {
  if
  :: owes[me] & OWES_ALERT -> emit(rcv_alert, 0); last_word(); owes[me] = 0
  :: else -> if
  :: owes[me] & OWES_TICKET -> emit(rcv_NewSessionTicket, 0); owes[me] = owes[me] & ~OWES_TICKET
  :: else -> if
  :: owes[me] & OWES_UPDATE ->
     emit(rcv_KeyUpdate, wants_update[me]);
     wants_update[me] = false;
     wgen[me] = wgen[me] + 1;
     wseq[me] = 0;
     owes[me] = owes[me] & ~OWES_UPDATE
  :: else -> emit(rcv_close_notify, said[me]); last_word(); owes[me] = 0
  fi fi fi
}

/* ---- Actions of tls.rl ---------------------------------------------------------------------- */

inline await()      { skip }
inline drop()       { skip }
inline make_share() { share = true }
inline forget_hello() { forgot = true }
/* early data isn't modelled: no hello announces any */
inline take_early()   { assert(false) }
inline hold_early()   { assert(false) }
inline read_EndOfEarlyData() { assert(false) }
inline snd_ClientHello() { assert(me == CLIENT && share); owes[me] = OWES_HELLO }
inline find_flaw()  { ev2 = flaw }
inline may_be_malformed() { if :: lied -> find_flaw() :: true fi }
inline read_ServerHello() {
  assert(me == CLIENT && rstage[me] == START_S);
  tr[me] = tr[me] | SH | x;
  resumed = (x & PSK) != 0;
  ktr[me] = tr[me];
  read_key(SHAKES);
  write_key(SHAKES)
}
inline read_HelloRetryRequest() {
  assert(me == CLIENT && !(tr[me] & HRR));
  tr[me] = tr[me] | HRR | x;
  ev2 = hello_accepted;
  may_be_malformed()
}
inline read_ClientHello() {
  assert(me == SERVER && tr[me] == 0);
  tr[me] = x;
  ev2 = (may_retry -> hello_lacks_share : hello_accepted);
  may_be_malformed()
}
inline read_second_ClientHello() {
  assert(me == SERVER && tr[me] & HRR);
  if
  :: x & CH2 -> tr[me] = tr[me] | x; ev2 = hello_accepted
  :: else -> find_flaw() /* it lacks the share that we requested */
  fi
}
inline snd_server_flight() { assert(me == SERVER); owes[me] = OWES_FLIGHT }
inline snd_HelloRetryRequest() { assert(me == SERVER); retried = true; owes[me] = OWES_RETRY }
inline read_EncryptedExtensions() {
  tr[me] = tr[me] | EE;
  if :: resumed -> ev2 = uses_ticket :: else -> skip fi
}
inline read_CertificateRequest() { tr[me] = tr[me] | CR; asked = true }
inline read_Certificate() { assert(!resumed); tr[me] = tr[me] | CERT }
inline read_CertificateVerify() {
  assert(tr[me] & CERT);
  if :: x == tr[me] -> tr[me] = tr[me] | CV :: else -> find_flaw() fi
}
inline read_Finished() {
  assert(rstage[me] == SHAKES && (me == SERVER || resumed || tr[me] & CV));
  if
  :: x == tr[me] ->
     read_key(TALKS);
     if :: me == CLIENT -> tr[me] = tr[me] | SFIN :: else -> skip fi
  :: else -> find_flaw()
  fi
}
inline snd_client_flight() {
  if :: ev2 == flaw -> skip :: else -> owes[me] = OWES_FLIGHT fi
}
inline open_session() {
  if
  :: ev2 == flaw -> skip
  :: else ->
     assert(!opened[me] && !(tr[me] & OLD));
     if
     :: me == CLIENT -> assert((agreed[SERVER] & ~CCERT) == (tr[me] & ~CCERT)); write_key(TALKS)
     :: else -> assert(client_done && agreed[CLIENT] == tr[me])
     fi;
     assert(ktr[0] == ktr[1] && rstage[me] == TALKS && wstage[me] == TALKS);
     opened[me] = true
  fi
}
inline snd_NewSessionTicket() {
  if :: ev2 == flaw -> skip :: else -> owes[me] = owes[me] | OWES_TICKET fi
}
inline read_NewSessionTicket() {
  if :: me == SERVER -> find_flaw() :: else -> assert(!ticket || lied); ticket = true fi
}
inline hand_up()      { assert(opened[me] && (lied || x == got[me] + 1)); got[me] = got[me] + 1 }
inline read_KeyUpdate() {
  assert(opened[me]);
  rgen[me] = rgen[me] + 1;
  rseq[me] = 0;
  if
  :: x && !(owes[me] & OWES_CLOSE) && !said_last[me] -> owes[me] = owes[me] | OWES_UPDATE
  :: else -> skip
  fi
}
inline snd_KeyUpdate() {
  owes[me] = owes[me] | OWES_UPDATE;
  if :: wants_update[me] = true :: skip fi
}
inline note_close()   { assert(opened[me] && (lied || x == got[me]) && !told_end[me]); told_end[me] = true }
inline snd_close_notify() { assert(opened[me]); owes[me] = owes[me] | OWES_CLOSE }
inline snd_alert()    { assert(troubled); broken[me] = true; owes[me] = OWES_ALERT }
inline refuse()       { snd_alert() }
inline give_up()      { broken[me] = true; owes[me] = 0; last_word() }
inline note_alert()   { assert(troubled); give_up() }
inline note_end()     { assert(troubled); give_up() }
inline note_cut()     { assert(troubled && !told_end[me]); give_up() }
inline note_timeout() { assert(troubled); give_up() }
inline cancel()       { assert(!opened[me]); troubled = true; give_up() }

/* ---- Receiving ------------------------------------------------------------------------------ */

#define over(i)  (st[i] == CLOSED || st[i] == FAILED || st[i] == RECVD_CLOSE)
#define reads(i) (st[i] != START && !over(i) && !(owes[i] & A_FLIGHT))

/* tls/record.c: process() */
inline classify() {
  if
  :: kind == END -> ev = end
  :: else -> if
  :: kind == rcv_change_cipher_spec -> ev = kind
  :: else -> if
  :: rstage[me] == START_S -> ev = (stage == START_S -> kind : rcv_application_data)
  :: else -> if
  :: stage == START_S -> ev = (kind == rcv_alert && !opened[me] -> rcv_alert : flaw)
  :: else -> if
  :: stage == rstage[me] && keys == ktr[me] && gen == rgen[me] && seq == rseq[me] && from == 1 - me ->
     rseq[me] = rseq[me] + 1; /* the random isn't checked after the handshake */
     ev = (kind == rcv_HelloRetryRequest && opened[me] -> rcv_ServerHello : kind)
  :: else -> ev = flaw
  fi fi fi fi fi
}

/* ---- The attacker ---------------------------------------------------------------------------- */

#define HEAD(i) wire[i]?kind, stage, keys, gen, seq, x, from
#define may_touch(i) (flying[i] > 0 && wire[i]?[eval(END), _, _, _, _, _, _] == 0)

#define ATTACKS(i) \
  :: deletes > 0 && may_touch(i) -> deletes--; troubled = true; flying[i]--; HEAD(i) \
  :: repeats > 0 && may_touch(i) && flying[i] < ROOM - 2 && !cut[i] -> \
     repeats--; troubled = true; HEAD(i); flying[i]--; \
     put(i, kind, stage, keys, gen, seq, x, from); put(i, kind, stage, keys, gen, seq, x, from) \
  :: swaps > 0 && may_touch(i) && flying[i] > 1 && !cut[i] -> \
     swaps--; troubled = true; HEAD(i); flying[i]--; put(i, kind, stage, keys, gen, seq, x, from) \
  :: reflects > 0 && may_touch(i) && flying[1 - i] < ROOM - 2 -> \
     reflects--; troubled = true; HEAD(i); flying[i]--; put(1 - i, kind, stage, keys, gen, seq, x, from) \
  :: olds > 0 && may_touch(i) && !cut[i] && wire[i]?[_, eval(START_S), _, _, _, _, _] -> \
     olds--; troubled = true; HEAD(i); flying[i]--; put(i, kind, stage, keys, gen, seq, x | (i == SERVER -> OLDC : OLDS), from) \
  :: cuts > 0 && !cut[i] && st[i] != START && flying[i] < ROOM - 1 -> \
     cuts--; troubled = true; put(i, END, START_S, 0, 0, 0, 0, 1 - i); cut[i] = true

/* ---- The programs ---------------------------------------------------------------------------- */

#define PROGRAM(i) \
  :: st[i] == START -> me = i; ev = (i == CLIENT -> connect : accept) \
  :: flying[i] > 0 && reads(i) -> me = i; HEAD(i); flying[i]--; classify() \
  :: flying[i] > 0 && over(i) -> HEAD(i); flying[i]--; kind = 0 /* it isn't read */ \
  :: (owes[i] & A_FLIGHT) && flying[1 - i] < ROOM - 8 -> me = i; send_flight() \
  :: owes[i] > 0 && !(owes[i] & A_FLIGHT) && flying[1 - i] < ROOM - 3 -> me = i; send_late() \
  :: opened[i] && !owes[i] && !shut[i] && said[i] < payloads && flying[1 - i] < ROOM - 3 && \
     (st[i] == CONNECTED || st[i] == RECVD_CLOSE) -> \
       me = i; said[i] = said[i] + 1; emit(rcv_application_data, said[i]) \
  :: wears > 0 && (st[i] == CONNECTED || st[i] == RECVD_CLOSE) && opened[i] && !owes[i] -> \
       wears--; me = i; ev = key_is_worn \
  :: opened[i] && !shut[i] && st[i] != CLOSED -> shut[i] = true; me = i; ev = shutdown \
  :: cancels > 0 && !opened[i] && !shut[i] && st[i] != START && st[i] != FAILED -> \
       cancels--; shut[i] = true; me = i; ev = shutdown \
  :: lies > 0 && st[i] != START && !said_last[i] && flying[1 - i] < ROOM - 3 -> lies--; me = i; lie()

/* the peer is silent */
#define TIMER(i) \
  :: !opened[i] && st[i] != START && !over(i) -> me = i; ev = timeout

inline finish() {
  assert((st[0] == CLOSED || st[0] == FAILED) && (st[1] == CLOSED || st[1] == FAILED));
  assert(troubled || (st[0] == CLOSED && st[1] == CLOSED && got[0] == said[1] && got[1] == said[0] &&
                       ticket));
  assert(said_last[0] && said_last[1])
}

/* Invariants of the states, events that end a session, and events that keep the state. */
inline check() {
  assert(st[me] != START);
  assert((st[me] == FAILED) == broken[me]);
  assert(ev != rcv_change_cipher_spec || st[me] == was || broken[me]);
  assert(ev != flight_sent || st[me] == was || opened[me]);
  assert(ev != key_is_worn || owes[me] & OWES_UPDATE);
  assert(st[me] != WAIT_CERT_CR || !asked);
  assert(st[me] != WAIT_CERT || asked);
  assert(st[me] != RECVD_CH || !retried);
  assert(st[me] != WAIT_CH_2 || owes[me] & A_FLIGHT || forgot);
  assert((ev != flaw && ev != timeout && ev != rcv_alert) || st[me] == FAILED);
  assert(ev != end || st[me] == FAILED || st[me] == CLOSED);
  assert(!(st[me] == CONNECTED || st[me] == SENT_CLOSE || st[me] == RECVD_CLOSE || st[me] == CLOSED) || opened[me] ||
         ev2 == flaw);
  assert(st[me] != SENT_CLOSE || shut[me]);
  assert(st[me] != RECVD_CLOSE || told_end[me]);
  assert(st[me] != CLOSED || (told_end[me] && shut[me]))
}

active proctype world()
{
  byte me, ev, ev2, was, kind, stage, gen, seq, from;
  short keys, x;

  c_code {
    read_bend(&now.bent_row, &now.bent_to, &now.bent_action);
    now.deletes = of_scene("DELETES=");
    now.repeats = of_scene("REPEATS=");
    now.swaps = of_scene("SWAPS=");
    now.reflects = of_scene("REFLECTS=");
    now.olds = of_scene("OLDS=");
    now.cuts = of_scene("CUTS=");
    now.wears = of_scene("WEARS=");
    now.cancels = of_scene("CANCELS=");
    now.payloads = of_scene("PAYLOADS=");
    now.lies = of_scene("LIES=");
    now.may_retry = of_scene("RETRY=");
    now.may_ask = of_scene("ASK=");
    now.may_resume = of_scene("RESUME=");
  };
again:
  atomic {
    ev = NOTHING;
    ev2 = NOTHING;
    if
    PROGRAM(CLIENT)
    PROGRAM(SERVER)
    ATTACKS(CLIENT)
    ATTACKS(SERVER)
    :: else ->
       if
       TIMER(CLIENT)
       TIMER(SERVER)
       :: else -> finish(); goto end_both_over
       fi
    fi;
    do
    :: ev != NOTHING ->
       printf("end %d: state %d, event %d, says %d\n", me, st[me], ev, x);
       was = st[me];
       fsm();
       check();
       ev = ev2;
       ev2 = NOTHING
    :: else -> break
    od;
    me = 0; was = 0; kind = 0; stage = 0; gen = 0; seq = 0; from = 0; keys = 0; x = 0
  };
  goto again;
end_both_over:
  skip
}
