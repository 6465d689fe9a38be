package guard

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// maxFailures are accepted before a client is banned, for so long.
	maxFailures = 5
	banTime     = 30 * time.Minute
	// maxClients bounds the table: strangers fill it.
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
	known, ok := a.clients[client]
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
	if !ok && len(a.clients) >= maxClients {
		a.evict(now)
	}
	a.clients[client] = attempt{failures: known.failures + 1, until: now.Add(banTime)}
	return 0
}

// evict makes room for one: by what is over, else by whoever has failed least, the
// oldest of them.
func (a *attempts) evict(now time.Time) {
	var victim netip.Prefix
	least := attempt{failures: maxFailures + 1}
	for client, known := range a.clients {
		if !now.Before(known.until) {
			delete(a.clients, client)
			continue
		}
		if known.failures < least.failures || known.failures == least.failures && known.until.Before(least.until) {
			victim, least = client, known
		}
	}
	if len(a.clients) >= maxClients {
		delete(a.clients, victim)
	}
}
