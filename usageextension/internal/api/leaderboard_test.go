package api

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// rowsOf has series of endpoints and of providers with a dimension each.
type rowsOf struct {
	query.Source
	live, history []*usage.Schema
}

func (s rowsOf) Live(visit func(*usage.Row) bool) {
	for _, schema := range s.live {
		if !visit(&usage.Row{Schema: schema}) {
			return
		}
	}
}

func (s rowsOf) History(_ usage.Granularity, _, _ int64, visit func(usage.Period, *usage.HistoryRow) error) error {
	for _, schema := range s.history {
		if err := visit(usage.Period{}, &usage.HistoryRow{Schema: schema}); err != nil {
			return err
		}
	}
	return nil
}

// Dimensions are known as long as anything has them.
func TestKindOfAttributes_E_F65(t *testing.T) {
	var schemas usage.Schemas
	schema := func(kind usage.Kind, dimension string) *usage.Schema {
		return schemas.Intern(kind, append(usage.BaseNames(kind), dimension))
	}
	src := rowsOf{
		live:    []*usage.Schema{schema(usage.Endpoint, "both"), schema(usage.Endpoint, "route"), schema(usage.Provider, "both")},
		history: []*usage.Schema{schema(usage.Endpoint, "tenant"), schema(usage.Provider, "user")},
	}
	for attribute, want := range map[string]usage.Kind{
		usage.AttrService: usage.Provider, usage.AttrModel: usage.Provider, usage.AttrProviderKind: usage.Provider,
		usage.AttrEndpoint: usage.Endpoint, usage.AttrMeter: usage.Own,
		"both": usage.Provider, "route": usage.Endpoint, "tenant": usage.Endpoint, "user": usage.Provider, "planet": usage.Provider,
	} {
		got, err := kindOf(src, attribute)
		require.NoError(t, err, attribute)
		assert.Equal(t, want, got, attribute)
	}
}
