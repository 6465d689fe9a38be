package e2e

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	damageBatches = 20
	damageSpans   = 10
	magicBytes    = 8 // what both kinds of file begin with; then comes the version
)

// killedState is the directory of a collector that was killed after so many
// batches, each of which became one commit, and nothing else in its journal.
func killedState(t *testing.T) string {
	t.Helper()
	s := setup{state: filepath.Join(t.TempDir(), "state")}
	c := start(t, s)
	client := newGRPCClient(t, c.ports.grpc)
	var g generator
	for range damageBatches {
		mustSend(t, client, g.batch(service, damageSpans, calls()[0]))
	}
	c.kill()
	return s.state
}

// edit changes the bytes of a file.
func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func noise(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, bytes.Repeat([]byte("noise\x00\xff\x17"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edited changes the bytes of a file with a function of them.
func edited(change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		edit(t, path, change)
	}
}

// flipped changes one bit, at a place that depends on the size.
func flipped(at func(size int) int) func(*testing.T, string) {
	return edited(func(data []byte) []byte {
		data[at(len(data))] ^= 0x10
		return data
	})
}

func middle(size int) int { return size / 2 }

func inHeader(int) int { return magicBytes + 4 + 20 }

func newerVersion(data []byte) []byte {
	binary.LittleEndian.PutUint32(data[magicBytes:], 4711)
	return data
}

func cutByOne(data []byte) []byte { return data[:len(data)-1] }

func emptied([]byte) []byte { return nil }

// added is a state file that is newer than those that are there.
func added(kind string) func(*testing.T, string) string {
	return func(_ *testing.T, dir string) string { return filepath.Join(dir, generation(5, kind)) }
}

// existing is the newest file of its kind.
func existing(kind string) func(*testing.T, string) string {
	return func(t *testing.T, dir string) string {
		t.Helper()
		return stateFile(t, dir, kind)
	}
}

func theLock(_ *testing.T, dir string) string { return filepath.Join(dir, lockFile) }

// What is neither whole nor torn by a crash is refused if that is wanted, by the
// name of the file and without changing a byte.
func TestDamagedStateIsRefused_A_R1(t *testing.T) {
	t.Parallel()
	// What was never synced can be torn anywhere; this was.
	original, _ := veteran(t, newSink(t))
	for _, tt := range []struct {
		name   string
		file   func(t *testing.T, dir string) (path string)
		damage func(t *testing.T, path string)
		says   string
	}{
		{"snapshot is a directory", added("snapshot"), mkdir, "regular file"},
		{"journal is a symbolic link", added("journal"), linkToItself, "regular file"},
		{"noise as snapshot", added("snapshot"), noise, ""},
		{"noise as journal", added("journal"), noise, ""},
		{"noise over the snapshot", existing("snapshot"), noise, ""},
		{"empty snapshot", existing("snapshot"), edited(emptied), ""},
		{"bit in the middle of the journal", existing("journal"), flipped(middle), "damaged"},
		{"bit in the journal's header", existing("journal"), flipped(inHeader), "damaged"},
		{"bit in the middle of the snapshot", existing("snapshot"), flipped(middle), "damaged"},
		{"end of the snapshot", existing("snapshot"), edited(cutByOne), "incomplete"},
		{"snapshot without its journal", existing("journal"), remove, "missing"},
		{"lock is a directory", theLock, directoryInstead, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := clone(t, original.state)
			path := tt.file(t, dir)
			tt.damage(t, path)
			before := contents(t, dir)
			log := fails(t, setup{state: dir, onCorruption: "fail"})
			for _, text := range []string{filepath.Base(path), dir, "`persistence.directory`", tt.says} {
				if !strings.Contains(log, text) {
					t.Errorf("the error does not have %q:\n%s", text, tail(log))
				}
			}
			unchanged(t, dir, before)
		})
	}
}

// What a later version has written is not damage: nothing may touch it.
func TestNewerStateIsRefused_A_F10(t *testing.T) {
	t.Parallel()
	original := killedState(t)
	for _, on := range []string{"", "fail"} {
		for _, kind := range []string{"journal", "snapshot"} {
			dir := clone(t, original)
			path := stateFile(t, dir, kind)
			edit(t, path, newerVersion)
			before := contents(t, dir)
			log := fails(t, setup{state: dir, onCorruption: on})
			for _, text := range []string{filepath.Base(path), dir, "version 4711"} {
				if !strings.Contains(log, text) {
					t.Errorf("%s: the error does not have %q:\n%s", kind, text, tail(log))
				}
			}
			unchanged(t, dir, before)
		}
	}
}

// A path that cannot be a directory is refused by its name.
func TestImpossibleDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]func(t *testing.T, path string){
		"regular file": noise,
		"symlink loop": linkToItself,
		"dangling symlink": func(t *testing.T, path string) {
			t.Helper()
			link(t, "nowhere", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			path := filepath.Join(parent, "state")
			block(t, path)
			before := contents(t, parent)
			log := fails(t, setup{state: path})
			if !strings.Contains(log, path) || !strings.Contains(log, "`persistence.directory`") {
				t.Errorf("the error names neither the path nor the key:\n%s", tail(log))
			}
			unchanged(t, parent, before)
		})
	}
}

// Only the end of the newest journal can be torn, and only what stood there is
// lost: the commit that was being written.
func TestTornTailIsCut(t *testing.T) {
	t.Parallel()
	original := killedState(t)
	want := func(batches int64) tally {
		want := tally{}
		want.add(&calls()[0], batches*damageSpans)
		return want
	}
	for name, tt := range map[string]struct {
		change  func([]byte) []byte
		batches int64
	}{
		"untouched":        {func(data []byte) []byte { return data }, damageBatches},
		"one byte less":    {cutByOne, damageBatches - 1},
		"nine bytes less":  {func(data []byte) []byte { return data[:len(data)-9] }, damageBatches - 1},
		"zeros at the end": {func(data []byte) []byte { return append(data, make([]byte, 4096)...) }, damageBatches},
		"noise at the end": {func(data []byte) []byte { return append(data, "\x17\x00\x00\x00noise"...) }, damageBatches},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, out := clone(t, original), newSink(t)
			edit(t, stateFile(t, dir, "journal"), tt.change)
			s := setup{state: dir, export: 50 * time.Millisecond, sinks: []*sink{out}}
			c := start(t, s)
			equal(t, "recovered", out.refresh(), want(tt.batches))
			mustSend(t, newGRPCClient(t, c.ports.grpc), (&generator{}).batch(service, damageSpans, calls()[0]))
			reaches(t, "going on", want(tt.batches+1), out.totals)
			c.stop()
			equal(t, "after another restart", recovered(t, s, out), want(tt.batches+1))
			out.oneWriterAndStart()
		})
	}
}

// Temporary files are ours if they are named after a state file.
func TestLeftoversAreRemoved(t *testing.T) {
	t.Parallel()
	dir, out := clone(t, killedState(t)), newSink(t)
	ours := filepath.Join(dir, generation(9, "snapshot")+".tmp")
	foreign := filepath.Join(dir, "notes.tmp")
	noise(t, ours)
	noise(t, foreign)
	want := tally{}
	want.add(&calls()[0], damageBatches*damageSpans)
	equal(t, "recovered", recovered(t, setup{state: dir, sinks: []*sink{out}}, out), want)
	if _, err := os.Stat(ours); !os.IsNotExist(err) {
		t.Errorf("an unfinished snapshot is still there: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("somebody else's file is gone: %v", err)
	}
}
