package usageextension

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// counted is what a processor has counted, without what only live series know.
func counted(t *testing.T, b *bench, processor string) map[string]any {
	t.Helper()
	got := b.get(prefix + "/usage?processor=" + processor)
	require.Equal(t, http.StatusOK, got.status, got.body)
	counted := got.at(t, "usage").(map[string]any)
	for _, endpoints := range counted["endpoints"].(map[string]any) {
		for _, e := range endpoints.(map[string]any) {
			delete(e.(map[string]any), "last_seen")
		}
	}
	return counted
}

func TestExportAndImport_A_F27_A_F28(t *testing.T) {
	b := start(t)
	shop(t, b.open("usage/a", kept(t, t.TempDir())))
	b.open("usage/b", kept(t, t.TempDir()))
	doc := b.get(prefix + "/usage/export?processor=usage/a")
	require.Equal(t, http.StatusOK, doc.status, doc.body)
	assert.InDelta(t, 1, doc.number(t, "version"), 0)
	assert.NotEmpty(t, doc.at(t, "exported_at"))
	assert.NotNil(t, doc.at(t, "usage"))

	got := b.management(http.MethodPost, "/usage/import?processor=usage/b", doc.body)
	require.Equal(t, http.StatusOK, got.status, got.body)
	added := got.number(t, "added")
	assert.InDelta(t, 5, added, 0)
	assert.InDelta(t, 4, got.number(t, "total_requests"), 0)
	assert.InDelta(t, 1, got.number(t, "failed_requests"), 0)
	assert.Equal(t, counted(t, b, "usage/a"), counted(t, b, "usage/b"))

	for _, processor := range []string{"usage/b", "usage/a"} {
		got = b.management(http.MethodPost, "/usage/import?processor="+processor, doc.body)
		require.Equal(t, http.StatusOK, got.status, got.body)
		assert.InDelta(t, 0, got.number(t, "added"), 0)
		assert.InDelta(t, added, got.number(t, "skipped"), 0)
		assert.InDelta(t, 4, got.number(t, "total_requests"), 0)
	}
}

func TestBadImport_A_F28(t *testing.T) {
	b := start(t)
	shop(t, b.open("usage/a"))
	m := b.open("usage/b")
	doc := b.get(prefix + "/usage/export?processor=usage/a").body
	for name, bad := range map[string]string{
		"negative":  strings.Replace(doc, `"requests.success":2`, `"requests.success":-2`, 1),
		"NaN":       strings.Replace(doc, `"requests.success":2`, `"requests.success":NaN`, 1),
		"huge":      strings.Replace(doc, `"requests.success":2`, `"requests.success":1e300`, 1),
		"text":      strings.Replace(doc, `"requests.success":2`, `"requests.success":"2"`, 1),
		"version":   strings.Replace(doc, `"version":1`, `"version":2`, 1),
		"cut short": doc[:len(doc)/2],
	} {
		require.NotEqual(t, doc, bad, name)
		got := b.management(http.MethodPost, "/usage/import?processor=usage/b", bad)
		assert.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
		assert.NotEmpty(t, got.error(t), name)
	}
	assert.Equal(t, [usage.Kinds]int{}, m.Status().Series)
	assert.InDelta(t, 0, b.get(prefix+"/usage?processor=usage/b").number(t, "usage", "total_requests"), 0)
}

func TestReset_A_U23_D_F4(t *testing.T) {
	b, directory := start(t), t.TempDir()
	m := newMeter(t, "usage", kept(t, directory))
	unregister := b.Register(idOf(t, "usage"), m)
	shop(t, m)
	got := b.management(http.MethodPost, "/usage/reset", `{"scope":"provider","value":"openai"}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.InDelta(t, 2, got.number(t, "removed"), 0)
	left := b.get(prefix + "/usage")
	assert.NotContains(t, left.at(t, "usage", "apis"), "openai")
	assert.InDelta(t, 2, left.number(t, "usage", "apis", "anthropic", "total_requests"), 0)
	assert.Equal(t, http.StatusNotFound, b.management(http.MethodPost, "/usage/reset", `{"scope":"provider","value":"openai"}`).status, "it is gone")
	assert.Equal(t, http.StatusOK, b.management(http.MethodPost, "/usage/reset", `{"scope":"endpoint","value":"GET /pay"}`).status)
	assert.Equal(t, http.StatusNotFound, b.management(http.MethodPost, "/usage/reset", `{"scope":"endpoint","value":"GET /nothing"}`).status)

	unregister()
	require.NoError(t, m.Close())
	reopened := b.open("usage", kept(t, directory))
	left = b.get(prefix + "/usage")
	assert.NotContains(t, left.at(t, "usage", "apis"), "openai", "it stays gone")
	assert.InDelta(t, 2, left.number(t, "usage", "total_requests"), 0)
	require.Equal(t, http.StatusOK, b.management(http.MethodPost, "/usage/reset", `{"scope":"all"}`).status)
	assert.Equal(t, [usage.Kinds]int{}, reopened.Status().Series)
	assert.Equal(t, http.StatusOK, b.management(http.MethodPost, "/usage/reset", `{"scope":"all"}`).status, "nothing is left, which is fine")
}
