package query

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Four requests of two providers on two days, with one between them.
func threeDays(t *testing.T) *fake {
	f := newFake(t)
	for _, c := range []struct {
		when, provider string
		n              int64
	}{
		{"2026-11-19T23:59:59+01:00", "openai", 1},
		{"2026-11-21T00:00:00+01:00", "mistral", 2},
		{"2026-11-21T09:00:00+01:00", "openai", 3},
		{"2026-11-21T16:00:00+01:00", "xai", 1},
	} {
		schema, values := f.provider("shop", c.provider, "gen_ai", "large", "chat")
		f.addHour(at(t, c.when), schema, values, calls(c.n, 0))
	}
	return f
}

func TestTimelineIsZeroFilled_E_F67(t *testing.T) {
	by := []string{usage.AttrProvider}
	for _, c := range []struct {
		name string
		g    usage.Granularity
		Request
		first  string
		points int
		want   map[int][]string
	}{
		{"days", usage.Daily, Request{GroupBy: by}, "2026-11-19T00:00:00+01:00", 3, map[int][]string{0: {"openai/1"}, 2: {"openai/3", "mistral/2", "xai/1"}}},
		{"of a time", usage.Daily, Request{GroupBy: by, From: at(t, "2026-11-15T10:00:00+01:00"), Until: at(t, "2026-11-20T10:00:00+01:00")}, "2026-11-15T00:00:00+01:00", 6, map[int][]string{4: {"openai/1"}}},
		{"best groups only", usage.Daily, Request{GroupBy: by, Limit: 1}, "2026-11-19T00:00:00+01:00", 3, map[int][]string{0: {"openai/1"}, 2: {"openai/3"}}},
		{"by name", usage.Daily, Request{GroupBy: by, OrderBy: "name"}, "2026-11-19T00:00:00+01:00", 3, map[int][]string{0: {"openai/1"}, 2: {"mistral/2", "openai/3", "xai/1"}}},
		{"hours", usage.Hourly, Request{GroupBy: by, From: at(t, "2026-11-21T08:10:00+01:00")}, "2026-11-21T08:00:00+01:00", 9, map[int][]string{1: {"openai/3"}, 8: {"xai/1"}}},
		{"without groups", usage.Hourly, Request{}, "2026-11-19T23:00:00+01:00", 42, nil},
		{"nothing", usage.Daily, Request{Match: map[string]string{"no": "such"}}, "", 0, nil},
		{"nothing in a time", usage.Daily, Request{Match: map[string]string{"no": "such"}, From: at(t, now)}, "2026-11-21T00:00:00+01:00", 1, nil},
		{"the future", usage.Daily, Request{From: at(t, "2026-12-01T00:00:00+01:00")}, "", 0, nil},
	} {
		c.Kind = usage.Provider
		points, err := Timeline(threeDays(t), c.Request, c.g)
		require.NoError(t, err, c.name)
		require.Len(t, points, c.points, c.name)
		for i, p := range points {
			assert.Equal(t, c.g, p.Granularity)
			if i == 0 {
				assert.Equal(t, at(t, c.first), p.Start, c.name)
			} else {
				assert.Equal(t, points[i-1].End, p.Start, c.name)
			}
			assert.Equal(t, append([]string{}, c.want[i]...), names(p.Rows), "%s: point %d", c.name, i)
		}
	}
	points, err := Timeline(threeDays(t), Request{Kind: usage.Provider, GroupBy: by, Limit: 1}, usage.Daily)
	require.NoError(t, err)
	assert.Equal(t, int64(6), points[2].Total.TotalRequests(), "of all groups")
}

func TestDaysOfATimelineAreThoseOfTheZone_A_F24_A_U15(t *testing.T) {
	r := Request{Kind: usage.Provider, From: at(t, "2026-10-25T00:00:00+02:00"), Until: at(t, "2026-10-26T00:00:00+01:00")}
	points, err := Timeline(newFake(t), r, usage.Hourly)
	require.NoError(t, err)
	assert.Len(t, points, 25)
	points, err = Timeline(newFake(t), r, usage.Daily)
	require.NoError(t, err)
	assert.Len(t, points, 1)
	r.From, r.Until = at(t, "2027-03-28T00:00:00+01:00"), at(t, "2027-03-29T00:00:00+02:00")
	points, err = Timeline(newFake(t), r, usage.Hourly)
	require.NoError(t, err)
	assert.Len(t, points, 23)
}

func TestTimelinesAreBounded(t *testing.T) {
	f := threeDays(t)
	_, err := Timeline(f, Request{From: 1}, usage.Hourly)
	require.ErrorIs(t, err, ErrInput)
	require.ErrorContains(t, err, "`from` and `to` have more than 10000 points between them with `granularity` hour")
	assert.Zero(t, f.visits, "it is refused at once")
	_, err = Timeline(f, Request{Kind: usage.Provider, Until: at(t, "2100-01-01T00:00:00Z")}, usage.Hourly)
	require.ErrorIs(t, err, ErrInput, "history begins not long ago, but")
	points, err := Timeline(f, Request{From: at(t, now) - maxPoints*3600 + 3600}, usage.Hourly)
	require.NoError(t, err)
	assert.Len(t, points, maxPoints)
}

// A thousand groups are few, and so are two years of days, but not both.
func TestRowsOfATimelineAreBounded(t *testing.T) {
	f := newRepeated(t, 1000)
	_, until := f.calendar.Day(seconds(f.moment))
	r := Request{Kind: usage.Provider, GroupBy: []string{"tenant"}, From: daysBefore(f.calendar, until-1, maxCells/1000+1), Until: until}
	_, err := Timeline(f, r, usage.Daily)
	require.ErrorIs(t, err, ErrInput)
	require.ErrorContains(t, err, "`limit` has to be lower, or the time shorter: the points have more than 500000 rows")
	r.Limit = 900
	points, err := Timeline(f, r, usage.Daily)
	require.NoError(t, err)
	assert.Len(t, points, maxCells/1000+1)
}

func TestHistoryThatIsNotInOrderIsRefused(t *testing.T) {
	_, err := Timeline(disorder{threeDays(t)}, Request{Kind: usage.Provider}, usage.Daily)
	require.ErrorIs(t, err, errOrder)
}

type disorder struct{ *fake }

func (d disorder) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	for range 2 {
		if err := d.fake.History(g, from, until, visit); err != nil {
			return err
		}
	}
	return nil
}
