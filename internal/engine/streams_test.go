package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// since is when the engines of these tests began.
const since = 1000

func newStreamFixture() *fixture {
	f := newFixture()
	f.options.Since = since
	f.Forget()
	return f
}

// point is a data point of stream 1 that counts calls and their durations.
func point(start, at, sum, count int64, spread ...usage.BucketCount) usage.Amount {
	return usage.Amount{
		Value: usage.Value{Sum: sum, Count: count, Spread: spread}, Stream: 1, Start: start, Time: at,
		Calls: true, Field: usage.FieldDuration,
	}
}

// send commits data points of one series, each in a batch of its own, and returns
// the verdicts.
func (f *fixture) send(points ...usage.Amount) (verdicts []usage.Verdict) {
	for _, a := range points {
		b := f.batch()
		g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 0, 0)
		b.Add(usage.Record{Group: g, Amount: b.AddAmount(a)}, 0)
		f.Commit(b, at(1))
		for v, n := range b.Ledger {
			if n > 0 {
				verdicts = append(verdicts, usage.Verdict(v))
			}
		}
	}
	return verdicts
}

func TestPointsOfCumulativeStreams(t *testing.T) {
	verdicts := func(v ...usage.Verdict) []usage.Verdict { return v }
	const counted, duplicate, baseline = usage.Counted, usage.Duplicate, usage.SkippedBaseline
	for name, c := range map[string]struct {
		points []usage.Amount
		want   []usage.Verdict
		sum    int64
		count  int64
	}{
		"began later":         {[]usage.Amount{point(1000, 2000, 50, 5)}, verdicts(counted), 50, 5},
		"began before":        {[]usage.Amount{point(999, 2000, 50, 5)}, verdicts(baseline), 0, 0},
		"began who knows":     {[]usage.Amount{point(0, 2000, 50, 5)}, verdicts(baseline), 0, 0},
		"goes on":             {[]usage.Amount{point(1000, 2000, 50, 5), point(1000, 3000, 70, 6)}, verdicts(counted, counted), 70, 6},
		"goes on from a base": {[]usage.Amount{point(999, 2000, 50, 5), point(999, 3000, 70, 6)}, verdicts(baseline, counted), 20, 1},
		"other buckets":       {[]usage.Amount{point(1000, 2000, 50, 5, usage.BucketCount{Bucket: 1, Count: 5}), point(1000, 3000, 50, 5, usage.BucketCount{Bucket: 2, Count: 5})}, verdicts(counted, counted), 50, 5},
		"nothing new":         {[]usage.Amount{point(1000, 2000, 50, 5), point(1000, 3000, 50, 5)}, verdicts(counted, counted), 50, 5},
		"again":               {[]usage.Amount{point(1000, 2000, 50, 5), point(1000, 2000, 50, 5)}, verdicts(counted, duplicate), 50, 5},
		"out of order":        {[]usage.Amount{point(1000, 3000, 50, 5), point(1000, 2000, 40, 4), point(1000, 4000, 60, 6)}, verdicts(counted, duplicate, counted), 60, 6},
		"fallen":              {[]usage.Amount{point(1000, 2000, 50, 5), point(1000, 3000, 7, 1), point(1000, 4000, 9, 2)}, verdicts(counted, counted, counted), 59, 7},
		"fallen in number":    {[]usage.Amount{point(1000, 2000, 50, 5), point(1000, 3000, 60, 4)}, verdicts(counted, counted), 110, 9},
		"later start":         {[]usage.Amount{point(1000, 2000, 50, 5), point(2000, 3000, 70, 6)}, verdicts(counted, counted), 120, 11},
		"later start, inside": {[]usage.Amount{point(1000, 2000, 50, 5), point(1500, 3000, 70, 6)}, verdicts(counted, counted), 120, 11},
		"later start of old":  {[]usage.Amount{point(500, 2000, 50, 5), point(600, 3000, 70, 6)}, verdicts(baseline, counted), 70, 6},
		"earlier start":       {[]usage.Amount{point(2000, 3000, 50, 5), point(1500, 4000, 70, 6)}, verdicts(counted, duplicate), 50, 5},
		"start left out":      {[]usage.Amount{point(1000, 2000, 50, 5), point(0, 3000, 70, 6), point(1000, 4000, 80, 7)}, verdicts(counted, counted, counted), 80, 7},
		"start comes to it":   {[]usage.Amount{point(0, 2000, 50, 5), point(1000, 3000, 70, 6), point(1200, 4000, 1, 1)}, verdicts(baseline, counted, counted), 21, 2},
		"saturated":           {[]usage.Amount{point(1000, 2000, math.MaxInt64, 5), point(2000, 3000, math.MaxInt64, 6)}, verdicts(counted, counted), math.MaxInt64, 11},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStreamFixture()
			assert.Equal(t, c.want, f.send(c.points...))
			var got usage.Measures
			for _, r := range f.rows() {
				got.Add(&r.Measures)
			}
			assert.Equal(t, c.sum, got.Duration)
			assert.Equal(t, c.count, got.TotalRequests())
			requireReplay(t, f, f.empty())
		})
	}
}

