package usage

import (
	"bytes"
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
	long := "x" + strings.Repeat("é", MaxValueBytes) // the cut falls inside a rune
	cut := keyOf(s, long).AppendValues(nil)[0]
	assert.LessOrEqual(t, len(cut), MaxValueBytes)
	assert.True(t, utf8.ValidString(cut))
	assert.NotEqual(t, cut, keyOf(s, long+"é").AppendValues(nil)[0], "values that begin alike stay apart")
	assert.Equal(t, strings.Repeat("a", MaxValueBytes), keyOf(s, strings.Repeat("a", MaxValueBytes)).AppendValues(nil)[0])
	assert.NotPanics(t, func() { keyOf(s, strings.Repeat("\x80", 70_000)) })
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
