package usageprocessor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Receivers may serve before every pipeline is up. What comes too early, or too
// late, is for its sender to repeat.
func TestLifecycleConsumeOnlyBetweenStartAndShutdown(t *testing.T) {
	r := newRig(t, "life")
	var ids spanIDs
	next := struct {
		traces  consumertest.TracesSink
		logs    consumertest.LogsSink
		metrics consumertest.MetricsSink
	}{}
	traces, logs, metrics := r.traces(&next.traces), r.logsInstance(&next.logs), r.metrics(&next.metrics)
	refused := func(when string) {
		for signal, err := range map[string]error{
			"traces":  traces.ConsumeTraces(t.Context(), ids.served("/a", 2)),
			"logs":    logs.ConsumeLogs(t.Context(), logRecord()),
			"metrics": metrics.ConsumeMetrics(t.Context(), dataPoint()),
		} {
			require.Error(t, err, "%s %s", signal, when)
			assert.False(t, consumererror.IsPermanent(err), "%s %s: %v", signal, when, err)
		}
	}
	refused("before Start")
	assert.Empty(t, next.traces.AllTraces())
	assert.Empty(t, next.logs.AllLogs())
	assert.Empty(t, next.metrics.AllMetrics())

	r.start(traces, logs, metrics)
	require.NoError(t, traces.ConsumeTraces(t.Context(), ids.served("/a", 3)))
	require.NoError(t, logs.ConsumeLogs(t.Context(), logRecord()))
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), dataPoint()))
	r.shutdown(traces, logs, metrics)
	exported := len(next.metrics.AllMetrics())

	refused("after Shutdown")
	assert.Equal(t, 3, next.traces.SpanCount())
	assert.Equal(t, 1, next.logs.LogRecordCount())
	assert.Len(t, next.metrics.AllMetrics(), exported)
}

// An instance that was not started does not join an open meter by consuming:
// pipelines start one after another.
func TestLifecycleConsumeBeforeOwnStart(t *testing.T) {
	r := newRig(t, "life")
	x, early, in := newExit(r), r.traces(r.next), r.startTraces()
	x.start()
	var ids spanIDs
	require.Error(t, early.ConsumeTraces(t.Context(), ids.served("/early", 1)))
	require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1)))
	x.stop()
	r.shutdown(in, early)
	assert.Equal(t, 1, x.seen().served("/a"))
	assert.Zero(t, x.seen().served("/early"))
	assert.Equal(t, 1, r.next.SpanCount())
}

func TestLifecycleShutdownWithoutStartAndTwice_X_10(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	r := newRig(t, "life", keptIn(dir, durabilityWrite))
	traces, logs, metrics := r.traces(r.next), r.logsInstance(consumertest.NewNop()), r.metrics(consumertest.NewNop())
	r.shutdown(traces, logs, metrics)
	assert.NoDirExists(t, dir)

	r.start(traces)
	r.shutdown(metrics, logs) // never started: must not end the share of others
	var ids spanIDs
	require.NoError(t, traces.ConsumeTraces(t.Context(), ids.served("/a", 3)))
	r.shutdown(traces, traces, metrics, traces)
	assert.Equal(t, 3, r.stored().served("/a"))
}

func TestLifecycleStartsAgain_A_F12(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "life", keptIn(t.TempDir(), durabilityInterval))
		x, in := newExit(r), r.traces(r.next)
		var ids spanIDs
		var first points
		for round := range 5 {
			r.start(in)
			x.start()
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
			x.stop()
			r.shutdown(in)
			seen := x.seen()
			assert.Equal(t, 2*(round+1), seen.served("/a"))
			if first == nil {
				first = seen
			}
			for key, p := range seen {
				require.Contains(t, first, key, "a new series or writer in round %d", round)
				assert.Equal(t, first[key].start, p.start, key)
			}
		}
	})
}

