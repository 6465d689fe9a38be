package query

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

func providers(t *testing.T) *fake {
	f := newFake(t)
	add := func(n int64, values ...string) *usage.Row {
		schema, values := f.provider(values...)
		return f.addLive(schema, values, calls(n, 0))
	}
	add(3, "shop", "openai", "gen_ai", "gpt-4o", "chat", "a").Touched = 2 * billion
	add(4, "shop", "openai", "gen_ai", "gpt-4o", "chat", "b").Touched = 4 * billion
	add(7, "shop", "mistral", "gen_ai", "large", "chat")
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	f.addRetired(schema, values, calls(5, 1))
	schema, values = f.endpoint("shop", "http", "GET /")
	f.addLive(schema, values, calls(100, 0))
	f.addLive(f.schemas.Intern(usage.Provider, []string{usage.AttrOverflow}), []string{"true"}, calls(7, 0))
	return f
}

func TestSeriesOfAllTime(t *testing.T) {
	f := providers(t)
	for _, c := range []struct {
		name    string
		request Request
		want    []string
		groups  int
	}{
		{"whole identities", Request{Kind: usage.Provider}, []string{
			"shop/mistral/gen_ai/large/chat/7", "true/7", "shop/openai/gen_ai/gpt-4o/chat/6",
			"shop/openai/gen_ai/gpt-4o/chat/b/4", "shop/openai/gen_ai/gpt-4o/chat/a/3",
		}, 5},
		{"by provider", Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}}, []string{"openai/13", "/7", "mistral/7"}, 3},
		{"by a dimension that retired rows lack", Request{Kind: usage.Provider, GroupBy: []string{"tenant"}}, []string{"/20", "b/4", "a/3"}, 3},
		{"by name", Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, OrderBy: "name"}, []string{"/7", "mistral/7", "openai/13"}, 3},
		{"cut off", Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, Limit: 1}, []string{"openai/13"}, 3},
		{"nulls last", Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, OrderBy: "cache_hit_rate", Limit: 2}, []string{"/7", "mistral/7"}, 3},
		{"matched", Request{Kind: usage.Provider, Match: map[string]string{usage.AttrProvider: "openai", "tenant": "a"}}, []string{"shop/openai/gen_ai/gpt-4o/chat/a/3"}, 1},
		{"nothing", Request{Kind: usage.Provider, Match: map[string]string{"no": "such"}}, []string{}, 0},
		{"another kind", Request{Kind: usage.Endpoint}, []string{"shop/http/GET //100"}, 1},
		{"a kind without rows", Request{Kind: usage.Sessions}, []string{}, 0},
	} {
		a, err := Series(f, c.request)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, names(a.Rows), c.name)
		assert.Equal(t, c.groups, a.Groups, c.name)
	}
	a, err := Series(f, Request{Kind: usage.Provider, Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, int64(27), a.Total.TotalRequests(), "of all groups")
	assert.Zero(t, f.visits, "history does not say it")
}

func TestLastSeenIsTheNewestOfAGroup_D_F1(t *testing.T) {
	a, err := Series(providers(t), Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}, OrderBy: "name"})
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 0, at(t, now)*billion - int64(time.Second)}, []int64{a.Rows[0].LastSeen, a.Rows[1].LastSeen, a.Rows[2].LastSeen})
}

func TestTimesToFirstTokenAreOfCallsThatHaveOne(t *testing.T) {
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	m := calls(10, 0)
	m.TimeToFirstToken = 6 * billion
	f.addLive(schema, values, m).FirstTokens = usage.Distribution{Counts: []uint64{1, 2}}
	f.addRetired(schema, values, m)
	a, err := Series(f, Request{Kind: usage.Provider})
	require.NoError(t, err)
	assert.Equal(t, Timed{Calls: 3, Sum: 6 * billion}, a.Rows[0].FirstTokens)
	assert.Equal(t, Timed{Calls: 3, Sum: 6 * billion}, a.Total.FirstTokens)
}

