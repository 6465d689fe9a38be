package meter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// busyWeek lets a meter count over days, with series that end.
func busyWeek(b *historyBench) {
	for hour := range 24 * 5 {
		b.serve("a", 1+hour%3)
		if hour%5 == 0 {
			b.serve(fmt.Sprintf("rare%d", hour%2), 2)
		}
		time.Sleep(time.Hour)
	}
	b.serve("a", 1)
	time.Sleep(time.Minute)
}

func shortLived(o *Options) { o.Retention, o.ExportInterval = 2*time.Hour, 10*time.Minute }

// A-F27: an empty meter that imports a document has what its writer has, by hour and day
// too, and it stays.
func TestExportImport_A_F27(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newHistoryBench(t, shortLived)
		busyWeek(a)
		document := a.export()
		require.True(t, json.Valid([]byte(document)))
		b := newHistoryBench(t)
		merged := b.mustImport(document)
		assert.Positive(t, merged.Added)
		assert.Zero(t, merged.Skipped)
		same := func() {
			assert.Equal(t, countedOf(a.engine), countedOf(b.engine))
			assert.Equal(t, a.hours(), b.hours())
			assert.Equal(t, a.days(), b.days())
			b.checkBalance()
		}
		same()
		assert.Empty(t, b.engine.Stats().Series, "nothing of it is exported")
		b.die()
		b.start()
		same()
		days := a.days()
		a.stop()
		time.Sleep(50 * time.Hour) // all days are over
		b.checkBalance()
		assert.Equal(t, days, b.days())
		b.stop()
	})
}

// A-F28: what was imported counts once, however often it is; a later document adds what is
// new in it, where it is new.
func TestImportAgain_A_F28(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newHistoryBench(t, shortLived), newHistoryBench(t)
		for round := range 4 {
			for hour := range 30 {
				a.serve("a", 1)
				if hour%8 == 0 {
					a.serve("b", 1)
				}
				b.serve("own", 1)
				time.Sleep(time.Hour)
			}
			document := a.export()
			first := b.mustImport(document)
			assert.Positive(t, first.Added)
			files := b.historyFiles()
			again := b.mustImport(document)
			assert.Equal(t, Merged{Skipped: first.Added + first.Skipped}, again)
			assert.Equal(t, files, b.historyFiles())
			assert.Equal(t, a.counted()+int64(30*(round+1)), b.counted())
			want := a.days()
			want["own"] = b.days()["own"]
			assert.Equal(t, want, b.days())
			b.checkBalance()
			b.die()
			b.start()
			assert.Equal(t, again, b.mustImport(document), "over restarts, too")
		}
		assert.Equal(t, Merged{Skipped: 1}, b.mustImport(onlyOwn(t, b.export())), "of its own writer")
		a.stop()
		b.stop()
	})
}

// onlyOwn leaves the first row of a document, with numbers that are too large.
func onlyOwn(t *testing.T, document string) string {
	t.Helper()
	var d map[string]any
	require.NoError(t, json.Unmarshal([]byte(document), &d))
	return fmt.Sprintf(`{"version":1,"writer":%q,"usage":{"series":[%s]}}`, d["writer"], row("a", 1<<40))
}

func row(route string, requests int64) string {
	return fmt.Sprintf(`{"kind":"endpoint","attributes":{"usage.service":"s","usage.protocol":"http","usage.endpoint":%q},"measures":{"requests.success":%d}}`, route, requests)
}

// Without persistence, what is imported is in memory.
func TestImportIntoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newHistoryBench(t), newHistoryBench(t, inMemoryOnly)
		for range 60 {
			a.serve("a", 1)
			b.serve("b", 1)
			time.Sleep(time.Hour)
		}
		b.mustImport(a.export())
		assert.Equal(t, int64(120), b.counted())
		assert.InDelta(t, 48, len(b.hours()["a"]), 1)
		b.checkBalance()
		assert.Zero(t, b.mustImport(a.export()).Added)
		time.Sleep(50 * time.Hour)
		assert.Empty(t, b.hours())
		assert.Equal(t, int64(120), b.gone())
		b.checkBalance()
		a.stop()
		b.stop()
	})
}

// A document without a writer is known by its content.
func TestImportWithoutWriter(t *testing.T) {
	b := newHistoryBench(t)
	document := `{"version":1,"usage":{"series":[` + row("a", 3) + `]}}`
	assert.Equal(t, Merged{Added: 1}, b.mustImport(document))
	assert.Equal(t, Merged{Skipped: 1}, b.mustImport(document))
	assert.Equal(t, Merged{Added: 1}, b.mustImport(document+"\n"), "another one")
	assert.Equal(t, int64(6), b.counted())
	b.checkBalance()
	b.stop()
}

