package extract

import "strings"

// appendTemplate appends a URL path with everything that identifies a single
// thing replaced by {id}, so that a path can name an endpoint. Query and
// fragment are cut off.
func appendTemplate(dst []byte, path string) []byte {
	if i := indexOf(path, '?', '#'); i >= 0 {
		path = path[:i]
	}
	if path == "" || path[0] != '/' {
		dst = append(dst, '/')
	}
	return appendWithoutIDs(dst, path)
}

// appendWithoutIDs appends a name, replacing the parts between slashes and
// spaces that identify a single thing.
func appendWithoutIDs(dst []byte, name string) []byte {
	for {
		end := indexOf(name, '/', ' ')
		part := name
		if end >= 0 {
			part = name[:end]
		}
		dst = appendPart(dst, part)
		if end < 0 {
			return dst
		}
		dst = append(dst, name[end])
		name = name[end+1:]
	}
}

// indexOf returns where either byte stands first; -1 if none does. Parts of paths
// are too short to prepare for the search of many bytes.
func indexOf(s string, a, b byte) int {
	for i := range len(s) {
		if s[i] == a || s[i] == b {
			return i
		}
	}
	return -1
}

// appendPart appends a part, or {id} instead. An extension or a verb behind an
// identifier stays: {id}.json, {id}:cancel.
func appendPart(dst []byte, part string) []byte {
	if i := strings.IndexAny(part, ".:@%"); i > 0 && (part[i] == '.' || part[i] == ':') && isWord(part[i+1:]) && isID(part[:i]) {
		return append(append(dst, "{id}"...), part[i:]...)
	}
	if isID(part) {
		return append(dst, "{id}"...)
	}
	return append(dst, part...)
}

// isWord says whether s is nothing but a few letters.
func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != "" && len(s) <= maxWord
}

const (
	maxWord     = 12 // of an extension or verb
	minHexID    = 8  // shorter hexadecimal is a word or a version
	minMixedID  = 10 // with at least minDigits digits among letters
	minDigits   = 3  // a number this long behind a dash is one of many: user-123
	minLongID   = 24 // with at least one digit
	minOpaqueID = 40 // whatever it consists of
)

// isID says whether a path segment identifies a single thing: a number, a
// UUID, a hexadecimal or a long token. Names with a version, such as v1beta1
// or oauth2, do not.
func isID(s string) bool {
	var digits, hex, letters int
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
			hex++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
			letters++
			hex++
		case c >= 'g' && c <= 'z' || c >= 'G' && c <= 'Z':
			letters++
		case c == '%' || c == '@' || c >= 0x80:
			return true // escaped text, mail addresses: somebody's data
		}
	}
	switch {
	case digits > 0 && letters == 0: // numbers, dates, coordinates
		return true
	case digits > 0 && hex >= minHexID && hex+strings.Count(s, "-") == len(s): // hex, UUID
		return true
	case digits >= minDigits && (len(s) >= minMixedID || endsInNumber(s, digits)):
		return true
	case digits > 0 && len(s) >= minLongID:
		return true
	default:
		return len(s) >= minOpaqueID
	}
}

// endsInNumber says whether all digits of s are behind its last dash.
func endsInNumber(s string, digits int) bool {
	i := len(s) - digits - 1
	return i > 0 && (s[i] == '-' || s[i] == '_') && strings.Trim(s[i+1:], "0123456789") == ""
}

// hostOf returns the host of a URL, without user and port; empty if there is none.
func hostOf(url string) string { return withoutPort(authorityOf(url)) }

// authorityOf returns host and port of a URL; empty if there is none.
func authorityOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return rest
}

// withoutPort cuts the port off a host; IPv6 addresses lose their brackets.
func withoutPort(host string) string {
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return host[1:end]
		}
	}
	if i := strings.IndexByte(host, ':'); i >= 0 && strings.LastIndexByte(host, ':') == i {
		return host[:i]
	}
	return host
}

// pathOf returns what follows the host in a URL.
func pathOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return "/"
}
