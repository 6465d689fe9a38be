package query

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecentRequests_A_F44(t *testing.T) {
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	f.addLive(schema, values, calls(10, 2))
	f.addHour(at(t, "2026-11-21T12:59:00+01:00"), schema, values, calls(9, 9))
	f.addHour(at(t, "2026-11-21T13:00:00+01:00"), schema, values, calls(1, 2))
	schema, values = f.provider("shop", "mistral", "gen_ai", "large", "chat")
	f.addHour(at(t, now), schema, values, calls(3, 0))
	got, err := RecentRequests(f, 4)
	require.NoError(t, err)
	empty := []RecentBucket{{Time: "13:00-14:00"}, {Time: "14:00-15:00"}, {Time: "15:00-16:00"}, {Time: "16:00-17:00"}}
	openai := append([]RecentBucket{{Time: "13:00-14:00", Success: 1, Failed: 2}}, empty[1:]...)
	mistral := append(append([]RecentBucket{}, empty[:3]...), RecentBucket{Time: "16:00-17:00", Success: 3})
	assert.Equal(t, map[string]*Recent{
		"openai":  {Success: 10, Failed: 2, Requests: openai},
		"mistral": {Requests: mistral},
	}, got)
	for _, hours := range []int{0, -1, maxRecent + 1} {
		_, err := RecentRequests(f, hours)
		require.ErrorIs(t, err, ErrInput)
	}
}
