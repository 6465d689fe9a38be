package guard

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func guess(g *Guard, client, key string) int { return statusOf(g.Change(from(client, KeyHeader, key))) }

func TestBan_A_F46(t *testing.T) {
	g, clock := newGuard(t)
	for range maxFailures {
		assert.Equal(t, http.StatusUnauthorized, guess(g, stranger, "wrong"))
	}
	refusal := g.Change(from(stranger, KeyHeader, "right"))
	require.NotNil(t, refusal, "a right token does not end a ban")
	assert.Equal(t, http.StatusTooManyRequests, refusal.Status)
	assert.Equal(t, banTime, refusal.RetryAfter)
	assert.Equal(t, http.StatusTooManyRequests, statusOf(g.Read(from(stranger, KeyHeader, "right"))))
	assert.Equal(t, http.StatusTooManyRequests, guess(g, "192.0.2.7:1", "right"), "the port does not matter")
	assert.Equal(t, http.StatusOK, guess(g, "192.0.2.8:1", "right"), "others are not banned")
	clock.Time = clock.Add(banTime - time.Second)
	assert.Equal(t, http.StatusTooManyRequests, guess(g, stranger, "right"), "guesses do not make a ban longer, and do not end it")
	clock.Time = clock.Add(time.Second)
	assert.Equal(t, http.StatusUnauthorized, guess(g, stranger, "wrong"))
	assert.Equal(t, http.StatusOK, guess(g, stranger, "right"))
}

func TestFailuresAreForgotten_A_F46(t *testing.T) {
	g, clock := newGuard(t)
	for round := range 3 {
		for range maxFailures - 1 {
			assert.Equal(t, http.StatusUnauthorized, guess(g, stranger, "wrong"))
		}
		if round == 0 {
			clock.Time = clock.Add(banTime)
		} else {
			assert.Equal(t, http.StatusOK, guess(g, stranger, "right"))
		}
	}
	for range 3 * maxFailures {
		assert.Equal(t, http.StatusUnauthorized, statusOf(g.Change(from(stranger))), "nothing was guessed")
	}
	assert.Equal(t, http.StatusOK, guess(g, stranger, "right"))
}

// Whoever has a network of IPv6 has no end of addresses.
func TestBanOfNetworks(t *testing.T) {
	g, _ := newGuard(t)
	for i := range maxFailures {
		guess(g, fmt.Sprintf("[2001:db8::%d]:1", i), "wrong")
	}
	assert.Equal(t, http.StatusTooManyRequests, guess(g, "[2001:db8::ffff]:1", "right"))
	assert.Equal(t, http.StatusOK, guess(g, "[2001:db8:0:1::1]:1", "right"))
}

func TestAttemptsAreBounded_A_F47(t *testing.T) {
	g, clock := newGuard(t)
	for range maxFailures {
		guess(g, stranger, "wrong")
	}
	for i := range 3 * maxClients {
		clock.Time = clock.Add(time.Millisecond)
		guess(g, fmt.Sprintf("10.%d.%d.1:1", i/256, i%256), "wrong")
		require.LessOrEqual(t, len(g.attempts.clients), maxClients)
	}
	assert.Equal(t, http.StatusTooManyRequests, guess(g, stranger, "right"), "those who fail once do not free who is banned")
	clock.Time = clock.Add(2 * banTime)
	guess(g, "10.0.0.1:1", "wrong")
	guess(g, "172.16.0.1:1", "wrong")
	assert.LessOrEqual(t, len(g.attempts.clients), maxClients)
	assert.Equal(t, http.StatusOK, guess(g, stranger, "right"))
}

// Who has ever new addresses is banned, and those that are known are not because of it.
func TestNewcomersToAFullTable_A_F47(t *testing.T) {
	g, clock := newGuard(t)
	guess(g, stranger, "wrong")
	for i := range maxClients {
		guess(g, fmt.Sprintf("10.%d.%d.1:1", i/256, i%256), "wrong")
	}
	heard := 0
	for i := range 10 * maxFailures {
		if guess(g, fmt.Sprintf("172.16.0.%d:1", i), "wrong") == http.StatusUnauthorized {
			heard++
		}
	}
	assert.LessOrEqual(t, heard, maxFailures)
	assert.Len(t, g.attempts.clients, maxClients)
	assert.Equal(t, http.StatusOK, guess(g, stranger, "right"))
	clock.Time = clock.Add(banTime)
	assert.Equal(t, http.StatusOK, guess(g, "172.16.1.1:1", "right"))
}

// Guesses that are made at the same time are not more.
func TestBanOfConcurrentGuesses(t *testing.T) {
	g, _ := newGuard(t)
	var heard atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if guess(g, stranger, "wrong") == http.StatusUnauthorized {
				heard.Add(1)
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, maxFailures, heard.Load())
}
