package engine

import "github.com/otelusage/usageprocessor/internal/usage"

// hour is what was counted in an hour that is not in a file.
type hour struct {
	usage.Period
	// places say, by slot, where the row of a live series is: its number among those of
	// its kind, from 1 on. They are in pages, because most slots may have counted
	// nothing.
	places []*[placesPerPage]uint32
	cells  [usage.Kinds]cells
	// detached are the rows of series that have ended.
	detached *usage.Merger
	// sums are those of all rows, by kind.
	sums [usage.Kinds]usage.Measures
}

const (
	placesPerPage = 64
	rowsPerChunk  = 64
)

// cells are rows of integers, one for each of the fields that a kind has. There are no
// pointers in them: a million live series have a row each.
type cells struct {
	width  int
	chunks [][]int64
	rows   uint32
	free   []uint32 // rows that nobody has; they are zero
}

// fieldsOf are the fields that a kind of series has, but what is owed.
func fieldsOf(kind usage.Kind) []usage.Field {
	switch kind {
	case usage.Endpoint:
		return fieldRange(nil, usage.FieldRequests, usage.FieldResponseBytes)
	case usage.Provider:
		return fieldRange(nil, usage.FieldRequests, usage.FieldUnpriced)
	case usage.Own:
		return fieldRange(nil, usage.FieldHits, usage.FieldValueParts)
	default:
		last := usage.FieldClosed + usage.Field(usage.CloseReasons) - 1
		return fieldRange([]usage.Field{usage.FieldDuration}, usage.FieldOpened, last)
	}
}

func fieldRange(dst []usage.Field, first, last usage.Field) []usage.Field {
	for f := first; f <= last; f++ {
		dst = append(dst, f)
	}
	return dst
}

// row returns the row with a number.
func (c *cells) row(n uint32) []int64 {
	at := int(n%rowsPerChunk) * c.width
	return c.chunks[n/rowsPerChunk][at : at+c.width : at+c.width]
}

// take returns the number of a row for a series that has none.
func (c *cells) take() (n uint32) {
	if last := len(c.free) - 1; last >= 0 {
		n, c.free = c.free[last], c.free[:last]
		return n
	}
	n = c.rows
	if n%rowsPerChunk == 0 {
		c.chunks = append(c.chunks, make([]int64, rowsPerChunk*c.width))
	}
	c.rows++
	return n
}

// release takes a row back.
func (c *cells) release(n uint32) {
	clear(c.row(n))
	c.free = append(c.free, n)
}

// place is where the number of a slot's row stands; nil if there is none and none is to
// be made.
func (h *hour) place(slot uint32, create bool) *uint32 {
	page := int(slot / placesPerPage)
	if page >= len(h.places) {
		if !create {
			return nil
		}
		h.places = append(h.places, make([]*[placesPerPage]uint32, page+1-len(h.places))...)
	}
	if h.places[page] == nil {
		if !create {
			return nil
		}
		h.places[page] = new([placesPerPage]uint32)
	}
	return &h.places[page][slot%placesPerPage]
}

// of returns the row of a series; nil if it has none.
func (h *hour) of(slot uint32, kind usage.Kind) []int64 {
	place := h.place(slot, false)
	if place == nil || *place == 0 {
		return nil
	}
	return h.cells[kind].row(*place - 1)
}

// make is of, for a series that counts now.
func (h *hour) make(slot uint32, kind usage.Kind) []int64 {
	place := h.place(slot, true)
	if *place == 0 {
		*place = h.cells[kind].take() + 1
	}
	return h.cells[kind].row(*place - 1)
}

// forget takes the row of a series out.
func (h *hour) forget(slot uint32, kind usage.Kind) {
	if place := h.place(slot, false); place != nil && *place > 0 {
		h.cells[kind].release(*place - 1)
		*place = 0
	}
}

// empty says whether nothing was counted in the hour.
func (h *hour) empty() bool {
	for kind := range h.cells {
		if c := &h.cells[kind]; int(c.rows) > len(c.free) {
			return false
		}
	}
	return len(h.detached.Rows()) == 0
}

// addDetached adds to the row of an identity that is no live series.
func (h *hour) addDetached(row *usage.HistoryRow) {
	h.detached.Add(row)
	h.sums[row.Schema.Kind].Add(&row.Measures)
}

// eraseDetached removes rows of series that have ended.
func (h *hour) eraseDetached(scope *usage.Scope) {
	for i := range h.detached.Rows() {
		if r := &h.detached.Rows()[i]; scope.Covers(r.Schema, r.Values) {
			h.sums[r.Schema.Kind].Subtract(&r.Measures)
		}
	}
	h.detached.Remove(scope)
}

// measuresOf are the cells of a row by name.
func measuresOf(row []int64, fields []usage.Field) (m usage.Measures) {
	all := m.Fields()
	for i, f := range fields {
		*all[f] = row[i]
	}
	return m
}

// addCells adds measures to the cells of a row, and to a sum.
func addCells(row []int64, sum, m *usage.Measures, fields []usage.Field) {
	all, sums := m.Fields(), sum.Fields()
	for i, f := range fields {
		row[i] = usage.AddSaturating(row[i], *all[f])
		*sums[f] = usage.AddSaturating(*sums[f], *all[f])
	}
}
