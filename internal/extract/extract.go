package extract

import (
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Side configures the metering of one kind of series.
type Side struct {
	Enabled bool
	// Dimensions are attributes added to the identity: looked up on the
	// record, then its scope, then its resource.
	Dimensions []string
}

// Options are what an extractor is made of.
type Options struct {
	Endpoints Side
	Providers Side
	Schemas   *usage.Schemas
	Hasher    usage.Hasher
	Layout    *usage.Layout
	// Dedup says whether records get keys, hashed with Secret.
	Dedup  bool
	Secret Secret
}

// Extractor makes readings of telemetry. It is immutable and safe for
// concurrent use.
type Extractor struct {
	endpoints compiled
	providers compiledProviders
	index     *index
	layout    *usage.Layout
	dedup     bool
	secret    sipKey
	readings  *sync.Pool
}

// compiled is a Side as it is used for every record.
type compiled struct {
	enabled    bool
	schema     *usage.Schema
	dimensions []string
	first      attribute // the dimensions are numbered from here
}

type compiledProviders struct {
	compiled
	names map[string]string
	hosts map[string]string
}

// New compiles the options.
func New(o Options) *Extractor {
	x := &Extractor{layout: o.Layout, dedup: o.Dedup, secret: o.Secret.halves()}
	x.endpoints = compile(o.Schemas, usage.Endpoint, o.Endpoints, attributes)
	x.providers.compiled = compile(o.Schemas, usage.Provider, o.Providers, attributes+attribute(len(o.Endpoints.Dimensions)))
	x.providers.names, x.providers.hosts = providerNames(), inferenceHosts()
	dimensions := append(append([]string{}, o.Endpoints.Dimensions...), o.Providers.Dimensions...)
	x.index = newIndex(dimensions)
	x.readings = &sync.Pool{New: func() any {
		return &Reading{
			Batch:  usage.NewBatch(o.Hasher),
			x:      x,
			values: newValues(x.index, len(dimensions)),
			family: family{byID: map[spanID]int32{}},
		}
	}}
	return x
}

func compile(schemas *usage.Schemas, kind usage.Kind, side Side, first attribute) compiled {
	return compiled{
		enabled:    side.Enabled,
		schema:     schemas.Intern(kind, append(usage.BaseNames(kind), side.Dimensions...)),
		dimensions: side.Dimensions,
		first:      first,
	}
}

// Reading is what was read out of one Consume call, and the memory to read the
// next one. It belongs to the caller until Release.
type Reading struct {
	Batch *usage.Batch
	// Inconsistent counts calls whose token counts contradict each other.
	Inconsistent int64

	x      *Extractor
	values values
	status int // HTTP status of the record being read
	key    usage.KeyBuilder
	name   []byte // a name being normalised
	claim  []byte
	hours  hours
	unkeyed
	source
	family
}

// source is the resource and scope being read.
type source struct {
	service  string
	faas     string
	resource pcommon.Map
	scope    pcommon.Map
	hash     sipKey // of this service's dedup keys
}

// BadValues calls f with every attribute that held values it cannot have.
func (r *Reading) BadValues(f func(attribute string, n int64)) {
	for a, n := range r.values.bad {
		if n > 0 {
			f(names()[a][0], n)
		}
	}
}

func (x *Extractor) reading(signal usage.Signal, now time.Time) *Reading {
	r := x.readings.Get().(*Reading)
	r.Batch.Signal = signal
	r.hours = newHours(now)
	return r
}

// Unrecognized is the reading of a batch of n items that usage is not read from.
func (x *Extractor) Unrecognized(signal usage.Signal, n int) *Reading {
	r := x.reading(signal, time.Time{})
	r.Batch.Ledger[usage.UnmeteredUnrecognized] = int64(n)
	return r
}

// leave lets go of the telemetry: from here on the reading is numbers and keys.
func (r *Reading) leave() {
	r.values.release()
	r.source = source{}
	r.family.reset()
}

// maxKept is how many records a reading may have grown to and still be kept
// for reuse: one giant batch must not hold its memory for ever.
const maxKept = 1 << 16

// Release gives a reading's memory back; nothing of it may be used afterwards.
func (x *Extractor) Release(r *Reading) {
	if r.Batch.Ledger.Received() > maxKept {
		return
	}
	r.Batch.Reset()
	r.Inconsistent = 0
	r.values.bad = [attributes]int64{}
	x.readings.Put(r)
}

func (r *Reading) skip(v usage.Verdict) { r.Batch.Ledger[v]++ }

// record makes the record of a span whose identity stands in r.key, and says
// whether the identity is new to the batch.
func (r *Reading) record(s ptrace.Span, outcome usage.Outcome) (rec usage.Record, added bool) {
	rec.Outcome = outcome
	rec.Duration = r.duration(s)
	rec.Bucket = r.x.layout.Bucket(rec.Duration)
	rec.Group, added = r.Batch.Group(r.key.Bytes(), r.hours.of(s.EndTimestamp()))
	return rec, added
}

// duration returns how long a span took, in nanoseconds. One that has no end,
// or ends before it starts, took no time and has a bad value.
func (r *Reading) duration(s ptrace.Span) int64 {
	start, end := s.StartTimestamp(), s.EndTimestamp()
	if d := int64(end - start); start > 0 && end >= start && d >= 0 {
		return d
	}
	r.values.bad[endTime]++
	return 0
}

// sizes returns the bytes that a request and its response carried.
func (r *Reading) sizes() (request, response int64) {
	v := &r.values
	switch {
	case v.has(requestBytes):
		request, _ = v.amount(requestBytes)
	case v.has(requestLength):
		request = v.length(requestLength)
	case v.has(messagingBytes):
		request, _ = v.amount(messagingBytes)
	}
	switch {
	case v.has(responseBytes):
		response, _ = v.amount(responseBytes)
	case v.has(responseLength):
		response = v.length(responseLength)
	}
	return request, response
}

// dimensions writes the configured dimensions.
func (r *Reading) dimensions(c *compiled) {
	for i, name := range c.dimensions {
		value, ok := r.values.get(c.first + attribute(i))
		if !ok {
			value, ok = r.scope.Get(name)
		}
		if !ok {
			value, ok = r.resource.Get(name)
		}
		r.key.Open()
		if ok {
			r.write(value)
		}
		r.closeName()
	}
}

// enterResource notes what the records of a resource have in common.
func (r *Reading) enterResource(attrs pcommon.Map) {
	r.resource = attrs
	r.service, r.faas = usage.Unknown, ""
	if v, ok := attrs.Get("service.name"); ok && v.AsString() != "" {
		r.service = strings.ToValidUTF8(v.AsString(), "\uFFFD")
	}
	r.services = append(r.services, r.service)
	if r.x.dedup {
		r.hash, r.claim = r.x.secret.derive(r.service, r.claim)
	}
	if v, ok := attrs.Get("faas.name"); ok {
		r.faas = v.AsString()
	}
}
