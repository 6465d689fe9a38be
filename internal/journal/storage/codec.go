package storage

import (
	"encoding/binary"
	"errors"
)

// The manifest is sealed:
//
//	next uvarint | files uvarint, files | garbage uvarint, garbage
//
// A file is its name (uvarint length, bytes), number, blocks and size, garbage a
// number and how many of its blocks are left, all uvarint. Files are in the
// order of their names.

func (m *manifest) encode() []byte {
	value := beginSeal(nil, sealManifest)
	value = binary.AppendUvarint(value, m.next)
	value = binary.AppendUvarint(value, uint64(len(m.files)))
	for _, e := range m.files {
		value = binary.AppendUvarint(value, uint64(len(e.name)))
		value = append(value, e.name...)
		value = e.append(value)
		value = binary.AppendUvarint(value, uint64(e.size))
	}
	value = binary.AppendUvarint(value, uint64(len(m.garbage)))
	for _, e := range m.garbage {
		value = e.append(value)
	}
	return endSeal(value)
}

func (e extent) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, e.number), uint64(e.blocks))
}

func decodeManifest(value []byte) (*manifest, error) {
	body, err := unseal(manifestKey, sealManifest, value)
	if err != nil {
		return nil, err
	}
	d := &decoder{rest: body, seen: map[uint64]bool{}}
	m := d.manifest()
	if d.err == nil && len(d.rest) > 0 {
		d.fail("something follows its end")
	}
	if d.err != nil {
		return nil, &DamageError{Key: manifestKey, Reason: d.err.Error()}
	}
	return m, nil
}

// decoder reads a manifest. The first impossible read sets err and empties the
// rest; callers check once, at the end.
type decoder struct {
	rest []byte
	next uint64
	seen map[uint64]bool // numbers
	err  error
}

func (d *decoder) fail(reason string) {
	if d.err == nil {
		d.err = errors.New(reason)
	}
	d.rest = nil
}

func (d *decoder) manifest() *manifest {
	d.next = d.uvarint()
	m := &manifest{next: d.next}
	if d.next == 0 {
		d.fail("no number is left")
	}
	for range d.count() {
		e := d.entry()
		if n := len(m.files); n > 0 && m.files[n-1].name >= e.name {
			d.fail("names are out of order")
		}
		if d.err != nil {
			return nil
		}
		m.files = append(m.files, e)
	}
	for range d.count() {
		e := d.extent()
		if e.blocks == 0 {
			d.fail("garbage without blocks")
		}
		if d.err != nil {
			return nil
		}
		m.garbage = append(m.garbage, e)
	}
	return m
}

func (d *decoder) entry() entry {
	n := d.count()
	name := string(d.rest[:n])
	d.rest = d.rest[n:]
	if name == "" {
		d.fail("a file without a name")
	}
	e := entry{name: name, extent: d.extent()}
	size := d.uvarint()
	// A block has at least a byte.
	if size < uint64(e.blocks) || size > uint64(e.blocks)*maxContent {
		d.fail("blocks that cannot hold the size of their file")
	}
	e.size = int64(size)
	return e
}

func (d *decoder) extent() extent {
	number, blocks := d.uvarint(), d.uvarint()
	if number == 0 || number >= d.next || d.seen[number] {
		d.fail("a number that was not given out, or twice")
	}
	if blocks > maxBlocks {
		d.fail("more blocks than a file can have")
	}
	d.seen[number] = true
	return extent{number: number, blocks: uint32(blocks)}
}

// count reads the number of elements that follow. Each takes at least a byte,
// so that a damaged count cannot make the reader allocate more than it read.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail("a count beyond its end")
		return 0
	}
	return int(n)
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail("a number that does not end")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}
