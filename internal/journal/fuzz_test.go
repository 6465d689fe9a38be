package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

// repair makes the checksums of all frames right: random damage is what they
// catch, fuzzing is for what they cannot.
func repair(content []byte) []byte {
	out := bytes.Clone(content)
	for rest := out[min(preambleBytes, len(out)):]; len(rest) > frameHead; {
		size := int(rest[0]) | int(rest[1])<<8 | int(rest[2])<<16 | int(rest[3])<<24
		if size < 1 || size > len(rest)-frameHead {
			return out
		}
		endFrame(rest[:frameHead+size], 0)
		rest = rest[frameHead+size:]
	}
	return out
}

// FuzzRecover recovers a snapshot and the journal behind it, as they are and with
// their checksums made right. The seeds are of all format versions.
func FuzzRecover(f *testing.F) {
	stored, err := filepath.Glob(filepath.Join("testdata", "v*", "*", "*.snapshot"))
	require.NoError(f, err)
	require.NotEmpty(f, stored)
	for _, name := range stored {
		snapshot, err := os.ReadFile(name)
		require.NoError(f, err)
		journal, err := os.ReadFile(strings.TrimSuffix(name, ".snapshot") + ".journal")
		require.NoError(f, err)
		f.Add(snapshot, journal)
	}
	s := newSpecimen(f, false) // has dedup keys and retired rows
	f.Add(s.disk.Read(snapshotName(2)), s.disk.Read(journalName(2)))
	f.Fuzz(func(t *testing.T, snapshot, journal []byte) {
		useWhatIs(t, map[string][]byte{snapshotName(2): snapshot, journalName(2): journal})
		useWhatIs(t, map[string][]byte{snapshotName(2): repair(snapshot), journalName(2): repair(journal)})
	})
}

// FuzzKeysFile recovers a state with a file of dedup keys that was changed:
// nothing that was counted depends on it.
func FuzzKeysFile(f *testing.F) {
	s := newSpecimen(f, true)
	name := newest(s.disk, ".keys")
	f.Add(s.disk.Read(name))
	f.Fuzz(func(t *testing.T, keys []byte) {
		for _, keys := range [][]byte{keys, repair(keys)} {
			disk := s.disk.Kill()
			disk.Edit(name, func([]byte) []byte { return keys })
			if k := useDisk(t, disk); k != nil {
				got := k.standing()
				require.True(t, got.equal(&s.last))
			}
		}
	})
}

func useWhatIs(t *testing.T, contents map[string][]byte) {
	t.Helper()
	disk := filestest.NewMemory()
	for name, content := range contents {
		disk.Edit(name, func([]byte) []byte { return content })
	}
	useDisk(t, disk)
}

// useDisk starts on whatever is on a disk, goes on from there and starts again. It
// returns what was there at first; nil: a newer version's.
func useDisk(t *testing.T, disk *filestest.Memory) *kept {
	t.Helper()
	_, err := Verify(mounted(t, disk.Kill()))
	require.NoError(t, err)
	k, err := openKept(mounted(t, disk.Kill()), true)
	if newer := (*NewerError)(nil); errors.As(err, &newer) {
		return nil
	}
	require.NoError(t, err)
	first := mustOpenKept(t, disk, true, "go on")
	first.age += 60e9
	for key := range uint64(3) {
		first.send(key + 1)
	}
	require.NoError(t, errors.Join(first.writeKeys(), first.pass(), first.snapshot()))
	first.send(4)
	require.NoError(t, first.journal.Close())
	want, told := first.standing(), first.told()
	second := mustOpenKept(t, disk, false, "again")
	got := second.standing()
	// Invented state may have a dedup key in two minutes, which becomes one.
	got.keys = want.keys
	if !got.equal(&want) { // but for keys: a forged minute may be one that is never reached
		require.Equal(t, want, got)
	}
	require.Equal(t, told, second.told())
	require.NoError(t, second.journal.Close())
	return k
}
