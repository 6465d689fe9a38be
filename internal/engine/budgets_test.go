package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// use is one step of a budget's life: what a commit at a time adds to an hour.
type use struct {
	now  string
	hour string // empty: that of now
	n    int64
	used int64 // at now, afterwards
	told []int // levels
}

// budgetLife is what happens to one budget.
type budgetLife struct {
	name   string
	zone   string
	period usage.BudgetPeriod
	levels []int64
	uses   []use
}

func TestBudgetPeriods_E_F40_E_F41(t *testing.T) {
	for _, tt := range budgetLives() {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			require.NoError(t, err)
			b := newBudgets([]Budget{{
				Name: "b", Period: tt.period, Levels: tt.levels,
				Covers: func(*usage.Schema, []string) bool { return true },
			}}, usage.NewCalendar(zone))
			b.define(3, nil, nil)
			for i, u := range tt.uses {
				now, hour := unix(t, u.now), unix(t, u.now)
				if u.hour != "" {
					hour = unix(t, u.hour)
				}
				hour, _ = b.calendar.Hour(hour)
				var told []int
				gained := usage.Measures{Requests: [usage.Outcomes]int64{usage.Success: u.n}}
				b.add(3, hour, &gained, now, func(_, level int) { told = append(told, level) })
				assert.Equal(t, u.told, told, "step %d at %s", i, u.now)
				assert.Equal(t, u.used, b.used(now)[0].Used, "step %d at %s", i, u.now)
			}
		})
	}
}

func budgetLives() []budgetLife {
	return []budgetLife{
		{name: "hour", zone: "UTC", period: usage.BudgetHour, uses: []use{
			{now: "2026-03-01T10:59:59Z", n: 5, used: 5},
			{now: "2026-03-01T11:00:00Z", n: 0, used: 0},
			{now: "2026-03-01T11:00:00Z", n: 2, used: 2},
		}},
		{name: "day of a zone", zone: "Europe/Berlin", period: usage.BudgetDay, uses: []use{
			{now: "2026-06-01T21:59:59Z", n: 5, used: 5},
			{now: "2026-06-01T22:00:00Z", n: 1, used: 1},
		}},
		{name: "day of 23 hours", zone: "Europe/Berlin", period: usage.BudgetDay, uses: []use{
			{now: "2026-03-28T23:00:00Z", n: 1, used: 1},
			{now: "2026-03-29T21:59:59Z", n: 1, used: 2},
			{now: "2026-03-29T22:00:00Z", n: 1, used: 1},
		}},
		{name: "day of 25 hours", zone: "Europe/Berlin", period: usage.BudgetDay, uses: []use{
			{now: "2026-10-24T22:00:00Z", n: 1, used: 1},
			{now: "2026-10-25T22:59:59Z", n: 1, used: 2},
			{now: "2026-10-25T23:00:00Z", n: 1, used: 1},
		}},
		{name: "week begins on Monday", zone: "UTC", period: usage.BudgetWeek, uses: []use{
			{now: "2026-11-15T23:59:59Z", n: 4, used: 4}, // a Sunday
			{now: "2026-11-16T00:00:00Z", n: 1, used: 1},
			{now: "2026-11-22T23:59:59Z", n: 1, used: 2},
			{now: "2026-11-23T00:00:00Z", n: 0, used: 0},
		}},
		{name: "week over a change of clocks", zone: "America/New_York", period: usage.BudgetWeek, uses: []use{
			{now: "2026-10-26T04:00:00Z", n: 1, used: 1}, // Monday 00:00, UTC-4
			{now: "2026-11-02T04:59:59Z", n: 1, used: 2}, // Sunday 23:59:59, UTC-5
			{now: "2026-11-02T05:00:00Z", n: 1, used: 1},
		}},
		{name: "month end", zone: "UTC", period: usage.BudgetMonth, uses: []use{
			{now: "2026-02-28T23:59:59Z", n: 3, used: 3},
			{now: "2026-03-01T00:00:00Z", n: 1, used: 1},
			{now: "2026-03-31T23:59:59Z", n: 1, used: 2},
			{now: "2026-04-01T00:00:00Z", n: 0, used: 0},
		}},
		{name: "leap year", zone: "UTC", period: usage.BudgetMonth, uses: []use{
			{now: "2028-02-29T23:59:59Z", n: 3, used: 3},
			{now: "2028-03-01T00:00:00Z", n: 0, used: 0},
		}},
		{name: "total never ends", zone: "UTC", period: usage.BudgetTotal, uses: []use{
			{now: "2026-02-28T23:59:59Z", n: 3, used: 3},
			{now: "2031-01-01T00:00:00Z", n: 1, used: 4},
		}},
		{name: "what is late counts where it belongs", zone: "UTC", period: usage.BudgetDay, levels: []int64{5}, uses: []use{
			{now: "2026-03-01T23:59:00Z", n: 4, used: 4},
			{now: "2026-03-02T00:01:00Z", n: 1, used: 1},
			{now: "2026-03-02T00:02:00Z", hour: "2026-03-01T23:00:00Z", n: 9, used: 1},
			{now: "2026-03-02T00:03:00Z", n: 1, used: 2},
		}},
		{name: "nothing new in a day that is over tells nobody", zone: "UTC", period: usage.BudgetDay, levels: []int64{5}, uses: []use{
			{now: "2026-03-01T23:59:00Z", n: 4, used: 4},
			{now: "2026-03-02T00:02:00Z", hour: "2026-03-01T23:00:00Z", n: 9, used: 0},
		}},
		{name: "levels are told once a period", zone: "UTC", period: usage.BudgetDay, levels: []int64{5, 8, 10}, uses: []use{
			{now: "2026-03-01T10:00:00Z", n: 4, used: 4},
			{now: "2026-03-01T10:00:01Z", n: 1, used: 5, told: []int{0}},
			{now: "2026-03-01T10:00:02Z", n: 1, used: 6},
			{now: "2026-03-01T10:00:03Z", n: 9, used: 15, told: []int{1, 2}},
			{now: "2026-03-01T10:00:04Z", n: 9, used: 24},
			{now: "2026-03-02T10:00:00Z", n: 10, used: 10, told: []int{0, 1, 2}},
		}},
	}
}

