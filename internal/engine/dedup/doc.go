// Package dedup remembers the keys of the last minutes, so that what is sent
// again is counted once. A key is a 64-bit hash, keyed and so evenly spread; 0
// stands for none. It knows no clock, no disk and no locks: minutes are an
// argument, files are numbers of the caller's.
//
// The keys of a minute, or of some, are a [Segment]: at first the open one, which
// is written to, then one that is over and never changes. In the background it
// is packed, which saves a fifth of its memory, and written to a file by the
// caller. All forms are hash tables whose slots are in the order of the keys, so
// that nothing has to be sorted, and a copy can go on in any.
//
// [Window.Probe] needs no lock, nor does a Segment. All other methods of
// [Window] need the lock of the engine, which they hold for one insert per key
// or for a step that is bounded in another way.
//
// Invariants:
//
//	D1  A key that was added in minute m is marked by every Probe and Insert, as
//	    a pair, of a minute up to m + Minutes, unless m is before Since.
//	D2  It is not marked by any that is a period later, and no key is that was
//	    not added. A period is a minute, unless Minutes are more than twelve.
//	D3  Of several Inserts of a key, however their Probes overlap, one adds it.
//	D4  The memory in use never exceeds MaxBytes.
//	D5  Every key that is there when a copy begins is in the copy or in a file
//	    when it ends, or has been forgotten meanwhile.
package dedup
