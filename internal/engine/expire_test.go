package engine

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// all is that the exits have everything.
func all() Taken { return Taken{Seq: math.MaxUint64} }

// age is a moment of the state's age; the wall clock goes along.
func age(d time.Duration) usage.Moment { return usage.Moment{Wall: 1e18 + int64(d), Age: int64(d)} }

// newMortal has series that end after ten minutes.
func newMortal() *fixture {
	f := newFixtureOf(Options{Retention: int64(10 * time.Minute), SessionTTL: int64(5 * time.Minute), MaxSessions: 1000})
	f.BeginExpiry(usage.Moment{})
	return f
}

// hit commits one request of each endpoint at an age.
func (f *fixture) hit(d time.Duration, endpoints ...string) {
	b := f.batch()
	for _, endpoint := range endpoints {
		g, _ := b.Group(f.key(f.endpoints, "shop", "http", endpoint), 0, 0)
		b.Add(usage.Record{Group: g, Bucket: usage.NoBucket}, 0)
	}
	f.Commit(b, age(d))
}

// expire ends what is due at an age.
func (f *fixture) expire(d time.Duration, taken Taken) {
	for f.Expire(age(d), taken) {
	}
}

func TestIdleSeriesEnd_B_F8_B_F9(t *testing.T) {
	f := newMortal()
	f.hit(0, "a", "b")
	f.hit(9*time.Minute, "b")
	f.expire(9*time.Minute+59*time.Second, all())
	assert.Len(t, f.rows(), 2, "inside the window everything is there")
	f.expire(10*time.Minute+time.Second, all())
	require.Len(t, f.rows(), 1)
	assert.Equal(t, "b", f.rows()[0].Values[2], "a request put it off")
	started := f.rows()[0].Start
	f.expire(18*time.Minute+59*time.Second, all())
	assert.Len(t, f.rows(), 1)
	f.expire(19*time.Minute+time.Second, all())
	assert.Empty(t, f.rows())
	assert.Equal(t, map[string]usage.Measures{
		"endpoint [shop http a]": {Requests: [usage.Outcomes]int64{1}},
		"endpoint [shop http b]": {Requests: [usage.Outcomes]int64{2}},
	}, f.ended(), "totals keep what they counted")
	f.hit(20*time.Minute, "b")
	require.Len(t, f.rows(), 1)
	assert.Equal(t, int64(1), f.rows()[0].TotalRequests())
	assert.Greater(t, f.rows()[0].Start, started, "what comes back begins anew")
	requireReplay(t, f, snapshot{})
}

func TestDimensionsEndInTheBaseIdentity(t *testing.T) {
	f := newMortal()
	f.serve(f.tenants(), "GET /a", "x", "y", "x")
	f.expire(time.Hour, all())
	assert.Equal(t, map[string]usage.Measures{"endpoint [shop http GET /a]": {Requests: [usage.Outcomes]int64{3}}}, f.ended())
}

func TestSeriesStayUntilTheyAreTaken(t *testing.T) {
	f := newMortal()
	f.hit(0, "a")
	f.hit(0, "b")
	f.expire(time.Hour, Taken{Seq: 1})
	require.Len(t, f.rows(), 1, "the first commit was exported, the second was not")
	assert.Equal(t, "b", f.rows()[0].Values[2])
	f.expire(2*time.Hour, Taken{Windows: true})
	require.Len(t, f.rows(), 1, "its changes are in no window")
	changes, _, _ := f.Changes(nil, 0, 10)
	require.NoError(t, f.Report(changes, 1))
	f.expire(3*time.Hour, Taken{Windows: true})
	assert.Empty(t, f.rows())
}

// A clock that stands still, or an age that jumps, ends what is due and no more.
func TestAgesMayJump(t *testing.T) {
	f := newMortal()
	for i := range 100 {
		f.hit(time.Duration(i)*time.Second, fmt.Sprint(i))
	}
	for range 10 {
		f.expire(99*time.Second, all())
	}
	assert.Len(t, f.rows(), 100)
	f.hit(1000*24*time.Hour, "late")
	f.expire(1000*24*time.Hour, all())
	assert.Len(t, f.rows(), 1)
}

func TestNothingEndsWithoutRetention(t *testing.T) {
	f := newFixture()
	f.BeginExpiry(usage.Moment{})
	f.hit(0, "a")
	f.expire(1000*24*time.Hour, all())
	assert.Len(t, f.rows(), 1)
}

// Restored series end when they would have.
func TestRetentionGoesOnAfterRestart(t *testing.T) {
	f := newMortal()
	f.hit(0, "a")
	f.hit(5*time.Minute, "b")
	rows := f.rows()
	again := newMortal()
	again.Forget()
	for i := range rows {
		rows[i].Schema = again.endpoints
		require.NoError(t, again.Restore(&rows[i]))
	}
	again.Resume(2, usage.Totals{Seq: 2, Moment: age(5 * time.Minute)})
	again.BeginExpiry(age(11 * time.Minute))
	again.expire(11*time.Minute, all())
	require.Len(t, again.rows(), 1)
	assert.Equal(t, "b", again.rows()[0].Values[2])
}

