package query

import (
	"errors"
	"slices"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// maxPoints bounds timelines: more than a year of hours, or 27 years of days.
const maxPoints = 10_000

// maxCells bounds the rows that all points have together, which are in memory at once.
const maxCells = 500_000

// errOrder is of a source that breaks its promise.
var errOrder = errors.New("history is not in order")

// Timeline answers a request with one point for each hour or day, also for those in which
// nothing was counted. The time grows until it begins and ends with an hour, or a day;
// without From it begins where history does, without Until it ends with the hour or day
// that it is now. Points have rows of those groups that a request for the whole
// time is answered with, in that order; without GroupBy they have totals only.
func Timeline(src Source, r Request, g usage.Granularity) ([]Point, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	s, grid := gridOf(src, &r, g)
	if r.From != 0 && !grid.fits(s) {
		return nil, tooLong(g)
	}
	t := timeline{groups: newGroups(&r), grid: grid, stretch: s}
	t.history = true
	t.identity = false // by nothing, if by nothing is given
	if len(r.GroupBy) > 0 {
		if err := t.choose(src, &r); err != nil {
			return nil, err
		}
	}
	return t.points(src)
}

func tooLong(g usage.Granularity) error {
	return inputError("from", "and `to` have more than %d points between them with `granularity` %s", maxPoints, g)
}

func tooMany() error {
	return inputError("limit", "has to be lower, or the time shorter: the points have more than %d rows", maxCells)
}

// gridOf returns the time of a timeline and what its buckets are.
func gridOf(src Source, r *Request, g usage.Granularity) (stretch, grid) {
	c := src.Calendar()
	until := r.Until
	if until == 0 {
		until = seconds(src.Moment()) + 1
	}
	if g == usage.Daily {
		from, until := wholeDays(c, r.From, until)
		return stretch{g, from, until}, grid{g, c.Day}
	}
	from, until := wholeHours(c, r.From, until)
	return stretch{g, from, until}, grid{g, c.Hour}
}

// grid is what the buckets of a timeline are.
type grid struct {
	usage.Granularity
	bounds func(at int64) (start, end int64)
}

// fits says whether there are not too many buckets. None is shorter than half of
// what hours and days usually are, and that is rare.
func (g grid) fits(s stretch) bool {
	length := int64(3600)
	if g.Granularity == usage.Daily {
		length *= 24
	}
	return s.until-s.from <= maxPoints*length
}

// timeline makes points, one at a time.
type timeline struct {
	*groups
	grid
	stretch stretch
	chosen  []Row            // groups that get rows, without what they have counted
	ranks   map[string]int32 // of the chosen, by key
	cells   []usage.Measures // of the point being made, by rank
	total   usage.Measures   // of the same
	scratch []Row            // of the same
	open    bool
	point   usage.Period
	done    []Point
	rows    int // of these
}

// choose finds out which groups get rows.
func (t *timeline) choose(src Source, r *Request) error {
	err := t.stretch.visit(src, func(_ usage.Period, row *usage.HistoryRow) error {
		t.add(row.Schema, row.Values, &row.Measures)
		return nil
	})
	if err != nil {
		return err
	}
	t.ranks = map[string]int32{}
	for _, one := range t.rank(r) {
		t.ranks[string(t.table.keyOf(one))] = int32(len(t.chosen))
		t.chosen = append(t.chosen, Row{Attributes: t.named(one).Attributes, History: true})
	}
	t.cells = make([]usage.Measures, len(t.chosen))
	return nil
}

func (t *timeline) points(src Source) ([]Point, error) {
	if t.stretch.from != 0 {
		t.begin(t.stretch.from)
	}
	err := t.stretch.visit(src, func(p usage.Period, row *usage.HistoryRow) error {
		if !t.find(t.columnsOf(row.Schema), row.Values) {
			return nil
		}
		if err := t.advance(p.Start); err != nil {
			return err
		}
		t.tally(row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t.done, t.end()
}

// begin opens the bucket that a time is in.
func (t *timeline) begin(at int64) {
	start, end := t.bounds(at)
	t.point, t.open = usage.Period{Granularity: t.Granularity, Start: start, End: end}, true
}

// advance opens the bucket that a time is in, and closes those before.
func (t *timeline) advance(at int64) error {
	if !t.open {
		t.begin(at)
	}
	if at < t.point.Start {
		return errOrder
	}
	for at >= t.point.End {
		if err := t.next(); err != nil {
			return err
		}
	}
	return nil
}

// next closes the bucket and opens the one after it.
func (t *timeline) next() error {
	if len(t.done) == maxPoints {
		return tooLong(t.Granularity)
	}
	point := Point{Period: t.point, Total: Row{Measures: t.total, History: true}, Rows: t.filled()}
	if t.rows += len(point.Rows); t.rows > maxCells {
		return tooMany()
	}
	t.done = append(t.done, point)
	clear(t.cells)
	t.total = usage.Measures{}
	t.begin(t.point.End)
	return nil
}

// filled are the rows of the open bucket that have counted something, without room for more.
func (t *timeline) filled() []Row {
	t.scratch = t.scratch[:0]
	for n := range t.cells {
		if t.cells[n].Any() {
			row := t.chosen[n]
			row.Measures = t.cells[n]
			t.scratch = append(t.scratch, row)
		}
	}
	return slices.Clone(t.scratch)
}

// tally adds a row, whose key was written, to the open bucket.
func (t *timeline) tally(row *usage.HistoryRow) {
	t.total.Add(&row.Measures)
	if n, ok := t.ranks[string(t.key)]; ok {
		t.cells[n].Add(&row.Measures)
	}
}

// end closes all buckets that are left.
func (t *timeline) end() error {
	for t.open && t.point.Start < t.stretch.until {
		if err := t.next(); err != nil {
			return err
		}
	}
	t.done = slices.Clip(t.done)
	return nil
}
