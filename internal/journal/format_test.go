package journal

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
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
				assert.Equal(t, string(want), w.describe(version))
				require.NoError(t, w.journal.Close())

				again, err := open(dir, nil, layout)
				require.NoError(t, err, "rewritten in today's version")
				assert.Equal(t, string(want), again.describe(version))
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
	w.Tick(usage.Moment{Wall: int64(150 * time.Minute)})
	w.count("GET /retired")
	w.infer()
	w.Retire()
	w.BeginExpiry(usage.Moment{})
	w.count("GET /gone")
	w.count("GET /before")
	w.countedWith("GET /before", []uint64{1, 2, 3})()
	w.Tick(usage.Moment{Age: int64(2 * time.Minute)})
	w.fileKeys(t)
	w.countedWith("GET /before", []uint64{4, 5})()
	w.infer()
	w.mustCut(t)
	w.done()
	w.once(1)
	w.touch("a", usage.Started)
	w.touch("b", usage.Succeeded)
	w.touch("c", usage.Failed)
	w.hit(3, 500_000_000)
	w.fileHour(t)
	w.hit(3, 500_000_000)
	w.importSome(t)
	w.Reset(usage.Moment{}, usage.Scope{Attribute: usage.AttrEndpoint, Value: "GET /gone"})
	require.NoError(t, w.journal.Snapshot(time.Unix(0, 1), w))
	w.touch("a", usage.Succeeded)
	w.touch("b", usage.Ended)
	w.touch("d", usage.Succeeded)
	for w.Expire(usage.Moment{Age: int64(61 * time.Minute)}, engine.Taken{}) {
	}
	w.touch("e", usage.Started)
	w.Reset(usage.Moment{}, usage.Scope{Attribute: usage.AttrMeter, Value: "uploads"})
	w.hit(0, 250_000_000)
	for w.Expire(usage.Moment{Age: int64(101 * time.Minute)}, engine.Taken{Seq: math.MaxUint64}) {
	}
	w.count("GET /before")
	w.countedWith("GET /after", []uint64{6})()
	w.mustCut(t)
	w.take("metrics/a", 1)
	w.journal.Tick(usage.Moment{Wall: 1e18})
	w.infer()
	w.once(2)
	require.NoError(t, w.journal.Flush())
	want := w.describe(FormatVersion)
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
	g, _ := b.Group(k.Bytes(), 7200, 0)
	b.Add(usage.Record{
		Group: g, Duration: 2e9, Bucket: w.layout.Bucket(2e9), RequestBytes: 10, ResponseBytes: 20, Outcome: usage.Throttled,
		Inference: b.AddInference(usage.Inference{
			Tokens: [usage.TokenTypes]int64{1, 2, 3, 4, 5}, TimeToFirstToken: 1e6, Bucket: w.layout.Bucket(1e6),
		}),
	}, 0)
	b.Ledger[usage.SkippedNested]++
	w.Commit(b, usage.Moment{})
}

// once commits calls and data points that leave something of every kind behind:
// choices, calls, streams, spreads, costs, and what is owed.
func (w *world) once(round int64) {
	b := usage.NewBatch(w.hasher)
	addOnce(b, w.schemas.Intern(usage.Provider, usage.BaseNames(usage.Provider)), round)
	w.Commit(b, usage.Moment{})
}

func addOnce(b *usage.Batch, providers *usage.Schema, round int64) {
	var k usage.KeyBuilder
	k.Set(providers, []string{"app", "openai", usage.GenAI, "gpt-5", "chat"})
	source := b.Source(usage.AppendSource(nil, usage.Provider, "gen_ai", "tlm", "app"), usage.Rank(10-round))
	g, _ := b.Group(k.Bytes(), 7200, source)
	call := b.AddInference(usage.Inference{
		Tokens: [usage.TokenTypes]int64{usage.Input: round}, TimeToFirstToken: -1, Cost: 7, CostSource: usage.CostPriced,
	})
	n := uint64(round)
	b.AddCall(b.Add(usage.Record{Group: g, Bucket: 2, Inference: call}, 0), usage.Call{Self: 100 + n, Parent: 200 + n, Twin: 300 + n, Start: round, End: round + 5})
	add := func(a usage.Amount) { b.Add(usage.Record{Group: g, Amount: b.AddAmount(a)}, 0) }
	add(usage.Amount{
		Value:  usage.Value{Sum: round * 1e9, Count: round, Spread: []usage.BucketCount{{Bucket: 1, Count: round}}},
		Stream: 1, Start: 1e18, Time: 1e18 + round, Calls: true, Field: usage.FieldDuration,
	})
	add(usage.Amount{
		Value:  usage.Value{Sum: round * 1e9, Count: round, Spread: []usage.BucketCount{{Bucket: 2, Count: round}}},
		Stream: 2, Start: 1e18, Time: 1e18 + round, Field: usage.FieldTimeToFirstToken,
	})
	add(usage.Amount{Value: usage.Value{Sum: 40 * round}, Field: usage.FieldTokens + usage.Field(usage.CacheRead), Part: true, Rate: 1e6})
	add(usage.Amount{Value: usage.Value{Sum: 3 * round}, Stream: 3, Time: round, Field: usage.FieldCostReported})
}

