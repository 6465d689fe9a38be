package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// TestInputNeverFalls sends wholes and parts in any order, in any batches: when
// all have arrived, input is what the wholes have beyond the parts, but for what
// is owed to the next one, and on the way it never fell, restarts and windows
// included.
func TestInputNeverFalls_I4(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 9))
	for round := range 200 {
		f := newFixture()
		points, want := randomParts(rng)
		var before, exported [usage.TokenTypes]int64
		for len(points) > 0 {
			n := 1 + rng.IntN(len(points))
			f.sendTogether(rng, points[:n])
			points = points[n:]
			var tokens [usage.TokenTypes]int64
			for _, row := range f.rows() { // none before there is anything
				tokens = row.Tokens
			}
			for i := range tokens {
				require.GreaterOrEqual(t, tokens[i], before[i], "round %d", round)
			}
			before = tokens
			if rng.IntN(3) == 0 {
				f.export(t, &exported)
			}
			if rng.IntN(3) == 0 {
				s := f.snapshotAmid(rng, func() {})
				requireReplay(t, f, s)
				e := New(f.options)
				s.restore(t, e)
				f.Engine = e
			}
		}
		f.sendTogether(rng, []usage.Amount{{Value: usage.Value{Count: 1}, Calls: true, Field: -1}})
		row := f.rows()[0]
		due := row.Tokens
		due[usage.Input], due[usage.Output] = due[usage.Input]-row.InputOwed, due[usage.Output]-row.OutputOwed
		require.Equal(t, want, due, "round %d", round)
		for _, token := range []usage.TokenType{usage.Input, usage.Output} {
			f.sendTogether(rng, []usage.Amount{{Value: usage.Value{Sum: 10_000}, Field: usage.FieldTokens + usage.Field(token)}})
			want[token] += 10_000
		}
		row = f.rows()[0]
		require.Equal(t, want, row.Tokens, "round %d", round)
		require.Zero(t, row.InputOwed+row.OutputOwed)
		f.export(t, &exported)
		require.Equal(t, want, exported, "windows add up to it")
	}
}

// randomParts are points of calls, shuffled, and what they amount to.
func randomParts(rng *rand.Rand) (points []usage.Amount, want [usage.TokenTypes]int64) {
	add := func(token usage.TokenType, n int64, part bool) {
		points = append(points, usage.Amount{Value: usage.Value{Sum: n}, Field: usage.FieldTokens + usage.Field(token), Part: part})
	}
	for range 1 + rng.IntN(8) {
		var n [usage.TokenTypes]int64
		for i := range n {
			n[i] = rng.Int64N(100)
			want[i] += n[i]
		}
		add(usage.Input, n[usage.Input]+n[usage.CacheRead]+n[usage.CacheWrite], false)
		add(usage.CacheRead, n[usage.CacheRead], true)
		add(usage.CacheWrite, n[usage.CacheWrite], true)
		add(usage.Output, n[usage.Output]+n[usage.Reasoning], false)
		add(usage.Reasoning, n[usage.Reasoning], true)
	}
	rng.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	return points, want
}

// sendTogether commits points in one batch, in any hour.
func (f *fixture) sendTogether(rng *rand.Rand, points []usage.Amount) {
	b := f.batch()
	for _, a := range points {
		g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 3600*rng.Int64N(3), 0)
		b.Add(usage.Record{Group: g, Amount: b.AddAmount(a)}, 0)
	}
	f.Commit(b, at(1))
}

// export puts what has changed into a window.
func (f *fixture) export(t *testing.T, sum *[usage.TokenTypes]int64) {
	t.Helper()
	changes, _, _ := f.Changes(nil, 0, 10)
	require.NoError(t, f.Report(changes, f.Tick(at(1)).Wall))
	for i := range changes {
		require.Zero(t, changes[i].InputOwed+changes[i].OutputOwed, "is no counter")
		for n := range sum {
			sum[n] += changes[i].Tokens[n]
		}
	}
}

// priced is a point of tokens of Input at 1000 nano-USD each, or of a part of them at
// 100.
func priced(tokens int64, part bool) usage.Amount {
	if part {
		return usage.Amount{Value: usage.Value{Sum: tokens}, Field: usage.FieldTokens + usage.Field(usage.CacheRead), Part: true, Rate: 100e6}
	}
	return usage.Amount{Value: usage.Value{Sum: tokens}, Field: usage.FieldTokens + usage.Field(usage.Input), Rate: 1000e6}
}

