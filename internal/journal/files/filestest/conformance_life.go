package filestest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// lifeTests are about opening and closing.
func lifeTests() map[string]func(*testing.T, Place) {
	return map[string]func(*testing.T, Place){
		"one writer":          testOneWriter,
		"nothing after Close": testAfterClose,
		"files survive":       testSurvive,
		"copy":                testCopy,
		"like a map of names": testModel,
	}
}

func testOneWriter(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	write(t, fsys, "a", "content")
	_, err := place()
	require.Error(t, err)
	write(t, fsys, "b", "the second did not disturb the first")
	require.NoError(t, fsys.Close())
	fsys = using(t, place)
	assert.Equal(t, []string{"a", "b"}, list(t, fsys))
}

func testAfterClose(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	f, err := fsys.Create("a")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	_, err = f.Write([]byte("content"))
	require.Error(t, err)
	require.NoError(t, fsys.Close())
	_, err = fsys.List()
	require.Error(t, err)
	_, err = fsys.Open("a")
	require.Error(t, err)
	_, err = fsys.Create("b")
	require.Error(t, err)
	require.Error(t, fsys.Rename("a", "b"))
	require.Error(t, fsys.Remove("a"))
	_, err = fsys.Quarantine("a")
	require.Error(t, err)
	require.Error(t, fsys.Sync())
	assert.Equal(t, []string{"a"}, list(t, using(t, place)))
}

// Whatever was written is there in the next life, synced or not, as long as only
// the process dies.
func testSurvive(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	f, err := fsys.Create("a")
	require.NoError(t, err)
	_, err = f.Write([]byte("content"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	write(t, fsys, "b", "another")
	require.NoError(t, fsys.Rename("b", "c"))
	require.NoError(t, fsys.Close())
	for range 3 {
		fsys = mustOpen(t, place)
		assert.Equal(t, []string{"a", "c"}, list(t, fsys))
		assert.Equal(t, "content", read(t, fsys, "a"))
		assert.Equal(t, "another", read(t, fsys, "c"))
		require.NoError(t, fsys.Close())
	}
}

func testCopy(t *testing.T, place Place) {
	fsys := using(t, place)
	want := map[string]string{"a": "", "b": "content", "c": noise(rand.New(rand.NewPCG(5, 5)), 200_000)}
	for name, content := range want {
		write(t, fsys, name, content)
	}
	other := using(t, InDirectory(t))
	require.NoError(t, Copy(other, fsys))
	back := using(t, InMemory())
	require.NoError(t, Copy(back, other))
	for _, copied := range []files.FS{other, back} {
		assert.Equal(t, want, contents(t, copied))
	}
	require.Error(t, Copy(back, other), "nothing is replaced")
	require.NoError(t, fsys.Remove("c"))
	require.NoError(t, fsys.Rename("b", "a"))
	require.NoError(t, fsys.Remove("a"))
	require.NoError(t, Copy(fsys, other))
	assert.Equal(t, want, contents(t, fsys))
}

// contents returns all files.
func contents(t *testing.T, fsys files.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range list(t, fsys) {
		all[name] = read(t, fsys, name)
	}
	return all
}

// testModel does what comes to mind and compares with what should come of it.
func testModel(t *testing.T, place Place) {
	rng := rand.New(rand.NewPCG(6, 6))
	model, fsys := map[string]string{}, mustOpen(t, place)
	for range 40 {
		for range 1 + rng.IntN(10) {
			act(t, rng, fsys, model)
		}
		require.Equal(t, model, contents(t, fsys))
		if rng.IntN(3) == 0 {
			require.NoError(t, fsys.Close())
			fsys = mustOpen(t, place)
			require.Equal(t, model, contents(t, fsys))
		}
	}
	require.NoError(t, fsys.Close())
}

// act does something to the files that is possible, and the same to the model.
func act(t *testing.T, rng *rand.Rand, fsys files.FS, model map[string]string) {
	t.Helper()
	names := []string{"a", "b", "c", "d.1", "d.2"}
	name, other := names[rng.IntN(len(names))], names[rng.IntN(len(names))]
	content, exists := model[name]
	if !exists {
		model[name] = noise(rng, rng.IntN(3)*rng.IntN(100_000))
		write(t, fsys, name, model[name])
		return
	}
	delete(model, name)
	switch rng.IntN(4) {
	case 0:
		require.NoError(t, fsys.Remove(name))
	case 1:
		_, err := fsys.Quarantine(name)
		require.NoError(t, err)
	default:
		require.NoError(t, fsys.Rename(name, other))
		model[other] = content
	}
}
