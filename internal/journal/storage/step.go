package storage

import (
	"fmt"
	"io/fs"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	manifestKey = "manifest"
	// markKey is there from the first manifest on. Without it, a manifest that
	// got lost would pass for a storage that was never used.
	markKey   = "usage"
	markValue = "files of the usage journal, listed in `manifest`"
)

// loadLocked returns what the client holds.
func (s *Storage) loadLocked() (*manifest, error) {
	if s.mu.closed {
		return nil, fmt.Errorf("storage: %w", fs.ErrClosed)
	}
	if s.mu.manifest != nil {
		return s.mu.manifest, nil
	}
	mark, list := storage.GetOperation(markKey), storage.GetOperation(manifestKey)
	if err := s.client.Batch(s.ctx, mark, list); err != nil {
		return nil, fmt.Errorf("read `%s` from the storage: %w", manifestKey, err)
	}
	m, err := parse(mark.Value, list.Value)
	if err != nil {
		return nil, err
	}
	s.mu.manifest, s.mu.marked = m, mark.Value != nil
	return m, nil
}

// parse tells a storage that was never used from one that lost its manifest.
func parse(mark, list []byte) (*manifest, error) {
	switch {
	case list != nil:
		return decodeManifest(list)
	case mark != nil:
		return nil, &DamageError{Key: manifestKey, Reason: "it is missing"}
	default:
		return &manifest{next: 1}, nil
	}
}

// step makes one change to the manifest, and to blocks along with it.
func (s *Storage) step(change func(*manifest) ([]*storage.Operation, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.loadLocked()
	if err != nil {
		return err
	}
	next := m.clone()
	ops, err := change(next)
	if err != nil {
		return err
	}
	return s.commitLocked(next, ops)
}

// commitLocked makes a manifest the current one. If that fails it is unknown
// which one is: the operation may have taken effect all the same.
func (s *Storage) commitLocked(next *manifest, ops []*storage.Operation) error {
	ops = append(ops, storage.SetOperation(manifestKey, next.encode()))
	if !s.mu.marked {
		ops = append(ops, storage.SetOperation(markKey, []byte(markValue)))
	}
	if err := s.client.Batch(s.ctx, ops...); err != nil {
		s.mu.manifest = nil
		return fmt.Errorf("write to the storage: %w", err)
	}
	s.mu.manifest, s.mu.marked = next, true
	return nil
}

// sweep deletes all garbage, and lets others in between.
func (s *Storage) sweep() error {
	for more := true; more; {
		var err error
		if more, err = s.sweepSome(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Storage) sweepSome() (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.loadLocked()
	if err != nil || len(m.garbage) == 0 {
		return false, err
	}
	next := m.clone()
	ops := next.sweep()
	return len(next.garbage) > 0, s.commitLocked(next, ops)
}
