package engine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// fixture is an engine and what it handed to its journal.
type fixture struct {
	*Engine
	schemas   *usage.Schemas
	hasher    usage.Hasher
	endpoints *usage.Schema
	providers *usage.Schema
	commits   []usage.Commit
}

func newFixture() *fixture { return newFixtureOf(Options{}) }

func newFixtureOf(o Options) *fixture {
	f := &fixture{schemas: &usage.Schemas{}, hasher: usage.NewHasher()}
	f.endpoints = f.schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	f.providers = f.schemas.Intern(usage.Provider, usage.BaseNames(usage.Provider))
	o.Schemas, o.Hasher, o.Layout = f.schemas, f.hasher, usage.ExponentialLayout()
	o.Journal = func(c *usage.Commit) { f.commits = append(f.commits, clone(c)) }
	f.Engine = New(o)
	return f
}

// at is a moment of which only the wall clock matters.
func at(wall int64) usage.Moment { return usage.Moment{Wall: wall} }

// clone copies a commit, which the engine reuses.
func clone(c *usage.Commit) usage.Commit {
	out := *c
	out.Defined = slices.Clone(c.Defined)
	out.Deltas = slices.Clone(c.Deltas)
	out.Keys = slices.Clone(c.Keys)
	for i := range out.Deltas {
		d := &out.Deltas[i]
		d.Durations, d.FirstTokens = slices.Clone(d.Durations), slices.Clone(d.FirstTokens)
		d.DurationSpread, d.FirstTokenSpread = slices.Clone(d.DurationSpread), slices.Clone(d.FirstTokenSpread)
	}
	out.Expired, out.Sessions = slices.Clone(c.Expired), slices.Clone(c.Sessions)
	out.Choices, out.Calls, out.Streams = slices.Clone(c.Choices), slices.Clone(c.Calls), slices.Clone(c.Streams)
	return out
}

func (f *fixture) key(schema *usage.Schema, values ...string) []byte {
	var k usage.KeyBuilder
	k.Reset(schema)
	for _, v := range values {
		k.Value(v)
	}
	return k.Bytes()
}

func (f *fixture) batch() *usage.Batch { return usage.NewBatch(f.hasher) }

func (f *fixture) rows() []usage.Row {
	rows, _, _ := f.Rows(nil, 0, 1<<20)
	return rows
}

func TestSeriesStartAfterEveryExport(t *testing.T) {
	f := newFixture()
	tick := f.Tick(at(1000)).Wall
	b := f.batch()
	g, _ := b.Group(f.key(f.endpoints, "s", "http", "GET /"), 0, 0)
	b.Add(usage.Record{Group: g}, 0)
	f.Commit(b, at(10)) // the wall clock stepped back
	start := f.rows()[0].Start
	assert.Greater(t, start, tick)
	assert.Greater(t, f.Tick(at(10)).Wall, start)
}

func TestInferenceShadowsItsTransport(t *testing.T) {
	f := newFixture()
	claim := usage.AppendClaim(nil, "app", "openai")
	transport := func(b *usage.Batch) {
		g, added := b.Group(f.key(f.providers, "app", "api.openai.com", "http", "", "POST"), 0, 0)
		if added {
			b.Shadow(g, claim)
		}
		b.Add(usage.Record{Group: g}, 0)
	}
	b := f.batch()
	transport(b)
	f.Commit(b, at(1))
	assert.Len(t, f.rows(), 1, "before any inference it is a provider like others")

	b = f.batch()
	transport(b)
	g, _ := b.Group(f.key(f.providers, "app", "openai", usage.GenAI, "m", "chat"), 0, 0)
	b.Add(usage.Record{Group: g}, 0)
	transport(b)
	f.Commit(b, at(2))
	rows := f.rows()
	require.Len(t, rows, 2)
	assert.Equal(t, int64(1), rows[0].TotalRequests())
	assert.Equal(t, usage.Ledger{usage.Counted: 2, usage.SkippedInferenceHTTP: 2}, f.Stats().Ledgers[usage.Traces])
}

// TestModel commits random batches and compares with a map, then replays what
// was journalled on top of a snapshot taken at every possible moment.
func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	f := newFixture()
	want := map[string]usage.Measures{}
	var snapshots []snapshot
	for now := range int64(60) {
		b := f.batch()
		for range rng.IntN(30) {
			f.addRandom(rng, b, want)
		}
		f.Commit(b, at(now))
		if rng.IntN(4) == 0 {
			snapshots = append(snapshots, f.snapshot(rng))
		}
	}
	requireModel(t, want, f.rows())
	for _, s := range append(snapshots, snapshot{}) {
		requireReplay(t, f, s)
	}
}

