package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

var (
	errDuplicateKey = errors.New("duplicate key")

	// ErrNoRows is an empty result. As with database/sql it is no failure of the statement, so the span stays clean.
	ErrNoRows = errors.New("no rows")
)

// Rows is what a table holds; several services may open it, each through its own DB.
type Rows[V any] struct {
	mu   sync.Mutex
	byID map[string]V
}

// NewRows starts with a copy of initial.
func NewRows[V any](initial map[string]V) *Rows[V] {
	rows := &Rows[V]{byID: make(map[string]V, len(initial))}
	maps.Copy(rows.byID, initial)
	return rows
}

// Table is Rows seen through one service's connection.
type Table[V any] struct {
	db   *DB
	name string
	rows *Rows[V]
}

// Open needs no round trip.
func Open[V any](db *DB, name string, rows *Rows[V]) *Table[V] {
	return &Table[V]{db: db, name: name, rows: rows}
}

// Find returns ErrNoRows if there is none.
func (t *Table[V]) Find(ctx context.Context, id string) (V, error) {
	var row V
	var found bool
	err := t.db.run(ctx, t.statement("SELECT", "SELECT * FROM %s WHERE id = $1"), func() (int, error) {
		t.rows.mu.Lock()
		defer t.rows.mu.Unlock()
		if row, found = t.rows.byID[id]; !found {
			return 0, nil
		}
		return 1, nil
	})
	if err == nil && !found {
		err = ErrNoRows
	}
	return row, err
}

// IDs lists all keys in order.
func (t *Table[V]) IDs(ctx context.Context) ([]string, error) {
	var ids []string
	err := t.db.run(ctx, t.statement("SELECT", "SELECT id FROM %s ORDER BY id"), func() (int, error) {
		t.rows.mu.Lock()
		defer t.rows.mu.Unlock()
		ids = slices.Sorted(maps.Keys(t.rows.byID))
		return len(ids), nil
	})
	return ids, err
}

// Insert fails on a key that exists.
func (t *Table[V]) Insert(ctx context.Context, id string, row V) error {
	return t.db.run(ctx, t.statement("INSERT", "INSERT INTO %s VALUES ($1, $2)"), func() (int, error) {
		t.rows.mu.Lock()
		defer t.rows.mu.Unlock()
		if _, found := t.rows.byID[id]; found {
			return 0, &StateError{SQLState: uniqueViolation, Cause: errDuplicateKey}
		}
		t.rows.byID[id] = row
		return 0, nil
	})
}

// Delete of a key that is not there is no error.
func (t *Table[V]) Delete(ctx context.Context, id string) error {
	return t.db.run(ctx, t.statement("DELETE", "DELETE FROM %s WHERE id = $1"), func() (int, error) {
		t.rows.mu.Lock()
		defer t.rows.mu.Unlock()
		delete(t.rows.byID, id)
		return 0, nil
	})
}

func (t *Table[V]) statement(operation, text string) Statement {
	return Statement{Operation: operation, Collection: t.name, Text: fmt.Sprintf(text, t.name)}
}
