package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// say commits one call of a source for each rank, in one batch, and returns the
// ranks that were billed.
func (f *fixture) say(t *testing.T, source string, ranks ...usage.Rank) (billed []usage.Rank) {
	t.Helper()
	b := f.batch()
	name := usage.AppendSource(nil, usage.Provider, "gen_ai", "tlm", source)
	for i, rank := range ranks {
		g, _ := b.Group(f.key(f.providers, source, fmt.Sprint(rank), usage.GenAI, "m", "chat"), 0, b.Source(name, rank))
		b.Add(usage.Record{Group: g}, uint64(len(f.commits)*100+i+1))
	}
	f.Commit(b, at(1))
	for _, d := range f.commits[len(f.commits)-1].Deltas {
		var rank usage.Rank
		_, err := fmt.Sscan(f.rows()[d.Slot].Values[1], &rank)
		require.NoError(t, err)
		billed = append(billed, rank)
	}
	received := b.Ledger.Received()
	assert.Equal(t, int64(len(ranks)), received)
	assert.Equal(t, received-int64(len(billed)), b.Ledger[usage.SkippedDuplicateSignal])
	return billed
}

func TestTheFirstSignalBillsUntilABetterOneComes(t *testing.T) {
	f := newFixture()
	ranks := func(r ...usage.Rank) []usage.Rank { return r }
	assert.Equal(t, ranks(5), f.say(t, "a", 5), "the first")
	assert.Equal(t, ranks(5), f.say(t, "a", 5))
	assert.Nil(t, f.say(t, "a", 7), "a worse one")
	assert.Equal(t, ranks(9), f.say(t, "b", 9), "of another source")
	assert.Equal(t, ranks(3), f.say(t, "a", 3, 5), "a better one takes over, at once")
	assert.Equal(t, ranks(1), f.say(t, "a", 2, 3, 1), "of several the best, wherever it stands")
	assert.Nil(t, f.say(t, "a", 5, usage.NeverCounts))
	assert.Equal(t, []usage.Choice{{Source: "\x01gen_ai\x00tlm\x00a", Rank: 1}, {Source: "\x01gen_ai\x00tlm\x00b", Rank: 9}}, f.chosen())
	requireReplay(t, f, snapshot{})
}

func TestASignalThatNeverCountsHasNoSay(t *testing.T) {
	f := newFixture()
	assert.Nil(t, f.say(t, "a", usage.NeverCounts))
	assert.Empty(t, f.chosen())
	assert.Equal(t, []usage.Rank{5}, f.say(t, "a", 5))
	assert.Nil(t, f.say(t, "a", usage.NeverCounts))
}

// What says nothing of tokens where others may goes with the signal that it is
// of, and decides nothing.
func TestWeakRecordsHaveNoSay(t *testing.T) {
	f := newFixture()
	ranks := func(r ...usage.Rank) []usage.Rank { return r }
	const weak3, weak5 = 3 | usage.Weak, 5 | usage.Weak
	assert.Equal(t, ranks(weak3, weak5), f.say(t, "a", weak3, weak5), "nothing is decided")
	assert.Empty(t, f.chosen())
	assert.Equal(t, ranks(weak5, 5), f.say(t, "a", weak3, weak5, 5))
	assert.Equal(t, ranks(weak5), f.say(t, "a", weak5, weak3))
	assert.Equal(t, ranks(weak3, 3), f.say(t, "a", weak3, 5, weak5, 3), "wherever the one that decides stands")
	assert.Equal(t, ranks(weak3), f.say(t, "a", weak3, weak5))
	requireReplay(t, f, snapshot{})
}

// A way of telling that is not billed, because its signal is not, has no say.
func TestWaysWithinASignal(t *testing.T) {
	f := newFixture()
	send := func(signal usage.Rank, ways ...usage.Rank) usage.Ledger {
		b := f.batch()
		within := b.Source([]byte("s"), signal)
		for _, way := range ways {
			g, _ := b.Group(f.key(f.providers, "s", "openai", usage.GenAI, "m", "chat"), 0, b.SourceWithin([]byte("way"), way, within))
			b.Add(usage.Record{Group: g}, 0)
		}
		f.Commit(b, at(1))
		return b.Ledger
	}
	assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.SkippedDuplicateSignal: 1}, send(5, 7, 6))
	assert.Equal(t, usage.Ledger{usage.SkippedDuplicateSignal: 1}, send(6, 1))
	assert.Equal(t, []usage.Choice{{Source: "s", Rank: 5}, {Source: "way", Rank: 6}}, f.chosen())
	assert.Equal(t, usage.Ledger{usage.Counted: 1}, send(4, 6), "a better signal")
}

// A record that is dropped because another signal bills its calls does not keep
// the record of that signal from being counted.
func TestWhatIsNotBilledLeavesNoAlias(t *testing.T) {
	f := newDedupFixture()
	send := func(rank usage.Rank, key uint64) usage.Ledger {
		b := f.batch()
		g, _ := b.Group(f.key(f.providers, "a", "openai", usage.GenAI, "m", "chat"), 0, b.Source([]byte("a"), rank))
		b.Marks.Also(b.Add(usage.Record{Group: g}, key), 4711)
		f.Commit(b, at(1))
		return b.Ledger
	}
	b := f.batch()
	g, _ := b.Group(f.key(f.providers, "a", "openai", usage.GenAI, "m", "chat"), 0, b.Source([]byte("a"), 1))
	b.Add(usage.Record{Group: g}, 1)
	f.Commit(b, at(1))
	assert.Equal(t, int64(1), func() int64 { l := send(2, 2); return l[usage.SkippedDuplicateSignal] }())
	assert.Equal(t, int64(1), func() int64 { l := send(1, 3); return l[usage.Counted] }())
	assert.Equal(t, int64(1), func() int64 { l := send(1, 4); return l[usage.SkippedDuplicateSignal] }(), "the same call again")
}

