package usage

import "encoding/binary"

// AppendOwner appends the key under which the sessions of an endpoint or a provider
// are counted, whose own key is given: that of several series, because a session
// goes on over models and operations.
func AppendOwner(dst, key []byte, kind Kind, owner *Schema) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(owner.ID))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(kind.String())))
	dst = append(dst, kind.String()...)
	at := schemaBytes
	for taken := ownerValues(kind); taken != 0; taken >>= 1 {
		end := at + lengthBytes + int(binary.LittleEndian.Uint16(key[at:]))
		if taken&1 != 0 {
			dst = append(dst, key[at:end]...)
		}
		at = end
	}
	return dst
}

// ownerValues has a bit for each of the [BaseNames] that is one of the [OwnerNames].
func ownerValues(kind Kind) uint {
	if kind == Endpoint {
		return 1<<0 | 1<<2 // service and endpoint
	}
	return 1 << 1 // provider
}

// Last is the value that was written last; it is valid until the next Reset.
func (k *KeyBuilder) Last() []byte { return k.buf[k.open:] }