func unix(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at.Unix()
}

func TestBudgetsMeasure(t *testing.T) {
	everything := func(*usage.Schema, []string) bool { return true }
	nothing := func(*usage.Schema, []string) bool { return false }
	b := newBudgets([]Budget{
		{Name: "requests", Measure: usage.BudgetRequests, Period: usage.BudgetTotal, Covers: everything},
		{Name: "tokens", Measure: usage.BudgetTokens, Period: usage.BudgetTotal, Covers: everything},
		{Name: "cost", Measure: usage.BudgetCost, Period: usage.BudgetTotal, Covers: everything},
		{Name: "others'", Measure: usage.BudgetCost, Period: usage.BudgetTotal, Covers: nothing},
	}, usage.NewCalendar(time.UTC))
	b.define(0, nil, nil)
	gained := usage.Measures{Requests: [usage.Outcomes]int64{1, 2, 3}, Tokens: [usage.TokenTypes]int64{1, 2, 3, 4, 5}, CostReported: 7, CostPriced: 8}
	b.add(0, 0, &gained, 0, nil)
	assert.Equal(t, []int64{6, 15, 15, 0}, usedOf(&b))

	stored := []usage.BudgetState{
		{Name: "requests", Used: 60}, {Name: "tokens", Definition: "another one", Used: 70}, {Name: "gone", Used: 80},
	}
	b.restore(stored, 9)
	assert.Equal(t, []int64{60, 15, 15, 0}, usedOf(&b), "what was stored of a budget that counts something else is left")
}

