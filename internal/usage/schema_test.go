package usage_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Whoever interns at the same time gets the same schemas, each with a number of its own
// and with its bare one.
func TestSchemasAreSafeForConcurrentUse(t *testing.T) {
	schemas, dimensions := &usage.Schemas{}, 50
	var found [4][]*usage.Schema
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() {
			for n := range dimensions {
				s := schemas.Intern(usage.Endpoint, append(usage.BaseNames(usage.Endpoint), fmt.Sprint(n)))
				found[i] = append(found[i], schemas.Get(s.ID))
			}
		})
	}
	wg.Wait()
	numbers := map[usage.SchemaID]bool{}
	for n, s := range found[0] {
		numbers[s.ID] = true
		assert.Equal(t, fmt.Sprint(n), s.Names[3])
		assert.Same(t, schemas.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint)), s.Bare)
		for _, other := range found[1:] {
			assert.Same(t, s, other[n])
		}
	}
	assert.Len(t, numbers, dimensions)
}
