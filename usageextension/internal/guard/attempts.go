package guard

import (
	"maps"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxFailures are accepted before a client is banned, for so long.
	maxFailures = 5
	banTime     = 30 * time.Minute
	// maxClients bounds the table: strangers fill it. The last place is everybody's.
	maxClients = 1024
)

// attempts remembers who has sent wrong tokens.
type attempts struct {
	now func() time.Time

	mu      sync.Mutex // guards clients
	clients map[netip.Prefix]attempt
}

// attempt is what a client has tried in vain.
type attempt struct {
	failures int
	// until is when it is forgotten; with maxFailures, when the ban ends.
	until time.Time
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, clients: map[netip.Prefix]attempt{}}
}

// settle notes an attempt with a right or a wrong token. It returns for how long the
// client is banned, in which case the token does not matter: who goes on guessing
// learns nothing.
func (a *attempts) settle(client netip.Prefix, right bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	client = a.place(client, now)
	known := a.clients[client]
	if !now.Before(known.until) {
		known.failures = 0
	}
	switch {
	case known.failures >= maxFailures:
		return known.until.Sub(now)
	case right:
		delete(a.clients, client)
		return 0
	}
	a.clients[client] = attempt{failures: known.failures + 1, until: now.Add(banTime)}
	return 0
}

// place is under whom an attempt is counted: the client itself or, once the table is
// full, everybody who is not in it. If the new took the places of the old, who has many
// addresses would never be banned.
func (a *attempts) place(client netip.Prefix, now time.Time) netip.Prefix {
	if _, known := a.clients[client]; known || len(a.clients) < maxClients-1 {
		return client
	}
	maps.DeleteFunc(a.clients, func(_ netip.Prefix, known attempt) bool { return !now.Before(known.until) })
	if len(a.clients) < maxClients-1 {
		return client
	}
	return netip.Prefix{} // as those without an address
}
