package engine

import "github.com/otelusage/usageprocessor/internal/usage"

const (
	// maxCalls is how many counted calls are remembered: a call and what wraps it
	// arrive within seconds of each other.
	maxCalls = 1 << 16
	// maxAlike bounds how many calls are looked at, newest first: telemetry could
	// be crafted to have thousands with the same hash.
	maxAlike = 256
	// fewLists is how many lists there are at first. It is a power of two.
	fewLists = 64
)

// calls are the newest counted calls, numbered from 1 on. By each of their hashes
// they are in one of many lists, newest first, which end where calls are forgotten:
// forgetting one is to count one up. The zero value is empty.
//
// There are far more of them than a cache holds and hashes are anywhere, so what
// counts is how many cache lines a call needs: nearly always one for each hash.
type calls struct {
	ring []callEntry // the place of number n is (n-1) % maxCalls
	// newest is the number of the newest call; those up to gone are forgotten.
	newest, gone uint64
	// heads are where lists begin; the hash says in which place. A span is asked
	// for by its hash as a call and as a parent: both lists begin side by side.
	heads [][callHashes]head
}

// head is where a list begins.
type head struct {
	newest uint32 // number, see known
	// seen has the bits of all hashes that came since the list was empty: most of
	// those that are looked for are not there, and the calls need not be looked at.
	seen uint32
}

// callEntry is a counted call and the number of the next one in each list. It
// fills a cache line.
type callEntry struct {
	usage.Call
	next [callHashes]uint32
}

const (
	bySelf = iota
	byParent
	byTwin
	callHashes
)

func hashesOf(c *usage.Call) [callHashes]uint64 {
	return [callHashes]uint64{bySelf: c.Self, byParent: c.Parent, byTwin: c.Twin}
}

func (t *calls) head(kind int, hash uint64) *head {
	return &t.heads[hash&uint64(len(t.heads)-1)][kind]
}

// bit is that of a hash in head.seen; the place in heads is told by other bits.
func bit(hash uint64) uint32 { return 1 << (hash >> 59) }

func (t *calls) at(number uint32) *callEntry { return &t.ring[(number-1)%maxCalls] }

// known says whether a number is of a call that is not forgotten. Lists have the
// lower half of numbers only: one that nothing was entered in for four billion
// calls may seem to go on, in another list, where nothing has its hashes.
func (t *calls) known(number uint32) bool {
	return uint64(uint32(t.newest)-number) < t.newest-t.gone
}

// find says whether any of the newest calls with a hash is one that f looks for.
func (t *calls) find(kind int, hash uint64, f func(*usage.Call) bool) bool {
	if hash == 0 || len(t.ring) == 0 {
		return false
	}
	list := t.head(kind, hash)
	if list.seen&bit(hash) == 0 {
		return false
	}
	number := list.newest
	for range maxAlike {
		if !t.known(number) {
			return false
		}
		e := t.at(number)
		if hashesOf(&e.Call)[kind] == hash && f(&e.Call) {
			return true
		}
		number = e.next[kind]
	}
	return false
}

// has says whether the very same call was counted.
func (t *calls) has(c *usage.Call) bool {
	for kind, hash := range hashesOf(c) {
		if hash != 0 {
			return t.find(kind, hash, func(o *usage.Call) bool {
				return o.Self == c.Self && o.Start == c.Start && o.End == c.End && (c.Self != 0 || *o == *c)
			})
		}
	}
	return false
}

// shows says whether a counted call shows another one: it is its child, its
// parent, or what wraps it or is wrapped.
func (t *calls) shows(c *usage.Call) bool {
	whichever := func(*usage.Call) bool { return true }
	return t.find(byParent, c.Self, whichever) || t.find(bySelf, c.Parent, whichever) ||
		t.find(byTwin, c.Twin, c.MayWrap)
}

// enter adds a counted call, unless it is there. The oldest one makes room.
func (t *calls) enter(c *usage.Call) {
	if !t.has(c) {
		t.add(c)
	}
}

func (t *calls) add(c *usage.Call) {
	if hashesOf(c) == [callHashes]uint64{} {
		return
	}
	t.makeRoom()
	t.newest++
	number := uint32(t.newest)
	*t.at(number) = callEntry{Call: *c}
	t.link(number)
}

// link makes a call the first in its lists.
func (t *calls) link(number uint32) {
	e := t.at(number)
	for kind, hash := range hashesOf(&e.Call) {
		if hash == 0 {
			continue
		}
		list := t.head(kind, hash)
		if !t.known(list.newest) {
			list.seen = 0
		}
		e.next[kind] = list.newest
		list.newest, list.seen = number, list.seen|bit(hash)
	}
}

// makeRoom makes room for one more. Whoever meters no inference needs none.
func (t *calls) makeRoom() {
	if len(t.ring) == maxCalls {
		t.gone++
		return
	}
	if len(t.ring) == len(t.heads) {
		t.grow()
	}
	t.ring = append(t.ring, callEntry{})
}

// grow doubles the number of lists, as long as nothing was forgotten.
func (t *calls) grow() {
	t.heads = make([][callHashes]head, max(2*len(t.heads), fewLists))
	for number := t.gone; number < t.newest; number++ {
		t.link(uint32(number + 1))
	}
}

// nested says whether a call shows in one that is counted already; if not, it is
// counted now. Whether the very same call counts again is for its dedup key to
// decide. mu is held.
func (e *Engine) nested(c *usage.Call) bool {
	switch {
	case e.calls.has(c):
		return false
	case e.calls.shows(c):
		return true
	}
	e.calls.add(c)
	e.commit.Calls = append(e.commit.Calls, *c)
	return false
}

// Calls copies up to limit counted calls, oldest first, that are newer than one
// with a number, and returns the number to go on with. Those that were forgotten
// since are left out.
func (e *Engine) Calls(dst []usage.Call, after uint64, limit int) (out []usage.Call, next uint64, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := &e.calls
	for after = max(after, t.gone); after < t.newest && limit > 0; limit-- {
		after++
		dst = append(dst, t.at(uint32(after)).Call)
	}
	return dst, after, after < t.newest
}

// RestoreCalls puts calls from a snapshot into an engine that counts nothing yet.
func (e *Engine) RestoreCalls(list []usage.Call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		e.calls.enter(&list[i])
	}
}
