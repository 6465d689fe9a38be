package storage

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A value is sealed:
//
//	crc u32 | version u8 | kind u8 | body
//
// little endian; crc is CRC-32C over all that follows it. This much stays as it
// is in every version, so that damage is never taken for a version to come.
const (
	sealBytes = 6
	// FormatVersion is what this code writes. A newer one is refused and left
	// untouched.
	FormatVersion = 1
)

// sealKind says what a value is, whatever key it is found under.
type sealKind uint8

// Kinds are part of the format: append only.
const (
	sealManifest sealKind = 'm'
	sealBlock    sealKind = 'b'
)

// DamageError says that the storage does not hold what was written to it.
type DamageError struct {
	Key    string
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the value of `%s` is damaged: %s", e.Key, e.Reason)
}

// Damaged tells damage from a storage that cannot be read at the moment, to who
// does not know this package.
func (*DamageError) Damaged() bool { return true }

// beginSeal appends the head of a value that endSeal completes.
func beginSeal(dst []byte, kind sealKind) []byte {
	return append(dst, 0, 0, 0, 0, FormatVersion, byte(kind))
}

func endSeal(value []byte) []byte {
	binary.LittleEndian.PutUint32(value, sum(value[4:]))
	return value
}

// unseal returns the body of a value that is what it was when it was sealed.
func unseal(key string, kind sealKind, value []byte) ([]byte, error) {
	if len(value) < sealBytes {
		return nil, &DamageError{Key: key, Reason: fmt.Sprintf("it has %d bytes", len(value))}
	}
	if binary.LittleEndian.Uint32(value) != sum(value[4:]) {
		return nil, &DamageError{Key: key, Reason: "checksum mismatch"}
	}
	if v := value[4]; v != FormatVersion {
		return nil, fmt.Errorf("the value of `%s` has format version %d, this build reads version %d: use the build that wrote it", key, v, FormatVersion)
	}
	if k := sealKind(value[5]); k != kind {
		return nil, &DamageError{Key: key, Reason: fmt.Sprintf("it is of kind %q instead of %q", k, kind)}
	}
	return value[sealBytes:], nil
}

func sum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }
