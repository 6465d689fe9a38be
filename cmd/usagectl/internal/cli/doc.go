// Package cli is the commands of usagectl: what they are called, what they take and
// what they say. A command asks a collector through its API, or a state directory.
package cli
