package usageprocessor

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap/zapcore"
)

const senders = 64

// fromSenders runs f for each of many senders at the same time.
func fromSenders(t *testing.T, f func(sender int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() { assert.NoError(t, f(sender)) })
	}
	wg.Wait()
}

// sessionEvent is a log record that begins or ends the session of a provider, and
// another one each time.
func (ids *spanIDs) sessionEvent(event, id string) plog.Logs {
	ld := logRecord()
	l := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	l.SetEventName(event)
	l.Attributes().PutStr("session.id", id)
	l.Attributes().PutStr("gen_ai.provider.name", "openai")
	l.Attributes().PutInt("request_id", int64(ids.last.Add(1)))
	return ld
}

// inSession is a batch of spans of one session, which failed or not.
func (ids *spanIDs) inSession(id string, n int, failed bool) ptrace.Traces {
	td := ids.served("/a", n)
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		s.Attributes().PutStr("session.id", id)
		if failed {
			s.Attributes().PutInt("http.response.status_code", 500)
		}
	}
	return td
}

// B-R7, E-F9, E-R8, E-U9: however many begin, go on with, fail in and end sessions at
// the same time, in the end as many are active as were not ended, and none was ever
// negative.
func TestSessionsOfManySenders_B_R7_E_F9_E_R8_E_U9(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sink := newRig(t, "sessions", func(c *Config) { c.Export.Interval = time.Second }), &consumertest.MetricsSink{}
		logs, metrics := r.logsInstance(consumertest.NewNop()), r.metrics(sink)
		r.start(metrics, logs)
		var ids spanIDs
		fromSenders(t, func(sender int) error {
			for round := range 50 {
				id := fmt.Sprint(sender/2, ".", round) // two senders work on one session
				for _, event := range []string{"session.start", "session.end", "session.end"} {
					if err := logs.ConsumeLogs(t.Context(), ids.sessionEvent(event, id)); err != nil {
						return err
					}
				}
			}
			return logs.ConsumeLogs(t.Context(), ids.sessionEvent("session.start", fmt.Sprint("stays ", sender)))
		})
		pass(1500 * time.Millisecond)
		for n := range sink.AllMetrics() {
			got := sessionPoints(sink.AllMetrics()[:n+1])
			assert.GreaterOrEqual(t, got["usage.sessions.active"], int64(0))
			assert.Equal(t, got["usage.sessions.active"], got["usage.sessions.opened"]-
				got["usage.sessions.closed normal"]-got["usage.sessions.closed duplicate"])
		}
		got := sessionPoints(sink.AllMetrics())
		assert.Equal(t, int64(senders), got["usage.sessions.active"], "those that stayed")
		assert.Equal(t, int64(senders), r.selfTotal("sessions"))
		assert.GreaterOrEqual(t, got["usage.sessions.opened"], int64(senders+senders/2*50))
		r.shutdown(logs, metrics)
	})
}

// selfTotal is a number that the processor tells about itself, over the points that
// have all of these attributes.
func (r *rig) selfTotal(metric string, attributes ...string) int64 {
	r.t.Helper()
	found, err := readSelf(r.telemetry)
	require.NoError(r.t, err)
	return selfTotal(found, metric, attributes...)
}

// E-U8, E-U9, C-F9, E-R9: many senders at the same time do not get beyond
// `sessions.max`; the others are counted, and so are all their requests.
func TestSessionsMaxHoldsForManySenders_E_U8_E_U9_C_F9_E_R9(t *testing.T) {
	r := newRig(t, "sessions", func(c *Config) { c.Sessions.Max = 10 })
	in := r.startTraces()
	var ids spanIDs
	fromSenders(t, func(sender int) error {
		return in.ConsumeTraces(t.Context(), ids.inSession(fmt.Sprint(sender), 1, false))
	})
	assert.Equal(t, int64(10), r.selfTotal("sessions"))
	assert.Equal(t, int64(senders-10), r.selfTotal("sessions.untracked"))
	assert.Equal(t, int64(senders), r.ledger()["traces counted"])
	r.shutdown(in)
}