// empty is a snapshot of before everything.
func (f *fixture) empty() snapshot {
	e := New(f.options)
	return snapshot{totals: e.Totals()}
}

func TestOnlyWhatCountsCanFall(t *testing.T) {
	f := newStreamFixture()
	tokens := func(at, sum, count int64) usage.Amount {
		a := point(1000, at, sum, count)
		a.Calls, a.Field = false, usage.FieldTokens
		return a
	}
	f.send(tokens(2000, 10, 7), tokens(3000, 15, 2))
	assert.Equal(t, int64(15), f.rows()[0].Tokens[usage.Input])
}

// Data points of one batch build on each other, and what is dropped for another
// reason is known all the same.
func TestStreamsGoOnUnderOtherSignals(t *testing.T) {
	f := newStreamFixture()
	send := func(rank usage.Rank, key uint64, points ...usage.Amount) usage.Ledger {
		b := f.batch()
		g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 0, b.Source([]byte("s"), rank))
		for _, a := range points {
			b.Add(usage.Record{Group: g, Amount: b.AddAmount(a)}, key)
		}
		f.Commit(b, at(1))
		return b.Ledger
	}
	assert.Equal(t, usage.Ledger{usage.Counted: 3}, send(5, 0, point(1000, 2000, 50, 5), point(1000, 3000, 60, 6), point(1000, 4000, 80, 8)))
	f.choices.set(usage.Choice{Source: "s", Rank: 3})
	assert.Equal(t, usage.Ledger{usage.SkippedDuplicateSignal: 1}, send(5, 0, point(1000, 5000, 90, 9)))
	f.choices.set(usage.Choice{Source: "s", Rank: 5})
	assert.Equal(t, usage.Ledger{usage.Counted: 1}, send(5, 0, point(1000, 6000, 100, 10)))
	assert.Equal(t, int64(9), f.rows()[0].TotalRequests(), "all but the one that another signal has billed")

	f.options.Dedup = newDedupFixture().options.Dedup
	send(5, 1, point(1000, 7000, 101, 11))
	before := f.once().streams
	assert.Equal(t, usage.Ledger{usage.Duplicate: 1}, send(5, 1, point(1000, 9000, 500, 50)))
	assert.Equal(t, before, f.once().streams, "a duplicate is not known any better")
}

