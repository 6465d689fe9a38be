package api

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The document has the routes that there are, and no others; what needs the token says
// so, and what does not has no body.
func TestRoutesAreDescribed(t *testing.T) {
	data, err := os.ReadFile("../../openapi.yaml")
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(data)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))

	described, served := []string{}, []string{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			described = append(described, method+" "+path)
			free := operation.Security == nil
			assert.Equal(t, method == http.MethodGet, free, "%s %s", method, path)
			assert.False(t, free && operation.RequestBody != nil, "%s %s", method, path)
			assert.NotEmpty(t, operation.OperationID, "%s %s", method, path)
			assert.NotNil(t, operation.Responses.Default(), "%s %s", method, path)
		}
	}
	for _, r := range new(API).routes() {
		served = append(served, r.method+" "+strings.ReplaceAll(r.path, "{$}", ""))
		assert.Equal(t, r.method != http.MethodGet, r.changes(), "%s %s", r.method, r.path)
	}
	assert.ElementsMatch(t, served, described)
}
