package usage

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The owner of a session is made of the values of a series by their names.
func TestAppendOwner(t *testing.T) {
	schemas := &Schemas{}
	for _, kind := range []Kind{Endpoint, Provider} {
		names := append(BaseNames(kind), "tenant.id")
		values := make([]string, len(names))
		for i, name := range names {
			values[i] = "the " + name
		}
		owner := schemas.Intern(Sessions, OwnerNames(kind))
		want := []string{kind.String()}
		for _, name := range owner.Names[1:] {
			want = append(want, values[slices.Index(names, name)])
		}
		var k KeyBuilder
		k.Set(schemas.Intern(kind, names), values)
		key := Key(AppendOwner(nil, k.Bytes(), kind, owner))
		assert.Equal(t, owner.ID, key.Schema())
		assert.Equal(t, want, key.AppendValues(nil))
		k.Set(owner, want)
		assert.Equal(t, Key(k.Bytes()), key)
		assert.Equal(t, want[len(want)-1], string(k.Last()))
	}
}
