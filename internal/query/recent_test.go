package query

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecentRequests_A_F44(t *testing.T) {
	f := newFake(t)
	schema, values := f.provider("shop", "openai", "gen_ai", "gpt-4o", "chat")
	f.addLive(schema, values, calls(10, 2))
	f.addHour(at(t, "2026-11-20T16:59:00+01:00"), schema, values, calls(9, 9))
	f.addHour(at(t, "2026-11-20T17:00:00+01:00"), schema, values, calls(1, 2))
	schema, values = f.provider("shop", "mistral", "gen_ai", "large", "chat")
	f.addHour(at(t, now), schema, values, calls(3, 0))
	got, err := RecentRequests(f)
	require.NoError(t, err)
	var empty []RecentBucket
	for hour := range 24 {
		empty = append(empty, RecentBucket{Time: fmt.Sprintf("%02d:00-%02d:00", (hour+17)%24, (hour+18)%24)})
	}
	openai := append([]RecentBucket{{Time: "17:00-18:00", Success: 1, Failed: 2}}, empty[1:]...)
	mistral := append(append([]RecentBucket{}, empty[:23]...), RecentBucket{Time: "16:00-17:00", Success: 3})
	assert.Equal(t, map[string]*Recent{
		"openai":  {Success: 10, Failed: 2, Requests: openai},
		"mistral": {Requests: mistral},
	}, got)
}
