package storage

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// Storage is a files.FS on a storage client. That nobody else writes to the
// same keys is for the extension to see to, as file_storage does.
//
// A Batch is durable when it returns, if the extension makes it so; with
// `fsync: false` file_storage does not, and no Sync can help that.
type Storage struct {
	// ctx is that of the opener, without its end: it carries values only.
	ctx    context.Context
	client storage.Client

	// mu is held during every Batch, because each depends on what the one
	// before it did. File_storage runs them one by one anyway.
	mu struct {
		sync.Mutex
		// manifest is what the client holds; nil: unknown, because an operation
		// failed that may have taken effect.
		manifest *manifest
		// marked says that the key which says that there is a manifest is there.
		marked bool
		closed bool
	}
}

// Open reads what a client holds and finishes removing what was being removed
// when the last process died. On error the client remains the caller's to close.
func Open(ctx context.Context, client storage.Client) (*Storage, error) {
	s := &Storage{ctx: context.WithoutCancel(ctx), client: client}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	return s, nil
}

// List returns the files that are not in the quarantine.
func (s *Storage) List() ([]files.Entry, error) { return s.list(false) }

// Quarantined returns those that are, with the names that Quarantine returned.
func (s *Storage) Quarantined() ([]files.Entry, error) { return s.list(true) }

func (s *Storage) list(quarantined bool) ([]files.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.loadLocked()
	if err != nil {
		return nil, err
	}
	var entries []files.Entry
	for _, e := range m.files {
		if strings.HasPrefix(e.name, files.QuarantineName+"/") == quarantined {
			entries = append(entries, files.Entry{Name: e.name, Regular: true, Size: e.size})
		}
	}
	return entries, nil
}

// Open opens a file for reading, as long as it is now.
func (s *Storage) Open(name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.loadLocked()
	if err != nil {
		return nil, err
	}
	e, ok := m.lookup(name)
	if !ok {
		return nil, failed("open", name, fs.ErrNotExist)
	}
	return &reader{storage: s, entry: e, left: e.size}, nil
}

// Create makes a file that must not exist.
func (s *Storage) Create(name string) (files.File, error) {
	w := &writer{storage: s, entry: entry{name: name}}
	err := s.step(func(m *manifest) ([]*storage.Operation, error) {
		if !valid(name) {
			return nil, failed("create", name, fs.ErrInvalid)
		}
		if _, ok := m.lookup(name); ok {
			return nil, failed("create", name, fs.ErrExist)
		}
		w.number = m.next
		m.next++
		m.put(w.entry)
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Rename renames a file, in place of one that has the name already.
func (s *Storage) Rename(from, to string) error {
	err := s.step(func(m *manifest) (ops []*storage.Operation, err error) {
		if !valid(to) {
			return nil, failed("rename", to, fs.ErrInvalid)
		}
		e, ok := m.take(from)
		if !ok {
			return nil, failed("rename", from, fs.ErrNotExist)
		}
		if old, ok := m.take(to); ok {
			ops = m.discard(old.extent)
		}
		e.name = to
		m.put(e)
		return ops, nil
	})
	if err != nil {
		return err
	}
	return s.sweep()
}

// Remove removes a file. An error may come from what is left to be done when it
// is gone already; the next Remove, or Open, does that too.
func (s *Storage) Remove(name string) error {
	err := s.step(func(m *manifest) ([]*storage.Operation, error) {
		e, ok := m.take(name)
		if !ok {
			return nil, failed("remove", name, fs.ErrNotExist)
		}
		return m.discard(e.extent), nil
	})
	if err != nil {
		return err
	}
	return s.sweep()
}

// Quarantine renames a file to one below `quarantine/`.
func (s *Storage) Quarantine(name string) (to string, err error) {
	err = s.step(func(m *manifest) ([]*storage.Operation, error) {
		e, ok := m.take(name)
		if !ok || !valid(name) {
			return nil, failed("quarantine", name, fs.ErrNotExist)
		}
		e.name = m.freeName(files.QuarantineName + "/" + name)
		to = e.name
		m.put(e)
		return nil, nil
	})
	if err != nil {
		return "", err
	}
	return to, nil
}

// freeName returns the name, or the first with a number behind it that is free.
func (m *manifest) freeName(name string) string {
	free := name
	for n := 1; ; n++ {
		if _, taken := m.lookup(free); !taken {
			return free
		}
		free = name + "." + strconv.Itoa(n)
	}
}

// Sync returns nil if every change so far is in the storage.
func (s *Storage) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.loadLocked()
	return err
}

// Close closes the client.
func (s *Storage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil
	}
	s.mu.closed, s.mu.manifest = true, nil
	if err := s.client.Close(s.ctx); err != nil {
		return fmt.Errorf("close the storage client: %w", err)
	}
	return nil
}

// valid says whether a file may have this name.
func valid(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, `/\`)
}

func failed(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }
