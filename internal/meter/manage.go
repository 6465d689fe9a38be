package meter

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/otelusage/usageprocessor/internal/usage"
)

var (
	// ErrNotKept is what save and load answer while persistence is disabled.
	ErrNotKept = errors.New("usage persistence is disabled")
	// ErrNoState says that there is nothing to load.
	ErrNoState = errors.New("there is no stored usage")
	// ErrInput says that a request makes no sense; the text says why.
	ErrInput = errors.New("invalid input")
)

// Status returns how the meter is.
func (m *Meter) Status() Status { return Status{} }

// View shows what the meter has counted, to be read while it goes on counting.
func (m *Meter) View() *View { return &View{engine: m.engine, calendar: usage.NewCalendar(time.UTC)} }

// ReconfigurePersistence changes how usage is kept until the process ends: all of it or,
// with an error, nothing. What makes no sense wraps ErrInput.
func (m *Meter) ReconfigurePersistence(ctx context.Context, change PersistenceChange) error {
	return errors.ErrUnsupported
}

// Save writes a snapshot of everything.
func (m *Meter) Save() error { return errors.ErrUnsupported }

// Merged is what became of rows that were merged into what was counted.
type Merged struct{ Added, Skipped int }

// Load merges what is stored into what was counted, which changes nothing: it is the same.
func (m *Meter) Load() (Merged, error) { return Merged{}, errors.ErrUnsupported }

// Export writes everything that was counted as a document that Import reads.
func (m *Meter) Export(w io.Writer) error { return errors.ErrUnsupported }

// Import merges a document: of each series of each writer the most that was known
// counts. A document that cannot be read wraps ErrInput and changes nothing.
func (m *Meter) Import(document io.Reader) (Merged, error) { return Merged{}, errors.ErrUnsupported }

// Reset removes what was counted in a scope, and returns how many rows that were.
func (m *Meter) Reset(scope usage.Scope) (rows int, err error) { return 0, errors.ErrUnsupported }

// ActiveSession is a session and whose it is.
type ActiveSession struct {
	// Kind is `endpoint` or `provider`; Service and Endpoint, or Provider, say of whom.
	Kind, Service, Endpoint, Provider string
	ID                                string
	First, Last                       time.Time
}

// ActiveSessions returns up to limit active sessions, oldest first.
func (m *Meter) ActiveSessions(limit int) []ActiveSession { return nil }

// TerminateSession ends all active sessions with an ID and returns how many there were.
func (m *Meter) TerminateSession(id string) int { return 0 }

// Budget is how much of a budget is used.
type Budget struct {
	Name string
	// Measure is `requests`, `tokens` or `cost`, Period `hour`, `day`, `week`, `month` or
	// `total`.
	Measure, Period string
	Match           map[string]string
	// Start and End bound the period; zero for `total`.
	Start, End time.Time
	// Used and Amount are in requests, tokens or USD.
	Used, Amount float64
	Thresholds   []float64
	Exceeded     bool
}

// Budgets returns the budgets in the order of the configuration.
func (m *Meter) Budgets() []Budget { return nil }
