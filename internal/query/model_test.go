package query

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// What a request is answered with is what one gets by adding up everything and sorting it.
func TestSeriesAreLikeTheModel(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		f := randomRows(t, random)
		r := randomRequest(random)
		got, err := Series(f, r)
		require.NoError(t, err)
		want := model(f, r)
		limited := want
		if r.Limit > 0 {
			limited = want[:min(r.Limit, len(want))]
		}
		require.Equal(t, lines(limited, r), lines(got.Rows, r), "seed %d: %+v", seed, r)
		require.Len(t, want, got.Groups, "seed %d", seed)
		total := Row{}
		for i := range want {
			total.add(&want[i])
		}
		require.Equal(t, total, got.Total, "seed %d", seed)
	}
}

// The points of a timeline are together what a request for the whole time is answered with.
func TestTimelinesAreLikeTheModel(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 2))
		f := randomRows(t, random)
		r := randomRequest(random)
		r.GroupBy = []string{usage.AttrProvider, "tenant"}[:1+random.IntN(2)]
		r.From, r.Until = at(t, "2026-10-24T00:00:00+02:00"), at(t, "2026-10-27T00:00:00+01:00")
		answer, err := Series(f, r)
		require.NoError(t, err)
		for _, g := range []usage.Granularity{usage.Hourly, usage.Daily} {
			points, err := Timeline(f, r, g)
			require.NoError(t, err)
			require.Len(t, points, map[usage.Granularity]int{usage.Hourly: 73, usage.Daily: 3}[g])
			require.Equal(t, []int64{r.From, r.Until}, []int64{points[0].Start, points[len(points)-1].End})
			sums, total := map[string]*Row{}, Row{}
			for _, p := range points {
				total.add(&p.Total)
				for i := range p.Rows {
					key := fmt.Sprint(p.Rows[i].Attributes)
					if sums[key] == nil {
						sums[key] = &Row{Attributes: p.Rows[i].Attributes}
					}
					sums[key].add(&p.Rows[i])
				}
			}
			require.Equal(t, answer.Total.Measures, total.Measures, "seed %d", seed)
			require.Len(t, sums, len(answer.Rows))
			for i := range answer.Rows {
				require.Equal(t, answer.Rows[i].Measures, sums[fmt.Sprint(answer.Rows[i].Attributes)].Measures, "seed %d", seed)
			}
		}
	}
}

func randomRows(t *testing.T, random *rand.Rand) *fake {
	f := newFake(t)
	from := at(t, "2026-10-24T00:00:00+02:00")
	for range random.IntN(60) {
		m := usage.Measures{CostPriced: random.Int64N(3), Duration: random.Int64N(3) * billion}
		m.Requests[random.IntN(usage.Outcomes)] = 1 + random.Int64N(3)
		m.Tokens[random.IntN(usage.TokenTypes)] = random.Int64N(3)
		one := func(n int) string { return strings.Repeat("x", random.IntN(n)) }
		values := []string{one(2), one(4), "gen_ai", one(3), "chat", one(3)}
		schema, values := f.provider(values[:5+random.IntN(2)]...)
		switch random.IntN(3) {
		case 0:
			if !slices.ContainsFunc(f.live, func(r usage.Row) bool { return slices.Equal(r.Values, values) }) {
				f.addLive(schema, values, m)
			}
		case 1:
			f.addRetired(schema.Bare, values[:5], m)
		default:
			f.addHour(from+random.Int64N(73*3600), schema, values, m)
		}
	}
	return f
}

func randomRequest(random *rand.Rand) Request {
	r := Request{Kind: usage.Provider, Limit: random.IntN(5)}
	measures := Measures(usage.Provider)
	r.OrderBy = append([]string{byName, ""}, measures[random.IntN(len(measures))].Name)[random.IntN(3)]
	r.GroupBy = [][]string{nil, {usage.AttrProvider}, {"tenant", usage.AttrModel}, {"none"}}[random.IntN(4)]
	if random.IntN(3) == 0 {
		r.Match = map[string]string{usage.AttrProvider: "xx"}
	}
	return r
}

// model knows no keys and no heap. Of identities of more than one schema it says what the
// order is that the answer has.
func model(f *fake, r Request) []Row {
	groups := map[string]Row{}
	add := func(schema *usage.Schema, values []string, m *usage.Measures) {
		row := Row{Measures: *m}
		for name, value := range r.Match {
			if i := slices.Index(schema.Names, name); i < 0 || values[i] != value {
				return
			}
		}
		names := r.GroupBy
		if len(names) == 0 {
			names = schema.Names
		}
		for _, name := range names {
			value := ""
			if i := slices.Index(schema.Names, name); i >= 0 {
				value = values[i]
			}
			row.Attributes = append(row.Attributes, Attribute{name, value})
		}
		key := fmt.Sprintf("%q", row.Attributes)
		known := groups[key]
		row.add(&known)
		groups[key] = row
	}
	switch {
	case r.From != 0:
		for _, h := range f.hours {
			add(h.Schema, h.Values, &h.Measures)
		}
	default:
		for _, row := range f.live {
			add(row.Schema, row.Values, &row.Measures)
		}
		for _, row := range f.retired {
			add(row.Schema, row.Values, &row.Measures)
		}
	}
	of := measureOf(r.Kind, r.OrderBy)
	return slices.SortedFunc(maps.Values(groups), func(a, b Row) int {
		if c := of(&a).compare(of(&b)); c != 0 {
			return c
		}
		return slices.CompareFunc(a.Attributes, b.Attributes, func(a, b Attribute) int { return cmp.Compare(a.Value, b.Value) })
	})
}

func lines(rows []Row, r Request) []string {
	list := []string{}
	of := measureOf(r.Kind, r.OrderBy)
	for i := range rows {
		list = append(list, fmt.Sprintf("%q %s %v", rows[i].Attributes, of(&rows[i]), rows[i].Measures))
	}
	return list
}
