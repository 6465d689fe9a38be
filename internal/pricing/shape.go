package pricing

import "strings"

// shape is a name as it is compared: some write 3.5 and some 3-5, some
// claude-4-sonnet and some claude-sonnet-4, some put @ before a date and some -.
func shape(name string) string {
	if strings.ContainsAny(name, ".@") {
		name = dashed(name)
	}
	const claude = "claude-"
	i := strings.Index(name, claude)
	if i < 0 {
		return name
	}
	i += len(claude)
	version, family, rest, ok := versionFirst(name[i:])
	if !ok {
		return name
	}
	return name[:i] + family + "-" + version + rest
}

// dashed replaces @, and dots between digits, by dashes.
func dashed(name string) string {
	b := []byte(name)
	for i, c := range b {
		switch {
		case c == '@', c == '.' && i > 0 && i < len(b)-1 && isDigit(b[i-1]) && isDigit(b[i+1]):
			b[i] = '-'
		}
	}
	return string(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// versionFirst splits 3-5-sonnet-20241022 into its version, its family and what
// follows.
func versionFirst(s string) (version, family, rest string, ok bool) {
	parts := strings.SplitN(s, "-", 4)
	n := 0
	for n < len(parts) && n < 2 && digits(parts[n]) && len(parts[n]) <= 2 {
		n++
	}
	if n == 0 || n == len(parts) {
		return "", "", "", false
	}
	version, family = strings.Join(parts[:n], "-"), parts[n]
	end := 0
	for end < len(family) && 'a' <= family[end] && family[end] <= 'z' {
		end++
	}
	if end == 0 {
		return "", "", "", false
	}
	return version, family[:end], s[len(version)+1+end:], true
}
