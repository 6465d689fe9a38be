package meter

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"sync"
	"time"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/journal"
	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// stored is what was recovered from a state, to be read.
type stored struct {
	engine  *engine.Engine
	journal *journal.Journal
	found   journal.Recovered
}

// newStored recovers a state without changing anything.
func newStored(fsys files.FS, layout *usage.Layout) (*stored, error) {
	schemas := &usage.Schemas{}
	s := &stored{
		engine: engine.New(engine.Options{
			Schemas: schemas, Hasher: usage.NewHasher(), Layout: layout,
			SessionTTL: math.MaxInt64, MaxSessions: math.MaxInt32,
		}),
		journal: journal.New(journal.Options{FS: fsys, Schemas: schemas, Layout: layout}),
	}
	var err error
	s.found, err = s.journal.Recover(s.engine)
	return s, err
}

// State is the state directory of a collector that is stopped.
type State struct {
	*stored
	dir   string
	fsys  files.FS
	fixed sync.RWMutex // nothing changes, nobody waits
}

// OpenState reads a state directory and changes nothing in it. Nobody may write to it
// until Close; if somebody does already, that is an error that says who.
func OpenState(dir string) (*State, error) {
	directory, err := files.OpenToRead(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNoState, err)
	}
	if err != nil {
		return nil, err
	}
	s := &State{dir: dir, fsys: journal.ReadOnly(directory)}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("`%s`: %w", dir, err), directory.Close())
	}
	return s, nil
}

func (s *State) recover() error {
	layout, err := journal.StoredLayout(s.fsys)
	if err != nil {
		return err
	}
	if layout == nil {
		return ErrNoState
	}
	s.stored, err = newStored(s.fsys, layout)
	return err
}

// Close lets others write to the directory.
func (s *State) Close() error { return s.fsys.Close() }

// View shows what was counted. Days that are not over are those of UTC.
func (s *State) View() *View { return s.ViewIn(time.UTC) }

// ViewIn is View with days that are not over of a zone. Those that are over are days
// where they were counted.
func (s *State) ViewIn(zone *time.Location) *View {
	return &View{
		engine: s.engine, calendar: usage.NewCalendar(zone), files: s.journal, steady: &s.fixed,
		noted: func(_ *usage.HistoryFile, err error) error { return err },
	}
}

// Status is how the meter was.
func (s *State) Status() Status {
	stats := s.engine.Stats()
	status := Status{
		Writer: s.found.Writer, Epoch: s.found.Epoch,
		Ledgers: stats.Ledgers, Series: stats.Series, Sessions: stats.Sessions,
	}
	status.Persistence = PersistenceStatus{Path: s.dir}
	status.Persistence.Enabled = true
	if wall := s.found.Moment.Wall; wall > 0 {
		status.Persistence.Saved = time.Unix(0, wall)
	}
	if err := s.Damage(); err != nil {
		status.Persistence.LastError = err.Error()
	}
	return status
}

// Damage is what cannot be read of the state, nil: nothing.
func (s *State) Damage() error { return errors.Join(s.found.Damage...) }

// Export writes everything that was counted as a document; see Meter.Export.
func (s *State) Export(w io.Writer) error {
	d := documentWriter{
		engine: s.engine, calendar: usage.NewCalendar(time.UTC), files: s.journal,
		head: documentHead{Writer: s.found.Writer, ExportedAt: now().UTC()},
	}
	return d.write(w)
}

// Check compares what was counted with what history has of it: by kind they have to be
// the same. It reads the files that resets have masked.
func (s *State) Check() ([]Imbalance, error) { return imbalances(s.engine, s.journal) }
