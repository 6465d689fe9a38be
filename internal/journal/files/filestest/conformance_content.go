package filestest

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/files"
)

// contentTests are about what is in the files.
func contentTests() map[string]func(*testing.T, Place) {
	return map[string]func(*testing.T, Place){
		"write and read":                testWriteAndRead,
		"empty writes":                  testEmptyWrites,
		"read before the sync":          testReadUnsynced,
		"sizes around those of a block": testSizes,
		"large file":                    testLarge,
		"many small appends":            testAppends,
		"files written side by side":    testSideBySide,
		"read while another grows":      testReadWhileWriting,
		"read while it grows":           testReadWhileGrowing,
		"half of a write":               testHalfWrite,
		"buffers are not kept":          testBuffers,
	}
}

func testWriteAndRead(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a", "one ", "two ", "three")
	assert.Equal(t, "one two three", read(t, fsys, "a"))
	assert.Equal(t, "one two three", read(t, fsys, "a"), "again")
}

func testEmptyWrites(t *testing.T, place Place) {
	fsys := using(t, place)
	write(t, fsys, "a")
	write(t, fsys, "b", "", "b", "", "b", "")
	assert.Empty(t, read(t, fsys, "a"))
	assert.Equal(t, "bb", read(t, fsys, "b"))
}

func testReadUnsynced(t *testing.T, place Place) {
	fsys := using(t, place)
	f, err := fsys.Create("a")
	require.NoError(t, err)
	_, err = f.Write([]byte("content"))
	require.NoError(t, err)
	assert.Equal(t, "content", read(t, fsys, "a"))
	require.NoError(t, f.Close())
}

// noise returns bytes that do not repeat.
func noise(rng *rand.Rand, size int) string {
	p := make([]byte, 0, size+8)
	for len(p) < size {
		p = binary.LittleEndian.AppendUint64(p, rng.Uint64())
	}
	return string(p[:size])
}

func testSizes(t *testing.T, place Place) {
	fsys := using(t, place)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, around := range []int{4 << 10, 64 << 10, 128 << 10} {
		for size := around - 20; size <= around+2; size++ {
			content := noise(rng, size)
			write(t, fsys, "a", content[:size-7], content[size-7:])
			if read(t, fsys, "a") != content {
				t.Fatalf("%d bytes are not what was written", size)
			}
			require.NoError(t, fsys.Remove("a"))
		}
	}
}

func testLarge(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	rng := rand.New(rand.NewPCG(2, 2))
	content := noise(rng, 7<<20+12345)
	write(t, fsys, "a", content[:100], content[100:1<<20], content[1<<20:])
	write(t, fsys, "b", content)
	require.NoError(t, fsys.Sync())
	require.NoError(t, fsys.Close())
	fsys = using(t, place)
	assert.Equal(t, []string{"a", "b"}, list(t, fsys))
	for _, name := range []string{"a", "b"} {
		assert.True(t, content == readSome(t, rng, fsys, name), "`%s`", name)
	}
	require.NoError(t, fsys.Remove("a"))
	assert.Equal(t, content, read(t, fsys, "b"))
}

// readSome reads a file with reads of all sizes.
func readSome(t *testing.T, rng *rand.Rand, fsys files.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	require.NoError(t, err)
	var content []byte
	for p := make([]byte, 200_000); err == nil; {
		var n int
		n, err = f.Read(p[:1+rng.IntN(len(p))])
		content = append(content, p[:n]...)
	}
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, f.Close())
	return string(content)
}

func testAppends(t *testing.T, place Place) {
	fsys := using(t, place)
	rng := rand.New(rand.NewPCG(3, 3))
	f, err := fsys.Create("a")
	require.NoError(t, err)
	var want strings.Builder
	for range 1000 {
		p := noise(rng, 1+rng.IntN(400))
		want.WriteString(p)
		_, err := f.Write([]byte(p))
		require.NoError(t, err)
	}
	require.NoError(t, f.Sync())
	require.NoError(t, f.Close())
	assert.Equal(t, want.String(), read(t, fsys, "a"))
}

func testSideBySide(t *testing.T, place Place) {
	fsys := using(t, place)
	a, err := fsys.Create("a")
	require.NoError(t, err)
	b, err := fsys.Create("b")
	require.NoError(t, err)
	var wantA, wantB strings.Builder
	for i := range 100 {
		partA, partB := strings.Repeat("a", i), strings.Repeat("b", 100*i)
		wantA.WriteString(partA)
		wantB.WriteString(partB)
		_, err = a.Write([]byte(partA))
		require.NoError(t, err)
		_, err = b.Write([]byte(partB))
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	assert.Equal(t, wantA.String(), read(t, fsys, "a"))
	assert.Equal(t, wantB.String(), read(t, fsys, "b"))
}

func testReadWhileWriting(t *testing.T, place Place) {
	fsys := using(t, place)
	content := noise(rand.New(rand.NewPCG(4, 4)), 300_000)
	write(t, fsys, "a", content)
	b, err := fsys.Create("b")
	require.NoError(t, err)
	var writing sync.WaitGroup
	writing.Go(func() {
		for range 200 {
			if _, err := b.Write([]byte("while another is read ")); err != nil {
				t.Error(err)
			}
		}
		if err := b.Sync(); err != nil {
			t.Error(err)
		}
	})
	for range 5 {
		assert.Equal(t, content, read(t, fsys, "a"))
	}
	writing.Wait()
	require.NoError(t, b.Close())
	assert.Equal(t, strings.Repeat("while another is read ", 200), read(t, fsys, "b"))
}

// What is read of a file that grows is at least what it held when it was opened.
func testReadWhileGrowing(t *testing.T, place Place) {
	fsys := using(t, place)
	f, err := fsys.Create("a")
	require.NoError(t, err)
	_, err = f.Write([]byte("before"))
	require.NoError(t, err)
	r, err := fsys.Open("a")
	require.NoError(t, err)
	_, err = f.Write(bytes.Repeat([]byte{1}, 100_000))
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.True(t, bytes.HasPrefix(content, []byte("before")))
	assert.Empty(t, bytes.Trim(content[len("before"):], "\x01"))
	require.NoError(t, f.Close())
	assert.Len(t, read(t, fsys, "a"), 100_006)
}

func testHalfWrite(t *testing.T, place Place) {
	fsys := mustOpen(t, place)
	faulty := New(fsys)
	f, err := faulty.Create("a")
	require.NoError(t, err)
	_, err = f.Write([]byte("whole "))
	require.NoError(t, err)
	faulty.FailNow(true)
	_, err = f.Write([]byte("half full"))
	require.ErrorIs(t, err, ErrFault)
	require.Error(t, f.Close())
	require.NoError(t, faulty.Close())
	fsys = using(t, place)
	assert.Equal(t, "whole half", read(t, fsys, "a"))
}

// A caller may use its buffers for something else when a call is over.
func testBuffers(t *testing.T, place Place) {
	fsys := using(t, place)
	f, err := fsys.Create("a")
	require.NoError(t, err)
	var want strings.Builder
	p := make([]byte, 10_000)
	for i := range 20 {
		p = p[:500*i]
		for k := range p {
			p[k] = byte(i)
		}
		want.Write(p)
		_, err := f.Write(p)
		require.NoError(t, err)
		clear(p)
	}
	require.NoError(t, f.Close())
	assert.Equal(t, want.String(), read(t, fsys, "a"))
}
