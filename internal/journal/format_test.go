package journal

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// record writes testdata/vN anew, for the version that this build writes. The
// files of older versions are never written again: they are what is out there.
var record = flag.Bool("record", false, "write the state files of the current format version")

const wantName = "want.txt"

// layouts are the two that a state directory can have.
func layouts() map[string]*usage.Layout {
	return map[string]*usage.Layout{
		"exponential": usage.ExponentialLayout(),
		"explicit":    usage.ExplicitLayout([]time.Duration{time.Millisecond, time.Second}),
	}
}

// TestEveryFormatVersionLoads reads the state files that builds of every format
// version have written, and requires what those builds had counted.
func TestEveryFormatVersionLoads_A_R13(t *testing.T) {
	if *record {
		for name, layout := range layouts() {
			recordState(t, filepath.Join("testdata", fmt.Sprintf("v%d", FormatVersion), name), layout)
		}
	}
	for version := 1; version <= FormatVersion; version++ {
		for name, layout := range layouts() {
			stored := filepath.Join("testdata", fmt.Sprintf("v%d", version), name)
			t.Run(stored, func(t *testing.T) {
				want, err := os.ReadFile(filepath.Join(stored, wantName))
				require.NoError(t, err)
				dir := t.TempDir()
				require.NoError(t, os.CopyFS(dir, os.DirFS(stored)))
				w, err := open(dir, nil, layout)
				require.NoError(t, err)
				assert.Equal(t, string(want), w.describe())
				require.NoError(t, w.journal.Close())

				again, err := open(dir, nil, layout)
				require.NoError(t, err, "rewritten in today's version")
				assert.Equal(t, string(want), again.describe())
				require.NoError(t, again.journal.Close())
			})
		}
	}
}

// recordState leaves a directory as a killed process does: a snapshot, and
// commits behind it.
func recordState(t *testing.T, dir string, layout *usage.Layout) {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	w, err := open(dir, nil, layout)
	require.NoError(t, err)
	w.count("GET /retired")
	w.Retire()
	w.count("GET /before")
	w.countedWith("GET /before", []uint64{1, 2, 3})()
	w.Tick(usage.Moment{Age: int64(2 * time.Minute)})
	w.fileKeys(t)
	w.countedWith("GET /before", []uint64{4, 5})()
	w.infer()
	w.mustCut(t)
	w.done()
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	w.count("GET /before")
	w.countedWith("GET /after", []uint64{6})()
	w.mustCut(t)
	w.take("metrics/a", 1)
	w.journal.Tick(usage.Moment{Wall: 1e18})
	w.infer()
	require.NoError(t, w.journal.Flush())
	want := w.describe()
	require.NoError(t, w.journal.Close())
	require.NoError(t, os.Remove(filepath.Join(dir, "lock")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, wantName), []byte(want), 0o600))
}

// fileKeys gives the dedup keys of the minutes that are over a file.
func (w *world) fileKeys(t *testing.T) {
	t.Helper()
	keys := w.UnfiledKeys()
	require.NotNil(t, keys)
	file, err := w.journal.WriteKeys(keys.Minute(), keys.Keys())
	require.NoError(t, err)
	w.FileKeys(keys, file.Number)
}

// infer commits one inference call that reports everything.
func (w *world) infer() {
	var k usage.KeyBuilder
	k.Reset(w.schemas.Intern(usage.Provider, append(usage.BaseNames(usage.Provider), "tenant.id")))
	for _, v := range []string{"app", "openai", usage.GenAI, "gpt-5", "chat", "acme"} {
		k.Value(v)
	}
	b := usage.NewBatch(w.hasher)
	g, _ := b.Group(k.Bytes(), 7200)
	b.Add(usage.Record{
		Group: g, Duration: 2e9, Bucket: w.layout.Bucket(2e9), RequestBytes: 10, ResponseBytes: 20, Outcome: usage.Throttled,
		Inference: b.AddInference(usage.Inference{
			Tokens: [usage.TokenTypes]int64{1, 2, 3, 4, 5}, TimeToFirstToken: 1e6, Bucket: w.layout.Bucket(1e6),
		}),
	}, 0)
	b.Ledger[usage.SkippedNested]++
	w.Commit(b, usage.Moment{})
}

// describe prints everything that recovery has to bring back.
func (w *world) describe() string {
	var b strings.Builder
	for _, r := range w.rows() {
		fmt.Fprintf(&b, "%d %s %q start=%d seq=%d\n  %+v\n  durations %+v\n  first tokens %+v\n",
			r.Slot, r.Schema.Kind, r.Values, r.Start, r.Seq, r.Measures, r.Durations, r.FirstTokens)
		if r.Reported != nil {
			fmt.Fprintf(&b, "  reported %+v\n", *r.Reported)
		}
	}
	retired, _ := w.Retired(nil, 0, 1<<10)
	for _, r := range retired {
		fmt.Fprintf(&b, "retired %s %q\n  %+v\n", r.Schema.Kind, r.Values, r.Measures)
	}
	if keys := w.DedupStats(); keys.Keys > 0 {
		fmt.Fprintf(&b, "%d dedup keys in minute %d, files %v\n", keys.Keys, keys.Minute, w.KeyFiles())
	}
	totals := w.Totals()
	fmt.Fprintf(&b, "seq=%d", totals.Seq)
	for signal, ledger := range totals.Ledgers {
		for v, n := range ledger {
			if v := usage.Verdict(v); n > 0 {
				fmt.Fprintf(&b, " %s/%s/%s=%d", usage.Signal(signal), v.Result(), v.Reason(), n)
			}
		}
	}
	if totals.Window.Number > 0 {
		fmt.Fprintf(&b, " window=%+v", totals.Window)
	}
	return b.String() + "\n"
}
