package query

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// fake is a source whose days are made of its hours.
type fake struct {
	live     []usage.Row
	retired  []usage.Retired
	hours    []usage.HourRow
	calendar *usage.Calendar
	days     *usage.Calendar // of history; nil: the same
	moment   usage.Moment
	schemas  usage.Schemas
	visits   int // of history
	endings  uint64
	err      error
}

func (f *fake) Live(visit func(*usage.Row) bool) {
	for i := range f.live {
		if !visit(&f.live[i]) {
			return
		}
	}
}

func (f *fake) Retired(visit func(*usage.Retired) bool) {
	for i := range f.retired {
		if !visit(&f.retired[i]) {
			return
		}
	}
}

// History gives rows that are valid during the call only.
func (f *fake) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	f.visits++
	bounds := cmp.Or(f.days, f.calendar).Hour
	if g == usage.Daily {
		bounds = cmp.Or(f.days, f.calendar).Day
	}
	slices.SortStableFunc(f.hours, func(a, b usage.HourRow) int { return cmp.Compare(a.Hour, b.Hour) })
	for _, h := range f.hours {
		p := usage.Period{Granularity: g}
		p.Start, p.End = bounds(h.Hour)
		if p.Start >= until || p.End <= from {
			continue
		}
		values := slices.Clone(h.Values)
		row := usage.HistoryRow{Schema: h.Schema, Values: values, Measures: h.Measures}
		if err := visit(p, &row); err != nil {
			return err
		}
		clear(values)
	}
	return f.err
}

func (f *fake) Endings() uint64           { return f.endings }
func (f *fake) Moment() usage.Moment      { return f.moment }
func (f *fake) Calendar() *usage.Calendar { return f.calendar }

// now is a Saturday.
const now = "2026-11-21T16:30:00+01:00"

func newFake(t testing.TB) *fake {
	return &fake{calendar: usage.NewCalendar(berlin(t)), moment: usage.Moment{Wall: at(t, now) * billion, Age: 5 * billion}}
}

func berlin(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return zone
}

// at is a time in Unix seconds.
func at(t testing.TB, text string) int64 {
	when, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return when.Unix()
}

// provider is an identity; more values are those of the dimension `tenant`.
func (f *fake) provider(values ...string) (*usage.Schema, []string) {
	names := usage.BaseNames(usage.Provider)
	if len(values) > len(names) {
		names = append(names, "tenant")
	}
	return f.schemas.Intern(usage.Provider, names), values
}

func (f *fake) endpoint(values ...string) (*usage.Schema, []string) {
	return f.schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint)), values
}

func (f *fake) session(values ...string) (*usage.Schema, []string) {
	return f.schemas.Intern(usage.Sessions, usage.BaseNames(usage.Sessions)), values
}

func (f *fake) addLive(schema *usage.Schema, values []string, m usage.Measures) *usage.Row {
	f.live = append(f.live, usage.Row{Schema: schema, Values: values, Measures: m, Touched: usage.NotKnown})
	return &f.live[len(f.live)-1]
}

func (f *fake) addRetired(schema *usage.Schema, values []string, m usage.Measures) {
	f.retired = append(f.retired, usage.Retired{Schema: schema, Values: values, Measures: m})
}

func (f *fake) addHour(at int64, schema *usage.Schema, values []string, m usage.Measures) {
	start, _ := f.calendar.Hour(at)
	f.hours = append(f.hours, usage.HourRow{Hour: start, HistoryRow: usage.HistoryRow{Schema: schema, Values: values, Measures: m}})
}

// calls are measures of requests that succeeded, and of some that failed.
func calls(success, failed int64) usage.Measures {
	return usage.Measures{Requests: [usage.Outcomes]int64{usage.Success: success, usage.Error: failed}}
}

// names are the values of rows, each with its requests.
func names(rows []Row) []string {
	list := make([]string, 0, len(rows))
	for i := range rows {
		text := ""
		for _, a := range rows[i].Attributes {
			text += a.Value + "/"
		}
		list = append(list, text+whole(rows[i].TotalRequests()).String())
	}
	return list
}
