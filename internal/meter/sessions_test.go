package meter

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Active sessions are listed oldest first, with whose they are.
func TestActiveSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newMover(t, t.TempDir(), func(o *Options) { o.Sessions = Sessions{TTL: time.Hour, Max: 10_000} })
		assert.Empty(t, v.ActiveSessions(10))
		begin := time.Now()
		for n := range 2000 {
			time.Sleep(time.Millisecond)
			td := inSession(fmt.Sprintf("s%04d", n))
			span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			require.NoError(t, v.Traces(t.Context(), td, consumertest.NewNop()))
		}
		list := v.ActiveSessions(1500)
		require.Len(t, list, 1500)
		for n, s := range list {
			at := begin.Add(time.Duration(n+1) * time.Millisecond).UTC()
			assert.Equal(t, ActiveSession{
				Kind: "endpoint", Service: usage.Unknown, Endpoint: "GET /", ID: fmt.Sprintf("s%04d", n), First: at, Last: at,
			}, s)
		}
		assert.Len(t, v.ActiveSessions(5000), 2000)
		assert.Empty(t, v.ActiveSessions(0))
		assert.Empty(t, v.ActiveSessions(-1))
		v.close()
	})
}

// E-F6: a session that is terminated is closed for that reason, and is so after the
// death of the process; an unknown one is not there.
func TestTerminateSession_E_F6(t *testing.T) {
	v := newMover(t, t.TempDir(), func(o *Options) { o.Sessions = Sessions{TTL: time.Hour, Max: 10} })
	for _, id := range []string{"a", "b"} {
		require.NoError(t, v.Traces(t.Context(), inSession(id), consumertest.NewNop()))
	}
	assert.Zero(t, v.TerminateSession("c"))
	syncs := v.disks[""].Syncs()
	assert.Equal(t, 1, v.TerminateSession("a"))
	assert.Equal(t, syncs+1, v.disks[""].Syncs())
	assert.Zero(t, v.TerminateSession("a"))
	assert.Len(t, v.ActiveSessions(10), 1)

	stored := v.killed("")
	assert.Equal(t, 1, stored.Status().Sessions)
	terminated := int64(0)
	stored.View().Live(func(r *usage.Row) bool {
		terminated += r.Closed[usage.ClosedTerminated]
		return true
	})
	assert.Equal(t, int64(1), terminated)
	v.close()
}