func TestSeriesOfATimeAreMadeOfDaysAndHours_A_U7(t *testing.T) {
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	f.addLive(schema, values, calls(1000, 0))
	// Each hour of three days, one of which has 25, counts one more than the last.
	from, until := at(t, "2026-10-24T00:00:00+02:00"), at(t, "2026-10-27T00:00:00+01:00")
	sums := map[int64]int64{}
	for i, hour := int64(1), from; hour < until; i, hour = i+1, hour+3600 {
		f.addHour(hour, schema, values, calls(i, 0))
		sums[hour] = i
	}
	require.Len(t, sums, 24+25+24)
	want := func(from, until int64) (n int64) {
		for hour, i := range sums {
			if hour >= from && (until == 0 || hour < until) {
				n += i
			}
		}
		return n
	}
	// Days of another zone, from before that was changed, stand across those of the calendar.
	for _, days := range []*usage.Calendar{nil, usage.NewCalendar(time.UTC), usage.NewCalendar(time.FixedZone("", 9*3600))} {
		f.days = days
		for from := at(t, "2026-10-23T22:00:00+02:00"); from < until+7200; from += 3600 * 5 {
			for until := from + 3600; until < at(t, "2026-10-27T04:00:00+01:00"); until += 3600 {
				a, err := Series(f, Request{Kind: usage.Provider, From: from, Until: until})
				require.NoError(t, err)
				require.Equal(t, want(from, until), a.Total.TotalRequests(), "%d - %d", from, until)
			}
			a, err := Series(f, Request{Kind: usage.Provider, From: from})
			require.NoError(t, err)
			require.Equal(t, want(from, 0), a.Total.TotalRequests(), "from %d", from)
			a, err = Series(f, Request{Kind: usage.Provider, Until: from})
			require.NoError(t, err)
			require.Equal(t, want(0, from), a.Total.TotalRequests(), "until %d", from)
		}
	}
}

func TestTimeGrowsToWholeHours(t *testing.T) {
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	f.addHour(at(t, "2026-11-20T10:00:00+01:00"), schema, values, calls(1, 0))
	a, err := Series(f, Request{Kind: usage.Provider, From: at(t, "2026-11-20T10:30:00+01:00"), Until: at(t, "2026-11-20T10:31:00+01:00")})
	require.NoError(t, err)
	assert.Equal(t, int64(1), a.Total.TotalRequests())
	assert.Equal(t, []int64{at(t, "2026-11-20T10:00:00+01:00"), at(t, "2026-11-20T11:00:00+01:00")}, []int64{a.From, a.Until})
}

// What no day covers that lies wholly inside a time is left for hours.
func TestDaysInsideATime(t *testing.T) {
	day := func(d string) int64 { return at(t, "2026-11-"+d+":00+01:00") }
	period := func(from, until string) usage.Period {
		return usage.Period{Granularity: usage.Daily, Start: day(from), End: day(until)}
	}
	hours := func(from, until int64) stretch { return stretch{usage.Hourly, from, until} }
	first, second, fourth := period("01T00:00", "02T00:00"), period("02T00:00", "03T00:00"), period("04T00:00", "05T00:00")
	old := period("01T01:00", "02T01:00") // of another zone
	for _, c := range []struct {
		name        string
		from, until int64
		days, whole []usage.Period
		hours       []stretch
	}{
		{"days", first.Start, second.End, []usage.Period{first, second}, []usage.Period{first, second}, nil},
		{"hours of a day", day("01T03:00"), day("01T05:00"), []usage.Period{first}, nil, []stretch{hours(day("01T03:00"), day("01T05:00"))}},
		{"hours of two days", day("01T03:00"), day("02T05:00"), []usage.Period{first, second}, nil, []stretch{hours(day("01T03:00"), day("02T05:00"))}},
		{"all three", day("01T03:00"), day("04T05:00"), []usage.Period{first, second, fourth}, []usage.Period{second}, []stretch{
			hours(day("01T03:00"), second.Start), hours(second.End, day("04T05:00")),
		}},
		{"since ever", 0, day("02T05:00"), []usage.Period{first, second}, []usage.Period{first}, []stretch{hours(0, first.Start), hours(first.End, day("02T05:00"))}},
		{"a day without anything", second.Start, fourth.End, []usage.Period{second, fourth}, []usage.Period{second, fourth}, []stretch{hours(second.End, fourth.Start)}},
		{"of another zone", first.Start, second.Start, []usage.Period{old}, nil, []stretch{hours(first.Start, second.Start)}},
		{"two zones", first.Start, fourth.Start, []usage.Period{old, second}, []usage.Period{old, second}, []stretch{
			hours(first.Start, old.Start), hours(second.End, fourth.Start),
		}},
		{"from the change of the zone", second.Start, second.End, []usage.Period{old, second}, []usage.Period{second}, []stretch{hours(second.Start, old.End)}},
		{"nothing", first.Start, first.End, nil, nil, []stretch{hours(first.Start, first.End)}},
	} {
		d := inside{from: c.from, until: c.until, covered: c.from}
		var whole []usage.Period
		for _, p := range c.days {
			d.take(p)
			if d.whole {
				whole = append(whole, p)
			}
		}
		assert.Equal(t, c.whole, whole, c.name)
		assert.Equal(t, c.hours, d.rest(), c.name)
	}
}

