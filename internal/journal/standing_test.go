package journal

import (
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// standing is what an engine has counted, in a form that is quick to compare.
type standing struct {
	live, retired map[string]counted
	ledgers       usage.Ledgers
	keys          int    // for deduplication
	once          string // choices, calls and streams, as they are stored
}

type counted struct {
	usage.Measures
	durations, firstTokens uint64 // how many
	start                  int64
}

func (k *kept) standing() standing {
	s := standing{
		live: map[string]counted{}, retired: map[string]counted{},
		ledgers: k.Stats().Ledgers, keys: k.DedupStats().Keys,
	}
	rows, _, _ := k.Rows(nil, 0, math.MaxInt32)
	for i := range rows {
		r := &rows[i]
		s.live[strings.Join(r.Values, "|")] = counted{r.Measures, r.Durations.Count(), r.FirstTokens.Count(), r.Start}
	}
	retired, _ := k.Retired(nil, 0, math.MaxInt32)
	for i := range retired {
		s.retired[strings.Join(retired[i].Values, "|")] = counted{Measures: retired[i].Measures}
	}
	s.once = k.once()
	return s
}

func (k *kept) once() string {
	var c usage.Commit
	c.Choices, _ = k.Choices(nil, 0, math.MaxInt32)
	c.Calls, _, _ = k.Calls(nil, 0, math.MaxInt32)
	c.Streams = streamsOf(k.Engine)
	totals := k.Totals()
	return fmt.Sprint(totals.Since, totals.Forgotten) + string(appendOnce(nil, &c))
}

// equal says whether both are the same, but for dedup keys.
func (s *standing) equal(o *standing) bool {
	return maps.Equal(s.live, o.live) && maps.Equal(s.retired, o.retired) && s.ledgers == o.ledgers && s.once == o.once
}

// totals are what was counted by identity, ever.
func (s *standing) totals() map[string]usage.Measures {
	totals := map[string]usage.Measures{}
	for _, part := range []map[string]counted{s.live, s.retired} {
		for name, c := range part {
			sum := totals[name]
			sum.Add(&c.Measures)
			totals[name] = sum
		}
	}
	return totals
}

// within says whether no number is higher than that of o.
func (s *standing) within(o *standing) bool {
	whole := o.totals()
	for name, part := range s.totals() {
		all := whole[name]
		limits := all.Fields()
		for i, n := range part.Fields() {
			if *n > *limits[i] {
				return false
			}
		}
	}
	return s.ledgers.Counted() <= o.ledgers.Counted()
}
