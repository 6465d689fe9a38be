package query

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumbersAreExact(t *testing.T) {
	for _, c := range []struct {
		number Number
		text   string
	}{
		{Number{}, ""},
		{whole(0), "0"},
		{whole(math.MaxInt64), "9223372036854775807"},
		{billionths(0), "0"},
		{billionths(123), "0.000000123"},
		{billionths(1_500_000_000), "1.5"},
		{billionths(math.MaxInt64), "9223372036.854775807"},
		{quotient(1, billion, 3), "0.333333333"},
		{quotient(2, billion, 3), "0.666666667"},
		{quotient(1, 1, 2), "0.000000001"}, // half up
		{quotient(1, 1, 0), ""},
		{quotient(math.MaxInt64, billion, 1), "9223372036.854775807"},
		{quotient(math.MaxInt64, math.MaxInt64, math.MaxInt64), "9223372036.854775807"},
	} {
		assert.Equal(t, c.text, c.number.String())
		assert.Equal(t, c.number.Known, c.text != "")
		if c.text == "" {
			c.text = "null"
		}
		assert.Equal(t, c.text, string(c.number.AppendJSON(nil)))
	}
	assert.InDelta(t, 1.5, billionths(1_500_000_000).Float(), 0)
}

func TestNumbersNotKnownAreLast(t *testing.T) {
	list := []Number{{}, whole(1), billionths(2), {}, whole(math.MaxInt64), billionths(1_000_000_001), whole(0)}
	slices.SortFunc(list, Number.compare)
	assert.Equal(t, []Number{whole(math.MaxInt64), billionths(1_000_000_001), whole(1), billionths(2), whole(0), {}, {}}, list)
}
