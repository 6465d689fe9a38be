package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// Many small batches: a kill shall often meet one between its commit and its
// acknowledgement.
const (
	loadWorkers   = 12
	loadBatchSize = 2
)

// load is several clients that send without pause, each to a series of its own.
// A batch is sent once: without an answer it is in doubt, counted or not.
type load struct {
	t      *testing.T
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex // guards everything below
	sent tally
	// acks are the acknowledged totals of each series over time.
	acks map[string][]ack
}

type ack struct {
	at    time.Time
	total int64
}

// loadSeries is the series that a worker adds to.
func loadSeries(worker int) string {
	return series("usage_endpoint_requests_total", map[string]string{
		"usage.service": loadService(worker), "usage.protocol": "http", "usage.endpoint": "GET /users/{id}", "usage.outcome": "success",
	})
}

func loadService(worker int) string { return fmt.Sprintf("worker-%c", 'a'+worker) }

// startLoad begins to send until stop. It counts on top of what is stored.
func startLoad(t *testing.T, g *generator, stored tally, c *collector) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, cancel: cancel, sent: tally{}, acks: map[string][]ack{}}
	for worker := range loadWorkers {
		name := loadSeries(worker)
		l.sent[name], l.acks[name] = stored[name], []ack{{time.Now(), stored[name]}}
	}
	// None share a client: net/http would dial in reserve, and a server that
	// stops waits 5 s for the first request on such a connection.
	var own []client
	for len(own) < loadWorkers {
		own = append(own, clients(t, c)...)
	}
	for worker := range loadWorkers {
		l.wg.Go(func() { l.work(ctx, g, worker, own[worker]) })
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) work(ctx context.Context, g *generator, worker int, c client) {
	for ctx.Err() == nil {
		td := g.batch(loadService(worker), loadBatchSize, calls()[0])
		l.note(worker, false)
		// Whoever stops waits for the answer: what was sent is not in doubt then.
		if err := c.send(context.WithoutCancel(ctx), td); err == nil {
			l.note(worker, true)
		} else {
			time.Sleep(poll) // the collector is gone, or not there yet
		}
	}
}

func (l *load) note(worker int, acknowledged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := loadSeries(worker)
	if !acknowledged {
		l.sent[name] += loadBatchSize
		return
	}
	acks := l.acks[name]
	l.acks[name] = append(acks, ack{time.Now(), acks[len(acks)-1].total + loadBatchSize})
}

// stop returns when no worker sends any more.
func (l *load) stop() {
	l.cancel()
	l.wg.Wait()
}

// acked is what had been acknowledged at a time.
func (l *load) acked(at time.Time) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := tally{}
	for name, acks := range l.acks {
		for _, a := range acks {
			if !a.at.After(at) {
				all[name] = a.total
			}
		}
	}
	return all
}

// check fails the test unless at least <= got <= sent, in every series.
func (l *load) check(what string, got, atLeast tally) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	progress := int64(0)
	for name, sent := range l.sent {
		progress += sent - l.acks[name][0].total
		if got[name] < atLeast[name] || got[name] > sent {
			l.t.Errorf("%s: %s is %d, want %d (acknowledged) to %d (sent)", what, name, got[name], atLeast[name], sent)
		}
	}
	if progress == 0 {
		l.t.Errorf("%s: nothing was sent", what)
	}
}

// doubt is how far totals are beyond what was acknowledged.
func (l *load) doubt(totals tally) (spans int64) {
	for name, acked := range l.acked(time.Now()) {
		spans += totals[name] - acked
	}
	return spans
}

// waitForAcks waits until every worker has got some answers.
func (l *load) waitForAcks(n int) {
	l.t.Helper()
	until(l.t, "acknowledgements", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, acks := range l.acks {
			if len(acks) <= n {
				return false
			}
		}
		return true
	})
}