// Days that stand across the ends of a time are not read, nor hours that are in days.
func TestNothingIsReadThatIsNotNeeded(t *testing.T) {
	day := func(d string) int64 { return at(t, "2026-11-"+d+":00+01:00") }
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	for hour := day("01T00:00"); hour < day("06T00:00"); hour += 3600 {
		f.addHour(hour, schema, values, calls(1, 0))
	}
	for _, c := range []struct {
		name        string
		from, until int64
		want        []stretch
	}{
		{"days", day("01T00:00"), day("03T00:00"), []stretch{{usage.Daily, day("01T00:00"), day("03T00:00")}}},
		{"hours of two days", day("01T03:00"), day("02T05:00"), []stretch{{usage.Hourly, day("01T03:00"), day("02T05:00")}}},
		{"both", day("01T03:00"), day("03T05:00"), []stretch{
			{usage.Daily, day("02T00:00"), day("03T00:00")}, {usage.Hourly, day("01T03:00"), day("02T00:00")}, {usage.Hourly, day("03T00:00"), day("03T05:00")},
		}},
		{"up to now", day("05T00:00"), 0, []stretch{
			{usage.Daily, day("05T00:00"), day("22T00:00")}, {usage.Hourly, day("06T00:00"), day("22T00:00")},
		}},
	} {
		asked := asked{fake: f}
		_, err := Series(&asked, Request{Kind: usage.Provider, From: c.from, Until: c.until})
		require.NoError(t, err)
		assert.Equal(t, c.want, asked.list, c.name)
	}
}

// asked is a source that notes what it is asked for.
type asked struct {
	*fake
	list []stretch
}

func (a *asked) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	a.list = append(a.list, stretch{g, from, until})
	return a.fake.History(g, from, until, visit)
}

// Series that end while others look at them are in the answer once.
func TestSeriesThatEndMeanwhileAreCounted(t *testing.T) {
	for _, c := range []struct {
		ends, looks int
		want        int64
	}{{0, 1, 5}, {1, 2, 5}, {2, 3, 5}, {5, 3, 4}} {
		f := &ending{fake: newFake(t), ends: c.ends}
		for range 5 {
			schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
			f.addLive(schema, values, calls(1, 0))
		}
		a, err := Series(f, Request{Kind: usage.Provider, GroupBy: []string{usage.AttrProvider}})
		require.NoError(t, err)
		assert.Equal(t, c.want, a.Total.TotalRequests(), "%d of them", c.ends)
		assert.Equal(t, c.looks, f.looks)
	}
}

// ending is a source a series of which ends after each look at retired ones.
type ending struct {
	*fake
	ends, looks int
}

func (e *ending) Retired(visit func(*usage.Retired) bool) {
	e.looks++
	e.fake.Retired(visit)
	if e.ends == 0 {
		return
	}
	row := e.live[0]
	e.live, e.ends, e.endings = e.live[1:], e.ends-1, e.endings+1
	e.addRetired(row.Schema.Bare, row.Values, row.Measures)
}