func TestSpreadsOfDifferences(t *testing.T) {
	n := func(bucket usage.Bucket, count int64) usage.BucketCount {
		return usage.BucketCount{Bucket: bucket, Count: count}
	}
	mean := usage.ExponentialLayout().Bucket(10e9)
	first := []usage.BucketCount{n(5, 2), n(9, 0), n(1, 1), n(5, 1)}
	for name, c := range map[string]struct {
		spread []usage.BucketCount
		want   map[usage.Bucket]int64
	}{
		"bucket by bucket":  {[]usage.BucketCount{n(7, 1), n(5, 4), n(1, 1)}, map[usage.Bucket]int64{7: 1, 5: 1}},
		"a fallen one":      {[]usage.BucketCount{n(7, 4), n(5, 2)}, map[usage.Bucket]int64{mean: 2}},
		"one that is gone":  {[]usage.BucketCount{n(5, 6)}, map[usage.Bucket]int64{mean: 2}},
		"others altogether": {[]usage.BucketCount{n(20, 6)}, map[usage.Bucket]int64{mean: 2}},
		"not all of them":   {[]usage.BucketCount{n(1, 1), n(5, 4)}, map[usage.Bucket]int64{mean: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStreamFixture()
			given := append([]usage.BucketCount(nil), first...)
			f.send(point(1000, 2000, 100e9, 4, given...))
			given[0].Count = 99 // the batch is used again
			f.send(point(1000, 3000, 120e9, 6, c.spread...))
			want := []usage.Bucket{1, 5, 5, 5}
			for bucket, count := range c.want {
				for range count {
					want = append(want, bucket)
				}
			}
			assert.Equal(t, naive(f.options.Layout, want), f.rows()[0].Durations)
		})
	}
}

func TestObservationsInNumbers(t *testing.T) {
	f := newFixture()
	f.send(
		usage.Amount{Value: usage.Value{Sum: 5, Count: 3e9, Spread: []usage.BucketCount{{Bucket: 3, Count: 3e9}, {Bucket: usage.ZeroBucket, Count: 2}}}, Calls: true, Field: usage.FieldDuration},
		usage.Amount{Value: usage.Value{Sum: 7, Count: 70_000, Spread: []usage.BucketCount{{Bucket: 4, Count: 70_000}, {Bucket: 900}}}, Field: usage.FieldTimeToFirstToken},
		usage.Amount{Value: usage.Value{Spread: []usage.BucketCount{{Bucket: 4, Count: 1}}}, Field: usage.FieldTimeToFirstToken},
	)
	row := f.rows()[0]
	assert.Equal(t, int64(3e9), row.TotalRequests())
	assert.Equal(t, usage.Distribution{Zero: 2, Scale: usage.MaxScale, Offset: 3, Counts: []uint64{3e9}}, row.Durations)
	assert.Equal(t, usage.Distribution{Scale: usage.MaxScale, Offset: 4, Counts: []uint64{70_001}}, row.FirstTokens)
	assert.Equal(t, int64(7), row.TimeToFirstToken)
	requireReplay(t, f, snapshot{})
	huge := usage.Amount{Value: usage.Value{Spread: []usage.BucketCount{{Bucket: 3, Count: math.MaxInt64}, {Bucket: 4, Count: math.MaxInt64}}}, Field: usage.FieldDuration}
	f.send(huge, huge, huge)
	assert.Equal(t, []uint64{math.MaxInt64, math.MaxInt64}, f.rows()[0].Durations.Counts, "each bucket stops where requests do")
	durations := f.rows()[0].Durations
	assert.Equal(t, uint64(math.MaxUint64), durations.Count(), "and so does their sum, later")
}

