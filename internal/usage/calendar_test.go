package usage_test

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// unix is a time with its offset from UTC, which tells the two hours of the same name
// apart.
func unix(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -07:00", s)
	require.NoError(t, err)
	return at.Unix()
}

// The bounds of what contains a time, where clocks are changed and where they are not.
func TestCalendarBounds_EF40(t *testing.T) {
	for name, c := range map[string]struct {
		zone, at, start, end string
		bounds               func(*usage.Calendar, int64) (int64, int64)
	}{
		"hour":                      {"UTC", "2026-11-21 10:59 +00:00", "2026-11-21 10:00 +00:00", "2026-11-21 11:00 +00:00", (*usage.Calendar).Hour},
		"its first second":          {"UTC", "2026-11-21 10:00 +00:00", "2026-11-21 10:00 +00:00", "2026-11-21 11:00 +00:00", (*usage.Calendar).Hour},
		"before 1970":               {"UTC", "1969-12-31 23:30 +00:00", "1969-12-31 23:00 +00:00", "1970-01-01 00:00 +00:00", (*usage.Calendar).Hour},
		"day":                       {"UTC", "2026-11-21 10:59 +00:00", "2026-11-21 00:00 +00:00", "2026-11-22 00:00 +00:00", (*usage.Calendar).Day},
		"week begins on Monday":     {"UTC", "2026-11-22 23:59 +00:00", "2026-11-16 00:00 +00:00", "2026-11-23 00:00 +00:00", (*usage.Calendar).Week},
		"Monday":                    {"UTC", "2026-11-16 00:00 +00:00", "2026-11-16 00:00 +00:00", "2026-11-23 00:00 +00:00", (*usage.Calendar).Week},
		"week over the year's end":  {"UTC", "2027-01-01 12:00 +00:00", "2026-12-28 00:00 +00:00", "2027-01-04 00:00 +00:00", (*usage.Calendar).Week},
		"month":                     {"UTC", "2026-11-30 23:59 +00:00", "2026-11-01 00:00 +00:00", "2026-12-01 00:00 +00:00", (*usage.Calendar).Month},
		"month at the year's end":   {"UTC", "2026-12-31 23:59 +00:00", "2026-12-01 00:00 +00:00", "2027-01-01 00:00 +00:00", (*usage.Calendar).Month},
		"leap year":                 {"UTC", "2028-02-29 12:00 +00:00", "2028-02-01 00:00 +00:00", "2028-03-01 00:00 +00:00", (*usage.Calendar).Month},
		"Berlin forward, before":    {"Europe/Berlin", "2026-03-29 01:30 +01:00", "2026-03-29 01:00 +01:00", "2026-03-29 03:00 +02:00", (*usage.Calendar).Hour},
		"Berlin forward, after":     {"Europe/Berlin", "2026-03-29 03:30 +02:00", "2026-03-29 03:00 +02:00", "2026-03-29 04:00 +02:00", (*usage.Calendar).Hour},
		"Berlin forward, 23 hours":  {"Europe/Berlin", "2026-03-29 12:00 +02:00", "2026-03-29 00:00 +01:00", "2026-03-30 00:00 +02:00", (*usage.Calendar).Day},
		"Berlin back, first":        {"Europe/Berlin", "2026-10-25 02:30 +02:00", "2026-10-25 02:00 +02:00", "2026-10-25 02:00 +01:00", (*usage.Calendar).Hour},
		"Berlin back, second":       {"Europe/Berlin", "2026-10-25 02:30 +01:00", "2026-10-25 02:00 +01:00", "2026-10-25 03:00 +01:00", (*usage.Calendar).Hour},
		"Berlin back, 25 hours":     {"Europe/Berlin", "2026-10-25 02:30 +01:00", "2026-10-25 00:00 +02:00", "2026-10-26 00:00 +01:00", (*usage.Calendar).Day},
		"Berlin, week of 169 hours": {"Europe/Berlin", "2026-10-21 12:00 +02:00", "2026-10-19 00:00 +02:00", "2026-10-26 00:00 +01:00", (*usage.Calendar).Week},
		"Berlin, month":             {"Europe/Berlin", "2026-10-21 12:00 +02:00", "2026-10-01 00:00 +02:00", "2026-11-01 00:00 +01:00", (*usage.Calendar).Month},
		"Kolkata":                   {"Asia/Kolkata", "2026-11-21 10:59 +05:30", "2026-11-21 10:00 +05:30", "2026-11-21 11:00 +05:30", (*usage.Calendar).Hour},
		"Kolkata, day":              {"Asia/Kolkata", "2026-11-21 00:10 +05:30", "2026-11-21 00:00 +05:30", "2026-11-22 00:00 +05:30", (*usage.Calendar).Day},

		// Clocks go from 24:00 to 01:00: the day begins there.
		"Beirut forward, day":        {"Asia/Beirut", "2026-03-29 12:00 +03:00", "2026-03-29 01:00 +03:00", "2026-03-30 00:00 +03:00", (*usage.Calendar).Day},
		"Beirut forward, day before": {"Asia/Beirut", "2026-03-28 23:59 +02:00", "2026-03-28 00:00 +02:00", "2026-03-29 01:00 +03:00", (*usage.Calendar).Day},
		"Beirut forward, week":       {"Asia/Beirut", "2026-03-29 01:00 +03:00", "2026-03-23 00:00 +02:00", "2026-03-30 00:00 +03:00", (*usage.Calendar).Week},
		"Havana forward, day":        {"America/Havana", "2026-03-08 01:00 -04:00", "2026-03-08 01:00 -04:00", "2026-03-09 00:00 -04:00", (*usage.Calendar).Day},
		"Asuncion forward, month":    {"America/Asuncion", "2017-10-01 12:00 -03:00", "2017-10-01 01:00 -03:00", "2017-11-01 00:00 -03:00", (*usage.Calendar).Month},
		"Sao Paulo forward, day":     {"America/Sao_Paulo", "2018-11-04 05:00 -02:00", "2018-11-04 01:00 -02:00", "2018-11-05 00:00 -02:00", (*usage.Calendar).Day},
		// Clocks go from 24:00 back to 23:00: the evening has that hour twice.
		"Beirut back, day":           {"Asia/Beirut", "2026-10-24 23:30 +02:00", "2026-10-24 00:00 +03:00", "2026-10-25 00:00 +02:00", (*usage.Calendar).Day},
		"Sao Paulo back, day":        {"America/Sao_Paulo", "2018-02-17 23:30 -03:00", "2018-02-17 00:00 -02:00", "2018-02-18 00:00 -03:00", (*usage.Calendar).Day},
		"Sao Paulo back, first hour": {"America/Sao_Paulo", "2018-02-17 23:30 -02:00", "2018-02-17 23:00 -02:00", "2018-02-17 23:00 -03:00", (*usage.Calendar).Hour},
		"Sao Paulo back, next day":   {"America/Sao_Paulo", "2018-02-18 00:00 -03:00", "2018-02-18 00:00 -03:00", "2018-02-19 00:00 -03:00", (*usage.Calendar).Day},
		// Clocks go from 01:00 back to 00:00: midnight comes twice, the day begins once.
		"Havana back, second midnight": {"America/Havana", "2026-11-01 00:30 -05:00", "2026-11-01 00:00 -04:00", "2026-11-02 00:00 -05:00", (*usage.Calendar).Day},
		"Havana back, first midnight":  {"America/Havana", "2026-11-01 00:30 -04:00", "2026-11-01 00:00 -04:00", "2026-11-02 00:00 -05:00", (*usage.Calendar).Day},
		"Havana back, day before":      {"America/Havana", "2026-10-31 23:30 -04:00", "2026-10-31 00:00 -04:00", "2026-11-01 00:00 -04:00", (*usage.Calendar).Day},
		"Havana back, month":           {"America/Havana", "2026-11-01 00:30 -05:00", "2026-11-01 00:00 -04:00", "2026-12-01 00:00 -05:00", (*usage.Calendar).Month},
		"Havana back, month before":    {"America/Havana", "2026-10-15 00:30 -04:00", "2026-10-01 00:00 -04:00", "2026-11-01 00:00 -04:00", (*usage.Calendar).Month},

		// Clocks change by half an hour: at 02:00 to 02:30, and at 02:00 to 01:30.
		"Lord Howe forward, half an hour": {"Australia/Lord_Howe", "2026-10-04 02:45 +11:00", "2026-10-04 02:30 +11:00", "2026-10-04 03:00 +11:00", (*usage.Calendar).Hour},
		"Lord Howe back, first":           {"Australia/Lord_Howe", "2026-04-05 01:45 +11:00", "2026-04-05 01:00 +11:00", "2026-04-05 01:30 +10:30", (*usage.Calendar).Hour},
		"Lord Howe back, second":          {"Australia/Lord_Howe", "2026-04-05 01:45 +10:30", "2026-04-05 01:30 +10:30", "2026-04-05 02:00 +10:30", (*usage.Calendar).Hour},
		"Lord Howe forward, day":          {"Australia/Lord_Howe", "2026-10-04 12:00 +11:00", "2026-10-04 00:00 +10:30", "2026-10-05 00:00 +11:00", (*usage.Calendar).Day},
		// There is no 30th: the day after the 29th is the 31st.
		"Apia, day before":  {"Pacific/Apia", "2011-12-29 12:00 -10:00", "2011-12-29 00:00 -10:00", "2011-12-31 00:00 +14:00", (*usage.Calendar).Day},
		"Apia, day after":   {"Pacific/Apia", "2011-12-31 12:00 +14:00", "2011-12-31 00:00 +14:00", "2012-01-01 00:00 +14:00", (*usage.Calendar).Day},
		"Apia, week":        {"Pacific/Apia", "2011-12-31 12:00 +14:00", "2011-12-26 00:00 -10:00", "2012-01-02 00:00 +14:00", (*usage.Calendar).Week},
		"Apia, hour before": {"Pacific/Apia", "2011-12-29 23:30 -10:00", "2011-12-29 23:00 -10:00", "2011-12-31 00:00 +14:00", (*usage.Calendar).Hour},
		// Kwajalein had no 21st of August 1993, and the 30th of September 1969 twice.
		"Kwajalein, day before": {"Pacific/Kwajalein", "1993-08-20 12:00 -12:00", "1993-08-20 00:00 -12:00", "1993-08-22 00:00 +12:00", (*usage.Calendar).Day},
		"Kwajalein, two days":   {"Pacific/Kwajalein", "1969-09-30 12:00 -12:00", "1969-09-30 00:00 +11:00", "1969-10-01 00:00 -12:00", (*usage.Calendar).Day},
		// Clocks go from 00:01 back to 23:01: that hour is of the day that had begun.
		"St. John's back, day before": {"America/St_Johns", "2010-11-06 23:30 -02:30", "2010-11-06 00:00 -02:30", "2010-11-07 00:00 -02:30", (*usage.Calendar).Day},
		"St. John's back, day":        {"America/St_Johns", "2010-11-06 23:30 -03:30", "2010-11-07 00:00 -02:30", "2010-11-08 00:00 -03:30", (*usage.Calendar).Day},
		"St. John's back, week":       {"America/St_Johns", "2010-11-06 23:30 -03:30", "2010-11-01 00:00 -02:30", "2010-11-08 00:00 -03:30", (*usage.Calendar).Week},
		// The rules for years to come have no bounds at the end of a leap year.
		"leap year's last day":      {"Europe/Berlin", "2028-12-31 12:30 +01:00", "2028-12-31 12:00 +01:00", "2028-12-31 13:00 +01:00", (*usage.Calendar).Hour},
		"year's end within an hour": {"America/St_Johns", "2026-12-31 20:45 -03:30", "2026-12-31 20:00 -03:30", "2026-12-31 21:00 -03:30", (*usage.Calendar).Hour},
	} {
		t.Run(name, func(t *testing.T) {
			z := zone(t, c.zone)
			start, end := c.bounds(usage.NewCalendar(z), unix(t, c.at))
			const layout = "2006-01-02 15:04 -07:00"
			assert.Equal(t, c.start, time.Unix(start, 0).In(z).Format(layout), "start")
			assert.Equal(t, c.end, time.Unix(end, 0).In(z).Format(layout), "end")
		})
	}
}

