package api

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// one document is made at a time. Who waits for it holds no meter, and stops
// waiting when the client goes.
func TestOneDocumentAtATime_X_10(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &API{exporting: make(chan struct{}, 1)}
		unregister := a.engines.register("usage", &meter.Meter{})
		made := 0
		ask := document(func(*call, held) (any, error) {
			made++
			assert.Len(t, a.exporting, 1)
			return nil, nil
		})
		ctx, leave := context.WithCancel(t.Context())
		first := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
		second := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		answered := make(chan error, 1)
		wait := func(r *http.Request) {
			_, err := ask(&call{api: a, r: r})
			answered <- err
		}

		a.exporting <- struct{}{}
		go wait(first)
		synctest.Wait()
		leave()
		assert.ErrorIs(t, <-answered, context.Canceled)
		go wait(second)
		synctest.Wait()
		assert.Empty(t, answered)
		unregister() // and no deadlock
		<-a.exporting
		assert.Equal(t, http.StatusServiceUnavailable, codeOf(<-answered), "it has left")
		assert.Zero(t, made)

		defer a.engines.register("usage", &meter.Meter{})()
		wait(first)
		assert.ErrorIs(t, <-answered, context.Canceled, "there is a place, but nobody to answer")
		assert.Zero(t, made)
		for range 2 {
			wait(second)
			require.NoError(t, <-answered)
		}
		assert.Equal(t, 2, made)
	})
}

func TestChargesAreBounded(t *testing.T) {
	b := &bounded{Writer: io.Discard, lines: 3}
	_, err := io.WriteString(b, "a\nb\n")
	require.NoError(t, err)
	_, err = io.WriteString(b, "c\nd\n")
	assert.Equal(t, http.StatusBadRequest, codeOf(err))
	assert.ErrorContains(t, err, "`from` and `to`")
}
