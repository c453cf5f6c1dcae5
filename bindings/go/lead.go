package leat

// #include "glue.h"
import "C"

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A goroutine that has to wait drives the stack itself, if no other one does: it leads. It polls the stack, and waits
// for the device in its own thread. So what it waits for reaches it without another goroutine. A leader that polls an
// event of others wakes them, and follows: one of them leads when it waits again.
//
// If the last leader has left, and nobody waits for a while, the watcher leads, a goroutine of the stack.

const (
	// A stack with more to do after so many turns lets other goroutines use it.
	turnsMax = 4
	// Timers of data that is sent lie behind it, so data of others needn't wake a leader that waits no longer at first.
	firstWait = 30 * time.Millisecond
	// Bytes that may be read without telling the peer of the room.
	unreadMax = 16384
)

// A waiter is what goroutines wait for, with a deadline. All of it is used with the stack's mutex held.
type waiter struct {
	sync.Cond // followers
	stack     *Stack
	followers int
	isTold    bool // since the last wait has begun
	deadline  time.Time
	timer     *time.Timer // of followers
}

func (w *waiter) init(stack *Stack) { w.stack, w.L = stack, &stack.mu }

func (w *waiter) isOver() bool {
	return !w.deadline.IsZero() && !time.Now().Before(w.deadline)
}

// tell wakes all that wait for it.
func (w *waiter) tell() {
	w.isTold = true
	if w.stack.leader == w {
		w.stack.wakeLeader()
	}
	if w.followers > 0 {
		w.stack.hasTold = true
		w.Broadcast()
	}
}

// set sets the deadline.
func (w *waiter) set(at time.Time) {
	w.deadline = at
	w.tell()
}

// end is for a waiter that is used no more.
func (w *waiter) end() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.set(time.Time{})
}

func (w *waiter) expired() {
	w.L.Lock()
	w.Broadcast()
	w.L.Unlock()
}

// follow waits until it is told, or for the deadline; it may return early.
func (w *waiter) follow() {
	if !w.deadline.IsZero() {
		rest := time.Until(w.deadline)
		if rest <= 0 {
			return
		}
		if w.timer == nil {
			w.timer = time.AfterFunc(rest, w.expired)
		} else {
			w.timer.Reset(rest)
		}
	}
	w.followers++
	w.Wait()
	w.followers--
}

// wait waits until it is told, or for the deadline; it may return early.
func (w *waiter) wait() {
	s := w.stack
	w.isTold = false
	switch {
	case s.c == nil: // the stack closes, and will tell it
		w.follow()
	case s.leader == nil:
		s.lead(w)
	case s.leader == &s.watcher:
		s.wakeLeader()
		s.leave()
		s.lead(w)
	default:
		if s.isDue {
			s.poll()
		}
		if !w.isTold {
			w.follow()
		}
	}
}

// wakeLeader ends the leader's wait for the device.
func (s *Stack) wakeLeader() {
	if s.isAsleep && s.c != nil {
		s.isAsleep = false
		C.glue_kick(s.c)
	}
}

func (s *Stack) leave() {
	s.leader, s.isAsleep = nil, false
	atomic.AddUint32((*uint32)(&s.state.leads), 1)
	if atomic.LoadUint32((*uint32)(&s.state.is_watched)) != 0 {
		C.glue_watch_wake(s.c)
	}
}

// lead drives the stack until its waiter is told or over, or another one leads.
func (s *Stack) lead(w *waiter) {
	s.leader = w
	atomic.AddUint32((*uint32)(&s.state.leads), 1)
	for isFirst := true; ; isFirst = false {
		if s.isDue {
			s.hasTold = false
			s.poll()
			if w.isTold {
				break
			}
			if s.hasTold {
				s.leave()
				if w != &s.watcher {
					w.follow()
				}
				return
			}
		}
		if w.isOver() {
			break
		}
		s.sleep(w, isFirst)
		if s.leader != w || s.c == nil {
			return
		}
		if w.isTold {
			break
		}
	}
	s.leave()
}

// sleep waits for the device.
func (s *Stack) sleep(w *waiter, isFirst bool) {
	at, now, until := s.at(), uint64(s.state.now_ns), uint64(s.state.next_ns)
	if isFirst {
		until = min64(until, now+uint64(firstWait))
	}
	if s.isDue {
		until = now
	} else if !w.deadline.IsZero() {
		until = min64(until, now+uint64(time.Until(w.deadline)))
	}
	s.isAsleep, s.until = true, until
	s.sleepers++
	s.mu.Unlock()
	C.glue_at_wait(at, C.uint64_t(until))
	s.mu.Lock()
	s.sleepers--
	s.isDue = true
	if s.leader == w {
		s.isAsleep = false
	}
	if s.c == nil {
		s.awake.Signal()
	}
}

// watch leads while nobody does.
func (s *Stack) watch(c *C.struct_glue) {
	defer close(s.done)
	for {
		C.glue_watch(c)
		s.mu.Lock()
		if s.c == nil {
			s.mu.Unlock()
			return
		}
		if s.leader == nil {
			s.lead(&s.watcher)
		}
		s.mu.Unlock()
		runtime.Gosched() // those that it told go first
	}
}

func (s *Stack) at() C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(s.c))) }

// poll runs the stack until it wants to wait, or other goroutines may go first. The objects are told what happened.
func (s *Stack) poll() {
	for turns := 0; s.c != nil; turns++ {
		C.glue_at_turn(s.at())
		if !s.turned() || turns == turnsMax {
			break
		}
	}
	s.checkLeader()
}

// wrote is called after glue_at_write().
func (s *Stack) wrote() {
	if s.turned() {
		s.poll()
		return
	}
	s.checkLeader()
}

// checkLeader wakes a leader that would wait too long.
func (s *Stack) checkLeader() {
	if s.isAsleep && (s.isDue || uint64(s.state.next_ns) < s.until) {
		s.wakeLeader()
	}
}

// turned tells the objects the events of a turn; true: another one is due.
func (s *Stack) turned() bool {
	s.unread = 0
	s.isDue = s.state.next_ns <= s.state.now_ns
	for {
		count := int(s.state.count)
		for _, event := range s.state.events[:count] {
			if of := s.objects[uint64(event.number)]; of != nil {
				of.happened(uint(event.events))
			}
		}
		if count < C.GLUE_EVENTS || s.c == nil {
			return s.isDue
		}
		C.glue_take_events(s.c)
	}
}

// consumed is called after bytes were read: the peer is told when there is much room, or before anyone waits.
func (s *Stack) consumed(bytes int) {
	s.unread += bytes
	s.isDue = true
	if s.unread >= unreadMax {
		s.poll()
	}
}

func min64(a, b uint64) uint64 {
	if a < b {
		return a
	}
	return b
}
