package meter

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

const (
	// MinInterval and MaxInterval bound how often usage is written, and exported.
	MinInterval = 10 * time.Millisecond
	MaxInterval = 24 * time.Hour
)

// Settings that can be changed at run time, as requests name them.
const (
	keyEnabled  = "enabled"
	keyFilePath = "file-path"
	keyInterval = "interval-seconds"
)

// ReconfigurePersistence changes how usage is kept until the process ends: all of it or,
// with an error, nothing. What makes no sense wraps ErrInput.
//
// Disabling writes what is pending and lets go of the directory at once; nothing is
// written afterwards. What is only there, hours that are over, leaves history; totals and
// exports go on in memory. Enabling, and another file path, begins with a snapshot of
// everything. Should the directory hold state that is not of this process, that is taken
// over: what it had counted adds to retired rows and to history, not to what is exported.
func (m *Meter) ReconfigurePersistence(ctx context.Context, change PersistenceChange) error {
	k := &m.keeping
	k.changing.Lock()
	defer k.changing.Unlock()
	ctx, done := k.begin(ctx)
	defer done()
	if err := ctx.Err(); err != nil {
		return err
	}
	if k.closed || m.stopping() {
		return ErrNotOpen
	}
	before := *k.settings.Load()
	after := before.with(&change)
	if err := m.options.Persistence.check(before, after); err != nil {
		return err
	}
	if err := m.apply(ctx, before, after); err != nil {
		return err
	}
	m.noteChanges(before, after)
	wake(k.changed)
	return nil
}

// begin lets a change be cancelled by interrupt until it is done; changing is held.
func (k *keeping) begin(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	k.under.Store(&cancel)
	return ctx, func() {
		k.under.Store(nil)
		cancel(nil)
	}
}

// stopping says whether the meter is being closed.
func (m *Meter) stopping() bool {
	select {
	case <-m.stop:
		return true
	default:
		return false
	}
}

// interrupt lets a change that is under way fail: somebody stops, and must not wait for
// all of history to be copied.
func (k *keeping) interrupt() {
	if cancel := k.under.Load(); cancel != nil {
		(*cancel)(errInterrupted)
	}
}

var errInterrupted = errors.New("the change was given up, as the collector shuts down")

// apply makes the settings count.
func (m *Meter) apply(ctx context.Context, before, after PersistenceSettings) error {
	switch {
	case after.Enabled && (!before.Enabled || before.FilePath != after.FilePath):
		if err := m.moveTo(ctx, after); err != nil {
			return err
		}
		wake(m.keeping.due)
		return nil
	case before.Enabled && !after.Enabled:
		return m.stopKeeping(ctx, after)
	}
	m.keeping.settings.Store(&after)
	return nil
}

// noteChanges says what is different, here and in the log.
func (m *Meter) noteChanges(before, after PersistenceSettings) {
	old, changed, configured := before.values(), after.values(), m.keeping.configured.values()
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		if old[key] == changed[key] {
			continue
		}
		m.keeping.override(key, changed[key] != configured[key])
		m.log.Info("usage-persistence." + key + ": " + old[key] + " -> " + changed[key])
	}
}

// with returns the settings after a change.
func (s PersistenceSettings) with(c *PersistenceChange) PersistenceSettings {
	if c.Enabled != nil {
		s.Enabled = *c.Enabled
	}
	if c.FilePath != nil {
		s.FilePath = *c.FilePath
	}
	if c.Interval != nil {
		s.Interval = *c.Interval
	}
	return s
}

// values are the settings by the names of their keys.
func (s *PersistenceSettings) values() map[string]string {
	return map[string]string{
		keyEnabled:  strconv.FormatBool(s.Enabled),
		keyFilePath: strconv.Quote(s.FilePath),
		keyInterval: strconv.FormatFloat(s.Interval.Seconds(), 'g', -1, 64),
	}
}

// check refuses settings that make no sense. What is not changed was right before.
func (p *Persistence) check(before, after PersistenceSettings) error {
	switch {
	case after.Interval == before.Interval:
	case after.Interval <= 0:
		return refuse("%s must be greater than 0", keyInterval)
	case after.Interval < MinInterval || after.Interval > MaxInterval:
		return refuse("%s must be between %v and %v", keyInterval, MinInterval.Seconds(), MaxInterval.Seconds())
	}
	if after.Enabled && p.Open == nil {
		return refuse("`persistence.directory` is not configured: there is no place to keep usage in")
	}
	if after.FilePath == "" || after.FilePath == before.FilePath && after.Enabled == before.Enabled {
		return nil
	}
	return p.checkName(after.FilePath)
}

func (p *Persistence) checkName(name string) error {
	switch {
	case p.Open == nil:
		return refuse("`persistence.directory` is not configured: %s names a directory below it", keyFilePath)
	case p.Check == nil:
		return refuse("%s names a directory below `persistence.directory`: there is none with `persistence.storage`", keyFilePath)
	}
	err := p.Check(name)
	if errors.Is(err, files.ErrName) {
		return refuse("%s %v", keyFilePath, err)
	}
	return err
}

// open opens the place itself, or the one of a name below it.
func (p *Persistence) open(name, owner string) (files.FS, error) {
	if name == "" {
		return p.Open(owner)
	}
	fs, err := p.OpenBelow(name, owner)
	if errors.Is(err, files.ErrName) {
		return nil, refuse("%s %v", keyFilePath, err)
	}
	return fs, err
}

// override notes whether the setting of a key is another one than configured.
func (k *keeping) override(key string, other bool) {
	k.overriding.Lock()
	defer k.overriding.Unlock()
	k.overridden = slices.DeleteFunc(k.overridden, func(k string) bool { return k == key })
	if other {
		k.overridden = append(k.overridden, key)
		slices.Sort(k.overridden)
	}
}

// overrides are the keys of settings that are not as they are configured, sorted.
func (k *keeping) overrides() []string {
	k.overriding.Lock()
	defer k.overriding.Unlock()
	return slices.Clone(k.overridden)
}
