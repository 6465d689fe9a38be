// Package filestest has what a files.FS is tested with, and what its users are:
//
//   - [Run] tests that it does what a files.FS promises,
//   - [Memory] is one that can lose its power,
//   - [Faulty] lets operations of any other fail,
//   - [Copy] copies the files of one into another.
package filestest
