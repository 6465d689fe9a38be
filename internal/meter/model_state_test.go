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
	// seq is the newest commit that has added to it, touched how old the state was.
	seq     uint64
	touched int64
}

// plus adds. What is owed is taken off what comes in, never off what is there.
func (s modelSeries) plus(o *modelSeries) modelSeries {
	before := s.Tokens
	s.add(o)
	for whole, owed := range s.debts() {
		paid := min(s.Tokens[whole]-before[whole], *owed)
		s.Tokens[whole] -= paid
		*owed -= paid
	}
	return s
}

func (s *modelSeries) add(o *modelSeries) {
	s.Measures.Add(&o.Measures)
	s.durations += o.durations
	s.firstTokens += o.firstTokens
}

// debts are what the wholes still have too much of, because their parts came in
// points of their own.
func (s *modelSeries) debts() map[usage.TokenType]*int64 {
	return map[usage.TokenType]*int64{usage.Input: &s.InputOwed, usage.Output: &s.OutputOwed}
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
	// requests are those that counted records carry.
	requests int64
	series   map[string]modelSeries
	// retired is what series that have ended had counted, by base identity.
	retired  map[string]usage.Measures
	sessions map[modelSessionID]modelSession // active ones
	claims   map[string]bool
	choices  map[string]modelChoice
	calls    []modelCall
	streams  map[int]modelTotal
}

func newModelState() modelState {
	return modelState{
		series: map[string]modelSeries{}, retired: map[string]usage.Measures{}, sessions: map[modelSessionID]modelSession{},
		claims: map[string]bool{}, choices: map[string]modelChoice{}, streams: map[int]modelTotal{},
	}
}

func (s *modelState) clone() modelState {
	out := *s
	out.series, out.claims = maps.Clone(s.series), maps.Clone(s.claims)
	out.retired, out.sessions = maps.Clone(s.retired), maps.Clone(s.sessions)
	out.choices, out.streams = maps.Clone(s.choices), maps.Clone(s.streams)
	out.calls = slices.Clip(s.calls)
	return out
}

func (s *modelState) apply(c *modelCommit) {
	s.seq = c.seq
	s.ledgers[c.signal].Add(&c.ledger)
	s.requests += c.requests
	for i := range c.added {
		d := &c.added[i]
		sum, ok := s.series[d.series]
		if !ok {
			sum.start = d.start
		}
		sum = sum.plus(&d.modelSeries)
		sum.seq, sum.touched = c.seq, c.age
		s.series[d.series] = sum
	}
	c.end(s)
	maps.Copy(s.claims, c.claims)
	maps.Copy(s.choices, c.choices)
	maps.Copy(s.streams, c.streams)
	s.calls = append(s.calls, c.calls...)
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
	since           int64 // streams that began earlier are not known from their beginning
	// news are what has happened to streams since their last points.
	news map[int]string
	// heard is at which age of the state the process has last heard of the signals
	// that bill, by source, and begun at which it began.
	heard  map[string]int64
	begun  int64
	bounds modelBounds // of the process
	paused bool
}

func newModel() *model {
	return &model{base: newModelState(), live: newModelState(), keys: newModelKeys(), news: map[int]string{}, heard: map[string]int64{}}
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

// began notes when a series began, which the model cannot know.
func (m *model) began(name string, start int64) {
	for _, c := range slices.Backward(m.commits) {
		if c.begin(name, start) {
			break
		}
	}
	for _, s := range []*modelState{&m.base, &m.live} {
		if series, ok := s.series[name]; ok && series.start == 0 {
			series.start = start
			s.series[name] = series
		}
	}
}

// begin notes that a process begins at an age of the state.
func (m *model) begin(age int64) { m.begun, m.heard = age, map[string]int64{} }

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
	for _, c := range m.commits {
		if c.seq > seq {
			for stream := range c.streams {
				m.news[stream] = "point after a loss"
			}
		}
	}
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