// Of a document without a writer one mark is kept, however many series it has.
func TestImportWithoutWriterKeepsOneMark(t *testing.T) {
	b := newHistoryBench(t)
	for n := range 3 {
		b.mustImport(`{"version":1,"usage":{"series":[` + row("a", 3) + "," + row("b", 3) + "," + row(fmt.Sprint(n), 1) + `]}}`)
	}
	list, _ := b.engine.Imported(nil, 0, 10)
	assert.Len(t, list, 3)
	assert.Equal(t, int64(21), b.counted())
	b.stop()
}

// What is known of other writers is kept for ever: there is no room for any number.
func TestImportIsBounded(t *testing.T) {
	const most = 4 * 10
	b := newHistoryBench(t, func(o *Options) { o.MaxSeries = 10 })
	document := func(writer string, series int) string {
		var rows []string
		for n := range series {
			rows = append(rows, row(fmt.Sprint(n), 1))
		}
		return `{"version":1,"writer":"` + writer + `","usage":{"series":[` + strings.Join(rows, ",") + `]}}`
	}
	b.mustImport(document("w", most-1))
	b.mustImport(document("w", most))
	_, err := b.Import(strings.NewReader(document("v", 1)))
	require.ErrorIs(t, err, ErrInput)
	require.ErrorContains(t, err, "`limits.max_series`")
	assert.Equal(t, int64(most), b.counted())
	assert.Equal(t, Merged{Skipped: most}, b.mustImport(document("w", most)), "what is known needs none")
	b.stop()
}

// Usage never counts twice that came by two ways.
func TestImportOfWhatIsHere(t *testing.T) {
	c, b, a := newHistoryBench(t), newHistoryBench(t), newHistoryBench(t)
	for _, bench := range []*historyBench{a, b, c} {
		bench.serve("a", 1)
	}
	ofA := a.export()
	b.mustImport(ofA)
	ofB := b.export()
	refused := func(into *historyBench, document string) {
		t.Helper()
		before := into.export()
		_, err := into.Import(strings.NewReader(document))
		require.ErrorIs(t, err, ErrInput)
		assert.ErrorContains(t, err, "would count twice")
		assert.JSONEq(t, before, into.export())
	}
	refused(a, ofB) // has a's own
	c.mustImport(ofB)
	refused(c, ofA) // is in b's
	assert.Zero(t, c.mustImport(ofB).Added)
	d := newHistoryBench(t)
	d.mustImport(ofA)
	refused(d, ofB)
	assert.Equal(t, int64(3), c.counted())
	for _, bench := range []*historyBench{a, b, c, d} {
		bench.checkBalance()
		bench.stop()
	}
}

