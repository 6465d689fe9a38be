package page

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// requests are n calls that went well.
func requests(n int64) usage.Measures {
	return usage.Measures{Requests: [usage.Outcomes]int64{usage.Success: n}}
}

func collect(t *testing.T, s *source, parameters string) *Data {
	t.Helper()
	d, err := collectFrom(t, []Meter{{ID: "usage", Source: s}}, parameters)
	require.NoError(t, err)
	return d
}

func collectFrom(t *testing.T, meters []Meter, parameters string) (*Data, error) {
	t.Helper()
	values, err := url.ParseQuery(parameters)
	require.NoError(t, err)
	return Collect(Request{Meters: meters, Parameters: values})
}

// countSteps is how many points a line has.
func countSteps(path string) int { return strings.Count(path, "M") + strings.Count(path, "L") }

func someday() time.Time { return time.Date(2026, 11, 21, 16, 40, 12, 0, time.UTC) }

// shop is a source with a little of everything, today unless said otherwise.
func shop() *source {
	now := someday()
	s := newSource(now)
	gpt := []string{"shop", "openai", "gen_ai", "gpt-4o", "chat"}
	s.add(now.Add(-time.Hour), usage.Provider, nil, gpt, usage.Measures{
		Requests: [usage.Outcomes]int64{7, 1, 2, 3, 4}, Duration: int64(17 * time.Second),
		Tokens: [usage.TokenTypes]int64{1000, 200, 30, 400, 5}, CostPriced: 1_500_000_000, CostReported: 250_000_000,
	})
	s.add(now.Add(-4*24*time.Hour), usage.Provider, nil, gpt, requests(100))
	s.add(now.Add(-2*time.Hour), usage.Provider, nil, []string{"shop", "local", "gen_ai", "own-7b", "chat"}, usage.Measures{
		Requests: [usage.Outcomes]int64{6}, Tokens: [usage.TokenTypes]int64{usage.Output: 60}, Unpriced: 6,
	})
	s.add(now, usage.Endpoint, nil, []string{"shop", "http", "GET /"}, usage.Measures{
		Requests: [usage.Outcomes]int64{20, 4, 1}, Duration: int64(500 * time.Millisecond), RequestBytes: 300, ResponseBytes: 4000,
	})
	s.add(now, usage.Endpoint, nil, []string{"cart", "rpc", "Cart/Add"}, requests(3))
	sessions := usage.Measures{Opened: 5, Duration: int64(3 * time.Minute)}
	sessions.Closed[usage.ClosedNormal] = 3
	s.add(now, usage.Sessions, nil, []string{"provider"}, sessions)
	s.add(now, usage.Own, nil, []string{"uploads", "By"}, usage.Measures{Hits: 2, Value: 1234, ValueParts: 500_000_000})
	for i := range s.rows {
		row := usage.Row{Schema: s.rows[i].Schema, Values: s.rows[i].Values, Touched: -int64(i+1) * int64(time.Minute)}
		if i == 0 {
			row.TimeToFirstToken, row.FirstTokens.Counts = int64(time.Second), []uint64{4}
		}
		s.live = append(s.live, row)
	}
	return s
}

// texts are the numbers of a row as people read them.
func texts(list []number) (all []string) {
	for _, n := range list {
		all = append(all, n.Text)
	}
	return all
}

func TestUsageByProviderAndModel_A_U5(t *testing.T) {
	d := collect(t, shop(), "")
	assert.Equal(t, "Saturday, 21 November 2026", d.Period)
	cards := map[string]string{}
	for _, c := range d.Cards {
		cards[c.Label] = c.Value.Text + ", " + c.Note
	}
	assert.Equal(t, map[string]string{
		"Requests": "23, 13 successful", "Error rate": "15.79 %, 3 failed", "Throttle rate": "15.79 %, 3 throttled",
		"Tokens": "1,695, 1,230 in, 465 out", "Cost": "$1.75, 6 calls unpriced", "Active sessions": "0, 5 opened",
	}, cards)
	require.Len(t, d.Models.Rows, 2)
	assert.Equal(t, []string{"openai", "gpt-4o"}, d.Models.Rows[0].Names)
	assert.Equal(t, []string{"17", "2", "1", "3", "1,000", "200", "30", "400", "5", "$1.75", "0", "1 s", "250 ms"}, texts(d.Models.Rows[0].Numbers))
	assert.Equal(t, []string{"6", "0", "0", "0", "0", "0", "0", "60", "0", "–", "6", "–", "–"}, texts(d.Models.Rows[1].Numbers), "unknown is not 0")
	assert.Equal(t, []namedRow{{[]string{"local", "own-7b"}, []number{count(6), short(60)}}}, d.Unpriced.Rows)
	assert.Len(t, d.Models.Numbers, len(d.Models.Total))

	week := collect(t, shop(), "period=week")
	assert.Equal(t, "117", week.Models.Rows[0].Numbers[0].Text)
	assert.Equal(t, "16 to 22 November 2026", week.Period)
}

