package page

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// source is one whose content tests know.
type source struct {
	calendar *usage.Calendar
	now      time.Time
	schemas  usage.Schemas
	rows     []timed
	sorted   bool
	live     []usage.Row
	visits   int // of history
	err      error
}

// timed is a row and when it was counted.
type timed struct {
	hour, day usage.Period
	usage.HistoryRow
}

// newSource is empty, at a time of a zone.
func newSource(now time.Time) *source {
	return &source{calendar: usage.NewCalendar(now.Location()), now: now}
}

// add counts something.
func (s *source) add(at time.Time, kind usage.Kind, dimensions, values []string, m usage.Measures) {
	names := append(slices.Clone(usage.BaseNames(kind)), dimensions...)
	row := timed{usage.Period{}, usage.Period{Granularity: usage.Daily}, usage.HistoryRow{Schema: s.schemas.Intern(kind, names), Values: values, Measures: m}}
	row.hour.Start, row.hour.End = s.calendar.Hour(at.Unix())
	row.day.Start, row.day.End = s.calendar.Day(at.Unix())
	s.rows, s.sorted = append(s.rows, row), false
}

func (s *source) Live(visit func(*usage.Row) bool) {
	for i := range s.live {
		if !visit(&s.live[i]) {
			return
		}
	}
}

func (s *source) Retired(func(*usage.Retired) bool) {}

func (s *source) Endings() uint64 { return 0 }

func (s *source) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	s.visits++
	if s.err != nil {
		return s.err
	}
	if !s.sorted {
		slices.SortStableFunc(s.rows, func(a, b timed) int { return cmp.Compare(a.hour.Start, b.hour.Start) })
		s.sorted = true
	}
	for i := range s.rows {
		p := s.rows[i].hour
		if g == usage.Daily {
			p = s.rows[i].day
		}
		if p.End <= from || until != 0 && p.Start >= until {
			continue
		}
		if err := visit(p, &s.rows[i].HistoryRow); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) Moment() usage.Moment { return usage.Moment{Wall: s.now.UnixNano()} }

func (s *source) Calendar() *usage.Calendar { return s.calendar }
