package page

import (
	"slices"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// maxDimensions bounds what can be grouped by with a link; an address can have any.
const maxDimensions = 20

// watched is a source that remembers which dimensions went by: those of the period are
// offered to group by, whatever is configured today.
type watched struct {
	query.Source
	seen  map[*usage.Schema]struct{}
	names [usage.Kinds][]string
}

// History notes dimensions.
func (w *watched) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	return w.Source.History(g, from, until, func(p usage.Period, row *usage.HistoryRow) error {
		w.note(row.Schema)
		return visit(p, row)
	})
}

func (w *watched) note(s *usage.Schema) {
	if _, ok := w.seen[s]; ok {
		return
	}
	if w.seen == nil {
		w.seen = map[*usage.Schema]struct{}{}
	}
	w.seen[s] = struct{}{}
	for _, name := range s.Names[s.Base:] {
		if names := w.names[s.Kind]; !slices.Contains(names, name) && len(names) < maxDimensions {
			w.names[s.Kind] = append(names, name)
		}
	}
}
