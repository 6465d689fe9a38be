package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// told is what a record tells of a session; without an owner, of all with its ID.
type told struct {
	after     time.Duration // since the one before
	owner, id string
	activity  usage.Activity
}

// ownersOf is the schema of the sessions of endpoints or of providers.
func (f *fixture) ownersOf(kind usage.Kind) *usage.Schema {
	return f.schemas.Intern(usage.Sessions, usage.OwnerNames(kind))
}

func (f *fixture) ownerKey(owner string) []byte {
	if owner == "" {
		return nil
	}
	return f.key(f.ownersOf(usage.Provider), "provider", owner)
}

// tell commits a batch with what one record tells.
func (f *fixture) tell(at time.Duration, v told) {
	b := f.batch()
	n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
	wall := age(at).Wall
	b.Touch(n, f.ownerKey(v.owner), []byte(v.id), usage.Touch{Activity: v.activity, First: wall - int64(time.Second), Last: wall})
	f.Commit(b, age(at))
}

// counts are what an owner's series says.
type counts struct {
	opened, active                                             int64
	normal, failed, expired, terminated, duplicate, atShutdown int64
}

func (f *fixture) sessionsOf(owner string) (c counts) {
	for _, r := range f.rows() {
		if r.Schema.Kind == usage.Sessions && r.Values[len(r.Values)-1] == owner {
			c.opened, c.active = r.Opened, r.Active()
			c.normal, c.failed, c.expired = r.Closed[usage.ClosedNormal], r.Closed[usage.ClosedFailed], r.Closed[usage.ClosedExpired]
			c.terminated, c.duplicate, c.atShutdown = r.Closed[usage.ClosedTerminated], r.Closed[usage.ClosedDuplicate], r.Closed[usage.ClosedShutdown]
		}
	}
	return c
}

func newSessionFixture(limit int) *fixture {
	f := newFixtureOf(Options{SessionTTL: int64(5 * time.Minute), MaxSessions: limit})
	f.BeginExpiry(usage.Moment{})
	return f
}

