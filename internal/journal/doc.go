// Package journal keeps commits on disk: an append-only log and, now and then,
// a snapshot that makes older log superfluous. It stores bytes and orders them;
// what they mean is the engine's business.
//
// A state directory holds, for a growing generation number g,
//
//	lock          who writes here (flock; the text names the owner)
//	g.snapshot    the state after some commit, complete or absent
//	g.journal     the commits after the one that began generation g
//	n.keys        the dedup keys of a minute that is over
//	n.window      a delta window on its way to the exits
//	n.history     what was counted in an hour or a day that is over
//
// A generation begins with its journal; its snapshot follows while commits go
// on, by copying series one by one, each with the number of the newest commit
// it contains. State is the newest snapshot plus every journal from its
// generation on. Files are never changed in place: recovery only reads, then a
// new generation replaces what it read, so that it can be killed anywhere.
//
// docs/format.md has the bytes.
package journal
