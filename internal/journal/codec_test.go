package journal

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Every field of a commit is read back, in a process with other schema numbers.
func TestCommitRoundTrip(t *testing.T) {
	var schemas usage.Schemas
	names := append(usage.BaseNames(usage.Provider), "tenant.id")
	want := usage.Commit{
		Seq: 7, Moment: usage.Moment{Wall: 1e18, Age: 6e10}, Signal: usage.Logs,
		Ledger: usage.Ledger{usage.Counted: 3, usage.SkippedNested: 2, usage.UnmeteredDisabled: 1},
		Defined: []usage.Definition{{
			Slot: 4, Schema: schemas.Intern(usage.Provider, names), Start: 5e17,
			Values: []string{"app", "openai", usage.GenAI, "gpt-5", "chat", "acme"},
		}},
		Deltas: []usage.Delta{{
			Slot: 4, Hour: 1763722800,
			Measures: usage.Measures{
				Requests: [usage.Outcomes]int64{1, 2, 3, 4, 5}, Duration: 6, RequestBytes: 7, ResponseBytes: 8,
				Tokens: [usage.TokenTypes]int64{9, 10, 11, 12, 13}, TimeToFirstToken: 14,
				CostReported: 15, CostPriced: 16, Unpriced: 17, InputOwed: 18, OutputOwed: 19,
			},
			Durations:        []usage.Bucket{usage.ZeroBucket, 3, -200, 3},
			FirstTokens:      []usage.Bucket{1},
			DurationSpread:   []usage.BucketCount{{Bucket: 7, Count: math.MaxInt64}, {Bucket: usage.ZeroBucket, Count: 1}},
			FirstTokenSpread: []usage.BucketCount{{Bucket: -3, Count: 2}},
		}},
		Keys:    []uint64{1, 1 << 63, 42},
		Choices: []usage.Choice{{Source: "\x01gen_ai\x00app", Rank: 3}, {Rank: 254}},
		Calls: []usage.Call{
			{Self: 1, Parent: 1 << 63, Twin: 3, Start: 1e18, End: 1e18 + 5}, {Start: math.MinInt64, End: math.MaxInt64},
		},
		Streams: []usage.Stream{
			{Key: 9, Start: 1e18, Time: 1e18 + 7, Value: usage.Value{Sum: 1, Count: 2, Spread: []usage.BucketCount{{Bucket: 5, Count: 2}}}},
			{Key: 1 << 63, Time: math.MinInt64},
		},
		Reset: &usage.Scope{Attribute: "usage.provider", Value: "openai"},
	}
	e := newEncoder()
	fr := newFrameReader("commit", bytes.NewReader(e.commit(nil, &want)))

	var elsewhere usage.Schemas
	elsewhere.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	d, got := newDecoder(FormatVersion, &elsewhere), usage.Commit{}
	for {
		kind, payload, err := fr.next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if kind == frameSchema {
			require.NoError(t, d.schema(payload))
			continue
		}
		require.NoError(t, d.commit(payload, &got))
	}
	assert.Equal(t, usage.SchemaID(1), got.Defined[0].Schema.ID)
	want.Defined[0].Schema = got.Defined[0].Schema
	assert.Equal(t, names, got.Defined[0].Schema.Names)
	assert.Equal(t, want, got)
}

// Every field of what a snapshot holds beside the series is read back.
func TestOnceRoundTrip(t *testing.T) {
	want := usage.Totals{
		Seq: 3, Moment: usage.Moment{Wall: 4, Age: 5}, Since: 6, Forgotten: math.MaxInt64, Slots: 7,
		History: usage.History{
			ClosedUntil: -3600, Gone: [usage.Kinds]usage.Measures{usage.Own: {Hits: 9}}, Inexact: true,
			Erased: []usage.Erased{{Through: 4}, {Scope: usage.Scope{Attribute: "tenant.id", Value: "acme"}, Through: maxFileNumber}},
		},
		Budgets: []usage.BudgetState{{Name: "team", Definition: "cost", Start: 10, Used: math.MaxInt64, StartBefore: 11, Before: 12}, {}},
	}
	d := newDecoder(FormatVersion, &usage.Schemas{})
	got, counts, err := d.totals(appendTotals(nil, &want, 8))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, written{rows: 8}, counts)

	for name, payload := range map[string][]byte{
		"a choice without a rank":      appendString(nil, "x"),
		"half a call":                  make([]byte, 23),
		"a stream that is too much":    append(make([]byte, 10), 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
		"a spread with no such bucket": appendSpread(make([]byte, 12), []usage.BucketCount{{Bucket: math.MaxInt16}, {Bucket: math.MinInt16}})[:14],
	} {
		c := newTextCursor(payload)
		switch name {
		case "a choice without a rank":
			_, err = all("choice", c, c.choice)
		case "half a call":
			_, err = all("call", c, c.call)
		default:
			_, err = all("stream", c, c.stream)
		}
		require.ErrorIs(t, err, errShort, name)
	}
}

// A few bytes do not take much memory: I9.
func TestHoursOfARowAreBounded_I9(t *testing.T) {
	hours := make([]usage.HourMeasures, maxHours+1)
	c := &cursor{rest: appendHours(nil, hours)}
	assert.Nil(t, c.hours())
	require.ErrorIs(t, c.err, errShort)

	c = &cursor{rest: appendHours(nil, hours[1:])}
	got := c.hours()
	require.NoError(t, c.err)
	assert.Equal(t, hours[1:], got)
	assert.Equal(t, maxHours, cap(got))
}

// The list of history files is as long as the end says, and has each number once.
func TestHistoryFilesAreCounted(t *testing.T) {
	list := []usage.HistoryFile{{Number: 4, Period: hourAt(1), Rows: 2}, {Number: 5, Period: hourAt(2), Rows: math.MaxInt64}}
	s := snapshotReader{}
	for i := range list {
		require.NoError(t, s.historyFrame(frameHistoryFiles, appendHistoryFile(nil, &list[i])))
	}
	require.NoError(t, s.takeHistory(2))
	assert.Equal(t, list, s.totals.History.Files)
	require.EqualError(t, s.takeHistory(3), "2 history files where 3 were written")
	require.NoError(t, s.historyFrame(frameHistoryFiles, appendHistoryFile(nil, &list[0])))
	require.EqualError(t, s.takeHistory(3), "3 history files with 2 numbers")

	for name, f := range map[string]usage.HistoryFile{
		"no period":      {Number: 1},
		"a long time":    {Number: 1, Period: usage.Period{Start: 5, End: 1 << 62}},
		"another length": {Number: 1, Period: usage.Period{Granularity: usage.Daily + 1, Start: 5, End: 6}},
		"no number":      {Number: math.MaxUint64, Period: hourAt(1)},
	} {
		require.ErrorIs(t, s.historyFrame(frameHistoryFiles, appendHistoryFile(nil, &f)), errShort, name)
	}
}
