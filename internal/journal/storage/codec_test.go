package storage

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The bytes of a manifest and of a block, as docs/format.md has them.
func TestFormat(t *testing.T) {
	m := &manifest{
		next: 300,
		files: []entry{
			{name: "a", extent: extent{number: 7, blocks: 2}, size: 5000},
			{name: "quarantine/b", extent: extent{number: 299}},
		},
		garbage: []extent{{number: 1, blocks: 1000}},
	}
	assert.Equal(t, []byte{
		0x1a, 0xab, 0x92, 0x16, // checksum
		1, 'm', // version, kind
		0xac, 2, // next
		2,                        // files
		1, 'a', 7, 2, 0x88, 0x27, // name, number, blocks, size
		12, 'q', 'u', 'a', 'r', 'a', 'n', 't', 'i', 'n', 'e', '/', 'b', 0xab, 2, 0, 0,
		1,          // garbage
		1, 0xe8, 7, // number, blocks
	}, m.encode())
	decoded, err := decodeManifest(m.encode())
	require.NoError(t, err)
	assert.Equal(t, m, decoded)

	op := putBlock(0x1234, 5, []byte("content"))
	assert.Equal(t, "block/0000000000001234/00000005", op.Key)
	assert.Equal(t, []byte{
		0x50, 0xb5, 0x43, 0x7a, // checksum
		1, 'b', // version, kind
		0x34, 0x12, 0, 0, 0, 0, 0, 0, // number
		5, 0, 0, 0, // index
		'c', 'o', 'n', 't', 'e', 'n', 't',
	}, op.Value)
	content, err := openBlock(0x1234, 5, op.Value)
	require.NoError(t, err)
	assert.Equal(t, "content", string(content))
}

// A manifest that decodes means something.
func TestImpossibleManifests(t *testing.T) {
	file := func(name string, number uint64, blocks uint32, size int64) entry {
		return entry{name: name, extent: extent{number: number, blocks: blocks}, size: size}
	}
	for _, tt := range []struct {
		manifest manifest
		reason   string
	}{
		{manifest{}, "no number is left"},
		{manifest{next: 9, files: []entry{file("", 1, 0, 0)}}, "a file without a name"},
		{manifest{next: 9, files: []entry{file("b", 1, 0, 0), file("a", 2, 0, 0)}}, "names are out of order"},
		{manifest{next: 9, files: []entry{file("a", 1, 0, 0), file("a", 2, 0, 0)}}, "names are out of order"},
		{manifest{next: 9, files: []entry{file("a", 1, 0, 0), file("b", 1, 0, 0)}}, "a number that was not given out, or twice"},
		{manifest{next: 9, files: []entry{file("a", 9, 0, 0)}}, "a number that was not given out, or twice"},
		{manifest{next: 9, files: []entry{file("a", 0, 0, 0)}}, "a number that was not given out, or twice"},
		{manifest{next: 9, files: []entry{file("a", 1, 1, 0)}}, "blocks that cannot hold the size of their file"},
		{manifest{next: 9, files: []entry{file("a", 1, 0, 1)}}, "blocks that cannot hold the size of their file"},
		{manifest{next: 9, files: []entry{file("a", 1, 1, maxContent+1)}}, "blocks that cannot hold the size of their file"},
		{manifest{next: 9, files: []entry{file("a", 1, 1, -1)}}, "blocks that cannot hold the size of their file"},
		{manifest{next: 9, files: []entry{file("a", 1, maxBlocks+1, maxBlocks+1)}}, "more blocks than a file can have"},
		{manifest{next: 9, garbage: []extent{{number: 1}}}, "garbage without blocks"},
		{manifest{next: 9, garbage: []extent{{number: 1, blocks: math.MaxUint32}}}, "more blocks than a file can have"},
	} {
		_, err := decodeManifest(tt.manifest.encode())
		require.EqualError(t, err, "the value of `manifest` is damaged: "+tt.reason)
	}
	whole := (&manifest{next: 1}).encode()
	_, err := decodeManifest(endSeal(append(whole, 0)))
	require.ErrorContains(t, err, "something follows its end")
	_, err = decodeManifest(endSeal(whole[:len(whole)-1]))
	require.Error(t, err)
}

func TestNewerVersionIsRefused(t *testing.T) {
	value := (&manifest{next: 1}).encode()
	value[4] = FormatVersion + 1
	_, err := decodeManifest(endSeal(value))
	require.EqualError(t, err, "the value of `manifest` has format version 2, this build reads version 1: use the build that wrote it")
	var damage *DamageError
	require.NotErrorAs(t, err, &damage)
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte{})
	f.Add((&manifest{next: 1}).encode())
	f.Add((&manifest{
		next:    1 << 40,
		files:   []entry{{name: "a", extent: extent{number: 1}}, {name: "b.journal", extent: extent{number: 1 << 39, blocks: 3}, size: 70_000}},
		garbage: []extent{{number: 2, blocks: 600}, {number: 3, blocks: 1}},
	}).encode())
	f.Fuzz(func(t *testing.T, value []byte) {
		_, _ = decodeManifest(value)
		if len(value) < sealBytes {
			return
		}
		// Random damage is what the checksum catches; this is for what it cannot.
		value = append(beginSeal(nil, sealManifest), value[sealBytes:]...)
		m, err := decodeManifest(endSeal(value))
		if err != nil {
			return
		}
		again, err := decodeManifest(m.encode())
		require.NoError(t, err)
		require.Equal(t, m, again)
		require.LessOrEqual(t, len(m.encode()), len(value), "no number takes more bytes than it did")
		if len(m.garbage) > 0 {
			require.NotEmpty(t, m.sweep())
		}
	})
}

func FuzzBlock(f *testing.F) {
	f.Add(putBlock(3, 4, []byte("content")).Value)
	f.Add(putBlock(3, 4, bytes.Repeat([]byte("content"), 9000)).Value)
	f.Fuzz(func(t *testing.T, value []byte) {
		content, err := openBlock(3, 4, value)
		if err == nil {
			require.Equal(t, value, putBlock(3, 4, content).Value)
		}
	})
}
