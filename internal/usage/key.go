package usage

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/maphash"
	"unicode/utf8"
)

// A key is the identity of a series as bytes: the schema number, then each
// value behind its length, so that no two identities share a key.
//
//	schema u16 | (length u16 | value)...     little endian
//
// Keys live in memory only: the stored form names its dimensions.
const (
	schemaBytes = 2
	lengthBytes = 2
	// LongestValue is how many bytes of a value can be kept.
	LongestValue = 4096
	hashSuffix   = 1 + 16 // "~" and eight bytes in hexadecimal
)

// KeyBuilder writes one key at a time into a buffer that it reuses, so that
// joined names such as "GET /users/{id}" never become strings per record.
//
// Limit, if set, bounds values to so many bytes: identities are multiplied by the
// number of series, and values come from strangers. A longer one is cut and ends
// in a hash of the whole, so that it stays apart from others that begin alike.
type KeyBuilder struct {
	Limit int

	buf  []byte
	open int // start of the value being written
}

// Reset starts a new key.
func (k *KeyBuilder) Reset(schema *Schema) {
	k.buf = binary.LittleEndian.AppendUint16(k.buf[:0], uint16(schema.ID))
}

// Set writes the key of whole values.
func (k *KeyBuilder) Set(schema *Schema, values []string) {
	k.Reset(schema)
	for _, v := range values {
		k.Value(v)
	}
}

// Value appends one whole value, which has to be valid UTF-8.
func (k *KeyBuilder) Value(v string) {
	k.Open()
	k.Write(v)
	k.measure()
}

// Resume starts a key that goes on from another one.
func (k *KeyBuilder) Resume(key []byte) { k.buf = append(k.buf[:0], key...) }

// Open begins a value that is written in parts.
func (k *KeyBuilder) Open() {
	k.buf = append(k.buf, 0, 0)
	k.open = len(k.buf)
}

// Write appends a part of the open value.
func (k *KeyBuilder) Write(part string) { k.buf = append(k.buf, part...) }

// WriteWith lets an append-style function write a part of the open value.
func (k *KeyBuilder) WriteWith(appendTo func([]byte) []byte) { k.buf = appendTo(k.buf) }

// Empty says whether nothing was written to the open value yet.
func (k *KeyBuilder) Empty() bool { return len(k.buf) == k.open }

// hashBytes is how much of a hash stands for a value.
const hashBytes = 16

// Hash puts a hash, in hexadecimal, in the place of what was written to the open
// value.
func (k *KeyBuilder) Hash(h hash.Hash) {
	h.Reset()
	_, _ = h.Write(k.buf[k.open:]) // never fails: see hash.Hash
	sum := len(k.buf)
	k.buf = h.Sum(k.buf)
	text := len(k.buf)
	k.buf = hex.AppendEncode(k.buf, k.buf[sum:sum+hashBytes])
	k.buf = append(k.buf[:k.open], k.buf[text:]...)
}

// Close ends the open value. What it was made of came from strangers: it is
// made valid UTF-8, because exporters refuse anything else.
func (k *KeyBuilder) Close() {
	if value := k.buf[k.open:]; !utf8.Valid(value) {
		k.buf = append(k.buf[:k.open], bytes.ToValidUTF8(value, []byte("\uFFFD"))...)
	}
	k.measure()
}

// measure fills in the length of the open value, shortening it if need be.
func (k *KeyBuilder) measure() {
	limit := LongestValue
	if k.Limit > 0 {
		limit = k.Limit
	}
	if len(k.buf)-k.open > limit {
		k.shorten(limit)
	}
	binary.LittleEndian.PutUint16(k.buf[k.open-lengthBytes:], uint16(len(k.buf)-k.open))
}

// shorten cuts the open value on a rune boundary and appends its hash, which
// has to be the same in every process: series survive restarts.
func (k *KeyBuilder) shorten(limit int) {
	sum := sha256.Sum256(k.buf[k.open:])
	end := k.open + limit - hashSuffix
	for end > k.open && !utf8.RuneStart(k.buf[end]) {
		end--
	}
	k.buf = append(k.buf[:end], '~')
	k.buf = hex.AppendEncode(k.buf, sum[:8])
}

// Bytes is the key; it is valid until the next Reset.
func (k *KeyBuilder) Bytes() []byte { return k.buf }

// Values is the key without the schema's number, which is this process's own.
func (k *KeyBuilder) Values() []byte { return k.buf[schemaBytes:] }

// Key is the owned form of a built key.
type Key string

// AppendBase appends the key of the base identity of one whose key is given.
func AppendBase(dst, key []byte, base *Schema) []byte {
	end := schemaBytes
	for range base.Names {
		end += lengthBytes + int(binary.LittleEndian.Uint16(key[end:]))
	}
	dst = binary.LittleEndian.AppendUint16(dst, uint16(base.ID))
	return append(dst, key[schemaBytes:end]...)
}

// Schema is the number of the key's schema.
func (k Key) Schema() SchemaID { return SchemaID(uint16(k[0]) | uint16(k[1])<<8) }

// SchemaOf is the number of the schema of a key that is not owned.
func SchemaOf(key []byte) SchemaID { return SchemaID(binary.LittleEndian.Uint16(key)) }

// AppendValues appends the key's values to dst; they share the key's memory.
func (k Key) AppendValues(dst []string) []string {
	for rest := k[schemaBytes:]; len(rest) > 0; {
		n := lengthBytes + int(rest[0]) + int(rest[1])<<8
		dst = append(dst, string(rest[lengthBytes:n]))
		rest = rest[n:]
	}
	return dst
}

// Hasher hashes keys with a seed of its own, so that telemetry cannot be
// crafted to collide. Hashes are never stored.
type Hasher struct{ seed maphash.Seed }

// NewHasher returns a hasher with a fresh seed.
func NewHasher() Hasher { return Hasher{seed: maphash.MakeSeed()} }

// Sum hashes a key.
func (h Hasher) Sum(key []byte) uint64 { return maphash.Bytes(h.seed, key) }
