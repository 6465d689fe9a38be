package usage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func keyOf(schema *Schema, values ...string) Key {
	var k KeyBuilder
	k.Reset(schema)
	for _, v := range values {
		k.Open()
		k.Write(v)
		k.Close()
	}
	return Key(k.Bytes())
}

func TestKeysTellIdentitiesApart(t *testing.T) {
	var schemas Schemas
	two := schemas.Intern(Endpoint, []string{"a", "b"})
	other := schemas.Intern(Endpoint, []string{"a", "c"})
	keys := map[Key][]string{}
	for _, values := range [][]string{
		{"ab", ""}, {"a", "b"}, {"", "ab"}, {"a\x00", "b"}, {"a", "\x00b"}, {"a:b", ""}, {"a", ":b"},
	} {
		key := keyOf(two, values...)
		assert.NotContains(t, keys, key, "%q", values)
		keys[key] = values
	}
	assert.NotContains(t, keys, keyOf(other, "a", "b"), "dimensions with other names")
	for key, values := range keys {
		assert.Equal(t, values, key.AppendValues(nil))
		assert.Equal(t, two.ID, key.Schema())
	}
}

func TestKeyValuesAreValidAndBounded(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Endpoint, []string{"a"})
	assert.Equal(t, []string{"a\uFFFDb"}, keyOf(s, "a\xff\xfeb").AppendValues(nil))
	for _, limit := range []int{0, 32, 256} {
		k := KeyBuilder{Limit: limit}
		bound := limit
		if limit == 0 {
			bound = LongestValue
		}
		cut := func(value string) string {
			k.Set(s, []string{value})
			return Key(k.Bytes()).AppendValues(nil)[0]
		}
		long := "x" + strings.Repeat("é", bound) // the cut falls inside a rune
		assert.LessOrEqual(t, len(cut(long)), bound)
		assert.True(t, utf8.ValidString(cut(long)))
		assert.NotEqual(t, cut(long), cut(long+"é"), "values that begin alike stay apart")
		assert.Equal(t, strings.Repeat("a", bound), cut(strings.Repeat("a", bound)))
	}
	assert.NotPanics(t, func() { keyOf(s, strings.Repeat("\x80", 70_000)) })
}

// A hash stands for the whole value, whatever its length, and fits every limit.
func TestHashedKeyValues(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Endpoint, []string{"a", "b", "c"})
	for _, value := range []string{"", "a", "ada@example.com", strings.Repeat("x", 300), "\xff"} {
		k := KeyBuilder{Limit: 32}
		k.Reset(s)
		k.Value("before")
		k.Open()
		k.Write(value)
		k.Hash(sha256.New())
		k.Close()
		k.Value("behind")
		want := sha256.Sum256([]byte(value))
		assert.Equal(t, []string{"before", hex.EncodeToString(want[:16]), "behind"}, Key(k.Bytes()).AppendValues(nil), "%q", value)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("checkout", "GET /users/{id}", "")
	f.Add("\x00", "\xff", strings.Repeat("x", 300))
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var schemas Schemas
		s := schemas.Intern(Provider, []string{"a", "b", "c"})
		key := keyOf(s, a, b, c)
		values := key.AppendValues(nil)
		require.Len(t, values, 3)
		assert.Equal(t, key, keyOf(s, values...), "values survive being read and written")
	})
}

func TestKeyBuilderDoesNotAllocate(t *testing.T) {
	var schemas Schemas
	s := schemas.Intern(Endpoint, BaseNames(Endpoint))
	var k KeyBuilder
	hasher := NewHasher()
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		k.Reset(s)
		k.Value("checkout")
		k.Value("http")
		k.Open()
		k.Write("GET ")
		k.Write("/users/{id}")
		k.Close()
		hasher.Sum(k.Bytes())
	}))
}

func TestClaimsAreUnambiguous(t *testing.T) {
	assert.False(t, bytes.Equal(AppendClaim(nil, "a", "bc"), AppendClaim(nil, "ab", "c")))
}
