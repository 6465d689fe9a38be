package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// ErrFault is the error of a Batch that was told to fail.
var ErrFault = errors.New("injected fault")

// Store is what an extension keeps for one component, in memory. It does what
// file_storage does: operations of a Batch happen in their order, all or none,
// and there is one client at a time. It keeps the values that it is given without
// copying them, and returns them so, which file_storage does not.
type Store struct {
	mu     sync.Mutex // guards everything below
	values map[string][]byte
	open   bool
	count  Count
	fault  Fault
}

// Count is what clients were asked to do, Batches that failed included.
type Count struct {
	Batches int
	Written int // bytes of keys and values that were set
	Largest int // bytes of the largest value
	Sets    int // most keys that one Batch set
	Reads   int // most keys that one Batch read
	Deletes int // most keys that one Batch deleted
}

// Fault lets a Batch fail.
type Fault struct {
	At     int // number of the Batch, counted from the first ever; 0: none
	Sticky bool
	// Effect lets it take effect all the same.
	Effect bool
	Err    error // nil: ErrFault
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{values: map[string][]byte{}} }

// Client returns the only client. There is another when it is closed.
func (s *Store) Client() (storage.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		return nil, errors.New("timeout")
	}
	s.open = true
	return &client{store: s}, nil
}

// Kill returns the store as the next process finds it if this one dies now.
func (s *Store) Kill() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Store{values: maps.Clone(s.values)}
}

// SetFault lets Batches fail; Fault{} lets them succeed again.
func (s *Store) SetFault(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Count returns what there was to do so far.
func (s *Store) Count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Keys returns all keys, in order.
func (s *Store) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.values))
}

// Value returns the value of a key, nil if there is none.
func (s *Store) Value(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.values[key])
}

// Edit puts another value in the place of one, as damage does; nil removes it.
func (s *Store) Edit(key string, edit func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, edit(bytes.Clone(s.values[key])))
}

// put changes a value; nil removes it.
func (s *Store) put(key string, value []byte) {
	if value == nil {
		delete(s.values, key)
		return
	}
	s.values[key] = value
}

// client is an open Store. It is no storage.Walker, because not all are.
type client struct {
	store  *Store
	closed bool
}

func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.closed {
		return errors.New("database not open")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.count.add(ops)
	fault := s.failing()
	if fault != nil && !s.fault.Effect {
		return fault
	}
	changed, err := s.run(ops)
	if err != nil {
		return err
	}
	for key, value := range changed {
		s.put(key, value)
	}
	return fault
}

// run returns what the operations change; nil: deleted. Each sees what those
// before it changed.
func (s *Store) run(ops []*storage.Operation) (map[string][]byte, error) {
	changed := map[string][]byte{}
	for _, op := range ops {
		if op.Key == "" {
			return nil, errors.New("key required")
		}
		switch op.Type {
		case storage.Get:
			value, ok := changed[op.Key]
			if !ok {
				value = s.values[op.Key]
			}
			op.Value = value
		case storage.Set:
			changed[op.Key] = op.Value
			if op.Value == nil {
				changed[op.Key] = []byte{}
			}
		case storage.Delete:
			changed[op.Key] = nil
		}
	}
	return changed, nil
}

func (s *Store) failing() error {
	at, now := s.fault.At, s.count.Batches
	if at == 0 || now < at || now > at && !s.fault.Sticky {
		return nil
	}
	if s.fault.Err != nil {
		return s.fault.Err
	}
	return fmt.Errorf("batch %d: %w", now, ErrFault)
}

func (c *Count) add(ops []*storage.Operation) {
	c.Batches++
	sets, reads, deletes := 0, 0, 0
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			sets++
			c.Written += len(op.Key) + len(op.Value)
			c.Largest = max(c.Largest, len(op.Value))
		case storage.Delete:
			deletes++
		case storage.Get:
			reads++
		}
	}
	c.Sets = max(c.Sets, sets)
	c.Reads = max(c.Reads, reads)
	c.Deletes = max(c.Deletes, deletes)
}

func (c *client) Close(context.Context) error {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.closed {
		c.closed, s.open = true, false
	}
	return nil
}
