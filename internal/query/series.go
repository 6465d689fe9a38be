package query

import (
	"math"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Series answers a request with one row for each group.
func Series(src Source, r Request) (Answer, error) {
	if err := r.validate(); err != nil {
		return Answer{}, err
	}
	if r.From == 0 && r.Until == 0 {
		return ofAllTime(src, &r), nil
	}
	answer, g := Answer{Total: Row{History: true}}, newGroups(&r)
	answer.From, answer.Until = wholeHours(src.Calendar(), r.From, r.Until)
	if err := g.addHistory(src, answer.From, answer.Until); err != nil {
		return Answer{}, err
	}
	answer.add(g, g.table.count)
	answer.fill(g, g.rank(&r))
	return answer, nil
}

// maxLooks bounds how often series are looked at again because some have ended meanwhile.
const maxLooks = 3

// ofAllTime answers with live and retired series. One that ends between the two would be
// missed.
func ofAllTime(src Source, r *Request) (answer Answer) {
	for range maxLooks {
		before := src.Endings()
		answer = look(src, r)
		if src.Endings() == before {
			break
		}
	}
	return answer
}

// look adds up retired series and then live ones.
func look(src Source, r *Request) Answer {
	answer, g := Answer{}, newGroups(r)
	src.Retired(func(row *usage.Retired) bool {
		g.add(row.Schema, row.Values, &row.Measures)
		return true
	})
	if g.identity && r.Limit > 0 {
		answer.addDistinct(src, g, r)
		return answer
	}
	now := src.Moment()
	src.Live(func(row *usage.Row) bool {
		if one := g.add(row.Schema, row.Values, &row.Measures); one != nil {
			one.observe(row, now)
		}
		return true
	})
	answer.add(g, g.table.count)
	answer.fill(g, g.rank(r))
	return answer
}

// addDistinct adds live series when each is a group of its own, unless it is one of those that
// were retired. There may be a hundred thousand: only those are kept that may be
// among the best.
func (a *Answer) addDistinct(src Source, g *groups, r *Request) {
	best, retired, now := g.best(r), g.table.count, src.Moment()
	src.Live(func(row *usage.Row) bool {
		c := g.columnsOf(row.Schema)
		if !c.picks(row.Values) {
			return true
		}
		if retired > 0 && row.Schema == row.Schema.Bare && g.find(c, row.Values) {
			if known := g.table.find(g.key); known != nil {
				known.Measures.Add(&row.Measures)
				known.observe(row, now)
				return true
			}
		}
		one := group{Measures: row.Measures}
		one.observe(row, now)
		best.row = g.row(&one)
		a.Total.add(&best.row)
		a.Groups++
		if !best.hopeless() {
			kept := g.add(row.Schema, row.Values, &row.Measures)
			kept.observe(row, now)
			best.offer(kept)
		}
		return true
	})
	a.add(g, retired)
	for n := range retired {
		best.offer(g.table.group(n))
	}
	a.fill(g, best.sorted())
}

// observe notes what only live series know.
func (one *group) observe(row *usage.Row, now usage.Moment) {
	if row.TimeToFirstToken > 0 {
		calls := int64(min(row.FirstTokens.Count(), math.MaxInt64))
		one.firstTokens.add(Timed{calls, row.TimeToFirstToken})
	}
	if row.Touched != usage.NotKnown {
		one.lastSeen = max(one.lastSeen, now.Wall-(now.Age-row.Touched))
	}
}

// addHistory adds what is in the buckets of a stretch of time.
func (g *groups) addHistory(src Source, from, until int64) error {
	g.history = true
	return visitTime(src, from, until, func(_ usage.Period, row *usage.HistoryRow) error {
		g.add(row.Schema, row.Values, &row.Measures)
		return nil
	})
}

// add adds the first groups to the total.
func (a *Answer) add(g *groups, count int) {
	for n := range count {
		row := g.row(g.table.group(n))
		a.Total.add(&row)
	}
	a.Groups += count
}

// fill makes groups the answer's rows.
func (a *Answer) fill(g *groups, list []*group) {
	a.Rows = make([]Row, 0, len(list))
	for _, one := range list {
		a.Rows = append(a.Rows, g.named(one))
	}
}
