package guard

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
)

// KeyHeader carries the token where Authorization has another purpose.
const KeyHeader = "X-Management-Key"

const enable = "changes are disabled: set `token` of the extension to enable them, and send it as `Authorization: Bearer` or " + KeyHeader

// Read returns why a request may not read; nil: it may.
func (g *Guard) Read(r *http.Request) *Refusal {
	if g.options.Authenticated || g.local(r) {
		return nil
	}
	if g.options.Token == "" {
		return forbidden("only this machine may read: set `token` or `auth` of the extension")
	}
	return g.checkToken(r)
}

// Change returns why a request may not change anything; nil: it may.
func (g *Guard) Change(r *http.Request) *Refusal {
	if g.options.Token == "" {
		return forbidden(enable)
	}
	return g.checkToken(r)
}

// CanChange says whether there is a token at all.
func (g *Guard) CanChange() bool { return g.options.Token != "" }

func (g *Guard) checkToken(r *http.Request) *Refusal {
	given := g.given(r)
	if given == "" {
		// Nothing was guessed.
		return &Refusal{Status: http.StatusUnauthorized, Text: "missing management key"}
	}
	// Hashes have one length: how long the token is takes no time either.
	sum := sha256.Sum256([]byte(given))
	right := subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
	switch left := g.attempts.settle(g.client(r), right); {
	case left > 0:
		return &Refusal{Status: http.StatusTooManyRequests, Text: "too many failed attempts", RetryAfter: left}
	case !right:
		return &Refusal{Status: http.StatusUnauthorized, Text: "invalid management key"}
	}
	return nil
}

// given is the token that a request carries; empty: none.
func (g *Guard) given(r *http.Request) string {
	if key := r.Header.Get(KeyHeader); key != "" || g.options.Authenticated {
		return key
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// local says whether a request is one of this machine's own. What a proxy passes on is
// not: its address would open everything to everyone behind it.
func (g *Guard) local(r *http.Request) bool {
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(header)) > 0 {
			return false
		}
	}
	return loopbackName(canonical(hostOf(r.Host))) && (g.options.Private || addressOf(r.RemoteAddr).IsLoopback())
}

// client is whose failures are counted together: an address, with everybody behind it,
// or the network that one subscriber of IPv6 has all addresses of.
func (*Guard) client(r *http.Request) netip.Prefix {
	ip := addressOf(r.RemoteAddr)
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // those without an address count as one
	}
	return network
}
