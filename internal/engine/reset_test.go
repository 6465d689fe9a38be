package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// stocked is an engine with live and retired series of two providers and endpoints, and
// a session of each provider.
func stocked(t *testing.T) *fixture {
	t.Helper()
	f := newFixtureOf(Options{Retention: int64(10 * time.Minute), SessionTTL: int64(time.Hour), MaxSessions: 10, Dedup: dedup.New(dedup.Options{Minutes: 60, MaxBytes: 1 << 20})})
	f.BeginExpiry(usage.Moment{})
	for _, at := range []time.Duration{0, 20 * time.Minute} {
		b := f.batch()
		for i, provider := range []string{"openai", "cohere"} {
			g, _ := b.Group(f.key(f.providers, "app", provider, usage.GenAI, at.String(), "chat"), 0, 0)
			b.Add(usage.Record{Group: g}, uint64(at)+uint64(i)+1)
		}
		g, _ := b.Group(f.key(f.endpoints, "app", "http", at.String()), 0, 0)
		b.Add(usage.Record{Group: g}, 0)
		f.Commit(b, age(at))
		if at == 0 {
			f.expire(11*time.Minute, all())
		}
	}
	f.tell(20*time.Minute, told{0, "openai", "a", usage.Started})
	f.tell(20*time.Minute, told{0, "cohere", "b", usage.Started})
	ended, _ := f.Retired(nil, 0, 100)
	require.Len(t, ended, 3)
	require.Len(t, f.rows(), 5)
	f.commits = f.commits[:0]
	return f
}

func TestResetRemovesItsScope_A_F27(t *testing.T) {
	for name, c := range map[string]struct {
		scope                          usage.Scope
		removed                        int
		providers, endpoints, sessions int64 // requests, and sessions opened
	}{
		"everything":     {usage.Scope{}, 8, 0, 0, 0},
		"a provider":     {usage.Scope{Attribute: usage.AttrProvider, Value: "openai"}, 3, 2, 2, 1},
		"a service":      {usage.Scope{Attribute: usage.AttrService, Value: "app"}, 6, 0, 0, 2},
		"an endpoint":    {usage.Scope{Attribute: usage.AttrEndpoint, Value: "0s"}, 1, 4, 1, 2},
		"nothing":        {usage.Scope{Attribute: usage.AttrProvider, Value: "open"}, 0, 4, 2, 2},
		"no such name":   {usage.Scope{Attribute: "usage", Value: "openai"}, 0, 4, 2, 2},
		"sessions alone": {usage.Scope{Attribute: usage.AttrKind, Value: "provider"}, 2, 4, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := stocked(t)
			copied := f.snapshotAmid(rand.New(rand.NewPCG(1, 1)), func() {})
			rows, seq := f.Reset(age(21*time.Minute), c.scope)
			assert.Equal(t, c.removed, rows)
			assert.Equal(t, f.Stats().Seq, seq)
			sums := counted(f.Engine)
			providers, endpoints := sums[usage.Provider], sums[usage.Endpoint]
			assert.Equal(t, []int64{c.providers, c.endpoints, c.sessions}, []int64{providers.TotalRequests(), endpoints.TotalRequests(), sums[usage.Sessions].Opened})
			assert.Equal(t, int(c.sessions), f.Stats().Sessions)
			requireBalanced(t, f)

			require.Len(t, f.commits, 1, "it is one record")
			assert.Equal(t, &c.scope, f.commits[0].Reset)
			assert.Empty(t, f.commits[0].Deltas)
			requireReplay(t, f, copied)

			rows, _ = f.Reset(age(22*time.Minute), c.scope)
			assert.Zero(t, rows, "nothing is left of it")
		})
	}
}

// What was reset stays counted: records that are sent again are duplicates, an import
// that is repeated adds nothing.
func TestResetKeepsWhatDecidesWhatCounts_A_F27(t *testing.T) {
	f := stocked(t)
	known := usage.Imported{Writer: "w", HistoryRow: usage.HistoryRow{Schema: f.endpoints, Values: []string{"x", "http", "y"}, Measures: usage.Measures{Requests: [usage.Outcomes]int64{9}}}}
	f.Import([]usage.Imported{known}, []usage.HistoryRow{known.HistoryRow}, nil, nil)
	f.Reset(age(21*time.Minute), usage.Scope{})
	b := f.batch()
	g, _ := b.Group(f.key(f.providers, "app", "openai", usage.GenAI, "m", "chat"), 0, 0)
	b.Add(usage.Record{Group: g}, 1)
	f.Commit(b, age(21*time.Minute))
	assert.Empty(t, f.rows())
	assert.Equal(t, known.Measures, f.Highest(&known))
}

// Claims end with the series of a provider: its transport counts again until there is
// inference.
func TestResetEndsClaims(t *testing.T) {
	f := stocked(t)
	require.Len(t, f.claims, 2)
	f.Reset(age(21*time.Minute), usage.Scope{Attribute: usage.AttrProvider, Value: "openai"})
	assert.Equal(t, map[string]int{string(usage.AppendClaim(nil, "app", "cohere")): 2}, f.claims)
	f.Reset(age(21*time.Minute), usage.Scope{})
	assert.Empty(t, f.claims)
}