func TestEndpointsSayWhenTheyWereSeen_D_F1(t *testing.T) {
	d := collect(t, shop(), "of=endpoints")
	require.Len(t, d.Endpoints.Rows, 2)
	assert.Equal(t, []string{"shop", "http", "GET /"}, d.Endpoints.Rows[0].Names)
	assert.Equal(t, []string{"25", "1", "4", "0", "20 ms", "300 B", "4 kB", "4 min ago"}, texts(d.Endpoints.Rows[0].Numbers))
	s := shop()
	s.live = nil
	unseen := collect(t, s, "").Endpoints.Rows[0].Numbers
	assert.Equal(t, "–", unseen[len(unseen)-1].Text, "it has left memory")
}

func TestSessionsAndOwnMeters(t *testing.T) {
	d := collect(t, shop(), "")
	assert.Equal(t, []fact{{"Active now", count(0)}, {"Opened", count(5)}, {"Closed: normal", count(3)}, {"Average duration", number{"60 s", "60 s", "60"}}}, d.Sessions)
	assert.Equal(t, []string{"uploads", "By"}, d.Own.Rows[0].Names)
	assert.Equal(t, []string{"2", "1,234.5"}, texts(d.Own.Rows[0].Numbers))
}

// The side of what there is, is shown; and of it what there is.
func TestWhatIsShownFirst(t *testing.T) {
	for name, c := range map[string]struct {
		kind usage.Kind
		m    usage.Measures
		want string
	}{
		"nothing":   {usage.Own, usage.Measures{Hits: 1}, "Providers: Cost by provider"},
		"cost":      {usage.Provider, usage.Measures{CostReported: 1}, "Providers: Cost by provider"},
		"tokens":    {usage.Provider, usage.Measures{Tokens: [usage.TokenTypes]int64{1}}, "Providers: Tokens by provider"},
		"calls":     {usage.Provider, requests(1), "Providers: Requests by provider"},
		"endpoints": {usage.Endpoint, requests(1), "Endpoints: Requests by endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSource(someday())
			s.add(s.now, c.kind, nil, make([]string, len(usage.BaseNames(c.kind))), c.m)
			d := collect(t, s, "")
			assert.Equal(t, c.want, d.Side+": "+d.Usage.Title)
		})
	}
}

func TestGroupsAreThoseOfTheSourceAndTheRest(t *testing.T) {
	s := newSource(someday())
	for i := range 12 {
		values := []string{"shop", fmt.Sprintf("p%02d", i), "http", "", "GET"}
		s.add(s.now, usage.Provider, []string{"tenant.id"}, append(values, fmt.Sprint(i%2)), requests(int64(100-i)))
	}
	s.add(s.now.Add(-time.Hour), usage.Provider, nil, []string{"shop", "p00", "http", "", "GET"}, requests(1000))

	d := collect(t, s, "")
	require.Len(t, d.Usage.Legend, maxSeries+1)
	assert.Equal(t, legend{"c0", "p00", short(1100), "51.5 %"}, d.Usage.Legend[0])
	assert.Equal(t, legend{otherColour, "All others", short(92 + 91 + 90 + 89), "17.0 %"}, d.Usage.Legend[maxSeries])
	assert.Equal(t, texts(d.Usage.Total)[0], "1,100")
	assert.Contains(t, labels(d.Groups[0]), "tenant.id", "a dimension that went by")
	assert.NotContains(t, labels(d.Groups[1]), "tenant.id", "endpoints have it not")

	d = collect(t, s, "by=tenant.id")
	assert.Equal(t, "Requests by tenant.id", d.Usage.Title)
	var names []string
	for _, l := range d.Usage.Legend {
		names = append(names, l.Name+" "+l.Value.Text)
	}
	assert.Equal(t, []string{"(none) 1,000", "0 570", "1 564"}, names, "what has no such dimension is a group")
	d = collect(t, s, "by=no.such.thing")
	assert.Equal(t, []string{"Provider", "Model", "Service", "Operation", "Kind", "tenant.id", "no.such.thing"}, labels(d.Groups[0]))
	assert.Equal(t, "no.such.thing", current(d.Groups[0]))
}

