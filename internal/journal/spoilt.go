package journal

import "sync"

// spoiltFiles are those that were found damaged while they were read. They are moved
// away, not removed, once nothing refers to them.
type spoiltFiles struct {
	mu    sync.Mutex
	names map[string]struct{}
}

func (s *spoiltFiles) add(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]struct{}{}
	}
	s.names[name] = struct{}{}
}

func (s *spoiltFiles) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.names[name]
	return ok
}
