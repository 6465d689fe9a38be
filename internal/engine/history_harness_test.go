package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// historian is an engine with files of history that are kept in memory, and what every
// hour is to have.
type historian struct {
	*fixture
	t     *testing.T
	rng   *rand.Rand
	limit int
	// exact is that nothing is done after which a reset cannot be told apart.
	exact bool
	clock usage.Moment

	tenants, own *usage.Schema
	files        map[uint64][]usage.HistoryRow
	newest       uint64 // number of a file
	// want are the rows of endpoints and own meters by hour; dropped are hours of which
	// files are no more.
	want    map[int64]map[string]usage.HistoryRow
	dropped map[int64]bool
	copies  []snapshot
}

func newHistorian(t *testing.T, rng *rand.Rand, limit int) *historian {
	h := &historian{
		fixture: newFixtureOf(Options{
			Limits:    Limits{MaxSeries: limit},
			Retention: int64(2 * time.Hour), SessionTTL: int64(20 * time.Minute), MaxSessions: 20,
		}),
		t: t, rng: rng, limit: limit, clock: usage.Moment{Wall: 1e18},
		files: map[uint64][]usage.HistoryRow{}, want: map[int64]map[string]usage.HistoryRow{}, dropped: map[int64]bool{},
	}
	h.tenants = h.schemas.Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), "tenant.id"))
	h.own = h.schemas.Intern(usage.Own, append(usage.BaseNames(usage.Own), "tenant.id"))
	h.BeginExpiry(h.clock)
	return h
}

// pass lets time go by.
func (h *historian) pass(d time.Duration) {
	h.clock.Wall += int64(d)
	h.clock.Age += int64(d)
}

func (h *historian) pick(names string) string { return string(names[h.rng.IntN(len(names))]) }

// hourOfRecord is what extract may say: an hour that is open, closed or to come.
func (h *historian) hourOfRecord() int64 {
	present := h.clock.Wall / 1e9 / 3600 * 3600
	return present - 3600*[]int64{0, 0, 0, 1, 1, 2, 7, -1}[h.rng.IntN(8)]
}

// count commits a random batch, and says what it adds to which hours.
func (h *historian) count() {
	b := h.batch()
	for range h.rng.IntN(12) {
		hour := h.hourOfRecord()
		switch h.rng.IntN(5) {
		case 0:
			h.addEndpoint(b, hour, h.endpoints, h.pick("ab"), "http", "GET /"+h.pick("abcdef"))
		case 1:
			h.addEndpoint(b, hour, h.tenants, h.pick("ab"), "http", "GET /"+h.pick("abc"), h.pick("xyz"))
		case 2:
			h.addCall(b, hour)
		case 3:
			n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
			values := []string{"uploads", "By", h.pick("xyz")}
			g, _ := b.Group(h.key(h.own, values...), hour, 0)
			m := usage.Measures{Hits: 1, Value: h.rng.Int64N(100), ValueParts: h.rng.Int64N(1e9)}
			b.Hit(n, g, m.Value, m.ValueParts)
			h.expect(hour, &usage.HistoryRow{Schema: h.own, Values: values, Measures: m})
		default:
			n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
			b.Touch(n, h.ownerKey(h.pick("pq")), []byte(h.pick("ijklm")), usage.Touch{
				Activity: usage.Activity(h.rng.IntN(4)), First: h.clock.Wall - h.rng.Int64N(1e9), Last: h.clock.Wall,
			})
		}
	}
	h.Commit(b, h.clock)
}

func (h *historian) addEndpoint(b *usage.Batch, hour int64, schema *usage.Schema, values ...string) {
	g, _ := b.Group(h.key(schema, values...), hour, 0)
	r := usage.Record{Group: g, Outcome: usage.Outcome(h.rng.IntN(usage.Outcomes)), Duration: h.rng.Int64N(1e9), RequestBytes: h.rng.Int64N(9)}
	b.Add(r, 0)
	m := usage.Measures{Duration: r.Duration, RequestBytes: r.RequestBytes}
	m.Requests[r.Outcome] = 1
	h.expect(hour, &usage.HistoryRow{Schema: schema, Values: values, Measures: m})
}