func (f *fixture) addRandom(rng *rand.Rand, b *usage.Batch, want map[string]usage.Measures) {
	name := fmt.Sprint(rng.IntN(40))
	key := f.key(f.endpoints, "s", "http", name)
	if rng.IntN(2) == 0 {
		key = f.key(f.providers, "s", name, "db", "", "q")
	}
	g, _ := b.Group(key, rng.Int64N(3)*3600, 0)
	r := usage.Record{Group: g, Outcome: usage.Outcome(rng.IntN(usage.Outcomes)), Duration: rng.Int64N(1e10), RequestBytes: rng.Int64N(9)}
	r.Bucket = f.options.Layout.Bucket(r.Duration)
	b.Add(r, 0)
	m := want[string(key)]
	m.Requests[r.Outcome]++
	m.Duration += r.Duration
	m.RequestBytes += r.RequestBytes
	want[string(key)] = m
}

// snapshot is a copy made in parts, with commits between them.
type snapshot struct {
	base     uint64
	rows     []usage.Row
	retired  []usage.Retired
	choices  []usage.Choice
	calls    []usage.Call
	streams  []usage.Stream
	sessions []usage.Session
	detached []usage.HourRow
	imported []usage.Imported
	totals   usage.Totals
}

func (f *fixture) snapshot(rng *rand.Rand) snapshot {
	return f.snapshotAmid(rng, func() {
		b := f.batch()
		g, _ := b.Group(f.key(f.endpoints, "between", "http", fmt.Sprint(rng.IntN(3))), 0, 0)
		b.Add(usage.Record{Group: g}, 0)
		if rng.IntN(2) == 0 && len(f.commits) < 500 {
			f.Commit(b, at(0))
		}
	})
}

// snapshotAmid copies in parts and calls between after each.
func (f *fixture) snapshotAmid(rng *rand.Rand, between func()) snapshot {
	s := snapshot{base: f.Stats().Seq}
	for from, more := uint32(0), true; more; between() {
		s.rows, from, more = f.StoredRows(s.rows, from, 1+rng.IntN(10))
	}
	for more := true; more; between() {
		s.choices, more = f.Choices(s.choices, len(s.choices), 1+rng.IntN(10))
	}
	for from, more := uint64(0), true; more; between() {
		s.calls, from, more = f.Calls(s.calls, from, 1+rng.IntN(10))
	}
	for from, more := 0, true; more; between() {
		s.streams, from, more = f.Streams(s.streams, from, 1+rng.IntN(10))
	}
	for from, more := 0, true; more; between() {
		s.sessions, from, more = f.Sessions(s.sessions, from, 1+rng.IntN(10))
	}
	for more := true; more; between() {
		s.detached, more = f.Detached(s.detached, len(s.detached), 1+rng.IntN(10))
	}
	s.imported, _ = f.Imported(nil, 0, 1<<20)
	s.retired, _ = f.Retired(nil, 0, 1<<20)
	s.totals = f.Totals()
	return s
}

// restore fills an engine from a snapshot.
func (s *snapshot) restore(t *testing.T, e *Engine) {
	t.Helper()
	for i := range s.rows {
		require.NoError(t, e.Restore(&s.rows[i]))
	}
	for i := range s.retired {
		require.NoError(t, e.RestoreRetired(&s.retired[i]))
	}
	e.RestoreSessions(s.sessions)
	e.RestoreChoices(s.choices)
	e.RestoreCalls(s.calls)
	e.RestoreStreams(s.streams)
	require.NoError(t, e.RestoreDetached(s.detached))
	require.NoError(t, e.RestoreImported(s.imported))
	e.Resume(s.base, s.totals)
}

func requireModel(t *testing.T, want map[string]usage.Measures, rows []usage.Row) {
	t.Helper()
	found := 0
	var k usage.KeyBuilder
	for _, r := range rows {
		if r.Values[0] == "between" {
			continue
		}
		k.Reset(r.Schema)
		for _, v := range r.Values {
			k.Value(v)
		}
		require.Equal(t, want[string(k.Bytes())], r.Measures, "%v", r.Values)
		require.Equal(t, uint64(r.TotalRequests()), r.Durations.Count())
		found++
	}
	require.Len(t, want, found)
}

func requireReplay(t *testing.T, f *fixture, s snapshot) {
	t.Helper()
	o := f.options
	o.Journal, o.Dedup, o.Observer = nil, nil, nil
	e := New(o)
	s.restore(t, e)
	for i := range f.commits {
		if f.commits[i].Seq > s.base {
			c := clone(&f.commits[i])
			require.NoError(t, e.Replay(&c))
		}
	}
	e.BeginExpiry(usage.Moment{})
	again := &fixture{Engine: e}
	require.Equal(t, f.rows(), again.rows())
	require.Equal(t, f.ended(), again.ended())
	require.Equal(t, f.active(), again.active())
	require.Equal(t, f.Stats(), e.Stats())
	require.Equal(t, f.once(), (&fixture{Engine: e}).once())
}

