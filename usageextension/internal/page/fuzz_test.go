package page

import (
	"errors"
	"io"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/query"
)

// FuzzAddress asks for pages with any parameters: there is one, or what is wrong with
// them is said.
func FuzzAddress(f *testing.F) {
	for _, address := range []string{
		"", "period=week&by=model&show=tokens", "of=endpoints&by=usage.endpoint&show=out", "by=%22%3E%3Cb%3E", "processor=usage&period=month", "by=%00", "x=1", "by=a&by=b", "%zz",
	} {
		f.Add(address)
	}
	p, err := New()
	require.NoError(f, err)
	meters := []Meter{{ID: "usage", Source: shop()}}
	f.Fuzz(func(t *testing.T, address string) {
		values, err := url.ParseQuery(address)
		if err != nil {
			return
		}
		d, err := Collect(Request{Meters: meters, Parameters: values})
		if errors.Is(err, query.ErrInput) {
			return
		}
		require.NoError(t, err)
		require.NoError(t, p.Render(io.Discard, d))
	})
}