// addCall adds an inference call, or points that tell of its tokens: parts that a whole
// has as well, which comes earlier or later.
func (h *historian) addCall(b *usage.Batch, hour int64) {
	g, _ := b.Group(h.key(h.providers, h.pick("ab"), h.pick("pq"), usage.GenAI, h.pick("mno"), "chat"), hour, 0)
	r := usage.Record{Group: g, Bucket: usage.NoBucket}
	switch n := h.rng.Int64N(50); h.rng.IntN(3) {
	case 0:
		call := usage.Inference{Tokens: [usage.TokenTypes]int64{n, 2, 3, n, 5}, TimeToFirstToken: n, Cost: 7 * n, CostSource: usage.CostSource(h.rng.IntN(4))}
		r.Inference = b.AddInference(call)
	case 1:
		part := usage.FieldTokens + usage.Field([]usage.TokenType{usage.CacheRead, usage.Reasoning}[h.rng.IntN(2)])
		r.Amount = b.AddAmount(usage.Amount{Value: usage.Value{Sum: n}, Field: part, Part: true, Rate: 300_000})
	default:
		whole := usage.FieldTokens + usage.Field([]usage.TokenType{usage.Input, usage.Output}[h.rng.IntN(2)])
		r.Amount = b.AddAmount(usage.Amount{Value: usage.Value{Sum: 2 * n}, Field: whole, Rate: 900_000})
	}
	b.Add(r, 0)
}

// expect notes what an hour is to have: what is closed or to come counts now.
func (h *historian) expect(hour int64, row *usage.HistoryRow) {
	present := h.clock.Wall / 1e9 / 3600 * 3600
	if hour > present || hour < h.History().ClosedUntil {
		hour = present
	}
	h.expectIn(hour, row)
}

func (h *historian) expectIn(hour int64, row *usage.HistoryRow) {
	if h.want[hour] == nil {
		h.want[hour] = map[string]usage.HistoryRow{}
	}
	sum := h.want[hour][nameOf(row)]
	sum.Schema, sum.Values = row.Schema, row.Values
	sum.Measures.Add(&row.Measures)
	h.want[hour][nameOf(row)] = sum
}

func nameOf(r *usage.HistoryRow) string { return fmt.Sprint(r.Schema.Kind, r.Schema.Names, r.Values) }

func (h *historian) reset() {
	scopes := []usage.Scope{
		{Attribute: usage.AttrService, Value: h.pick("ab")},
		{Attribute: usage.AttrProvider, Value: h.pick("pq")},
		{Attribute: usage.AttrEndpoint, Value: "GET /a"},
		{},
		{Attribute: "tenant.id", Value: h.pick("xyz")},
	}
	if h.exact {
		scopes = scopes[:4]
	}
	scope := scopes[h.rng.IntN(len(scopes))]
	rows, seq := h.Reset(h.clock, scope)
	require.Equal(h.t, h.Stats().Seq, seq)
	require.GreaterOrEqual(h.t, rows, 0)
	for _, hour := range h.want {
		for name, r := range hour {
			if scope.Covers(r.Schema, r.Values) {
				delete(hour, name)
			}
		}
	}
}

// imports takes a document of another writer, whose usage is of closed hours.
func (h *historian) imports() {
	row := usage.HistoryRow{Schema: h.endpoints, Values: []string{"other", "http", h.pick("ab")}}
	row.Requests[0] = 1 + h.rng.Int64N(10)
	dated := row
	if !h.exact {
		dated.Requests[0] = h.rng.Int64N(row.Requests[0])
	}
	start := h.clock.Wall/1e9/3600*3600 - 3600*(10+h.rng.Int64N(5))
	f := h.write(usage.Period{Start: start, End: start + 3600}, []usage.HistoryRow{dated})
	h.Import([]usage.Imported{{Writer: "w", HistoryRow: row}}, []usage.HistoryRow{row}, nil, []usage.HistoryFile{f})
	h.expectIn(start, &dated)
	h.copies = nil // a snapshot comes before the answer
}

// byName adds up rows of kinds that nothing but the records decides about.
func byName(rows []usage.HistoryRow) map[string]usage.Measures {
	sums := map[string]usage.Measures{}
	for i := range rows {
		if k := rows[i].Schema.Kind; k != usage.Endpoint && k != usage.Own {
			continue
		}
		m := sums[nameOf(&rows[i])]
		m.Add(&rows[i].Measures)
		if m.Any() {
			sums[nameOf(&rows[i])] = m
		}
	}
	return sums
}
