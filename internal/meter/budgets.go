package meter

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/emit"
	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// BudgetOptions are a budget as it is configured.
type BudgetOptions struct {
	Name string
	Kind usage.Kind
	// Match has patterns for the values of attributes.
	Match   map[string]string
	Measure usage.BudgetMeasure
	Period  usage.BudgetPeriod
	// Amount is in requests, tokens or USD.
	Amount float64
	// Thresholds are fractions of the amount, ascending.
	Thresholds []float64
}

// nanosPerUSD is the unit in which cost is counted.
const nanosPerUSD = 1e9

// unit is how much of the unit that is counted in is one of the unit of the amount.
func (o *BudgetOptions) unit() float64 {
	if o.Measure == usage.BudgetCost {
		return nanosPerUSD
	}
	return 1
}

// budget makes what the engine counts.
func (o *BudgetOptions) budget() engine.Budget {
	b := engine.Budget{Name: o.Name, Definition: o.definition(), Covers: o.covers, Measure: o.Measure, Period: o.Period}
	for _, t := range o.Thresholds {
		b.Levels = append(b.Levels, o.level(t))
	}
	return b
}

// level is the use at which a fraction of the amount is reached. The smallest one is
// one: nothing is not too much.
func (o *BudgetOptions) level(fraction float64) int64 {
	return max(1, int64(math.Ceil(o.Amount*o.unit()*fraction)))
}

// definition is what the budget counts. Its amount may change: what is used stays.
func (o *BudgetOptions) definition() string {
	match, _ := json.Marshal(o.Match) // of strings, in order of the keys: never fails
	return fmt.Sprintf("%s %s %s %s", o.Kind, o.Measure, o.Period, match)
}

func (o *BudgetOptions) covers(schema *usage.Schema, values []string) bool {
	if schema.Kind != o.Kind {
		return false
	}
	met := 0
	for i, name := range schema.Names {
		if pattern, ok := o.Match[name]; ok && usage.Glob(pattern, values[i]) {
			met++
		}
	}
	return met == len(o.Match)
}

// budgets are those of the options.
func (o *Options) budgets() []engine.Budget {
	list := make([]engine.Budget, 0, len(o.Budgets))
	for i := range o.Budgets {
		list = append(list, o.Budgets[i].budget())
	}
	return list
}

// Budget is how much of a budget is used.
type Budget struct {
	BudgetOptions
	// Start and End bound the period that goes on; zero for one that never ends.
	Start, End time.Time
	// Used is in requests, tokens or USD.
	Used     float64
	Exceeded bool
}

// Budgets returns the budgets in the order of the configuration.
func (m *Meter) Budgets() []Budget {
	uses := m.engine.Budgets(m.clock.moment())
	list := make([]Budget, len(uses))
	for i, u := range uses {
		o := m.options.Budgets[i]
		list[i] = Budget{BudgetOptions: o, Used: float64(u.Used) / o.unit(), Exceeded: u.Used >= o.level(1)}
		if u.End > 0 {
			list[i].Start, list[i].End = time.Unix(u.Start, 0), time.Unix(u.End, 0)
		}
	}
	return list
}

// sendBudgets exports how much of the budgets is used. These are gauges, which may be
// lost: they are in no window and in no total.
func (m *Meter) sendBudgets(ctx context.Context, x *Exit, budgets []Budget, at int64) error {
	if len(budgets) == 0 {
		return nil
	}
	points := make([]emit.Budget, len(budgets))
	for i := range budgets {
		b := &budgets[i]
		points[i] = emit.Budget{
			Name: b.Name, Measure: b.Measure.String(), Period: b.Period.String(),
			Used: b.Used, Amount: b.Amount, Exceeded: b.Exceeded,
		}
	}
	if err := m.flush(); err != nil {
		return fmt.Errorf("not exported before it is stored: %w", err)
	}
	return x.hand(ctx, m.emitter.Budgets(points, at))
}

// crossing is a threshold of a budget that was reached.
type crossing struct{ budget, level int }

// crossings are those that the log was not told of.
type crossings struct {
	any atomic.Bool // whether there are any

	mu   sync.Mutex // guards the list
	list []crossing
}

func (c *crossings) add(one crossing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, one)
	c.any.Store(true)
}

func (c *crossings) take() []crossing {
	if !c.any.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	c.any.Store(false)
	return list
}

// tellCrossings tells the log which thresholds were reached by the last commits.
func (m *Meter) tellCrossings() {
	for _, c := range m.observed.crossings.take() {
		o := &m.options.Budgets[c.budget]
		m.log.Warn("A budget has reached a threshold",
			zap.String("budget", o.Name), zap.Float64("threshold", o.Thresholds[c.level]),
			zap.Float64("used", float64(m.engine.Budgets(m.clock.moment())[c.budget].Used)/o.unit()), zap.Float64("amount", o.Amount),
			zap.Stringer("measure", o.Measure), zap.Stringer("period", o.Period))
	}
}
