package meter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// outbox hands usage to the exits. A cumulative export that fails is repeated
// by the next one; a delta must not be: what has changed is cut into a window,
// which is kept, to the byte, until every exit has taken it.
//
// One window is on its way at a time. What it contains and how far it has come
// is in the state (usage.Window), so that all this survives a restart:
//
//	cut    the file with the window, then the journal, then the window counts
//	sent   to each exit, chunk by chunk; what was taken is not sent again
//	done   when every exit has taken it: the file goes, the next one is cut
type outbox struct {
	meter *Meter

	// mu is held while an export takes its time and its first part or its whole
	// window, and guards everything below. Sending is done without it.
	mu sync.Mutex
	// exits are those that have run, by name: all of them have to take a window.
	exits map[string]*Exit
	// expected is how many there will be: a window is not done before.
	expected int
	// chunks are the window's when nothing is kept on disk.
	chunks  [][]byte
	counted int64 // records in the window
	nextCut int64 // age before which no window is cut

	// exported is how many records the last complete export contained.
	exported atomic.Int64
}

// deliver is one export through an exit: first what is on its way, of an
// earlier temporality too, then what is new.
func (o *outbox) deliver(ctx context.Context, x *Exit, last bool) error {
	if err := o.send(ctx, x); err != nil {
		return err
	}
	// An exit that was left behind has nothing more to do.
	if err := ctx.Err(); err != nil {
		return err
	}
	o.meter.expire()
	if last && o.lastOf(x) {
		o.meter.endSessions()
	}
	if !o.meter.options.Delta {
		return o.meter.export(ctx, x)
	}
	if err := o.cut(last); err != nil {
		return err
	}
	if err := o.send(ctx, x); err != nil {
		return err
	}
	return o.meter.sendBudgets(ctx, x, o.meter.Budgets(), o.meter.tick().Wall)
}

// send sends what an exit has not taken yet of the window that is on its way.
func (o *outbox) send(ctx context.Context, x *Exit) error {
	w, chunks, err := o.due(x)
	if err != nil || !w.Open() {
		return err
	}
	for n := 0; n < w.Chunks && err == nil; n++ {
		var data []byte
		if data, err = chunks.Data(); err != nil || n < w.TakenBy(x.name) {
			continue
		}
		if err = x.pass(ctx, data); err == nil {
			o.took(x, n+1)
		}
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("window %d has lost chunks", w.Number)
	}
	return errors.Join(err, chunks.Close(), o.finish(x))
}

// due returns the window if an exit has something of it to take, and its chunks: it may
// move to another place at any time. It is on the disk then, like everything that was
// exported ever.
func (o *outbox) due(x *Exit) (usage.Window, chunkReader, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.meter.engine.Window(); !w.Open() {
		return usage.Window{}, nil, nil
	}
	if err := o.settle(); err != nil {
		return usage.Window{}, nil, fmt.Errorf("not exported before it is stored: %w", err)
	}
	w := o.meter.engine.Window()
	if w.TakenBy(x.name) >= w.Chunks {
		return usage.Window{}, nil, nil
	}
	chunks, err := o.reader(o.meter.store(), w.Number)
	return w, chunks, err
}

// took notes that an exit has taken so many chunks.
func (o *outbox) took(x *Exit, chunks int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if x.gone {
		return
	}
	w := o.meter.engine.Window()
	w.Take(x.name, chunks)
	o.meter.engine.SetWindow(&w)
	if chunks == w.Chunks {
		o.exported.Store(o.counted)
	}
}

func (o *outbox) finish(x *Exit) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if x.gone {
		return nil
	}
	return o.settle()
}

// settle makes durable how far the window has come, and ends it when every exit
// has taken it; mu is held. While that fails the window is not forgotten: it is
// sent again after a restart.
func (o *outbox) settle() error {
	w := o.meter.engine.Window()
	done := w.Open() && o.takenByAll(&w)
	if done {
		w.Close()
		o.meter.engine.SetWindow(&w)
		o.chunks = nil
	}
	err := o.meter.flush()
	if err == nil && done {
		o.meter.withStore(func(s *store) { s.removeWindow(w.Number) })
	}
	return err
}

func (o *outbox) takenByAll(w *usage.Window) bool {
	for name := range o.exits {
		if w.TakenBy(name) < w.Chunks {
			return false
		}
	}
	return len(o.exits) >= o.expected
}