// What was used goes on to be used if the zone is another one now: a period begins for
// the most part where it did.
func TestBudgetsOfAnotherZone_E_F40(t *testing.T) {
	for name, c := range map[string]struct {
		period          usage.BudgetPeriod
		from, to        string
		before, at, now string
		used            int64
	}{
		"month, to the east": {usage.BudgetMonth, "America/New_York", "UTC", "2026-10-20T12:00:00Z", "2026-11-10T12:00:00Z", "2026-11-11T12:00:00Z", 10},
		"month, to the west": {usage.BudgetMonth, "Pacific/Kiritimati", "America/New_York", "2026-10-20T12:00:00Z", "2026-11-10T12:00:00Z", "2026-11-11T12:00:00Z", 10},
		"week":               {usage.BudgetWeek, "Pacific/Kiritimati", "UTC", "2026-11-12T12:00:00Z", "2026-11-17T12:00:00Z", "2026-11-18T12:00:00Z", 10},
		"day":                {usage.BudgetDay, "Europe/Berlin", "UTC", "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z", 10},
		"hour":               {usage.BudgetHour, "Asia/Kathmandu", "UTC", "2026-11-21T11:30:00Z", "2026-11-21T12:30:00Z", "2026-11-21T12:31:00Z", 10},
		"half an hour":       {usage.BudgetHour, "Australia/Lord_Howe", "Australia/Lord_Howe", "2026-04-04T14:50:00Z", "2026-04-04T15:10:00Z", "2026-04-04T15:20:00Z", 10},
		"total":              {usage.BudgetTotal, "America/New_York", "UTC", "2026-10-20T12:00:00Z", "2026-11-10T12:00:00Z", "2026-11-11T12:00:00Z", 15},
		"the next period":    {usage.BudgetMonth, "America/New_York", "UTC", "2026-10-20T12:00:00Z", "2026-11-10T12:00:00Z", "2026-12-01T00:00:00Z", 5},
	} {
		t.Run(name, func(t *testing.T) {
			list := []Budget{{Name: "b", Period: c.period, Covers: func(*usage.Schema, []string) bool { return true }}}
			in := func(zone string) *budgets {
				location, err := time.LoadLocation(zone)
				require.NoError(t, err)
				b := newBudgets(list, usage.NewCalendar(location))
				b.define(0, nil, nil)
				return &b
			}
			five := usage.Measures{Requests: [usage.Outcomes]int64{usage.Success: 5}}
			old, b := in(c.from), in(c.to)
			for _, at := range []string{c.before, c.at} {
				old.add(0, unix(t, at), &five, unix(t, at), nil)
			}
			b.restore(old.states, 0)
			b.add(0, unix(t, c.now), &five, unix(t, c.now), nil)
			assert.Equal(t, c.used, b.used(unix(t, c.now))[0].Used)
			if c.period != usage.BudgetTotal && c.used == 10 {
				assert.Equal(t, int64(5), b.used(unix(t, c.before))[0].Used, "of the period before")
			}
		})
	}
}

// Commits that a snapshot contains may be lost: what bears their numbers then is used,
// too.
func TestBudgetsAfterALoss_E_F40(t *testing.T) {
	f := newFixtureOf(Options{Budgets: []Budget{{Name: "b", Period: usage.BudgetTotal, Covers: func(*usage.Schema, []string) bool { return true }}}})
	f.Resume(5, usage.Totals{Seq: 10, Budgets: []usage.BudgetState{{Name: "b", Used: 100}}})
	f.Retire()
	f.BeginExpiry(onClock(0))
	for range 6 {
		f.hitIn(onClock(0), 0, "a")
	}
	assert.Equal(t, int64(106), f.Budgets(onClock(0))[0].Used)
}

func usedOf(b *budgets) (used []int64) {
	for _, u := range b.used(0) {
		used = append(used, u.Used)
	}
	return used
}

func TestBudgetsAllocateNothing(t *testing.T) {
	b := newBudgets([]Budget{{Period: usage.BudgetMonth, Covers: func(*usage.Schema, []string) bool { return true }}}, usage.NewCalendar(time.UTC))
	b.define(0, nil, nil)
	gained := usage.Measures{Requests: [usage.Outcomes]int64{1}}
	hour := unix(t, "2026-03-01T10:00:00Z")
	assert.Zero(t, testing.AllocsPerRun(100, func() { b.add(0, hour, &gained, hour, nil) }))
}
