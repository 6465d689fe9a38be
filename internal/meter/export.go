package meter

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// wholeExport is an export of everything counted so far, on its way.
type wholeExport struct {
	at      int64  // Unix ns
	seq     uint64 // newest commit that is contained for certain
	counted int64  // records
	budgets []Budget
	rows    []usage.Row
	from    uint32
	more    bool
}

// export sends everything counted so far through an exit, in parts that carry one
// timestamp. Durable before visible: nothing is sent that recovery would not
// restore, so that a counter can never be seen to go backwards.
func (m *Meter) export(ctx context.Context, x *Exit) error {
	c := m.beginExport()
	for {
		if err := m.sendPart(ctx, x, &c); err != nil {
			return err
		}
		if !c.more {
			break
		}
		c.rows, c.from, c.more = m.part(c.rows[:0], c.from, c.at)
	}
	if err := m.sendBudgets(ctx, x, c.budgets, c.at); err != nil {
		return err
	}
	m.outbox.exportedAll(x, &c)
	return nil
}

// sendPart sends one part of an export, which may have no series.
func (m *Meter) sendPart(ctx context.Context, x *Exit, c *wholeExport) error {
	if err := ctx.Err(); err != nil || len(c.rows) == 0 {
		return err
	}
	if err := m.flush(); err != nil {
		return fmt.Errorf("not exported before it is stored: %w", err)
	}
	return x.hand(ctx, m.emitter.Metrics(c.rows, c.at))
}

// hand gives metrics to the next consumer, unless the exit was left behind: a consumer
// that ignored the end of the context returns some day, may be gone by then and must
// not be called again.
func (x *Exit) hand(ctx context.Context, md pmetric.Metrics) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return x.next.ConsumeMetrics(ctx, md)
}

// beginExport takes the time of an export and copies its first part, which is
// all of it for most. The two belong together: of two exits that export at the
// same moment, the one with the later time must not have the older numbers.
func (m *Meter) beginExport() wholeExport {
	m.outbox.mu.Lock()
	defer m.outbox.mu.Unlock()
	c := wholeExport{seq: m.engine.Stats().Seq}
	c.at = m.tick().Wall
	c.counted = m.engine.Stats().Ledgers.Counted()
	c.budgets = m.Budgets()
	c.rows, c.from, c.more = m.part(nil, 0, c.at)
	return c
}

// exportedAll notes that an exit has taken all of an export.
func (o *outbox) exportedAll(x *Exit, c *wholeExport) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x.seq = c.seq
	o.exported.Store(c.counted)
}

// tick takes the time of an export.
func (m *Meter) tick() usage.Moment {
	at := m.engine.Tick(m.clock.moment())
	if s := m.store(); s != nil {
		s.journal.Tick(at)
	}
	return at
}

// part copies the series of one part of an export. Those that have begun after
// its time belong to the next one.
func (m *Meter) part(rows []usage.Row, from uint32, at int64) (out []usage.Row, next uint32, more bool) {
	out, next, more = m.engine.Rows(rows, from, rowsPerExport)
	return slices.DeleteFunc(out, func(r usage.Row) bool { return r.Start > at }), next, more
}

// rowsPerExport bounds what an export holds in memory and how long it holds up
// commits; each part costs a sync at most.
const rowsPerExport = 4096
