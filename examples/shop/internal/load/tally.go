package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tally counts answers by kind, from the customers' side, to hold the usage tables against.
type Tally struct {
	mu     sync.Mutex
	byKind map[string]int
}

func newTally() *Tally { return &Tally{byKind: make(map[string]int)} }

func (t *Tally) add(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byKind[kind]++
}

// String is one line, ordered by kind.
func (t *Tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	total := 0
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(t.byKind)) {
		total += t.byKind[kind]
		parts = append(parts, fmt.Sprintf("%d %s", t.byKind[kind], kind))
	}
	return fmt.Sprintf("%d requests: %s", total, strings.Join(parts, ", "))
}
