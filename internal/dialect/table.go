package dialect

import "slices"

// Table finds what a name of an attribute says. It is a hash table of its own
// because it is asked for every attribute of every record: hashing four bytes
// and the length tells nearly all names apart, the built-in map would hash all
// of the name. What is asked for mostly is not there, which the small index
// knows. It is immutable.
type Table struct {
	entries []Entry
	// index has, by open addressing, numbers of entries from 1 on; 0 is free. Its
	// length is a power of two.
	index []uint32
}

// Entry is one name of an attribute in a [Table].
type Entry struct {
	Name  string
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
	t := &Table{entries: entries, index: make([]uint32, 1)}
	for len(t.index) < 4*len(entries) {
		t.index = make([]uint32, 2*len(t.index))
	}
	for i, e := range entries {
		place := t.First(e.Name)
		for t.At(place) != nil {
			place++
		}
		t.index[place&t.mask()] = uint32(i + 1)
	}
	return t
}

// First is the place where the search for a name begins, which must not be empty.
// It goes on at the next one until nothing is there.
func (t *Table) First(name string) uint32 {
	n := len(name)
	h := uint32(n)<<24 ^ uint32(name[0])<<16 ^ uint32(name[n/2])<<8 ^ uint32(name[n-1]) ^ uint32(name[n-1-n/4])<<12
	return h * 0x9e3779b1 >> 12
}

// At is the entry at a place; nil if there is none.
func (t *Table) At(place uint32) *Entry {
	number := t.index[place&t.mask()]
	if number == 0 {
		return nil
	}
	return &t.entries[number-1]
}

func (t *Table) mask() uint32 { return uint32(len(t.index) - 1) }

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

// sessionNames are the fields of files that name a session.
func sessionNames(files []*File) map[string][]Name {
	var names []Name
	for _, f := range files {
		names = append(names, f.Fields[SessionID.String()]...)
	}
	return map[string][]Name{SessionID.String(): names}
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