func TestSessionRules(t *testing.T) {
	const minute = time.Minute
	success, failure, start, end := usage.Succeeded, usage.Failed, usage.Started, usage.Ended
	for name, c := range map[string]struct {
		events []told
		want   counts
	}{
		"a success begins it":                          {[]told{{0, "p", "a", success}}, counts{opened: 1, active: 1}},
		"it stays for the ttl":                         {[]told{{0, "p", "a", success}, {5*minute - 1, "q", "b", failure}}, counts{opened: 1, active: 1}},
		"then it has expired":                          {[]told{{0, "p", "a", success}, {5 * minute, "q", "b", failure}}, counts{opened: 1, expired: 1}},
		"every success slides":                         {[]told{{0, "p", "a", success}, {4 * minute, "p", "a", success}, {4 * minute, "q", "b", failure}}, counts{opened: 1, active: 1}},
		"a failure does not slide":                     {[]told{{0, "p", "a", success}, {4 * minute, "p", "a", failure}, {minute, "q", "b", failure}}, counts{opened: 1, expired: 1}},
		"a failure does not shorten":                   {[]told{{0, "p", "a", success}, {minute, "p", "a", failure}}, counts{opened: 1, active: 1}},
		"a failure alone closes at once":               {[]told{{0, "p", "a", failure}}, counts{opened: 1, failed: 1}},
		"a failure after it expired":                   {[]told{{0, "p", "a", success}, {6 * minute, "p", "a", failure}}, counts{opened: 2, expired: 1, failed: 1}},
		"a success after it expired":                   {[]told{{0, "p", "a", success}, {6 * minute, "p", "a", success}}, counts{opened: 2, expired: 1, active: 1}},
		"an end":                                       {[]told{{0, "p", "a", success}, {minute, "p", "a", end}}, counts{opened: 1, normal: 1}},
		"an end of nothing":                            {[]told{{0, "p", "a", end}}, counts{}},
		"two ends, B-F13":                              {[]told{{0, "p", "a", start}, {0, "p", "a", end}, {0, "p", "a", end}}, counts{opened: 1, normal: 1}},
		"a start":                                      {[]told{{0, "p", "a", start}}, counts{opened: 1, active: 1}},
		"a start without an end expires":               {[]told{{0, "p", "a", start}, {5 * minute, "q", "b", failure}}, counts{opened: 1, expired: 1}},
		"successes between start and end":              {[]told{{0, "p", "a", start}, {minute, "p", "a", success}, {minute, "p", "a", end}}, counts{opened: 1, normal: 1}},
		"a start of what is started":                   {[]told{{0, "p", "a", start}, {minute, "p", "a", start}}, counts{opened: 2, duplicate: 1, active: 1}},
		"a start of what a success began":              {[]told{{0, "p", "a", success}, {minute, "p", "a", start}}, counts{opened: 1, active: 1}},
		"and again":                                    {[]told{{0, "p", "a", success}, {minute, "p", "a", start}, {minute, "p", "a", start}}, counts{opened: 2, duplicate: 1, active: 1}},
		"an end for all owners":                        {[]told{{0, "p", "a", success}, {0, "q", "a", success}, {0, "", "a", end}}, counts{opened: 1, normal: 1}},
		"an end for all owners of another ID":          {[]told{{0, "p", "a", success}, {0, "", "b", end}}, counts{opened: 1, active: 1}},
		"other owners' ends":                           {[]told{{0, "p", "a", success}, {0, "q", "a", end}}, counts{opened: 1, active: 1}},
		"IDs are apart":                                {[]told{{0, "p", "a", success}, {0, "p", "b", success}, {0, "p", "a", end}}, counts{opened: 2, normal: 1, active: 1}},
		"of two overlapping requests one fails, E-F5":  {[]told{{0, "p", "a", success}, {0, "p", "a", failure}, {0, "p", "a", success}}, counts{opened: 1, active: 1}},
		"who fails over is released at once, E-F12":    {[]told{{0, "p", "a", failure}, {0, "q", "a", success}}, counts{opened: 1, failed: 1}},
		"who takes over has it":                        {[]told{{0, "q", "a", failure}, {0, "p", "a", success}}, counts{opened: 1, active: 1}},
		"a touch without owner that is no end":         {[]told{{0, "p", "a", success}, {0, "", "a", failure}}, counts{opened: 1, active: 1}},
		"nobody looked until its next success":         {[]told{{0, "p", "a", success}, {20 * minute, "p", "a", success}}, counts{opened: 2, expired: 1, active: 1}},
		"nobody looked until its end, too late for it": {[]told{{0, "p", "a", success}, {20 * minute, "p", "a", end}}, counts{opened: 1, expired: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			f, at := newSessionFixture(100), time.Duration(0)
			for _, v := range c.events {
				at += v.after
				f.tell(at, v)
			}
			f.expire(at, all())
			assert.Equal(t, c.want, f.sessionsOf("p"))
			requireReplay(t, f, snapshot{})
		})
	}
}

func TestSessionsAreTerminated_E_F6(t *testing.T) {
	f := newSessionFixture(100)
	f.tell(0, told{0, "p", "a", usage.Succeeded})
	f.tell(0, told{0, "q", "a", usage.Succeeded})
	f.tell(0, told{0, "q", "b", usage.Succeeded})
	assert.Equal(t, 2, f.Terminate("a", age(0)))
	assert.Equal(t, 0, f.Terminate("a", age(0)), "it is no more")
	assert.Equal(t, 0, f.Terminate("nobody's", age(0)))
	assert.Equal(t, counts{opened: 1, terminated: 1}, f.sessionsOf("p"))
	assert.Equal(t, counts{opened: 2, terminated: 1, active: 1}, f.sessionsOf("q"))
	requireReplay(t, f, snapshot{})
}

func TestAllSessionsEndAtShutdown_C_R3(t *testing.T) {
	f := newSessionFixture(10_000)
	for n := range 2000 {
		f.tell(0, told{0, "p", fmt.Sprint(n), usage.Succeeded})
	}
	for f.EndSessions(age(0)) {
	}
	assert.Equal(t, counts{opened: 2000, atShutdown: 2000}, f.sessionsOf("p"))
	requireReplay(t, f, snapshot{})
}

// untracked counts sessions for which there is no room.
type untracked struct {
	Nop
	n int
}

func (u *untracked) Untracked() { u.n++ }