// The slot of a removed series is taken by another one, which ends once, when it is due,
// and begins after the last export.
func TestSeriesAfterReset(t *testing.T) {
	f := stocked(t)
	copied := f.snapshotAmid(rand.New(rand.NewPCG(1, 1)), func() {})
	tick := f.Tick(age(21 * time.Minute)).Wall
	f.Reset(age(21*time.Minute), usage.Scope{})
	f.hit(21*time.Minute, "a", "b", "c", "d", "e", "f")
	for _, r := range f.rows() {
		assert.Greater(t, r.Start, tick)
	}
	f.expire(30*time.Minute, all())
	assert.Len(t, f.rows(), 6)
	f.expire(32*time.Minute, all())
	assert.Empty(t, f.rows())
	assert.Equal(t, [usage.Kinds]int{}, f.Stats().Series)
	requireBalanced(t, f)
	requireReplay(t, f, copied)
}

// A session of another owner is not counted for whoever has the slot now.
func TestSessionsAfterReset(t *testing.T) {
	f := stocked(t)
	f.Reset(age(21*time.Minute), usage.Scope{Attribute: usage.AttrProvider, Value: "openai"})
	f.hit(21*time.Minute, "a", "b", "c")
	assert.Zero(t, f.Terminate("a", age(22*time.Minute)))
	assert.Equal(t, 1, f.Terminate("b", age(22*time.Minute)))
	assert.Equal(t, counts{opened: 1, terminated: 1}, f.sessionsOf("cohere"))
}

// Files do not change: a reset is noted beside them, for those that were there.
func TestResetOfFiles_A_F27(t *testing.T) {
	scope := usage.Scope{Attribute: usage.AttrService, Value: "app"}
	file := func(number uint64) usage.HistoryFile {
		return usage.HistoryFile{Number: number, Period: usage.Period{Start: int64(number) * 3600, End: int64(number+1) * 3600}, Sums: [usage.Kinds]usage.Measures{{RequestBytes: 1}}}
	}
	f := newFixture()
	f.ReplaceFiles(nil, []usage.HistoryFile{file(3), file(4)})
	f.Reset(at(1), scope)
	f.ReplaceFiles(nil, []usage.HistoryFile{file(5)})
	f.Reset(at(1), usage.Scope{Attribute: usage.AttrService, Value: "other"})
	assert.Equal(t, []usage.Erased{{Scope: usage.Scope{Attribute: usage.AttrService, Value: "other"}, Through: 5}, {Scope: scope, Through: 4}}, f.History().Erased)
	f.Reset(at(1), scope)
	assert.Equal(t, []usage.Erased{{Scope: scope, Through: 5}, {Scope: usage.Scope{Attribute: usage.AttrService, Value: "other"}, Through: 5}}, f.History().Erased, "again")
	assert.False(t, f.History().Inexact)

	f.ReplaceFiles([]uint64{3, 4, 5}, []usage.HistoryFile{file(6)})
	assert.Empty(t, f.History().Erased, "no file needs them")
	f.Reset(at(1), scope)
	f.DropFiles([]uint64{6})
	assert.True(t, f.History().Inexact, "of what is gone a part was reset")
	assert.Equal(t, int64(1), f.History().Gone[usage.Endpoint].RequestBytes)
	f.ReplaceFiles(nil, []usage.HistoryFile{file(7)})
	f.Reset(at(1), usage.Scope{})
	assert.Empty(t, f.History().Files)
	assert.Empty(t, f.History().Erased)
	assert.Empty(t, f.History().Gone)
	assert.False(t, f.History().Inexact)
}

// What has no identity any more cannot be reset with those that have it.
func TestResetsThatCannotBeToldApart(t *testing.T) {
	provider, tenant := usage.Scope{Attribute: usage.AttrProvider, Value: "openai"}, usage.Scope{Attribute: "tenant.id", Value: "a"}
	for name, c := range map[string]struct {
		before func(*fixture)
		scope  usage.Scope
		want   bool
	}{
		"all is known":           {func(*fixture) {}, provider, false},
		"something is gone":      {func(f *fixture) { f.DropHours(1 << 62) }, provider, true},
		"but all of it is reset": {func(f *fixture) { f.DropHours(1 << 62) }, usage.Scope{}, false},
		"a dimension that ended": {func(*fixture) {}, tenant, true},
		"nothing has ended":      {func(f *fixture) { f.Reset(age(20*time.Minute), usage.Scope{}) }, tenant, false},
		"an overflow":            {func(f *fixture) { f.overflow(usage.Endpoint) }, provider, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := stocked(t)
			c.before(f)
			f.Reset(age(21*time.Minute), c.scope)
			assert.Equal(t, c.want, f.History().Inexact)
		})
	}
}
