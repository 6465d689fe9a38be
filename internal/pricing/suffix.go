package pricing

import "strings"

// withoutSuffix takes one suffix away that does not change the price: a tag, the
// version of a host, a date, an alias. Whatever else a name ends with is taken
// for another model, however much it looks like this one: a `-pro` or `-mini`
// that is unknown has no price, rather than that of its sibling.
func withoutSuffix(name string) (rest string, ok bool) {
	if rest, ok = strings.CutSuffix(name, "[1m]"); ok {
		return rest, rest != "" // the context window that Claude Code asks for
	}
	if strings.HasPrefix(name, "ft:") {
		return fineTuned(name)
	}
	if i := strings.LastIndexByte(name, ':'); i > 0 && neutralTag(name[i+1:]) {
		return name[:i], true
	}
	if i := strings.LastIndexByte(name, '@'); i > 0 && (digits(name[i+1:]) || name[i+1:] == "default" || name[i+1:] == "latest") {
		return name[:i], true
	}
	i := strings.LastIndexByte(name, '-')
	if i <= 0 {
		return "", false
	}
	switch word := name[i+1:]; {
	case word == "latest" || word == "preview" || word == "exp" || word == "experimental" || word == "maas":
		return name[:i], true
	case digits(word):
		return withoutDate(name)
	case len(word) > 1 && word[0] == 'v' && digits(word[1:]):
		return name[:i], versioned(name[:i])
	}
	return "", false
}

// fineTuned turns ft:MODEL:ORGANISATION:NAME:ID into ft:MODEL, and takes a date
// away from that.
func fineTuned(name string) (rest string, ok bool) {
	if i := strings.IndexByte(name[len("ft:"):], ':'); i > 0 {
		return name[:len("ft:")+i], true
	}
	return withoutDate(name)
}

// neutralTag says whether what follows a colon leaves the price as it is. Most
// tags of Ollama do not: they are sizes.
func neutralTag(tag string) bool {
	switch tag {
	case "latest", "nitro", "floor", "thinking", "beta", "exacto", "online":
		return true
	}
	return digits(strings.TrimSuffix(tag, "k")) // Bedrock's revision and context
}

// versioned says whether a name is one that Bedrock or Vertex number with -v1.
// In others, like `deepseek-v3`, the version is the model.
func versioned(name string) bool {
	_, vendor := withoutVendor(name)
	_, region := withoutRegion(name)
	return vendor || region || strings.HasPrefix(name, "claude-") && strings.Count(name, "-") > 1
}

// withoutDate takes a date or the number of a revision away; # is any digit.
func withoutDate(name string) (rest string, ok bool) {
	for _, pattern := range [...]string{"-20##-##-##", "-20######", "-##-20##", "-00#"} {
		if i := len(name) - len(pattern); i > 0 && matches(name[i:], pattern) {
			return name[:i], true
		}
	}
	for _, word := range [...]string{"-preview", "-exp"} {
		const pattern = "-##-##"
		i := len(name) - len(pattern)
		if i > 0 && matches(name[i:], pattern) && strings.HasSuffix(name[:i], word) {
			return name[:i], true
		}
	}
	// Month and day; others write year and month, which tells models apart.
	const pattern = "-####"
	i := len(name) - len(pattern)
	if i <= 0 || !matches(name[i:], pattern) {
		return "", false
	}
	month, day := name[i+1:i+3], name[i+3:]
	return name[:i], month >= "01" && month <= "12" && day >= "01" && day <= "31"
}

// matches compares text with a pattern of the same length.
func matches(text, pattern string) bool {
	for i := range len(text) {
		if pattern[i] == '#' {
			if text[i] < '0' || text[i] > '9' {
				return false
			}
		} else if text[i] != pattern[i] {
			return false
		}
	}
	return true
}

// digits says whether s is a number.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