// What is owed is taken off the price of what pays it, once: over hours of one
// batch, in any order, and whoever pays.
func TestWhatIsOwedWasPricedBefore(t *testing.T) {
	call := usage.Inference{
		Tokens: [usage.TokenTypes]int64{usage.Input: 200, usage.Output: 1}, TimeToFirstToken: -1,
		Cost: 200_000 + 4000, CostSource: usage.CostPriced, InputCost: 200_000, OutputCost: 4000,
	}
	free := call
	free.Cost, free.CostSource, free.InputCost, free.OutputCost = 77, usage.CostReported, 0, 0
	for name, c := range map[string]struct {
		batches [][]any // an Amount or an Inference each, in an hour of its own
		input   int64
		cost    int64
	}{
		"over an hour":                {[][]any{{priced(100, false)}, {priced(100, true)}, {priced(100, false), priced(100, false)}}, 200, 210_000},
		"over three hours":            {[][]any{{priced(100, true)}, {priced(70, false), priced(20, false), priced(40, false)}}, 30, 40_000},
		"part and whole of one batch": {[][]any{{priced(100, true), priced(70, false), priced(70, false)}}, 40, 50_000},
		"whole before its part":       {[][]any{{priced(70, false), priced(100, true), priced(70, false)}}, 70, 80_000},
		"paid by a call":              {[][]any{{priced(150, true)}, {call}}, 50, 15_000 + 50_000 + 4000},
		"paid by two calls":           {[][]any{{priced(250, true)}, {call, call}}, 150, 25_000 + 150_000 + 8000},
		"paid by a call that said":    {[][]any{{priced(150, true)}, {free}}, 50, 15_000},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			for _, batch := range c.batches {
				b := f.batch()
				for hour, v := range batch {
					g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 3600*int64(hour), 0)
					if a, ok := v.(usage.Amount); ok {
						b.Add(usage.Record{Group: g, Amount: b.AddAmount(a)}, 0)
					} else {
						b.Add(usage.Record{Group: g, Inference: b.AddInference(v.(usage.Inference))}, 0)
					}
				}
				f.Commit(b, at(1))
			}
			row := f.rows()[0]
			assert.Equal(t, []int64{c.input, c.cost}, []int64{row.Tokens[usage.Input], row.CostPriced})
			requireReplay(t, f, snapshot{})
			sum := int64(0)
			for i := range f.commits {
				for j := range f.commits[i].Deltas {
					sum += f.commits[i].Deltas[j].CostPriced
				}
			}
			assert.Equal(t, c.cost, sum, "as the journal has it")
		})
	}
}

// A part that comes before its whole changes no counter, hence is in no window.
func TestWhatIsOwedIsNotExported(t *testing.T) {
	f := newFixture()
	part := usage.Amount{Value: usage.Value{Sum: 0, Count: 1}, Calls: true, Field: usage.FieldTokens + usage.Field(usage.CacheRead), Part: true}
	f.send(part)
	changes, _, _ := f.Changes(nil, 0, 10)
	require.Len(t, changes, 1)
	require.NoError(t, f.Report(changes, 5))
	row := f.rows()[0]
	row.InputOwed, row.Seq = 7, row.Seq+1
	e := New(f.options)
	require.NoError(t, e.Restore(&row))
	changes, _, _ = e.Changes(nil, 0, 10)
	assert.Empty(t, changes)
}

func TestCostsAreKept(t *testing.T) {
	f := newFixture()
	b := f.batch()
	g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 0, 0)
	for _, call := range []usage.Inference{
		{Cost: 5, CostSource: usage.CostReported, TimeToFirstToken: -1},
		{Cost: 7, CostSource: usage.CostPriced, TimeToFirstToken: -1},
		{Cost: 9, CostSource: usage.CostUnknown, TimeToFirstToken: -1},
		{Cost: 9, TimeToFirstToken: -1},
	} {
		b.Add(usage.Record{Group: g, Inference: b.AddInference(call)}, 0)
	}
	f.Commit(b, at(1))
	row := f.rows()[0]
	assert.Equal(t, []int64{5, 7, 1}, []int64{row.CostReported, row.CostPriced, row.Unpriced})
	requireReplay(t, f, snapshot{})
	requireReplay(t, f, f.snapshotAmid(rand.New(rand.NewPCG(1, 1)), func() {}))
}

// The transport of inference calls may be told of in data points of many calls.
func TestShadowedPointsAreBookedAsPoints(t *testing.T) {
	f := newFixture()
	claim := usage.AppendClaim(nil, "app", "openai")
	b := f.batch()
	g, _ := b.Group(f.key(f.providers, "app", "openai", usage.GenAI, "m", "chat"), 0, 0)
	b.Add(usage.Record{Group: g}, 0)
	g, _ = b.Group(f.key(f.providers, "app", "api.openai.com", "http", "", "POST"), 0, 0)
	b.Shadow(g, claim)
	b.Add(usage.Record{Group: g, Amount: b.AddAmount(usage.Amount{Value: usage.Value{Count: 1000}, Calls: true, Field: -1})}, 0)
	b.Add(usage.Record{Group: g}, 0)
	f.Commit(b, at(1))
	assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.SkippedInferenceHTTP: 2}, b.Ledger)
}

// Committing inference calls allocates nothing but what is remembered of them.
func TestCommittingCallsDoesNotAllocate(t *testing.T) {
	f := newFixture()
	f.options.Journal = nil
	key := slices.Clone(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"))
	source, b, n := usage.AppendSource(nil, usage.Provider, "gen_ai", "tlm", "s"), f.batch(), uint64(0)
	commit := func() {
		b.Reset()
		g, _ := b.Group(key, 0, b.Source(source, 3))
		for range 10 {
			n++
			r := usage.Record{Group: g, Inference: b.AddInference(usage.Inference{TimeToFirstToken: -1})}
			b.AddCall(b.Add(r, 0), usage.Call{Self: n, Parent: n << 32, Twin: n << 40, Start: int64(n), End: int64(n) + 5})
		}
		f.Commit(b, at(1))
	}
	for range maxCalls / 10 * 3 {
		commit()
	}
	assert.Zero(t, testing.AllocsPerRun(100, commit))
}
