// Package usage is the vocabulary of the project: what a record of usage is,
// what identifies a series, what is measured and how it adds up. It imports the
// standard library only and knows no telemetry library, clock or disk.
//
// The path of one call: extract fills a [Batch] with [Record]s, Seal adds them
// up into [Delta]s, the engine turns the batch into a [Commit] (the unit that is
// journalled), and what has accumulated is seen from outside as [Row]s.
package usage
