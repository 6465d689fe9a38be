package usageextension

import (
	"net"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/usageextension/internal/api"
	"github.com/otelusage/usageprocessor/usageextension/internal/guard"
	"github.com/otelusage/usageprocessor/usageextension/internal/reply"
)

var (
	_ extension.Extension = (*server)(nil)
	_ meter.Registrar     = (*server)(nil)
)

// server is the extension.
type server struct {
	config   *Config
	settings extension.Settings
	guard    *guard.Guard
	api      *api.API

	// What follows is set between Start and Shutdown.
	http     *http.Server
	listener net.Listener
	serving  sync.WaitGroup
}

func newServer(set extension.Settings, cfg *Config) (*server, error) {
	g, err := guard.New(guard.Options{
		Token: string(cfg.Token), Authenticated: cfg.Auth.HasValue(), Private: cfg.private(),
		Hosts: cfg.AllowedHosts, Origins: cfg.origins(), Now: clock, Refuse: reply.Refusal,
	})
	if err != nil {
		return nil, err
	}
	a, err := api.New(api.Options{Guard: g, Logger: set.Logger, OpenAPI: openAPI, WriteTimeout: cfg.WriteTimeout, Now: clock})
	if err != nil {
		return nil, err
	}
	return &server{config: cfg, settings: set, guard: g, api: a}, nil
}

// Register adds a meter to those that are shown, until unregister is called.
func (s *server) Register(id component.ID, m *meter.Meter) (unregister func()) {
	return s.api.Register(id.String(), m)
}

// Dependencies are the extensions that have to run before this one.
func (s *server) Dependencies() []component.ID {
	var ids []component.ID
	if s.config.Auth.HasValue() {
		ids = append(ids, s.config.Auth.Get().AuthenticatorID)
	}
	for _, middleware := range s.config.Middlewares {
		ids = append(ids, middleware.ID)
	}
	return ids
}