// A-F28: what cannot be a document is refused, with the reason, and changes nothing.
func TestImportRefuses_A_F28(t *testing.T) {
	series := func(rows string) string { return `{"version":1,"usage":{"series":[` + rows + `]}}` }
	history := func(bucket string) string { return `{"version":1,"usage":{"history":[` + bucket + `]}}` }
	for name, c := range map[string]struct{ document, reason string }{
		"nothing":             {``, "invalid json: EOF"},
		"no json":             {`usage`, "invalid json: "},
		"a list":              {`[]`, "invalid json: "},
		"torn":                {series(row("a", 1))[:60], "invalid json: "},
		"more":                {series(row("a", 1)) + `{}`, "invalid json: something follows the document"},
		"no version":          {`{"usage":{}}`, "unsupported version: none"},
		"version 0":           {`{"version":0}`, "unsupported version: 0"},
		"version 2":           {`{"version":2,"usage":{"series":[` + row("a", 1) + `]}}`, "unsupported version: 2"},
		"version of text":     {`{"version":"one"}`, "invalid json: "},
		"unknown key":         {`{"version":1,"more":1}`, "invalid json: unknown key `more`"},
		"unknown part":        {`{"version":1,"usage":{"more":[]}}`, "invalid json: unknown key `more` of `usage`"},
		"twice":               {`{"version":1,"version":1}`, "invalid json: `version` is there twice"},
		"writer":              {`{"version":1,"writer":"a b"}`, "`a b` is not the name of a writer"},
		"negative":            {series(row("a", -1)), "`requests.success` is -1: numbers from 0 on are accepted"},
		"huge":                {series(strings.Replace(row("a", 1), ":1}", ":9223372036854775808}", 1)), "invalid json: "},
		"huger":               {series(strings.Replace(row("a", 1), ":1}", ":1e400}", 1)), "invalid json: "},
		"a fraction":          {series(strings.Replace(row("a", 1), ":1}", ":1.5}", 1)), "invalid json: "},
		"not a number":        {series(strings.Replace(row("a", 1), ":1}", ":NaN}", 1)), "invalid json: "},
		"unknown measure":     {series(strings.Replace(row("a", 1), "requests.success", "requests.lost", 1)), "unknown measure `requests.lost`"},
		"empty measure":       {series(strings.Replace(row("a", 1), "requests.success", "", 1)), "unknown measure ``"},
		"unknown kind":        {series(`{"kind":"host","attributes":{},"measures":{}}`), "unknown kind `host`"},
		"no service":          {series(`{"kind":"endpoint","attributes":{"usage.protocol":"http","usage.endpoint":"/"},"measures":{}}`), "a row of kind `endpoint` has no `usage.service`"},
		"more than overflow":  {series(`{"kind":"endpoint","attributes":{"otel.metric.overflow":"true","a":"b"},"measures":{}}`), "attributes that it cannot have"},
		"sessions of more":    {series(`{"kind":"session","attributes":{"usage.kind":"provider","usage.provider":"p","a":"b"},"measures":{}}`), "attributes that it cannot have"},
		"long value":          {series(row(strings.Repeat("a", usage.LongestValue+1), 1)), "longer than 4096 bytes"},
		"unknown row key":     {series(`{"kind":"endpoint","more":1}`), "invalid json: "},
		"week":                {history(`{"granularity":"week","start":900,"end":1800,"rows":[]}`), "unknown granularity `week`"},
		"rows first":          {history(`{"rows":[],"granularity":"hour","start":900,"end":1800}`), "unknown granularity ``"},
		"hour of two":         {history(`{"granularity":"hour","start":3600,"end":10800,"rows":[]}`), "3600 to 10800 is no hour"},
		"hour that ends":      {history(`{"granularity":"hour","start":3600,"end":3600,"rows":[]}`), "3600 to 3600 is no hour"},
		"hour without minute": {history(`{"granularity":"hour","start":3601,"end":7200,"rows":[]}`), "3601 to 7200 is no hour"},
		"day of two":          {history(`{"granularity":"day","start":86400,"end":259200,"rows":[]}`), "86400 to 259200 is no day"},
		"day to come":         {history(`{"granularity":"day","start":32503680000,"end":32503766400,"rows":[]}`), "is not one of the past"},
		"rolled day":          {history(`{"granularity":"day","start":86400,"end":172800,"rolled":true,"rows":[]}`), "only hours are rolled"},
		"hours of history":    {history(`{"granularity":"hour","start":3600,"end":7200,"rows":[{"kind":"endpoint","attributes":{"usage.service":"s","usage.protocol":"http","usage.endpoint":"a"},"hours":[{"start":3600,"end":7200}]}]}`), "have no `hours`"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newHistoryBench(t, inMemoryOnly)
			b.serve("a", 1)
			before := b.export()
			merged, err := b.Import(strings.NewReader(c.document))
			require.ErrorIs(t, err, ErrInput)
			require.ErrorContains(t, err, c.reason)
			assert.Zero(t, merged)
			assert.Equal(t, withoutTime(before), withoutTime(b.export()))
			b.stop()
		})
	}
}

func withoutTime(document string) string {
	_, rest, _ := strings.Cut(document, "writer")
	return rest
}