func labels(m menu) (all []string) {
	for _, l := range m.Links {
		all = append(all, l.Label)
	}
	return all
}

// current is the label of the selected link, and there is one at most.
func current(m menu) string {
	var all []string
	for _, l := range m.Links {
		if l.Current {
			all = append(all, l.Label)
		}
	}
	return strings.Join(all, ", ")
}

func TestSwitchesLeadBackToWhatTheySay(t *testing.T) {
	meters := []Meter{{ID: "usage", Source: shop()}, {ID: "usage/llm", Source: shop()}}
	d, err := collectFrom(t, meters, "processor=usage/llm&period=week&by=model&show=tokens")
	require.NoError(t, err)
	assert.Equal(t, "usage/llm", d.Meter)
	assert.Equal(t, []string{"usage/llm", "This week", "Model", "", "Tokens"},
		[]string{current(d.Processors), current(d.Periods), current(d.Groups[0]), current(d.Groups[1]), current(d.Shows)})
	for _, m := range append(d.Groups, d.Processors, d.Periods, d.Shows) {
		for _, l := range m.Links {
			to, err := collectFrom(t, meters, strings.TrimPrefix(l.Address, "?"))
			require.NoError(t, err, l.Address)
			found := false
			for _, m := range append(to.Groups, to.Processors, to.Periods, to.Shows) {
				for _, known := range m.Links {
					found = found || known.ID == l.ID && known.Current
				}
			}
			assert.True(t, found, "%s selects %s", l.Address, l.Label)
		}
	}
	d, err = collectFrom(t, meters[:1], "")
	require.NoError(t, err)
	assert.Empty(t, d.Processors.Links, "one is no choice")
}

func TestAddressesThatMakeNoSenseAreRefused(t *testing.T) {
	for address, want := range map[string]string{
		"period=year":                     "`period` is \"year\": today, week, month are accepted",
		"processor=usage/other":           "`processor` is \"usage/other\": usage are accepted",
		"of=both":                         "`of` is \"both\": providers, endpoints are accepted",
		"show=bytes":                      "`show` is \"bytes\": cost, tokens, requests are accepted",
		"of=endpoints&show=cost":          "`show` is \"cost\": requests, out, in are accepted",
		"of=endpoints&by=model":           "`by` is \"model\", which endpoints do not have",
		"perid=week":                      "`perid` is no parameter of the page: by, of, period, processor, show are",
		"period=week&period=week":         "`period` is given more than once",
		"by=" + strings.Repeat("x", 257):  "`by` is no name of an attribute: up to 256 bytes of text are accepted",
		"by=" + url.QueryEscape("a\x00b"): "`by` is no name of an attribute: up to 256 bytes of text are accepted",
		"by=" + url.QueryEscape("a\xff"):  "`by` is no name of an attribute: up to 256 bytes of text are accepted",
	} {
		_, err := collectFrom(t, []Meter{{ID: "usage", Source: shop()}}, address)
		require.ErrorIs(t, err, query.ErrInput, address)
		assert.EqualError(t, err, "invalid query: "+want)
	}
}

func TestWithoutMetersThereIsAPage(t *testing.T) {
	d, err := collectFrom(t, nil, "period=week")
	require.NoError(t, err)
	assert.Equal(t, "Usage", d.Title())
	_, err = collectFrom(t, nil, "perid=week")
	require.ErrorIs(t, err, query.ErrInput)
}

func TestErrorsOfHistoryArePassedOn(t *testing.T) {
	s := shop()
	s.err = errors.New("damaged")
	_, err := collectFrom(t, []Meter{{ID: "usage", Source: s}}, "")
	require.ErrorIs(t, err, s.err)
}

