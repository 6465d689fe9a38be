package dialect

import "slices"

// Table finds what a name of an attribute says. It is a hash table of its own
// because it is asked for every attribute of every record: hashing four bytes
// and the length tells nearly all names apart, the built-in map would hash all
// of the name. It is immutable.
type Table struct {
	entries []Entry // open addressing, a power of two
}

// Entry is one name of an attribute in a [Table].
type Entry struct {
	Name  string // empty: free
	Field Field
	// Rank is the position among the names of one field; 0 is best.
	Rank      uint16
	Unit      Unit
	Cache     Inclusion
	Reasoning Inclusion
	// JSON is the path of the field if the attribute holds a JSON object.
	JSON string
	// Roles are what a span is by the attribute's value; nil for fields.
	Roles *Roles
}

// Roles are the roles of an attribute's values.
type Roles struct {
	exact  map[string]Role
	suffix []word[Role] // values that end so
	other  Role
}

// Of returns the role that a value gives.
func (r *Roles) Of(value string) Role {
	if role, ok := r.exact[value]; ok {
		return role
	}
	for i := range r.suffix {
		if s := r.suffix[i].name; len(value) >= len(s) && value[len(value)-len(s):] == s {
			return r.suffix[i].value
		}
	}
	return r.other
}

// newTable makes a table of entries. A name may stand in several: an attribute
// can be a field, decide on the role and be a dimension.
func newTable(entries []Entry) *Table {
	t := &Table{entries: make([]Entry, 1)}
	for len(t.entries) < 4*len(entries) {
		t.entries = make([]Entry, 2*len(t.entries))
	}
	for _, e := range entries {
		i := t.slot(e.Name)
		for t.entries[i].Name != "" {
			i = (i + 1) & t.mask()
		}
		t.entries[i] = e
	}
	return t
}

// First is where the search for a name begins, which must not be empty. Next is
// where it goes on; it ends at an entry without a name.
func (t *Table) First(name string) uint32 { return t.slot(name) }

// Next is the place after another one.
func (t *Table) Next(i uint32) uint32 { return (i + 1) & t.mask() }

// At is the entry at a place.
func (t *Table) At(i uint32) *Entry { return &t.entries[i] }

func (t *Table) mask() uint32 { return uint32(len(t.entries) - 1) }

func (t *Table) slot(name string) uint32 {
	n := len(name)
	h := uint32(n)<<24 ^ uint32(name[0])<<16 ^ uint32(name[n/2])<<8 ^ uint32(name[n-1]) ^ uint32(name[n-1-n/4])<<12
	return (h * 0x9e3779b1 >> 12) & t.mask()
}

// tableOf makes a table of the names of fields, in the order of the files, and
// of dimensions.
func tableOf(files []*File, dimensions []string) *Table {
	var entries []Entry
	next := map[Field]uint16{}
	for _, f := range files {
		entries = appendFields(entries, f.Fields, next)
		for _, attribute := range sortedKeys(f.Roles) {
			entries = append(entries, Entry{Name: attribute, Roles: compileRoles(f.Roles[attribute])})
		}
	}
	return newTable(appendDimensions(entries, dimensions))
}

// appendFields appends the names of fields; next are the ranks that come next.
func appendFields(entries []Entry, fields map[string][]Name, next map[Field]uint16) []Entry {
	for _, key := range sortedKeys(fields) {
		field, _ := fieldOf(key)
		for _, n := range fields[key] {
			if slices.ContainsFunc(entries, func(e Entry) bool { return e.Name == n.Name && e.JSON == n.JSON && e.Field == field && e.Roles == nil }) {
				continue
			}
			entries = append(entries, Entry{
				Name: n.Name, JSON: n.JSON, Field: field, Rank: next[field],
				Unit: meaning(units(), n.Unit), Cache: meaning(inclusions(), n.Cache), Reasoning: meaning(inclusions(), n.Reasoning),
			})
			next[field]++
		}
	}
	return entries
}

func appendDimensions(entries []Entry, dimensions []string) []Entry {
	for i, name := range dimensions {
		entries = append(entries, Entry{Name: name, Field: Fields + Field(i)})
	}
	return entries
}

func compileRoles(values map[string]string) *Roles {
	r := &Roles{exact: map[string]Role{}}
	for _, value := range sortedKeys(values) {
		role := meaning(roles(), values[value])
		switch {
		case value == "*":
			r.other = role
		case value[0] == '*':
			r.suffix = append(r.suffix, word[Role]{value[1:], role})
		default:
			r.exact[value] = role
		}
	}
	return r
}