// What was counted when it was sent before does not take over.
func TestADuplicateHasNoSay(t *testing.T) {
	f := newDedupFixture()
	send := func(rank usage.Rank, key uint64) {
		b := f.batch()
		g, _ := b.Group(f.key(f.providers, "a", "openai", usage.GenAI, "m", "chat"), 0, b.Source([]byte("a"), rank))
		b.Add(usage.Record{Group: g}, key)
		f.Commit(b, at(1))
	}
	send(5, 1)
	send(2, 1)
	assert.Equal(t, []usage.Choice{{Source: "a", Rank: 5}}, f.chosen())
}

func TestChoicesAreBounded(t *testing.T) {
	c := newChoices()
	for i := range maxChoices + 10 {
		c.set(usage.Choice{Source: fmt.Sprint(i), Rank: 3})
	}
	assert.Len(t, c.list, maxChoices)
	assert.True(t, c.billed([]byte("new"), 200))
	assert.False(t, c.wins([]byte("new"), 1), "is billed without being remembered")
	assert.True(t, c.wins([]byte("7"), 1), "those that are known go on")
	c = newChoices()
	long := make([]byte, maxSource+1)
	assert.False(t, c.wins(long, 1))
	c.set(usage.Choice{Source: string(long)})
	assert.Empty(t, c.list)
}

// chosen are all choices, in order.
func (f *fixture) chosen() []usage.Choice {
	all, _ := f.Choices(nil, 0, maxChoices)
	return all
}

// sayAt commits one call for each rank, in one batch, at an hour of the state's age.
func (f *fixture) sayAt(hour int64, ranks ...usage.Rank) usage.Ledger {
	b := f.batch()
	for i, rank := range ranks {
		g, _ := b.Group(f.key(f.providers, "a", fmt.Sprint(rank), usage.GenAI, "m", "chat"), 0, b.Source([]byte("a"), rank))
		b.Add(usage.Record{Group: g}, uint64(hour*100+int64(i)+1))
	}
	f.Commit(b, age(time.Duration(hour)*time.Hour))
	return b.Ledger
}

// A signal that was heard every hour was not silent, also when the process began
// anew in between: it has not been for longer than the new one is there.
func TestNoSignalIsSilentOverARestart(t *testing.T) {
	f := newFixture()
	for hour := range int64(30) {
		f.sayAt(hour, 1)
	}
	e := New(f.options)
	for i := range f.commits {
		c := clone(&f.commits[i])
		require.NoError(t, e.Replay(&c))
	}
	e.BeginExpiry(age(100 * time.Hour)) // seventy hours nobody was there to hear it
	f.Engine = e
	skipped := usage.Ledger{usage.SkippedDuplicateSignal: 1}
	assert.Equal(t, skipped, f.sayAt(101, 2), "the better signal was heard an hour ago")
	assert.Equal(t, skipped, f.sayAt(124, 2))
	assert.Equal(t, usage.Ledger{usage.Counted: 1}, f.sayAt(125, 2), "it was silent for a day")
}

// Of a silent signal and a worse one that come together, the better one bills.
func TestASilentSignalIsBackBesideAWorseOne(t *testing.T) {
	for name, ranks := range map[string][]usage.Rank{"better one first": {1, 2}, "worse one first": {2, 1}} {
		f := newFixture()
		f.sayAt(0, 1)
		assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.SkippedDuplicateSignal: 1}, f.sayAt(30, ranks...), name)
		assert.Equal(t, []usage.Choice{{Source: "a", Rank: 1}}, f.chosen(), name)
		assert.Equal(t, usage.Ledger{usage.SkippedDuplicateSignal: 1}, f.sayAt(31, 2), name)
	}
	f := newFixture()
	f.sayAt(0, 1)
	assert.Equal(t, usage.Ledger{usage.Counted: 1, usage.SkippedDuplicateSignal: 1}, f.sayAt(30, 1|usage.Weak, 2), "a weak record decides nothing")
}

// A signal that is gone for good must not keep the others from being billed.
func TestAChoiceLapses(t *testing.T) {
	f := newFixture()
	send := func(age int64, rank usage.Rank) {
		b := f.batch()
		g, _ := b.Group(f.key(f.providers, "a", "openai", usage.GenAI, "m", "chat"), 0, b.Source([]byte("a"), rank))
		b.Add(usage.Record{Group: g}, 0)
		f.Commit(b, usage.Moment{Age: age})
	}
	counted := func() int64 { return f.Stats().Ledgers.Counted() }
	send(0, 1)
	send(lapse, 2)
	assert.Equal(t, int64(1), counted(), "a better signal was seen a day ago")
	send(lapse+1, 2)
	assert.Equal(t, int64(2), counted(), "it has been silent for more than a day")
	send(lapse+2, 1)
	send(lapse+3, 2)
	assert.Equal(t, int64(3), counted(), "it is back")
}
