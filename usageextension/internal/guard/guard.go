package guard

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"
)

// Options say what a guard lets through.
type Options struct {
	// Token is needed for every change; empty: nothing can be changed.
	Token string
	// Authenticated says that every request has passed an authenticator, to which the
	// header Authorization belongs.
	Authenticated bool
	// Private says that only this machine's users reach the server, whatever
	// addresses it sees: it listens on a Unix socket.
	Private bool
	// Hosts are names that the server is reached by, besides those of loopback and the
	// address of the connection.
	Hosts []string
	// Origins are those whose pages may send requests.
	Origins []string
	// Now is the clock that failures are timed by.
	Now func() time.Time
	// Refuse writes a refusal.
	Refuse func(http.ResponseWriter, *Refusal)
}

// Guard decides who may ask what.
type Guard struct {
	options  Options
	token    [sha256.Size]byte
	hosts    map[string]bool
	attempts *attempts
	origins  *http.CrossOriginProtection
}

// New returns a guard.
func New(o Options) (*Guard, error) {
	g := &Guard{
		options: o, token: sha256.Sum256([]byte(o.Token)), hosts: map[string]bool{},
		attempts: newAttempts(o.Now), origins: http.NewCrossOriginProtection(),
	}
	for _, host := range o.Hosts {
		g.hosts[canonical(host)] = true
	}
	for _, origin := range o.Origins {
		if err := g.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("`cors.allowed_origins`: %w", err)
		}
	}
	return g, nil
}

// Refusal is an answer to who may not have what was asked for.
type Refusal struct {
	Status int
	Text   string
	// RetryAfter says when it may be asked again; zero: that changes nothing.
	RetryAfter time.Duration
}

func forbidden(text string) *Refusal { return &Refusal{Status: http.StatusForbidden, Text: text} }

// Around refuses what must not even be authenticated, and gives every answer the
// headers that keep browsers from making more of it than it is.
func (g *Guard) Around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		for _, check := range []func(*http.Request) *Refusal{g.checkHost, g.checkOrigin} {
			if refusal := check(r); refusal != nil {
				g.options.Refuse(w, refusal)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
