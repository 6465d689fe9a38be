package meter

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// historyBench is a meter on a disk in memory, run after run, that looks after itself
// each minute.
type historyBench struct {
	*Meter
	t         *testing.T
	memory    *filestest.Memory
	disk      *filestest.Faulty
	full      *fullFS // around it
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
	change    []func(*Options)
	// sent is how many requests there were, by route and by the hour in which they ended.
	sent map[string]map[int64]int64
}

func newHistoryBench(t *testing.T, change ...func(*Options)) *historyBench {
	t.Helper()
	b := &historyBench{t: t, memory: filestest.NewMemory(), change: change, sent: map[string]map[int64]int64{}}
	b.start()
	return b
}

// fullFS has no room for more files; those that are there can grow.
type fullFS struct {
	files.FS
	full atomic.Bool
}

func (f *fullFS) Create(name string) (files.File, error) {
	if f.full.Load() {
		return nil, syscall.ENOSPC
	}
	return f.FS.Create(name)
}

func historyFile(f usage.HistoryFile) string { return journal.HistoryName(f.Number) }

// in lets hours and days be those of a zone.
func in(zone string) func(*Options) {
	return func(o *Options) {
		location, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		o.History.Zone = location
	}
}

func kept(hourly, daily time.Duration) func(*Options) {
	return func(o *Options) { o.History.Hourly, o.History.Daily = hourly, daily }
}

func (b *historyBench) start(change ...func(*Options)) {
	b.t.Helper()
	require.NoError(b.t, b.tryStart(func(*filestest.Faulty) {}, change...))
}

func (b *historyBench) tryStart(prepare func(*filestest.Faulty), change ...func(*Options)) error {
	b.t.Helper()
	mounted, err := b.memory.Mount()
	require.NoError(b.t, err)
	b.disk = filestest.New(mounted)
	prepare(b.disk)
	core, logs := observer.New(zap.DebugLevel)
	b.logs, b.telemetry = logs, componenttest.NewTelemetry()
	b.full = &fullFS{FS: b.disk}
	o := options(Write, b.full)
	o.Dedup, o.Persistence.Interval = nil, time.Minute
	for _, f := range append(b.change, change...) {
		f(&o)
	}
	b.Meter, err = Open(settings(b.telemetry, zap.New(core)), o)
	return err
}

func (b *historyBench) stop() {
	b.t.Helper()
	require.NoError(b.t, b.Close())
	require.NoError(b.t, b.telemetry.Shutdown(context.Background()))
}

// die ends the meter without a chance to write anything more.
func (b *historyBench) die() {
	memory := b.memory.Kill()
	b.disk.FailNow(true)
	_ = b.Close()
	_ = b.telemetry.Shutdown(context.Background())
	b.memory = memory
}

// serve counts requests that end now.
func (b *historyBench) serve(route string, n int) {
	b.t.Helper()
	b.serveAt(route, n, time.Now())
}

// serveAt counts requests that ended at a time.
func (b *historyBench) serveAt(route string, n int, end time.Time) {
	b.t.Helper()
	require.NoError(b.t, b.Traces(b.t.Context(), served(route, n, end), consumertest.NewNop()))
	if b.sent[route] == nil {
		b.sent[route] = map[int64]int64{}
	}
	hour, _ := b.options.History.calendar().Hour(end.Unix())
	b.sent[route][hour] += int64(n)
}

func served(route string, n int, end time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	spans := resource.ScopeSpans().AppendEmpty().Spans()
	for range n {
		s := spans.AppendEmpty()
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("http.route", "/"+route)
	}
	return td
}

// hours are the requests by route and hour, as far as history has any.
func (b *historyBench) hours() map[string]map[int64]int64 {
	b.t.Helper()
	return historyOf(b.t, b.View(), usage.Hourly)
}

func (b *historyBench) days() map[string]map[int64]int64 {
	b.t.Helper()
	return historyOf(b.t, b.View(), usage.Daily)
}

// historyOf are the requests by route and bucket. Buckets come in order, and no identity
// twice in one.
func historyOf(t *testing.T, v *View, g usage.Granularity) map[string]map[int64]int64 {
	t.Helper()
	found := map[string]map[int64]int64{}
	last, seen := usage.Period{}, map[string]bool{}
	require.NoError(t, v.History(g, 0, 0, func(p usage.Period, r *usage.HistoryRow) error {
		if last != p {
			require.True(t, before(last, p), "buckets are in order")
			last, seen = p, map[string]bool{}
		}
		identity := fmt.Sprint(r.Schema.Names, r.Values)
		require.False(t, seen[identity], "%s twice", identity)
		seen[identity] = true
		if r.Schema.Kind != usage.Endpoint {
			return nil
		}
		route := strings.TrimPrefix(r.Values[len(r.Values)-1], "GET /")
		if found[route] == nil {
			found[route] = map[int64]int64{}
		}
		found[route][p.Start] += r.TotalRequests()
		return nil
	}))
	return found
}

// sentByDay is what was sent, by day.
func (b *historyBench) sentByDay() map[string]map[int64]int64 {
	days := map[string]map[int64]int64{}
	for route, hours := range b.sent {
		days[route] = map[int64]int64{}
		for hour, n := range hours {
			days[route][dayOf(b.options.History.calendar(), hour).Start] += n
		}
	}
	return days
}

// check requires that history has what was sent, to the hour and the day, and that it is
// as much as was counted.
func (b *historyBench) check() {
	b.t.Helper()
	assert.Equal(b.t, b.sent, b.hours(), "hours")
	assert.Equal(b.t, b.sentByDay(), b.days(), "days")
	b.checkBalance()
}

func (b *historyBench) checkBalance() {
	b.t.Helper()
	b.steady.RLock()
	defer b.steady.RUnlock()
	list, err := imbalances(b.engine, b.files())
	require.NoError(b.t, err)
	assert.Empty(b.t, list, "live + retired = history + gone")
}

// counted are all requests.
func (b *historyBench) counted() int64 {
	total := countedOf(b.engine)
	return total[usage.Endpoint].TotalRequests()
}

// gone are the requests that are in no bucket.
func (b *historyBench) gone() int64 {
	gone := b.engine.History().Gone
	return gone[usage.Endpoint].TotalRequests()
}

// buckets are how many files there are of hours and of days.
func (b *historyBench) buckets() (hours, days int) {
	for _, f := range b.engine.History().Files {
		if f.Granularity == usage.Hourly {
			hours++
		} else {
			days++
		}
	}
	return hours, days
}

func (b *historyBench) historyFiles() (n int) {
	for _, name := range b.memory.Names() {
		if strings.HasSuffix(name, ".history") {
			n++
		}
	}
	return n
}

func (b *historyBench) export() string {
	b.t.Helper()
	var out bytes.Buffer
	require.NoError(b.t, b.Export(&out))
	return out.String()
}

func (b *historyBench) mustImport(document string) Merged {
	b.t.Helper()
	merged, err := b.Import(strings.NewReader(document))
	require.NoError(b.t, err)
	return merged
}

// sleepUntil lets the time of a bubble pass, and what begins by then be done.
func sleepUntil(at time.Time) {
	time.Sleep(time.Until(at))
	synctest.Wait()
}
