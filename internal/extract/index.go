package extract

// index finds attributes by name. It is a hash table of its own because it is
// asked for every attribute of every record: hashing four bytes and the length
// tells nearly all names apart, the built-in map would hash all of the name.
type index struct {
	entries []indexEntry // open addressing, a power of two
}

type indexEntry struct {
	name string // empty: free
	attr attribute
	rank uint8 // position among the names of one attribute; 0 is best
}

// newIndex compiles the known names and the configured dimensions, which are
// numbered from attributes on.
func newIndex(dimensions []string) *index {
	known := names()
	x := &index{entries: make([]indexEntry, 1)}
	count := len(dimensions)
	for _, aliases := range known {
		count += len(aliases)
	}
	for len(x.entries) < 4*count {
		x.entries = make([]indexEntry, 2*len(x.entries))
	}
	for attr, aliases := range known {
		for rank, name := range aliases {
			x.add(indexEntry{name: name, attr: attribute(attr), rank: uint8(rank)})
		}
	}
	for i, name := range dimensions {
		x.add(indexEntry{name: name, attr: attributes + attribute(i)})
	}
	return x
}

// add enters a name. A name may be entered twice: a dimension can be an
// attribute that is known here anyway.
func (x *index) add(e indexEntry) {
	i := x.slot(e.name)
	for x.entries[i].name != "" {
		i = (i + 1) & x.mask()
	}
	x.entries[i] = e
}

func (x *index) mask() uint32 { return uint32(len(x.entries) - 1) }

func (x *index) slot(name string) uint32 {
	n := len(name)
	h := uint32(n)<<24 ^ uint32(name[0])<<16 ^ uint32(name[n/2])<<8 ^ uint32(name[n-1]) ^ uint32(name[n-1-n/4])<<12
	return (h * 0x9e3779b1 >> 12) & x.mask()
}
