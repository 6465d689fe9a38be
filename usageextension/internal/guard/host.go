package guard

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// checkHost refuses a request that was sent to a name that is not this server's: a page
// whose name an attacker has made to point here would read everything else.
func (g *Guard) checkHost(r *http.Request) *Refusal {
	host := canonical(hostOf(r.Host))
	if loopbackName(host) || g.hosts[host] {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip == addressOf(r.Context().Value(http.LocalAddrContextKey)) {
		return nil
	}
	return forbidden(fmt.Sprintf("host %q is not this server's: `allowed_hosts` can have it", host))
}

// hostOf is an authority without its port.
func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return authority
}

// canonical is a form in which names of one host are equal.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return host
}

// loopbackName says whether a canonical host can be no other than this machine.
func loopbackName(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost"
}

// addressOf is the IP of a net.Addr, or of its text; zero: it has none.
func addressOf(address any) netip.Addr {
	text, ok := address.(string)
	if a, is := address.(net.Addr); is {
		text, ok = a.String(), true
	}
	if !ok {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(hostOf(text))
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}
