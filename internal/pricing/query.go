package pricing

import (
	"slices"
	"strings"
)

// query is what is looked for: a model under every name that may be meant, at
// everyone who may have priced it. Both lists begin with the most certain.
type query struct {
	names  []string // lower case
	shapes []string // the names as they are compared
	lists  []string // price lists
	// payees are the providers themselves and their families, for overrides.
	payees []string
	free   bool
}

func newQuery(provider, model string) *query {
	s := spell(model)
	q := &query{names: s.names, free: s.free}
	for _, name := range s.names {
		q.shapes = append(q.shapes, shape(name))
	}
	q.addProviders(canonical(provider), &s)
	return q
}

// addProviders lists the provider, then those that the name itself goes through,
// then the owner, each unless one before it has prices of its own for everything.
func (q *query) addProviders(provider string, s *spelling) {
	route := s.route
	if s.bedrock {
		// Nobody else calls models like that, whichever client reports them.
		route = slices.Insert(route, 0, bedrock)
	}
	if provider != "" && !(s.bedrock && provider != bedrock) {
		route = slices.Insert(route, 0, provider)
	}
	if o := owner(s.plain()); o != "" {
		route = append(route, o)
	}
	for i, id := range route {
		if slices.Contains(q.lists, id) {
			continue
		}
		if slices.ContainsFunc(route[:i], func(before string) bool { return family(before) != family(id) && !resells(before, id) }) {
			continue
		}
		q.lists = appendNew(q.lists, lists(id)...)
		q.payees = appendNew(q.payees, id, family(id))
	}
	q.payees = appendNew(q.payees, provider)
}

func appendNew(to []string, values ...string) []string {
	for _, v := range values {
		if !slices.Contains(to, v) {
			to = append(to, v)
		}
	}
	return to
}

// spelling is what a model's name says.
type spelling struct {
	names   []string
	route   []string // who the name goes through, in order
	bedrock bool
	free    bool
}

// maxName bounds the names that are looked at: reading one takes time and memory
// that grow with its length, and strangers choose it.
const maxName = 256

// maxPathParts bounds the prefixes that are taken away.
const maxPathParts = 8

func spell(model string) spelling {
	var s spelling
	name := strings.ToLower(strings.TrimSpace(model))
	if name == "" || len(name) > maxName {
		return s
	}
	s.free = strings.HasSuffix(name, ":free")
	for _, head := range s.heads(name) {
		s.names = appendNew(s.names, head)
		for rest, ok := withoutSuffix(head); ok; rest, ok = withoutSuffix(rest) {
			s.names = appendNew(s.names, rest)
		}
	}
	return s
}

// plain is the shortest name, without a path.
func (s *spelling) plain() string {
	if len(s.names) == 0 {
		return ""
	}
	last := s.names[len(s.names)-1]
	return last[strings.LastIndexByte(last, '/')+1:]
}

// heads returns the name and what is left of it as one prefix after the other is
// taken away.
func (s *spelling) heads(name string) []string {
	heads := []string{name}
	rest := s.withoutResource(name)
	heads = append(heads, rest)
	for range maxPathParts {
		next, ok := s.withoutPart(rest)
		if !ok {
			break
		}
		rest = next
		heads = append(heads, rest)
	}
	if next, ok := withoutRegion(rest); ok {
		s.bedrock = true
		rest = next
		heads = append(heads, rest)
	}
	if next, ok := withoutVendor(rest); ok {
		s.bedrock = s.bedrock || onlyBedrock(rest)
		heads = append(heads, next)
	}
	return heads
}

// withoutResource returns the model in the name of a cloud's resource.
func (s *spelling) withoutResource(name string) string {
	if strings.HasPrefix(name, "arn:") {
		s.bedrock = true
		return name[strings.LastIndexByte(name, '/')+1:]
	}
	if i := strings.Index(name, "publishers/"); i >= 0 && (i == 0 || name[i-1] == '/') {
		s.route = append(s.route, vertex)
		return name[i+len("publishers/"):]
	}
	return name
}

// withoutPart takes away the first part of a path, if it says where the call goes
// through, or who made the model, and not which model it is.
func (s *spelling) withoutPart(path string) (rest string, ok bool) {
	part, rest, ok := strings.Cut(path, "/")
	if !ok {
		// Some write provider:model; tags like `latest` are no providers.
		if part, rest, ok = strings.Cut(path, ":"); !ok {
			return "", false
		}
		id, isProvider := known(part)
		s.pass(id)
		return rest, isProvider
	}
	switch part {
	case "":
		return "", false
	case "models", "litellm_proxy", "litellm", "proxy", "vercel", "meta-llama", "meta", "microsoft":
		return rest, true
	case "accounts": // of a name like accounts/NAME/models/MODEL
		return rest, strings.Contains(rest, "/models/")
	}
	if id, isProvider := known(part); isProvider {
		s.pass(id)
		return rest, true
	}
	return rest, len(s.route) > 0 && place(part)
}

func (s *spelling) pass(id string) {
	if id != "" {
		s.route = append(s.route, id)
	}
}

// place says whether a part of a path is a region, a kind of deployment or an API.
func place(part string) bool {
	switch part {
	case "us", "eu", "global", "global-standard", "standard", "regional", "converse", "invoke":
		return true
	}
	area, rest, ok := strings.Cut(part, "-")
	return ok && len(area) == 2 && strings.Contains(rest, "-") && digits(part[len(part)-1:])
}

// onlyBedrock says whether a name with a vendor in front is none of the other
// clouds' that write vendors so.
func onlyBedrock(name string) bool {
	return strings.HasPrefix(name, "anthropic.") || strings.HasPrefix(name, "amazon.") || strings.Contains(name, ":")
}

// withoutRegion takes Bedrock's region away, from names that go on as its names do.
func withoutRegion(name string) (rest string, ok bool) {
	region, rest, ok := strings.Cut(name, ".")
	if !ok {
		return "", false
	}
	switch region {
	case "us", "us-gov", "eu", "apac", "ap", "jp", "au", "ca", "in", "global", "regional":
		_, ok = withoutVendor(rest)
		return rest, ok
	default:
		return "", false
	}
}

// withoutVendor takes away what Bedrock puts before a model's name.
func withoutVendor(name string) (rest string, ok bool) {
	vendor, rest, ok := strings.Cut(name, ".")
	if !ok {
		return "", false
	}
	switch vendor {
	case "anthropic", "amazon", "meta", "mistral", "cohere", "ai21", "deepseek", "openai", "qwen", "google",
		"nvidia", "writer", "stability", "minimax", "moonshot", "moonshotai", "zai", "twelvelabs", "luma":
		return rest, rest != ""
	default:
		return "", false
	}
}
