package extract

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelusage/usageprocessor/internal/dialect"
)

// Dimension is an attribute that is added to identities.
type Dimension struct {
	Name string
	// Hash says that a keyed hash stands for its values, which nobody is to read.
	Hash bool
}

func namesOf(dimensions []Dimension) []string {
	names := make([]string, 0, len(dimensions))
	for _, d := range dimensions {
		names = append(names, d.Name)
	}
	return names
}

// dimensions writes the configured dimensions.
func (r *Reading) dimensions(c *compiled) {
	for i := range c.dimensions {
		d := &c.dimensions[i]
		value, ok := r.values.get(c.first + dialect.Field(i))
		if !ok {
			value.value, ok = r.scope.Get(d.Name)
		}
		if !ok {
			value.value, ok = r.resource.Get(d.Name)
		}
		r.dimension(d, value.value, ok)
	}
}

// dimension writes the value of one dimension, if there is one.
func (r *Reading) dimension(d *Dimension, value pcommon.Value, ok bool) {
	r.key.Open()
	if ok {
		r.write(value)
	}
	if d.Hash && !r.key.Empty() {
		r.key.Hash(r.blind)
	}
	r.closeName()
}

// blinding is what the key for dimensions is made with. It is part of the stored
// format: with another one, every hashed value would be another one.
const blinding = "usage: hashed dimensions"

// blind is the hash for dimensions. Its key is derived, so that what it makes public
// tells nothing of how dedup keys are hashed. Equal values have equal hashes under
// all names: that joins them.
func (s Secret) blind() hash.Hash {
	derive := hmac.New(sha256.New, s[:])
	_, _ = derive.Write([]byte(blinding)) // never fails: see hash.Hash
	return hmac.New(sha256.New, derive.Sum(nil))
}
