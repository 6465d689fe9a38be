package usageextension

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
	"github.com/otelusage/usageprocessor/internal/meter"
)

// keeping is a bench with what shop counts, kept in a directory.
func keeping(t *testing.T) (*bench, *meter.Meter, string) {
	t.Helper()
	b, directory := start(t), t.TempDir()
	m := b.open("usage", kept(t, directory))
	shop(t, m)
	return b, m, directory
}

func TestPersistence_A_F5_A_F7_A_N4(t *testing.T) {
	b, _, directory := keeping(t)
	got := b.get(prefix + "/usage-persistence")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, map[string]any{"enabled": true, "file-path": "", "interval-seconds": 3600.0, "overridden": []any{}}, got.at(t, "usage-persistence"))
	status := got.at(t, "status").(map[string]any)
	assert.Equal(t, directory, status["path"])
	only := b.get(prefix + "/usage/persistence-status")
	for _, key := range []string{"enabled", "path", "interval_seconds", "last_saved_at", "last_loaded_at", "last_error"} {
		assert.Contains(t, only.json(t), key)
	}
	assert.NotContains(t, only.body, "0001-01-01")
	assert.Nil(t, only.at(t, "last_error"))

	memory := b.open("usage/memory")
	shop(t, memory)
	got = b.get(prefix + "/usage/persistence-status?processor=usage/memory")
	assert.Equal(t, false, got.at(t, "enabled"))
	for _, key := range []string{"last_saved_at", "last_loaded_at", "last_error"} {
		assert.Contains(t, got.json(t), key)
		assert.Nil(t, got.at(t, key), "%s: never", key)
	}
}

func TestChangePersistence_A_F6_A_N5_A_N13(t *testing.T) {
	b, m, _ := keeping(t)
	for _, method := range []string{http.MethodPut, http.MethodPatch} {
		got := b.management(method, "/usage-persistence", `{}`)
		assert.Equal(t, http.StatusOK, got.status)
		assert.JSONEq(t, `{"status":"ok"}`, got.body)
	}
	assert.Empty(t, m.Status().Persistence.Overridden)
	before := m.Status()
	got := b.management(http.MethodPatch, "/usage-persistence", `{"interval-seconds": 5}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	after := m.Status()
	assert.Equal(t, 5*time.Second, after.Persistence.Interval)
	assert.Equal(t, before.Persistence.Enabled, after.Persistence.Enabled)
	assert.Equal(t, before.Persistence.Path, after.Persistence.Path)
	assert.Equal(t, before.Persistence.Loaded, after.Persistence.Loaded, "nothing is loaded because of it")
	assert.Equal(t, before.Ledgers, after.Ledgers)
	config := b.get(prefix + "/usage-persistence")
	assert.Equal(t, []any{"interval-seconds"}, config.at(t, "usage-persistence", "overridden"))
	assert.InDelta(t, 5, config.number(t, "usage-persistence", "interval-seconds"), 0)

	for _, body := range []string{
		`{"enabled": false, "interval-seconds": 0}`,
		`{"enabled": false, "nonsense": 1}`,
		`{"interval-seconds": 7, "enabled": "no"}`,
		`{"interval-seconds": 7, "file-path": "../elsewhere"}`,
	} {
		assert.Equal(t, http.StatusBadRequest, b.management(http.MethodPatch, "/usage-persistence", body).status, body)
		assert.Equal(t, after.Persistence.PersistenceSettings, m.Status().Persistence.PersistenceSettings, "%s changes nothing", body)
	}
}

// A-N14: names lead nowhere but below the configured directory.
func TestFilePath_A_N14(t *testing.T) {
	b, m, directory := keeping(t)
	outside := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(directory, "link")))
	for _, name := range []string{"/etc/x", "../x", "a/../../x", "link/x", "link", "..", "a\\u0000b"} {
		got := b.management(http.MethodPatch, "/usage-persistence", `{"file-path": "`+name+`"}`)
		assert.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
		assert.Contains(t, got.error(t), "file-path", name)
	}
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	assert.Empty(t, left)
	got := b.management(http.MethodPatch, "/usage-persistence", `{"file-path": "second"}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, filepath.Join(directory, "second"), m.Status().Persistence.Path)
	assert.DirExists(t, filepath.Join(directory, "second"))
	assert.InDelta(t, 4, b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
}

func TestSave_A_F8(t *testing.T) {
	b, _, _ := keeping(t)
	before := b.get(prefix+"/usage/persistence-status").at(t, "last_saved_at")
	time.Sleep(2 * time.Millisecond)
	for range 2 {
		got := b.management(http.MethodPost, "/usage/save", "")
		require.Equal(t, http.StatusOK, got.status, got.body)
		assert.NotEqual(t, before, got.at(t, "status", "last_saved_at"))
		assert.NotNil(t, got.at(t, "status", "last_saved_at"))
	}
	assert.Equal(t, http.StatusOK, b.management(http.MethodPost, "/usage/save", "{}").status, "as clients send it")
}

func TestSaveFails_A_F8(t *testing.T) {
	b := start(t)
	var disk *filestest.Faulty
	m := b.open("usage", kept(t, t.TempDir()), func(o *meter.Options) {
		open := o.Persistence.Open
		o.Persistence.Open = func(owner string) (files.FS, error) {
			fs, err := open(owner)
			disk = filestest.New(fs)
			return disk, err
		}
	})
	shop(t, m)
	disk.FailNow(true)
	got := b.management(http.MethodPost, "/usage/save", "")
	assert.Equal(t, http.StatusInternalServerError, got.status, got.body)
	assert.NotEmpty(t, got.error(t))
	assert.NotNil(t, got.at(t, "status", "last_error"))
	assert.InDelta(t, 4, b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
	disk.Heal()
	got = b.management(http.MethodPost, "/usage/save", "")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Nil(t, got.at(t, "status", "last_error"))
}

func TestDisabled_A_N12(t *testing.T) {
	b, m, directory := keeping(t)
	require.Equal(t, http.StatusOK, b.management(http.MethodPut, "/usage-persistence", `{"enabled": false}`).status)
	before := list(t, directory)
	got := b.management(http.MethodPost, "/usage/save", "")
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, got.error(t), "disabled")
	assert.Equal(t, false, got.at(t, "status", "enabled"))
	got = b.management(http.MethodPost, "/usage/load", "")
	assert.Equal(t, http.StatusConflict, got.status)
	shop(t, m)
	assert.Equal(t, before, list(t, directory), "nothing is written")
	require.Equal(t, http.StatusOK, b.management(http.MethodPut, "/usage-persistence", `{"enabled": true}`).status)
	assert.InDelta(t, 8, b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
	assert.Equal(t, http.StatusOK, b.management(http.MethodPost, "/usage/save", "").status)
}

// list are the files of a directory with their sizes.
func list(t *testing.T, directory string) map[string]int64 {
	t.Helper()
	sizes := map[string]int64{}
	require.NoError(t, filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		sizes[path] = info.Size()
		return err
	}))
	return sizes
}