// describe prints everything that recovery has to bring back of a version.
func (w *world) describe(version int) string {
	var b strings.Builder
	for _, r := range w.rows() {
		fmt.Fprintf(&b, "%d %s %q start=%d seq=%d\n  %s\n  durations %+v\n  first tokens %+v\n",
			r.Slot, r.Schema.Kind, r.Values, r.Start, r.Seq, describeMeasures(&r.Measures), r.Durations, r.FirstTokens)
		if r.Reported != nil {
			fmt.Fprintf(&b, "  reported %s\n", describeReported(r.Reported))
		}
	}
	retired, _ := w.Retired(nil, 0, 1<<10)
	for _, r := range retired {
		fmt.Fprintf(&b, "retired %s %q\n  %s\n", r.Schema.Kind, r.Values, describeMeasures(&r.Measures))
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
	b.WriteString("\n")
	if version > 2 {
		w.describeOnce(&b)
	}
	if version > 3 {
		w.describeSessions(&b)
	}
	if version > 4 {
		w.describeHistory(&b)
	}
	return b.String()
}

// describeSessions prints when series last changed, and active sessions.
func (w *world) describeSessions(b *strings.Builder) {
	for _, r := range w.rows() {
		fmt.Fprintf(b, "%d touched=%d\n", r.Slot, r.Touched)
	}
	for _, s := range sessionsOf(w.Engine) {
		fmt.Fprintf(b, "%+v\n", s)
	}
	fmt.Fprintf(b, "slots=%d\n", w.Totals().Slots)
}

// sessionsOf are all active sessions, by owner and ID.
func sessionsOf(e *engine.Engine) []usage.Session {
	list, _, _ := e.Sessions(nil, 0, math.MaxInt32)
	slices.SortFunc(list, func(a, b usage.Session) int { return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.ID, b.ID)) })
	return list
}

// touch commits what a record tells of a session.
func (w *world) touch(id string, activity usage.Activity) {
	var k usage.KeyBuilder
	k.Set(w.schemas.Intern(usage.Sessions, usage.OwnerNames(usage.Provider)), []string{"provider", "openai"})
	b := usage.NewBatch(w.hasher)
	n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
	b.Touch(n, k.Bytes(), []byte(id), usage.Touch{Activity: activity, First: 1e18, Last: 1e18 + 5e9})
	w.Commit(b, usage.Moment{})
}

// hit commits a record that only a meter of the user's own counts.
func (w *world) hit(whole, parts int64) {
	var k usage.KeyBuilder
	k.Set(w.schemas.Intern(usage.Own, append(usage.BaseNames(usage.Own), "tenant.id")), []string{"uploads", "By", "acme"})
	b := usage.NewBatch(w.hasher)
	n := b.Add(usage.Record{Group: usage.NoGroup, Bucket: usage.NoBucket}, 0)
	g, _ := b.Group(k.Bytes(), 3600, 0)
	b.Hit(n, g, whole, parts)
	w.Commit(b, usage.Moment{})
}

// describeMeasures prints what version 1 had, and of what came later what there
// is: the files of old versions have to read as they did.
func describeMeasures(m *usage.Measures) string {
	old := struct {
		Requests                              [usage.Outcomes]int64
		Duration, RequestBytes, ResponseBytes int64
		Tokens                                [usage.TokenTypes]int64
		TimeToFirstToken                      int64
	}{m.Requests, m.Duration, m.RequestBytes, m.ResponseBytes, m.Tokens, m.TimeToFirstToken}
	text := fmt.Sprintf("%+v", old)
	fields := m.Fields()
	for f := usage.FieldCostReported; int(f) < usage.FieldCount; f++ {
		if n := *fields[f]; n != 0 {
			text += fmt.Sprintf(" %d:%d", f, n)
		}
	}
	return text
}

func describeReported(r *usage.Reported) string {
	until := r.Until[:]
	for len(until) > int(usage.FieldCostReported) && until[len(until)-1] == 0 {
		until = until[:len(until)-1]
	}
	return fmt.Sprintf("{Seq:%d Measures:%s Durations:%+v FirstTokens:%+v Until:%v}",
		r.Seq, describeMeasures(&r.Measures), r.Durations, r.FirstTokens, until)
}

// describeOnce prints what makes one call count once.
func (w *world) describeOnce(b *strings.Builder) {
	choices, _ := w.Choices(nil, 0, 1<<20)
	calls, _, _ := w.Calls(nil, 0, 1<<20)
	totals := w.Totals()
	fmt.Fprintf(b, "choices %q\ncalls %+v\nstreams since %d, forgotten %d\n", choices, calls, totals.Since, totals.Forgotten)
	for _, s := range streamsOf(w.Engine) {
		fmt.Fprintf(b, "  %+v\n", s)
	}
}

// streamsOf are all streams, in the order in which they would be forgotten.
func streamsOf(e *engine.Engine) []usage.Stream {
	list, _, _ := e.Streams(nil, 0, math.MaxInt32)
	slices.SortFunc(list, func(a, b usage.Stream) int { return cmp.Compare(a.Touched, b.Touched) })
	for i := range list {
		list[i].Touched = 0 // numbers do not stay, their order does
	}
	return list
}
