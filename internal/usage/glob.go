package usage

import "strings"

// Glob matches a name with a pattern in which * is any text, with slashes, and ?
// any byte. It takes at most the product of both lengths.
func Glob(pattern, name string) bool {
	star, after := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, after = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			// Let the last star take one byte more.
			after++
			p, n = star+1, after
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
