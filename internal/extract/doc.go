// Package extract reads usage out of telemetry: it decides what a span, a log
// record or a data point is (a call served, a call made, many of them, or neither),
// whose it is, how it ended and what it measured, and leaves that in a
// [usage.Batch].
//
// It reads only. Nothing of the telemetry is kept: names become bytes of a key,
// everything else becomes a number, because pdata may be reused as soon as the
// next consumer has it.
//
// A file that is named after a signal only traverses; the others each answer
// one question about one record. What is read under which name is a table of
// package dialect, compiled once, so that a record costs one pass over its
// attributes and no allocation. A log record is read as the span that it stands
// for; a data point becomes a [usage.Amount], which stands for many calls.
package extract
