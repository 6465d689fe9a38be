package fault

import (
	"slices"
	"testing"
)

func TestScheduleFirstRuleWins(t *testing.T) {
	s := New(Rule{Every: 2, Status: 429}, Rule{Every: 3, Status: 500})
	var got []int
	for range 6 {
		got = append(got, s.Next())
	}
	if want := []int{0, 429, 500, 429, 0, 429}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestScheduleWithoutRulesNeverFails(t *testing.T) {
	if got := New().Next(); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
}
