package e2e

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const quarantine = "quarantine"

// outcome is what recovery made of a damaged state.
type outcome string

const (
	exact  outcome = "everything is there"
	anew   outcome = "every series begins anew"
	nobody outcome = "another writer begins anew"
)

// veteran is a state that has seen one collector end and the next one die, both
// of which have exported to the sink, and what they counted.
func veteran(t *testing.T, out *sink) (s setup, counted tally) {
	t.Helper()
	s, counted = setup{state: filepath.Join(t.TempDir(), "state"), export: 20 * time.Millisecond, sinks: []*sink{out}}, tally{}
	var g generator
	for _, end := range []func(*collector){(*collector).stop, (*collector).kill} {
		c := start(t, s)
		counted.merge(sendAll(t, &g, clients(t, c), 3, 5))
		reaches(t, "before the damage", counted, out.totals)
		end(c)
	}
	return s, counted
}

// newest and every are the files of a kind that are damaged.
func newest(t *testing.T, dir, kind string) []string { return []string{stateFile(t, dir, kind)} }
func every(t *testing.T, dir, kind string) []string  { return stateFiles(t, dir, kind) }

// By default a damaged file is set aside as it is, which is said, and metering
// goes on. What is left may tell everything or not: no counter falls.
func TestDamageIsQuarantined_A_R1_A_N6_A_U21(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		files  func(t *testing.T, dir, kind string) []string
		kind   string
		damage func(t *testing.T, path string)
		want   []outcome
	}{
		// The generation before has what the newest snapshot was made of.
		{"newest snapshot", newest, "snapshot", flipped(middle), []outcome{exact}},
		{"no newest snapshot", newest, "snapshot", edited(emptied), []outcome{exact}},
		// All journals there ever were may still be there.
		{"every snapshot", every, "snapshot", flipped(middle), []outcome{exact, anew}},
		{"newest journal", newest, "journal", flipped(middle), []outcome{anew}},
		{"everything", every, "*", noise, []outcome{nobody}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := newSink(t)
			s, counted := veteran(t, out)
			damaged := tt.files(t, s.state, tt.kind)
			for _, path := range damaged {
				tt.damage(t, path)
			}
			before := contents(t, s.state)
			c := start(t, s)
			setAside(t, c, s.state, damaged, before)
			got := goesOn(t, c, out, counted)
			if !slices.Contains(tt.want, got) {
				t.Errorf("%s, want %v", got, tt.want)
			}
			c.stop()
			// What it has written is whole.
			s.onCorruption = "fail"
			totals := out.totals()
			equal(t, "after a restart", recovered(t, s, out), totals)
		})
	}
}

// setAside fails the test unless every damaged file is in quarantine as it was,
// and the log says so.
func setAside(t *testing.T, c *collector, dir string, damaged []string, before map[string]string) {
	t.Helper()
	now := contents(t, dir)
	for _, path := range damaged {
		name := filepath.Base(path)
		if !slices.ContainsFunc(slices.Collect(maps.Keys(now)), func(other string) bool {
			return strings.HasPrefix(other, quarantine+"/"+name) && now[other] == before[name]
		}) {
			t.Errorf("%s is not in quarantine as it was", name)
		}
		if !slices.ContainsFunc(c.warnings(), func(line string) bool {
			return strings.Contains(line, "\terror\t") && strings.Contains(line, name) && strings.Contains(line, quarantine)
		}) {
			t.Errorf("no error in the log about %s and its quarantine:\n%s", name, tail(c.log()))
		}
	}
}

// goesOn counts something more in every series and returns what became of what
// had been counted before.
func goesOn(t *testing.T, c *collector, out *sink, counted tally) outcome {
	t.Helper()
	before := out.ends()
	g := generator{}
	g.last.Store(1 << 32) // none that was counted before
	want := sendAll(t, &g, clients(t, c), 2, 5)
	out.refresh()
	became := out.outcome(before)
	if became == exact {
		want.merge(counted)
	}
	reaches(t, "after the damage", want, out.totals)
	return became
}

// outcome tells from the start times what became of series whose newest points
// are of given times.
func (s *sink) outcome(ends map[string]uint64) outcome {
	s.t.Helper()
	begun := map[bool]int{}
	for series, starts := range s.starts() {
		begun[len(starts) > 1]++
		if latest := slices.Max(starts); len(starts) > 1 && latest < ends[series] {
			s.t.Errorf("%s begins anew at %d, although it was exported at %d", series, latest, ends[series])
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case begun[true] == 0 && len(s.writers) == 1:
		return exact
	case begun[false] > 0:
		s.t.Errorf("%d series go on, %d begin anew: %d writers", begun[false], begun[true], len(s.writers))
	case len(s.writers) > 1:
		return nobody
	}
	return anew
}

// ends are the times of the newest points.
func (s *sink) ends() map[string]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]uint64{}
	for series, h := range s.seen {
		all[series] = h.latest.time
	}
	return all
}
