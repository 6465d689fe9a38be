package api

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// a meter closes after the last request that asks it, and from when it leaves on
// there are no new ones.
func TestUnregisterWaitsForRequests_X_10(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engines
		unregister := e.register("usage", &meter.Meter{})
		asked, err := e.hold("usage")
		require.NoError(t, err)
		left := false
		go func() {
			unregister()
			left = true
		}()
		synctest.Wait()
		assert.False(t, left, "it is being asked")
		_, err = e.hold("usage")
		assert.Equal(t, http.StatusServiceUnavailable, codeOf(err))
		assert.Empty(t, e.all())
		releaseAll(asked)
		synctest.Wait()
		assert.True(t, left)
	})
}

// The list is no longer than there are names, however often meters come and go.
func TestEnginesAreBounded_X_10(t *testing.T) {
	var e engines
	for range 100 {
		first, second := e.register("usage", &meter.Meter{}), e.register("usage", &meter.Meter{})
		assert.Equal(t, "usage, usage#2", e.names())
		first()
		second()
	}
	assert.Len(t, e.list, 2)
}
