package cli

import (
	"context"
	"fmt"

	"github.com/otelusage/usageprocessor/cmd/usagectl/internal/show"
	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

const secondsPerDay = 24 * 60 * 60

// watched is a source whose history shows how far it is and ends when the user wants.
type watched struct {
	query.Source
	ctx         context.Context
	environment *Environment
}

// History is query.Source's. Days without an end are those up to now.
func (w *watched) History(g usage.Granularity, from, until int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	var bar *show.Progress
	defer func() { bar.End() }()
	last := int64(0)
	return w.Source.History(g, from, until, func(p usage.Period, row *usage.HistoryRow) error {
		if p.Start == last {
			return visit(p, row)
		}
		if last == 0 {
			from = p.Start
			bar = w.environment.progress("report", until-from, days)
		}
		last = p.Start
		bar.Set(p.Start - from)
		if err := w.ctx.Err(); err != nil {
			return err
		}
		return visit(p, row)
	})
}

// days writes seconds.
func days(seconds int64) string {
	return fmt.Sprintf("%d days", (seconds+secondsPerDay-1)/secondsPerDay)
}
