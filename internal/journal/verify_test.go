package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

func verified(t *testing.T, disk *filestest.Memory) map[string]FileReport {
	t.Helper()
	before := contents(disk)
	fsys := mounted(t, disk)
	report, err := Verify(fsys)
	require.NoError(t, err)
	require.NoError(t, fsys.Close())
	require.Equal(t, before, contents(disk), "nothing is changed")
	byName := map[string]FileReport{}
	for _, f := range report.Files {
		byName[f.Name] = f
	}
	require.Len(t, byName, len(report.Files), "each once")
	return byName
}

// Every file is read to its end, and what it says of itself is reported.
func TestVerify_F69(t *testing.T) {
	s := newSpecimen(t, false)
	report := verified(t, s.disk)
	require.Len(t, report, len(s.disk.Names()))
	kinds := map[string]int{}
	for name, f := range report {
		require.NoError(t, f.Err)
		require.Zero(t, f.Torn)
		require.Len(t, s.disk.Read(name), int(f.Bytes))
		require.Positive(t, f.Frames)
		require.Equal(t, f.Kind == "history", f.History != nil)
		kinds[f.Kind]++
	}
	assert.Equal(t, map[string]int{"snapshot": 2, "journal": 2, "dedup keys": 1, "history": 3}, kinds)
	k := mustOpenKept(t, s.disk, false, "as listed")
	for _, f := range k.History().Files {
		assert.Equal(t, f, *report[historyName(f.Number)].History)
	}
	require.NoError(t, k.journal.Close())
}

func TestVerifyOfEveryVersion(t *testing.T) {
	stored, err := filepath.Glob(filepath.Join("testdata", "v*", "*"))
	require.NoError(t, err)
	for _, dir := range stored {
		copied := filepath.Join(t.TempDir(), "state")
		require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
		fsys, err := files.Open(copied, "the test")
		require.NoError(t, err)
		report, err := Verify(fsys)
		require.NoError(t, err)
		require.NoError(t, report.Err(), dir)
		require.NotEmpty(t, report.Files)
		require.NoError(t, fsys.Close())
	}
}

func TestVerifyFindsWhatChecksumsDoNot_F69(t *testing.T) {
	copyTo := func(d *filestest.Memory, from, to string) {
		content := d.Read(from)
		d.Edit(to, func([]byte) []byte { return content })
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, d *filestest.Memory)
		file  string
		want  string
	}{
		"a torn end": {func(_ *testing.T, d *filestest.Memory) {
			d.Edit(journalName(3), func(p []byte) []byte { return p[:len(p)-10] })
		}, "", ""},
		"missing history": {func(t *testing.T, d *filestest.Memory) {
			remove(t, d, historyName(3))
		}, historyName(3), "`00000000000000000003.history` is missing, which `00000000000000000003.snapshot` refers to"},
		"missing keys": {func(t *testing.T, d *filestest.Memory) {
			remove(t, d, keysName(1))
		}, keysName(1), "`00000000000000000001.keys` is missing, which `00000000000000000003.snapshot` refers to"},
		"missing journal": {func(t *testing.T, d *filestest.Memory) {
			remove(t, d, journalName(3))
		}, journalName(3), "`00000000000000000003.journal` is missing, which `00000000000000000003.snapshot` refers to"},
		"another history": {func(t *testing.T, d *filestest.Memory) {
			k := newKept(mounted(t, filestest.NewMemory()))
			require.NoError(t, k.begin(false))
			k.journal.numbers[historyKind] = 2
			f := mustWriteRows(t, k.journal, hourAt(1), nil)
			file, err := k.journal.fs.Open(historyName(f.Number))
			require.NoError(t, err)
			content := make([]byte, 1<<10)
			n, _ := file.Read(content)
			d.Edit(historyName(3), func([]byte) []byte { return content[:n] })
		}, historyName(3), "it is not what `00000000000000000003.snapshot` says"},
		"renamed history": {func(_ *testing.T, d *filestest.Memory) {
			copyTo(d, historyName(1), historyName(7))
		}, historyName(7), "it has number 1: was it renamed?"},
		"renamed keys": {func(_ *testing.T, d *filestest.Memory) {
			copyTo(d, keysName(1), keysName(7))
		}, keysName(7), "it has number 1: was it renamed?"},
		"other keys": {func(_ *testing.T, d *filestest.Memory) {
			d.Edit(keysName(1), withoutFrame(frameKeys))
		}, keysName(1), "it holds 0 keys of minute 0, `00000000000000000003.snapshot` says"},
		"the end of another history": {func(_ *testing.T, d *filestest.Memory) {
			day := d.Read(historyName(3))
			d.Edit(historyName(1), func(p []byte) []byte { return append(p[:lastFrame(p)], day[lastFrame(day):]...) })
		}, historyName(1), "rows are not what was written"},
		"renamed journal": {func(_ *testing.T, d *filestest.Memory) {
			copyTo(d, journalName(3), journalName(7))
		}, journalName(7), "it is of generation 3: was it renamed?"},
		"a missing commit": {func(_ *testing.T, d *filestest.Memory) {
			d.Edit(journalName(3), withoutFrame(frameCommit))
		}, journalName(3), "commit "},
		"a newer version": {func(_ *testing.T, d *filestest.Memory) {
			d.Edit(historyName(1), func(p []byte) []byte {
				p[len(historyMagic)]++
				return p
			})
		}, historyName(1), "use the build that wrote it"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := newSpecimen(t, false).disk
			c.spoil(t, disk)
			report := verified(t, disk)
			for name, f := range report {
				if name == c.file {
					require.ErrorContains(t, f.Err, c.want)
					continue
				}
				require.NoError(t, f.Err, name)
				require.Equal(t, c.file == "" && name == journalName(3), f.Torn > 0, name)
			}
			require.True(t, c.file == "" || report[c.file].Err != nil)
		})
	}
}

// A window that is on its way has to be there, until the journal says that it is done.
func TestVerifyMissesWindows_F69(t *testing.T) {
	for name, c := range map[string]struct{ listed, done bool }{
		"of the journal":                       {},
		"of the snapshot":                      {listed: true},
		"of the journal, which it is done by":  {done: true},
		"of the snapshot, done by its journal": {listed: true, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			disk := filestest.NewMemory()
			w, err := inMemory(t, disk)
			require.NoError(t, err)
			w.count("GET /a")
			window := w.mustCut(t)
			if c.listed {
				require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
			}
			if c.done {
				w.done()
			}
			require.NoError(t, w.journal.Close())
			for _, f := range verified(t, disk) {
				require.NoError(t, f.Err)
			}
			remove(t, disk, windowName(window.Number))
			report := verified(t, disk)
			f, missed := report[windowName(window.Number)]
			assert.Equal(t, !c.done, missed)
			if missed {
				require.ErrorContains(t, f.Err, "is missing")
			}
		})
	}
}

// lastFrame is where the last frame of a file begins.
func lastFrame(p []byte) (last int) {
	for at := preambleBytes; at < len(p); {
		last = at
		at += frameHead + (int(p[at]) | int(p[at+1])<<8)
	}
	return last
}

// withoutFrame takes out the first frame of a kind.
func withoutFrame(kind frameKind) func([]byte) []byte {
	return func(p []byte) []byte {
		for at := preambleBytes; ; {
			size := frameHead + (int(p[at]) | int(p[at+1])<<8)
			if frameKind(p[at+frameHead]) == kind {
				return append(p[:at], p[at+size:]...)
			}
			at += size
		}
	}
}