// Calls whose times nobody knows are calls: so are those since a point that did not
// tell them, and nothing is counted twice when times are told again.
func TestTimesThatAreNotToldAreNotMadeUp(t *testing.T) {
	bucket := func(n int64) usage.BucketCount { return usage.BucketCount{Bucket: 7, Count: n} }
	untimed := func(start, at, count int64) usage.Amount {
		a := point(start, at, 0, count)
		a.Untimed = true
		return a
	}
	for name, c := range map[string]struct {
		points   []usage.Amount
		requests int64
		sum      int64
		observed uint64
	}{
		"a baseline":       {[]usage.Amount{untimed(999, 2000, 1000), point(999, 3000, 200e9, 1001, bucket(1001)), point(999, 4000, 201e9, 1003, bucket(1003))}, 3, 1e9, 2},
		"the first one":    {[]usage.Amount{untimed(1000, 2000, 4), point(1000, 3000, 5e9, 5, bucket(5)), point(1000, 4000, 6e9, 6, bucket(6))}, 6, 1e9, 1},
		"one between":      {[]usage.Amount{point(1000, 2000, 4e9, 4, bucket(4)), untimed(1000, 3000, 5), untimed(1000, 3500, 6), point(1000, 4000, 7e9, 7, bucket(7)), point(1000, 5000, 8e9, 8, bucket(8))}, 8, 5e9, 5},
		"one after resets": {[]usage.Amount{untimed(1000, 2000, 4), point(1000, 3000, 1e9, 1, bucket(1)), untimed(3000, 4000, 4), point(4000, 5000, 2e9, 2, bucket(2))}, 11, 3e9, 3},
		"never":            {[]usage.Amount{untimed(0, 2000, 4), untimed(0, 3000, 9)}, 5, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStreamFixture()
			f.send(c.points...)
			row := f.rows()[0]
			assert.Equal(t, []int64{c.requests, c.sum}, []int64{row.TotalRequests(), row.Duration})
			assert.Equal(t, c.observed, row.Durations.Count())
			requireReplay(t, f, f.empty())
		})
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStreams(since)
	for key := range uint64(maxStreams + 500) {
		s.put(&usage.Stream{Key: key, Start: int64(2000 + key)})
	}
	assert.Len(t, s.index, maxStreams)
	assert.Len(t, s.slots, maxStreams+2)
	assert.Nil(t, s.at(s.find(499)))
	assert.NotNil(t, s.at(s.find(500)))
	assert.Equal(t, int64(2499), s.forgotten)
	assert.False(t, s.begins(2499), "it may be one that was forgotten")
	assert.True(t, s.begins(2500))

	s = newStreams(0)
	for key := range uint64(10) {
		s.put(&usage.Stream{Key: key, Value: usage.Value{Spread: make([]usage.BucketCount, maxSpread/4)}})
	}
	assert.Len(t, s.index, 4)
	s.put(&usage.Stream{Key: 77, Value: usage.Value{Spread: make([]usage.BucketCount, maxSpread+1)}})
	assert.Empty(t, s.index)
	assert.Zero(t, s.spread)
}

// A stored key may be anything, even that of a slot which has no stream.
func TestExpectedStreamsMayBeForgotten(t *testing.T) {
	s := newStreams(since)
	s.put(&usage.Stream{Key: 5})
	s.forget(1)
	s.expected = 1
	s.put(&usage.Stream{})
	s.put(&usage.Stream{})
	assert.Equal(t, map[uint64]int32{0: 1}, s.index)
	assert.Empty(t, s.free)
	assert.Len(t, s.slots, 2)
}

// What was forgotten and comes back is not counted again.
func TestForgottenStreamsComeBack(t *testing.T) {
	f := newStreamFixture()
	f.streams.most = 3
	for round := range int64(3) {
		for key := range uint64(5) {
			a := point(1000+int64(key), 2000+round, 10+round, 1+round)
			a.Stream = key + 1
			f.send(a)
		}
	}
	rows := f.rows()
	assert.Equal(t, int64(5), rows[0].TotalRequests(), "each once, when it was new")
	assert.Equal(t, int64(10), f.Stats().Ledgers[usage.Traces][usage.SkippedBaseline])
	a := point(5000, 6000, 3, 1)
	a.Stream = 99
	assert.Equal(t, []usage.Verdict{usage.Counted}, f.send(a), "one that began behind all of them")
}

// naiveStream is what is known of a stream, or what its writer holds.
type naiveStream struct {
	start, time, sum, count int64
	spread                  map[usage.Bucket]int64
}

// streamModel is what random writers observe and send.
type streamModel struct {
	*fixture
	t       *testing.T
	rng     *rand.Rand
	writers []*writer
	sum     int64
	spread  map[usage.Bucket]int64
	now     int64
}

