package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"time"
)

// proxy is the way of one client through a network, over HTTP/1 or gRPC.
type proxy struct {
	*network
	grpc bool
	// steady keeps its connection; once makes one for each request. A server that
	// stops waits for connections: 5 s for the first request on one that an HTTP/1
	// transport has dialed in reserve, as it does for several requests at a time,
	// and 1 s for a gRPC client of net/http to let go.
	steady, once *http.Transport
}

var errLost = errors.New("lost on the way")

// open makes the way of one more client and returns its port.
func (n *network) open(grpc bool) (port int) {
	n.t.Helper()
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!grpc)
	protocols.SetUnencryptedHTTP2(grpc)
	p := &proxy{
		network: n, grpc: grpc,
		steady: &http.Transport{Protocols: protocols, DisableKeepAlives: grpc},
		once:   &http.Transport{Protocols: protocols, DisableKeepAlives: true},
	}
	server := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme = "http" },
		Transport:    p,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, 0),
	})
	server.Config.Protocols = protocols
	server.Start()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.close = append(n.close, server.Close, p.steady.CloseIdleConnections, p.once.CloseIdleConnections)
	return server.Listener.Addr().(*net.TCPAddr).Port
}

// RoundTrip lets a request meet its fate.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	deaf := r.WithContext(context.WithoutCancel(r.Context())) // its client may be gone
	switch f, delay := p.draw(); f {
	case dropped:
		return nil, errLost
	case unanswered:
		_, err := p.forward(p.steady, r, body)
		return nil, errors.Join(errLost, err)
	case delayed:
		time.Sleep(delay)
		return p.forward(p.once, deaf, body)
	case doubled:
		var other sync.WaitGroup
		defer other.Wait()
		other.Go(func() { _, _ = p.forward(p.once, deaf, body) }) //nolint:bodyclose // forward has read and closed it
		return p.forward(p.steady, r, body)
	default:
		return p.forward(p.steady, r, body)
	}
}

// forward sends a request to where the collector is now and reads its answer.
func (p *proxy) forward(by *http.Transport, r *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), sendDeadline)
	defer cancel()
	r = r.Clone(ctx)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	to := p.ports.Load()
	if r.URL.Host = address(to.http); p.grpc {
		r.URL.Host = address(to.grpc)
	}
	response, err := by.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	p.note(response, answer)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	return response, nil
}
