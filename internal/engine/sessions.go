package engine

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// sessions are the active ones. What they were is counted by the series of their
// owners: a provider, or an endpoint.
type sessions struct {
	ttl int64 // ns
	max int

	list []session
	free []int32
	// byKey maps hashes to places in the list; a session whose hash is taken sits
	// at the next free number. byID has those with the same ID.
	byKey map[uint64]int32
	byID  map[uint64]siblings
	// oldest and newest are the ends of the list by age.
	oldest, newest int32
	active         int
}

// session is an active session and its neighbours.
type session struct {
	usage.Session
	idHash uint64
	// older and newer were touched before and after it; left and right have the same
	// ID, or a hash like its.
	older, newer, left, right int32
	// at is its place in the commit that touched it last, whose number is seq.
	seq uint64
	at  int
}

// siblings are the sessions with one ID, at many owners.
type siblings struct{ first, count int32 }

// maxSiblings bounds them: they are ended together, while commits wait.
const maxSiblings = 256

const nobody = -1

func newSessions(ttl int64, limit int) sessions {
	return sessions{
		ttl: ttl, max: limit, oldest: nobody, newest: nobody,
		byKey: map[uint64]int32{}, byID: map[uint64]siblings{},
	}
}

// keyOf is the hash of a session among those of all owners.
func keyOf(owner uint32, idHash uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15
	hi, lo := bits.Mul64(idHash, (uint64(owner)+1)*golden|1)
	return hi ^ lo
}

// find returns the place of an active session, or nobody, and where it is, or
// would be, in byKey.
func (t *sessions) find(owner uint32, idHash uint64, id []byte) (place int32, at uint64) {
	for at = keyOf(owner, idHash); ; at++ {
		place, ok := t.byKey[at]
		if !ok {
			return nobody, at
		}
		if s := &t.list[place]; s.Owner == owner && s.ID == string(id) {
			return place, at
		}
	}
}

// add adds a session that is not there.
func (t *sessions) add(s usage.Session, idHash uint64) (place int32) {
	if last := len(t.free) - 1; last >= 0 {
		place, t.free = t.free[last], t.free[:last]
	} else {
		place = int32(len(t.list))
		t.list = append(t.list, session{})
	}
	t.list[place] = session{Session: s, idHash: idHash, left: nobody, right: nobody}
	_, at := t.find(s.Owner, idHash, []byte(s.ID))
	t.byKey[at] = place
	t.joinSiblings(place)
	t.append(place)
	t.active++
	return place
}

// remove takes an active session out.
func (t *sessions) remove(place int32) {
	s := &t.list[place]
	_, at := t.find(s.Owner, s.idHash, []byte(s.ID))
	t.unindex(at)
	t.leaveSiblings(place)
	t.unlink(place)
	t.list[place] = session{}
	t.free = append(t.free, place)
	t.active--
}

// unindex frees a place in byKey, and lets move up what sits behind it.
func (t *sessions) unindex(at uint64) {
	delete(t.byKey, at)
	for at++; ; at++ {
		place, ok := t.byKey[at]
		if !ok {
			return
		}
		delete(t.byKey, at)
		s := &t.list[place]
		_, to := t.find(s.Owner, s.idHash, []byte(s.ID))
		t.byKey[to] = place
	}
}

func (t *sessions) joinSiblings(place int32) {
	s := &t.list[place]
	with, ok := t.byID[s.idHash]
	if ok {
		s.right, t.list[with.first].left = with.first, place
	}
	t.byID[s.idHash] = siblings{first: place, count: with.count + 1}
}

func (t *sessions) leaveSiblings(place int32) {
	s := &t.list[place]
	with := t.byID[s.idHash]
	with.count--
	if with.count == 0 {
		delete(t.byID, s.idHash)
		return
	}
	if s.right != nobody {
		t.list[s.right].left = s.left
	}
	if s.left == nobody {
		with.first = s.right
	} else {
		t.list[s.left].right = s.right
	}
	t.byID[s.idHash] = with
}

// append makes a session the newest.
func (t *sessions) append(place int32) {
	s := &t.list[place]
	s.older, s.newer = t.newest, nobody
	if t.newest == nobody {
		t.oldest = place
	} else {
		t.list[t.newest].newer = place
	}
	t.newest = place
}

// order puts sessions that were restored, in any order, into that of their ages.
func (t *sessions) order() {
	places := make([]int32, 0, t.active)
	for place := t.oldest; place != nobody; place = t.list[place].newer {
		places = append(places, place)
	}
	slices.SortStableFunc(places, func(a, b int32) int { return cmp.Compare(t.list[a].Touched, t.list[b].Touched) })
	t.oldest, t.newest = nobody, nobody
	for _, place := range places {
		t.append(place)
	}
}

func (t *sessions) unlink(place int32) {
	s := &t.list[place]
	if s.older == nobody {
		t.oldest = s.newer
	} else {
		t.list[s.older].newer = s.newer
	}
	if s.newer == nobody {
		t.newest = s.older
	} else {
		t.list[s.newer].older = s.older
	}
}

// slide notes that a session was heard of at an age.
func (t *sessions) slide(place int32, age int64) {
	t.list[place].Touched = age
	if place != t.newest {
		t.unlink(place)
		t.append(place)
	}
}

// overdue is the session that was not heard of for longest, if that is longer than
// the ttl.
func (t *sessions) overdue(age int64) (place int32, ok bool) {
	if t.oldest == nobody || usage.AddSaturating(t.list[t.oldest].Touched, t.ttl) > age {
		return nobody, false
	}
	return t.oldest, true
}