// writer is a process that observes durations and exports them, cumulatively.
type writer struct {
	key  uint64
	held naiveStream
	sent []usage.Amount
}

func (m *streamModel) point(w *writer) usage.Amount {
	m.now++
	a := point(w.held.start, m.now, w.held.sum, w.held.count)
	a.Stream = w.key
	for b, n := range w.held.spread {
		a.Spread = append(a.Spread, usage.BucketCount{Bucket: b, Count: n})
	}
	w.sent = append(w.sent, a)
	return a
}

// observe adds calls, all of which have to be counted in the end.
func (m *streamModel) observe(w *writer) {
	for range m.rng.IntN(5) {
		d := 1 + m.rng.Int64N(1<<40)
		b := m.options.Layout.Bucket(d)
		w.held.sum, w.held.count = w.held.sum+d, w.held.count+1
		w.held.spread[b]++
		m.sum += d
		m.spread[b]++
	}
}

// step lets a writer do something, and returns what it sends.
func (m *streamModel) step(w *writer) (sent []usage.Amount) {
	m.observe(w)
	switch n := m.rng.IntN(10); {
	case n < 5:
		sent = append(sent, m.point(w))
	case n < 6: // is lost, or late: a later point says it all
		m.point(w)
	case n < 7: // the last of a process
		sent = append(sent, m.point(w))
		m.now++
		w.held = naiveStream{start: m.now, spread: map[usage.Bucket]int64{}}
	}
	for len(w.sent) > 0 && m.rng.IntN(3) == 0 {
		sent = append(sent, w.sent[m.rng.IntN(len(w.sent))]) // again, or late
	}
	return sent
}

// commit counts what some writers send.
func (m *streamModel) commit() {
	b := m.batch()
	g, _ := b.Group(m.key(m.providers, "s", "openai", usage.GenAI, "m", "chat"), 0, 0)
	for range m.rng.IntN(6) {
		for _, a := range m.step(m.writers[m.rng.IntN(len(m.writers))]) {
			a.Spread = append([]usage.BucketCount(nil), a.Spread...)
			b.Add(usage.Record{Group: g, Amount: b.AddAmount(a)}, 0)
		}
	}
	m.Commit(b, at(0))
}

func (m *streamModel) finish() {
	for _, w := range m.writers {
		m.send(m.point(w))
	}
	var got usage.Measures
	for _, r := range m.rows() {
		got.Add(&r.Measures)
	}
	require.Equal(m.t, m.sum, got.Duration)
	var want []usage.Bucket
	for b, n := range m.spread {
		for range n {
			want = append(want, b)
		}
	}
	require.Equal(m.t, int64(len(want)), got.TotalRequests())
	require.Equal(m.t, naive(m.options.Layout, want), m.rows()[0].Durations)
}

// restart goes on in a new engine, from a snapshot that was copied while points
// came in, and the commits behind it.
func (m *streamModel) restart() {
	s := m.snapshotAmid(m.rng, m.commit)
	requireReplay(m.t, m.fixture, s)
	e := New(m.options)
	s.restore(m.t, e)
	for i := range m.commits {
		if m.commits[i].Seq > s.base {
			c := clone(&m.commits[i])
			require.NoError(m.t, e.Replay(&c))
		}
	}
	m.Engine = e
}

// TestStreamsAddUpToWhatWasObserved lets random writers send points again, late,
// not at all, and begin anew, and lets the engine restart: what was observed is
// what is counted.
func TestStreamsAddUpToWhatWasObserved(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := &streamModel{fixture: newStreamFixture(), t: t, rng: rand.New(rand.NewPCG(seed, 6)), spread: map[usage.Bucket]int64{}, now: since}
	for key := range uint64(30) {
		m.writers = append(m.writers, &writer{key: key + 1, held: naiveStream{start: since, spread: map[usage.Bucket]int64{}}})
	}
	for range 300 {
		m.commit()
		if m.rng.IntN(30) == 0 {
			m.restart()
		}
	}
	m.finish()
	requireReplay(t, m.fixture, m.empty())
}

