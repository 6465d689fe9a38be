// Package web is the HTTP side of the shop's services: server, instrumented handlers and instrumented client.
package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const readHeaderTimeout = 5 * time.Second

// Server is an HTTP server on a free loopback port.
type Server struct {
	http     *http.Server
	url      string
	serving  sync.WaitGroup
	serveErr error // written before serving is done, read after
}

// Start listens before it returns, so that callers can connect at once.
func Start(handler http.Handler) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{
		http: &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout},
		url:  "http://" + listener.Addr().String(),
	}
	s.serving.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.serveErr = err
		}
	})
	return s, nil
}

// URL is the base address.
func (s *Server) URL() string { return s.url }

// Stop lets running requests finish; past ctx it cuts them.
func (s *Server) Stop(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.serving.Wait()
	if err = errors.Join(err, s.serveErr); err != nil {
		return fmt.Errorf("stop server %s: %w", s.url, err)
	}
	return nil
}