// Whatever the zone and the time, it is within its bounds, they are those of every time
// between them, and what comes next begins where they end.
func TestCalendarHasNoGaps(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	from, until := time.Date(1850, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Asia/Kolkata", "Australia/Lord_Howe",
		"Pacific/Apia", "Asia/Kathmandu", "Africa/Monrovia", "America/St_Johns", "Pacific/Kwajalein", "Asia/Manila", "Africa/Casablanca",
		"America/Scoresbysund", "Antarctica/Troll", "America/Juneau", "Asia/Gaza", "America/Toronto",
	} {
		z := zone(t, name)
		c := usage.NewCalendar(z)
		for range 200 {
			at := from + rng.Int64N(until-from)
			if rng.IntN(2) == 0 { // near a change of the clocks
				if _, change := time.Unix(at, 0).In(z).ZoneBounds(); !change.IsZero() {
					at = change.Unix() - 7200 + rng.Int64N(14400)
				}
			}
			requireBounds(t, c, rng, at)
		}
	}
}

func requireBounds(t *testing.T, c *usage.Calendar, rng *rand.Rand, at int64) {
	t.Helper()
	for name, bounds := range map[string]func(int64) (int64, int64){"hour": c.Hour, "day": c.Day, "week": c.Week, "month": c.Month} {
		start, end := bounds(at)
		require.LessOrEqual(t, start, at, "%s of %d in %s", name, at, c.Zone())
		require.Less(t, at, end, "%s of %d in %s", name, at, c.Zone())
		for _, within := range []int64{start, end - 1, start + rng.Int64N(end-start)} {
			s, e := bounds(within)
			require.Equal(t, [2]int64{start, end}, [2]int64{s, e}, "%s of %d and of %d in %s", name, at, within, c.Zone())
		}
		next, _ := bounds(end)
		require.Equal(t, end, next, "%s after %d in %s", name, at, c.Zone())
		_, last := bounds(start - 1)
		require.Equal(t, start, last, "%s before %d in %s", name, at, c.Zone())
	}
	// Hours are those of days, days those of months and weeks.
	day, dayEnd := c.Day(at)
	hour, _ := c.Hour(day)
	_, hourEnd := c.Hour(dayEnd - 1)
	require.Equal(t, []int64{day, dayEnd}, []int64{hour, hourEnd}, "hours of the day of %d in %s", at, c.Zone())
	for _, bounds := range []func(int64) (int64, int64){c.Week, c.Month} {
		start, end := bounds(at)
		first, _ := c.Day(start)
		_, last := c.Day(end - 1)
		require.Equal(t, []int64{start, end}, []int64{first, last}, "days around %d in %s", at, c.Zone())
	}
}
