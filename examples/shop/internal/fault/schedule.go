// Package fault decides which calls go wrong. It counts instead of rolling dice, so that every run shows the same
// mix and a test can rely on it.
package fault

import "sync"

// Rule makes every nth call fail with Status (an HTTP or a gRPC code, as the service understands it).
type Rule struct {
	Every  int
	Status int
}

// Schedule is safe for concurrent use.
type Schedule struct {
	rules []Rule

	mu    sync.Mutex
	calls int
}

// New takes rules in order of precedence.
func New(rules ...Rule) *Schedule { return &Schedule{rules: rules} }

// Next counts one call and returns the status it has to fail with, 0 for none.
func (s *Schedule) Next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, rule := range s.rules {
		if s.calls%rule.Every == 0 {
			return rule.Status
		}
	}
	return 0
}
