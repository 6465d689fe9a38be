package extract

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// stream is where the points being read come from: everything that tells them
// apart from those of another writer. Hashes of attributes add up, because their
// order means nothing.
type stream struct {
	resource uint64
	known    bool // whether resource is that of the one being read
	metric   uint64
}

// enter hashes what the points of a metric have in common.
func (st *stream) enter(r *Reading, m pmetric.Metric) {
	if !st.known {
		st.resource, st.known = r.hashMap(r.resource), true
	}
	p := append(append(r.claim[:0], hashedStream), r.scopeName...)
	p = append(append(append(p, 0), m.Name()...), 0)
	p = append(append(p, m.Unit()...), byte(m.Type()))
	r.claim = binary.LittleEndian.AppendUint64(p, st.resource)
	st.metric = r.x.secret.sum(r.claim)
}

// place says where a point stands in its stream: a cumulative one is told from
// the point before it, a delta has a dedup key.
func (r *Reading) place(a *usage.Amount) (key uint64) {
	p := &r.data
	attributes := r.hashMap(p.attributes)
	r.claim = binary.LittleEndian.AppendUint64(r.claim[:0], r.stream.metric)
	r.claim = binary.LittleEndian.AppendUint64(r.claim, attributes)
	a.Start, a.Time = int64(p.start), int64(p.at)
	if !p.delta {
		a.Stream = present(r.x.secret.sum(r.claim))
		return 0
	}
	if a.Time == 0 || !r.x.dedup.Enabled {
		return 0
	}
	r.claim = binary.LittleEndian.AppendUint64(r.claim, uint64(a.Start))
	r.claim = binary.LittleEndian.AppendUint64(r.claim, uint64(a.Time))
	return present(r.x.secret.sum(r.claim))
}
