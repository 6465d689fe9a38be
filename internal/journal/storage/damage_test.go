package storage_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/journal/storage"
	"github.com/otelusage/usageprocessor/internal/journal/storage/storagetest"
)

const (
	firstOfA  = "block/0000000000000001/00000000"
	secondOfA = "block/0000000000000001/00000001"
	lastOfA   = "block/0000000000000001/00000002"
	onlyOfB   = "block/0000000000000002/00000000"
)

// whole returns a store with two files and what is in them.
func whole(t *testing.T) (store *storagetest.Store, want map[string]string) {
	t.Helper()
	store = storagetest.NewStore()
	s := open(t, store)
	want = map[string]string{"a": strings.Repeat("a", 5000) + strings.Repeat("b", 4500) + "c", "b": "content"}
	f, err := s.Create("a")
	require.NoError(t, err)
	for _, part := range []string{want["a"][:5000], want["a"][5000:9500], want["a"][9500:]} {
		_, err = f.Write([]byte(part))
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	require.NoError(t, write(s, "b", want["b"]))
	require.NoError(t, s.Close())
	require.Equal(t, []string{firstOfA, secondOfA, lastOfA, onlyOfB, "manifest", "usage"}, store.Keys())
	return store, want
}

// readAll opens a store and reads all its files.
func readAll(t *testing.T, store *storagetest.Store) (map[string]string, error) {
	t.Helper()
	client, err := store.Client()
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close(t.Context())) }()
	s, err := storage.Open(t.Context(), client)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, name := range []string{"a", "b"} {
		content, err := read(s, name)
		if err != nil {
			return nil, err
		}
		found[name] = content
	}
	return found, nil
}

// isDamage checks that a journal tells an error from the end of a file that was
// being written when its process died.
func isDamage(t *testing.T, err error, key string) {
	t.Helper()
	var damage *storage.DamageError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, key, damage.Key)
	require.NotErrorIs(t, err, io.EOF)
	require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
	var damaged interface{ Damaged() bool }
	require.ErrorAs(t, err, &damaged)
	require.True(t, damaged.Damaged())
}

// Any change to any value is noticed, except to the one that nobody reads.
func TestEveryDamageIsFound(t *testing.T) {
	store, want := whole(t)
	for _, key := range store.Keys() {
		value := store.Value(key)
		for what, damaged := range damages(value) {
			broken := store.Kill()
			broken.Edit(key, func([]byte) []byte { return damaged })
			found, err := readAll(t, broken)
			if key == "usage" {
				require.NoError(t, err, what)
				require.Equal(t, want, found)
				continue
			}
			require.Error(t, err, "`%s`: %s", key, what)
			isDamage(t, err, key)
		}
	}
}

// damages returns what can become of a value.
func damages(value []byte) map[string][]byte {
	all := map[string][]byte{"missing": nil, "longer": append(slices.Clone(value), 0), "zeros": make([]byte, len(value))}
	for i := 0; i < len(value); i += 1 + len(value)/300 {
		flipped := slices.Clone(value)
		flipped[i] ^= 1 << (i % 8)
		all[fmt.Sprintf("bit %d of byte %d", i%8, i)] = flipped
		all[fmt.Sprintf("%d bytes", i)] = value[:i]
	}
	return all
}

// A block in the place of another is noticed, whatever its checksum says, and so
// is an earlier version of itself.
func TestMisplacedBlocks(t *testing.T) {
	store, _ := whole(t)
	for _, key := range []string{firstOfA, secondOfA, lastOfA, onlyOfB} {
		for _, other := range []string{firstOfA, secondOfA, lastOfA, onlyOfB, "manifest"} {
			if key == other {
				continue
			}
			broken := store.Kill()
			broken.Edit(key, func([]byte) []byte { return store.Value(other) })
			_, err := readAll(t, broken)
			isDamage(t, err, key)
		}
	}

	s := using(t, store)
	f, err := s.Create("c")
	require.NoError(t, err)
	_, err = f.Write([]byte("more"))
	require.NoError(t, err)
	key := "block/0000000000000003/00000000"
	earlier := store.Value(key)
	_, err = f.Write([]byte(" and more"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	store.Edit(key, func([]byte) []byte { return earlier })
	_, err = read(s, "c")
	isDamage(t, err, key)
	require.EqualError(t, err, "the value of `"+key+"` is damaged: it has 4 bytes where its file has 13 left")
}

// What stands before the damage can be read.
func TestReadsUpToDamage(t *testing.T) {
	store, want := whole(t)
	store.Edit(lastOfA, func([]byte) []byte { return nil })
	s := using(t, store)
	content, err := read(s, "a")
	isDamage(t, err, lastOfA)
	require.EqualError(t, err, "the value of `"+lastOfA+"` is damaged: it is missing")
	assert.Equal(t, want["a"][:9500], content)
	content, err = read(s, "b")
	require.NoError(t, err, "other files are not concerned")
	assert.Equal(t, want["b"], content)
	to, err := s.Quarantine("a")
	require.NoError(t, err)
	_, err = read(s, to)
	isDamage(t, err, lastOfA)
	require.NoError(t, s.Remove(to))
}

// A storage that lost its manifest is not taken for one that was never used, nor
// written to.
func TestLostManifest(t *testing.T) {
	store, want := whole(t)
	lost := store.Kill()
	lost.Edit("manifest", func([]byte) []byte { return nil })
	_, err := readAll(t, lost)
	require.EqualError(t, err, "the value of `manifest` is damaged: it is missing")

	store.Edit("usage", func([]byte) []byte { return nil })
	found, err := readAll(t, store)
	require.NoError(t, err)
	assert.Equal(t, want, found)
	s := open(t, store)
	require.NoError(t, write(s, "c", ""))
	require.NoError(t, s.Close())
	assert.Contains(t, store.Keys(), "usage", "it is there again")
}

// What a later version wrote is refused and left as it is.
func TestNewerStorageIsLeftAlone(t *testing.T) {
	for _, key := range []string{"manifest", lastOfA} {
		written, _ := whole(t)
		store := written.Kill()
		store.Edit(key, func(value []byte) []byte {
			value[4] = storage.FormatVersion + 1
			binary.LittleEndian.PutUint32(value, crc32.Checksum(value[4:], crc32.MakeTable(crc32.Castagnoli)))
			return value
		})
		_, err := readAll(t, store)
		require.ErrorContains(t, err, "`"+key+"` has format version 2, this build reads version 1: use the build that wrote it")
		var damage *storage.DamageError
		require.False(t, errors.As(err, &damage))
		assert.Zero(t, store.Count().Sets)
	}
}

// Random damage to many values at once never makes a wrong file.
func TestRandomDamage(t *testing.T) {
	store, want := whole(t)
	rng := rand.New(rand.NewPCG(1, 2))
	keys := store.Keys()
	for range 2000 {
		broken := store.Kill()
		for range 1 + rng.IntN(3) {
			broken.Edit(keys[rng.IntN(len(keys))], func(value []byte) []byte {
				if len(value) > 0 {
					value[rng.IntN(len(value))] ^= byte(1 + rng.IntN(255))
				}
				return value
			})
		}
		if found, err := readAll(t, broken); err == nil {
			require.Equal(t, want, found)
		}
	}
}
