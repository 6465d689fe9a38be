package journal

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelusage/usageprocessor/internal/usage"
)

// Every field of a commit is read back, in a process with other schema numbers.
func TestCommitRoundTrip(t *testing.T) {
	var schemas usage.Schemas
	names := append(usage.BaseNames(usage.Provider), "tenant.id")
	want := usage.Commit{
		Seq: 7, Moment: usage.Moment{Wall: 1e18, Age: 6e10}, Signal: usage.Logs,
		Ledger: usage.Ledger{usage.Counted: 3, usage.SkippedNested: 2, usage.UnmeteredDisabled: 1},
		Defined: []usage.Definition{{
			Slot: 4, Schema: schemas.Intern(usage.Provider, names), Start: 5e17,
			Values: []string{"app", "openai", usage.GenAI, "gpt-5", "chat", "acme"},
		}},
		Deltas: []usage.Delta{{
			Slot: 4, Hour: 1763722800,
			Measures: usage.Measures{
				Requests: [usage.Outcomes]int64{1, 2, 3, 4, 5}, Duration: 6, RequestBytes: 7, ResponseBytes: 8,
				Tokens: [usage.TokenTypes]int64{9, 10, 11, 12, 13}, TimeToFirstToken: 14,
			},
			Durations:   []usage.Bucket{usage.ZeroBucket, 3, -200, 3},
			FirstTokens: []usage.Bucket{1},
		}},
		Keys: []uint64{1, 1 << 63, 42},
	}
	e := newEncoder()
	fr := newFrameReader("commit", bytes.NewReader(e.commit(nil, &want)))

	var elsewhere usage.Schemas
	elsewhere.Intern(usage.Endpoint, usage.BaseNames(usage.Endpoint))
	d, got := newDecoder(FormatVersion, &elsewhere), usage.Commit{}
	for {
		kind, payload, err := fr.next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if kind == frameSchema {
			require.NoError(t, d.schema(payload))
			continue
		}
		require.NoError(t, d.commit(payload, &got))
	}
	assert.Equal(t, usage.SchemaID(1), got.Defined[0].Schema.ID)
	want.Defined[0].Schema = got.Defined[0].Schema
	assert.Equal(t, names, got.Defined[0].Schema.Names)
	assert.Equal(t, want, got)
}
