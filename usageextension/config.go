package usageextension

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configopaque"
)

// Config is what users write under the extension's ID. An empty block is valid.
type Config struct {
	// ServerConfig is what every HTTP server of the Collector can be told.
	confighttp.ServerConfig `mapstructure:",squash"`
	// Token is needed for every change; empty: nothing can be changed.
	Token configopaque.String `mapstructure:"token"`
	// AllowedHosts are names that the server is reached by, besides those of loopback
	// and the address that it is bound to.
	AllowedHosts []string `mapstructure:"allowed_hosts"`

	_ struct{}
}

// createDefaultConfig is the only place that has defaults.
func createDefaultConfig() component.Config {
	c := &Config{ServerConfig: confighttp.NewDefaultServerConfig()}
	c.NetAddr.Endpoint = "localhost:8688"
	// confighttp has no bound on how long a body may take.
	c.ReadTimeout = time.Minute
	return c
}

// Validate refuses every value that could not be honoured, or would open more than was
// meant, with its key.
func (c *Config) Validate() error {
	return errors.Join(c.validateEndpoint(), c.validateToken(), c.validateHosts(), c.validateOrigins())
}

func (c *Config) validateEndpoint() error {
	switch c.NetAddr.Transport {
	case confignet.TransportTypeUnix:
		return nil
	case confignet.TransportTypeTCP, confignet.TransportTypeTCP4, confignet.TransportTypeTCP6:
	default:
		return fmt.Errorf("`transport` is %q: `tcp`, `tcp4`, `tcp6` and `unix` are accepted", c.NetAddr.Transport)
	}
	host, _, err := net.SplitHostPort(c.NetAddr.Endpoint)
	if err != nil {
		return fmt.Errorf("`endpoint` is %q: `host:port` is accepted", c.NetAddr.Endpoint)
	}
	if !c.protected() && !loopback(host) {
		return fmt.Errorf("`endpoint` is %q, which others reach: with `token` or `auth`, or on localhost, it is accepted", c.NetAddr.Endpoint)
	}
	return nil
}

// validateToken refuses what no header can carry, such as the line end of a file.
func (c *Config) validateToken() error {
	for _, r := range string(c.Token) {
		if r <= ' ' || r > '~' {
			return errors.New("`token` has a space, a line end or another character that is no visible ASCII: those are accepted")
		}
	}
	return nil
}

func (c *Config) validateHosts() error {
	for _, host := range c.AllowedHosts {
		if _, err := netip.ParseAddr(host); err != nil && (host == "" || strings.ContainsAny(host, "*:/ []")) {
			return fmt.Errorf("`allowed_hosts` has %q: names and addresses without port, scheme and wildcard are accepted", host)
		}
	}
	return nil
}

func (c *Config) validateOrigins() error {
	for _, origin := range c.origins() {
		if strings.Contains(origin, "*") {
			return fmt.Errorf("`cors.allowed_origins` has %q: origins without wildcard, such as https://usage.example.com, are accepted", origin)
		}
	}
	return nil
}

func (c *Config) origins() []string {
	if !c.CORS.HasValue() {
		return nil
	}
	return c.CORS.Get().AllowedOrigins
}

// private says whether only users of this machine reach the server.
func (c *Config) private() bool { return c.NetAddr.Transport == confignet.TransportTypeUnix }

// protected says whether strangers are kept out.
func (c *Config) protected() bool { return c.Token != "" || c.Auth.HasValue() }

// loopback says whether what listens on a host is reached from this machine only.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
