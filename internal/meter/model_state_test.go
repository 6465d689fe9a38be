package meter

import (
	"maps"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelSeries is what a series has counted.
type modelSeries struct {
	usage.Measures
	durations, firstTokens uint64 // how many
	start                  int64  // Unix ns
}

func (s modelSeries) plus(o *modelSeries) modelSeries {
	s.Measures.Add(&o.Measures)
	s.durations += o.durations
	s.firstTokens += o.firstTokens
	return s
}

// relaid is the series after the layout of its distributions has changed.
func (s modelSeries) relaid() modelSeries {
	s.Duration, s.TimeToFirstToken, s.durations, s.firstTokens = 0, 0, 0, 0
	return s
}

// modelState is everything that was counted up to a commit.
type modelState struct {
	seq     uint64
	ledgers usage.Ledgers
	series  map[string]modelSeries
	claims  map[string]bool
}

func newModelState() modelState {
	return modelState{series: map[string]modelSeries{}, claims: map[string]bool{}}
}

func (s *modelState) clone() modelState {
	out := *s
	out.series, out.claims = maps.Clone(s.series), maps.Clone(s.claims)
	return out
}

func (s *modelState) apply(c *modelCommit) {
	s.seq = c.seq
	s.ledgers[c.signal].Add(&c.ledger)
	for name, added := range c.added {
		sum, ok := s.series[name]
		if !ok {
			sum.start = added.start
		}
		s.series[name] = sum.plus(&added)
	}
	maps.Copy(s.claims, c.claims)
}

// modelCommit is one batch that was counted.
type modelCommit struct {
	seq    uint64
	at     int64 // when, on the clock of the test
	signal usage.Signal
	ledger usage.Ledger
	added  map[string]modelSeries
	claims map[string]bool
}

// model is what has to be true. Every batch was counted (Set), was not (Unset)
// or may have been: it is not known as long as its process lives, or until it is
// seen what a crash has left. What is left is always a first part of the commits,
// so that two numbers say all of it.
type model struct {
	// base is what nothing can take away any more, commits came later.
	base    modelState
	commits []*modelCommit
	live    modelState // both together
	// synced is the newest commit that has to survive the loss of power, written
	// the newest that has to survive the death of the process.
	synced, written uint64
	keys            modelKeys
}

func newModel() *model {
	return &model{base: newModelState(), live: newModelState(), keys: newModelKeys()}
}

// at is the state at a commit.
func (m *model) at(seq uint64) modelState {
	s := m.base.clone()
	for _, c := range m.commits {
		if c.seq <= seq {
			s.apply(c)
		}
	}
	return s
}

// commit counts a reading, in a minute of the state's age.
func (m *model) commit(signal usage.Signal, r *modelReading, minute, at int64) {
	c := &modelCommit{seq: m.live.seq + 1, at: at, signal: signal, added: map[string]modelSeries{}, claims: map[string]bool{}}
	duplicates := m.keys.insert(r, minute, c.seq)
	for i := range r.records {
		if record := &r.records[i]; duplicates[i] {
			record.verdict = usage.Duplicate
		} else if record.verdict == usage.Counted && record.claim != "" {
			c.claims[record.claim] = true
		}
	}
	for i := range r.records {
		record := &r.records[i]
		if record.shadow != "" && record.verdict == usage.Counted && (c.claims[record.shadow] || m.live.claims[record.shadow]) {
			record.verdict = usage.SkippedInferenceHTTP
		}
		c.ledger[record.verdict]++
		if record.verdict == usage.Counted {
			sum := c.added[record.series]
			c.added[record.series] = sum.plus(&record.added)
		}
	}
	m.commits = append(m.commits, c)
	m.live.apply(c)
}

// began notes when a series began, which the model cannot know.
func (m *model) began(name string, start int64) {
	for _, c := range m.commits {
		if added, ok := c.added[name]; ok {
			added.start = start
			c.added[name] = added
			break
		}
	}
	for _, s := range []*modelState{&m.base, &m.live} {
		if series, ok := s.series[name]; ok {
			series.start = start
			s.series[name] = series
		}
	}
}

// sync notes that everything up to a commit is on the disk.
func (m *model) sync(seq uint64) {
	m.synced, m.written = max(m.synced, seq), max(m.written, seq)
	for len(m.commits) > 0 && m.commits[0].seq <= m.synced {
		m.base.apply(m.commits[0])
		m.commits = m.commits[1:]
	}
}

// write notes that everything up to a commit was handed to the operating system.
func (m *model) write(seq uint64) { m.written = max(m.written, seq) }

// lose notes what a crash has left.
func (m *model) lose(seq uint64) {
	m.commits = slices.DeleteFunc(m.commits, func(c *modelCommit) bool { return c.seq > seq })
	m.live = m.at(seq)
	m.written = seq
	m.keys.lose(seq)
}

// relay notes that distributions were left behind.
func (m *model) relay() {
	for _, s := range []*modelState{&m.base, &m.live} {
		for name, series := range s.series {
			s.series[name] = series.relaid()
		}
	}
}