// How many sessions were open when a time began is in no history.
func TestActiveSessionsOfATimeAreNotKnown(t *testing.T) {
	f := newFake(t)
	m := usage.Measures{Opened: 3, Closed: [usage.CloseReasons]int64{usage.ClosedNormal: 1}}
	for _, name := range []string{"a", "b"} {
		schema, values := f.session(name)
		f.addLive(schema, values, m)
		f.addHour(at(t, now), schema, values, m)
		m.Opened++
	}
	active, _ := MeasureNamed(usage.Sessions, "active")
	r := Request{Kind: usage.Sessions, OrderBy: active.Name, GroupBy: usage.BaseNames(usage.Sessions)}
	texts := func(rows ...Row) (list []string) {
		for i := range rows {
			list = append(list, rows[i].Attributes[0].Value+active.Of(&rows[i]).String())
		}
		return list
	}
	a, err := Series(f, r)
	require.NoError(t, err)
	assert.Equal(t, []string{"b3", "a2"}, texts(a.Rows...))
	assert.Equal(t, whole(5), active.Of(&a.Total))
	r.From = at(t, "2026-11-21T00:00:00+01:00")
	a, err = Series(f, r)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, texts(a.Rows...))
	assert.False(t, active.Of(&a.Total).Known)
	points, err := Timeline(f, r, usage.Daily)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, texts(points[0].Rows...))
	assert.False(t, active.Of(&points[0].Total).Known)
	r.Match = map[string]string{"no": "such"}
	a, err = Series(f, r)
	require.NoError(t, err)
	assert.False(t, active.Of(&a.Total).Known, "of nothing, too")
}

func TestBadRequests(t *testing.T) {
	for parameter, r := range map[string]Request{
		"kind":     {Kind: usage.Kind(usage.Kinds)},
		"order_by": {OrderBy: "tokens", Kind: usage.Endpoint},
		"limit":    {Limit: -1},
		"from":     {From: 2, Until: 2},
		"group_by": {GroupBy: []string{"a", "a"}},
	} {
		_, err := Series(newFake(t), r)
		require.ErrorIs(t, err, ErrInput, parameter)
		require.ErrorContains(t, err, "`"+parameter+"`")
		_, err = Timeline(newFake(t), r, usage.Daily)
		require.ErrorIs(t, err, ErrInput, parameter)
	}
}

func TestErrorsOfHistoryAreReturned(t *testing.T) {
	f := newFake(t)
	f.err = errors.New("damaged")
	_, err := Series(f, Request{From: 1})
	require.ErrorIs(t, err, f.err)
	for _, by := range [][]string{nil, {"a"}} {
		_, err = Timeline(f, Request{GroupBy: by}, usage.Hourly)
		require.ErrorIs(t, err, f.err)
	}
	_, err = Usage(f, UsageOptions{})
	require.ErrorIs(t, err, f.err)
	_, err = RecentRequests(f)
	require.ErrorIs(t, err, f.err)
}

// Where the zone was changed, days of the old one stand across the ends of those of the new
// one: each counts once, where it begins.
func TestDaysOfAnotherZoneCountOnce(t *testing.T) {
	f := newFake(t)
	f.days = usage.NewCalendar(time.UTC)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	for day := at(t, "2026-11-01T12:00:00Z"); day < at(t, "2026-11-11T00:00:00Z"); day += 24 * 3600 {
		f.addHour(day, schema, values, calls(1, 0))
	}
	sum := int64(0)
	for day := at(t, "2026-10-31T00:00:00+01:00"); day < at(t, "2026-11-12T00:00:00+01:00"); day += 24 * 3600 {
		a, err := Series(f, Request{Kind: usage.Provider, From: day, Until: day + 24*3600})
		require.NoError(t, err)
		sum += a.Total.TotalRequests()
	}
	assert.Equal(t, int64(10), sum)
}

func TestManyGroups(t *testing.T) {
	f := newFake(t)
	const n = 1000
	for range 2 {
		for i := range n {
			schema, values := f.provider("shop", "openai", "gen_ai", strconv.Itoa(i), "chat")
			f.addHour(at(t, now), schema, values, calls(int64(i), 0))
		}
	}
	a, err := Series(f, Request{Kind: usage.Provider, GroupBy: []string{usage.AttrModel}, From: 1})
	require.NoError(t, err)
	require.Equal(t, n, a.Groups)
	for i, row := range a.Rows {
		require.Equal(t, strconv.Itoa(n-1-i), row.Attribute(usage.AttrModel))
		require.Equal(t, int64(2*(n-1-i)), row.TotalRequests())
	}
}
