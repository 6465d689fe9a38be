package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// the server's timeouts are of clients. What takes longer to be made is answered.
func TestAnswersTakeTheirTime_X_16(t *testing.T) {
	const short = 50 * time.Millisecond
	a := &API{options: Options{WriteTimeout: time.Minute, Now: time.Now}}
	slow := route{method: http.MethodGet, serve: func(c *call) (any, error) {
		select {
		case <-c.r.Context().Done():
		case <-time.After(4 * short):
		}
		return done(), c.r.Context().Err()
	}}
	for _, protocol := range []int{1, 2} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, protocol, r.ProtoMajor)
			a.serve(&call{w: w, r: r, api: a}, slow)
		}))
		server.EnableHTTP2 = protocol == 2
		server.Config.ReadHeaderTimeout, server.Config.ReadTimeout, server.Config.WriteTimeout = time.Minute, short, short
		server.StartTLS()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		require.NoError(t, err)
		got, err := server.Client().Do(r)
		require.NoError(t, err, "HTTP/%d", protocol)
		require.NoError(t, got.Body.Close())
		assert.Equal(t, http.StatusOK, got.StatusCode, "HTTP/%d", protocol)
		server.Close()
	}
}