func TestLoad_A_F9_A_R14(t *testing.T) {
	b, m, directory := keeping(t)
	before := counted(t, b, "usage")
	for range 2 {
		got := b.management(http.MethodPost, "/usage/load", "")
		require.Equal(t, http.StatusOK, got.status, got.body)
		assert.InDelta(t, 0, got.number(t, "result", "added"), 0)
		assert.Positive(t, got.number(t, "result", "skipped"))
		assert.InDelta(t, 4, got.number(t, "total_requests"), 0)
		assert.InDelta(t, 1, got.number(t, "failed_requests"), 0)
	}
	assert.Equal(t, before, counted(t, b, "usage"))
	assert.False(t, m.Status().Persistence.Loaded.IsZero())

	for path := range list(t, directory) {
		if filepath.Base(path) != "lock" {
			require.NoError(t, os.Remove(path))
		}
	}
	got := b.management(http.MethodPost, "/usage/load", "")
	assert.Contains(t, []int{http.StatusNotFound, http.StatusInternalServerError}, got.status, got.body)
	assert.NotEmpty(t, got.error(t))
	assert.NotNil(t, b.get(prefix+"/usage/persistence-status").at(t, "last_error"))
	assert.Equal(t, before, counted(t, b, "usage"), "what is counted stays")
}

func TestCounting_A_F29(t *testing.T) {
	b, m := shopping(t)
	assert.JSONEq(t, `{"usage-statistics-enabled":true}`, b.get(prefix+"/usage-statistics-enabled").body)
	for _, method := range []string{http.MethodPut, http.MethodPatch} {
		got := b.management(method, "/usage-statistics-enabled", `{"value": false}`)
		require.Equal(t, http.StatusOK, got.status, got.body)
		assert.JSONEq(t, `{"status":"ok"}`, got.body)
		assert.JSONEq(t, `{"usage-statistics-enabled":false}`, b.get(prefix+"/usage-statistics-enabled").body)
		shop(t, m)
		assert.InDelta(t, 4, b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0, "counters freeze")
		require.Equal(t, http.StatusOK, b.management(method, "/usage-statistics-enabled", `{"value": true}`).status)
	}
	shop(t, m)
	assert.InDelta(t, 8, b.get(prefix+"/usage").number(t, "usage", "total_requests"), 0)
	assert.Len(t, b.logs.FilterMessage("A setting was changed until the process ends").All(), 4, "a line for each change")
}
