package meter

import "math/rand/v2"

// modelSpans invents spans.
type modelSpans struct {
	*modelServices
	lines *modelLines
	lives modelLives
}

func (g *modelSpans) span(class modelClass, now int64) *modelSpan {
	number := g.number()
	end := now - g.rng.Int64N(1e9)
	s := &modelSpan{
		number: number, class: class, trace: uint64(number), id: uint64(number),
		start: end - int64(number), end: end, // no two spans take as long
		status: pick(g.rng, 200, 200, 404, 429, 500), bytes: g.rng.Int64N(1000),
	}
	s.service, s.name, s.tenant = g.one("shop", "app")
	s.session = g.session()
	if class != callsModel {
		return s
	}
	if g.rng.IntN(10) > 0 {
		for i := range s.tokens {
			s.tokens[i] = g.rng.Int64N(100)
		}
	}
	s.firstToken = float64(g.rng.IntN(2)) * 0.5
	if g.rng.IntN(5) == 0 {
		s.request = g.lines.oldRequest()
	}
	return s
}

// some invents what an app does in one go: mostly one span, or two of which one
// lies inside the other.
func (g *modelSpans) some(now int64) []*modelSpan {
	class := modelClass(g.rng.IntN(int(modelClasses)))
	if g.rng.IntN(2) == 0 {
		class = pick(g.rng, servesRequest, callsModel)
	}
	if class == carriesCall && g.lives.folds {
		class = callsDatabase // services that call models may be too many to be known
	}
	outer := g.span(class, now)
	spans := []*modelSpan{outer}
	switch {
	case class == servesRequest && g.rng.IntN(3) == 0:
		spans = append(spans, g.below(outer, servesRequest, now))
	case class == callsModel && g.rng.IntN(2) == 0:
		inner := pick(g.rng, callsModel, callsModel, carriesCall)
		if g.lives.folds {
			inner = callsModel
		}
		spans = append(spans, g.below(outer, inner, now))
	case class == callsModel && g.rng.IntN(3) == 0:
		spans = append(spans, g.wrapped(outer, now))
	}
	switch g.rng.IntN(12) {
	case 0:
		outer.id = 0 // all of it is without IDs, or its child has lost its parent
	case 1:
		outer.id, outer.start, outer.end = 0, 0, 0
	case 2:
		spans = append(spans, spans[g.rng.IntN(len(spans))]) // twice in one batch
	}
	g.rng.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	return spans
}

func (g *modelSpans) below(outer *modelSpan, class modelClass, now int64) *modelSpan {
	s := g.span(class, now)
	s.service, s.trace, s.parent = outer.service, outer.trace, outer.id
	return s
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// wrapped is the call that a span wraps, further down, or one that looks like that.
func (g *modelSpans) wrapped(outer *modelSpan, now int64) *modelSpan {
	s := g.below(outer, callsModel, now)
	s.parent, s.name, s.tokens = uint64(g.number()), outer.name, outer.tokens
	s.start, s.end = outer.start+1, outer.end
	if g.rng.IntN(3) == 0 {
		outer.parent = s.parent // side by side, and alike
	}
	return s
}