// What cannot be read is no fault of the document's.
func TestImportOfBrokenStream_A_F28(t *testing.T) {
	b := newHistoryBench(t, inMemoryOnly)
	broken := errors.New("connection reset")
	document := `{"version":1,"usage":{"series":[` + row("a", 3)
	_, err := b.Import(iotest.TimeoutReader(strings.NewReader(document)))
	require.ErrorIs(t, err, iotest.ErrTimeout)
	require.NotErrorIs(t, err, ErrInput)
	_, err = b.Import(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	assert.Zero(t, b.counted())
	b.stop()
}

// Numbers that are too large together stop at the largest.
func TestImportSaturates(t *testing.T) {
	b := newHistoryBench(t)
	for n := range 3 {
		b.mustImport(fmt.Sprintf(`{"version":1,"writer":"w%d","usage":{"series":[%s]}}`, n, row("a", math.MaxInt64-10)))
	}
	assert.Equal(t, int64(math.MaxInt64), b.counted())
	b.stop()
	b.start()
	assert.Equal(t, int64(math.MaxInt64), b.counted())
	b.stop()
}

// A document whose history does not fit its series changes no totals.
func TestImportOfOddHistory(t *testing.T) {
	const day = 946684800 + 38*86400 // two days before the test begins
	bucket := func(granularity string, start, end int64, rolled bool, rows ...string) string {
		return fmt.Sprintf(`{"granularity":%q,"start":%d,"end":%d,"rolled":%t,"rows":[%s]}`, granularity, start, end, rolled, strings.Join(rows, ","))
	}
	document := func(series string, buckets ...string) string {
		return `{"version":1,"usage":{"series":[` + series + `],"history":[` + strings.Join(buckets, ",") + `]}}`
	}
	hour := bucket("hour", day+3600, day+7200, false, row("a", 3))
	for name, c := range map[string]struct {
		document           string
		total, gone, dated int64
	}{
		"more than the series":        {document(row("a", 5), bucket("day", day, day+86400, false, row("a", 9))), 5, 0, 5},
		"less":                        {document(row("a", 5), bucket("day", day, day+86400, false, row("a", 2))), 5, 3, 2},
		"of another series":           {document(row("a", 5), bucket("day", day, day+86400, false, row("b", 2))), 5, 5, 0},
		"rolled into nothing":         {document(row("a", 5), bucket("hour", day, day+3600, true, row("a", 5))), 5, 5, 0},
		"an hour beside its day":      {document(row("a", 5), hour, bucket("day", day, day+86400, false, row("a", 2))), 5, 0, 5},
		"the same day twice":          {document(row("a", 5), bucket("day", day, day+86400, false, row("a", 2)), bucket("day", day, day+86400, false, row("a", 2))), 5, 1, 4},
		"the same row twice":          {document(row("a", 2)+","+row("a", 3), bucket("day", day, day+86400, false, row("a", 2), row("a", 3))), 5, 0, 5},
		"a day that is too old":       {document(row("a", 5), bucket("day", day-30*86400, day-29*86400, false, row("a", 2))), 5, 5, 0},
		"an hour that is too old":     {document(row("a", 5), bucket("hour", day-10*86400, day-10*86400+3600, false, row("a", 2))), 5, 3, 2},
		"half an hour of the present": {document(row("a", 5), bucket("hour", day+2*86400, day+2*86400+1800, false, row("a", 2))), 5, 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sleepUntil(time.Unix(day+2*86400, 0))
				b := newHistoryBench(t, kept(3*24*time.Hour, 20*24*time.Hour))
				b.mustImport(c.document)
				b.mustImport(c.document)
				for range 3 {
					assert.Equal(t, c.total, b.counted())
					assert.Equal(t, c.gone, b.gone())
					assert.Equal(t, c.dated, sumOf(b.days()))
					b.checkBalance()
					time.Sleep(30 * time.Hour)
				}
				b.stop()
			})
		})
	}
}

func sumOf(history map[string]map[int64]int64) (sum int64) {
	for _, buckets := range history {
		for _, n := range buckets {
			sum += n
		}
	}
	return sum
}

// A disk that fails lets an import fail: when it can be repeated, it takes effect once.
func TestImportOnFailingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newHistoryBench(t)
		for range 60 {
			a.serve("a", 1)
			time.Sleep(time.Hour)
		}
		document := a.export()
		for operation := 1; ; operation++ {
			b := newHistoryBench(t)
			b.serve("b", 1)
			b.disk.FailAt(b.disk.Ops()+operation, false)
			_, err := b.Import(strings.NewReader(document))
			b.disk.Heal()
			b.checkBalance()
			time.Sleep(3 * time.Minute)
			b.mustImport(document)
			assert.Equal(t, int64(61), b.counted())
			b.die()
			b.start()
			assert.Equal(t, int64(61), b.counted(), "what was answered is durable")
			b.checkBalance()
			want := a.days()
			want["b"] = b.days()["b"]
			assert.Equal(t, want, b.days())
			b.stop()
			if err == nil || operation > 2000 || t.Failed() {
				assert.Greater(t, operation, 100)
				break
			}
			operation += operation / 20
		}
		a.stop()
	})
}

// FuzzImport reads anything: it is refused, or it is in the totals once.
func FuzzImport(f *testing.F) {
	f.Fuzz(func(t *testing.T, document []byte) {
		m := &Meter{engine: engine.New(engine.Options{Schemas: &usage.Schemas{}, Hasher: usage.NewHasher(), Layout: usage.ExponentialLayout()})}
		first, err := m.Import(bytes.NewReader(document))
		counted := countedOf(m.engine)
		if err != nil {
			require.ErrorIs(t, err, ErrInput)
			require.Equal(t, sums{}, counted)
			return
		}
		again, err := m.Import(bytes.NewReader(document))
		require.NoError(t, err)
		require.Equal(t, Merged{Skipped: first.Added + first.Skipped}, again)
		require.Equal(t, counted, countedOf(m.engine))
		var out bytes.Buffer
		require.NoError(t, m.Export(&out))
		require.True(t, json.Valid(out.Bytes()))
	})
}
