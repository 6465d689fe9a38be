package pricing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// rules are prices by name or pattern, as users write them. Names win over
// patterns, longer patterns over shorter ones, and rules for a provider over
// those for all.
type rules struct {
	named    map[string][]*rule // by shape
	patterns []*rule
}

type rule struct {
	provider string // empty: all
	pattern  string // lower case
	price    *Price
}

// add adds a rule, or another period of one.
func (r *rules) add(provider, pattern string, p period) error {
	if strings.TrimSpace(provider) != "" {
		provider = canonical(provider)
	} else {
		provider = ""
	}
	pattern = strings.ToLower(strings.TrimSpace(pattern))
	if old := r.same(provider, pattern); old != nil {
		if p.when.always() {
			return fmt.Errorf("`model` has `%s` again: a second price from another day or at other hours is accepted", pattern)
		}
		old.price.periods = append(old.price.periods, p)
		return nil
	}
	id := pattern
	if provider != "" {
		id = provider + "/" + pattern
	}
	n := &rule{provider, pattern, &Price{id: id, periods: []period{p}, halfBatch: halfBatch(provider)}}
	if n.isPattern() {
		r.patterns = append(r.patterns, n)
		return nil
	}
	if r.named == nil {
		r.named = map[string][]*rule{}
	}
	s := shape(pattern)
	r.named[s] = append(r.named[s], n)
	return nil
}

func (r *rules) same(provider, pattern string) *rule {
	among := r.patterns
	if !strings.ContainsAny(pattern, "*?") {
		among = r.named[shape(pattern)]
	}
	for _, old := range among {
		if old.provider == provider && old.pattern == pattern {
			return old
		}
	}
	return nil
}

// complete orders the rules, the most specific first.
func (r *rules) complete() {
	for _, named := range r.named {
		slices.SortStableFunc(named, byProvider)
	}
	slices.SortStableFunc(r.patterns, func(a, b *rule) int {
		if c := cmp.Compare(b.literal(), a.literal()); c != 0 {
			return c
		}
		return byProvider(a, b)
	})
}

// byProvider puts rules for one provider first.
func byProvider(a, b *rule) int {
	return cmp.Compare(min(len(b.provider), 1), min(len(a.provider), 1))
}

func (r *rules) find(q *query) *Price {
	for _, s := range q.shapes {
		for _, n := range r.named[s] {
			if n.isFor(q) {
				return n.price
			}
		}
	}
	for _, n := range r.patterns {
		if n.isFor(q) && slices.ContainsFunc(q.names, func(name string) bool { return usage.Glob(n.pattern, name) }) {
			return n.price
		}
	}
	return nil
}

func (n *rule) isFor(q *query) bool {
	return n.provider == "" || slices.Contains(q.payees, n.provider)
}

func (n *rule) isPattern() bool { return strings.ContainsAny(n.pattern, "*?") }

// literal is how much of a pattern is text.
func (n *rule) literal() int {
	return len(n.pattern) - strings.Count(n.pattern, "*") - strings.Count(n.pattern, "?")
}
