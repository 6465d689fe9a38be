package filestest

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
)

// ErrFault is the error of an operation that was told to fail.
var ErrFault = errors.New("injected fault")

// Mode is how operations fail. Their error is ErrFault in every mode, and what
// the operating system would say besides.
type Mode uint8

const (
	// Refuse lets any operation fail without effect, except that half of a
	// write is written.
	Refuse Mode = iota
	// Full is a disk without space: whatever may need some fails with ENOSPC,
	// and half of a write is written.
	Full
	// BadSync lets syncs fail with EIO; nothing else.
	BadSync
	// BadRead lets reads of files fail with EIO; nothing else.
	BadRead
	// Deceive lets any operation fail that took effect all the same, all of a
	// write included.
	Deceive
)

// operation is a kind of operation on files.
type operation uint8

const (
	opList operation = iota
	opOpen
	opRead
	opCreate
	opWrite
	opSync
	opClose
	opRename
	opRemove
	opQuarantine
)

// concerns says whether an operation can fail in a mode.
func (m Mode) concerns(op operation) bool {
	switch m {
	case Full:
		return slices.Contains([]operation{opCreate, opWrite, opSync, opRename, opQuarantine}, op)
	case BadSync:
		return op == opSync
	case BadRead:
		return op == opRead
	default:
		return true
	}
}

func (m Mode) err() error {
	switch m {
	case Full:
		return fmt.Errorf("%w: %w", ErrFault, syscall.ENOSPC)
	case BadSync, BadRead:
		return fmt.Errorf("%w: %w", ErrFault, syscall.EIO)
	default:
		return ErrFault
	}
}

// SetMode changes how operations fail. At first they fail as with Refuse. The
// one that was told to fail may then be one that cannot: the next that can is
// the one that does.
func (f *Faulty) SetMode(mode Mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode = mode
}

// FailAt lets operation n fail, counted from the first one ever, and with
// sticky every one after it.
func (f *Faulty) FailAt(n int, sticky bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt, f.sticky = n, sticky
}

// FailNow lets the next operation fail, and with sticky every one after it.
func (f *Faulty) FailNow(sticky bool) { f.FailAt(f.Ops()+1, sticky) }

// Heal lets nothing fail any more.
func (f *Faulty) Heal() { f.FailAt(0, false) }

// Ops is how many operations there were.
func (f *Faulty) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Syncs is how often a file was synced.
func (f *Faulty) Syncs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

// fault counts an operation and says whether it fails, and whether it is to
// take effect then.
func (f *Faulty) fault(op operation) (effect bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops++
	if f.failAt == 0 || f.ops < f.failAt || !f.mode.concerns(op) {
		return true, nil
	}
	if !f.sticky {
		f.failAt = 0
	}
	return f.mode == Deceive, fmt.Errorf("operation %d: %w", f.ops, f.mode.err())
}

// do performs an operation, unless it fails without effect.
func (f *Faulty) do(op operation, perform func() error) error {
	effect, fault := f.fault(op)
	if !effect {
		return fault
	}
	if err := perform(); err != nil {
		return err
	}
	return fault
}
