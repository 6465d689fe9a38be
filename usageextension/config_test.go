package usageextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
)

// read is what the Collector makes of a block of its configuration.
func read(t *testing.T, block map[string]any) (*Config, error) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(block).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, xconfmap.Validate(cfg)
}

func TestDefaultsAreValid(t *testing.T) {
	cfg, err := read(t, nil)
	require.NoError(t, err)
	assert.Equal(t, "localhost:8688", cfg.NetAddr.Endpoint)
	for name, timeout := range map[string]any{"read": cfg.ReadTimeout, "read header": cfg.ReadHeaderTimeout, "write": cfg.WriteTimeout, "idle": cfg.IdleTimeout} {
		assert.NotZero(t, timeout, name)
	}
}

func TestConfig_A_F46(t *testing.T) {
	auth := map[string]any{"authenticator": "basicauth"}
	for _, tt := range []struct {
		name  string
		block map[string]any
		// refused is a part of the error; empty: it is valid.
		refused string
	}{
		{"IPv4", map[string]any{"endpoint": "127.0.0.1:8688"}, ""},
		{"IPv6", map[string]any{"endpoint": "[::1]:8688"}, ""},
		{"Unix socket", map[string]any{"endpoint": "/run/usage.sock", "transport": "unix"}, ""},
		{"all addresses", map[string]any{"endpoint": "0.0.0.0:8688"}, "`endpoint` is \"0.0.0.0:8688\", which others reach: with `token` or `auth`"},
		{"no host", map[string]any{"endpoint": ":8688"}, "`endpoint`"},
		{"another name", map[string]any{"endpoint": "usage.example.com:8688"}, "`endpoint`"},
		{"another address", map[string]any{"endpoint": "192.0.2.1:8688"}, "`token`"},
		{"with token", map[string]any{"endpoint": "0.0.0.0:8688", "token": "x"}, ""},
		{"with auth", map[string]any{"endpoint": "0.0.0.0:8688", "auth": auth}, ""},
		{"no port", map[string]any{"endpoint": "localhost"}, "`endpoint` is \"localhost\": `host:port` is accepted"},
		{"transport", map[string]any{"transport": "udp"}, "`transport` is \"udp\""},
		{"line end", map[string]any{"token": "secret\n"}, "`token` has"},
		{"space", map[string]any{"token": " secret"}, "`token` has"},
		{"hosts", map[string]any{"allowed_hosts": []any{"usage.example.com", "192.0.2.1", "2001:db8::1"}}, ""},
		{"host with port", map[string]any{"allowed_hosts": []any{"usage.example.com:8688"}}, "`allowed_hosts` has \"usage.example.com:8688\""},
		{"host with wildcard", map[string]any{"allowed_hosts": []any{"*.example.com"}}, "`allowed_hosts`"},
		{"URL as host", map[string]any{"allowed_hosts": []any{"https://usage.example.com"}}, "`allowed_hosts`"},
		{"empty host", map[string]any{"allowed_hosts": []any{""}}, "`allowed_hosts`"},
		{"origin", map[string]any{"cors": map[string]any{"allowed_origins": []any{"https://usage.example.com"}}}, ""},
		{"all origins", map[string]any{"cors": map[string]any{"allowed_origins": []any{"*"}}}, "`cors.allowed_origins` has \"*\""},
		{"some origins", map[string]any{"cors": map[string]any{"allowed_origins": []any{"https://*.example.com"}}}, "`cors.allowed_origins`"},
		{"unknown key", map[string]any{"tokens": "x"}, "tokens"},
	} {
		_, err := read(t, tt.block)
		if tt.refused == "" {
			assert.NoError(t, err, tt.name)
			continue
		}
		assert.ErrorContains(t, err, tt.refused, tt.name)
		assert.NotContains(t, err.Error(), "secret", tt.name)
	}
}

func TestTokenIsNeverShown_X_17(t *testing.T) {
	cfg, err := read(t, map[string]any{"token": token})
	require.NoError(t, err)
	assert.Equal(t, token, string(cfg.Token))
	dump := confmap.New()
	require.NoError(t, dump.Marshal(cfg))
	assert.NotContains(t, dump.ToStringMap()["token"], token)
	text, err := cfg.Token.MarshalText()
	require.NoError(t, err)
	assert.NotContains(t, string(text), token)
}

func TestDependencies(t *testing.T) {
	b := newBench(t, func(c *Config) {
		require.NoError(t, confmap.NewFromStringMap(map[string]any{
			"auth": map[string]any{"authenticator": "basicauth"}, "middlewares": []any{map[string]any{"id": "limiter"}},
		}).Unmarshal(c))
	})
	assert.Equal(t, []component.ID{component.MustNewID("basicauth"), component.MustNewID("limiter")}, b.Dependencies())
}
