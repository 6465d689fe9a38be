package meter

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// document is what Import reads: what a writer has counted by series, and when.
type document struct {
	writer   string
	byHash   bool // there is no writer: its place has a hash of the content
	includes []string
	schemas  *usage.Schemas
	series   []usage.HistoryRow // that count, or have ended
	buckets  map[documentBucket][]usage.HistoryRow
}

// documentBucket is an hour or a day. One that is rolled counts in a day, too.
type documentBucket struct {
	usage.Period
	rolled bool
}

// documentReader reads a document row by row, and nothing that could not be in one.
type documentReader struct {
	document
	json *json.Decoder
	sum  hash.Hash // of everything that was read
	src  errorReader
	now  time.Time
	seen map[string]bool // keys of the document and of its usage
	// known are the schemas that its rows have.
	known map[*usage.Schema]struct{}
}

// errorReader remembers why it could not go on.
type errorReader struct {
	io.Reader
	err error
}

func (r *errorReader) Read(p []byte) (n int, err error) {
	n, err = r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// readDocument reads a document to its end. What is wrong with it wraps ErrInput; if it
// cannot be read at all, that is the reader's error.
func readDocument(src io.Reader, now time.Time) (*document, error) {
	r := &documentReader{
		document: document{schemas: &usage.Schemas{}, buckets: map[documentBucket][]usage.HistoryRow{}},
		sum:      sha256.New(), src: errorReader{Reader: src}, now: now, seen: map[string]bool{}, known: map[*usage.Schema]struct{}{},
	}
	r.json = json.NewDecoder(io.TeeReader(&r.src, r.sum))
	r.json.DisallowUnknownFields()
	err := r.read()
	if r.src.err != nil {
		return nil, fmt.Errorf("read document: %w", r.src.err)
	}
	if err != nil {
		return nil, err
	}
	return &r.document, nil
}

func (r *documentReader) read() error {
	if err := r.object(r.member); err != nil {
		return err
	}
	if _, err := r.json.Token(); !errors.Is(err, io.EOF) {
		return refuse("invalid json: something follows the document")
	}
	if !r.seen["version"] {
		return refuse("unsupported version: none")
	}
	if r.writer == "" {
		// Whose it is is not known, but that it is the same one can be.
		r.byHash, r.writer = true, "sha256:"+hex.EncodeToString(r.sum.Sum(nil))
	}
	return nil
}

// member reads the value of a key of the document.
func (r *documentReader) member(key string) error {
	if r.seen[key] {
		return refuse("invalid json: `%.100s` is there twice", key)
	}
	r.seen[key] = true
	switch key {
	case "version":
		return r.version()
	case "writer":
		return r.name(&r.writer)
	case "exported_at", "processor":
		return r.value(new(string))
	case "includes":
		return r.list(func() error {
			r.includes = append(r.includes, "")
			return r.name(&r.includes[len(r.includes)-1])
		})
	case "usage":
		return r.object(r.content)
	default:
		return refuse("invalid json: unknown key `%.100s`", key)
	}
}

func (r *documentReader) version() error {
	var version json.Number
	if err := r.value(&version); err != nil {
		return err
	}
	if version.String() != "1" {
		return refuse("unsupported version: %s", version)
	}
	return nil
}

// name reads the name of a writer.
func (r *documentReader) name(into *string) error {
	if err := r.value(into); err != nil {
		return err
	}
	if !validWriter(*into) {
		return refuse("`%.200s` is not the name of a writer", *into)
	}
	return nil
}

// content reads a list of the document's usage.
func (r *documentReader) content(key string) error {
	if r.seen["usage."+key] {
		return refuse("invalid json: `%.100s` is there twice", key)
	}
	r.seen["usage."+key] = true
	switch key {
	case "series":
		return r.list(r.row)
	case "history":
		return r.list(r.bucket)
	default:
		return refuse("invalid json: unknown key `%.100s` of `usage`", key)
	}
}

// row reads a series with what it has counted in hours that were not over.
func (r *documentReader) row() error {
	var stored documentRow
	if err := r.value(&stored); err != nil {
		return err
	}
	row, err := r.historyRow(&stored)
	if err != nil {
		return err
	}
	r.series = append(r.series, row)
	for i := range stored.Hours {
		if err := r.hour(row, &stored.Hours[i]); err != nil {
			return err
		}
	}
	return nil
}

// maxDocumentSchemas bounds what has to be looked through for each row.
const maxDocumentSchemas = 1000

func (r *documentReader) historyRow(stored *documentRow) (row usage.HistoryRow, err error) {
	if row.Schema, row.Values, err = stored.identity(r.schemas); err != nil {
		return row, err
	}
	r.known[row.Schema] = struct{}{}
	if len(r.known) > maxDocumentSchemas {
		return row, refuse("the rows have more than %d different sets of attributes", maxDocumentSchemas)
	}
	row.Measures, err = stored.Measures.measures()
	return row, err
}

func (r *documentReader) hour(row usage.HistoryRow, h *documentHour) (err error) {
	p := documentPeriod{Granularity: usage.Hourly.String(), Start: h.Start, End: h.End}
	b := documentBucket{}
	if b.Period, err = p.period(r.now); err != nil {
		return err
	}
	if row.Measures, err = h.Measures.measures(); err == nil {
		r.buckets[b] = append(r.buckets[b], row)
	}
	return err
}

// bucket reads an hour or a day. What it is stands before its rows.
func (r *documentReader) bucket() error {
	var p documentPeriod
	seen := map[string]bool{}
	return r.object(func(key string) error {
		if seen[key] {
			return refuse("invalid json: `%.100s` is there twice", key)
		}
		seen[key] = true
		switch key {
		case "granularity":
			return r.value(&p.Granularity)
		case "start":
			return r.value(&p.Start)
		case "end":
			return r.value(&p.End)
		case "rolled":
			return r.value(&p.Rolled)
		case "rows":
			return r.bucketRows(&p)
		default:
			return refuse("invalid json: unknown key `%.100s` of `history`", key)
		}
	})
}

func (r *documentReader) bucketRows(p *documentPeriod) error {
	period, err := p.period(r.now)
	if err != nil {
		return err
	}
	b := documentBucket{period, p.Rolled}
	return r.list(func() error {
		var stored documentRow
		if err := r.value(&stored); err != nil {
			return err
		}
		row, err := r.historyRow(&stored)
		if err != nil {
			return err
		}
		if len(stored.Hours) > 0 {
			return refuse("invalid json: rows of `history` have no `hours`")
		}
		r.buckets[b] = append(r.buckets[b], row)
		return nil
	})
}

// object calls member with each key of an object.
func (r *documentReader) object(member func(key string) error) error {
	return r.between('{', func() error {
		key, err := r.json.Token()
		if err != nil {
			return invalid(err)
		}
		name, _ := key.(string) // keys are strings
		return member(name)
	})
}

// list calls item for each item of a list.
func (r *documentReader) list(item func() error) error { return r.between('[', item) }

func (r *documentReader) between(open json.Delim, each func() error) error {
	begin, err := r.json.Token()
	if err != nil {
		return invalid(err)
	}
	if begin != open {
		return refuse("invalid json: %v where `%v` is due", begin, open)
	}
	for r.json.More() {
		if err := each(); err != nil {
			return err
		}
	}
	if _, err := r.json.Token(); err != nil {
		return invalid(err)
	}
	return nil
}

// value reads a value of a known type. What is null stays as it is.
func (r *documentReader) value(into any) error {
	if err := r.json.Decode(into); err != nil {
		return invalid(err)
	}
	return nil
}

func invalid(err error) error { return refuse("invalid json: %v", err) }
