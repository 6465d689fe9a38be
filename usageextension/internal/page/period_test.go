package page

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return zone
}

// The day on which clocks go back has 25 hours, and one name twice but for its zone;
// the day on which they go forward has 23.
func TestDaysOfClockChangesHaveAllTheirHours(t *testing.T) {
	zone := berlin(t)
	for _, c := range []struct {
		day   time.Time
		hours int
		ticks []string
	}{
		{time.Date(2026, 10, 25, 12, 30, 0, 0, zone), 25, []string{"00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"}},
		{time.Date(2026, 3, 29, 12, 30, 0, 0, zone), 23, []string{"00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"}},
		{time.Date(2026, 11, 21, 12, 30, 0, 0, zone), 24, []string{"00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"}},
	} {
		s := newSource(c.day)
		start := time.Date(c.day.Year(), c.day.Month(), c.day.Day(), 0, 0, 0, 0, zone)
		for h := range c.hours {
			s.add(start.Add(time.Duration(h)*time.Hour), usage.Endpoint, nil, []string{"shop", "http", "GET /"}, requests(int64(h+1)))
		}
		d := collect(t, s, "of=endpoints")
		require.Len(t, d.Usage.Slots, c.hours)
		names := map[string]bool{}
		for i, row := range d.Usage.Rows {
			names[row.Name] = true
			assert.Equal(t, count(int64(i+1)), row.Cells[0], row.Name)
		}
		assert.Len(t, names, c.hours, "each hour has a name of its own")
		var ticks []string
		for _, tick := range d.Usage.Ticks {
			ticks = append(ticks, tick.Text)
		}
		assert.Equal(t, c.ticks, ticks)
		assert.Equal(t, count(int64(c.hours*(c.hours+1)/2)).Exact, d.Usage.Total[0].Exact)
	}
}

func TestPeriodsHaveTitlesAndBuckets(t *testing.T) {
	now := time.Date(2026, 11, 1, 1, 2, 3, 0, berlin(t)) // a Sunday
	s := newSource(now)
	s.add(now, usage.Provider, nil, []string{"shop", "openai", "gen_ai", "gpt-4o", "chat"}, requests(1))
	for _, c := range []struct {
		query, title string
		buckets      int
		future       int
	}{
		{"", "Sunday, 1 November 2026", 24, 22},
		{"period=week", "26 October to 1 November 2026", 7, 0},
		{"period=month", "November 2026", 30, 29},
	} {
		d := collect(t, s, c.query)
		assert.Equal(t, c.title, d.Period)
		assert.Equal(t, "Europe/Berlin", d.Zone)
		assert.Len(t, d.Usage.Slots, c.buckets)
		assert.Equal(t, "1", d.Usage.Total[0].Text, "it is in %s", c.title)
		assert.Equal(t, c.buckets-c.future-1, countSteps(d.Requests.Lines[0].Path), "lines end before what has not begun")
		assert.NotEmpty(t, d.Requests.Lines[0].Open)
	}
	s.now = now.AddDate(0, 0, 8)
	assert.Equal(t, "9 to 15 November 2026", func() string { s.now = now.AddDate(0, 0, 8); return collect(t, s, "period=week").Period }())
}
