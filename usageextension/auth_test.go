package usageextension

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensionauth"
)

// host has extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// authenticator knows one user, whose name is the password.
type authenticator struct {
	component.StartFunc
	component.ShutdownFunc
}

var _ extensionauth.Server = authenticator{}

// Authenticate lets Ada in.
func (authenticator) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if given := headers["Authorization"]; len(given) != 1 || given[0] != "ada" {
		return ctx, errors.New("not authenticated")
	}
	return ctx, nil
}

// startWithAuth runs the extension behind an authenticator.
func startWithAuth(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, func(c *Config) {
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"auth": map[string]any{"authenticator": "users"}}).Unmarshal(c))
	})
	require.NoError(t, b.Start(t.Context(), host{component.MustNewID("users"): authenticator{}}))
	t.Cleanup(func() { require.NoError(t, b.Shutdown(context.Background())) })
	return b
}
