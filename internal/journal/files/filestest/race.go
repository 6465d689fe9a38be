package filestest

import "runtime/debug"

// Share returns how many of n equal cases a test tries that uses one goroutine:
// all of them, or an eighth under the race detector, which makes each take ten
// times as long and has nothing to find there.
func Share(n int64) int64 {
	if racing() {
		return n / 8
	}
	return n
}

func racing() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}
