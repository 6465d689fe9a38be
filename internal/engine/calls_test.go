package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine/dedup"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// newDedupFixture remembers what was counted.
func newDedupFixture() *fixture {
	f := newFixture()
	f.options.Dedup = dedup.New(dedup.Options{Minutes: 10})
	return f
}

// call commits batches, one after the other, and returns how many of their calls
// are counted.
func (f *fixture) call(batches ...[]usage.Call) (counted int64) {
	for _, calls := range batches {
		b := f.batch()
		for _, c := range calls {
			g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 0, 0)
			b.AddCall(b.Add(usage.Record{Group: g}, 0), c)
		}
		f.Commit(b, at(1))
		counted += b.Ledger[usage.Counted]
	}
	return counted
}

func TestACallCountsOnceHoweverItShows(t *testing.T) {
	child := usage.Call{Self: 2, Parent: 1, Twin: 9, Start: 20, End: 30}
	parent := usage.Call{Self: 1, Parent: 7, Start: 10, End: 40}
	wrapper := usage.Call{Self: 5, Parent: 7, Twin: 9, Start: 15, End: 35}
	for name, c := range map[string]struct {
		batches [][]usage.Call
		want    int64
	}{
		"child first":                {[][]usage.Call{{child}, {parent}}, 1},
		"parent first":               {[][]usage.Call{{parent}, {child}}, 1},
		"in one batch":               {[][]usage.Call{{child, parent}}, 1},
		"a wrapper":                  {[][]usage.Call{{child}, {wrapper}}, 1},
		"a wrapper first":            {[][]usage.Call{{wrapper}, {child}}, 1},
		"all of them":                {[][]usage.Call{{child}, {wrapper, parent}}, 1},
		"side by side":               {[][]usage.Call{{child}, {{Self: 3, Parent: 1, Twin: 9, Start: 30, End: 40}}}, 2},
		"overlapping":                {[][]usage.Call{{child}, {{Self: 3, Parent: 1, Twin: 9, Start: 25, End: 40}}}, 2},
		"around, with other tokens":  {[][]usage.Call{{child}, {{Self: 5, Parent: 7, Twin: 8, Start: 15, End: 35}}}, 2},
		"the very same, for dedup":   {[][]usage.Call{{child}, {child}, {child}}, 3},
		"no hashes":                  {[][]usage.Call{{{Start: 1, End: 2}}, {{Start: 1, End: 2}, {}}}, 3},
		"zero is no parent":          {[][]usage.Call{{{Self: 1}}, {{Twin: 5}}, {{Self: 2}}}, 3},
		"what is nested hides none":  {[][]usage.Call{{child}, {parent}, {{Self: 7, Start: 5, End: 50}}}, 2},
		"nested, and its own parent": {[][]usage.Call{{child}, {parent}, {parent}, {child}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			assert.Equal(t, c.want, f.call(c.batches...))
			ledger := f.Stats().Ledgers[usage.Traces]
			assert.Equal(t, ledger.Received(), c.want+ledger[usage.SkippedNested])
			requireReplay(t, f, snapshot{})
		})
	}
}

func TestCallsAreBounded(t *testing.T) {
	var c calls
	for i := range uint64(maxCalls + 1000) {
		c.enter(&usage.Call{Self: i + 1, Parent: 1<<40 + i/2, Twin: 1 << 50, Start: int64(i), End: int64(i) + 1})
	}
	assert.Len(t, c.ring, maxCalls)
	assert.Equal(t, uint64(1000), c.gone)
	assert.False(t, c.shows(&usage.Call{Parent: 1000}), "forgotten")
	assert.True(t, c.shows(&usage.Call{Parent: 1001}))
	assert.False(t, c.shows(&usage.Call{Self: 1<<40 + 499}))
	assert.True(t, c.shows(&usage.Call{Self: 1<<40 + 500}))
	newest := int64(maxCalls + 999)
	assert.True(t, c.shows(&usage.Call{Twin: 1 << 50, Start: newest - 5, End: newest}))
	assert.False(t, c.shows(&usage.Call{Twin: 1 << 50, Start: newest - 500, End: newest - 490}), "too many alike to look at all")
	_, next, more := (&Engine{calls: c}).Calls(nil, 17, 10)
	assert.Equal(t, uint64(1010), next, "what is gone is left out")
	assert.True(t, more)
}

// TestCallsModel counts random calls and compares with looking at all of them;
// then it replays them on top of a copy made at any time.
func TestCallsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	f := newFixture()
	var counted []usage.Call
	var want, got int64
	var snapshots []snapshot
	commit := func() {
		c := usage.Call{Self: rng.Uint64N(300), Parent: rng.Uint64N(300), Twin: rng.Uint64N(100), Response: rng.Uint64N(3), Start: rng.Int64N(50)}
		c.End = c.Start + rng.Int64N(50)
		switch again := entered(counted, &c); {
		case again: // whatever else it says now
			want++
		case !shown(counted, &c):
			want++
			counted = append(counted, c)
		}
		got += f.call([]usage.Call{c})
		require.Equal(t, want, got)
	}
	for range 400 {
		commit()
		if rng.IntN(100) == 0 {
			snapshots = append(snapshots, f.snapshotAmid(rng, commit))
		}
	}
	for _, s := range append(snapshots, snapshot{}) {
		requireReplay(t, f, s)
	}
}

// entered is calls.has, without any index.
func entered(counted []usage.Call, c *usage.Call) bool {
	return slices.ContainsFunc(counted, func(o usage.Call) bool {
		return o.Self == c.Self && o.Start == c.Start && o.End == c.End && (c.Self != 0 || o == *c)
	})
}

// shown is calls.shows, without any index.
func shown(counted []usage.Call, c *usage.Call) bool {
	for i := range counted {
		o := &counted[i]
		if c.Self != 0 && o.Parent == c.Self || c.Parent != 0 && o.Self == c.Parent ||
			c.Twin != 0 && o.Twin == c.Twin && (o.Contains(c) || c.Contains(o)) && !sideBySide(o, c) {
			return true
		}
	}
	return false
}

// sideBySide says whether calls with the same tokens are two for certain.
func sideBySide(a, b *usage.Call) bool {
	return a.Parent != 0 && a.Parent == b.Parent || a.Response != 0 && b.Response != 0 && a.Response != b.Response
}

// TestForgottenCallsModel enters more calls than are remembered, with numbers that
// pass four billion on the way, and compares with maps of where each hash was last.
func TestForgottenCallsModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 9))
	const begin = 1<<32 - maxCalls
	table := calls{newest: begin, gone: begin}
	spans := make([]uint64, 2*maxCalls)
	for i := range spans {
		spans[i] = rng.Uint64()
	}
	selves, parents := map[uint64]int{}, map[uint64]int{}
	found := 0
	for n := range 3 * maxCalls {
		known := func(last map[uint64]int, span uint64) bool {
			at, ok := last[span]
			return ok && at >= n-maxCalls
		}
		c := usage.Call{Self: spans[rng.IntN(len(spans))], Parent: spans[rng.IntN(len(spans))], Start: int64(n), End: int64(n)}
		want := known(parents, c.Self) || known(selves, c.Parent)
		if table.shows(&c) != want || table.has(&c) {
			require.Fail(t, "another answer than expected", "call %d: %t", n, want)
		}
		if want {
			found++
		}
		table.add(&c)
		if !table.has(&c) {
			require.Fail(t, "not there", "call %d", n)
		}
		selves[c.Self], parents[c.Parent] = n, n
	}
	assert.Greater(t, found, maxCalls)
	assert.Equal(t, uint64(begin+2*maxCalls), table.gone)
}