// E-R6, E-F12: a hundred thousand successes of one session are one session, which ends
// once, `sessions.ttl` after the last of them.
func TestSuccessesDoNotPileUp_E_R6_E_F12(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, sink := newRig(t, "sessions", func(c *Config) { c.Export.Interval = time.Second }), &consumertest.MetricsSink{}
		in, metrics := r.startTraces(), r.metrics(sink)
		r.start(metrics)
		var ids spanIDs
		for range 100 {
			require.NoError(t, in.ConsumeTraces(t.Context(), ids.inSession("a", 1000, false)))
		}
		pass(4 * time.Minute)
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.inSession("a", 1, false)))
		pass(4*time.Minute + 30*time.Second)
		assert.Equal(t, map[string]int64{"usage.sessions.active": 1, "usage.sessions.opened": 1}, sessionPoints(sink.AllMetrics()))
		pass(time.Minute)
		assert.Equal(t, map[string]int64{"usage.sessions.active": 0, "usage.sessions.opened": 1, "usage.sessions.closed expired": 1},
			sessionPoints(sink.AllMetrics()))
		assert.Zero(t, r.selfTotal("sessions"))
		r.shutdown(in, metrics)
	})
}

// E-F7: a blank ID is none; the request counts.
func TestBlankSessionIsNone_E_F7(t *testing.T) {
	r := newRig(t, "sessions")
	in := r.startTraces()
	var ids spanIDs
	for _, id := range []string{"", " ", "\t\n"} {
		require.NoError(t, in.ConsumeTraces(t.Context(), ids.inSession(id, 1, true)))
	}
	assert.Equal(t, int64(3), r.ledger()["traces counted"])
	assert.Zero(t, r.selfTotal("series.created", "kind=session"))
	r.shutdown(in)
}

// secretID is the ID of a session that nobody is to read.
const secretID = "0b5e55-1-am-a-person"

// C-F24, B-F11: the ID of a session is in no export, no log and no number that the
// processor tells about itself, in whichever signal and under whichever name it came.
func TestSessionIDsAreNowhere_C_F24_B_F11(t *testing.T) {
	r, sink := newRig(t, "sessions"), &consumertest.MetricsSink{}
	traces, logs, metrics := r.traces(r.next), r.logsInstance(consumertest.NewNop()), r.metrics(sink)
	r.start(metrics, traces, logs)
	var ids spanIDs
	for _, name := range []string{
		"session.id", "gen_ai.conversation.id", "langfuse.session.id", "traceloop.association.properties.session_id",
		"ai.telemetry.metadata.sessionId", "langsmith.metadata.session_id", "copilot_chat.session_id",
	} {
		td := ids.served("/a", 2)
		list := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for _, s := range list.All() {
			s.Attributes().PutStr(name, secretID)
		}
		list.At(1).SetKind(ptrace.SpanKindClient)
		list.At(1).Attributes().PutStr("gen_ai.operation.name", "chat")
		require.NoError(t, traces.ConsumeTraces(t.Context(), td))
	}
	for _, event := range []string{"session.start", "session.start", "session.end"} {
		require.NoError(t, logs.ConsumeLogs(t.Context(), ids.sessionEvent(event, secretID)))
	}
	opened := r.selfTotal("series.created", "kind=session")
	self, err := readSelf(r.telemetry)
	require.NoError(t, err)
	r.shutdown(traces, logs, metrics)
	assert.Positive(t, opened, "the IDs were read")
	assert.NotContains(t, selfText(self), secretID)
	requireNowhere(t, sink.AllMetrics(), secretID)
	for _, entry := range r.logs.All() {
		text, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "m"}).EncodeEntry(entry.Entry, entry.Context)
		require.NoError(t, err)
		assert.NotContains(t, text.String(), secretID)
	}
}

// requireNowhere wants a text to be in no export, of which there are some.
func requireNowhere(t *testing.T, all []pmetric.Metrics, text string) {
	t.Helper()
	require.NotEmpty(t, all)
	for _, md := range all {
		exported, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		assert.NotContains(t, string(exported), text)
	}
}

// E-F10, E-R13, E-F60: a failure that is told twice, by the same span in two batches,
// releases once and is one error.
func TestFailureToldTwice_E_F10_E_R13_E_F60(t *testing.T) {
	r, sink := newRig(t, "sessions"), &consumertest.MetricsSink{}
	in, metrics := r.startTraces(), r.metrics(sink)
	r.start(metrics)
	var ids spanIDs
	failed := ids.inSession("a", 1, true)
	for range 3 {
		require.NoError(t, in.ConsumeTraces(t.Context(), failed))
	}
	assert.Equal(t, int64(1), r.ledger()["traces counted"])
	assert.Equal(t, int64(2), r.ledger()["traces duplicate"])
	r.shutdown(in, metrics)
	assert.Equal(t, map[string]int64{"usage.sessions.active": 0, "usage.sessions.opened": 1, "usage.sessions.closed failed": 1},
		sessionPoints(sink.AllMetrics()))
}
