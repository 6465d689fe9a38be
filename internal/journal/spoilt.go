package journal

import "sync"

// spoiltFiles are files of history that were found damaged while they were read. They
// are moved away as soon as the newest snapshot does not list them, before the one before
// it is superseded: a process that is started by then knows nothing of this.
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
