// Package load is the shop's customers. It carries no telemetry: they are outside.
package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// workers bounds what is in flight, however slow the shop gets.
	workers = 4
	// maxRate keeps the load gentle; the shop shows usage, it is no benchmark.
	maxRate = 50
)

// Generator sends requests to one shop.
type Generator struct {
	base  string
	http  *http.Client
	tally *Tally
}

// New does not send anything yet.
func New(base string) *Generator {
	return &Generator{base: base, http: &http.Client{Transport: &http.Transport{}}, tally: newTally()}
}

// Tally counts what the customers saw.
func (g *Generator) Tally() *Tally { return g.tally }

// Close releases idle connections.
func (g *Generator) Close() { g.http.CloseIdleConnections() }

// Round sends one request of each scenario, one after the other.
func (g *Generator) Round(ctx context.Context, round int) {
	for _, s := range scenarios(round) {
		if ctx.Err() == nil {
			g.send(ctx, s)
		}
	}
}

// Run sends at most perSecond requests a second until ctx ends, and returns when the last one is answered. A tick
// that finds all workers busy is dropped rather than queued.
func (g *Generator) Run(ctx context.Context, perSecond int) error {
	if perSecond < 1 || perSecond > maxRate {
		return fmt.Errorf("rate must be between 1 and %d requests per second, not %d", maxRate, perSecond)
	}
	queue := make(chan scenario)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for s := range queue {
				// Requests under way are finished after ctx, bounded by their own patience: cutting them would
				// add cancellations that no customer caused.
				g.send(context.WithoutCancel(ctx), s)
			}
		})
	}
	g.feed(ctx, queue, time.Second/time.Duration(perSecond))
	close(queue)
	running.Wait()
	return nil
}

func (g *Generator) feed(ctx context.Context, queue chan<- scenario, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for round := 0; ; round++ {
		for _, s := range scenarios(round) {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			select {
			case queue <- s:
			default:
			}
		}
	}
}

func (g *Generator) send(ctx context.Context, s scenario) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.method, g.base+s.path, strings.NewReader(s.body))
	if err != nil {
		g.tally.add("unsendable")
		return
	}
	resp, err := g.http.Do(req)
	if err != nil {
		g.tally.add("gave up")
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	g.tally.add(fmt.Sprintf("%dxx", resp.StatusCode/100))
}