func TestBudgets(t *testing.T) {
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	budgets := []meter.Budget{
		{BudgetOptions: meter.BudgetOptions{Name: "team", Match: map[string]string{"usage.service": "shop", "usage.model": "gpt-*"}, Measure: usage.BudgetCost, Period: usage.BudgetMonth, Amount: 200}, Used: 150.25, End: end},
		{BudgetOptions: meter.BudgetOptions{Name: "calls", Measure: usage.BudgetRequests, Period: usage.BudgetTotal, Amount: 1000}, Used: 2500, Exceeded: true},
	}
	d, err := collectFrom(t, []Meter{{ID: "usage", Source: shop(), Budgets: budgets}}, "")
	require.NoError(t, err)
	assert.Equal(t, []budget{
		{
			Name: "team", Match: "usage.model = gpt-*, usage.service = shop", Period: "month until 1 Dec 00:00",
			Used: money(150_250_000_000), Amount: money(200_000_000_000), Share: number{"75.12 %", "0.75125", "0.75125"}, Bar: bar{751, "fill"},
		},
		{
			Name: "calls", Match: "everything", Period: "in all", Measure: "requests",
			Used: short(2500), Amount: short(1000), Share: number{"250 %", "2.5", "2.5"}, Bar: bar{1000, "fill over"}, Exceeded: true,
		},
	}, d.Budgets)
}

func TestHealthSaysWhetherUsageIsKept(t *testing.T) {
	now := someday()
	status := meter.Status{Persistence: meter.PersistenceStatus{
		PersistenceSettings: meter.PersistenceSettings{Enabled: true, Interval: 30 * time.Second},
		Path:                "/state", Saved: now.Add(-12 * time.Second), JournalBytes: 4096, SnapshotBytes: 1_000_000, Overridden: []string{"interval-seconds"},
	}, Writer: "w", Epoch: 3}
	of := func() *Data {
		d, err := collectFrom(t, []Meter{{ID: "usage", Source: shop(), Status: status}}, "")
		require.NoError(t, err)
		return d
	}
	facts := map[string]string{}
	for _, f := range of().Health.Facts {
		facts[f.Label] = f.Value.Text
	}
	assert.Equal(t, map[string]string{
		"Last flush": "12 s ago", "Loaded": "–", "Path": "/state", "Written every": "30s", "Journal": "4.1 kB", "Snapshot": "1 MB",
		"Epoch": "3", "Writer": "w", "Changed at run time": "interval-seconds",
	}, facts)
	assert.Equal(t, "good", of().Health.Class)
	status.Persistence.LastError = "disk full"
	assert.Equal(t, health{Class: "bad", State: "Cannot be written", Error: "disk full", Facts: of().Health.Facts}, of().Health)
	status.Persistence.Enabled = false
	assert.Equal(t, "off", of().Health.Class)
}

// A token is what saving needs, and something to save to.
func TestSavingIsOfferedWhereItWorks(t *testing.T) {
	address := func(token, enabled bool) string {
		m := Meter{ID: "usage/a&b", Source: shop()}
		m.Status.Persistence.Enabled = enabled
		d, err := Collect(Request{Meters: []Meter{m}, CanSave: token})
		require.NoError(t, err)
		return d.SaveAddress
	}
	assert.Equal(t, "v0/management/usage/save?processor=usage%2Fa%26b", address(true, true))
	assert.Empty(t, address(false, true)+address(true, false))
}

// What strangers can make many of does not make the page long.
func TestThePageIsBounded(t *testing.T) {
	s := newSource(someday())
	for i := range 10_000 {
		name := fmt.Sprint(i)
		dimensions := []string{"d" + fmt.Sprint(i%100)}
		s.add(s.now, usage.Provider, dimensions, []string{"shop", "p" + name, "gen_ai", "m" + name, "chat", "x"}, usage.Measures{
			Requests: [usage.Outcomes]int64{1}, Tokens: [usage.TokenTypes]int64{1}, Unpriced: 1,
		})
		s.add(s.now, usage.Endpoint, dimensions, []string{"shop", "http", "GET /" + name, "x"}, requests(1))
	}
	d := collect(t, s, "by=model")
	assert.Len(t, d.Models.Rows, maxRows)
	assert.Equal(t, 10_000-maxRows, d.Models.More)
	assert.Equal(t, "10,000", d.Models.Total[0].Text, "of all")
	assert.Len(t, d.Endpoints.Rows, maxRows)
	assert.Len(t, d.Unpriced.Rows, maxRows)
	assert.Len(t, d.Usage.Legend, maxSeries+1)
	assert.LessOrEqual(t, len(d.Groups[0].Links), 5+maxDimensions)
	assert.Less(t, len(render(t, d)), 200_000)
}
