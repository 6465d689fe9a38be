package usageprocessor

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap/zapcore"
)

const email = "ada.lovelace@example.com"

// hashesEmail meters by a user whose name nobody is to read.
func hashesEmail(c *Config) {
	hashed := []DimensionConfig{{Name: "user.email", Hash: true}}
	c.Endpoints.Dimensions, c.Providers.Dimensions = hashed, hashed
	c.Meters = []MeterConfig{{Name: "mails", Signal: "traces", Condition: "true", Dimensions: hashed}}
}

// servedFor is a request of that user; the ID of the span is given.
func servedFor(t *testing.T, in processor.Traces, ids *spanIDs) {
	t.Helper()
	td := ids.served("/mail", 2)
	list := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	list.At(0).Attributes().PutStr("user.email", email)
	list.At(1).Attributes().PutStr("user.email", email)
	list.At(1).SetSpanID([8]byte{}) // without a dedup key of its own
	require.NoError(t, in.ConsumeTraces(t.Context(), td))
}

// hashesIn are the values of the dimension in what was exported.
func hashesIn(t *testing.T, exported []pmetric.Metrics) map[string]int64 {
	t.Helper()
	hashes := map[string]int64{}
	for _, md := range exported {
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		assert.NotContains(t, string(text), email)
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != "usage.endpoint.requests" && m.Name() != "usage.meter.mails.count" {
				continue
			}
			for _, p := range m.Sum().DataPoints().All() {
				v, _ := p.Attributes().Get("user.email")
				assert.Contains(t, []int64{0, p.IntValue()}, hashes[v.Str()], "the same hash in all kinds of series")
				hashes[v.Str()] = p.IntValue()
			}
		}
	}
	return hashes
}

// What a hashed dimension says is in no file, no export and no log. With
// persistence its hash survives a restart; without, every start has another one.
func TestHashedDimensions(t *testing.T) {
	var ids spanIDs
	run := func(change ...func(*Config)) (hashes map[string]int64) {
		r := newRig(t, "hashed", append(change, hashesEmail)...)
		sink := new(consumertest.MetricsSink)
		exit, in := r.metrics(sink), r.startTraces()
		r.start(exit)
		servedFor(t, in, &ids)
		r.shutdown(in, exit)
		for _, entry := range r.logs.All() {
			text, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "m"}).EncodeEntry(entry.Entry, entry.Context)
			require.NoError(t, err)
			assert.NotContains(t, text.String(), email)
		}
		return hashesIn(t, sink.AllMetrics())
	}
	dir := t.TempDir()
	first := run(keptIn(dir, durabilityWrite))
	require.Len(t, first, 1)
	for hash, n := range first {
		assert.Equal(t, int64(2), n)
		assert.Regexp(t, "^[0-9a-f]{32}$", hash)
		assert.Equal(t, map[string]int64{hash: 4}, run(keptIn(dir, durabilityWrite)), "after a restart")
		assert.Equal(t, map[string]int64{hash: 6}, run(keptIn(dir, durabilityInterval)), "after another one")
		assert.NotContains(t, run(keptIn(t.TempDir(), durabilityWrite)), hash, "of another state")
		assert.NotContains(t, run(), hash, "without a state")
	}
	found := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if info, statErr := os.Stat(path); err != nil || statErr != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		assert.NotContains(t, string(content), email, path)
		assert.NotContains(t, string(content), "lovelace", path)
		found += strings.Count(string(content), "user.email")
		return err
	}))
	assert.Positive(t, found, "the files that were read are those with the series")
}

// Exports survive being written as JSON and read again, whatever names are made of.
func TestNamesSurviveJSON_X_14(t *testing.T) {
	r := newRig(t, "names", func(c *Config) {
		c.Limits.MaxValueLength = minValueLength
		c.Endpoints.Dimensions = []DimensionConfig{{Name: "d"}}
	})
	sink := new(consumertest.MetricsSink)
	exit, in := r.metrics(sink), r.startTraces()
	r.start(exit)
	values := []string{"\x00\x01\x1f\x7f\"\\\r\n\t", "a\xff\xfeb", "\xed\xa0\x80", strings.Repeat("é\x00", 20), "\u2028</script>\U0001F600"}
	var ids spanIDs
	td := ids.served("/a", len(values))
	for i, v := range values {
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(i).Attributes().PutStr("d", v)
	}
	require.NoError(t, in.ConsumeTraces(t.Context(), td))
	r.shutdown(in, exit)
	require.NotEmpty(t, sink.AllMetrics())
	seen := map[string]bool{}
	for _, md := range sink.AllMetrics() {
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		require.NoError(t, err)
		again, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(text)
		require.NoError(t, err)
		assert.Equal(t, md, again)
		for _, p := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().All() {
			v, _ := p.Attributes().Get("d")
			seen[v.Str()] = true
		}
	}
	for _, want := range []string{values[0], "a\uFFFDb", "\uFFFD", "\u2028</script>\U0001F600"} {
		assert.Contains(t, seen, want)
	}
	assert.Len(t, seen, len(values))
}