// TestStreamRulesModel compares random points, of which many make no sense, with
// the rules written down naively. Streams are forgotten on the way, too.
func TestStreamRulesModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 7))
	f := newStreamFixture()
	known := map[uint64]*naiveStream{}
	var sum int64
	for i := range 3000 {
		a := point(rng.Int64N(3)*900, rng.Int64N(40), rng.Int64N(50), 0)
		a.Stream, a.Calls = 1+rng.Uint64N(200), false
		verdict, add := byTheBook(known, &a)
		if verdict == usage.Counted {
			sum += add
		}
		require.Equal(t, []usage.Verdict{verdict}, f.send(a), "point %d: %+v", i, a)
		if rows := f.rows(); len(rows) > 0 {
			require.Equal(t, sum, rows[0].Duration)
		}
	}
	requireReplay(t, f, f.empty())
}

func byTheBook(known map[uint64]*naiveStream, a *usage.Amount) (usage.Verdict, int64) {
	k := known[a.Stream]
	if k == nil {
		known[a.Stream] = &naiveStream{start: a.Start, time: a.Time, sum: a.Sum}
		if a.Start >= since {
			return usage.Counted, a.Sum
		}
		return usage.SkippedBaseline, 0
	}
	same := k.start == a.Start || k.start == 0 || a.Start == 0
	if same && a.Time <= k.time || !same && a.Start < k.start {
		return usage.Duplicate, 0
	}
	add := a.Sum
	if same && a.Sum >= k.sum {
		add -= k.sum
	}
	k.start, k.time, k.sum = max(k.start, a.Start), a.Time, a.Sum
	return usage.Counted, add
}

// TestForgettingIsReplayed forgets streams while snapshots are copied: what is
// known in the end does not depend on when the copy was made.
func TestForgettingIsReplayed(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 8))
	f := newStreamFixture()
	f.streams.most = 40
	var snapshots []snapshot
	now := int64(since + 1000)
	commit := func() {
		for range rng.IntN(10) {
			now++
			key := 1 + rng.Uint64N(50+rng.Uint64N(50))
			a := point(since+int64(key), now, now, 1)
			a.Stream = key
			f.send(a)
		}
	}
	for range 100 {
		commit()
		if rng.IntN(10) == 0 {
			snapshots = append(snapshots, f.snapshotAmid(rng, commit))
		}
	}
	snapshots = append(snapshots, f.snapshotAmid(rng, func() {}))
	for i := range snapshots {
		e := New(f.options)
		e.streams.most = f.streams.most
		snapshots[i].restore(t, e)
		for n := range f.commits {
			if c := clone(&f.commits[n]); c.Seq > snapshots[i].base {
				require.NoError(t, e.Replay(&c))
			}
		}
		require.Equal(t, f.once(), (&fixture{Engine: e}).once(), "snapshot %d", i)
	}
	assert.Greater(t, f.Stats().Ledgers[usage.Traces][usage.SkippedBaseline], int64(10))
	assert.Len(t, f.streams.index, 40, fmt.Sprint(f.streams.free))
}

// After a loss all series begin anew, but what was known of streams, calls and
// sources still holds: what was lost comes back with the next points.
func TestRetiringKeepsWhatMakesACallCountOnce(t *testing.T) {
	f := newStreamFixture()
	f.send(point(1000, 2000, 50, 5))
	f.call([]usage.Call{{Self: 1, Parent: 2}})
	f.say(t, "a", 5)
	before := f.once()
	f.Retire()
	assert.Equal(t, before, f.once())
	f.send(point(1000, 3000, 70, 6))
	assert.Equal(t, int64(1), f.rows()[0].TotalRequests())
	assert.Zero(t, f.call([]usage.Call{{Self: 2}}))
	assert.Nil(t, f.say(t, "a", 7))
	f.Forget()
	assert.Equal(t, remembered{since: since}, f.once())
}
