package e2e

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	billingWorkers = 9
	// A client gives a try up after a time between these, often before the
	// answer comes.
	minTry = 50 * time.Millisecond
	maxTry = 500 * time.Millisecond
	// maxPending is how many batches a client has without acknowledgement before
	// it makes no more.
	maxPending = 4
)

// billing is clients that send every span until it is acknowledged, whatever
// happens to the collector and on the way there. Each has series of its own.
type billing struct {
	t       *testing.T
	network *network
	stop    context.CancelFunc // no new spans
	wg      sync.WaitGroup
	working atomic.Int32
	spans   generator

	mu          sync.Mutex // guards everything below
	sent, acked spanCounts // distinct ones
	acks        []int      // by worker
	tries       int
}

// spanCounts are numbers of spans, by worker and call.
type spanCounts [billingWorkers]map[int]int64

// tally is what the spans add up to.
func (n *spanCounts) tally() tally {
	all, kinds := tally{}, calls()
	for worker, counts := range n {
		for call, count := range counts {
			all.addFor(loadService(worker), &kinds[call], count)
		}
	}
	return all
}

// add notes the spans of a batch. Their names are the numbers of their calls.
func (n *spanCounts) add(worker int, td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				call, err := strconv.Atoi(s.Name())
				if err != nil {
					panic(err)
				}
				n[worker][call]++
			}
		}
	}
}

// startBilling begins to send until finish.
func startBilling(t *testing.T, random *rand.Rand, n *network) *billing {
	t.Helper()
	more, stop := context.WithCancel(t.Context())
	b := &billing{t: t, network: n, stop: stop, acks: make([]int, billingWorkers)}
	t.Cleanup(b.wg.Wait) // the context of the test has ended by then
	for worker := range billingWorkers {
		b.sent[worker], b.acked[worker] = map[int]int64{}, map[int]int64{}
		w := &biller{billing: b, worker: worker, random: fork(random), client: n.client(worker % 3)}
		b.working.Add(1)
		b.wg.Go(func() { w.run(more) })
	}
	return b
}

// client returns one of three kinds, at the end of a way of its own.
func (n *network) client(kind int) client {
	if kind == 0 {
		return newGRPCClient(n.t, n.open(true))
	}
	return newHTTPClient(n.t, n.open(false), kind == 1)
}

// finish returns when every span has been acknowledged, and what they add up to.
func (b *billing) finish() tally {
	b.t.Helper()
	b.stop()
	until(b.t, "everything is acknowledged", func() bool { return b.working.Load() == 0 })
	b.network.shut()
	acked, sent := b.soFar()
	equal(b.t, "acknowledged", acked, sent)
	b.t.Logf("acknowledgements %v after %d tries", b.acks, b.tries)
	return sent
}

// soFar is what was acknowledged, and what was sent, up to now.
func (b *billing) soFar() (acked, sent tally) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.acked.tally(), b.sent.tally()
}

// waitForAcks waits until every client has got n more.
func (b *billing) waitForAcks(n int) {
	b.t.Helper()
	var before []int
	until(b.t, "acknowledgements", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if before == nil {
			before = slices.Clone(b.acks)
		}
		for worker, acks := range b.acks {
			if acks < before[worker]+n {
				return false
			}
		}
		return true
	})
}

// biller is one client.
type biller struct {
	*billing
	worker  int
	random  *rand.Rand
	client  client
	pending []ptrace.Traces // without acknowledgement
}

func (w *biller) run(more context.Context) {
	defer w.working.Add(-1)
	for w.t.Context().Err() == nil && (more.Err() == nil || len(w.pending) > 0) {
		if more.Err() == nil && len(w.pending) < maxPending {
			w.pending = append(w.pending, w.fresh())
		}
		if w.random.IntN(8) == 0 {
			w.rearrange()
		}
		if !w.try(w.random.IntN(len(w.pending))) {
			time.Sleep(between(w.random, 0, 2*poll))
		}
	}
}

// fresh is a batch of spans that nobody has sent yet.
func (w *biller) fresh() ptrace.Traces {
	kinds := calls()
	call := w.random.IntN(len(kinds))
	td := w.spans.batch(loadService(w.worker), 1+w.random.IntN(4), kinds[call])
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		s.SetName(strconv.Itoa(call))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.add(w.worker, td)
	return td
}

// rearrange splits a batch in two, or makes one of two.
func (w *biller) rearrange() {
	last := w.pending[len(w.pending)-1]
	if w.random.IntN(2) == 0 {
		other := ptrace.NewTraces()
		last.CopyTo(other)
		thin(last, 0)
		thin(other, 1)
		w.pending = append(w.pending, other)
	} else if w.pending = w.pending[:len(w.pending)-1]; len(w.pending) > 0 {
		last.ResourceSpans().MoveAndAppendTo(w.pending[0].ResourceSpans())
	} else {
		w.pending = append(w.pending, last)
	}
}

// thin removes every second span, beginning with the first or the second.
func thin(td ptrace.Traces, first int) {
	n := first
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			ss.Spans().RemoveIf(func(ptrace.Span) bool {
				n++
				return n%2 == 1
			})
		}
	}
}

// try sends a batch once and says whether it was acknowledged.
func (w *biller) try(i int) bool {
	ctx, cancel := context.WithTimeout(w.t.Context(), between(w.random, minTry, maxTry))
	defer cancel()
	err := w.client.send(ctx, w.pending[i])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	if err == nil {
		w.acks[w.worker]++
		w.acked.add(w.worker, w.pending[i])
		w.pending = slices.Delete(w.pending, i, i+1)
	}
	return err == nil
}