func TestRetiredRowsAreBounded(t *testing.T) {
	f := newFixtureOf(Options{Retention: int64(time.Minute), Limits: Limits{MaxSeries: 10}})
	f.BeginExpiry(usage.Moment{})
	for n := range 100 {
		f.hit(time.Duration(n)*time.Hour, fmt.Sprint(n))
		f.expire(time.Duration(n)*time.Hour+2*time.Minute, all())
	}
	assert.Len(t, f.ended(), 11)
	overflow := f.ended()["endpoint [true]"]
	assert.Equal(t, int64(90), overflow.TotalRequests())
	assert.LessOrEqual(t, len(f.table.slots), 2, "slots are used again")
	requireReplay(t, f, snapshot{})
}

// What has to stay is looked at once in a pass, however long the pass takes.
func TestPassEnds(t *testing.T) {
	f := newFixtureOf(Options{Retention: int64(time.Second), SessionTTL: int64(time.Hour), MaxSessions: 10})
	f.BeginExpiry(usage.Moment{})
	const series = 20 * looksPerLock
	for n := range series {
		f.hit(0, fmt.Sprint(n))
	}
	calls := 1
	for at := age(time.Hour); f.Expire(at, Taken{}); calls++ {
		f.hit(time.Hour+time.Duration(calls)*time.Minute, "busy") // the state ages meanwhile
		require.LessOrEqual(t, calls, series/looksPerLock+1)
	}
	assert.Len(t, f.rows(), series+1)
	f.expire(24*time.Hour, all())
	assert.Empty(t, f.rows())
}

func TestSlotsAreLeftOnce(t *testing.T) {
	f := newMortal()
	for n := range 100 {
		f.hit(time.Duration(n)*time.Hour, fmt.Sprint(n))
		f.expire(time.Duration(n)*time.Hour+11*time.Minute, all())
	}
	assert.Len(t, f.table.slots, 1)
	assert.Len(t, f.table.free, 1)
}

// A service's transport is skipped for as long as anything says that it calls models.
func TestClaimsAreKeptAndBounded(t *testing.T) {
	f := newFixtureOf(Options{Retention: int64(time.Minute), Limits: Limits{MaxSeries: 3}})
	f.BeginExpiry(usage.Moment{})
	call := func(at time.Duration, app string) {
		b := f.batch()
		h, _ := b.Group(f.key(f.providers, app, "openai", "http", "", "POST"), 0, 0)
		b.Shadow(h, usage.AppendClaim(nil, app, "openai"))
		b.Add(usage.Record{Group: h}, 0)
		g, _ := b.Group(f.key(f.providers, app, "openai", usage.GenAI, "m", "chat"), 0, 0)
		b.Add(usage.Record{Group: g}, 0)
		f.Commit(b, age(at))
	}
	for n := range 20 {
		at := time.Duration(n) * time.Hour
		call(at, fmt.Sprint("app", n))
		f.expire(at+2*time.Minute, all())
	}
	assert.Equal(t, usage.Ledger{usage.Counted: 20, usage.SkippedInferenceHTTP: 20}, f.Stats().Ledgers[usage.Traces])
	assert.LessOrEqual(t, len(f.claims), 3, "those of retired rows")
	requireReplay(t, f, snapshot{})
}

// Sources that fell silent make room, but not while a snapshot may be copied.
func TestSilentSourcesMakeRoom(t *testing.T) {
	f := newFixture()
	f.choices.age = 0
	for i := range maxChoices {
		f.choices.set(usage.Choice{Source: fmt.Sprint(i), Rank: 3})
	}
	f.choices.age = lapse + lapse/2
	assert.False(t, f.choices.wins([]byte("new"), 1))
	assert.Len(t, f.choices.list, maxChoices)
	f.Expire(usage.Moment{Age: lapse + lapse/2}, all())
	assert.True(t, f.choices.wins([]byte("new"), 1))
}

// Whoever looks at retired rows and then at series knows that none has gone from one to
// the other.
func TestSeriesThatLeaveAreCounted(t *testing.T) {
	f := newMortal()
	f.hit(0, "a", "b", "c")
	assert.Zero(t, f.Endings())
	f.hit(9*time.Minute, "b", "c")
	f.expire(10*time.Minute+time.Second, all())
	assert.Equal(t, uint64(1), f.Endings(), "a is idle")
	f.Reset(age(11*time.Minute), usage.Scope{Attribute: usage.AttrEndpoint, Value: "b"})
	assert.Equal(t, uint64(2), f.Endings(), "b is reset")
	f.Retire()
	assert.Equal(t, uint64(3), f.Endings(), "all end")
}
