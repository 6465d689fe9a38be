package extract

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// stream is where the points being read come from: everything that tells them
// apart from those of another writer. Hashes of attributes add up, because their
// order means nothing.
type stream struct {
	resource uint64
	known    bool // whether resource is that of the one being read
	scope    uint64
	metric   uint64
}

// ofResource hashes the resource being read, once.
func (st *stream) ofResource(r *Reading) uint64 {
	if !st.known {
		st.resource, st.known = r.hashMap(r.resource), true
	}
	return st.resource
}

// enterScope hashes a scope.
func (st *stream) enterScope(r *Reading, s pcommon.InstrumentationScope) {
	attributes := r.hashMap(s.Attributes())
	c := &r.content
	c.begin(hashedStream)
	c.text(s.Name())
	c.text(s.Version())
	c.number(attributes)
	st.scope = c.sum()
}

// enter hashes what the points of a metric have in common.
func (st *stream) enter(r *Reading, m pmetric.Metric) {
	resource := st.ofResource(r)
	c := &r.content
	c.begin(hashedStream)
	c.number(resource)
	c.number(st.scope)
	c.text(m.Name())
	c.text(m.Unit())
	c.number(uint64(m.Type()))
	st.metric = c.sum()
}

// place says where the point stands in its stream: a cumulative one is told from
// the point before it, a delta has a dedup key.
func (r *Reading) place(a *usage.Amount) (key uint64) {
	p := &r.data
	a.Start, a.Time = int64(p.start), int64(p.at)
	if !p.delta {
		// Who scrapes streams that do not say when they began lets them begin with
		// the first scrape, which is no beginning.
		if a.Start == a.Time {
			a.Start = 0
		}
		a.Stream = present(r.beginPoint().sum())
		return 0
	}
	if a.Time == 0 || !r.x.dedup.Enabled {
		return 0
	}
	return r.beginPoint().at(p)
}

// beginPoint hashes the stream of the point that was read last.
func (r *Reading) beginPoint() *content {
	attributes := r.hashMap(r.data.attributes)
	c := &r.content
	c.begin(hashedStream)
	c.number(r.stream.metric)
	c.number(attributes)
	return c
}

// at ends the key of a point with where it stands in its stream.
func (c *content) at(p *dataPoint) uint64 {
	c.number(uint64(p.start))
	c.number(uint64(p.at))
	return present(c.sum())
}
