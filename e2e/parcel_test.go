package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// parcel is a batch of any signal, as it is exported.
type parcel interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// sender sends parcels of all signals. It repeats nothing by itself.
type sender interface {
	send(ctx context.Context, p parcel) error
}

// sender returns one of three kinds at the end of a way of its own.
func (n *network) sender(kind int) sender {
	if kind%3 == 0 {
		return newGRPCSender(n.t, n.open(true))
	}
	return newHTTPSender(n.t, n.open(false), kind%3 == 1)
}

type grpcSender struct{ conn *grpc.ClientConn }

func newGRPCSender(t *testing.T, port int) sender {
	t.Helper()
	conn, err := grpc.NewClient(address(port),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDisableRetry(),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 10 * time.Millisecond, MaxDelay: 50 * time.Millisecond}, MinConnectTimeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpcSender{conn}
}

func (s grpcSender) send(ctx context.Context, p parcel) (err error) {
	switch r := p.(type) {
	case ptraceotlp.ExportRequest:
		_, err = ptraceotlp.NewGRPCClient(s.conn).Export(ctx, r)
	case plogotlp.ExportRequest:
		_, err = plogotlp.NewGRPCClient(s.conn).Export(ctx, r)
	case pmetricotlp.ExportRequest:
		_, err = pmetricotlp.NewGRPCClient(s.conn).Export(ctx, r)
	default:
		return errors.New("this is no parcel")
	}
	return err
}

type httpSender struct {
	http *http.Client
	url  string
	json bool
}

func newHTTPSender(t *testing.T, port int, json bool) sender {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return httpSender{&http.Client{Transport: transport}, "http://" + address(port), json}
}

func (s httpSender) send(ctx context.Context, p parcel) error {
	marshal, kind := p.MarshalProto, "application/x-protobuf"
	if s.json {
		marshal, kind = p.MarshalJSON, "application/json"
	}
	body, err := marshal()
	if err != nil {
		return err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+pathOf(p), bytes.NewReader(body))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", kind)
	post.GetBody = nil // net/http would not repeat anything
	response, err := s.http.Do(post)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return err
}

func pathOf(p parcel) string {
	switch p.(type) {
	case ptraceotlp.ExportRequest:
		return "/v1/traces"
	case plogotlp.ExportRequest:
		return "/v1/logs"
	default:
		return "/v1/metrics"
	}
}

// origin is where records come from.
type origin struct {
	service, scope string
	resource       map[string]any
}

func (o origin) describe(resource pcommon.Resource, scope pcommon.InstrumentationScope) {
	resource.Attributes().PutStr("service.name", o.service)
	put(resource.Attributes(), o.resource)
	scope.SetName(o.scope)
}

func put(m pcommon.Map, attributes map[string]any) {
	for name, value := range attributes {
		if err := m.PutEmpty(name).FromRaw(value); err != nil {
			panic(err)
		}
	}
}

// line is a log record.
type line struct {
	body, event string
	// at is when it happened and seen when it was collected; zero: it does not say.
	at, seen   time.Time
	attributes map[string]any
}

func (o origin) logs(lines ...line) parcel {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	o.describe(rl.Resource(), sl.Scope())
	for _, l := range lines {
		r := sl.LogRecords().AppendEmpty()
		r.SetEventName(l.event)
		if l.body != "" {
			r.Body().SetStr(l.body)
		}
		if !l.at.IsZero() {
			r.SetTimestamp(pcommon.NewTimestampFromTime(l.at))
		}
		if !l.seen.IsZero() {
			r.SetObservedTimestamp(pcommon.NewTimestampFromTime(l.seen))
		}
		put(r.Attributes(), l.attributes)
	}
	return plogotlp.NewExportRequestFromLogs(ld)
}

// span is a span; those of one trace have its number.
type span struct {
	name       string
	kind       ptrace.SpanKind
	trace      uint64
	id, parent byte // within the trace; parent 0: none
	end        time.Time
	took       time.Duration
	attributes map[string]any
}

func (o origin) traces(spans ...span) parcel {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	ss := rs.ScopeSpans().AppendEmpty()
	o.describe(rs.Resource(), ss.Scope())
	for i := range spans {
		spans[i].write(ss.Spans().AppendEmpty())
	}
	return ptraceotlp.NewExportRequestFromTraces(td)
}

