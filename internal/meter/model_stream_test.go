package meter

import (
	"math/rand/v2"
	"time"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// modelMetric is a metric of the model test.
type modelMetric struct {
	name, unit string
	measure    dialect.Measure
	family     string
	// alternative is its rank among those of its signal that tell the same.
	alternative usage.Rank
	histogram   bool
	token       usage.TokenType
	kind        string // attribute value for the type of tokens
	part        bool   // whether they stand in the input or output as well
}

func modelMetrics() []modelMetric {
	return []modelMetric{
		{name: "http.server.request.duration", unit: "s", measure: dialect.Durations, family: "http", histogram: true},
		{name: "http.server.duration", unit: "ms", measure: dialect.Durations, family: "http", histogram: true, alternative: 1},
		{name: "http.server.request.body.size", unit: "By", measure: dialect.RequestSizes, family: "http", histogram: true},
		{name: "gen_ai.client.inference.duration", unit: "s", measure: dialect.Durations, family: "gen_ai", histogram: true},
		{name: "gen_ai.client.operation.duration", unit: "s", measure: dialect.Durations, family: "gen_ai", histogram: true, alternative: 1},
		{name: "gen_ai.client.inference.usage.input_tokens", measure: dialect.Tokens, family: "gen_ai", token: usage.Input},
		{name: "gen_ai.client.inference.usage.cache_read.input_tokens", measure: dialect.Tokens, family: "gen_ai", token: usage.CacheRead, part: true},
		{name: "gen_ai.client.token.usage", measure: dialect.Tokens, family: "gen_ai", histogram: true, alternative: 1, token: usage.Output, kind: "output"},
		{name: "gen_ai.client.token.usage", measure: dialect.Tokens, family: "gen_ai", histogram: true, alternative: 1, token: usage.Reasoning, kind: "reasoning", part: true},
		{name: "claude_code.token.usage", measure: dialect.Tokens, family: "claude_code", token: usage.Input, kind: "input"},
		{name: "claude_code.token.usage", measure: dialect.Tokens, family: "claude_code", token: usage.CacheRead, kind: "cacheRead"},
		{name: "claude_code.cost.usage", unit: "USD", measure: dialect.Costs, family: "claude_code"},
		{name: "some.metric"},
	}
}

func (m *modelMetric) side() usage.Kind {
	if m.family == "http" {
		return usage.Endpoint
	}
	return usage.Provider
}

// modelStream is a writer of data points, which begins anew now and then.
type modelStream struct {
	modelMetric
	number     int
	service    string
	of         string // route or model
	tenant     string
	status     int
	cumulative bool
	silent     bool // does not say when it began
	// whole is the writer of what this one tells a part of; nil: of nothing.
	whole *modelStream

	start, at  int64 // Unix ns
	sum, count int64
	buckets    [3]uint64
}

// modelStreams invents data points.
type modelStreams struct {
	*modelServices
	running []*modelStream
}

// mostStreams is how many write at a time.
const mostStreams = 16

// stream picks a writer, or makes one that began just now, or long ago.
func (g *modelStreams) stream(now, since int64) *modelStream {
	if len(g.running) >= 4 && g.rng.IntN(5) > 0 {
		return pick(g.rng, g.running...)
	}
	s := &modelStream{
		modelMetric: pick(g.rng, modelMetrics()...), number: g.number(), status: pick(g.rng, 200, 404, 500),
		cumulative: g.rng.IntN(3) > 0, start: now - g.rng.Int64N(1e9),
	}
	// Who tells in one way alone is billed by it.
	s.service, s.of, s.tenant = g.one([...]string{"edge", "gate"}[s.alternative])
	switch g.rng.IntN(5) {
	case 0:
		s.start, s.silent = 0, true
		s.grow(g.rng)
	case 1:
		s.start = since - 1 - g.rng.Int64N(1e9)
		s.grow(g.rng)
	}
	if s.part {
		s.cumulative = s.cumulative && g.rng.IntN(2) == 0
		s.whole = g.wholeOf(s)
	}
	if len(g.running) == mostStreams {
		g.running[g.rng.IntN(mostStreams)] = s
	} else {
		g.running = append(g.running, s)
	}
	return s
}

// wholeOf makes the writer of what another one tells a part of.
func (g *modelStreams) wholeOf(s *modelStream) *modelStream {
	token := usage.Input
	if s.token == usage.Reasoning {
		token = usage.Output
	}
	for _, m := range modelMetrics() {
		if m.measure == s.measure && m.family == s.family && m.token == token {
			w := *s
			w.modelMetric, w.number = m, g.number()
			return &w
		}
	}
	return nil
}

// more adds the next points of a writer.
func (g *modelStreams) more(samples []*modelSample, s *modelStream, now int64) []*modelSample {
	for range 1 + g.rng.IntN(2) {
		samples = append(samples, s.next(g.rng, now))
	}
	return samples
}

// some invents what writers send at a time.
func (g *modelStreams) some(now, since int64) (samples []*modelSample) {
	for range 1 + g.rng.IntN(4) {
		s := g.stream(now, since)
		if s.whole == nil || g.rng.IntN(2) == 0 {
			samples = g.more(samples, s, now)
			continue
		}
		for range 2 {
			samples = g.more(samples, s.whole, now)
		}
	}
	if g.rng.IntN(4) == 0 {
		g.rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	}
	return samples
}

// next is the writer's next point.
func (s *modelStream) next(rng *rand.Rand, now int64) *modelSample {
	if !s.cumulative {
		s.clear()
		s.start = s.at
	} else if rng.IntN(8) == 0 {
		s.clear()
		if rng.IntN(2) == 0 && !s.silent {
			s.start = max(s.at, now-rng.Int64N(1e9))
		}
	}
	s.grow(rng)
	s.at = max(s.at, s.start, now-rng.Int64N(1e9))
	start, at := s.start, s.at
	switch {
	case !s.cumulative && rng.IntN(2) == 0:
		// Held back, so that one batch is of several hours.
		at = now - rng.Int64N(int64(time.Hour))
		start = at - 1
	case rng.IntN(16) > 0:
	case s.cumulative:
		start = 0
	default:
		at = 0
	}
	return &modelSample{modelStream: s, start: start, at: at, sum: s.sum, count: s.count, buckets: s.buckets}
}

func (s *modelStream) clear() { s.sum, s.count, s.buckets = 0, 0, [3]uint64{} }

// grow adds some observations, or none.
func (s *modelStream) grow(rng *rand.Rand) {
	for range rng.IntN(4) {
		s.sum += rng.Int64N(pick[int64](rng, 10, 1e3, 1e6))
		s.count++
		s.buckets[rng.IntN(len(s.buckets))]++
	}
}
