package meter

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		err := g.Enter()
		require.ErrorIs(t, err, ErrNotOpen)
		assert.False(t, consumererror.IsPermanent(err), "the sender has to try again")
		require.NoError(t, g.Close(t.Context()), "a gate that never opened")

		g.Open()
		require.NoError(t, g.Enter())
		require.NoError(t, g.Enter())
		closed := false
		go func() {
			assert.NoError(t, g.Close(t.Context()))
			closed = true
		}()
		synctest.Wait()
		require.ErrorIs(t, g.Enter(), ErrNotOpen, "nothing more comes in")
		g.Leave()
		synctest.Wait()
		assert.False(t, closed, "one is still inside")
		g.Leave()
		synctest.Wait()
		assert.True(t, closed)
	})
}

func TestGateGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		g.Open()
		require.NoError(t, g.Enter())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, g.Close(ctx), context.DeadlineExceeded)
		g.Leave()
		require.NoError(t, g.Close(t.Context()))
	})
}
