package meter

import (
	"context"
	"errors"
	"sync"
)

// ErrNotOpen is returned for data that arrives before an instance has started
// or after it was stopped. It is retryable: receivers may serve before every
// pipeline is up.
var ErrNotOpen = errors.New("usage metering is not running (yet): try again")

// Gate lets data into an instance between its Start and its Shutdown, and
// knows what is inside. The zero value is closed.
type Gate struct {
	mu     sync.Mutex // guards everything below
	open   bool
	inside int
	empty  chan struct{} // set while Close waits
}

// Open lets data in.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
}

// Enter is called before data is handled; Leave has to follow if it is nil.
func (g *Gate) Enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		return ErrNotOpen
	}
	g.inside++
	return nil
}

// Leave is called when data has been handled.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// Close lets nothing more in and waits until everybody has left, or ctx ends.
func (g *Gate) Close(ctx context.Context) error {
	empty := g.close()
	if empty == nil {
		return nil
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = false
	if g.inside > 0 && g.empty == nil {
		g.empty = make(chan struct{})
	}
	return g.empty
}