func TestSessionsAreBounded(t *testing.T) {
	u := &untracked{}
	f := newFixtureOf(Options{SessionTTL: int64(time.Minute), MaxSessions: 3, Observer: u})
	f.BeginExpiry(usage.Moment{})
	for n := range 5 {
		f.tell(0, told{0, "p", fmt.Sprint(n), usage.Succeeded})
	}
	assert.Equal(t, counts{opened: 3, active: 3}, f.sessionsOf("p"))
	assert.Equal(t, 2, u.n)
	f.tell(time.Minute, told{0, "p", "late", usage.Succeeded})
	assert.Equal(t, counts{opened: 4, expired: 3, active: 1}, f.sessionsOf("p"), "who is overdue makes room")
	requireReplay(t, f, snapshot{})
}

// A session's duration is from its first activity to its last, and never negative.
func TestSessionDuration_C_R7(t *testing.T) {
	f := newSessionFixture(10)
	f.tell(0, told{0, "p", "a", usage.Succeeded})
	f.tell(4*time.Minute, told{0, "p", "a", usage.Succeeded})
	b := f.batch()
	n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
	b.Touch(n, f.ownerKey("p"), []byte("back"), usage.Touch{First: 50, Last: 20})
	f.Commit(b, age(0))
	f.expire(time.Hour, all())
	assert.Equal(t, int64(4*time.Minute+time.Second), f.rows()[0].Duration)
	assert.Equal(t, uint64(2), f.rows()[0].Durations.Count())
}

// What a record tells that does not count is not told.
func TestDuplicatesTouchNothing_E_F10(t *testing.T) {
	f := newSessionFixture(10)
	f.options.Dedup = newDedupFixture().options.Dedup
	for range 2 {
		b := f.batch()
		n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 77)
		b.Touch(n, f.ownerKey("p"), []byte("a"), usage.Touch{Activity: usage.Failed})
		f.Commit(b, age(0))
	}
	assert.Equal(t, counts{opened: 1, failed: 1}, f.sessionsOf("p"))
}

// A series stays while its provider, or its endpoint, has sessions.
func TestActiveSessionsKeepSeries_B_F8(t *testing.T) {
	f := newMortal()
	f.sessions.ttl = int64(time.Hour)
	b := f.batch()
	g, _ := b.Group(f.key(f.providers, "app", "openai", usage.GenAI, "m", "chat"), 0, 0)
	n := b.Add(usage.Record{Group: g}, 0)
	b.Touch(n, f.ownerKey("openai"), []byte("a"), usage.Touch{})
	h, _ := b.Group(f.key(f.endpoints, "app", "websocket", "GET /chat"), 0, 0)
	n = b.Add(usage.Record{Group: h}, 0)
	b.Touch(n, f.key(f.ownersOf(usage.Endpoint), "endpoint", "app", "GET /chat"), []byte("a"), usage.Touch{Activity: usage.Started})
	other, _ := b.Group(f.key(f.endpoints, "app", "http", "GET /"), 0, 0)
	b.Add(usage.Record{Group: other}, 0)
	f.Commit(b, age(0))
	f.expire(30*time.Minute, all())
	assert.Equal(t, [usage.Kinds]int{usage.Endpoint: 2, usage.Provider: 1, usage.Sessions: 2}, f.Stats().Series)
	f.hit(55*time.Minute, "other")
	f.expire(time.Hour, all()) // the sessions end, and what they have kept
	assert.Equal(t, [usage.Kinds]int{usage.Endpoint: 1, usage.Sessions: 2}, f.Stats().Series)
	f.expire(time.Hour+11*time.Minute, all())
	assert.Equal(t, [usage.Kinds]int{}, f.Stats().Series, "then all of it ends")
	assert.Equal(t, int64(1), endedSessions(f, "provider openai").Opened)
	requireReplay(t, f, snapshot{})
}

func endedSessions(f *fixture, owner string) usage.Measures {
	return f.ended()["session ["+owner+"]"]
}

// Owners beyond the limit share a series, and sessions in it stay apart by ID.
func TestOwnersFold(t *testing.T) {
	f := newFixtureOf(Options{SessionTTL: int64(time.Minute), MaxSessions: 1000, Limits: Limits{MaxSeries: 2}})
	f.BeginExpiry(usage.Moment{})
	for n := range 5 {
		for range 3 {
			f.tell(0, told{0, fmt.Sprint("p", n), fmt.Sprint("id", n), usage.Succeeded})
		}
	}
	assert.Equal(t, counts{opened: 1, active: 1}, f.sessionsOf("p1"))
	assert.Equal(t, counts{opened: 3, active: 3}, f.sessionsOf("true"))
	requireReplay(t, f, snapshot{})
}