func (x *span) write(s ptrace.Span) {
	s.SetName(x.name)
	s.SetKind(x.kind)
	trace := pcommon.TraceID(binary.BigEndian.AppendUint64([]byte("mixture!"), x.trace))
	s.SetTraceID(trace)
	id := func(n byte) (id pcommon.SpanID) {
		copy(id[:7], trace[9:])
		id[7] = n
		return id
	}
	s.SetSpanID(id(x.id))
	if x.parent != 0 {
		s.SetParentSpanID(id(x.parent))
	}
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(x.end.Add(-x.took)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(x.end))
	put(s.Attributes(), x.attributes)
}

// counter is a sum in delta temporality, of one point or more.
type counter struct {
	name, unit string
	points     []delta
}

type delta struct {
	start, end time.Time
	value      any // int64 or float64; a histogram: its sum
	count      uint64
	attributes map[string]any
}

func (o origin) metrics(counters ...counter) parcel {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	sm := rm.ScopeMetrics().AppendEmpty()
	o.describe(rm.Resource(), sm.Scope())
	for i := range counters {
		counters[i].write(sm.Metrics().AppendEmpty())
	}
	return pmetricotlp.NewExportRequestFromMetrics(md)
}

func (c *counter) write(m pmetric.Metric) {
	m.SetName(c.name)
	m.SetUnit(c.unit)
	if c.points[0].count > 0 {
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for i := range c.points {
			c.points[i].histogram(h.DataPoints().AppendEmpty())
		}
		return
	}
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i := range c.points {
		c.points[i].number(s.DataPoints().AppendEmpty())
	}
}

func (d *delta) number(p pmetric.NumberDataPoint) {
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(d.start))
	p.SetTimestamp(pcommon.NewTimestampFromTime(d.end))
	put(p.Attributes(), d.attributes)
	switch v := d.value.(type) {
	case int64:
		p.SetIntValue(v)
	case float64:
		p.SetDoubleValue(v)
	}
}

func (d *delta) histogram(p pmetric.HistogramDataPoint) {
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(d.start))
	p.SetTimestamp(pcommon.NewTimestampFromTime(d.end))
	put(p.Attributes(), d.attributes)
	p.SetCount(d.count)
	p.SetSum(d.value.(float64))
	p.ExplicitBounds().FromRaw([]float64{1, 1000})
	p.BucketCounts().FromRaw([]uint64{0, d.count, 0})
}

// newCostSink is a sink that has costs in nano-dollars, which are whole numbers,
// and leaves out what only passed the collector.
func newCostSink(t *testing.T) *sink {
	t.Helper()
	s := newSink(t)
	s.receive = func(body []byte, md pmetric.Metrics) verdict {
		md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
			rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool { return sm.Scope().Name() != ourScope })
			return rm.ScopeMetrics().Len() == 0
		})
		if md.MetricCount() == 0 {
			return taken
		}
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Name() == "usage.provider.cost" {
					inNanoDollars(t, m)
				}
			}
		}
		return s.receiveTotals(body, md)
	}
	return s
}

const ourScope = "github.com/otelusage/usageprocessor"

func inNanoDollars(t *testing.T, m pmetric.Metric) {
	t.Helper()
	for _, p := range m.Sum().DataPoints().All() {
		nanos := math.Round(p.DoubleValue() * 1e9)
		if p.ValueType() != pmetric.NumberDataPointValueTypeDouble || nanos/1e9 != p.DoubleValue() {
			t.Errorf("a cost of %v is no number of nano-dollars", p.DoubleValue())
		}
		p.SetIntValue(int64(nanos))
	}
}

// deliver sends a parcel until it is acknowledged.
func deliver(t *testing.T, random *rand.Rand, s sender, p parcel) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(stopDeadline); time.Now().Before(deadline) && t.Context().Err() == nil; {
		ctx, cancel := context.WithTimeout(t.Context(), between(random, minTry, maxTry))
		err = s.send(ctx, p)
		cancel()
		if err == nil {
			return
		}
		time.Sleep(between(random, 0, 4*poll))
	}
	if t.Context().Err() == nil {
		t.Errorf("a batch was not acknowledged: %v", err)
	}
}
