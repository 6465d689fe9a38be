package e2e

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// network is what lies between clients and a collector: a proxy for each client.
// Unless it is calm, requests and answers get lost, requests come late or twice.
type network struct {
	t     *testing.T
	ports atomic.Pointer[ports] // where the collector is now
	calm  atomic.Bool

	mu       sync.Mutex // guards everything below
	random   *rand.Rand
	fates    map[fate]int
	statuses map[string]int // what the collector answered
	close    []func()
}

// fate is what becomes of a request.
type fate string

const (
	passed     fate = "passed"
	dropped    fate = "dropped"    // before the collector sees it
	unanswered fate = "unanswered" // after the collector has answered
	delayed    fate = "delayed"    // whatever its client does meanwhile
	doubled    fate = "doubled"    // two at the same time
)

// maxDelay is in the range of what a client waits for an answer.
const maxDelay = 200 * time.Millisecond

func newNetwork(t *testing.T, random *rand.Rand) *network {
	t.Helper()
	n := &network{t: t, random: fork(random), fates: map[fate]int{}, statuses: map[string]int{}}
	t.Cleanup(n.shut)
	return n
}

// fork returns a source for one more goroutine.
func fork(random *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(random.Uint64(), 1)) }

// draw returns a fate and, where that matters, how long it takes.
func (n *network) draw() (fate, time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := passed
	if !n.calm.Load() {
		f = []fate{dropped, unanswered, delayed, doubled, passed}[min(n.random.IntN(25), 4)]
	}
	n.fates[f]++
	return f, between(n.random, 0, maxDelay)
}

// shut closes the proxies, when what is still under way has arrived.
func (n *network) shut() {
	n.calm.Store(true)
	n.mu.Lock()
	closers := n.close
	n.close = nil
	n.mu.Unlock()
	for _, c := range closers {
		c()
	}
}

// repeated fails the test if no client had a reason to send anything twice.
func (n *network) repeated() {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.t.Logf("requests %v, answers %v", n.fates, n.statuses)
	if n.fates[unanswered] == 0 || n.fates[doubled] == 0 {
		n.t.Error("no answer was lost, or nothing came twice: this has shown nothing")
	}
}

// Statuses of gRPC, and of HTTP without gRPC, by what OTLP has clients do then.
var (
	acknowledged = []string{"0", "200"}
	retryable    = []string{"1", "4", "8", "10", "11", "14", "15", "429", "502", "503", "504"}
)

// note fails the test when an answer makes clients give their data up.
func (n *network) note(response *http.Response, answer []byte) {
	status := response.Header.Get("Grpc-Status") + response.Trailer.Get("Grpc-Status")
	status = or(status, strconv.Itoa(response.StatusCode))
	n.mu.Lock()
	n.statuses[status]++
	n.mu.Unlock()
	if !slices.Contains(acknowledged, status) && !slices.Contains(retryable, status) {
		n.t.Errorf("status %s: %q: a client gives its data up then", status, answer)
	}
}

// refusals are the answers so far that tell a client to try again.
func (n *network) refusals() (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for status, times := range n.statuses {
		if slices.Contains(retryable, status) {
			count += times
		}
	}
	return count
}
