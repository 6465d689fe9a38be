package query

import (
	"encoding/json"
	"io"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// AppendJSON appends the number as a JSON number with all its digits; `null` if it is not
// known.
func (n Number) AppendJSON(dst []byte) []byte {
	if !n.Known {
		return append(dst, "null"...)
	}
	return n.Append(dst)
}

// WriteJSON writes an answer.
func WriteJSON(w io.Writer, r Request, a Answer) error {
	o := newObject(&r)
	o.head(a.From, a.Until)
	o.key("groups").int(int64(a.Groups))
	o.key("total").measures(&a.Total)
	o.key("rows").rows(a.Rows)
	return o.finish(w)
}

// WriteTimelineJSON writes a timeline. It begins and ends with its first and last point.
func WriteTimelineJSON(w io.Writer, r Request, g usage.Granularity, points []Point) error {
	o := newObject(&r)
	from, until := int64(0), int64(0)
	if len(points) > 0 {
		from, until = points[0].Start, points[len(points)-1].End
	}
	o.head(from, until)
	o.key("granularity").text(g.String())
	o.key("points").open('[')
	for i := range points {
		if err := o.flush(w); err != nil {
			return err
		}
		o.point(&points[i])
	}
	o.close(']')
	return o.finish(w)
}

// document is JSON that is being written. Objects have the same order of keys every time.
type document struct {
	buf      []byte
	measured []Measure
	first    bool // nothing stands in the open object or array yet
}

func newObject(r *Request) *document {
	o := &document{measured: Measures(r.Kind)}
	o.open('{')
	o.key("kind").text(r.Kind.String())
	return o
}

func (o *document) head(from, until int64) {
	o.key("from").seconds(from)
	o.key("until").seconds(until)
}

func (o *document) point(p *Point) {
	o.item().open('{')
	o.key("start").seconds(p.Start)
	o.key("end").seconds(p.End)
	o.key("total").measures(&p.Total)
	o.key("rows").rows(p.Rows)
	o.close('}')
}

func (o *document) rows(rows []Row) {
	o.open('[')
	for i := range rows {
		row := &rows[i]
		o.item().open('{')
		o.key("attributes").attributes(row.Attributes)
		o.key("measures").measures(row)
		o.key("last_seen").seconds(row.LastSeen / billion)
		o.close('}')
	}
	o.close(']')
}

// attributes that a row lacks are `null`.
func (o *document) attributes(list []Attribute) {
	o.open('{')
	for _, a := range list {
		o.key(a.Name)
		if a.Value == "" {
			o.raw("null")
			continue
		}
		o.text(a.Value)
	}
	o.close('}')
}

func (o *document) measures(r *Row) {
	o.open('{')
	for _, m := range o.measured {
		o.key(m.Name)
		o.buf = m.Of(r).AppendJSON(o.buf)
	}
	o.close('}')
}

// open begins an object or an array.
func (o *document) open(bracket byte) {
	o.buf = append(o.buf, bracket)
	o.first = true
}

func (o *document) close(bracket byte) {
	o.buf = append(o.buf, bracket)
	o.first = false
}

// item begins what stands in an object or an array.
func (o *document) item() *document {
	if !o.first {
		o.buf = append(o.buf, ',')
	}
	o.first = false
	return o
}

func (o *document) key(name string) *document {
	o.item().text(name)
	o.raw(":")
	return o
}

func (o *document) raw(text string) { o.buf = append(o.buf, text...) }

func (o *document) text(s string) {
	text, _ := json.Marshal(s) // strings can always be written
	o.buf = append(o.buf, text...)
}

func (o *document) int(n int64) { o.buf = whole(n).Append(o.buf) }

// seconds is a Unix second as a time in UTC; 0 is `null`.
func (o *document) seconds(at int64) {
	if at == 0 {
		o.raw("null")
		return
	}
	o.text(timeText(at))
}

// timeText is a Unix second as a time in UTC.
func timeText(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// enough is how many bytes are kept before they are written.
const enough = 64 << 10

// flush writes what there is, if that is enough.
func (o *document) flush(w io.Writer) error {
	if len(o.buf) < enough {
		return nil
	}
	_, err := w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

func (o *document) finish(w io.Writer) error {
	o.raw("}\n")
	_, err := w.Write(o.buf)
	return err
}
