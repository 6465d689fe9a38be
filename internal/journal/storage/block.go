package storage

import (
	"encoding/binary"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// A block is sealed and says whose it is, so that one that is found under
// another's key is not taken for it:
//
//	number u64 | index u32 | content
//
// These numbers are part of the format, except minBlock.
const (
	// maxValue bounds the values: extensions differ in what they can take.
	maxValue   = 64 << 10
	blockHead  = sealBytes + 12
	maxContent = maxValue - blockHead
	// minBlock is the size from which on a block is left alone. Half of it is
	// what an append rewrites, on average.
	minBlock = 4 << 10
	// maxBlocks bounds a file, to at least 64 GiB.
	maxBlocks = 1 << 24
)

// extent is where the content of a file is: the first blocks of a number.
type extent struct {
	number uint64
	blocks uint32
}

func blockKey(number uint64, index uint32) string {
	return fmt.Sprintf("block/%016x/%08x", number, index)
}

// putBlock returns the operation that writes a block. It copies the content,
// because a client may keep what it is given.
func putBlock(number uint64, index uint32, content []byte) *storage.Operation {
	value := beginSeal(make([]byte, 0, blockHead+len(content)), sealBlock)
	value = binary.LittleEndian.AppendUint64(value, number)
	value = binary.LittleEndian.AppendUint32(value, index)
	return storage.SetOperation(blockKey(number, index), endSeal(append(value, content...)))
}

// openBlock returns the content of a block.
func openBlock(number uint64, index uint32, value []byte) ([]byte, error) {
	key := blockKey(number, index)
	if value == nil {
		return nil, &DamageError{Key: key, Reason: "it is missing"}
	}
	body, err := unseal(key, sealBlock, value)
	if err != nil {
		return nil, err
	}
	if len(body) <= blockHead-sealBytes {
		return nil, &DamageError{Key: key, Reason: "it is empty"}
	}
	n, i := binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint32(body[8:])
	if n != number || i != index {
		return nil, &DamageError{Key: key, Reason: fmt.Sprintf("it is block %d of file %d", i, n)}
	}
	return body[12:], nil
}

// deleteLast appends the operations that delete up to limit blocks, the last
// ones first, and takes them off the extent.
func (e *extent) deleteLast(ops []*storage.Operation, limit int) []*storage.Operation {
	for ; e.blocks > 0 && limit > 0; limit-- {
		e.blocks--
		ops = append(ops, storage.DeleteOperation(blockKey(e.number, e.blocks)))
	}
	return ops
}
