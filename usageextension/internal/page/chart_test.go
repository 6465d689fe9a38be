package page

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScalesHaveRoundStepsAndRoomForAll(t *testing.T) {
	for most, want := range map[int64]scale{
		0: {1, 1}, 1: {1, 1}, 2: {2, 1}, 5: {5, 1}, 6: {6, 2}, 9: {10, 2}, 10: {10, 2}, 11: {15, 5}, 26: {30, 10}, 99: {100, 20}, 101: {150, 50},
		1_000_000: {1_000_000, 200_000}, 7_300_000_000: {8_000_000_000, 2_000_000_000},
		math.MaxInt64: {math.MaxInt64, 2_000_000_000_000_000_000},
	} {
		assert.Equal(t, want, newScale(most), "%d", most)
		assert.LessOrEqual(t, len(newScale(most).grid(count)), 6)
		assert.Equal(t, planeHeight, newScale(most).height(math.MaxInt64))
		assert.Zero(t, newScale(most).height(0))
	}
}

// buckets are n of them, the last of which goes on.
func someBuckets(n int) []bucket {
	list := make([]bucket, n)
	list[n-1].present = true
	return list
}

func TestBarsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 7))
	for range 200 {
		buckets := someBuckets(1 + r.IntN(31))
		all := make([]series, 1+r.IntN(maxSeries+1))
		for n := range all {
			for range buckets {
				v := r.Int64N(1 << r.IntN(62))
				all[n].values = append(all[n].values, v*int64(r.IntN(2)))
			}
		}
		slots, grid := stack(buckets, all, count)
		require.Len(t, slots, len(buckets))
		require.NotEmpty(t, grid)
		for i, s := range slots {
			bottom := planeHeight
			for _, rect := range s.Rects {
				assert.Positive(t, rect.Height)
				assert.Equal(t, bottom, rect.Y+rect.Height, "each bar stands on the one below")
				bottom = rect.Y
			}
			assert.GreaterOrEqual(t, bottom, 0, "no bar is higher than the picture")
			one := series{}
			for _, group := range all {
				one.values = append(one.values, group.values[i])
			}
			most := int64(0)
			for n := range buckets {
				other := series{}
				for _, group := range all {
					other.values = append(other.values, group.values[n])
				}
				most = max(most, other.sum())
			}
			assert.Equal(t, newScale(most).height(one.sum()), planeHeight-bottom, "together they are as high as their sum")
		}
	}
}

func TestBarsStandInTheirPlaces(t *testing.T) {
	all := []series{{colour: "c0", name: "a", values: []int64{10, 0}}, {colour: "c1", name: "b", values: []int64{30, 20}}}
	buckets := someBuckets(2)
	buckets[0].name, buckets[1].name = "first", "second"
	slots, grid := stack(buckets, all, count)
	assert.Equal(t, []slot{
		{0, 100, []string{"first", "a: 10", "b: 30"}, []rect{{9, 750, 82, 250, "c0"}, {9, 0, 82, 750, "c1"}}},
		{100, 100, []string{"second", "b: 20"}, []rect{{109, 500, 82, 500, "c1"}}},
	}, slots)
	assert.Equal(t, []gridLine{{"100.00%", "0"}, {"75.00%", "10"}, {"50.00%", "20"}, {"25.00%", "30"}, {"0.00%", "40"}}, grid)
}

func TestLinesEndWithTheBucketThatGoesOn(t *testing.T) {
	line := func(states string, values ...int64) line {
		buckets := make([]bucket, len(states))
		for i, state := range states {
			buckets[i].present, buckets[i].future = state == '|', state == '>'
		}
		_, drawn, _ := lines(buckets, []series{{colour: "x", values: values}}, count)
		return drawn[0]
	}
	assert.Equal(t, "M50 1000h0L150 0", line("--|>", 0, 10, 5, 0).Path)
	assert.Equal(t, "M150 0L250 500", line("--|>", 0, 10, 5, 0).Open)
	assert.Equal(t, "M50 0h0", line("-", 10).Path, "one point is a dot")
	assert.Equal(t, "M50 0L50 0", line("|>>", 10, 0, 0).Open)
	assert.Empty(t, line("|>>", 10, 0, 0).Path)
	assert.Empty(t, line(">", 0).Path+line(">", 0).Open+line("").Path)
}