// A million successes leave no growth.
func TestSuccessesLeaveNoGrowth(t *testing.T) {
	f := newSessionFixture(100_000)
	f.options.Journal = nil
	b := f.batch()
	send := func(times int) {
		for range times {
			for i := range 1000 {
				n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
				b.Touch(n, f.ownerKey("p"), fmt.Appendf(nil, "%d", i), usage.Touch{})
			}
			f.Commit(b, age(0))
			b.Reset()
		}
	}
	send(10)
	few := heap()
	send(1000)
	many := heap()
	assert.LessOrEqual(t, float64(many), 1.05*float64(few))
	assert.Equal(t, counts{opened: 1000, active: 1000}, f.sessionsOf("p"))
	assert.Len(t, f.sessions.list, 1000)
	for key, place := range f.sessions.byKey {
		s := &f.sessions.list[place]
		assert.Equal(t, keyOf(s.Owner, s.idHash), key, "hashes tell sessions apart")
	}
}

func TestTouchesAllocateNothing(t *testing.T) {
	f := newSessionFixture(100)
	f.options.Journal = nil
	b := f.batch()
	owner := f.ownerKey("p")
	run := func() {
		for i := range byte(10) {
			n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
			b.Touch(n, owner, []byte{'a' + i}, usage.Touch{})
		}
		f.Commit(b, age(0))
		b.Reset()
	}
	run()
	assert.Zero(t, testing.AllocsPerRun(100, run))
}

// sessionModel is the rules of section 9 of the contract over a plain map.
type sessionModel struct {
	ttl    time.Duration
	active map[[2]string]*modelSession
	counts map[string]*counts
}

type modelSession struct {
	touched time.Duration
	started bool
}

func (m *sessionModel) of(owner string) *counts {
	if m.counts[owner] == nil {
		m.counts[owner] = &counts{}
	}
	return m.counts[owner]
}

func (m *sessionModel) expire(now time.Duration) {
	for key, s := range m.active {
		if now-s.touched >= m.ttl {
			m.of(key[0]).expired++
			delete(m.active, key)
		}
	}
}

func (m *sessionModel) tell(now time.Duration, v told) {
	m.expire(now)
	if v.owner == "" {
		for key := range m.active {
			if key[1] == v.id && v.activity == usage.Ended {
				m.of(key[0]).normal++
				delete(m.active, key)
			}
		}
		return
	}
	key := [2]string{v.owner, v.id}
	s := m.active[key]
	switch {
	case v.activity == usage.Ended && s != nil:
		m.of(v.owner).normal++
		delete(m.active, key)
	case v.activity == usage.Ended:
	case v.activity == usage.Failed && s == nil:
		m.of(v.owner).opened++
		m.of(v.owner).failed++
	case v.activity == usage.Failed:
	default:
		if s != nil && s.started && v.activity == usage.Started {
			m.of(v.owner).duplicate++
			s = nil
		}
		if s == nil {
			m.of(v.owner).opened++
			s = &modelSession{}
			m.active[key] = s
		}
		s.touched, s.started = now, s.started || v.activity == usage.Started
	}
}

func (m *sessionModel) counted(owner string) counts {
	c := *m.of(owner)
	for key := range m.active {
		if key[0] == owner {
			c.active++
		}
	}
	return c
}

