package meter

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelCommit is one batch that was counted, and all that it has changed.
type modelCommit struct {
	seq      uint64
	at       int64 // when, on the clock of the test
	age      int64 // of the state
	signal   usage.Signal
	ledger   usage.Ledger
	requests int64
	added    []modelDelta
	claims   map[string]bool
	choices  map[string]modelChoice
	calls    []modelCall
	streams  map[int]modelTotal
	sessions map[modelSessionID]modelSession // that it changes
	// begun and ended are series.
	begun map[string]bool
	ended []string
}

// modelDelta is what a commit adds to a series in an hour. The hour is where
// tokens that stand in two points find each other.
type modelDelta struct {
	series  string
	hour    int64
	channel modelChannel
	born    bool // the series begins here
	modelSeries
	prices [usage.TokenTypes]int64 // of tokens that are priced, nano-USD each
}

// commit counts a reading, at an age of the state. What was counted before, in
// whatever form, is taken out first.
func (m *model) commit(signal usage.Signal, r *modelReading, age, at int64) {
	c := m.begins(signal, age, at)
	if m.paused {
		r.pause()
	} else {
		m.refuse(r, age)
		m.keys.insert(r, r.aliases(), minuteOf(age), c.seq)
		m.choose(r, c)
		m.nest(r, c)
	}
	m.subtract(r, c)
	m.shade(r, c)
	c.add(r)
	m.fold(r, c)
	c.price(r, &m.live)
	m.touch(r, c)
	m.conclude(c)
}

// begins begins the next commit.
func (m *model) begins(signal usage.Signal, age, at int64) *modelCommit {
	return &modelCommit{
		seq: m.live.seq + 1, at: at, age: age, signal: signal,
		claims: map[string]bool{}, choices: map[string]modelChoice{}, streams: map[int]modelTotal{},
		sessions: map[modelSessionID]modelSession{}, begun: map[string]bool{},
	}
}

// conclude lets a commit take effect.
func (m *model) conclude(c *modelCommit) {
	for i := range c.added {
		c.added[i].born = c.begun[c.added[i].series]
	}
	m.commits = append(m.commits, c)
	m.live.apply(c)
}

// pause makes nothing count: all that is left is how far streams have come.
func (r *modelReading) pause() {
	for i := range r.records {
		r.records[i].verdict = usage.SkippedPaused
	}
	r.records[0].see("batch while paused")
}

// shade drops the transport of calls to models that are counted themselves.
func (m *model) shade(r *modelReading, c *modelCommit) {
	for i := range r.records {
		record := &r.records[i]
		if record.verdict == usage.Counted && record.claim != "" && record.added != (modelSeries{}) {
			c.claims[record.claim] = true
		}
	}
	for i := range r.records {
		record := &r.records[i]
		if record.shadow != "" && record.verdict == usage.Counted && (c.claims[record.shadow] || m.live.claims[record.shadow]) {
			record.verdict = usage.SkippedInferenceHTTP
		}
	}
}

// add adds up what is still counted.
func (c *modelCommit) add(r *modelReading) {
	for i := range r.records {
		record := &r.records[i]
		c.ledger[record.verdict]++
		if record.series == "" {
			continue
		}
		d := c.delta(record)
		if record.verdict == usage.Counted {
			d.addRecord(record)
			c.requests += record.added.TotalRequests()
		}
	}
	c.added = slices.DeleteFunc(c.added, func(d modelDelta) bool { return d.modelSeries == modelSeries{} })
}

// price prices what is added. A series has a delta for each hour, and each pays what
// those before it have left.
func (c *modelCommit) price(r *modelReading, live *modelState) {
	series, paid := map[string]modelSeries{}, map[string]bool{}
	for i := range c.added {
		d := &c.added[i]
		d.modelSeries = modelSeries{}.plus(&d.modelSeries)
		if d.InputOwed > 0 || d.OutputOwed > 0 {
			r.records[0].see("part without its whole")
		}
		before, ok := series[d.series]
		if !ok {
			before = live.series[d.series]
		}
		discounted := d.price(before)
		switch {
		case paid[d.series] && (discounted || d.CostPriced > 0):
			r.records[0].see("price of a part that another hour has paid")
		case discounted && c.signal == usage.Traces:
			r.records[0].see("price of a part that a span has paid")
		case discounted:
			r.records[0].see("price of a part that came later")
		}
		series[d.series], paid[d.series] = before.plus(&d.modelSeries), paid[d.series] || discounted
	}
}

func (d *modelDelta) addRecord(r *modelRecord) {
	d.add(&r.added)
	if r.unpriced {
		d.Unpriced += r.added.TotalRequests()
	}
	for t, price := range r.prices {
		d.prices[t] = max(d.prices[t], price)
	}
}

// delta is that of the series, hour and channel of a record: whatever becomes of
// it, its place is behind those of the records before it.
func (c *modelCommit) delta(r *modelRecord) *modelDelta {
	for i := range c.added {
		if d := &c.added[i]; d.series == r.series && d.hour == r.hour && d.channel == r.channel {
			return d
		}
	}
	c.added = append(c.added, modelDelta{series: r.series, hour: r.hour, channel: r.channel})
	return &c.added[len(c.added)-1]
}

// changes says whether a commit adds to a series.
func (c *modelCommit) changes(series string) bool {
	return slices.ContainsFunc(c.added, func(d modelDelta) bool { return d.series == series })
}

// begin notes when a series began if it did so in this commit.
func (c *modelCommit) begin(series string, start int64) (here bool) {
	for i := range c.added {
		if d := &c.added[i]; d.series == series && d.born {
			d.start, here = start, true
		}
	}
	return here
}
