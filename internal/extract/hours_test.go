package extract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Hours are those of the calendar: half an hour beside those of UTC, or cut where clocks
// are changed.
func TestHoursOfAZone(t *testing.T) {
	kolkata, lordHowe := time.FixedZone("IST", 5*3600+1800), load(t, "Australia/Lord_Howe")
	for name, c := range map[string]struct {
		zone      *time.Location
		now       string
		ago       time.Duration
		want      string
		elsewhere bool
	}{
		"this hour":                     {kolkata, "2026-11-21T10:29:00+05:30", 0, "2026-11-21T10:00:00+05:30", false},
		"the one before":                {kolkata, "2026-11-21T10:29:00+05:30", 30 * time.Minute, "2026-11-21T09:00:00+05:30", false},
		"just in time":                  {kolkata, "2026-11-21T10:29:00+05:30", time.Hour, "2026-11-21T09:00:00+05:30", false},
		"too late":                      {kolkata, "2026-11-21T10:29:00+05:30", time.Hour + 1, "2026-11-21T10:00:00+05:30", true},
		"to come within the hour":       {kolkata, "2026-11-21T10:29:00+05:30", -30 * time.Minute, "2026-11-21T10:00:00+05:30", false},
		"to come":                       {kolkata, "2026-11-21T10:29:00+05:30", -31 * time.Minute, "2026-11-21T10:00:00+05:30", true},
		"before the clocks went back":   {lordHowe, "2026-04-05T01:45:00+10:30", 20 * time.Minute, "2026-04-05T01:00:00+11:00", false},
		"after the clocks went back":    {lordHowe, "2026-04-05T01:45:00+10:30", time.Minute, "2026-04-05T01:30:00+10:30", false},
		"after the clocks went forward": {lordHowe, "2026-10-04T02:40:00+11:00", time.Minute, "2026-10-04T02:30:00+11:00", false},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			assert.NoError(t, err)
			h := hours{calendar: usage.NewCalendar(c.zone)}
			h.begin(now)
			for range 2 { // the second time from what is known
				start, late := h.of(pcommon.NewTimestampFromTime(now.Add(-c.ago)))
				assert.Equal(t, c.want, time.Unix(start, 0).In(c.zone).Format(time.RFC3339))
				assert.Equal(t, c.elsewhere, late)
			}
		})
	}
}

// Records of two hours may alternate: the calendar is asked once for each.
func TestHoursThatAlternate(t *testing.T) {
	h := hours{calendar: usage.NewCalendar(time.UTC)}
	now := time.Date(2026, 11, 21, 10, 20, 0, 0, time.UTC)
	h.begin(now)
	arrival := h.arrival
	h.of(pcommon.NewTimestampFromTime(now.Add(-30 * time.Minute)))
	last := h.last
	h.of(pcommon.NewTimestampFromTime(now))
	h.begin(now.Add(time.Minute))
	h.of(pcommon.NewTimestampFromTime(now))
	assert.Equal(t, []stretch{arrival, last}, []stretch{h.arrival, h.last})
	assert.Equal(t, arrival.from, last.until)
}

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	assert.NoError(t, err)
	return zone
}

// A record that counts in another hour than that of its end is counted once as late,
// however many meters ask for its hour.
func TestLateRecordsAreCountedOnce(t *testing.T) {
	td, ld, md := mixed(), lines(), measured()
	twice := append(everything(t), everything(t)...)
	for i := range twice[3:] {
		twice[3+i].Name += "_again"
	}
	untimed := 1 // a point
	all := [...]int{td.SpanCount(), ld.LogRecordCount(), md.DataPointCount() - untimed}
	for name, c := range map[string]struct {
		meters []Meter
		want   [3]int
	}{
		"dialects":       {nil, [3]int{160, 20, 15}}, // what is metered
		"meters":         {everything(t), all},
		"meters by twos": {twice, all},
	} {
		x := metering(c.meters...)
		for _, now := range []time.Time{time.Now().Add(3 * time.Hour), time.Now().Add(-3 * time.Hour)} {
			for range 2 { // the second round works on reused memory
				for n, r := range []*Reading{x.Traces(td, now), x.Logs(ld, now), x.Metrics(md, now)} {
					assert.Equal(t, int64(c.want[n]), r.Late, "%s: %s", name, usage.Signal(n))
					x.Release(r)
				}
			}
		}
	}
	assert.Zero(t, metering(twice...).Traces(td, time.Now()).Late, "in time")
}
