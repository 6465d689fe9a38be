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
	if err := ctx.Err(); err != nil {
		return err
	}
	if k.closed {
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
	old, changed := before.values(), after.values()
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		if old[key] == changed[key] {
			continue
		}
		m.keeping.override(key)
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

func (k *keeping) override(key string) {
	k.overriding.Lock()
	defer k.overriding.Unlock()
	if !slices.Contains(k.overridden, key) {
		k.overridden = append(k.overridden, key)
		slices.Sort(k.overridden)
	}
}

// overrides are the keys of what was changed at run time, sorted.
func (k *keeping) overrides() []string {
	k.overriding.Lock()
	defer k.overriding.Unlock()
	return slices.Clone(k.overridden)
}