// A Start that fails leaves nothing behind, and another one works as soon as
// its cause is gone.
func TestLifecycleFailingStart_A_R12(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, block := range map[string]func(path string) error{
			"regular file": func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) },
			"symlink loop": func(path string) error { return os.Symlink(filepath.Base(path), path) },
			"snapshot is a directory": func(path string) error {
				return os.MkdirAll(filepath.Join(path, "00000000000000000007.snapshot"), 0o700)
			},
			"lock is a directory": func(path string) error { return os.MkdirAll(filepath.Join(path, "lock"), 0o700) },
		} {
			path := filepath.Join(t.TempDir(), "state")
			require.NoError(t, block(path), name)
			synctest.Wait() // for the goroutines of the case before
			goroutines, fds := ownGoroutines(), openFiles(t)
			r := newRig(t, "life", keptIn(path, durabilityWrite))
			in, x := r.traces(r.next), newExit(r)

			err := in.Start(t.Context(), componenttest.NewNopHost())
			require.ErrorContains(t, err, path, name)
			require.ErrorContains(t, err, "`persistence.directory`", name)
			var ids spanIDs
			require.Error(t, in.ConsumeTraces(t.Context(), ids.served("/lost", 1)), name)
			r.shutdown(in, x)
			synctest.Wait()
			assert.Equal(t, goroutines, ownGoroutines(), name)
			assert.Equal(t, fds, openFiles(t), name)

			require.NoError(t, os.RemoveAll(path), name)
			r.start(in)
			x.start()
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)), name)
			x.stop()
			r.shutdown(in)
			assert.Equal(t, 2, r.stored().served("/a"), name)
			assert.Zero(t, r.next.SpanCount()-2, name)
		}
	})
}

// Two owners of one state would each undo what the other one writes.
func TestLifecycleTwoComponentsOneDirectory(t *testing.T) {
	dir := t.TempDir()
	first, second := newRig(t, "first", keptIn(dir, durabilityWrite)), newRig(t, "second", keptIn(dir, durabilityWrite))
	in, other := first.startTraces(), second.traces(second.next)
	err := other.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "usage/first", "the error names the owner")
	require.ErrorContains(t, err, dir)
	second.shutdown(other)

	var ids spanIDs
	require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)), "the owner is undisturbed")
	first.shutdown(in)
	assert.Equal(t, 2, first.stored().served("/a"))
	second.start(other)
	second.shutdown(other)
}

// The client may be gone when the next consumer has its data: it counts.
func TestLifecycleClientGone(t *testing.T) {
	r := newRig(t, "life")
	ctx, cancel := context.WithCancel(t.Context())
	next, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error {
		cancel()
		return nil
	})
	require.NoError(t, err)
	x, in := newExit(r), r.traces(next)
	r.start(in)
	x.start()
	var ids spanIDs
	require.NoError(t, in.ConsumeTraces(ctx, ids.served("/a", 2)))
	x.stop()
	r.shutdown(in)
	assert.Equal(t, 2, x.seen().served("/a"))
}

// What the next consumer answers is passed back as it is; what it refuses for
// now will come again and is not counted.
func TestLifecycleNextConsumerFails(t *testing.T) {
	refusal := errors.New("not now")
	for _, tt := range []struct {
		name    string
		answer  error
		counted int
	}{
		{"accepts", nil, 2},
		{"refuses for now", refusal, 0},
		{"refuses for good", consumererror.NewPermanent(refusal), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "life")
			x, in := newExit(r), r.traces(consumertest.NewErr(tt.answer))
			r.start(in)
			x.start()
			var ids spanIDs
			assert.Equal(t, tt.answer, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
			x.stop()
			r.shutdown(in)
			assert.Equal(t, tt.counted, x.seen().served("/a"))
		})
	}
}

// Writing to disk is opt-in: a directory alone does not enable it.
func TestLifecycleDisabledWritesNothing_A_F1_A_R9(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "life", func(c *Config) { c.Persistence.Directory = "state" })
		x, in, logs := newExit(r), r.startTraces(), r.logsInstance(consumertest.NewNop())
		r.start(logs)
		x.start()
		var ids spanIDs
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 2)))
		pass(3 * r.config.Persistence.Interval)
		for _, c := range []component.Component{x.Metrics, in, logs} {
			r.shutdown(c)
			assert.Empty(t, filesIn(t, "."))
		}
		assert.NotZero(t, x.callCount())
	})
}