// ended are the retired rows, by identity: their order depends on when a snapshot
// was taken.
func (f *fixture) ended() map[string]usage.Measures {
	ended := map[string]usage.Measures{}
	rows, _ := f.Retired(nil, 0, 1<<20)
	for _, r := range rows {
		ended[fmt.Sprint(r.Schema.Kind, r.Values)] = r.Measures
	}
	return ended
}

// active are the active sessions, by owner and ID.
func (f *fixture) active() []usage.Session {
	open, _, _ := f.Sessions(nil, 0, 1<<20)
	slices.SortFunc(open, func(a, b usage.Session) int { return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.ID, b.ID)) })
	return open
}

// remembered is all by which one call counts once.
type remembered struct {
	choices          []usage.Choice
	calls            []usage.Call
	streams          []usage.Stream // in the order in which they would be forgotten
	since, forgotten int64
}

func (f *fixture) once() (r remembered) {
	r.choices, _ = f.Choices(nil, 0, 1<<20)
	r.calls, _, _ = f.Calls(nil, 0, 1<<20)
	r.streams, _, _ = f.Streams(nil, 0, 1<<20)
	slices.SortFunc(r.streams, func(a, b usage.Stream) int { return cmp.Compare(a.Touched, b.Touched) })
	for i := range r.streams {
		r.streams[i].Touched = 0 // numbers do not stay, their order does
	}
	totals := f.Totals()
	r.since, r.forgotten = totals.Since, totals.Forgotten
	return r
}

func TestReplayRefusesWhatCannotBe(t *testing.T) {
	f := newFixture()
	def := usage.Definition{Slot: 0, Schema: f.endpoints, Values: []string{"s", "http", "GET /"}}
	second := usage.Definition{Slot: 1, Schema: f.endpoints, Values: []string{"s", "http", "GET /"}}
	explicit := New(Options{Schemas: f.schemas, Hasher: f.hasher, Layout: usage.ExplicitLayout([]time.Duration{1})})
	for name, c := range map[string]struct {
		engine *Engine
		commit usage.Commit
		want   string
	}{
		"gap":           {f.Engine, usage.Commit{Seq: 2}, "commit 2 follows commit 0"},
		"undefined":     {f.Engine, usage.Commit{Seq: 1, Deltas: []usage.Delta{{Slot: 7}}}, "commit 1: series 7 is not defined"},
		"slot":          {New(f.options), usage.Commit{Seq: 1, Defined: []usage.Definition{second}}, "commit 1: series 1 is defined where series 0 was due"},
		"same identity": {New(f.options), usage.Commit{Seq: 1, Defined: []usage.Definition{def, second}}, "commit 1: series 0 and 1 have the same identity"},
		"bucket": {
			explicit,
			usage.Commit{Seq: 1, Defined: []usage.Definition{def}, Deltas: []usage.Delta{{Durations: []usage.Bucket{2}}}},
			"commit 1: series 0: bucket 2 is out of range",
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.EqualError(t, c.engine.Replay(&c.commit), c.want)
		})
	}
	row := usage.Row{Schema: f.endpoints, Values: def.Values, Durations: usage.Distribution{Counts: []uint64{1, 2, 3}}}
	fresh := New(explicit.options)
	assert.EqualError(t, fresh.Restore(&row), "series 0: bucket 2 is out of range")
}

// However many hours a batch is of, and whatever is late.
func TestCommitDoesNotAllocate(t *testing.T) {
	f := newFixture()
	f.options.Journal = nil
	b := f.batch()
	keys := [][]byte{
		f.key(f.endpoints, "s", "http", "GET /a"), f.key(f.endpoints, "s", "http", "GET /b"), f.key(f.providers, "s", "p", "db", "", "q"),
	}
	commit := func() {
		b.Reset()
		for _, key := range keys {
			for hour := range int64(3) {
				g, _ := b.Group(key, hour*secondsPerHour, 0)
				b.Add(usage.Record{Group: g, Duration: 5, Bucket: 3}, 0)
			}
		}
		f.Commit(b, at(secondsPerHour*1e9))
	}
	for range 300 { // the bucket counters have widened
		commit()
	}
	require.Len(t, f.OpenHours(), 2)
	assert.Zero(t, testing.AllocsPerRun(100, commit))
}
