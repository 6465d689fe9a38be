// Package storage keeps files in a storage extension of the Collector, for a
// journal that is not to have a directory of its own.
//
// A storage client maps keys to values and can neither append nor rename. A
// file is therefore a row of blocks under numbered keys, and one key, the
// manifest, says which files there are:
//
//	usage                                     a text that says that there is a manifest
//	manifest                                  name, number, blocks and size of every file
//	block/NNNNNNNNNNNNNNNN/BBBBBBBB           block B of the file with number N, both hexadecimal
//
// Every step is one Batch that changes the manifest and the blocks together, so
// that a process may die anywhere between two steps. A file's number is never
// given out again: no block is ever taken for that of another file.
//
// Appending rewrites the last block while it is small. So a file has fewer keys
// than it has multiples of [minBlock], and a short append costs a short write.
//
// docs/format.md has the bytes.
package storage
