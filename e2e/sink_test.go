package e2e

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// sink is an OTLP/HTTP backend. It fails its test when, for one writer, series
// and start time, a value falls, or when an export is not later than the one
// before it.
type sink struct {
	t      *testing.T
	server *httptest.Server
	// arrived has a receiver go on when an export comes, before the answer.
	arrived chan struct{}
	// receive takes an export, or does not. Other kinds of sink replace it.
	receive func(body []byte, md pmetric.Metrics) verdict

	mu       sync.Mutex // guards everything below
	refuses  bool
	requests int
	refused  int
	writers  map[string]bool
	seen     map[string]history // by series
}

// history is what was received for one series.
type history struct {
	latest point
	// starts are the start times seen, with the highest value for each.
	starts map[uint64]int64
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{t: t, arrived: make(chan struct{}), writers: map[string]bool{}, seen: map[string]history{}}
	s.receive = s.receiveTotals
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// verdict is what a sink makes of an export.
type verdict int

const (
	taken       verdict = iota
	refused             // for now
	takenMutely         // without an answer
)

// ServeHTTP takes an export.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // its sender was killed
	}
	request := pmetricotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil || r.URL.Path != "/v1/metrics" {
		s.t.Errorf("%s %s is no export: %v", r.Method, r.URL.Path, err)
		http.Error(w, "not an export", http.StatusBadRequest)
		return
	}
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	switch s.receive(body, request.Metrics()) {
	case taken:
	case refused:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	case takenMutely:
		panic(http.ErrAbortHandler)
	}
	answer, err := pmetricotlp.NewExportResponse().MarshalProto()
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer) // the collector may be gone
}

func (s *sink) receiveTotals(_ []byte, md pmetric.Metrics) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses {
		s.refused++
		return refused
	}
	s.requests++
	for _, p := range pointsOf(md, pmetric.AggregationTemporalityCumulative) {
		s.writers[p.writer] = true
		h, known := s.seen[p.series]
		if !known {
			h.starts = map[uint64]int64{}
		}
		s.check(p, h)
		h.latest, h.starts[p.start] = p, p.value
		s.seen[p.series] = h
	}
	return taken
}

// check compares a point with those before it; mu is held.
func (s *sink) check(p point, h history) {
	if before, ok := h.starts[p.start]; ok && p.value < before {
		s.t.Errorf("%s fell from %d to %d with the same start time", p.series, before, p.value)
	}
	if p.time <= h.latest.time {
		s.t.Errorf("%s: an export of %d follows one of %d", p.series, p.time, h.latest.time)
	}
	if p.start >= p.time {
		s.t.Errorf("%s starts at %d, but is of %d", p.series, p.start, p.time)
	}
}

func (s *sink) refuse(refuses bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = refuses
}

// counts are the exports taken and refused so far.
func (s *sink) counts() (taken, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.refused
}

// totals are the newest values.
func (s *sink) totals() tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := tally{}
	for series, h := range s.seen {
		all[series] = h.latest.value
	}
	return all
}

// starts are the start times of each series.
func (s *sink) starts() map[string][]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string][]uint64{}
	for series, h := range s.seen {
		for start := range maps.Keys(h.starts) {
			all[series] = append(all[series], start)
		}
	}
	return all
}

// refresh waits until an export has arrived that began after the call.
func (s *sink) refresh() tally {
	s.t.Helper()
	before, _ := s.counts()
	until(s.t, "two exports", func() bool {
		taken, _ := s.counts()
		return taken >= before+2
	})
	return s.totals()
}

// oneWriterAndStart fails the test unless everything came from one writer and
// every series has one start time; it returns the writer.
func (s *sink) oneWriterAndStart() string {
	s.t.Helper()
	for series, starts := range s.starts() {
		if len(starts) != 1 {
			s.t.Errorf("%s started %d times", series, len(starts))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.writers) != 1 {
		s.t.Errorf("%d writers, want one: %v", len(s.writers), s.writers)
	}
	for writer := range s.writers {
		return writer
	}
	return ""
}
