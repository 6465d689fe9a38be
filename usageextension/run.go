package usageextension

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/usageextension/internal/reply"
)

// clock times failed attempts, and how long clients take to read.
func clock() time.Time {
	return time.Now() //nolint:forbidigo // the extension's only clock; what is below is given it
}

// Start begins to serve.
func (s *server) Start(ctx context.Context, host component.Host) error {
	endpoint := s.config.NetAddr.Endpoint
	srv, err := s.config.ToServer(ctx, host.GetExtensions(), s.settings.TelemetrySettings, s.api, confighttp.WithErrorHandler(reply.FromServer))
	if err != nil {
		return fmt.Errorf("`endpoint` %s: %w", endpoint, err)
	}
	// The guard is around everything, authentication included.
	srv.Handler = s.guard.Around(srv.Handler)
	listener, err := s.config.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("`endpoint` %s: %w", endpoint, err)
	}
	if err := s.checkReach(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.http, s.listener = srv, listener
	s.serving.Go(func() {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			// Usage is metered all the same: this is no reason to end the Collector.
			componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(err))
			s.settings.Logger.Error("The management server has ended", zap.String("endpoint", endpoint), zap.Error(err))
		}
	})
	if s.config.Token != "" && !s.config.TLS.HasValue() && !local(listener.Addr()) {
		s.settings.Logger.Warn("The token travels unencrypted: set `tls`, or see that something before this server does it", zap.Stringer("address", listener.Addr()))
	}
	s.settings.Logger.Info("Usage is shown", zap.Stringer("address", listener.Addr()), zap.Bool("changes", s.guard.CanChange()))
	return nil
}

// checkReach refuses an address that Validate took for this machine's own because of
// its name, but which names something else here.
func (s *server) checkReach(address net.Addr) error {
	if s.config.protected() || local(address) {
		return nil
	}
	return fmt.Errorf("`endpoint` %s is the address %s, which others reach: with `token` or `auth` it is accepted", s.config.NetAddr.Endpoint, address)
}

// local says whether only this machine reaches an address.
func local(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// Shutdown ends serving: what is being answered is answered, unless ctx ends before.
func (s *server) Shutdown(ctx context.Context) error {
	if s.http == nil {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.serving.Wait()
	s.http = nil
	return err
}
