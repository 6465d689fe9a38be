package meter

import (
	"io"
	"slices"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// changes goes through what has changed by a time, chunk by chunk.
type changes struct {
	meter *Meter
	at    int64
	rows  []usage.Row // of the last chunk, reused by the next
	from  uint32
	more  bool
}

func (m *Meter) changes(at int64) *changes { return &changes{meter: m, at: at, more: true} }

// slotsPerLook is how many series are looked at while commits wait.
const slotsPerLook = 512

// next returns the next chunk, empty after the last; it is valid until the next
// call. Series that have begun after the time belong to the next window.
func (c *changes) next() []usage.Row {
	c.rows = c.rows[:0]
	for c.more && len(c.rows) < rowsPerExport {
		limit := min(slotsPerLook, rowsPerExport-len(c.rows))
		c.rows, c.from, c.more = c.meter.engine.Changes(c.rows, c.from, limit)
		c.rows = slices.DeleteFunc(c.rows, func(r usage.Row) bool { return r.Start > c.at })
	}
	return c.rows
}

// encode writes a chunk as it is sent. These bytes are kept, because another
// build may write the same metrics differently.
func (c *changes) encode(rows []usage.Row) ([]byte, error) {
	return (&pmetric.ProtoMarshaler{}).MarshalMetrics(c.meter.emitter.Deltas(rows, c.at))
}

// chunkReader reads a window as it is sent, chunk by chunk; io.EOF is its end.
type chunkReader interface {
	Data() ([]byte, error)
	Close() error
}

// reader reads a window of a store, or of memory if there is none; mu is held.
func (o *outbox) reader(s *store, window uint64) (chunkReader, error) {
	if s == nil {
		return &memoryChunks{rest: o.chunks}, nil
	}
	r, err := s.journal.OpenWindow(window)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// memoryChunks is a window that is not kept on disk.
type memoryChunks struct{ rest [][]byte }

// Data returns the next chunk.
func (c *memoryChunks) Data() ([]byte, error) {
	if len(c.rest) == 0 {
		return nil, io.EOF
	}
	data := c.rest[0]
	c.rest = c.rest[1:]
	return data, nil
}

// Close has nothing to close.
func (*memoryChunks) Close() error { return nil }