// TestSessionsModel does random things to sessions and compares with the model;
// opened - closed = active after every step. It replays all of it on copies made
// at any time, and goes on from one.
func TestSessionsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 9))
	f := newFixtureOf(Options{SessionTTL: int64(5 * time.Minute), MaxSessions: 1000, Retention: int64(30 * time.Minute)})
	f.BeginExpiry(usage.Moment{})
	m := &sessionModel{ttl: 5 * time.Minute, active: map[[2]string]*modelSession{}, counts: map[string]*counts{}}
	owners := []string{"p", "q", "r", ""}
	now := time.Duration(0)
	var snapshots []snapshot
	random := func() {
		now += time.Duration(rng.IntN(40)) * time.Second
		v := told{0, owners[rng.IntN(len(owners))], string(rune('a' + rng.IntN(6))), usage.Activity(rng.IntN(4))}
		m.tell(now, v)
		f.tell(now, v)
	}
	for step := range 3000 {
		random()
		switch rng.IntN(200) {
		case 0:
			id := string(rune('a' + rng.IntN(6)))
			m.expire(now)
			f.expire(now, Taken{})
			for key := range m.active {
				if key[1] == id {
					m.of(key[0]).terminated++
					delete(m.active, key)
				}
			}
			f.Terminate(id, age(now))
		case 1:
			if len(snapshots) < 8 {
				snapshots = append(snapshots, f.snapshotAmid(rng, random))
			}
		}
		if rng.IntN(10) == 0 {
			m.expire(now)
			f.expire(now, Taken{}) // of series none may end: nobody has them
			for _, owner := range owners[:3] {
				require.Equal(t, m.counted(owner), f.sessionsOf(owner), "%s in step %d", owner, step)
			}
			require.Len(t, f.active(), len(m.active))
		}
		for _, r := range f.rows() {
			closed := int64(0)
			for _, n := range r.Closed {
				closed += n
			}
			require.Equal(t, r.Opened-closed, activeOf(f, r.Slot), "step %d", step)
		}
	}
	for _, s := range append(snapshots, snapshot{}) {
		requireReplay(t, f, s)
	}
}

func activeOf(f *fixture, owner uint32) (n int64) {
	for _, s := range f.active() {
		if s.Owner == owner {
			n++
		}
	}
	return n
}

// One ID at very many owners is somebody's mistake, or worse.
func TestSiblingsAreBounded(t *testing.T) {
	u := &untracked{}
	f := newFixtureOf(Options{SessionTTL: int64(time.Minute), MaxSessions: 10_000, Observer: u})
	f.BeginExpiry(usage.Moment{})
	for n := range maxSiblings + 10 {
		f.tell(0, told{0, fmt.Sprint("p", n), "same", usage.Succeeded})
	}
	assert.Equal(t, 10, u.n)
	f.tell(0, told{0, "p7", "same", usage.Ended})
	f.tell(0, told{0, "p255", "same", usage.Ended})
	f.tell(0, told{0, "p0", "same", usage.Ended})
	assert.Equal(t, siblings{first: f.sessions.byID[f.hasher.Sum([]byte("same"))].first, count: maxSiblings - 3}, f.sessions.byID[f.hasher.Sum([]byte("same"))])
	f.tell(0, told{0, "", "same", usage.Ended})
	assert.Empty(t, f.active())
	assert.Empty(t, f.sessions.byID)
	assert.Empty(t, f.sessions.byKey)
	requireReplay(t, f, snapshot{})
}

// A session that began where owners share a series stays there.
func TestSessionStaysInTheOverflow(t *testing.T) {
	f := newFixtureOf(Options{SessionTTL: int64(time.Minute), MaxSessions: 10, Limits: Limits{MaxSeries: 1}, Retention: int64(5 * time.Minute)})
	f.BeginExpiry(usage.Moment{})
	f.tell(0, told{0, "p", "x", usage.Failed})
	for at := time.Duration(0); at < 10*time.Minute; at += 30 * time.Second {
		f.tell(at, told{0, "q", "a", usage.Succeeded})
		f.expire(at, all())
	}
	assert.Equal(t, [usage.Kinds]int{usage.Sessions: 1}, f.Stats().Series, "p is gone")
	assert.Equal(t, counts{opened: 1, active: 1}, f.sessionsOf("true"))
}

// Stored sessions that their owner does not know of are left out: I9.
func TestCraftedSessions_I9(t *testing.T) {
	f := newMortal()
	f.Forget()
	row := usage.Row{Slot: 0, Schema: f.ownersOf(usage.Provider), Values: []string{"provider", "p"}, Measures: usage.Measures{Opened: 5, Closed: [usage.CloseReasons]int64{4}}}
	require.NoError(t, f.Restore(&row))
	f.RestoreSessions([]usage.Session{{Owner: 0, ID: "a"}, {Owner: 0, ID: "b"}, {Owner: 7, ID: "c"}, {Owner: 1 << 30, ID: "d"}})
	f.Resume(0, usage.Totals{Slots: 1})
	f.BeginExpiry(usage.Moment{})
	assert.Len(t, f.active(), 1)
	f.expire(24*time.Hour, all())
	f.expire(48*time.Hour, all())
	assert.Empty(t, f.active())
	assert.Empty(t, f.rows())
}
