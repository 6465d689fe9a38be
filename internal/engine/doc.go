// Package engine adds usage up. It holds the series of one component, applies
// commits to them and shows them as rows. It knows no telemetry data, no clock,
// no disk and no YAML: time is an argument, journalling a function it calls.
//
// Invariants:
//
//	E1  A commit takes effect as a whole, under one lock, and is handed to the
//	    journal in the order of its sequence number.
//	E2  Live counting and recovery change series through the same function, so
//	    that replaying the journal gives the same state.
//	E3  Values of a series never decrease.
//	E4  What was received is what was counted, skipped and left unmetered.
//	E5  What delta windows contain of a series is what it has counted at some
//	    commit: windows of it touch and never overlap.
//	E6  What one call counting once depends on - choices, calls and streams - is
//	    bounded, and what is forgotten of it is never counted again.
//	E7  History is as much as was counted: by kind, what series have, live and
//	    retired, is what hours and files of history have and what is known to be in
//	    none of them.
//
// Every exported method of [Engine] may be called concurrently.
package engine
