package meter

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

func endpointScope(route string) usage.Scope {
	return usage.Scope{Attribute: usage.AttrEndpoint, Value: "GET /" + route}
}

// A-U23: a reset removes its scope and nothing else, from hours that are over too, and
// lasts; what comes next begins anew.
func TestReset_A_U23(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t, shortLived)
		busyWeek(b)
		b.check()
		rows, err := b.Reset(endpointScope("rare1"))
		require.NoError(t, err)
		assert.Equal(t, 1, rows)
		delete(b.sent, "rare1")
		b.check()
		assert.Equal(t, sumOf(b.sent), b.counted())

		b.die()
		b.start()
		b.check()
		b.serve("rare1", 7)
		b.check()
		time.Sleep(30 * time.Hour) // files are written anew, days are made
		b.check()
		list := b.engine.History()
		for i := range list.Files {
			assert.True(t, list.Rolled(&list.Files[i]) || !list.Masked(&list.Files[i]), "only hours that are in a day have any of it")
		}
		assert.Equal(t, sumOf(b.sent), b.counted())
		time.Sleep(time.Hour)
		ops := b.disk.Ops()
		time.Sleep(5 * time.Hour)
		assert.Equal(t, ops, b.disk.Ops(), "that is done once")

		rows, err = b.Reset(usage.Scope{})
		require.NoError(t, err)
		assert.Positive(t, rows)
		b.sent = map[string]map[int64]int64{}
		b.check()
		assert.Zero(t, b.counted())
		b.stop()
		b.start()
		b.check()
		b.stop()
	})
}

// What a reset leaves of a file is rolled and dropped like any other.
func TestResetOfWhatIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t, kept(48*time.Hour, 72*time.Hour))
		for hour := range 24 * 7 {
			b.serve("a", 1)
			b.serve("b", 1)
			if hour == 50 {
				_, err := b.Reset(endpointScope("b"))
				require.NoError(t, err)
			}
			time.Sleep(time.Hour)
		}
		time.Sleep(30 * time.Second)
		assert.Equal(t, int64(24*7+24*7-51), b.counted())
		assert.False(t, b.engine.History().Inexact)
		b.checkBalance()
		_, err := b.Reset(endpointScope("b"))
		require.NoError(t, err)
		assert.True(t, b.engine.History().Inexact, "nobody knows what had gone")
		b.stop()
	})
}

// A reset that makes no sense is refused.
func TestResetRefuses_A_U23(t *testing.T) {
	b := newHistoryBench(t, inMemoryOnly)
	b.serve("a", 1)
	for _, scope := range []usage.Scope{
		{Value: "openai"},
		{Attribute: "usage.provider", Value: "\xff"},
		{Attribute: strings.Repeat("a", usage.LongestValue+1)},
	} {
		_, err := b.Reset(scope)
		require.ErrorIs(t, err, ErrInput)
	}
	before := b.engine.Stats().Seq
	rows, err := b.Reset(usage.Scope{Attribute: "usage.provider", Value: "openai"})
	require.NoError(t, err)
	assert.Zero(t, rows)
	assert.Equal(t, before, b.engine.Stats().Seq, "where there is nothing, nothing happens")
	assert.Equal(t, int64(1), b.counted())
	b.stop()
}

// A reset that could not be written is an error, and happens all the same.
func TestResetOnFailingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHistoryBench(t)
		b.serve("a", 1)
		b.disk.FailNow(true)
		_, err := b.Reset(usage.Scope{})
		require.ErrorIs(t, err, filestest.ErrFault)
		b.disk.Heal()
		time.Sleep(2 * time.Minute)
		b.die()
		b.start()
		assert.Zero(t, b.counted())
		b.checkBalance()
		b.stop()
	})
}

// Everything at the same time: nothing is lost that was not reset.
func TestEverythingAtOnce(t *testing.T) {
	b := newHistoryBench(t)
	a := newHistoryBench(t)
	a.serve("imported", 3)
	document := a.export()
	a.stop()
	var all sync.WaitGroup
	for worker := range 3 {
		all.Go(func() {
			for range 50 {
				assert.NoError(t, b.Traces(t.Context(), served(fmt.Sprintf("w%d", worker), 2, time.Now()), consumertest.NewNop()))
			}
		})
	}
	for _, work := range []func() error{
		b.Save,
		func() error { b.upkeep(); return nil },
		func() error { _, err := b.Load(); return err },
		func() error { _, err := b.Import(strings.NewReader(document)); return err },
		func() error { _, err := b.Reset(endpointScope("w0")); return err },
		func() error { b.export(); return nil },
		func() error {
			return b.View().History(usage.Daily, 0, 0, func(usage.Period, *usage.HistoryRow) error { return nil })
		},
	} {
		all.Go(func() {
			for range 10 {
				assert.NoError(t, work())
			}
		})
	}
	all.Wait()
	_, err := b.Reset(endpointScope("w0"))
	require.NoError(t, err)
	assert.Equal(t, int64(203), b.counted())
	b.checkBalance()
	b.die()
	b.start()
	assert.Equal(t, int64(203), b.counted())
	b.checkBalance()
	b.stop()
}
