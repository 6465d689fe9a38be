package extract

import (
	"hash"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// Side configures the metering of one kind of series.
type Side struct {
	Enabled bool
	// Dimensions are attributes added to the identity: looked up on the
	// record, then its scope, then its resource.
	Dimensions []Dimension
}

// Options are what an extractor is made of.
type Options struct {
	Endpoints Side
	Providers Side
	Schemas   *usage.Schemas
	Hasher    usage.Hasher
	Layout    *usage.Layout
	// MaxValueLength bounds the values of an identity, in bytes.
	MaxValueLength int
	// Dialects are the enabled ones, and Signals pins what bills, by family.
	Dialects []*dialect.File
	Signals  map[string]usage.Signal
	// Prices are asked where no cost is reported; without functions, only reported
	// costs count.
	Prices Prices
	Meters []Meter // of the user's own
	// Calendar says when hours begin; nil: that of UTC.
	Calendar *usage.Calendar
	Dedup    Dedup
	Secret   Secret
}

// Dedup says whether records get keys. LogAttributes are those that tell log
// records apart, the first one present.
type Dedup struct {
	Enabled       bool
	LogAttributes []string
}

// Extractor makes readings of telemetry. It is immutable and safe for
// concurrent use.
type Extractor struct {
	endpoints compiled
	providers compiled
	program   *dialect.Program
	families  families
	owners    ownerSchemas // of sessions
	sessions  bool         // whether they go by their conventional name
	prices    Prices
	layout    *usage.Layout
	dedup     Dedup
	secret    sipKey
	own       ownMeters
	readings  *sync.Pool
}

// compiled is a Side as it is used for every record.
type compiled struct {
	enabled    bool
	schema     *usage.Schema
	dimensions []Dimension
	first      dialect.Field // the dimensions are numbered from here
}

// New compiles the options.
func New(o Options) *Extractor {
	x := &Extractor{layout: o.Layout, prices: o.Prices, dedup: o.Dedup, secret: o.Secret.halves()}
	x.endpoints = compile(o.Schemas, usage.Endpoint, o.Endpoints, dialect.Fields)
	x.providers = compile(o.Schemas, usage.Provider, o.Providers, dialect.Fields+dialect.Field(len(o.Endpoints.Dimensions)))
	dimensions := slices.Concat(namesOf(o.Endpoints.Dimensions), namesOf(o.Providers.Dimensions))
	x.program = dialect.Compile(dialect.Options{Files: o.Dialects, Signals: o.Signals, Dimensions: dimensions})
	x.families = newFamilies(x.program)
	x.owners, x.sessions = newOwnerSchemas(o.Schemas), readsSessions(x.program)
	x.own = newOwnMeters(o.Schemas, o.Meters)
	if o.Calendar == nil {
		o.Calendar = usage.NewCalendar(time.UTC)
	}
	x.readings = &sync.Pool{New: func() any {
		return &Reading{
			Batch:       usage.NewBatch(o.Hasher),
			x:           x,
			values:      newValues(len(dimensions)),
			key:         usage.KeyBuilder{Limit: o.MaxValueLength},
			sessionKeys: sessionKeys{id: usage.KeyBuilder{Limit: o.MaxValueLength}},
			hours:       hours{calendar: o.Calendar},
			relatives:   newRelatives(),
			line:        ptrace.NewSpan(),
			content:     content{seed: x.secret.k0},
			own:         own{rejected: make([]int64, len(o.Meters))},
			blind:       o.Secret.blind(),
		}
	}}
	return x
}

func compile(schemas *usage.Schemas, kind usage.Kind, side Side, first dialect.Field) compiled {
	return compiled{
		enabled:    side.Enabled,
		schema:     schemas.Intern(kind, append(usage.BaseNames(kind), namesOf(side.Dimensions)...)),
		dimensions: side.Dimensions,
		first:      first,
	}
}

// Reading is what was read out of one Consume call, and the memory to read the
// next one. It belongs to the caller until Release.
type Reading struct {
	Batch *usage.Batch
	Findings

	x      *Extractor
	values values
	status int // HTTP status of the record being read
	key    usage.KeyBuilder
	name   []byte // a name being normalised
	claim  []byte
	hours  hours
	unkeyed
	origin
	billing
	relatives
	points
	sessionKeys
	asked   Priceable
	content content
	own     own
	// blind hashes what must not be readable in an identity.
	blind hash.Hash
	// line is the span that a log record is read as.
	line ptrace.Span
}

// Findings are what was odd in a reading.
type Findings struct {
	// Inconsistent counts calls whose token counts contradict each other, Assumed
	// those of which only their writer knows what contains what.
	Inconsistent, Assumed int64
	// Late counts records in the hour of their arrival although they ended in another
	// one: too long before, or after it.
	Late int64
}

// origin is the resource and scope being read.
type origin struct {
	service    string
	faas       string
	resource   pcommon.Map
	scope      pcommon.Map
	scopeName  string
	scopeRules *dialect.Scope // nil: none
	hash       sipKey         // of this service's dedup keys
	// session is that of records that name none: the scope's, else the resource's.
	session, resourceSession sessionValue
}

// points is what reading data points needs.
type points struct {
	stream  stream
	data    dataPoint
	rules   []*dialect.Metric   // for the metric being read
	spreads []usage.BucketCount // what amounts refer to, until the release
}

// BadValues calls f with every attribute that held values it cannot have.
func (r *Reading) BadValues(f func(attribute string, n int64)) {
	for _, b := range r.values.bad {
		f(b.attribute, b.count)
	}
}

func (x *Extractor) reading(signal usage.Signal, now time.Time) *Reading {
	r := x.readings.Get().(*Reading)
	r.Batch.Signal = signal
	r.hours.begin(now)
	return r
}

// leave lets go of the telemetry: from here on the reading is numbers and keys.
func (r *Reading) leave() {
	r.values.release()
	r.origin, r.billing, r.asked = origin{}, billing{}, Priceable{}
	r.points = points{data: dataPoint{buckets: r.data.buckets[:0]}, rules: r.rules[:0], spreads: r.spreads}
	r.relatives.reset()
	r.own.leave()
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
	r.spreads = r.spreads[:0]
	r.Findings = Findings{}
	clear(r.own.rejected)
	r.values.bad = r.values.bad[:0]
	x.readings.Put(r)
}

func (r *Reading) skip(v usage.Verdict) {
	r.Batch.Ledger[v]++
	r.own.skipped = v
}

// record makes the record of a span whose identity stands in r.key, and says
// whether the identity is new to the batch.
func (r *Reading) record(s ptrace.Span, outcome usage.Outcome, source int32) (rec usage.Record, added bool) {
	rec.Outcome = outcome
	rec.Duration = r.duration(s)
	rec.Bucket = r.x.layout.Bucket(rec.Duration)
	rec.Group, added = r.Batch.Group(r.key.Bytes(), r.hour(s.EndTimestamp()), source)
	return rec, added
}

// duration returns how long a span took, in nanoseconds. One that has no end,
// or ends before it starts, took no time and has a bad value.
func (r *Reading) duration(s ptrace.Span) int64 {
	start, end := s.StartTimestamp(), s.EndTimestamp()
	if d := int64(end - start); start > 0 && end >= start && d >= 0 {
		return d
	}
	r.values.spoil("end_time_unix_nano")
	return 0
}

// sizes returns the bytes that a request and its response carried.
func (r *Reading) sizes() (request, response int64) {
	v := &r.values
	switch {
	case v.has(dialect.RequestBytes):
		request, _ = v.amount(dialect.RequestBytes)
	case v.has(dialect.RequestLength):
		request = v.length(dialect.RequestLength)
	case v.has(dialect.MessagingBytes):
		request, _ = v.amount(dialect.MessagingBytes)
	}
	switch {
	case v.has(dialect.ResponseBytes):
		response, _ = v.amount(dialect.ResponseBytes)
	case v.has(dialect.ResponseLength):
		response = v.length(dialect.ResponseLength)
	}
	return request, response
}

// enterResource notes what the records of a resource have in common.
func (r *Reading) enterResource(attrs pcommon.Map) {
	r.resource, r.stream = attrs, stream{}
	r.service, r.faas = usage.Unknown, ""
	if v, ok := attrs.Get("service.name"); ok && v.AsString() != "" {
		r.service = strings.ToValidUTF8(v.AsString(), "\uFFFD")
	}
	r.services = append(r.services, r.service)
	r.billing = billing{}
	r.Batch.BeginResource()
	if r.x.dedup.Enabled {
		r.hash, r.claim = r.x.secret.derive(r.service, r.claim)
	}
	if v, ok := attrs.Get("faas.name"); ok {
		r.faas = v.AsString()
	}
	r.resourceSession = r.sessionIn(attrs, sessionValue{})
}

// enterScope notes what the records of a scope have in common.
func (r *Reading) enterScope(s pcommon.InstrumentationScope) {
	r.scope, r.scopeName = s.Attributes(), s.Name()
	r.scopeRules = r.x.program.Scope(r.service, r.scopeName)
	r.session = r.sessionIn(r.scope, r.resourceSession)
}
