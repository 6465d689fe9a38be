package usageextension

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confignet"

	"github.com/otelusage/usageprocessor/internal/meter"
)

func TestPortInUse_B_F2_A_F46(t *testing.T) {
	first := start(t)
	endpoint := first.listener.Addr().String()
	second := newBench(t, func(c *Config) { c.NetAddr.Endpoint = endpoint })
	err := second.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "`endpoint` "+endpoint)
	require.NoError(t, second.Shutdown(context.Background()))
	assert.Equal(t, http.StatusOK, first.over(http.MethodGet, "/openapi.yaml").status)
}

// Shutdown without Start, twice, and again.
func TestShutdown_X_10(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.Shutdown(t.Context()))
	require.NoError(t, b.Start(t.Context(), componenttest.NewNopHost()))
	endpoint := b.listener.Addr().String()
	require.NoError(t, b.Shutdown(t.Context()))
	require.NoError(t, b.Shutdown(t.Context()))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", endpoint)
	require.NoError(t, err, "the port is free")
	require.NoError(t, l.Close())
}

func TestMetersComeAndGo_X_10(t *testing.T) {
	b := start(t)
	path := prefix + "/usage/series"
	got := b.get(path)
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "no processor is running", got.error(t))
	assert.Equal(t, http.StatusNotFound, b.get(path+"?processor=usage").status, "it was never there")

	m := newMeter(t, "usage")
	unregister := b.Register(component.MustNewID("usage"), m)
	assert.Equal(t, http.StatusOK, b.get(path).status)
	assert.Equal(t, http.StatusOK, b.get(path+"?processor=usage").status)
	assert.Equal(t, http.StatusNotFound, b.get(path+"?processor=usage/llm").status)
	unregister()
	require.NoError(t, m.Close())
	assert.Equal(t, http.StatusServiceUnavailable, b.get(path).status)
	left := b.get(path + "?processor=usage")
	assert.Equal(t, http.StatusServiceUnavailable, left.status)
	assert.Contains(t, left.error(t), "was shut down")
	b.open("usage")
	assert.Equal(t, http.StatusOK, b.get(path+"?processor=usage").status, "it came back")
}

func TestSeveralProcessors(t *testing.T) {
	b := start(t)
	one, two := b.open("usage"), b.open("usage/llm")
	shop(t, one)
	for _, route := range []string{"/usage", "/usage/series", "/usage/history", "/usage/providers", "/usage/status", "/usage-persistence", "/usage-statistics-enabled"} {
		got := b.get(prefix + route)
		require.Equal(t, http.StatusOK, got.status, "%s: %s", route, got.body)
		processors := got.at(t, "processors").(map[string]any)
		assert.Contains(t, processors, "usage", route)
		assert.Contains(t, processors, "usage/llm", route)
		single := b.get(prefix + route + "?processor=usage/llm")
		assert.JSONEq(t, single.body, marshal(t, processors["usage/llm"]), "an answer is the same with its label")
	}
	for _, o := range []operation{
		{http.MethodPut, "/usage-statistics-enabled", `{"value": false}`},
		{http.MethodPatch, "/usage-persistence", `{"enabled": false}`},
		{http.MethodPost, "/usage/save", ""},
		{http.MethodPost, "/usage/load", ""},
		{http.MethodPost, "/usage/reset", `{"scope": "all"}`},
		{http.MethodPost, "/usage/import", `{}`},
		{http.MethodPost, "/usage/sessions/ada/terminate", ""},
		{http.MethodGet, "/usage/export", ""},
		{http.MethodGet, "/usage/series?format=csv", ""},
		{http.MethodGet, "/usage/history?format=csv", ""},
		{http.MethodGet, "/usage/history?format=focus", ""},
	} {
		got := b.management(o.method, o.path, o.body)
		assert.Equal(t, http.StatusBadRequest, got.status, o.path)
		assert.Contains(t, got.error(t), "`processor`: usage, usage/llm", o.path)
	}
	assert.Equal(t, http.StatusOK, b.management(http.MethodPut, "/usage-statistics-enabled?processor=usage/llm", `{"value": false}`).status)
	assert.False(t, one.Paused())
	assert.True(t, two.Paused())
}

// A processor and a connector can have one ID.
func TestTwoOfOneName(t *testing.T) {
	b := start(t)
	shop(t, b.open("usage"))
	b.open("usage")
	assert.InDelta(t, 4, b.get(prefix+"/usage?processor=usage").number(t, "usage", "total_requests"), 0)
	assert.InDelta(t, 0, b.get(prefix+"/usage?processor=usage%232").number(t, "usage", "total_requests"), 0)
}

// A client that does not read keeps no meter from closing, and no extension from
// ending, for longer than it may.
func TestSlowClient_X_10(t *testing.T) {
	b := start(t, func(c *Config) { c.WriteTimeout = 0 })
	m := newMeter(t, "usage")
	crowd(t, m, 60_000)
	unregister := b.Register(component.MustNewID("usage"), m)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.listener.Addr().String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(conn, "GET "+prefix+"/usage/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 512))
	require.NoError(t, err, "the export has begun")
	begin := time.Now()
	unregister()
	require.NoError(t, m.Close())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Shutdown(ctx), context.DeadlineExceeded, "the client still reads")
	assert.Less(t, time.Since(begin), 10*time.Second)
}

// A client that does not read is given up.
func TestSlowReader_X_16(t *testing.T) {
	b := start(t, func(c *Config) { c.WriteTimeout = 200 * time.Millisecond })
	crowd(t, b.open("usage"), 60_000)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.listener.Addr().String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(conn, "GET "+prefix+"/usage/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 512))
	require.NoError(t, err, "the export has begun")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, b.Shutdown(ctx))
}

func TestReachIsChecked(t *testing.T) {
	b := newBench(t, withoutToken)
	others := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8688}
	assert.ErrorContains(t, b.checkReach(others), "`token`")
	assert.NoError(t, b.checkReach(&net.TCPAddr{IP: net.IPv6loopback}))
	assert.NoError(t, newBench(t).checkReach(others))
}

// Unregistering waits for what is being asked.
func TestUnregisterWaits_X_10(t *testing.T) {
	b := start(t)
	m := newMeter(t, "usage")
	shop(t, m)
	unregister := b.Register(component.MustNewID("usage"), m)
	done := make(chan int)
	stop := make(chan struct{})
	go func() {
		answered := 0
		defer func() { done <- answered }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			switch got := b.get(prefix + "/usage/series"); got.status {
			case http.StatusOK:
				answered++
			case http.StatusServiceUnavailable:
				return
			default:
				t.Errorf("answered %d", got.status)
				return
			}
		}
	}()
	time.Sleep(20 * time.Millisecond)
	unregister()
	require.NoError(t, m.Close())
	select {
	case answered := <-done:
		assert.Positive(t, answered)
	case <-time.After(10 * time.Second):
		close(stop)
		t.Fatal("the meter is asked after it has left")
	}
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "usage.sock")
	b := start(t, withoutToken, func(c *Config) { c.NetAddr.Transport, c.NetAddr.Endpoint = confignet.TransportTypeUnix, socket })
	b.open("usage")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+prefix+"/usage", http.NoBody)
	require.NoError(t, err)
	response, err := (&http.Client{Transport: transport}).Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestRegistrar(t *testing.T) {
	assert.Implements(t, (*meter.Registrar)(nil), newBench(t).server)
}
