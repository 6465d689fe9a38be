package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// What is late or early for its hour counts in the one that goes on, and the journal has
// it so.
func TestHourOfDelta(t *testing.T) {
	for name, c := range map[string]struct {
		now      time.Duration
		hour     int64
		want     int64
		closedBy time.Duration // 0: nothing is
	}{
		"this hour":                   {30 * time.Minute, 0, 0, 0},
		"an hour before":              {30 * time.Minute, -1, -1, 0},
		"long before":                 {30 * time.Minute, -9, -9, 0},
		"to come":                     {30 * time.Minute, 1, 0, 0},
		"its first nanosecond":        {time.Hour, 1, 1, 0},
		"the one before":              {time.Hour - 1, 1, 0, 0},
		"closed":                      {2*time.Hour + 30*time.Minute, 0, 2, 2 * time.Hour},
		"just closed":                 {2 * time.Hour, 0, 2, 2 * time.Hour},
		"not closed yet":              {2*time.Hour - 1, 0, 0, 2*time.Hour - 1},
		"the clock was set back":      {-30 * time.Minute, -1, 1, 2 * time.Hour},
		"back and for an open hour":   {-30 * time.Minute, 1, 1, 2 * time.Hour},
		"back, of the hour after one": {90 * time.Minute, 2, 1, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			if c.closedBy > 0 {
				f.CloseHours(onClock(c.closedBy).Wall)
			}
			f.hitIn(onClock(c.now), c.hour, "a")
			assert.Equal(t, map[int64]map[string]int64{c.want: {"[shop http a]": 1}}, f.hours())
			assert.Equal(t, noon+c.want*secondsPerHour, f.commits[0].Deltas[0].Hour)
		})
	}
}

func TestHoursClose(t *testing.T) {
	f := newFixture()
	f.BeginExpiry(onClock(0))
	f.hitIn(onClock(0), 0, "a")
	f.hitIn(onClock(0), -1, "a")
	period := func(hour int64) usage.Period {
		return usage.Period{Start: noon + hour*secondsPerHour, End: noon + (hour+1)*secondsPerHour}
	}
	assert.Empty(t, f.CloseHours(onClock(time.Hour-1).Wall))
	assert.Equal(t, []usage.Period{period(-1)}, f.CloseHours(onClock(time.Hour).Wall), "one hour after its end")
	assert.Equal(t, []usage.Period{period(-1)}, f.CloseHours(onClock(-9*time.Hour).Wall), "and for ever")
	assert.Equal(t, []usage.Period{period(-1), period(0)}, f.OpenHours())
	assert.Equal(t, noon, f.History().ClosedUntil)

	f.FileHour(usage.HistoryFile{Number: 1, Period: period(-1), Sums: [usage.Kinds]usage.Measures{{Requests: [usage.Outcomes]int64{1}}}})
	assert.Equal(t, []usage.Period{period(0)}, f.OpenHours())
	f.Reset(onClock(time.Hour), usage.Scope{Attribute: usage.AttrEndpoint, Value: "a"})
	assert.Empty(t, f.CloseHours(onClock(9*time.Hour).Wall), "nothing is left in it")
	assert.Empty(t, f.OpenHours())
}

// Hours are those of the calendar, half an hour beside those of UTC.
func TestHoursOfAnotherZone(t *testing.T) {
	kolkata := usage.NewCalendar(time.FixedZone("IST", 5*secondsPerHour+secondsPerHour/2))
	f := newFixtureOf(Options{Calendar: kolkata})
	half := int64(secondsPerHour / 2)
	b := f.batch()
	g, _ := b.Group(f.key(f.endpoints, "s", "http", "a"), noon+9*secondsPerHour, 0)
	b.Add(usage.Record{Group: g}, 0)
	f.Commit(b, onClock(0))
	assert.Equal(t, []usage.Period{{Start: noon - half, End: noon + half}}, f.OpenHours())
}
